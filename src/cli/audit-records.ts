// tsunagi audit events, who-saw, references, claims: the access log and the records made of it (idlink L-1 to L-6; docs/access-log.md).

import type { Command } from 'commander'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { segment, withAdmin } from './admin-command.ts'
import { contextOf } from './context.ts'
import { receiveFile } from './file-output.ts'
import { type Column, printable, printRows, toJson } from './output.ts'
import { pageQuery } from './person-views.ts'
import type { Terminal } from './terminal.ts'

/** Below `audit`. */
export function registerAuditRecords(group: Command, terminal: Terminal): void {
  registerEvents(group, terminal)
  registerEvent(group, terminal)
  registerWhoSaw(group, terminal)
  registerReferences(group, terminal)
  registerClaims(group, terminal)
}

type Options = Readonly<Record<string, string>>

function within(command: Command): Command {
  return command
    .option('--from <day>', 'first day in Japan, YYYY-MM-DD / 開始日')
    .option('--to <day>', 'last day in Japan; default today / 終了日')
    .option('--limit <count>', 'at most so many, 1 to 1000')
    .option('--after <place>', 'go on after the page before, as it says')
}

function registerEvents(group: Command, terminal: Terminal): void {
  within(group.command('events'))
    .description('access log, the newest first; --as-me, as auditor or administrator of a facility / アクセスログ')
    .option('--person <name>', 'staff id, or as an assertion named them / 利用者')
    .option('--patient <cx>', 'number^^^&oid&ISO, or a number of the own facility / 患者')
    .option('--facility <facilityId>', 'what this facility did / 施設')
    .option('--system <systemId>', 'what this system did / システム')
    .option('--kind <kind>', 'application, audit-log, export, import, patient, query, security or login / 種類')
    .option('--outcome <outcome>', 'success, minor-failure, failure or refused / 結果')
    .action((options: Options, command) =>
      withAdmin(command, terminal, async ({ admin, context }) => {
        const { body } = await admin.get(`/audit/events${pageQuery(options)}`)
        if (context.format === 'json') {
          context.terminal.out(toJson(body ?? null))
          return
        }
        printRows(context.terminal, { rows: rowsOf(body), columns: EVENT_COLUMNS, empty: 'none / なし' }, 'table')
        showNext(body, context.terminal)
      }),
    )
}

function registerEvent(group: Command, terminal: Terminal): void {
  group
    .command('event <eventId>')
    .description('one event of the access log as JSON, with the text of a query; --as-me / 1件の詳細')
    .action((eventId: string, _, command) =>
      withAdmin(command, terminal, async ({ admin, context }) => {
        context.terminal.out(toJson((await admin.get(`/audit/events/${segment(eventId)}`)).body ?? null))
      }),
    )
}

const EVENT_COLUMNS: readonly Column<Json>[] = [
  { title: 'EVENT', value: (row) => textOf(row.eventId) },
  { title: 'TIME', value: ({ at }) => inJapan(textOf(at)) },
  { title: 'WHAT', value: ({ kindName }) => (isObject(kindName) ? textOf(kindName.ja) : '') },
  { title: 'TYPE', value: (row) => textOf(row.typeCode) },
  { title: 'OUTCOME', value: (row) => textOf(row.outcome) },
  { title: 'FACILITY', value: (row) => textOf(row.facilityName) || textOf(row.facilityId) },
  { title: 'PERSON', value: (row) => textOf(row.personName) || textOf(row.person) || textOf(row.systemId) },
  { title: 'PATIENT', value: ({ patients }) => listText(patients) },
  { title: 'DOCUMENTS', value: ({ documents }) => (Array.isArray(documents) ? String(documents.length) : '') },
  { title: 'EMS', value: ({ emergency }) => listText(emergency) },
  { title: 'REASON', value: (row) => textOf(row.reason) },
  { title: 'JOURNAL', value: (row) => textOf(row.journalId) },
]

function listText(list: unknown): string {
  return Array.isArray(list) ? list.map(textOf).join(' ') : ''
}

const JST_MS = 9 * 3_600_000

function inJapan(iso: string): string {
  const ms = Date.parse(iso)
  return Number.isNaN(ms) ? iso : new Date(ms + JST_MS).toISOString().slice(0, 19).replace('T', ' ')
}

function showNext(body: unknown, terminal: Terminal): void {
  const next = isObject(body) ? textOf(body.next) : ''
  if (next !== '') terminal.err(`more / 続き: --after ${next}\n`)
}

function registerWhoSaw(group: Command, terminal: Terminal): void {
  within(group.command('who-saw <patient>'))
    .description(
      'who saw the record of a patient, in words to be read to the patient; --as-me / 患者の記録を閲覧した人',
    )
    .action((patient: string, options: Options, command) =>
      withAdmin(command, terminal, async ({ admin, context }) => {
        const { body } = await admin.get(`/audit/who-saw${pageQuery({ patient, ...options })}`)
        if (context.format === 'json') context.terminal.out(toJson(body ?? null))
        else showLooks(isObject(body) ? body : {}, context.terminal)
      }),
    )
}

function showLooks(body: Json, terminal: Terminal): void {
  const looks = Array.isArray(body.looks) ? body.looks.filter(isObject) : []
  if (looks.length === 0) terminal.out('nobody saw the record in this period / この期間に記録を閲覧した人はいません\n')
  for (const look of looks) terminal.out(`${printable(textOf(look.ja))}\n    ${printable(textOf(look.en))}\n`)
  if (isObject(body.scope)) terminal.out(`\n※ ${textOf(body.scope.ja)}\n   ${textOf(body.scope.en)}\n`)
  showNext(body, terminal)
}

interface FileOptions {
  readonly month: string
  readonly facility?: string
  readonly patient?: string
  readonly encoding?: string
  readonly out?: string
}

function ofMonth(command: Command): Command {
  return command
    .requiredOption('--month <month>', 'YYYY-MM in Japan / 対象年月')
    .option('--facility <facilityId>', 'whose record, for staff of the network; default the own facility / 施設')
    .option('--patient <number>', 'of one patient: number of the facility, or number^^^&oid&ISO / 患者ID')
    .option('--encoding <name>', 'utf-8 or shift_jis / 文字コード')
    .option('--out <file>', 'write it to a file; default standard output')
}

function registerReferences(group: Command, terminal: Terminal): void {
  ofMonth(group.command('references'))
    .description('content-reference record of a month as CSV; --as-me / コンテンツ参照記録')
    .requiredOption(
      '--of <which>',
      'own-views: what the facility looked at of others; own-content: what others looked at of its own / 自施設が参照・自施設のコンテンツが参照された',
    )
    .option('--extended', 'with further columns / 列を追加')
    .action(({ out, extended, ...asked }: FileOptions & { readonly extended?: true }, command) => {
      const query = pageQuery({ ...asked, extended: extended === true ? 'true' : undefined })
      return receiveFile(contextOf(command, terminal), `/audit/content-references${query}`, out)
    })
}

function registerClaims(group: Command, terminal: Terminal): void {
  ofMonth(group.command('claims'))
    .description('what proves fees for sharing results, by day and patient, as CSV; --as-me / 算定用の閲覧・送信記録')
    .action(({ out, ...asked }: FileOptions, command) =>
      receiveFile(contextOf(command, terminal), `/audit/claims${pageQuery({ ...asked })}`, out),
    )
}
