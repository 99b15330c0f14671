// How much work something is, told by the processor time of this process alone: whatever else the machine does has no part in it. In milliseconds.

import { IheError } from '../src/model/error.ts'

const MEASUREMENTS = 5

export async function cpuMsOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** The least of several measurements: what nothing came in between. */
export async function leastCpuMs(work: () => unknown): Promise<number> {
  const taken: number[] = []
  for (let measurement = 0; measurement < MEASUREMENTS; measurement += 1) taken.push(await cpuMsOf(work))
  return Math.min(...taken)
}

/** Four times the input: 4 for work that grows with it, 16 for work that grows with its square. */
export const FOURFOLD = 4
/** Between the two. */
export const LINEAR_AT_MOST = 8
/** Less is the machine's own noise. */
const FLOOR_MS = 0.5

/** How many times the processor time an input of four times the size takes, be it taken or refused. */
export async function growthOf<T>(make: (size: number) => T, work: (input: T) => unknown, size: number) {
  const small = await leastCpuMs(workOn(make(size)))
  const large = await leastCpuMs(workOn(make(size * FOURFOLD)))
  return large / Math.max(FLOOR_MS, small)

  function workOn(input: T): () => Promise<void> {
    return async () => {
      try {
        await work(input)
      } catch (error) {
        if (!(error instanceof IheError)) throw error
      }
    }
  }
}
