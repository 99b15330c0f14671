// tsunagi bench --audit: what audit and journal cost: ITI-18 of a server that records everything, beside the same process while it records nothing (design §7).

import { compare, type Measuring, rounded, target } from './compare.ts'
import { createGun, type Figures } from './load.ts'
import { findShot } from './messages.ts'
import type { Subject } from './subject-process.ts'
import { FIND_DOCUMENTS, fill, isFound } from './transactions.ts'

/** Part of the throughput that may go to recording. */
const MOST_COST = 0.25
/** More than of other figures: what is compared differs less than a machine does from one moment to the next. */
const ROUNDS = 7

export async function measureAudit(given: Measuring): Promise<void> {
  const { subject, world, run } = given
  const [reader] = world.patients
  if (reader === undefined) throw new Error('the bench has no patient')
  await fill(given)
  const { callers } = run
  const gun = createGun({ origin: subject.httpsUrl, path: '/xds/registry', tls: world.clinic }, callers)
  const find = findShot(reader)
  const shoot = (durationMs: number): Promise<Figures> =>
    gun.run({ callers, durationMs, shot: () => find, accepts: isFound })
  const on = createSide({ subject, isOn: true, roundMs: run.roundMs })
  const off = createSide({ subject, isOn: false, roundMs: run.roundMs })
  const compared = await compare(
    { bare: (durationMs) => off.run(() => shoot(durationMs)), ours: (durationMs) => on.run(() => shoot(durationMs)) },
    run.roundMs,
    ROUNDS,
  )
  await gun.close()
  const { requestsPerSecond, barePerSecond, ratio, ratios, ...others } = compared
  const cost = rounded(1 - ratio)
  run.print({
    bench: `${FIND_DOCUMENTS}, audit and journal beside the same server without them`,
    requestsPerSecond,
    withoutPerSecond: barePerSecond,
    cost,
    costs: ratios.map((one) => rounded(1 - one)),
    ...others,
    cpuCost: rounded(1 - whole(off.cpuMsEach()) / whole(on.cpuMsEach())),
    cpuMsEach: on.cpuMsEach(),
    withoutCpuMsEach: off.cpuMsEach(),
    ...target(`cost <= ${MOST_COST}`, cost <= MOST_COST && others.failures === 0),
  })
}

interface CpuEach {
  readonly server: number
  /** NaN where the system does not tell. */
  readonly database: number
}

function whole({ server, database }: CpuEach): number {
  return server + database
}

/** Processor time is told as well: on a machine that others use it says more than throughput does. */
function createSide(given: { readonly subject: Subject; readonly isOn: boolean; readonly roundMs: number }) {
  const { subject, isOn, roundMs } = given
  const spent = { requests: 0, serverMs: 0, databaseMs: 0 }
  return {
    run: async (shoot: () => Promise<Figures>): Promise<Figures> => {
      await subject.ask({ kind: 'recording', isOn })
      const before = await subject.ask({ kind: 'cpu' })
      const figures = await shoot()
      // What is done afterwards is part of the price, and does not burden the side that comes next.
      await subject.ask({ kind: 'settle', withinMs: roundMs })
      const after = await subject.ask({ kind: 'cpu' })
      spent.requests += figures.requests
      spent.serverMs += after.serverMs - before.serverMs
      spent.databaseMs += (after.databaseMs ?? Number.NaN) - (before.databaseMs ?? Number.NaN)
      return figures
    },
    cpuMsEach: (): CpuEach => ({ server: each(spent.serverMs), database: each(spent.databaseMs) }),
  }
  function each(ms: number): number {
    return Math.round((ms / spent.requests) * 1000) / 1000
  }
}
