// A query about a patient of whom twenty communities know something: how long somebody waits, beside how long the slowest would let wait alone (ITI TF-2 3.18, 3.38).

import { type Run, rounded, target } from '../compare.ts'
import { createGun, type Gun, quantiles, repeat } from '../load.ts'
import { findShot } from '../messages.ts'
import { ENTRIES, fill, isSuccess } from '../transactions.ts'
import { type Communities, openCommunities } from './communities.ts'
import { introduce, type Network } from './network.ts'

const COMMUNITIES = 20
const ENTRIES_EACH = 5
const ALL_ENTRIES = ENTRIES + COMMUNITIES * ENTRIES_EACH
/** Own time of the slowest community. */
const SLOWEST_MS = 100
const MAX_ADDED_MS = 20
const ROUNDS = 3

/** One community after the other, as networks are; and all at the same moment, which is the most work at once. */
const DELAYS = {
  'one after another': Array.from({ length: COMMUNITIES }, (_, place) => (SLOWEST_MS * (place + 1)) / COMMUNITIES),
  'all at once': Array.from({ length: COMMUNITIES }, () => SLOWEST_MS),
} as const

const nameOf = (answers: string) => `ITI-18 at the Initiating Gateway, ${COMMUNITIES} communities, answers ${answers}`

export const fanOutNames: readonly string[] = Object.keys(DELAYS).map(nameOf)

export async function measureFanOut(network: Network, run: Run): Promise<void> {
  const { subject, world, directory, wellKnown } = network
  await fill({ subject, world, run })
  const communities = await openCommunities(directory, {
    count: COMMUNITIES,
    patient: wellKnown,
    entries: ENTRIES_EACH,
  })
  const gun = createGun({ origin: subject.httpsUrl, path: '/xca/initiating', tls: world.clinic }, 1)
  try {
    for (const { oid: community, path, patientId } of communities.all) {
      const url = `https://localhost:${communities.port}${path}`
      const facilityId = path.slice(1)
      await introduce(network, { facilityId, community, url, patientId, own: wellKnown.patientId })
    }
    for (const [answers, delaysMs] of Object.entries(DELAYS)) {
      communities.take(delaysMs)
      if (nameOf(answers).includes(run.only))
        await measureAdded(network, { gun, communities, run, bench: nameOf(answers) })
    }
  } finally {
    await gun.close()
    await communities.close()
  }
}

interface FanOut {
  readonly gun: Gun
  readonly communities: Communities
  readonly run: Run
  readonly bench: string
}

interface Waited {
  readonly tookMs: number
  /** Of the slowest community, as its own door had it. */
  readonly ownMs: number
}

/** One caller: it is about how long somebody waits, not how many can. */
async function measureAdded({ subject, wellKnown }: Network, given: FanOut): Promise<void> {
  const { gun, communities, run, bench } = given
  const shot = findShot(wellKnown)
  const waited: Waited[] = []
  const ask = async (): Promise<boolean> => {
    communities.slowestMs()
    const startedMs = performance.now()
    const { answer } = await gun.fire(shot)
    waited.push({ tookMs: performance.now() - startedMs, ownMs: communities.slowestMs() })
    return isWhole(answer)
  }
  await repeat(ask, { callers: 1, durationMs: run.roundMs })
  waited.length = 0
  const before = await subject.ask({ kind: 'cpu' })
  const { failures, requests } = await repeat(ask, { callers: 1, durationMs: run.roundMs * ROUNDS })
  const after = await subject.ask({ kind: 'cpu' })
  const took = quantiles(waited.map(({ tookMs }) => tookMs))
  const own = quantiles(waited.map(({ ownMs }) => ownMs))
  const added = quantiles(waited.map(({ tookMs, ownMs }) => tookMs - ownMs))
  run.print({
    bench,
    requests,
    failures,
    entries: ALL_ENTRIES,
    p50Ms: rounded(took(0.5)),
    p95Ms: rounded(took(0.95)),
    slowestCommunityP50Ms: rounded(own(0.5)),
    // What the process itself worked for one query, whoever else is at work on the machine.
    serverCpuMs: rounded((after.serverMs - before.serverMs) / requests),
    addedP50Ms: rounded(added(0.5)),
    addedP95Ms: rounded(added(0.95)),
    ...target(`addedP50Ms < ${MAX_ADDED_MS}`, failures === 0 && added(0.5) < MAX_ADDED_MS),
  })
}

/** Every community's entries and the own ones. */
function isWhole(answer: Buffer): boolean {
  const found = answer.toString('latin1').match(/<(?:\w+:)?ExtrinsicObject /g) ?? []
  return isSuccess(answer) && found.length === ALL_ENTRIES
}
