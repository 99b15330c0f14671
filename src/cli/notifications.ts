// tsunagi notifications: what subscribers were not told yet, and what to do with what they refuse (ITI TF-2 3.46, 3.10).

import { segment, showChange, showList, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'

interface ListOptions {
  readonly parked?: true
  readonly sent?: true
  readonly subscription?: string
}

export const registerNotifications: Registration = (program, terminal) => {
  const group = program.command('notifications').description('update notifications to subscribers / 更新通知')
  group
    .command('list')
    .description('what is not sent yet, the oldest first / 未送信の通知')
    .option('--parked', 'only what needs a decision')
    .option('--sent', 'what was sent instead')
    .option('--subscription <subscriptionId>', 'of one subscription')
    .action((options: ListOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const asked = new URLSearchParams({
          state: options.parked === true ? 'parked' : options.sent === true ? 'sent' : 'open',
          ...(options.subscription === undefined ? {} : { subscription: options.subscription }),
        })
        showList(call, await call.admin.get(`/notifications?${asked}`), [
          'notificationId',
          'subscriptionId',
          'state',
          'createdAt',
          'attempts',
          'lastError',
          'messageId',
        ])
      }),
    )
  for (const [verb, description, sentence] of [
    ['retry', 'send it now, also when it is parked / 再送', 'is sent again'],
    ['skip', 'give it up; what waits behind it may leave / 破棄', 'is given up'],
  ] as const)
    group
      .command(`${verb} <notificationId>`)
      .description(description)
      .action((notificationId: string, _, command) =>
        withAdmin(command, terminal, async (call) => {
          const answer = await call.admin.post(`/notifications/${segment(notificationId)}/${verb}`, {})
          showChange(call, answer, `notification ${notificationId} ${sentence}`)
        }),
      )
}
