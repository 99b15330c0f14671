// tsunagi patient merge, split, undo: staff make one person of two, or two of one, and take it back.

import type { Command } from 'commander'
import { isObject, textOf } from './admin-client.ts'
import { segment, showChange, withAdmin } from './admin-command.ts'
import { UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

interface Reason {
  readonly reason: string
}

export function registerPersonChanges(group: Command, terminal: Terminal): void {
  group
    .command('merge <patient> <into>')
    .description('make one person of two: <patient> goes into <into> / 患者の統合')
    .requiredOption('--reason <text>', 'how it is known that they are one person')
    .action((patient: string, into: string, { reason }: Reason, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/patients/${segment(patient)}/merge`, { into, reason })
        showChange(call, answer, `${patient} was merged into ${into}`)
      }),
    )
  group
    .command('split <patient> <numbers...>')
    .description('make numbers, each <facilityId>:<id>, a person of their own / 患者の分割')
    .requiredOption('--reason <text>', 'how it is known that they are somebody else’s')
    .action((patient: string, numbers: readonly string[], { reason }: Reason, command) =>
      withAdmin(command, terminal, async (call) => {
        const body = { numbers: numbers.map(numberOf), reason }
        const answer = await call.admin.post(`/patients/${segment(patient)}/split`, body)
        const xad = isObject(answer.body) ? textOf(answer.body.xad) : ''
        showChange(call, answer, `${numbers.join(', ')} belong to ${xad} now, who has given no consent yet`)
      }),
    )
  group
    .command('undo <mergeId>')
    .description('take a merge back, or a move of numbers / 統合の取消')
    .requiredOption('--reason <text>', 'why it was wrong')
    .action((mergeId: string, { reason }: Reason, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post(`/merges/${segment(mergeId)}/undo`, { reason })
        showChange(call, answer, `merge ${mergeId} was taken back`)
      }),
    )
}

/** @throws {UsageError} without a colon. */
function numberOf(text: string): { readonly facilityId: string; readonly id: string } {
  const at = text.indexOf(':')
  if (at <= 0 || at === text.length - 1) throw new UsageError(`a number is <facilityId>:<id>, not "${text}"`)
  return { facilityId: text.slice(0, at), id: text.slice(at + 1) }
}
