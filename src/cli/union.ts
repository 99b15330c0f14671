// tsunagi union: facilities that share under one set of rules (ユニオン), with dated membership (design §4).

import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'

export const registerUnion: Registration = (program, terminal) => {
  const group = program.command('union').description('unions of facilities / ユニオン')
  group
    .command('add <unionId>')
    .description('register a union / ユニオンの登録')
    .requiredOption('--name <name>', 'name')
    .option('--kind <kind>', 'open or closed', 'open')
    .action((unionId: string, options: { readonly name: string; readonly kind: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post('/unions', { unionId, name: options.name, kind: options.kind })
        showChange(call, answer, `union ${unionId} registered`)
      }),
    )
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
          const answer = await call.admin.delete(`${path}/${segment(facilityId)}`)
          showChange(call, answer, `facility ${facilityId} left union ${unionId}`)
          return
        }
        const body = given({ facilityId, validFrom: options.from, validTo: options.to })
        showChange(call, await call.admin.post(path, body), `facility ${facilityId} is a member of union ${unionId}`)
      }),
    )
  group
    .command('list')
    .description('all unions / ユニオン一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/unions'), ['unionId', 'name', 'kind', 'members']),
      ),
    )
}

interface MemberOptions {
  readonly from?: string
  readonly to?: string
  readonly remove?: true
}
