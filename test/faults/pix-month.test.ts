// Simulated days of two networks whose indexes are kept alike, either of them killed with -9 now and then: both have the same links in the end, and
// on the wire between them nothing was said of who did not consent (idlink X-3; reliability P1 to P4, P9; ITI TF-2 3.44, 3.45, 3.46).
// TSUNAGI_SYNC_DAYS=30 is a month, TSUNAGI_SYNC_SEED another one.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { feed } from '../../src/cli/feed.ts'
import { startEmbeddedPostgres } from '../../src/db/embedded-postgres.ts'
import { createPool } from '../../src/db/pool.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import type { Demographics } from '../../src/model/person.ts'
import {
  consent,
  EAST,
  flagsOf,
  introduce,
  type Network,
  pairsOf,
  personNamed,
  type Side,
  WEST,
} from '../scenarios/pix-neighbours.ts'
import { type Child, DOMAINS, demoDirectory, eventually, networkOf, startChild } from './support.ts'

const DAYS = Number(process.env.TSUNAGI_SYNC_DAYS ?? 3)
const SEED = Number(process.env.TSUNAGI_SYNC_SEED ?? 20261122)
const CHANGES_A_DAY = 8
const DAYS_BETWEEN_KILLS = 2
const CALM_WITHIN_MS = 60_000
/** As long as a message may be under way. */
const UNDER_WAY_MS = Number(flagsOf(WEST)['notifications.timeoutMs'])

t.setTimeout(120_000 + DAYS * 20_000)

/** Mulberry32: the same days for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
const random = randomOf(SEED)
const below = (bound: number): number => Math.floor(random() * bound)

type Name = 'west' | 'east'
const NAMES = ['west', 'east'] as const
const other = (name: Name): Name => (name === 'west' ? 'east' : 'west')
const SIDES: Readonly<Record<Name, Side>> = { west: WEST, east: EAST }

interface Heard {
  readonly at: number
  readonly from: Name
  readonly text: string
}
const heard: Heard[] = []

async function openNetwork(name: Name) {
  const dataDir = await demoDirectory(t)
  const postgres = await startEmbeddedPostgres({ directory: join(dataDir, 'postgres') })
  const pool = createPool(postgres.connection, 4)
  t.teardown(async () => {
    await pool.end()
    await postgres.stop()
  })
  const flags = flagsOf(SIDES[name])
  const network: { child: Child | undefined } = { child: await startChild(dataDir, flags) }
  t.teardown(() => network.child?.server.stop())
  return { name, dataDir, pool, flags, network }
}
type Opened = Awaited<ReturnType<typeof openNetwork>>
const [west, east] = await Promise.all([openNetwork('west'), openNetwork('east')])
const networks: Readonly<Record<Name, Opened>> = { west, east }

/** Ends the TLS of both sides, with their own certificates, and writes down what passes. @returns the port at which the others find the network. */
async function recorder(to: Name): Promise<number> {
  const tlsOf = async (name: Name) => {
    const pki = join(networks[name].dataDir, 'pki')
    const [cert, key, ca] = await Promise.all(
      ['server.crt', 'server.key', 'ca.crt'].map((file) => readFile(join(pki, file))),
    )
    return { cert, key, ca }
  }
  const [shown, asking] = [await tlsOf(to), await tlsOf(other(to))]
  const server = createServer(
    { cert: shown.cert, key: shown.key, ca: asking.ca, requestCert: true },
    async (incoming, outgoing) => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk)
      heard.push({ at: Date.now(), from: other(to), text: Buffer.concat(chunks).toString() })
      const onwards = httpsRequest(
        {
          host: 'localhost',
          port: networks[to].network.child?.server.httpsPort ?? 1,
          path: incoming.url,
          method: incoming.method,
          headers: { 'content-type': incoming.headers['content-type'] ?? '' },
          cert: asking.cert,
          key: asking.key,
          ca: shown.ca,
          agent: false,
        },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] ?? '' })
          answer.on('error', () => outgoing.destroy()).pipe(outgoing)
        },
      )
      onwards.on('error', () => outgoing.destroy())
      onwards.end(Buffer.concat(chunks))
    },
  )
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Until it is done: to whoever sends a killed server is a broken connection. */
async function insist<T>(name: Name, work: (network: Network) => Promise<T>): Promise<T> {
  const { network, pool } = networks[name]
  for (let tries = 0; ; tries += 1) {
    const { child } = network
    if (child !== undefined) {
      const calling = networkOf(child.server)
      try {
        return await work({ ...calling, pool })
      } catch (error) {
        if (tries > 100 || (network.child === child && tries > 3)) throw error
      } finally {
        await calling.close()
      }
    }
    await delay(50)
  }
}

for (const name of NAMES) {
  const port = await recorder(other(name))
  await insist(name, (network) =>
    introduce(network, { ...SIDES[other(name)], port, dataDir: networks[other(name)].dataDir }),
  )
}

/** A person in one network: numbers of the hospital there, and what they said. */
interface Registered {
  readonly person: number
  readonly name: Name
  demographics: Demographics
  numbers: string[]
  xad: PatientId
  consentId: string | undefined
  /** Since when nothing may be told; `Infinity` while it may. */
  silentSince: number
}
const registered: Registered[] = []
const apart = new Set<number>()
let people = 0
let numbers = 0

async function feedAs(
  one: { readonly name: Name; readonly demographics: Demographics },
  value: string,
  more: { readonly kind: 'add' | 'revise' } | { readonly kind: 'merge'; readonly subsumed: PatientId },
): Promise<void> {
  const authority = DOMAINS['hospital-a']
  const said = {
    id: { value, authority },
    to: 'PIXManager',
    demographics: one.demographics,
    providerName: 'hospital-a',
  } as const
  await insist(one.name, async (network) => {
    const { code } = await feed(await network.as('hospital-a'), { ...said, ...more })
    if (code !== 'CA') throw new Error(`the hospital was answered ${code}`)
  })
}

async function register(person: number, name: Name): Promise<void> {
  const demographics = personNamed(100 + person)
  numbers += 1
  const value = `N-${numbers}`
  await feedAs({ name, demographics }, value, { kind: 'add' })
  const xad = await insist(name, (network) => network.xadForStaff({ value, authority: DOMAINS['hospital-a'] }))
  registered.push({ person, name, demographics, numbers: [value], xad, consentId: undefined, silentSince: 0 })
}

async function giveConsent(one: Registered): Promise<void> {
  if (one.consentId !== undefined) return
  one.silentSince = Number.POSITIVE_INFINITY
  one.consentId = await insist(one.name, async (network) => {
    const { rows } = await network.pool.query(
      `select c.consent_id from access.consent c join identity.identifier i using (person_key) where i.value = $1 and c.withdrawn_at is null`,
      [one.xad.value],
    )
    return rows[0] === undefined ? consent(network, one.xad) : String(rows[0].consent_id)
  })
}

async function withdraw(one: Registered): Promise<void> {
  const { consentId } = one
  if (consentId === undefined) return
  await insist(one.name, (network) => network.admin.post(`/consents/${consentId}/withdraw`, { reason: '撤回' }))
  one.consentId = undefined
  one.silentSince = Date.now()
}

async function move(one: Registered): Promise<void> {
  one.demographics = {
    ...one.demographics,
    addresses: [{ postalCode: '9990001', text: `架空県転居市${below(1000)}番` }],
  }
  await feedAs(one, one.numbers[0] ?? '', { kind: 'revise' })
}

/** The hospital finds that it has a second card of somebody, and merges the first into it. */
async function merge(one: Registered): Promise<void> {
  const [former = ''] = one.numbers
  numbers += 1
  const value = `N-${numbers}`
  await feedAs(one, value, { kind: 'add' })
  await feedAs(one, value, { kind: 'merge', subsumed: { value: former, authority: DOMAINS['hospital-a'] } })
  one.numbers = [value]
  await answerReviews(one.name)
  one.xad = await insist(one.name, (network) => network.xadForStaff({ value, authority: DOMAINS['hospital-a'] }))
}

/** Who of the former card's person has other numbers is somebody of their own until staff say otherwise: they do. */
async function answerReviews(name: Name): Promise<void> {
  await insist(name, async ({ admin, pool }) => {
    for (;;) {
      // Of numbers that both stand: an answer to another question may have settled one.
      const { rows } = await pool.query(
        `select review_id from identity.review_item r where reason = 'merged number' and state = 'open'
           and not exists (select from identity.identifier i where i.record_id in (r.record_a, r.record_b) and i.status = 'obsolete')
         order by review_id limit 1`,
      )
      const [open] = rows
      if (open === undefined) return
      await admin.post(`/reviews/${open.review_id}/answer`, { answer: 'link', reason: '同一人物と確認' })
    }
  })
}

/** Staff find that the neighbour's number is of somebody else. */
async function separate(one: Registered): Promise<void> {
  await insist(one.name, async ({ admin, pool }) => {
    const { rows } = await pool.query(
      `select b.value from identity.identifier a join identity.identifier b on b.person_key = a.person_key and b.domain = $2 and b.status = 'active'
       where a.value = $1 and a.domain = $3`,
      [one.xad.value, SIDES[other(one.name)].affinity, SIDES[one.name].affinity],
    )
    const [found] = rows
    if (found === undefined) return
    apart.add(one.person)
    await admin.delete(`/patients/${one.xad.value}/links/network-east/${found.value}`, { reason: '別人' })
  })
}

async function change(): Promise<void> {
  const one = registered[STEADY + below(registered.length - STEADY)]
  const dice = random()
  if (one === undefined || dice < 0.25) {
    people += 1
    const where: readonly Name[] = random() < 0.8 ? NAMES : [random() < 0.5 ? 'west' : 'east']
    for (const name of where) {
      await register(people, name)
      const added = registered.at(-1)
      if (added !== undefined && random() < 0.8) await giveConsent(added)
    }
  } else if (dice < 0.45) await giveConsent(one)
  else if (dice < 0.55) await withdraw(one)
  else if (dice < 0.75) await move(one)
  else if (dice < 0.9) await merge(one)
  else if (dice < 0.95) await separate(one)
}

let kills = 0
async function kill(name: Name): Promise<void> {
  const { network, dataDir, flags } = networks[name]
  const { child } = network
  network.child = undefined
  await child?.kill()
  network.child = await startChild(dataDir, flags)
  kills += 1
}

/** Whatever the days bring: who consents to nothing is there, and of whom the neighbour was told is merged. */
for (const name of NAMES) await register(0, name)
await register(1, 'west')
const alone = registered.at(-1) as Registered
await giveConsent(alone)
people = 1
const STEADY = registered.length
for (let day = 1; day <= DAYS; day += 1) {
  const killed = day % DAYS_BETWEEN_KILLS === 0 ? kill(random() < 0.5 ? 'west' : 'east') : Promise.resolve()
  for (let count = 0; count < CHANGES_A_DAY; count += 1) await change()
  await killed
}

await merge(alone)

const waiting = async (): Promise<number> => {
  let sum = 0
  for (const { pool } of [west, east]) {
    const { rows } = await pool.query(
      `select (select count(*) from jobs.synchronisation) + (select count(*) from jobs.outbox where state in ('waiting', 'parked'))
            + (select count(*) from identity.synchronising where survey_due <= now()) as n`,
    )
    sum += Number(rows[0].n)
  }
  return sum
}
/** What would come with the days is brought about: everybody is asked about once more, until nothing changes. */
let calm = await eventually(async () => (await waiting()) === 0, CALM_WITHIN_MS)
for (let round = 0; round < 3 && calm; round += 1) {
  for (const { pool } of [west, east])
    await pool.query(
      `with wanted as (update identity.synchronised set ask_since = clock_timestamp() where state = 'fed' and not lapsed returning domain, value)
       select identity.mark_synchronisation(array(select i.person_key from wanted join identity.identifier i using (domain, value)))`,
    )
  calm = await eventually(async () => (await waiting()) === 0, CALM_WITHIN_MS)
}
t.comment(`seed ${SEED}, ${DAYS} days, ${people} people, ${kills} kills, ${heard.length} messages between the networks`)

const shown = (text: string, { value }: PatientId): boolean => text.includes(`extension="${value}"`)

t.test('nothing waits, and no conflict that staff did not make', async (t) => {
  t.ok(calm)
  for (const { pool, name } of [west, east]) {
    const { rows } = await pool.query(
      `select j.state, j.last_error from jobs.synchronisation j
       union all select 'conflict', conflict from identity.synchronised where conflict is not null`,
    )
    const unexpected = rows.filter(({ last_error }) => !/somebody else/.test(String(last_error)))
    t.same(unexpected, [], name)
  }
})

t.test('both cross-references are equal about everybody who consents in both, and as it is in truth', async (t) => {
  const consenting = (name: Name) =>
    new Map(
      registered.filter((one) => one.name === name && one.consentId !== undefined).map((one) => [one.xad.value, one]),
    )
  const [here, there] = [consenting('west'), consenting('east')]
  const links = (pairs: readonly string[], isTurned: boolean) =>
    pairs
      .map((pair) => (isTurned ? pair.split(' ').reverse() : pair.split(' ')))
      .filter(([ours = '', theirs = '']) => here.has(ours) && there.has(theirs))
      .map((pair) => pair.join(' '))
      .sort()
  const ofWest = links(await pairsOf(west.pool, WEST.affinity, EAST.affinity), false)
  const ofEast = links(await pairsOf(east.pool, EAST.affinity, WEST.affinity), true)
  t.same(ofWest, ofEast)
  const truth = [...here.values()]
    .flatMap((one) => [...there.values()].filter(({ person }) => person === one.person).map((two) => ({ one, two })))
    .filter(({ one }) => !apart.has(one.person))
    .map(({ one, two }) => `${one.xad.value} ${two.xad.value}`)
    .sort()
  t.ok(truth.length > 0)
  t.same(ofWest, truth)
})

t.test('nothing was said of who did not consent (recorded between the networks)', async (t) => {
  t.ok(heard.length > people)
  const told = (one: Registered) => heard.filter(({ from, text }) => from === one.name && shown(text, one.xad))
  const silent = registered.filter(({ consentId }) => consentId === undefined)
  t.comment(`${silent.length} of ${registered.length} registrations without consent`)
  for (const one of silent) {
    const late = told(one).filter(({ at }) => at > one.silentSince + (one.silentSince === 0 ? 0 : UNDER_WAY_MS))
    t.same(late, [], `${one.name} told of ${one.person}`)
  }
  t.ok(
    heard.some(({ text }) => text.includes('PRPA_IN201304UV02')),
    'merges were told',
  )
})
