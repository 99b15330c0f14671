// tsunagi rights: who may see how strictly marked documents of which kind; tsunagi facility audience: what a facility publishes to whom.

import type { Command } from 'commander'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { type AdminCall, given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { listOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { printRows, toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

interface KeyOptions {
  readonly union?: string
  readonly facility?: string
  readonly person?: string
  readonly job?: string
  readonly kind?: string
}

interface SetOptions extends KeyOptions {
  readonly from?: string
  readonly to?: string
  readonly reason?: string
}

export const registerRights: Registration = (program, terminal) => {
  const group = program.command('rights').description('access rights by job, kind and confidentiality / アクセス権')
  const holder = (command: Command): Command =>
    command
      .option('--union <unionId>', 'of a union; default the network / ユニオン')
      .option('--facility <facilityId>', 'a facility narrows the rights of its staff / 施設')
      .option('--person <staffId>', 'of one person, in place of the job / 職員')
  const key = (command: Command): Command =>
    holder(command)
      .option('--job <job>', 'job category; default every job / 職種')
      .option('--kind <classCode>', 'kind of document; default every kind / 文書種別')
  holder(group.command('list').description('rights that were set, the newest first / 一覧')).action(
    (options: KeyOptions, command) =>
      withAdmin(command, terminal, async (call) => show(call, await call.admin.get(`/rights${queryOf(options)}`))),
  )
  key(group.command('set <ceiling>').description('U, L, M, N, R, V (of persons) or none / 設定'))
    .option('--from <time>', 'ISO 8601 time from which it holds; default now')
    .option('--to <time>', 'ISO 8601 time at which it ends')
    .option('--reason <text>', 'why, for the history / 理由')
    .action((ceiling: string, options: SetOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const { from, to, reason } = options
        const body = given({ ...membersOf(options), ceiling, validFrom: from, validTo: to, reason })
        showChange(call, await call.admin.put('/rights', body), `right set: ${ceiling}`)
      }),
    )
  key(group.command('remove').description('take a right back; its history stays / 取消')).action(
    (options: KeyOptions, command) =>
      withAdmin(command, terminal, async (call) =>
        showChange(call, await call.admin.delete(`/rights${queryOf(options)}`), 'right taken back'),
      ),
  )
}

/** tsunagi facility audience. */
export function registerAudience(facility: Command, terminal: Terminal): void {
  const group = facility.command('audience').description('what it publishes to whom / 公開する種別と職種')
  group
    .command('list <facilityId>')
    .description('what was said, the newest first / 一覧')
    .action((facilityId: string, _, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get(pathOf(facilityId)), ['kind', 'jobs', 'validFrom', 'validTo', 'endedAt']),
      ),
    )
  group
    .command('set <facilityId>')
    .description('publish a kind to all, to some jobs, or to nobody outside / 設定')
    .option('--kind <classCode>', 'kind of document; default every kind / 文書種別')
    .requiredOption('--jobs <jobs>', 'all, none, or jobs separated by commas / 職種')
    .option('--from <time>', 'ISO 8601 time from which it holds; default now')
    .option('--to <time>', 'ISO 8601 time at which it ends')
    .option('--reason <text>', 'why, for the history / 理由')
    .action((facilityId: string, options: SetOptions & { readonly jobs: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const { kind, jobs, from, to, reason } = options
        const body = given({ kind, jobs: jobsOf(jobs), validFrom: from, validTo: to, reason })
        const answer = await call.admin.put(pathOf(facilityId), body)
        showChange(call, answer, `facility ${facilityId} publishes ${kind ?? 'every kind'} to ${jobs}`)
      }),
    )
  group
    .command('remove <facilityId>')
    .description('publish as if nothing had been said / 取消')
    .option('--kind <classCode>', 'kind of document; default what was said of every kind / 文書種別')
    .action((facilityId: string, { kind }: KeyOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.delete(`${pathOf(facilityId)}${textOfQuery({ kind })}`)
        showChange(call, answer, `audience of facility ${facilityId} taken back`)
      }),
    )
}

function pathOf(facilityId: string): string {
  return `/facilities/${segment(facilityId)}/audience`
}

/** @throws {UsageError} for an empty list: `none` says that it is meant. */
function jobsOf(text: string): 'all' | readonly string[] {
  if (text === 'all') return 'all'
  if (text === 'none') return []
  const jobs = listOf(text)
  if (jobs.length === 0) throw new UsageError('--jobs needs all, none, or jobs separated by commas')
  return jobs
}

function membersOf({ union, facility, person, job, kind }: KeyOptions): Json {
  return given({ unionId: union, facilityId: facility, staffId: person, job, kind })
}

function queryOf(options: KeyOptions): string {
  return textOfQuery(membersOf(options))
}

function textOfQuery(members: Readonly<Record<string, unknown>>): string {
  const named = Object.entries(given(members)).map(([name, value]) => `${name}=${segment(textOf(value))}`)
  const text = named.join('&')
  return text === '' ? '' : `?${text}`
}

function show({ context }: AdminCall, { body }: { readonly body: unknown }): void {
  if (context.format === 'json') {
    context.terminal.out(toJson(body ?? null))
    return
  }
  const rows = isObject(body) ? rowsOf(body.rights) : []
  const column = (title: string) => ({ title, value: (row: Json) => textOf(row[title]) })
  const columns = [
    { title: 'holder', value: (row: Json) => holderOf(row.holder) },
    ...['job', 'kind', 'ceiling', 'validFrom', 'validTo', 'endedAt', 'setBy', 'reason'].map(column),
  ]
  printRows(context.terminal, { rows, columns, empty: 'none, the defaults hold / 設定なし（既定値）' }, 'table')
}

function holderOf(holder: unknown): string {
  if (!isObject(holder)) return ''
  const named = textOf(holder.unionId) || textOf(holder.facilityId) || textOf(holder.staffId)
  return `${textOf(holder.of)} ${named}`.trimEnd()
}
