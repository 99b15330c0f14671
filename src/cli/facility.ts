// tsunagi facility: the facilities of the network (design §4).

import type { Command } from 'commander'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import { registerContract } from './contract.ts'
import { registerProfile } from './facility-profile.ts'
import { UsageError } from './failure.ts'
import { registerLedger } from './ledger.ts'
import { registerAudience } from './rights.ts'
import type { Terminal } from './terminal.ts'

const KINDS = ['gateway', 'store-client', 'manual', 'viewing']

interface FacilityOptions {
  readonly oid: string
  readonly name: string
  readonly kind: string
  readonly domain: string
  readonly domainName?: string
  readonly code?: string
  readonly nameKana?: string
  readonly patientIdForm?: string
  readonly facilityType?: string
}

export const registerFacility: Registration = (program, terminal) => {
  const group = program.command('facility').description('facilities / 施設')
  registerAdd(group, terminal)
  registerList(group, terminal)
  for (const change of CHANGES) registerChange(group, terminal, change)
  registerHistory(group, terminal)
  registerProfile(group, terminal)
  registerLedger(group, terminal)
  registerContract(group, terminal)
  registerAudience(group, terminal)
}

function registerAdd(group: Command, terminal: Terminal): void {
  group
    .command('add <facilityId>')
    .description('register a facility / 施設の登録')
    .requiredOption('--oid <oid>', 'OID of the facility')
    .requiredOption('--name <name>', 'name')
    .requiredOption('--kind <kind>', KINDS.join(', '))
    .requiredOption('--domain <oid>', 'assigning authority of its patient numbers')
    .option('--domain-name <name>', 'name of that authority; default the facility id in capitals')
    .option('--code <digits>', '10-digit code (保険医療機関コード)')
    .option('--name-kana <kana>', 'name in kana')
    .option('--patient-id-form <form>', 'exact, pad:<digits> or strip')
    .option('--facility-type <code>', 'code of healthcareFacilityTypeCode')
    .action((facilityId: string, options: FacilityOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        if (!KINDS.includes(options.kind)) throw new UsageError(`--kind needs one of ${KINDS.join(', ')}`)
        const { oid, name, kind, code, nameKana, patientIdForm, facilityType } = options
        const patientDomain = { oid: options.domain, name: options.domainName ?? facilityId.toUpperCase() }
        const body = { facilityId, oid, name, kind, code, nameKana, patientIdForm, facilityType, patientDomain }
        showChange(call, await call.admin.post('/facilities', given(body)), `facility ${facilityId} registered`)
      }),
    )
}

function registerList(group: Command, terminal: Terminal): void {
  group
    .command('list')
    .description('all facilities / 施設一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/facilities'), [
          'facilityId',
          'name',
          'kind',
          'status',
          'code',
          'oid',
          'patientDomain',
        ]),
      ),
    )
}

const CHANGES = [
  { verb: 'suspend', status: 'suspended', said: 'refuse its systems and hide its documents / 停止' },
  { verb: 'resume', status: 'active', said: 'take it back / 再開' },
  { verb: 'end', status: 'ended', said: 'end its contract for good; what is held for it is erased / 契約終了' },
] as const

function registerChange(group: Command, terminal: Terminal, { verb, status, said }: (typeof CHANGES)[number]): void {
  group
    .command(`${verb} <facilityId>`)
    .description(said)
    .option('--reason <text>', 'why, for the history / 理由')
    .action((facilityId: string, { reason }: { readonly reason?: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.patch(`/facilities/${segment(facilityId)}`, given({ status, reason }))
        showChange(call, answer, `facility ${facilityId} is ${status}`)
      }),
    )
}

function registerHistory(group: Command, terminal: Terminal): void {
  group
    .command('history <facilityId>')
    .description('when and why it was suspended, resumed or ended / 停止・再開の履歴')
    .action((facilityId: string, _, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get(`/facilities/${segment(facilityId)}/statuses`), [
          'setAt',
          'status',
          'setBy',
          'reason',
        ]),
      ),
    )
}
