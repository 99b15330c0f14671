// tsunagi subscription: which systems are told of changed patient ids, by ITI-46 or ITI-10 (ITI TF-2 3.46, 3.10).

import type { Command } from 'commander'
import { given, segment, showChange, showList, withAdmin } from './admin-command.ts'
import { listOf, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

interface AddOptions {
  readonly system: string
  readonly url: string
  readonly device?: string
  readonly receiver?: string
  readonly domains?: string
}

export const registerSubscription: Registration = (program, terminal) => {
  const group = program.command('subscription').description('who is told of changed patient ids / 更新通知の購読')
  registerAdd(group, terminal)
  registerShow(group, terminal)
  registerState(group, terminal)
}

function registerAdd(group: Command, terminal: Terminal): void {
  group
    .command('add <subscriptionId>')
    .description('subscribe a system; https:// is ITI-46, mllps:// is ITI-10 / 購読の登録')
    .requiredOption('--system <systemId>', 'system that is told; it has the role pix-consumer')
    .requiredOption('--url <url>', 'where it listens: https://host[:port]/path or mllps://host:port')
    .option('--device <oid>', 'ITI-46: OID of its device')
    .option('--receiver <names>', 'ITI-10: MSH-5 and MSH-6, separated by a comma')
    .option('--domains <oids>', 'domains of which it wants to hear, separated by commas; default all')
    .action((subscriptionId: string, options: AddOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post('/subscriptions', subscriptionOf(subscriptionId, options))
        showChange(call, answer, `subscription ${subscriptionId} added`)
      }),
    )
}

/** @throws {UsageError} for an address of neither kind, or one that lacks what its transaction needs. */
function subscriptionOf(subscriptionId: string, { system, url, device, receiver, domains }: AddOptions) {
  const common = {
    subscriptionId,
    systemId: system,
    endpoint: url,
    ...(domains === undefined ? {} : { domains: listOf(domains) }),
  }
  if (url.startsWith('https://')) {
    if (device === undefined) throw new UsageError('an https:// subscription (ITI-46) needs --device <oid>')
    return given({ ...common, transaction: 'ITI-46', deviceOid: device })
  }
  const [receivingApplication, receivingFacility] = listOf(receiver)
  if (!url.startsWith('mllps://')) throw new UsageError('--url needs https://… (ITI-46) or mllps://host:port (ITI-10)')
  if (receivingApplication === undefined || receivingFacility === undefined)
    throw new UsageError('an mllps:// subscription (ITI-10) needs --receiver <application>,<facility>')
  return given({ ...common, transaction: 'ITI-10', receivingApplication, receivingFacility })
}

function registerShow(group: Command, terminal: Terminal): void {
  group
    .command('list')
    .description('all subscriptions and what waits for them / 購読一覧')
    .action((_, command) =>
      withAdmin(command, terminal, async (call) =>
        showList(call, await call.admin.get('/subscriptions'), [
          'subscriptionId',
          'systemId',
          'transaction',
          'endpoint',
          'status',
          'waiting',
          'parked',
          'failures',
        ]),
      ),
    )
  group
    .command('show <subscriptionId>')
    .description('one subscription / 購読の表示')
    .action((subscriptionId: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const { body } = await call.admin.get(`/subscriptions/${segment(subscriptionId)}`)
        call.context.terminal.out(toJson(body))
      }),
    )
}

function registerState(group: Command, terminal: Terminal): void {
  const patch = (subscriptionId: string, body: Record<string, unknown>, command: Command): Promise<void> =>
    withAdmin(command, terminal, async (call) => {
      const answer = await call.admin.patch(`/subscriptions/${segment(subscriptionId)}`, given(body))
      showChange(call, answer, `subscription ${subscriptionId} ${body.status}`)
    })
  group
    .command('pause <subscriptionId>')
    .description('send nothing for a while; what there is to tell is kept / 送信の一時停止')
    .option('--reason <text>', 'why')
    .action((subscriptionId: string, options: { readonly reason?: string }, command: Command) =>
      patch(subscriptionId, { status: 'paused', reason: options.reason }, command),
    )
  group
    .command('resume <subscriptionId>')
    .description('send again, what waited first / 送信の再開')
    .action((subscriptionId: string, _: unknown, command: Command) =>
      patch(subscriptionId, { status: 'active' }, command),
    )
  group
    .command('remove <subscriptionId>')
    .description('end a subscription; what waits for it is not sent / 購読の削除')
    .action((subscriptionId: string, _: unknown, command: Command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.delete(`/subscriptions/${segment(subscriptionId)}`)
        showChange(call, answer, `subscription ${subscriptionId} removed`)
      }),
    )
}
