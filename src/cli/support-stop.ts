// tsunagi patient stop-support, resume-support, support: 支援中止, at the patient's wish (idlink C-7).

import type { Command } from 'commander'
import { segment, showChange, showList, withAdmin } from './admin-command.ts'
import type { Terminal } from './terminal.ts'

const ACTS = [
  {
    verb: 'stop-support',
    said: 'hide everything of the patient from everybody and take nothing new, until it is resumed / 支援中止',
    done: 'support is stopped',
  },
  { verb: 'resume-support', said: 'lift it again; operators only / 支援再開', done: 'support goes on' },
] as const

/** Below `patient`. */
export function registerSupportStop(group: Command, terminal: Terminal): void {
  for (const { verb, said, done } of ACTS)
    group
      .command(`${verb} <patient>`)
      .description(said)
      .requiredOption('--reason <text>', 'why, for the history / 理由')
      .action((patient: string, { reason }: { readonly reason: string }, command) =>
        withAdmin(command, terminal, async (call) => {
          const answer = await call.admin.post(`/patients/${segment(patient)}/${verb}`, { reason })
          showChange(call, answer, `${patient}: ${done}`)
        }),
      )
  group
    .command('support <patient>')
    .description('when and why support was stopped and resumed / 支援中止の履歴')
    .action((patient: string, _, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.get(`/patients/${segment(patient)}/support-stops`)
        showList(call, answer, ['stoppedAt', 'stoppedBy', 'reason', 'liftedAt', 'liftedBy', 'liftReason'])
      }),
    )
}
