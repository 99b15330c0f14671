// Two networks with their own databases and authorities: a clinic of one finds and fetches a document of the other (ITI TF-2 3.18, 3.38, 3.39, 3.43).

import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Agent, request } from 'undici'
import { iti18Initiating, iti38, iti43Initiating } from '../../profiles/transactions/index.ts'
import { startServer } from '../../src/app.ts'
import { ensureAssertionKey } from '../../src/certificates/assertion-key.ts'
import { readCredentials } from '../../src/cli/credentials.ts'
import { localAddresses } from '../../src/cli/running-server.ts'
import { writeFindDocuments, writeGetDocuments } from '../../src/codec/ebxml/query-request.ts'
import { writeQueryResponse } from '../../src/codec/ebxml/query-response.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { writeSecurity } from '../../src/codec/saml/write.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { type Markup, trusted } from '../../src/codec/xml/write.ts'
import { formatCx, type PatientId } from '../../src/model/identifiers.ts'
import { TEST_PASSWORDS } from '../access/passwords.ts'
import { assertion, attribute, coded, ISSUER, makeKey, NAMES, sign, statement } from '../codec/saml/assertions.ts'
import { errorCodesOf, isSuccess, submissionOf } from '../faults/messages.ts'
import {
  configFor,
  DOMAINS,
  eventually,
  type Flags,
  SILENT,
  startNetwork,
  type TestNetwork,
} from '../faults/support.ts'
import { databaseUrl } from './harness.ts'
import { type LineFault, relay } from './relay.ts'
import { type Emitted, schemaFaults } from './validate.ts'

t.setTimeout(170_000)

const WEST = '2.25.9101'
const EAST = '2.25.9102'
const HOMES = { west: `urn:oid:${WEST}`, east: `urn:oid:${EAST}` }
const FELT_WITHIN_MS = 20_000
/** Transactions with where they were asked, here and of the neighbour. */
const EMITTED = [
  'ITI-18 gateway /xca/initiating',
  'ITI-43 gateway /xca/initiating',
  'ITI-38 to /xca/responding',
  'ITI-39 to /xca/responding',
  'ITI-55 to /xcpd/responding',
  'ITI-38 /xca/responding',
  'ITI-39 /xca/responding',
  'ITI-55 /xcpd/responding',
]

const flags = (community: string, repository: string, affinity: string): Flags => ({
  'community.homeCommunityId': `urn:oid:${community}`,
  'repository.uniqueId': repository,
  'identity.affinityDomainAuthority': affinity,
  'gateway.queryBudgetMs': '1500',
})
/** Which process is behind the address of a network: neighbours that answer later do so there. */
const behind = { west: 0, east: 0 }
/** Faults of the line to those addresses. */
const reached = new Map<keyof typeof behind, (fault: LineFault) => void>()
const reachedAt = async (network: keyof typeof behind): Promise<Flags> => {
  const { port, fault } = await relay(t, () => behind[network])
  reached.set(network, fault)
  return { 'https.publicUrl': `https://localhost:${port}`, 'soap.asyncReplyTo': 'network-east@localhost:*' }
}
const westFlags = { ...flags(WEST, '2.25.9111', '2.25.9121'), ...(await reachedAt('west')) }
const west = await startNetwork(t, westFlags)
/** It wants to know who asks: every query and retrieval of this file goes there with an assertion of the west. */
const east = await startNetwork(t, {
  ...flags(EAST, '2.25.9112', '2.25.9122'),
  'xua.respondingGateway': 'required',
  ...(await reachedAt('east')),
})
behind.west = west.server.httpsPort
behind.east = east.server.httpsPort
/** Between the networks stands a relay, so that faults of the neighbour can be made. */
const line = await relay(t, east.server.httpsPort)

const patient = (network: TestNetwork): Promise<PatientId> =>
  network.xadForStaff({ value: '0000012345', authority: DOMAINS['hospital-a'] })
const [ofWest, ofEast] = [await patient(west), await patient(east)]

/** The other network as `network` knows it: facility network-east with its number domain, agreement, certificate, authority, consent, link. */
async function introduce(
  network: TestNetwork,
  other: {
    readonly network: TestNetwork
    readonly community: string
    readonly port: number
    readonly patient: PatientId
    readonly assertionAudience?: string
  },
  own: PatientId,
): Promise<void> {
  const { admin } = network
  const { community, port, assertionAudience } = other
  const url = `https://localhost:${port}/xca/responding`
  await network.pool.query(`update identity.domain set oid = $1 where facility_id = 'network-east'`, [
    other.patient.authority,
  ])
  await admin.post('/partners', {
    facilityId: 'network-east',
    community,
    queryUrl: url,
    retrieveUrl: url,
    ...(assertionAudience === undefined ? {} : { assertionAudience }),
  })
  await admin.post('/agreements', {
    title: '広域的利用に係る合意書',
    partnerCommunity: community,
    direction: 'both',
    validFrom: '2026-01-01T00:00:00+09:00',
    validTo: '2099-01-01T00:00:00+09:00',
  })
  const pem = await readFile(join(other.network.server.config.dataDir, 'pki', 'ca.crt'), 'utf8')
  await admin.post('/trust-anchors', { label: 'neighbour', pem, facilityId: 'network-east' })
  const server = await readFile(join(other.network.server.config.dataDir, 'pki', 'server.crt'), 'utf8')
  await admin.post('/systems/network-east/certificates', { pem: server })
  const consents = (await admin.get(`/patients/${own.value}/consents`)).body as readonly { consentId: string }[]
  await admin.patch(`/consents/${consents.at(-1)?.consentId}`, { sharesWithCommunities: true, reason: '本人の申し出' })
  await admin.post(`/patients/${own.value}/links`, {
    facilityId: 'network-east',
    id: other.patient.value,
    reason: '窓口で確認',
  })
}

await introduce(
  west,
  { network: east, community: EAST, port: line.port, patient: ofEast, assertionAudience: HOMES.east },
  ofWest,
)
await introduce(east, { network: west, community: WEST, port: west.server.httpsPort, patient: ofWest }, ofEast)

async function provide(network: TestNetwork, patientId: PatientId, text: string): Promise<string> {
  const { provide, entry } = submissionOf({ patientId, bytes: Buffer.from(text), codes: {} })
  const answer = await network.soap('hospital-a', provide)
  if (!isSuccess(answer.text)) throw new Error(errorCodesOf(answer.text).join())
  return entry.uniqueId
}

const inWest = await provide(west, ofWest, `西の検査結果 ${randomUUID()}`)
const eastText = `東の検査結果 ${randomUUID()}`
const inEast = await provide(east, ofEast, eastText)

interface Finding {
  readonly returnType?: 'LeafClass' | 'ObjectRef'
  readonly blocks?: readonly Markup[]
}

const find = (system = 'clinic-b', { returnType = 'LeafClass', ...more }: Finding = {}) =>
  west.soap(system, {
    transaction: iti18Initiating,
    body: writeFindDocuments({ patientId: ofWest, returnType }),
    ...more,
  })
const byId = (home?: string, system = 'clinic-b') =>
  west.soap(system, {
    transaction: iti18Initiating,
    body: writeGetDocuments({
      by: 'uniqueId',
      values: [inEast],
      returnType: 'LeafClass',
      ...(home === undefined ? {} : { home }),
    }),
  })
const document = (home: string | undefined, repositoryUniqueId: string, documentUniqueId: string) => ({
  ...(home === undefined ? {} : { homeCommunityId: home }),
  repositoryUniqueId,
  documentUniqueId,
})
const ofOurs = document(HOMES.west, '2.25.9111', inWest)
const ofTheirs = document(HOMES.east, '2.25.9112', inEast)
const fetch = (requests: readonly ReturnType<typeof document>[], system = 'clinic-b') =>
  west.soap(system, { transaction: iti43Initiating, body: writeRetrieveRequest(requests) })

function statusOf(text: string): string {
  return /ResponseStatusType:(\w+)"/.exec(text)?.[1] ?? ''
}

const holds = (text: string, uniqueId: string): boolean => text.includes(`value="${uniqueId}"`)

t.test('who asks has to be said by somebody whom the neighbour knows (3.40.4.1.3)', async (t) => {
  const { text: unknown } = await find()
  t.same(errorCodesOf(unknown), ['XDSUnavailableCommunity'])
  t.match(unknown, /SOAP fault InvalidSecurityToken/, 'it does not know our issuer yet')
  const { config } = west.server
  const { certificate } = await ensureAssertionKey(config.xua.signingKey, { name: HOMES.west })
  await east.admin.post('/issuers', {
    issuerId: 'west',
    entityId: HOMES.west,
    scope: 'facilities',
    facilities: [{ facilityId: 'network-east' }],
  })
  await east.admin.post('/issuers/west/certificates', { pem: certificate })
  const { text } = await find()
  t.equal(statusOf(text), 'Success', text.slice(0, 2000))
  t.ok(holds(text, inEast))
})

t.test('the neighbour sees the person who asks, in its decision and in its audit (3.40.4.2)', async (t) => {
  const idp = await makeKey('idp of the clinic')
  await west.admin.post('/issuers', {
    issuerId: 'idp',
    entityId: ISSUER,
    scope: 'facilities',
    facilities: [{ facilityId: 'clinic-b' }],
  })
  await west.admin.post('/issuers/idp/certificates', { pem: idp.pem })
  const audiences = [[west.server.config.https.publicUrl]]
  const as = (role: string): readonly Markup[] => {
    const attributes = statement(
      attribute(NAMES.subjectId, '山田 花子'),
      attribute(NAMES.role, coded('Role', role, '2.16.840.1.113883.2.9.6.2.7')),
      attribute(NAMES.purpose, coded('PurposeOfUse', 'TREAT', '2.16.840.1.113883.1.11.20448')),
    )
    return [writeSecurity(trusted(sign(assertion({ audiences, attributes }), idp)))]
  }
  const { text } = await find('clinic-b', { blocks: as('2211') })
  t.ok(holds(text, inEast), text.slice(0, 2000))
  const seen = await east.pool.query(
    `select objects -> 'user' as "user" from audit.event where facility_id = 'network-east' and type_code = 'ITI-38' order by event_id desc limit 1`,
  )
  const { user } = seen.rows[0]
  t.match(user, {
    name: `<yamada@${ISSUER}@${HOMES.west}>`,
    displayName: '山田 花子',
    job: 'doctor',
    roles: [{ code: '2211' }],
    purposeOfUse: { code: 'TREAT' },
    organizationId: /^urn:oid:/,
  })
  const { text: clerks } = await find('clinic-b', { blocks: as('3344') })
  t.equal(statusOf(clerks), 'Success')
  t.notOk(holds(clerks, inEast), 'a clerk sees there what clerks see')
})

t.test(
  'a query about a patient is answered by both networks, each object with its home (3.18.4.1.3, 3.38.4.1.3)',
  async (t) => {
    const { text } = await find()
    t.equal(statusOf(text), 'Success', text.slice(0, 2000))
    t.ok(holds(text, inWest))
    t.ok(holds(text, inEast))
    t.match(text, 'urn:ihe:iti:2007:RegistryStoredQueryResponse', 'the action of the transaction that was asked')
    const homes = [...text.matchAll(/ExtrinsicObject[^>]* home="([^"]+)"/g)].map(([, home]) => home)
    t.same([...new Set(homes)].sort(), [HOMES.west, HOMES.east].sort())
    const { text: references } = await find('clinic-b', { returnType: 'ObjectRef' })
    t.ok(references.includes(`home="${HOMES.east}"`) && references.includes(`home="${HOMES.west}"`))
  },
)

t.test('a retrieve mixes communities, is divided, and comes back as one (3.43, 3.39)', async (t) => {
  const { text } = await fetch([ofTheirs, ofOurs])
  t.equal(statusOf(text), 'Success', text.slice(0, 2000))
  t.match(text, eastText)
  t.match(text, '西の検査結果')
  t.ok(text.indexOf(HOMES.east) < text.indexOf(HOMES.west), 'in the order in which they were asked for')
})

/** Documents of the neighbour that lie in the west. */
async function filesOf({ server }: TestNetwork): Promise<number> {
  const names = await readdir(join(server.config.dataDir, 'documents'), { recursive: true, withFileTypes: true })
  return names.filter((one) => one.isFile()).length
}

t.test('documents of a neighbour that are not passed on do not stay, whatever keeps them from it', async (t) => {
  const image = async (): Promise<ReturnType<typeof document>> =>
    document(HOMES.east, '2.25.9112', await provide(east, ofEast, `東の画像 ${randomUUID()} `.repeat(4000)))
  const large = await image()
  const before = await filesOf(west)
  const body = writeRetrieveRequest([large])
  const { status } = await west.soap('clinic-b', {
    transaction: iti43Initiating,
    body,
    replyTo: 'http://www.w3.org/2005/08/addressing/none',
  })
  t.equal(status, 202)
  t.ok(await eventually(async () => (await filesOf(west)) === before, FELT_WITHIN_MS), 'an answer that nobody wants')

  const idp = await makeKey('another idp of the clinic')
  await west.admin.post('/issuers/idp/certificates', { pem: idp.pem })
  const about = await west.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })
  const attributes = statement(
    attribute(NAMES.subjectId, '山田 花子'),
    attribute(NAMES.role, coded('Role', '2211', '2.16.840.1.113883.2.9.6.2.7')),
    attribute(NAMES.resourceId, formatCx(about)),
  )
  const audiences = [[west.server.config.https.publicUrl]]
  const blocks = [writeSecurity(trusted(sign(assertion({ audiences, attributes }), idp)))]
  const other = await west.soap('clinic-b', { transaction: iti43Initiating, body, blocks })
  t.match(other.text, 'XUA_NOT_HERE')
  t.equal(await filesOf(west), before, 'an assertion about somebody else')
})

t.test('by ids the home decides: none, unknown, own, theirs (3.38.4.1.2)', async (t) => {
  t.same(errorCodesOf((await byId()).text), ['XDSMissingHomeCommunityId'])
  t.same(errorCodesOf((await byId('urn:oid:2.25.7')).text), ['XDSUnknownCommunity'])
  t.notOk(holds((await byId(HOMES.west)).text, inEast), 'the own registry has no such document')
  t.ok(holds((await byId(HOMES.east)).text, inEast))
})

t.test('of a retrieve with an unknown home and one without, the rest is delivered (3.43.4.2)', async (t) => {
  const unknown = document('urn:oid:2.25.7', '2.25.70', '2.25.71')
  const nowhere = document(undefined, '2.25.70', '2.25.72')
  const { text } = await fetch([unknown, ofTheirs, nowhere])
  t.equal(statusOf(text), 'PartialSuccess')
  t.same([...errorCodesOf(text)].sort(), ['XDSMissingHomeCommunityId', 'XDSUnknownCommunity'])
  t.match(text, 'location="urn:oid:2.25.7:2.25.71"')
  t.match(text, eastText)
})

t.test(
  'who may not see the patient here learns nothing of what the neighbour has, and the neighbour hears of nobody',
  async (t) => {
    const asked = async () =>
      (await east.pool.query(`select count(*)::int as n from audit.event where facility_id = 'network-east'`)).rows[0].n
    const before = await asked()
    const { text } = await find('pharmacy-c')
    t.equal(statusOf(text), 'Success')
    t.notOk(holds(text, inEast))
    t.equal(await asked(), before, 'nobody was asked about the patient')
    t.notOk(holds((await byId(HOMES.east, 'pharmacy-c')).text, inEast), 'by a guessed id neither')
    t.same(errorCodesOf((await fetch([ofTheirs], 'pharmacy-c')).text), ['XDSDocumentUniqueIdError'])
  },
)

t.test('each call is audited on both sides and journalled (3.38.6, 3.39.6)', async (t) => {
  const { rows } = await west.pool.query(
    `select distinct type_code, event_code from audit.event where endpoint like '%/xca/responding' order by 1, 2`,
  )
  t.same(rows, [
    { type_code: 'ITI-38', event_code: '110112' },
    { type_code: 'ITI-39', event_code: '110107' },
  ])
  const calls = await west.pool.query(
    `select count(*)::int as n from journal.exchange where transaction in ('ITI-38', 'ITI-39') and result = 'success'`,
  )
  t.ok(calls.rows[0].n > 3)
  t.ok(
    await eventually(async () => {
      const { rows } = await east.pool.query(
        `select distinct type_code from audit.event where facility_id = 'network-east' and outcome = 0 order by 1`,
      )
      return rows.map(({ type_code }) => type_code).join() === 'ITI-38,ITI-39'
    }, FELT_WITHIN_MS),
  )
})

t.test(
  'what a neighbour answered is shown whole to nobody but its own staff: the gateway leaves out what the caller may not see',
  async (t) => {
    const { ca, key, cert } = await readCredentials(west.server.config, 'clinic-b')
    const dispatcher = new Agent({ connect: { ca, key, cert } })
    t.teardown(() => dispatcher.destroy())
    const { httpsUrl } = localAddresses(west.server)
    const called = async (): Promise<readonly string[]> => {
      const { rows } = await west.pool.query(
        `select e.exchange_id from journal.exchange e where e.transaction = 'ITI-38' and e.result = 'success'`,
      )
      return rows.map(({ exchange_id }) => exchange_id)
    }
    const [id] = await called()
    for (const path of [`/journal/${id}`, '/journal?transaction=ITI-38', '/journal?transaction=ITI-39']) {
      const { body } = await request(`${httpsUrl}${path}`, { dispatcher })
      const text = await body.text()
      t.notMatch(text, /"journalId"/, `${path}: a call of this server is no exchange of the system that asked it`)
    }
  },
)

/** A patient whom both networks know, each by its own numbers only: nothing of the one is linked in the other. */
t.test(
  'XCPD: a clinic of one network finds and fetches a document of the other, of a patient who is not linked there (3.55)',
  async (t) => {
    const hanako = (network: TestNetwork) =>
      network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })
    const [here, there] = [await hanako(west), await hanako(east)]
    const allowed = async (network: TestNetwork, { value }: PatientId): Promise<string> => {
      const [consent] = (await network.admin.get(`/patients/${value}/consents`)).body as readonly {
        consentId: string
      }[]
      await network.admin.patch(`/consents/${consent?.consentId}`, {
        sharesWithCommunities: true,
        reason: '本人の申し出',
      })
      const consents = (await network.admin.get(`/patients/${value}/consents`)).body as readonly { consentId: string }[]
      return consents.at(-1)?.consentId ?? ''
    }
    const text = `東の花子 ${randomUUID()}`
    await allowed(east, there)
    const uniqueId = await provide(east, there, text)
    const ask = () => west.admin.post('/partners/network-east/discover', { patient: here.value })
    await t.rejects(ask(), 'nothing lets us ask')
    const agreed = (network: TestNetwork, port: number) =>
      network.admin.patch('/partners/network-east', {
        identity: 'xcpd',
        discoveryUrl: `https://localhost:${port}/xcpd/responding`,
      })
    await agreed(west, line.port)
    await agreed(east, west.server.httpsPort)
    const foundIn = async (network: TestNetwork, patientId: PatientId) =>
      (
        await network.soap('clinic-b', {
          transaction: iti18Initiating,
          body: writeFindDocuments({ patientId, returnType: 'LeafClass' }),
        })
      ).text
    const found = () => foundIn(west, here)
    const discoveries = async ({ pool } = west): Promise<readonly object[]> =>
      (
        await pool.query(
          `select patients, objects from audit.event where type_code = 'ITI-55' and endpoint like 'https:%/xcpd/responding'`,
        )
      ).rows

    t.same((await west.admin.get('/discovery-questions')).body, [])
    t.notOk(holds(await found(), uniqueId))
    t.same(await discoveries(), [], 'without a consent for sharing nobody hears of the patient')
    const consent = await allowed(west, here)
    const answer = await found()
    t.equal(statusOf(answer), 'Success', answer.slice(0, 2000))
    t.ok(holds(answer, uniqueId), 'in the same query in which the patient was discovered')
    t.match((await fetch([document(HOMES.east, '2.25.9112', uniqueId)])).text, text)
    const asked = await discoveries()
    t.match(asked[0], { patients: [], objects: { query: { home: HOMES.east, text: /queryByParameter/ } } }, '3.55.6')
    await found()
    t.equal((await discoveries()).length, asked.length, 'asked once, then known')

    const correlations = async () => (await west.admin.get(`/patients/${here.value}/correlations`)).body
    t.match(await correlations(), [
      { facilityId: 'network-east', side: 'ours', value: here.value, home: WEST },
      { facilityId: 'network-east', side: 'theirs', domain: there.authority, value: there.value, home: EAST },
    ])
    const back = await foundIn(east, there)
    t.match(back, `home="${HOMES.west}"`, 'who was asked asks in turn, by the id that it was told')
    t.same(await discoveries(east), [], 'without asking who that is')
    t.match((await ask()).body, { outcome: 'known' })
    const again = (await discoveries()).length
    t.ok(again > asked.length, 'staff has it asked anew')
    await west.admin.post(`/consents/${consent}/withdraw`, {})
    t.match(await correlations(), [{ endedReason: 'consent withdrawn' }, { endedReason: 'consent withdrawn' }, {}, {}])
    await t.rejects(ask(), 'nor does staff ask without a consent')
    t.notOk(holds(await found(), uniqueId))
    t.equal((await discoveries()).length, again, 'nobody hears of the patient any more')
  },
)

/** Of both gateways, and the messages of the other one that were taken. */
async function crossed({ pool, server }: TestNetwork): Promise<readonly Emitted[]> {
  const { rows } = await pool.query<{ exchange_id: string; transaction: string; endpoint: string }>(
    `select exchange_id, transaction, endpoint from journal.exchange where endpoint like '%/xca/%' or endpoint like '%/xcpd/%' order by at`,
  )
  const messages: Emitted[] = []
  // One after the other: they are many, and the server has its own questions.
  for (const { exchange_id, transaction, endpoint } of rows)
    for (const { direction, bytes } of await server.kept(exchange_id))
      messages.push({ name: `${transaction} ${endpoint} ${direction}`, envelope: bytes })
  return messages
}

/** From now on the east answers on a connection of its own, or no more. */
const asynchronous = (is: boolean, { pool } = west) =>
  pool.query(`update access.partner set is_asynchronous = $1 where facility_id = 'network-east'`, [is])

interface JournalRow {
  readonly transaction: string
  readonly result: string
  readonly error_codes: readonly string[]
  readonly errors: string
}

/** What the west journalled of answers that came to it. */
async function cameTo(since: Date): Promise<readonly JournalRow[]> {
  const { rows } = await west.pool.query<JournalRow>(
    `select transaction, result, error_codes, errors::text from journal.exchange where endpoint = $1 and at >= $2 order by at`,
    ['/xca/initiating/async', since],
  )
  return rows
}

t.test('a neighbour that answers on a connection of its own is asked like the others (Appendix V.3.3)', async (t) => {
  await asynchronous(true)
  const since = new Date()
  const { text } = await find()
  t.equal(statusOf(text), 'Success', text.slice(0, 2000))
  t.ok(holds(text, inEast) && holds(text, inWest))
  const { text: fetched } = await fetch([ofTheirs, ofOurs])
  t.equal(statusOf(fetched), 'Success', fetched.slice(0, 2000))
  t.match(fetched, eastText)
  t.ok(
    await eventually(async () => (await cameTo(since)).length === 3, FELT_WITHIN_MS),
    'the answers are exchanges too',
  )
  t.match(await cameTo(since), [
    { transaction: 'ITI-38 answer', result: 'success' },
    { transaction: 'ITI-38 answer', result: 'success' },
    { transaction: 'ITI-39 answer', result: 'success' },
  ])
  const { rows } = await west.pool.query(
    `select transaction, response_bytes > 0 as "isWhole" from journal.exchange where endpoint like '%/xca/responding' and at >= $1 order by at`,
    [since],
  )
  t.match(rows, [
    { transaction: 'ITI-38', isWhole: true },
    { transaction: 'ITI-38', isWhole: true },
    { transaction: 'ITI-39', isWhole: true },
  ])
  await asynchronous(true, east)
  const body = writeFindDocuments({ patientId: ofEast, returnType: 'LeafClass' })
  const { text: round } = await east.soap('clinic-b', { transaction: iti18Initiating, body })
  t.ok(holds(round, inWest), 'and the other way round')
  const unknown = document(HOMES.east, '2.25.9112', '2.25.70')
  t.same(errorCodesOf((await fetch([unknown])).text), ['XDSDocumentUniqueIdError'])
  await asynchronous(false)
})

t.test(
  'an answer that another process of the network hears finds the call that waits, documents and all',
  async (t) => {
    const second = await startServer(
      configFor(west.server.config.dataDir, { ...westFlags, 'database.url': databaseUrl(west.pool) }),
      { log: SILENT, passwords: TEST_PASSWORDS },
    )
    t.teardown(second.stop)
    behind.west = second.httpsPort
    const largeText = `東の画像 ${randomUUID()} `.repeat(4000)
    const large = document(HOMES.east, '2.25.9112', await provide(east, ofEast, largeText))
    await asynchronous(true)
    const { text } = await fetch([large, ofTheirs])
    t.equal(statusOf(text), 'Success', text.slice(0, 2000))
    t.ok(text.includes(largeText), 'one that is a file')
    t.match(text, eastText, 'and one that is in the message')
    const { rows } = await west.pool.query('select from journal.awaited_answer where root is not null or ended is null')
    t.equal(rows.length, 0)
    behind.west = west.server.httpsPort
    await asynchronous(false)
  },
)

t.test('a fault comes the same way, and is the end of the call (Appendix V.3.3)', async (t) => {
  await asynchronous(true)
  await west.pool.query(`update access.partner set assertion_audience = null where facility_id = 'network-east'`)
  const { text } = await find()
  t.match(text, /SOAP fault FailedAuthentication/)
  t.ok(holds(text, inWest))
  await west.pool.query(`update access.partner set assertion_audience = $1 where facility_id = 'network-east'`, [
    HOMES.east,
  ])
  await asynchronous(false)
})

/** The patient of the discovery above, who shares nothing any more: asked for anew. */
t.test('who a patient is there is told on a connection of its own, too (3.55.4.2, Appendix V.3.3)', async (t) => {
  const hanako = (network: TestNetwork) =>
    network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })
  const [here, there] = [await hanako(west), await hanako(east)]
  const uniqueId = await provide(east, there, `東の花子 ${randomUUID()}`)
  await west.admin.post(`/patients/${here.value}/consents`, {
    kind: 'comprehensive',
    evidence: '同意書',
    sharesWithCommunities: true,
  })
  await asynchronous(true)
  const find = async (): Promise<string> =>
    (
      await west.soap('clinic-b', {
        transaction: iti18Initiating,
        body: writeFindDocuments({ patientId: here, returnType: 'LeafClass' }),
      })
    ).text
  const known = async () => {
    const { rows } = await west.pool.query(
      `select value, round(extract(epoch from expires_at - learned_at) / 86400)::int as days from identity.correlation
       where side = 'theirs' and ended_at is null and value is not null`,
    )
    return rows
  }
  const since = new Date()
  t.same(await known(), [])

  reached.get('west')?.('refuse')
  const lost = await find()
  t.match(lost, /no whole answer in time/, 'an answer that does not arrive')
  t.same(errorCodesOf(lost), ['XDSUnavailableCommunity'])
  t.same(await known(), [], 'nothing is known of it')
  reached.get('west')?.('none')

  const isFound = async () => holds(await find(), uniqueId)
  t.ok(await eventually(isFound, FELT_WITHIN_MS), 'discovered and asked in the same query')
  t.same(await known(), [{ value: there.value, days: 30 }], 'as long as the header of the answer says')
  const kinds = async (): Promise<readonly string[]> => {
    const came = await cameTo(since)
    return [...new Set(came.flatMap(({ transaction, result }) => (result === 'success' ? transaction : [])))]
  }
  t.ok(await eventually(async () => (await kinds()).length === 2, FELT_WITHIN_MS))
  t.same(await kinds(), ['ITI-55 answer', 'ITI-38 answer'], 'the answers are exchanges too')
  await asynchronous(false)
})

t.test(
  'an answer that comes late, twice, or from somebody else is taken for no call (WS-Addressing Core, 3.4)',
  async (t) => {
    const since = new Date()
    const east38 = async (): Promise<string> => {
      const { rows } = await west.pool.query(
        `select message_id from journal.exchange where transaction = 'ITI-38 answer' order by at desc limit 1`,
      )
      return rows[0].message_id
    }
    const answered = await east38()
    const [late, other] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`]
    await west.pool.query(
      `insert into journal.awaited_answer (message_id, facility_id, transaction, process_id, expires_at, ended)
     values ($1, 'network-east', 'ITI-38', gen_random_uuid(), now(), 'given up'), ($2, 'hospital-a', 'ITI-38', gen_random_uuid(), now() + interval '1 minute', null)`,
      [late, other],
    )
    const body = writeQueryResponse(
      { returnType: 'LeafClass', objects: [] },
      { result: 'success', errors: [], journalId: randomUUID() },
    )
    for (const relatesTo of [answered, late, other]) {
      const envelope = writeEnvelope({ action: iti38.responseAction, relatesTo, body })
      const { statusCode, body: answer } = await request(`${west.baseUrl}/xca/initiating/async`, {
        method: 'POST',
        dispatcher: await west.agentOf('network-east'),
        headers: { 'content-type': 'application/soap+xml; charset=UTF-8' },
        body: envelope,
      })
      t.equal(statusCode, 202)
      t.equal(await answer.text(), '')
    }
    t.match(await cameTo(since), [
      {
        transaction: 'ITI-38 answer',
        result: 'failure',
        error_codes: ['ANSWER_UNAWAITED'],
        errors: /one answer to a call/,
      },
      {
        transaction: 'ITI-38 answer',
        result: 'failure',
        error_codes: ['ANSWER_UNAWAITED'],
        errors: /which was given up/,
      },
      {
        transaction: 'unknown answer',
        result: 'failure',
        error_codes: ['ANSWER_UNAWAITED'],
        errors: /the MessageID of a call to this community/,
      },
    ])
    const { rows } = await west.pool.query('select ended from journal.awaited_answer where message_id = $1', [other])
    t.same(rows, [{ ended: null }], 'it waits for the one that was asked')
    for (const contentType of ['', 'multipart']) {
      const { statusCode, body: refused } = await request(`${west.baseUrl}/xca/initiating/async`, {
        method: 'POST',
        dispatcher: await west.agentOf('network-east'),
        headers: contentType === '' ? {} : { 'content-type': contentType },
        body: 'nothing',
      })
      t.equal(statusCode, 415, `"${contentType}" is no message, and no fault of ours`)
      t.match(await refused.text(), 'code="CONTENT_TYPE"')
    }
  },
)

t.test('every message of both gateways, asked and answered, is valid against the schemas', async (t) => {
  const [inWest, inEast] = await Promise.all([west, east].map(crossed))
  const all = [...(inWest ?? []), ...(inEast ?? [])]
  const kinds = new Set(all.map(({ name }) => name.replace(/https:\S*?(?=\/xc)/, 'to ')))
  for (const kind of EMITTED) for (const side of ['request', 'answer']) t.ok(kinds.has(`${kind} ${side}`), kind)
  t.same(schemaFaults(all), [])
})

/** Good results stay, the community is named, nothing takes longer than its budget. */
async function failsAlone(t: Test, fault: string): Promise<void> {
  const startedMs = performance.now()
  const { text } = await find()
  t.equal(statusOf(text), 'PartialSuccess', fault)
  t.ok(holds(text, inWest), 'the own results are intact')
  t.same(errorCodesOf(text), ['XDSUnavailableCommunity'])
  t.match(text, `location="${HOMES.east}"`)
  t.ok(performance.now() - startedMs < 8000, 'within the budget')
}

t.test('a neighbour that is down, hangs or breaks off is named, and the rest stands (3.18.4.1.3)', async (t) => {
  for (const fault of ['refuse', 'hang', 'cut'] as const) {
    line.fault(fault)
    await failsAlone(t, fault)
  }
  const { text } = await fetch([ofOurs, ofTheirs])
  t.equal(statusOf(text), 'PartialSuccess')
  t.same(errorCodesOf(text), ['XDSUnavailableCommunity'])
  t.match(text, `location="${HOMES.east}:${inEast}"`)
  await find()
  const startedMs = performance.now()
  const { text: open } = await find()
  t.match(open, /next try in \d+ s/, 'its breaker is open')
  t.ok(performance.now() - startedMs < 1500, 'it is not waited for any more')
  line.fault('none')
})
