// A query about a patient of whom twenty communities know something: how long somebody waits, beside how long the slowest would let wait alone (ITI TF-2 3.18, 3.38).

import { type Run, rounded, target } from '../compare.ts'
import { createGun, type Gun, quantiles, repeat } from '../load.ts'
import { findShot } from '../messages.ts'
import { ENTRIES, fill, isSuccess } from '../transactions.ts'
import { type Behaviour, type Communities, openCommunities } from './communities.ts'
import { introduce, type Network } from './network.ts'

const COMMUNITIES = 20
const ENTRIES_EACH = 5
const ALL_ENTRIES = ENTRIES + COMMUNITIES * ENTRIES_EACH
/** Own time of the slowest community. */
const SLOWEST_MS = 100
const ROUNDS = 3

const ONE_AFTER_ANOTHER = Array.from({ length: COMMUNITIES }, (_, place) => (SLOWEST_MS * (place + 1)) / COMMUNITIES)
const ALL_AT_ONCE = Array.from({ length: COMMUNITIES }, () => SLOWEST_MS)

/** As networks are; and the two ways in which they make the most work at one moment. */
const CASES: readonly (Behaviour & { readonly bench: string; readonly maxAddedMs?: number })[] = [
  { bench: nameOf('one after another'), delaysMs: ONE_AFTER_ANOTHER, isKept: true, maxAddedMs: 20 },
  { bench: nameOf('all at once'), delaysMs: ALL_AT_ONCE, isKept: true },
  { bench: nameOf('one after another, on new connections'), delaysMs: ONE_AFTER_ANOTHER, isKept: false },
]

export const fanOutNames: readonly string[] = CASES.map(({ bench }) => bench)

function nameOf(answers: string): string {
  return `ITI-18 at the Initiating Gateway, ${COMMUNITIES} communities, answers ${answers}`
}

export async function measureFanOut(network: Network, run: Run): Promise<void> {
  const { subject, world, directory, wellKnown } = network
  await fill({ subject, world })
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
    for (const one of CASES.filter(({ bench }) => bench.includes(run.only))) {
      communities.behave(one)
      await measureAdded(network, { gun, communities, run, ...one })
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
  readonly maxAddedMs?: number
}

interface Waited {
  readonly tookMs: number
  /** Of the slowest community, as its own door had it. */
  readonly ownMs: number
}

/** One caller: it is about how long somebody waits, not how many can. */
async function measureAdded({ subject, wellKnown }: Network, given: FanOut): Promise<void> {
  const { gun, communities, run, bench, maxAddedMs } = given
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
    ...(maxAddedMs === undefined
      ? {}
      : target(`addedP50Ms < ${maxAddedMs}`, failures === 0 && added(0.5) < maxAddedMs)),
  })
}

/** Every community's entries and the own ones. */
function isWhole(answer: Buffer): boolean {
  const found = answer.toString('latin1').match(/<(?:\w+:)?ExtrinsicObject /g) ?? []
  return isSuccess(answer) && found.length === ALL_ENTRIES
}
