// tsunagi bench --federation: what asking twenty communities adds to the slowest of them, and what a large document takes of both gateways (design §7).

import type { Run } from '../compare.ts'
import { fanOutNames, measureFanOut } from './fan-out.ts'
import { inNetwork } from './network.ts'
import { measurePassing, passingName } from './passing.ts'

export interface FederationRun extends Run {
  /** Size of the document. */
  readonly largeMiB: number
}

export async function measureFederation(run: FederationRun): Promise<void> {
  const isWanted = (names: readonly string[]) => names.some((name) => name.includes(run.only))
  const [isPassed, isFannedOut] = [isWanted([passingName(run)]), isWanted(fanOutNames)]
  if (!isPassed && !isFannedOut) return
  await inNetwork(await run.newDirectory(), async (west) => {
    // First, while the memory of the process is that of one that has done little.
    if (isPassed) await inNetwork(await run.newDirectory(), (east) => measurePassing({ west, east, run }))
    if (isFannedOut) await measureFanOut(west, run)
  })
}
