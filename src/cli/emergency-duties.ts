// tsunagi emergency review, report, disaster, assertions: what those who run the network do about emergency access.

import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { listOf } from './context.ts'
import { UsageError } from './failure.ts'
import { pageQuery } from './person-views.ts'
import type { Terminal } from './terminal.ts'

export function registerEmergencyDuties(group: Command, terminal: Terminal): void {
  registerReview(group, terminal)
  registerReport(group, terminal)
  registerAssertions(group, terminal)
  const disaster = group.command('disaster').description('disaster mode of unions / 災害モード')
  registerDeclare(disaster, terminal)
  registerDisasters(disaster, terminal)
}

function registerReview(group: Command, terminal: Terminal): void {
  group
    .command('review <grantId>')
    .description('reviewed; the user may open the same patient again / 確認済みにする')
    .requiredOption('--comment <text>', 'what the review found / 所見')
    .action((grantId: string, { comment }: { readonly comment: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/emergency/${segment(grantId)}/review`, { comment })
        showChange(call, answer, `emergency access ${grantId} reviewed`)
      }),
    )
}

function registerReport(group: Command, terminal: Terminal): void {
  group
    .command('report')
    .description('all emergency access of a month as CSV / 月次報告')
    .requiredOption('--month <YYYY-MM>', 'month in Japan / 対象年月')
    .option('--out <file>', 'file to write; default standard output')
    .action((options: { readonly month: string; readonly out?: string }, command) =>
      withAdmin(command, terminal, async ({ admin, context }) => {
        const { month, out } = options
        // Reading a text takes its byte order mark away, without which Japanese spreadsheets read Shift_JIS.
        const csv = `\ufeff${await admin.text(`/emergency/report${pageQuery({ month })}`)}`
        if (out === undefined) context.terminal.out(csv)
        else await writeFile(out, csv, { mode: 0o600 })
      }),
    )
}

function registerAssertions(group: Command, terminal: Terminal): void {
  group
    .command('assertions <facilityId> <yes-or-no>')
    .description(
      'may assertions (XUA) of the purpose emergency open patients for its systems? / アサーションによる緊急参照',
    )
    .action((facilityId: string, allowed: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        if (allowed !== 'yes' && allowed !== 'no') throw new UsageError('say yes or no')
        const answer = await call.admin.put(`/emergency/assertions/${segment(facilityId)}`, { allowed })
        showChange(call, answer, `emergency access by assertion for ${facilityId}: ${allowed}`)
      }),
    )
}

interface Declaration {
  readonly from?: string
  readonly to: string
  readonly text: string
  readonly relax?: string
  readonly days?: string
}

function registerDeclare(group: Command, terminal: Terminal): void {
  group
    .command('declare <unionId>')
    .description('declare it for a union / 開始')
    .requiredOption('--to <time>', 'ISO 8601 time at which it ends / 終了日時')
    .requiredOption('--text <text>', 'what happened / 説明')
    .option('--from <time>', 'ISO 8601 time from which it holds; default now')
    .option('--relax <fields>', 'of consentKind,consentBy,chartNoted,contact; default none / 省略を認める項目')
    .option('--days <count>', 'days that access for the reason disaster runs; default 30')
    .action((unionId: string, options: Declaration, command) =>
      withAdmin(command, terminal, async (call) => {
        const { from, to, text, relax, days } = options
        const answer = await call.admin.post(
          '/emergency/disasters',
          given({
            union: unionId,
            from,
            to,
            text,
            relaxed: listOf(relax),
            grantDays: days === undefined ? undefined : daysOf(days),
          }),
        )
        showChange(call, answer, `disaster mode of ${unionId} declared`)
      }),
    )
}

function daysOf(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new UsageError('--days needs a number of days')
  return Number(text)
}

function registerDisasters(group: Command, terminal: Terminal): void {
  group
    .command('list')
    .description('disaster modes of all unions / 一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/emergency/disasters'), [
          'disasterId',
          'unionId',
          'state',
          'validFrom',
          'validTo',
          'words',
          'relaxed',
          'grantDays',
          'endedAt',
        ]),
      ),
    )
  group
    .command('end <disasterId>')
    .description('end it now: the normal rule returns / 終了')
    .requiredOption('--reason <text>', 'why, for the audit trail / 理由')
    .action((disasterId: string, { reason }: { readonly reason: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/emergency/disasters/${segment(disasterId)}/end`, { reason })
        showChange(call, answer, `disaster mode ${disasterId} ended`)
      }),
    )
}
