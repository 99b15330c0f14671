// tsunagi partner tolerance: what is taken of a neighbouring community for a time though it is not to the letter.

import type { Command } from 'commander'
import { tolerances } from '../../profiles/partners/tolerances.ts'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { contextOf } from './context.ts'
import { printRows, toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

interface AddOptions {
  readonly since?: string
  readonly until?: string
  readonly reason: string
}

export function registerPartnerTolerances(partner: Command, terminal: Terminal): void {
  const group = partner
    .command('tolerance')
    .description('deviations that are taken for a time, with the reason / 期限付きの許容')
  group
    .command('kinds')
    .description('those that there are / 許容の種類')
    .action((_options, command: Command) => {
      const { format } = contextOf(command, terminal)
      if (format === 'json') return terminal.out(toJson(tolerances))
      const columns = (['code', 'taken', 'ja', 'section'] as const).map((title) => ({
        title,
        value: (row: (typeof tolerances)[number]) => row[title],
      }))
      printRows(terminal, { rows: tolerances, columns, empty: '' }, 'table')
    })
  group
    .command('add <facilityId> <tolerance>')
    .description('take a deviation of it; each time is noted in the journal / 許容の登録')
    .option('--since <day>', 'first day, YYYY-MM-DD; default today / 開始日')
    .option('--until <day>', 'last day, YYYY-MM-DD / 終了日')
    .requiredOption('--reason <text>', 'why, and who mends it / 理由')
    .action((facilityId: string, tolerance: string, { since, until, reason }: AddOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const body = given({ tolerance, since, until, reason })
        const answer = await call.admin.post(`/partners/${segment(facilityId)}/tolerances`, body)
        showChange(call, answer, `${tolerance} of the community of ${facilityId} is tolerated`)
      }),
    )
  group
    .command('list <facilityId>')
    .description('those of a community, former ones too / 一覧')
    .action((facilityId: string, _options, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get(`/partners/${segment(facilityId)}/tolerances`), [
          'toleranceId',
          'tolerance',
          'state',
          'since',
          'until',
          'reason',
          'addedBy',
        ]),
      ),
    )
  group
    .command('end <facilityId> <toleranceId>')
    .description('refuse it again / 許容の終了')
    .action((facilityId: string, toleranceId: string, _options, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/partners/${segment(facilityId)}/tolerances/${segment(toleranceId)}`
        showChange(call, await call.admin.delete(path), `tolerance ${toleranceId} of ${facilityId} ended`)
      }),
    )
}
