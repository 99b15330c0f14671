// Five communities as processes: what comes back is the union of what each answers alone; whoever is dead costs its budget until its breaker opens,
// and then nothing; nobody is asked in a circle (ITI TF-2 3.18.4.1.3, 3.38.4.1.3, 3.43).

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { Agent, request } from 'undici'
import { iti18Initiating, iti38 } from '../../profiles/transactions/index.ts'
import { writeFindDocuments, writeGetDocuments } from '../../src/codec/ebxml/query-request.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { elementsOf } from '../../src/codec/xml/navigate.ts'
import { readXml, type XmlElement } from '../../src/codec/xml/read.ts'
import {
  BUDGET_MS,
  type Document,
  errorsOf,
  HOSPITAL,
  has,
  startCommunities,
  statusOf,
  type TestCommunity,
} from './federation/communities.ts'
import { faultCases } from './federation/faults.ts'
import type { FaultyGateway } from './federation/faulty-gateway.ts'

t.setTimeout(280_000)

const SLACK_MS = 4000
/** Failures in a row after which a community is left alone (docs/federation.md). */
const OPENS_AFTER = 5
/** The time of the neighbour that is dead: above what an answer takes on a busy machine. */
const DEAD_MS = 1000
/** By which timers of a busy machine may be late. */
const TIMER_MS = 500

const communities = await startCommunities(t, 5)
const [west, ...neighbours] = communities
if (west === undefined) throw new Error('five were asked for')
const documents: readonly Document[] = await Promise.all(
  communities.map((community, place) => community.provide(`検査結果 その${place}`)),
)

function lineTo({ home }: Pick<TestCommunity, 'home'>): FaultyGateway {
  const line = west?.gateways.get(home)
  if (line === undefined) throw new Error(`the west does not know ${home}`)
  return line
}

/** Registry objects of an answer: what they say, whatever prefixes it is written with; without an order. */
function objectsIn(text: string): readonly string[] {
  const [, body] = elementsOf(readXml(Buffer.from(text)))
  const [response] = body === undefined ? [] : elementsOf(body)
  const list = response && elementsOf(response).find(({ name }) => name === 'RegistryObjectList')
  return list === undefined ? [] : elementsOf(list).map(contentOf).sort()
}

function contentOf(element: XmlElement): string {
  const attributes = [...element.attributes].sort().map(([name, value]) => `${name}=${value}`)
  const children = element.children.map((child) => (typeof child === 'string' ? child : contentOf(child)))
  return `<${element.name} ${attributes.join(' ')}>${children.join('')}</>`
}

/** ITI-38 as the west's gateway would send it, past the gateways that fail. */
async function answerAlone(neighbour: TestCommunity, about: TestCommunity): Promise<string> {
  const pki = (community: TestCommunity, name: string) => readFile(join(community.side.directory, 'pki', name), 'utf8')
  const dispatcher = new Agent({
    connect: {
      key: await pki(about, 'server.key'),
      cert: await pki(about, 'server.crt'),
      ca: await pki(neighbour, 'ca.crt'),
    },
  })
  const envelope = writeEnvelope({
    action: iti38.action,
    messageId: 'urn:uuid:00000000-0000-4000-8000-000000000001',
    body: writeFindDocuments({ patientId: neighbour.patientId, returnType: 'LeafClass' }),
  })
  const { body } = await request(`https://localhost:${neighbour.run.server.httpsPort}/xca/responding`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': `application/soap+xml; charset=UTF-8; action="${iti38.action}"` },
    body: envelope,
  })
  const text = await body.text()
  await dispatcher.destroy()
  return text
}

t.test('what comes back is the union of what each would answer alone, object by object', async (t) => {
  for (const asking of communities.slice(0, 2)) {
    const text = await asking.find()
    t.equal(statusOf(text), 'Success')
    t.ok(
      documents.every((document) => has(text, document)),
      'everybody sees everything',
    )
    const alone = await Promise.all(
      communities.filter((other) => other !== asking).map((other) => answerAlone(other, asking)),
    )
    const foreign = objectsIn(text).filter((object) => !object.includes(` home=${asking.home} `))
    t.same(foreign, alone.flatMap(objectsIn).sort(), 'what others have comes as they wrote it')
    t.equal(objectsIn(text).length, documents.length, 'nothing twice')
  }
})

t.test('one retrieve brings documents of all five, in the order in which they were asked for (3.43)', async (t) => {
  const asked = [...documents].reverse()
  const text = await west.fetch(asked)
  t.equal(statusOf(text), 'Success')
  const places = asked.map(({ uniqueId }) => text.indexOf(uniqueId))
  t.same(
    places,
    [...places].sort((a, b) => a - b),
  )
  for (const document of asked) t.match(text, document.text)
  const mixed = await west.fetch([
    { home: 'urn:oid:2.25.7', repositoryUniqueId: '2.25.70', uniqueId: '2.25.71' },
    ...asked,
  ])
  t.equal(statusOf(mixed), 'PartialSuccess')
  t.match(errorsOf(mixed), [{ code: 'XDSUnknownCommunity', location: 'urn:oid:2.25.7:2.25.71' }])
  for (const document of asked) t.match(mixed, document.text)
})

t.test('a query by ids goes to the one that is named, and to nobody without a name (3.38.4.1.2)', async (t) => {
  const [, document] = documents
  const heard = neighbours.map((neighbour) => lineTo(neighbour).heard())
  const asked = async (home?: string) => {
    const body = writeGetDocuments({
      by: 'uniqueId',
      values: [document?.uniqueId ?? ''],
      returnType: 'LeafClass',
      ...(home === undefined ? {} : { home }),
    })
    return (await west.network.soap(HOSPITAL, { transaction: iti18Initiating, body })).text
  }
  t.match(errorsOf(await asked()), [{ code: 'XDSMissingHomeCommunityId' }])
  t.match(errorsOf(await asked('urn:oid:2.25.7')), [{ code: 'XDSUnknownCommunity', location: 'urn:oid:2.25.7' }])
  t.ok(has(await asked(document?.home), document as Document))
  t.same(
    neighbours.map((neighbour, index) => lineTo(neighbour).heard() - (heard[index] ?? 0)),
    [1, 0, 0, 0],
  )
})

t.test('a gateway that is asked asks nobody: each neighbour hears of a query once (no circles)', async (t) => {
  const lines = communities.flatMap(({ gateways }) => [...gateways.values()])
  const before = lines.map((line) => line.heard())
  await west.find()
  const heard = lines.map((line, index) => line.heard() - (before[index] ?? 0))
  t.same(heard, [...neighbours.map(() => 1), ...Array<number>(lines.length - neighbours.length).fill(0)])
})

t.test('each neighbour fails in its own way, and each is named; whoever answers is heard', async (t) => {
  const named = ['answers HTML as success', 'hangs in the middle of its answer', 'answers a SOAP fault']
  const failing = neighbours.slice(1)
  for (const [index, neighbour] of failing.entries()) {
    const { fault } = faultCases(neighbour.home).find(({ name }) => name === named[index]) ?? {}
    lineTo(neighbour).answerBy(fault)
  }
  const startedMs = performance.now()
  const text = await west.find()
  t.ok(performance.now() - startedMs < BUDGET_MS + SLACK_MS, 'they are waited for at the same time')
  t.equal(statusOf(text), 'PartialSuccess')
  t.same(
    errorsOf(text)
      .map(({ location }) => location)
      .sort(),
    failing.map(({ home }) => home).sort(),
  )
  t.same(
    documents.map((document) => has(text, document)),
    [true, true, false, false, false],
  )
  for (const neighbour of failing) lineTo(neighbour).answerBy(undefined)
  t.equal(statusOf(await west.find()), 'Success')
})

t.test('a dead neighbour costs its budget until its breaker opens, and nothing afterwards', async (t) => {
  const [dead] = neighbours.slice(-1)
  if (dead === undefined) throw new Error('there are neighbours')
  const line = lineTo(dead)
  const times = async (count: number): Promise<readonly number[]> => {
    const taken: number[] = []
    for (let n = 0; n < count; n += 1) {
      const startedMs = performance.now()
      const text = await west.find()
      taken.push(performance.now() - startedMs)
      t.same(
        documents.map((document) => has(text, document)),
        documents.map(({ home }) => home !== dead.home || statusOf(text) === 'Success'),
      )
    }
    return taken
  }
  await west.run.admin.patch(`/partners/${dead.side.facilityId}`, { queryMs: DEAD_MS })
  const healthy = p95(await times(10))
  line.answerBy(async () => {})
  const heard = line.heard()
  const failing = p95(await times(OPENS_AFTER))
  t.equal(line.heard() - heard, OPENS_AFTER)
  t.comment(`p95 ${healthy.toFixed(0)} ms, with a dead neighbour ${failing.toFixed(0)} ms`)
  const open = p95(await times(10))
  t.equal(line.heard() - heard, OPENS_AFTER, 'it is not even asked')
  t.comment(`p95 with its breaker open ${open.toFixed(0)} ms`)
  const text = await west.find()
  t.match(errorsOf(text), [{ code: 'XDSUnavailableCommunity', location: dead.home, context: /next try in \d+ s/ }])
  t.ok(failing - healthy <= DEAD_MS + TIMER_MS, 'its budget and no more')
  t.ok(open < DEAD_MS, 'less than it may take to answer')
})

function p95(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1] ?? 0
}
