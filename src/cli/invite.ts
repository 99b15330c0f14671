// tsunagi invite: invitations of vendors' systems, and how far such a system is (docs/onboarding.md).

import type { Command } from 'commander'
import { ROLES } from '../model/caller.ts'
import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { type AdminCall, given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { formatTable, printable, toJson } from './output.ts'
import { type SystemOptions, systemBody, withFurtherOptions } from './system.ts'
import type { Terminal } from './terminal.ts'

interface InviteOptions extends SystemOptions {
  readonly days?: string
  readonly note?: string
}

export const registerInvite: Registration = (program, terminal) => {
  const group = program.command('invite').description('invitations of vendors’ systems / ベンダの招待')
  registerCreate(group, terminal)
  registerViews(group, terminal)
  group
    .command('withdraw <number>')
    .description('withdraw one that was not redeemed / 招待の取消')
    .action((number: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/invitations/${segment(number)}/withdraw`, {})
        showChange(call, answer, `invitation ${number} withdrawn / 招待 ${number} を取り消しました`)
      }),
    )
  group
    .command('checklist <systemId>')
    .description('first steps of a system, and what was refused last / 接続チェックリスト')
    .action((systemId: string, _, command) =>
      withAdmin(command, terminal, async (call) =>
        showChecklist(call, (await call.admin.get(`/systems/${segment(systemId)}/checklist`)).body),
      ),
    )
}

function registerCreate(group: Command, terminal: Terminal): void {
  const command = group
    .command('create <systemId>')
    .description(
      'invite a system; --facility and --roles register it too. Prints the letter for the vendor, with the code, this once / 招待の作成',
    )
    .option('--facility <facilityId>', 'facility it belongs to, for a system that is not registered yet')
    .option('--roles <roles>', `its roles, separated by commas: ${ROLES.join(', ')}`)
    .option('--days <days>', 'how long it can be redeemed; default 14')
    .option('--note <text>', 'to whom it is given')
  withFurtherOptions(command).action((systemId: string, options: InviteOptions, command) =>
    withAdmin(command, terminal, async ({ admin, context }) => {
      const body = { ...systemBody(systemId, options), days: daysOf(options), note: options.note }
      const answer = (await admin.post('/invitations', given(body))).body
      if (context.format === 'json') terminal.out(toJson(answer))
      else if (isObject(answer)) terminal.out(textOf(answer.letter))
    }),
  )
}

function registerViews(group: Command, terminal: Terminal): void {
  group
    .command('list')
    .description('all invitations, the newest first / 招待一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/invitations'), [
          ...['invitationId', 'systemId', 'facilityId', 'state', 'expiresAt', 'redeemedAt', 'createdBy', 'note'],
        ]),
      ),
    )
  group
    .command('show <number>')
    .description('one invitation, without its code / 招待の詳細')
    .action((number: string, _, command) =>
      withAdmin(command, terminal, async ({ admin, context }) => {
        const { body } = await admin.get(`/invitations/${segment(number)}`)
        if (context.format === 'json') terminal.out(toJson(body))
        else if (isObject(body))
          for (const [member, value] of Object.entries(body)) terminal.out(`${member}: ${printable(textOf(value))}\n`)
      }),
    )
}

function daysOf({ days }: InviteOptions): number | undefined {
  if (days === undefined) return undefined
  if (!/^[1-9]\d{0,2}$/.test(days)) throw new UsageError('--days needs a number of days')
  return Number(days)
}

const STEP_COLUMNS = [
  { title: 'done', value: (row: Json) => (row.at === undefined ? '' : 'x') },
  { title: 'step', value: (row: Json) => `${textOf(row.en)} / ${textOf(row.ja)}` },
  { title: 'at', value: (row: Json) => textOf(row.at) },
  { title: 'journal', value: (row: Json) => textOf(row.journal) },
]

function showChecklist({ context }: AdminCall, list: unknown): void {
  const { terminal, format } = context
  if (format === 'json' || !isObject(list)) {
    terminal.out(toJson(list))
    return
  }
  terminal.out(formatTable(rowsOf(list.steps), STEP_COLUMNS))
  const { next, lastRefusal } = list
  if (isObject(next)) terminal.out(`Next / 次: ${textOf(next.en)} / ${textOf(next.ja)}\n`)
  if (isObject(lastRefusal)) terminal.out(refusalLines(lastRefusal))
}

function refusalLines(refusal: Json): string {
  const place = [textOf(refusal.place), textOf(refusal.rule)].filter((part) => part !== '').join(', ')
  return [
    `Last refusal / 直近の拒否: ${textOf(refusal.at)} ${textOf(refusal.transaction)} ${textOf(refusal.code)} ${place}`,
    `${textOf(refusal.message)}. ${textOf(refusal.hint)}`,
    textOf(refusal.ja),
    `journal ${textOf(refusal.journal)}`,
    '',
  ]
    .map((line) => printable(line).trimEnd())
    .join('\n')
}
