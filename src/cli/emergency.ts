// tsunagi emergency: a patient is opened in an emergency (緊急参照, EMS), what becomes of it, and the inbox of the facility whose records it opened.

import type { Command } from 'commander'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { type AdminCall, given, segment, showChange, withAdmin, withSession } from './admin-command.ts'
import type { Registration } from './context.ts'
import { registerEmergencyDuties } from './emergency-duties.ts'
import { type Column, formatTable, toJson } from './output.ts'
import { paged, pageQuery } from './person-views.ts'
import type { Terminal } from './terminal.ts'

export const registerEmergency: Registration = (program, terminal) => {
  const group = program.command('emergency').description('emergency access to patients / 緊急参照（EMS）')
  registerOpen(group, terminal)
  registerGrants(group, terminal)
  registerNotices(group, terminal)
  registerEmergencyDuties(group, terminal)
}

interface OpenOptions {
  readonly facility: string
  readonly domain?: string
  readonly reasonCode: string
  readonly reason: string
  readonly consent?: string
  readonly consentBy?: string
  readonly chartNoted?: true
}

function registerOpen(group: Command, terminal: Terminal): void {
  group
    .command('open <entry>')
    .description('open a patient by <number>#EMS of another facility; needs the EMS right / 患者を開く')
    .requiredOption('--facility <facilityId>', 'the other facility, whose number it is / 番号の施設')
    .requiredOption('--reason-code <code>', 'life-threat, unreferred or disaster / 理由の区分')
    .requiredOption('--reason <text>', 'why, 10 characters or more / 理由（10文字以上）')
    .option('--consent <kind>', 'written, oral or not-possible / 同意の形')
    .option('--consent-by <text>', 'who consented, or found that nobody could / 同意した人')
    .option('--chart-noted', 'the consent is written in the chart / 診療録に記載済み')
    .option('--domain <oid>', 'domain of the number, for a facility that has several')
    .action((entry: string, options: OpenOptions, command) =>
      withSession(command, terminal, async (call) => {
        const { facility, domain, reasonCode, reason, consent, consentBy, chartNoted } = options
        const form = { facility, domain, reasonCode, reason, consentKind: consent, consentBy, chartNoted }
        const answer = await call.admin.post('/emergency', given({ patient: entry, ...form }))
        showChange(call, answer, openedText(isObject(answer.body) ? answer.body : {}))
      }),
    )
}

function openedText(opened: Json): string {
  const patient = `${textOf(opened.patientId)}\n${textOf(opened.calendar)}`
  if (opened.state === 'linked')
    return `normal access stands, nothing was opened / 通常の連携で参照できます: ${patient}`
  return `emergency access ${textOf(opened.grantId)} until ${textOf(opened.endsAt)} / 緊急参照: ${patient}`
}

const OVERDUE = 'overdue'

const GRANT_COLUMNS: readonly Column<Json>[] = [
  { title: 'GRANT', value: (row) => textOf(row.grantId) },
  { title: 'FACILITY', value: (row) => textOf(row.facilityId) },
  { title: 'USER', value: (row) => textOf(row.user) },
  { title: 'OF', value: (row) => textOf(row.publisherId) },
  { title: 'NUMBER', value: (row) => textOf(row.number) },
  { title: 'REASON', value: (row) => textOf(row.reasonCode) },
  { title: 'CONSENT', value: (row) => textOf(row.consentKind) },
  { title: 'DISASTER', value: (row) => (row.inDisaster === true ? 'yes' : '') },
  { title: 'BEGAN', value: (row) => textOf(row.startedAt) },
  { title: 'ENDS', value: (row) => textOf(row.endedAt) || textOf(row.endsAt) },
  { title: 'STATE', value: (row) => textOf(row.state) },
  { title: 'CONTACT', value: (row) => textOf(row.contact) },
  { title: 'REVIEWED', value: (row) => textOf(row.reviewedBy) },
]

function registerGrants(group: Command, terminal: Terminal): void {
  paged(group.command('list'))
    .description('emergency access, the newest first; red: the other facility was not told in time / 一覧')
    .option('--facility <facilityId>', 'of one facility')
    .option('--state <state>', 'running, ended, overdue or unreviewed')
    .action((options: Readonly<Record<string, string>>, command) =>
      withAdmin(command, terminal, async (call) => {
        const { facility, state, limit, after } = options
        const { body } = await call.admin.get(`/emergency${pageQuery({ facility, state, limit, after })}`)
        showUrgent(call, body, { columns: GRANT_COLUMNS, isUrgent: (row) => row.contact === OVERDUE })
      }),
    )
  group
    .command('show <grantId>')
    .description('one emergency access with its contacts / 詳細')
    .action((grantId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        call.context.terminal.out(toJson((await call.admin.get(`/emergency/${segment(grantId)}`)).body))
      }),
    )
  group
    .command('end <grantId>')
    .description('end it now / 終了')
    .requiredOption('--reason <text>', 'why, for the audit trail / 理由')
    .action((grantId: string, { reason }: { readonly reason: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/emergency/${segment(grantId)}/end`, { reason })
        showChange(call, answer, `emergency access ${grantId} ended`)
      }),
    )
  group
    .command('contacted <grantId>')
    .description('the other facility was told / 相手施設への連絡済み')
    .option('--at <time>', 'ISO 8601 time of the call; default now / 連絡日時')
    .option('--facility <facilityId>', 'of several facilities that are to be told')
    .action((grantId: string, options: { readonly at?: string; readonly facility?: string }, command) =>
      withSession(command, terminal, async (call) => {
        const { at = new Date().toISOString(), facility } = options
        const answer = await call.admin.post(`/emergency/${segment(grantId)}/contacted`, given({ at, facility }))
        showChange(call, answer, `emergency access ${grantId}: contact recorded`)
      }),
    )
}

const NOTICE_COLUMNS: readonly Column<Json>[] = [
  { title: 'NOTICE', value: (row) => textOf(row.noticeId) },
  { title: 'FACILITY', value: (row) => textOf(row.facilityName) },
  { title: 'USER', value: (row) => textOf(row.user) },
  { title: 'NUMBERS', value: ({ numbers }) => (Array.isArray(numbers) ? numbers.map(textOf).join(',') : '') },
  { title: 'REASON', value: (row) => textOf(row.reason) },
  { title: 'CONSENT', value: (row) => `${textOf(row.consentKind)} ${textOf(row.consentBy)}`.trim() },
  { title: 'BEGAN', value: (row) => textOf(row.startedAt) },
  { title: 'CONTACT', value: (row) => textOf(row.state) },
  { title: 'NOTED', value: (row) => textOf(row.notedAt) },
]

function registerNotices(group: Command, terminal: Terminal): void {
  paged(group.command('notices'))
    .description('inbox of your facility: who opened its records in an emergency / 受信箱')
    .option('--state <state>', 'unread, due or overdue')
    .action((options: Readonly<Record<string, string>>, command) =>
      withSession(command, terminal, async (call) => {
        const { state, limit, after } = options
        const { body } = await call.admin.get(`/emergency/notices${pageQuery({ state, limit, after })}`)
        showUrgent(call, body, { columns: NOTICE_COLUMNS, isUrgent: (row) => row.state === OVERDUE })
      }),
    )
  group
    .command('note <noticeId>')
    .description('the notice was read / 確認済みにする')
    .action((noticeId: string, _, command) =>
      withSession(command, terminal, async (call) => {
        const answer = await call.admin.post(`/emergency/notices/${segment(noticeId)}/acknowledge`, {})
        showChange(call, answer, `notice ${noticeId} noted`)
      }),
    )
}

const RED = '\u001b[31m'
const PLAIN = '\u001b[0m'

/** A table whose urgent lines are red where the terminal has colours; the word stands in the line in any case. */
function showUrgent(
  { context }: AdminCall,
  body: unknown,
  shown: { readonly columns: readonly Column<Json>[]; readonly isUrgent: (row: Json) => boolean },
): void {
  const { terminal, format } = context
  if (format === 'json') {
    terminal.out(toJson(body ?? null))
    return
  }
  const rows = rowsOf(body)
  const [title = '', ...lines] = formatTable(rows, shown.columns).trimEnd().split('\n')
  const isRed = (index: number): boolean => {
    const row = rows[index]
    return terminal.isColored === true && row !== undefined && shown.isUrgent(row)
  }
  const colored = lines.map((line, index) => (isRed(index) ? `${RED}${line}${PLAIN}` : line))
  terminal.out(rows.length === 0 ? 'none / なし\n' : `${[title, ...colored].join('\n')}\n`)
}
