// tsunagi held, tsunagi quarantine: StoreClient messages that wait to be filed (保留・要確認), and what staff decide about them.

import type { Command } from 'commander'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import { toJson } from './output.ts'
import { paged, pageQuery } from './person-views.ts'
import type { Terminal } from './terminal.ts'

interface Room {
  readonly name: string
  readonly description: string
  readonly release: string
}

const HELD: Room = {
  name: 'held',
  description: 'messages whose patient number is not linked yet / 保留メッセージ',
  release: 'file it now; by itself it is filed when its number is linked / 登録',
}
const QUARANTINE: Room = {
  name: 'quarantine',
  description: 'messages about another person than the number’s / 要確認メッセージ',
  release: 'file it for the person linked now, whatever name and birth date it has / 確認して登録',
}

export const registerHeld: Registration = (program, terminal) => registerRoom(program, terminal, HELD)
export const registerQuarantine: Registration = (program, terminal) => registerRoom(program, terminal, QUARANTINE)

function registerRoom(program: Command, terminal: Terminal, room: Room): void {
  const group = program.command(room.name).description(room.description)
  paged(group.command('list'))
    .description('what waits, the oldest first; never what it says / 一覧')
    .option('--facility <facilityId>', 'of one facility')
    .option('--state <state>', 'open, waiting, stuck, released, dropped or expired; default open')
    .action((options: Readonly<Record<string, string>>, command) =>
      withAdmin(command, terminal, async (call) => {
        const { facility, state, limit, after } = options
        showList(call, await call.admin.get(`/${room.name}${pageQuery({ facility, state, limit, after })}`), [
          'withheldId',
          'facilityId',
          'number',
          'kind',
          'controlId',
          'sentAt',
          'sizeBytes',
          'expiresAt',
          'state',
          'lastCode',
        ])
      }),
    )
  group
    .command('show <withheldId>')
    .description('what is known of one; never what it says / 詳細')
    .action((withheldId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.get(`/${room.name}/${segment(withheldId)}`)
        call.context.terminal.out(toJson(body))
      }),
    )
  for (const [verb, description, sentence] of [
    ['release', room.release, 'is filed'],
    ['drop', 'erase it / 破棄', 'is erased'],
  ] as const)
    group
      .command(`${verb} <withheldId>`)
      .description(description)
      .requiredOption('--reason <text>', 'why, for the audit trail / 理由')
      .action((withheldId: string, { reason }: { readonly reason: string }, command) =>
        withAdmin(command, terminal, async (call) => {
          const answer = await call.admin.post(`/${room.name}/${segment(withheldId)}/${verb}`, given({ reason }))
          showChange(call, answer, `message ${withheldId} ${sentence}`)
        }),
      )
}
