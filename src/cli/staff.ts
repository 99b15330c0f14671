// tsunagi staff: persons who use the network by name (利用者), as their administrator enters and stops them.

import type { Command } from 'commander'
import { giveAccessCode } from './account.ts'
import { isObject, rowsOf, textOf } from './admin-client.ts'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { listOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { toJson } from './output.ts'
import { pageQuery } from './person-views.ts'
import type { Terminal } from './terminal.ts'

interface EntryOptions {
  readonly facility?: string
  readonly name?: string
  readonly kana?: string
  readonly job?: string
  readonly roles?: string
  readonly ems?: true
  readonly from?: string
  readonly to?: string
  readonly accessCode?: true
}

interface ChangeOptions extends Omit<EntryOptions, 'ems' | 'facility' | 'accessCode'> {
  readonly ems?: string
  readonly reason?: string
}

const MEMBERS = ['staffId', 'facilityId', 'name', 'job', 'roles', 'status', 'account', 'secondFactor', 'validTo']

export const registerStaff: Registration = (program, terminal) => {
  const group = program.command('staff').description('persons: staff of facilities and of the network / 利用者')
  described(group.command('add <staffId>'))
    .description('enter a person / 登録')
    .option('--facility <facilityId>', 'facility; none: staff of the network / 施設')
    .option('--ems', 'may use emergency access / 緊急時アクセス可')
    .option('--access-code', 'give an access code at once / アクセスコードも発行')
    .action((staffId: string, options: EntryOptions, command: Command) =>
      withAdmin(command, terminal, async (call) => {
        const { facility: facilityId, ems, accessCode, ...entry } = options
        const body = given({ staffId, facilityId, ...membersOf({ roles: '', ...entry }), mayUseEms: ems })
        showChange(call, await call.admin.post('/staff', body), `person ${staffId} entered / 登録しました`)
        if (accessCode === true) await giveAccessCode(call, staffId, { reason: 'first log-on' })
      }),
    )
  group
    .command('list')
    .description('persons with roles, states and accounts / 一覧')
    .option('--facility <facilityId>', 'of one facility')
    .action(({ facility }: { readonly facility?: string }, command: Command) =>
      withAdmin(command, terminal, async (call) => {
        showList(call, await call.admin.get(`/staff${pageQuery({ facility })}`), MEMBERS)
      }),
    )
  group
    .command('show <staffId>')
    .description('one person, and what was changed / 表示')
    .action((staffId: string, _: unknown, command: Command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/staff/${segment(staffId)}`
        const { body } = await call.admin.get(path)
        const { body: history } = await call.admin.get(`${path}/history`)
        if (call.context.format === 'json') return terminal.out(toJson({ ...(isObject(body) ? body : {}), history }))
        showList(call, { status: 200, body: [body] }, MEMBERS)
        for (const { changedAt, changedBy, operation, reason } of rowsOf(history))
          terminal.out(`${textOf(changedAt)} ${textOf(changedBy)}: ${textOf(operation)} ${textOf(reason)}\n`)
      }),
    )
  described(group.command('change <staffId>'))
    .description('change a person; what is left out stays / 変更')
    .option('--ems <yes|no>', 'may use emergency access / 緊急時アクセス')
    .option('--reason <text>', 'why, for the history / 理由')
    .action((staffId: string, { ems, reason, ...entry }: ChangeOptions, command: Command) =>
      withAdmin(command, terminal, async (call) => {
        const validTo = entry.to === 'none' ? null : entry.to
        const mayUseEms = ems === undefined ? undefined : ems === 'yes'
        const body = given({ ...membersOf(entry), validTo, mayUseEms, reason })
        if (Object.keys(body).every((key) => key === 'reason')) throw new UsageError('say what shall change')
        const answer = await call.admin.patch(`/staff/${segment(staffId)}`, body)
        showChange(call, answer, `person ${staffId} changed / 変更しました`)
      }),
    )
  registerStates(group, terminal)
}

function described(command: Command): Command {
  return command
    .option('--name <name>', 'name / 氏名')
    .option('--kana <kana>', 'name in kana / 氏名カナ')
    .option('--job <job>', 'job category, such as doctor, nurse, clerk; has to be said / 職種')
    .option(
      '--roles <roles>',
      'facility-administrator, registrar, clinician; of the network network-operator, auditor / 権限',
    )
    .option('--from <moment>', 'valid from, ISO 8601 with offset / 有効開始')
    .option('--to <moment>', 'valid to; "none" at a change / 有効終了')
}

function membersOf({
  name,
  kana,
  job,
  roles,
  from,
  to,
}: Pick<EntryOptions, 'name' | 'kana' | 'job' | 'roles' | 'from' | 'to'>) {
  return {
    name,
    nameKana: kana,
    job,
    roles: roles === undefined ? undefined : listOf(roles),
    validFrom: from,
    validTo: to,
  }
}

const STATES = [
  {
    act: 'suspend',
    said: 'suspended: sessions have ended / 停止しました',
    what: 'stop at once; sessions end / 一時停止',
  },
  { act: 'resume', said: 'active again / 再開しました', what: 'let in again / 再開' },
  { act: 'end', said: 'has ended, for good / 利用を終了しました', what: 'has left, for good / 利用終了' },
] as const

function registerStates(group: Command, terminal: Terminal): void {
  for (const { act, said, what } of STATES)
    group
      .command(`${act} <staffId>`)
      .description(what)
      .requiredOption('--reason <text>', 'why, for history and audit / 理由')
      .action((staffId: string, { reason }: { readonly reason: string }, command: Command) =>
        withAdmin(command, terminal, async (call) => {
          const answer = await call.admin.post(`/staff/${segment(staffId)}/${act}`, { reason })
          showChange(call, answer, `person ${staffId} ${said}`)
        }),
      )
  group
    .command('idle <facilityId> [minutes]')
    .description('minutes without a request until log-off, 1 to 180, or "network" / 自動ログオフ')
    .action((facilityId: string, minutes: string | undefined, _: unknown, command: Command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/facilities/${segment(facilityId)}/idle-minutes`
        if (minutes === undefined) return showList(call, await listed(call.admin.get(path)), ['minutes', 'origin'])
        const value = minutes === 'network' ? null : Number(minutes)
        if (value !== null && !Number.isInteger(value)) throw new UsageError(`minutes are a number, not "${minutes}"`)
        showChange(
          call,
          await call.admin.put(path, { minutes: value }),
          `staff of ${facilityId} are logged off after ${minutes}`,
        )
      }),
    )
}

async function listed(answer: Promise<{ readonly status: number; readonly body: unknown }>) {
  const { status, body } = await answer
  return { status, body: [body] }
}
