// PIX Source and PIX Consumer towards a neighbouring community: feeds a person and asks, until nothing is left to say (ITI TF-2 3.44, 3.45).

import { settlementOf } from './notify.ts'
import { followAnswer } from './synchronise-answer.ts'
import type { Attempt, Heard, Pair, SynchronisePorts } from './synchronise-ports.ts'

/** Work of one job. @throws {Error} when it is stopped or the store fails: then the job is done again. */
export async function synchronise(pair: Pair, ports: SynchronisePorts, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const attempt = await ports.take(pair)
    if (attempt === undefined) return
    const heard = await ports.send(attempt, signal)
    if (heard.answer !== 'accepted') signal.throwIfAborted()
    if (!(await settled(attempt, heard, ports))) return
  }
}

/** @returns whether more may follow at once. */
async function settled(attempt: Attempt, heard: Heard, ports: SynchronisePorts): Promise<boolean> {
  const { content } = attempt.message
  const { ids } = heard
  if (content.kind === 'ask' && ids !== undefined) {
    await ports.settleAnswer(attempt, heard, (tx) =>
      followAnswer(tx, { attempt, id: content.id, ids, heard, ...ports }),
    )
    return true
  }
  const settlement = settlementOf(attempt, heard)
  await ports.settle(attempt, settlement, heard)
  if (settlement.state === 'parked') ports.alarm(attempt)
  return settlement.state === 'sent'
}
