// tsunagi bench --audit: what audit and journal cost: ITI-18 of a server that records everything, beside the same process while it records nothing (design §7).

import { compare, type Measuring, rounded, target } from './compare.ts'
import { createGun, type Figures } from './load.ts'
import { findShot } from './messages.ts'
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
  const side =
    (isOn: boolean) =>
    async (durationMs: number): Promise<Figures> => {
      await subject.ask({ kind: 'recording', isOn })
      return gun.run({ callers, durationMs, shot: () => find, accepts: isFound })
    }
  const { requestsPerSecond, barePerSecond, ratio, ratios, ...others } = await compare(
    { bare: side(false), ours: side(true) },
    run.roundMs,
    ROUNDS,
  )
  await gun.close()
  const cost = rounded(1 - ratio)
  run.print({
    bench: `${FIND_DOCUMENTS}, audit and journal beside the same server without them`,
    requestsPerSecond,
    withoutPerSecond: barePerSecond,
    cost,
    costs: ratios.map((one) => rounded(1 - one)),
    ...others,
    ...target(`cost <= ${MOST_COST}`, cost <= MOST_COST && others.failures === 0),
  })
}
