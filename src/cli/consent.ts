// tsunagi consent: what a patient agreed to, and the end of it (包括同意, 個別同意; design §4).

import type { Command } from 'commander'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { listOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

interface ConsentOptions {
  readonly kind: string
  readonly facilities?: string
  readonly excludeFacilities?: string
  readonly excludeKinds?: string
  readonly from?: string
  readonly to?: string
  readonly evidence?: string
}

export const registerConsent: Registration = (program, terminal) => {
  const group = program.command('consent').description('consents of patients / 同意')
  registerAdd(group, terminal)
  registerWithdraw(group, terminal)
  registerList(group, terminal)
}

function registerAdd(group: Command, terminal: Terminal): void {
  group
    .command('add <patient>')
    .description('record a consent of the patient with this affinity-domain id / 同意の登録')
    .option('--kind <kind>', 'comprehensive (包括同意) or individual (個別同意)', 'comprehensive')
    .option('--facilities <ids>', 'facilities an individual consent names, separated by commas')
    .option('--exclude-facilities <ids>', 'facilities the patient excludes')
    .option('--exclude-kinds <codes>', 'classCodes the patient excludes, such as MEDICATION')
    .option('--from <time>', 'ISO 8601 time from which it holds; default now')
    .option('--to <time>', 'ISO 8601 time at which it ends')
    .option('--evidence <text>', 'where the signed form is kept')
    .action((patient: string, options: ConsentOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/patients/${segment(patient)}/consents`
        showChange(call, await call.admin.post(path, consentBody(options)), `consent of ${patient} recorded`)
      }),
    )
}

function registerWithdraw(group: Command, terminal: Terminal): void {
  group
    .command('withdraw <consentId>')
    .description('withdraw a consent: publication and viewing end at once / 同意の撤回')
    .action((consentId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/consents/${segment(consentId)}/withdraw`, {})
        showChange(call, answer, `consent ${consentId} withdrawn`)
      }),
    )
}

function registerList(group: Command, terminal: Terminal): void {
  group
    .command('list <patient>')
    .description('consents of a patient, also former ones / 同意の一覧')
    .action((patient: string, _, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get(`/patients/${segment(patient)}/consents`), [
          'consentId',
          'kind',
          'facilities',
          'excludedFacilities',
          'excludedKinds',
          'validFrom',
          'validTo',
          'withdrawnAt',
        ]),
      ),
    )
}

function consentBody(options: ConsentOptions) {
  const individual = options.kind === 'individual'
  if (!individual && options.kind !== 'comprehensive') throw new UsageError('--kind needs comprehensive or individual')
  if (individual && options.facilities === undefined)
    throw new UsageError('an individual consent names its facilities: --facilities a,b')
  const list = (text: string | undefined) => (text === undefined ? undefined : listOf(text))
  return given({
    kind: options.kind,
    facilities: list(options.facilities),
    excludedFacilities: list(options.excludeFacilities),
    excludedKinds: list(options.excludeKinds),
    validFrom: options.from,
    validTo: options.to,
    evidence: options.evidence,
  })
}
