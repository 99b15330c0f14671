// tsunagi journal replay: what a message of the journal would do now, and the word that it shall (再実行).

import type { Command } from 'commander'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { type AdminCall, segment, withAdmin } from './admin-command.ts'
import { RefusedError } from './failure.ts'
import { formatTable, printable, toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

const EFFECTS: Readonly<Record<string, string>> = {
  changes: 'it would be done now / 実行すると反映されます',
  none: 'it would be accepted without effect: it was done before, or is there already / 反映済みのため変化はありません',
  refused: 'it would be refused again / 再び拒否されます',
  read: 'a query or retrieval: it changes nothing, and there is nothing to commit / 照会のため変化はありません',
}

/** What becomes of documents and numbers, in both languages. */
const CHANGES: Readonly<Record<string, string>> = {
  registered: 'registered / 登録',
  deprecated: 'deprecated / 旧版化',
  approved: 'approved again / 有効化',
  updated: 'updated / 更新',
  removed: 'removed / 削除',
  'content removed': 'its content removed / 内容削除',
  moved: 'moved to another person / 別の患者へ移動',
  ended: 'no longer in use / 使用終了',
  'in use again': 'in use again / 使用再開',
  'described anew': 'demographics changed / 基本情報変更',
}

export function registerReplay(group: Command, terminal: Terminal): void {
  group
    .command('replay <journalId>')
    .description('what this message would do now; with --commit it is done / 再実行')
    .option('--commit <token>', 'do it: the token of the dry run, within ten minutes, by the same person / 確定')
    .option('--reason <text>', 'why, for the audit trail; with --commit / 理由')
    .action((journalId: string, options: { readonly commit?: string; readonly reason?: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const { commit: token, reason } = options
        if ((token === undefined) !== (reason === undefined))
          command.error('error: --commit and --reason are given together')
        const perform = async (body: Json): Promise<void> => {
          const answer = await call.admin.slow.post(`/journal/${segment(journalId)}/replay`, body)
          show(call, { journalId, report: isObject(answer.body) ? answer.body : {} })
        }
        if (token === undefined) return perform({})
        try {
          await perform({ token, reason })
        } catch (error) {
          // What it would do now instead is what is to be confirmed or not.
          if (error instanceof RefusedError && error.code === 'REPLAY_CHANGED') await perform({})
          throw error
        }
      }),
    )
}

function show({ context }: AdminCall, given: { readonly journalId: string; readonly report: Json }): void {
  const { terminal, format } = context
  const { report } = given
  if (format === 'json') terminal.out(toJson(report))
  else terminal.out(report.outcome === 'done before' ? before(report) : linesOf(given))
}

function before({ journalId }: Json): string {
  return `done before, as journal ${textOf(journalId)}; nothing was done now / 実行済み\n`
}

function linesOf({ journalId, report }: { readonly journalId: string; readonly report: Json }): string {
  const { former, now, effect, confirmation } = report
  const isDone = report.outcome === 'done'
  const lines = [
    `${textOf(report.transaction)} of ${textOf(report.systemId)} (${textOf(report.facilityId)})\n`,
    formatTable([endOf('then / 当時', former), endOf('now / 現在', now)], END_COLUMNS),
    isDone
      ? `done / 実行しました: journal ${isObject(now) ? textOf(now.journalId) : ''}\n`
      : `${EFFECTS[textOf(effect)] ?? ''}\n`,
    report.found === undefined ? '' : `found / 該当件数: ${textOf(report.found)}\n`,
    ...rowsOf({ changes: report.changes }).map(changeLine),
    report.isNamed === false
      ? 'a patient has very many documents: only rows are counted / 文書多数のため件数のみ\n'
      : '',
    formatTable(rowsOf({ tables: report.tables }), TABLE_COLUMNS),
  ]
  if (!isDone && isObject(confirmation))
    lines.push(
      `nothing was changed. To do it, before ${textOf(confirmation.expiresAt)}: / 何も変更していません。確定するには:\n`,
      `  tsunagi journal replay ${journalId} --commit ${textOf(confirmation.token)} --reason '...'\n`,
    )
  return lines.join('')
}

interface End {
  readonly when: string
  readonly end: Json
}

function endOf(when: string, end: unknown): End {
  return { when, end: isObject(end) ? end : {} }
}

const END_COLUMNS = [
  { title: '', value: ({ when }: End) => when },
  { title: 'result', value: ({ end }: End) => textOf(end.result) },
  { title: 'documents', value: ({ end }: End) => textOf(end.documents) },
  {
    title: 'errors',
    value: ({ end }: End) =>
      rowsOf({ errors: end.errors })
        .map(({ code, at }) => [textOf(code), textOf(at)].filter((part) => part !== '').join(' at '))
        .join(', '),
  },
]

const TABLE_COLUMNS = ['table', 'inserted', 'updated', 'deleted'].map((member) => ({
  title: member,
  value: (row: Json) => textOf(row[member]),
}))

function changeLine({ about, change, uniqueId, domain, value }: Json): string {
  const number = value === undefined ? 'of' : `${textOf(value)} of`
  const name = about === 'document' ? textOf(uniqueId) : `${number} ${textOf(domain)}`
  return `  ${printable(`${textOf(about)} ${name}: ${CHANGES[textOf(change)] ?? textOf(change)}`)}\n`
}
