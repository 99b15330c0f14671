// tsunagi union: facilities that share under one set of rules (ユニオン), with dated membership and a history (design §4; idlink U-1, U-2).

import type { Command } from 'commander'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { listOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

interface UnionOptions {
  readonly name?: string
  readonly kind?: string
  readonly areas?: string
  readonly notice?: string
  readonly from?: string
  readonly to?: string
  readonly reason?: string
}

export const registerUnion: Registration = (program, terminal) => {
  const group = program.command('union').description('unions of facilities / ユニオン')
  registerAdd(group, terminal)
  registerMember(group, terminal)
  registerSet(group, terminal)
  registerEnd(group, terminal)
  group
    .command('list')
    .description('all unions / ユニオン一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/unions'), [
          'unionId',
          'name',
          'kind',
          'areas',
          'validFrom',
          'validTo',
          'members',
        ]),
      ),
    )
  group
    .command('history <unionId>')
    .description('what was changed of it, by whom, from what to what / 変更履歴')
    .action((unionId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.get(`/unions/${segment(unionId)}/revisions`)
        showList(call, answer, ['at', 'by', 'changed', 'reason'])
      }),
    )
}

function registerAdd(group: Command, terminal: Terminal): void {
  group
    .command('add <unionId>')
    .description('register a union / ユニオンの登録')
    .requiredOption('--name <name>', 'name')
    .option('--kind <kind>', 'open or closed', 'open')
    .option('--areas <areas>', 'areas that it serves, separated by commas / 地域')
    .option('--notice <url>', 'page on which the range of joint use is published / 共同利用の公表')
    .option('--from <time>', 'ISO 8601 time from which it is; default now')
    .option('--to <time>', 'ISO 8601 time at which it ends')
    .action((unionId: string, options: UnionOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const { from: validFrom, to: validTo } = options
        const answer = await call.admin.post('/unions', given({ unionId, ...saidOf(options), validFrom, validTo }))
        showChange(call, answer, `union ${unionId} registered`)
      }),
    )
}

function saidOf({ name, kind, areas, notice }: UnionOptions) {
  return given({ name, kind, areas: areas === undefined ? undefined : listOf(areas), noticeUrl: notice })
}

function registerSet(group: Command, terminal: Terminal): void {
  group
    .command('set <unionId>')
    .description('change it; what is left out stays / 変更')
    .option('--name <name>', 'name')
    .option('--kind <kind>', 'open or closed')
    .option('--areas <areas>', 'areas that it serves, separated by commas / 地域')
    .option('--notice <url>', 'page on which the range of joint use is published / 共同利用の公表')
    .option('--reason <text>', 'why, for the history / 理由')
    .action((unionId: string, options: UnionOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const changes = saidOf(options)
        if (Object.keys(changes).length === 0) throw new UsageError('name what changes, such as --name or --areas')
        const answer = await call.admin.patch(
          `/unions/${segment(unionId)}`,
          given({ ...changes, reason: options.reason }),
        )
        showChange(call, answer, `union ${unionId} changed`)
      }),
    )
}

function registerEnd(group: Command, terminal: Terminal): void {
  group
    .command('end <unionId>')
    .description('end it with all memberships; nothing is shared by it any more / ユニオンの終了')
    .requiredOption('--reason <text>', 'why, for the history / 理由')
    .action((unionId: string, { reason }: { readonly reason: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/unions/${segment(unionId)}/end`, { reason })
        showChange(call, answer, `union ${unionId} ended`)
      }),
    )
}

interface MemberOptions {
  readonly from?: string
  readonly to?: string
  readonly remove?: true
}

function registerMember(group: Command, terminal: Terminal): void {
  group
    .command('member <unionId> <facilityId>')
    .description('add a facility to a union, or end its membership / 加盟と脱退')
    .option('--from <time>', 'ISO 8601 time from which the membership holds; default now')
    .option('--to <time>', 'ISO 8601 time at which it ends')
    .option('--remove', 'end the membership now')
    .action((unionId: string, facilityId: string, options: MemberOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/unions/${segment(unionId)}/members`
        if (options.remove === true) {
          if (options.from !== undefined || options.to !== undefined)
            throw new UsageError('--remove ends the membership now: leave --from and --to out')
          const answer = await call.admin.delete(`${path}/${segment(facilityId)}`)
          showChange(call, answer, `facility ${facilityId} left union ${unionId}`)
          return
        }
        const body = given({ facilityId, validFrom: options.from, validTo: options.to })
        showChange(call, await call.admin.post(path, body), `facility ${facilityId} is a member of union ${unionId}`)
      }),
    )
}
