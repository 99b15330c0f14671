// tsunagi service-contract: contracts of use (利用契約): party, facilities, term and end (idlink ).

import type { Command } from 'commander'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import type { Terminal } from './terminal.ts'

interface AddOptions {
  readonly party: string
  readonly kind: string
  readonly applied: string
  readonly starts: string
}

interface EndOptions {
  readonly notice?: string
  readonly on: string
  readonly reason: string
}

export const registerServiceContract: Registration = (program, terminal) => {
  const group = program.command('service-contract').description('contracts of use / 利用契約')
  registerAdd(group, terminal)
  registerPlace(group, terminal)
  registerEnd(group, terminal)
  group
    .command('list')
    .description('all contracts with state, end of term and last day of notice / 一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/service-contracts'), [
          'contractId',
          'party',
          'state',
          'startsOn',
          'termEndsOn',
          'lastNoticeOn',
          'endsOn',
          'facilities',
        ]),
      ),
    )
}

function registerAdd(group: Command, terminal: Terminal): void {
  group
    .command('add <contractId>')
    .description('record a contract; use starts within 90 days of the application / 契約の登録')
    .requiredOption('--party <name>', 'legal body or sole proprietor / 契約者')
    .option('--kind <kind>', 'corporation (法人) or sole-proprietor (個人事業主)', 'corporation')
    .requiredOption('--applied <day>', 'day of the application, YYYY-MM-DD / 申込日')
    .requiredOption('--starts <day>', 'first day of use, YYYY-MM-DD / 利用開始日')
    .action((contractId: string, { party, kind, applied, starts }: AddOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const body = { contractId, party, partyKind: kind, appliedOn: applied, startsOn: starts }
        showChange(call, await call.admin.post('/service-contracts', body), `contract ${contractId} recorded`)
      }),
    )
}

function registerPlace(group: Command, terminal: Terminal): void {
  group
    .command('facility <contractId> <facilityId>')
    .description('put a facility under the contract / 施設の追加')
    .option('--from <day>', 'YYYY-MM-DD; default today')
    .action((contractId: string, facilityId: string, { from }: { readonly from?: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/service-contracts/${segment(contractId)}/facilities`
        const answer = await call.admin.post(path, given({ facilityId, validFrom: from }))
        showChange(call, answer, `facility ${facilityId} is under contract ${contractId}`)
      }),
    )
}

function registerEnd(group: Command, terminal: Terminal): void {
  group
    .command('end <contractId>')
    .description('end it by notice, 30 days before / 契約の終了')
    .requiredOption('--on <day>', 'last day, YYYY-MM-DD / 終了日')
    .option('--notice <day>', 'day of the notice, YYYY-MM-DD; default today / 通知日')
    .requiredOption('--reason <text>', 'why, for the history / 理由')
    .action((contractId: string, { on, notice, reason }: EndOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/service-contracts/${segment(contractId)}/end`
        const answer = await call.admin.post(path, given({ endsOn: on, noticeOn: notice, reason }))
        showChange(call, answer, `contract ${contractId} ends on ${on}`)
      }),
    )
}
