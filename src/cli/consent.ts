// tsunagi consent: what a patient agreed to, and the end of it (包括同意, 個別同意; design §4).

import type { Command } from 'commander'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { type OriginOptions, origin, originOf } from './consent-origin.ts'
import { listOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

interface ConsentOptions extends OriginOptions {
  readonly shareCommunities?: boolean
  readonly kind: string
  readonly facilities?: string
  readonly excludeFacilities?: string
  readonly excludeKinds?: string
  readonly from?: string
  readonly to?: string
}

export const registerConsent: Registration = (program, terminal) => {
  const group = program.command('consent').description('consents of patients / 同意')
  registerAdd(group, terminal)
  registerChange(group, terminal)
  registerWithdraw(group, terminal)
  registerList(group, terminal)
}

function registerAdd(group: Command, terminal: Terminal): void {
  origin(group.command('add <patient>'))
    .description('record a consent of the patient with this affinity-domain id / 同意の登録')
    .option('--kind <kind>', 'comprehensive (包括同意) or individual (個別同意)', 'comprehensive')
    .option('--facilities <ids>', 'facilities an individual consent names, separated by commas')
    .option('--exclude-facilities <ids>', 'facilities the patient excludes')
    .option('--exclude-kinds <codes>', 'classCodes the patient excludes, such as MEDICATION')
    .option('--from <time>', 'ISO 8601 time from which it holds; default now')
    .option('--to <time>', 'ISO 8601 time at which it ends')
    .option('--share-communities', 'it may be shared with neighbouring communities / 他地域との共有')
    .action((patient: string, options: ConsentOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/patients/${segment(patient)}/consents`
        showChange(call, await call.admin.post(path, consentBody(options)), `consent of ${patient} recorded`)
      }),
    )
}

interface ChangeOptions extends OriginOptions {
  readonly excludeFacilities?: string
  readonly excludeKinds?: string
  readonly readmitFacilities?: string
  readonly readmitKinds?: string
  readonly facilities?: string
  readonly shareCommunities?: boolean
  readonly reason: string
}

function registerChange(group: Command, terminal: Terminal): void {
  origin(group.command('change <consentId>'))
    .description('objections made and taken back: a new version, effective at once / 異議の申出・変更・取消')
    .requiredOption('--reason <text>', 'why, for the history / 理由')
    .option('--exclude-facilities <ids>', 'facilities the patient excludes from now on')
    .option('--exclude-kinds <codes>', 'classCodes the patient excludes from now on')
    .option('--readmit-facilities <ids>', 'facilities that are excluded no more')
    .option('--readmit-kinds <codes>', 'classCodes that are excluded no more')
    .option('--facilities <ids>', 'facilities that an individual consent names from now on')
    .option('--share-communities', 'it may be shared with neighbouring communities / 他地域との共有')
    .option('--no-share-communities', 'it may not')
    .action((consentId: string, options: ChangeOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.patch(`/consents/${segment(consentId)}`, changeBody(options))
        showChange(call, answer, `consent ${consentId} changed`)
      }),
    )
}

function registerWithdraw(group: Command, terminal: Terminal): void {
  group
    .command('withdraw <consentId>')
    .description('withdraw a consent: publication and viewing end at once / 同意の撤回')
    .option('--facilities <ids>', 'for these facilities only; the consent stands for the others / 施設を限った撤回')
    .option('--reason <text>', 'why, for the history / 理由')
    .action((consentId: string, options: { readonly facilities?: string; readonly reason?: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const body = given({ facilities: list(options.facilities), reason: options.reason })
        const answer = await call.admin.post(`/consents/${segment(consentId)}/withdraw`, body)
        showChange(call, answer, `consent ${consentId} withdrawn`)
      }),
    )
}

function registerList(group: Command, terminal: Terminal): void {
  group
    .command('list <patient>')
    .description('consents of a patient, all versions / 同意の一覧と履歴')
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
          'relation',
          'recordedAt',
          'withdrawnAt',
          'replacedBy',
          'reason',
        ]),
      ),
    )
}

function consentBody(options: ConsentOptions) {
  const individual = options.kind === 'individual'
  if (!individual && options.kind !== 'comprehensive') throw new UsageError('--kind needs comprehensive or individual')
  if (individual && options.facilities === undefined)
    throw new UsageError('an individual consent names its facilities: --facilities a,b')
  return given({
    kind: options.kind,
    facilities: list(options.facilities),
    excludedFacilities: list(options.excludeFacilities),
    excludedKinds: list(options.excludeKinds),
    validFrom: options.from,
    validTo: options.to,
    sharesWithCommunities: options.shareCommunities,
    ...originOf(options),
  })
}

/** @throws {UsageError} when nothing is to be changed. */
function changeBody({ reason, ...options }: ChangeOptions) {
  const changes = given({
    exclude: objection(options.excludeFacilities, options.excludeKinds),
    readmit: objection(options.readmitFacilities, options.readmitKinds),
    facilities: list(options.facilities),
    sharesWithCommunities: options.shareCommunities,
    ...originOf(options),
  })
  if (Object.keys(changes).length === 0)
    throw new UsageError('name what changes, such as --exclude-kinds or --text-version')
  return { ...changes, reason }
}

function objection(facilities: string | undefined, kinds: string | undefined) {
  if (facilities === undefined && kinds === undefined) return undefined
  return given({ facilities: list(facilities), kinds: list(kinds) })
}

function list(text: string | undefined): readonly string[] | undefined {
  return text === undefined ? undefined : listOf(text)
}
