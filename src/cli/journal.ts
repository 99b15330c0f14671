// tsunagi journal: what came and went, why it was refused, and the messages taken apart (交信記録).

import type { Command } from 'commander'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { type AdminCall, segment, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import { RefusedError } from './failure.ts'
import { registerReplay } from './journal-replay.ts'
import { type Column, formatTable, toJson } from './output.ts'
import { pageQuery } from './person-views.ts'
import type { Terminal } from './terminal.ts'

export const registerJournal: Registration = (program, terminal) => {
  const group = program.command('journal').description('exchanges: what came, what went, why it was refused / 交信記録')
  registerSearch(group, terminal)
  registerShow(group, terminal)
  registerReplay(group, terminal)
}

const COLUMNS: readonly Column<Json>[] = [
  { title: 'JOURNAL', value: (row) => textOf(row.journalId) },
  { title: 'TIME', value: (row) => textOf(row.at) },
  { title: 'SYSTEM', value: (row) => textOf(row.systemId) || textOf(row.facilityId) },
  { title: 'TRANSACTION', value: (row) => textOf(row.transaction) },
  { title: 'RESULT', value: (row) => textOf(row.result) },
  { title: 'CODES', value: ({ codes }) => (Array.isArray(codes) ? codes.map(textOf).join(',') : '') },
  { title: 'MS', value: ({ durationMs }) => (typeof durationMs === 'number' ? durationMs.toFixed(0) : '') },
]

function registerSearch(group: Command, terminal: Terminal): void {
  group
    .command('search')
    .description('exchanges that meet all options, the newest first / 検索')
    .option('--from <time>', 'not before; ISO 8601 with offset / 開始日時')
    .option('--to <time>', 'before; ISO 8601 with offset / 終了日時')
    .option('--system <systemId>', 'of one system / システム')
    .option('--facility <facilityId>', 'of one facility / 施設')
    .option('--transaction <name>', 'ITI-18, StoreClient push … / 取引')
    .option('--result <result>', 'success, partial or failure / 結果')
    .option('--patient <patient>', 'id^^^&OID&ISO, or a number in any domain / 患者')
    .option('--document <uniqueId>', 'documentUniqueId / 文書')
    .option('--code <code>', 'code of docs/errors.md / エラーコード')
    .option('--message <id>', 'wsa:MessageID, HL7 v3 message id or MSH-10 / メッセージID')
    .option('--limit <count>', 'at most so many, 1 to 1000; default 50')
    .option('--after <place>', 'go on where the page before ended, as it said')
    .action((options: Readonly<Record<string, string>>, command) =>
      withAdmin(command, terminal, async (call) =>
        showPage(call, await call.admin.get(`/journal${pageQuery(options)}`)),
      ),
    )
}

function showPage({ context }: AdminCall, { body }: { readonly body: unknown }): void {
  if (context.format === 'json') {
    context.terminal.out(toJson(body ?? null))
    return
  }
  const page = isObject(body) ? body : {}
  const rows = rowsOf(page.entries)
  context.terminal.out(rows.length === 0 ? 'none / なし\n' : formatTable(rows, COLUMNS))
  const until = textOf(page.searchedBackTo)
  if (until !== '') context.terminal.out(`searched back to ${until} so far / ここまで検索しました\n`)
  if (page.next !== undefined) context.terminal.out(`more: --after ${textOf(page.next)} / 続きがあります\n`)
}

function registerShow(group: Command, terminal: Terminal): void {
  group
    .command('show <journalId>')
    .description('one exchange explained, with its messages taken apart / 詳細')
    .option('--raw', 'the request as its bytes, and nothing else; for the facility that sent it / 電文そのもの')
    .action((journalId: string, { raw }: { readonly raw?: true }, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/journal/${segment(journalId)}`
        if (raw === true) call.context.terminal.out(rawOf((await call.admin.get(path)).body))
        else if (call.context.format === 'json') call.context.terminal.out(toJson((await call.admin.get(path)).body))
        else call.context.terminal.out(await call.admin.text(`${path}?format=text`))
      }),
    )
}

/** @throws {RefusedError} when nothing is kept, or it is not for who asks. */
function rawOf(body: unknown): Uint8Array {
  const messages = isObject(body) ? rowsOf(body.messages) : []
  const bytes = messages.map(({ raw }) => textOf(raw)).find((text) => text !== '')
  if (bytes !== undefined) return Buffer.from(bytes, 'base64')
  throw new RefusedError(
    messages.length === 0
      ? 'no message of this exchange is kept / 電文は保存されていません'
      : 'the messages are shown whole to the facility that sent them only: use --as-me as staff of it / 電文は送信した施設の利用者のみ参照できます',
  )
}
