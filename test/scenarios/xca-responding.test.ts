// A neighbouring community asks by ITI-38, ITI-39 and ITI-55 under the consent rule: agreement, consent for sharing, link (ITI TF-2 3.38, 3.39, 3.55;
// idlink U-9, X-4).

import { randomUUID } from 'node:crypto'
import t from 'tap'
import { request } from 'undici'
import { ENDPOINTS, iti38, iti39, iti55 } from '../../profiles/transactions/index.ts'
import { writeFindDocuments } from '../../src/codec/ebxml/query-request.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { writeCorrelationLife } from '../../src/codec/hl7v3/correlation-life.ts'
import { type OutgoingDiscovery, writeDiscovery } from '../../src/codec/hl7v3/write-discovery.ts'
import { newOid, type Oid, type PatientId } from '../../src/model/identifiers.ts'
import {
  assertion,
  attribute,
  envelope,
  ISSUER,
  makeKey,
  NAMES,
  security,
  sign,
  statement,
} from '../codec/saml/assertions.ts'
import { errorCodesOf, isSuccess, type Submitted, submissionOf } from '../faults/messages.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const { server, admin, pool } = network
const { homeCommunityId } = server.config.community
const repositoryUniqueId = server.config.repository.uniqueId
const COMMUNITY = '2.25.9001'
/** As the doors read identities again. */
const FELT_WITHIN_MS = 20_000
const hanako = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })

async function provide(patientId: PatientId, codes: Submitted['codes'] = {}): Promise<string> {
  const { provide, entry } = submissionOf({ patientId, bytes: Buffer.from(`文書 ${randomUUID()}`), codes })
  const { text } = await network.soap('hospital-a', provide)
  if (!isSuccess(text)) throw new Error(errorCodesOf(text).join())
  return entry.uniqueId
}

/** Found by ITI-38 and fetched by ITI-39, or neither. */
async function partnerSees(uniqueId: string): Promise<string> {
  const body = writeFindDocuments({ patientId: hanako, returnType: 'LeafClass' })
  const { text: found } = await network.soap('network-east', { transaction: iti38, body })
  const asked = writeRetrieveRequest([{ homeCommunityId, repositoryUniqueId, documentUniqueId: uniqueId }])
  const { text: fetched } = await network.soap('network-east', { transaction: iti39, body: asked })
  const shown =
    found.includes('ResponseStatusType:Success') && found.includes(`value="${uniqueId}"`) ? 'found' : 'hidden'
  return `${shown} ${isSuccess(fetched) ? 'fetched' : errorCodesOf(fetched).join()}`
}

const SEEN = 'found fetched'
const UNSEEN = 'hidden XDSDocumentUniqueIdError'

const [result, prescription] = [
  await provide(hanako, { classCode: 'LAB' }),
  await provide(hanako, { classCode: 'MEDICATION' }),
]

async function agree(more: object = {}): Promise<string> {
  const agreement = {
    title: `広域的利用に係る合意書 ${newOid()}`,
    partnerCommunity: COMMUNITY,
    direction: 'both',
    validFrom: '2026-01-01T00:00:00+09:00',
    validTo: '2099-01-01T00:00:00+09:00',
    ...more,
  }
  const { agreementId } = (await admin.post('/agreements', agreement)).body as { agreementId: string }
  return agreementId
}

async function consentChanges(change: object): Promise<void> {
  const consents = (await admin.get(`/patients/${hanako.value}/consents`)).body as readonly {
    consentId: string
    withdrawnAt?: string
  }[]
  const standing = consents.filter(({ withdrawnAt }) => withdrawnAt === undefined || withdrawnAt === null).at(-1)
  await admin.patch(`/consents/${standing?.consentId}`, { ...change, reason: '本人の申し出' })
}

const becomes = (uniqueId: string, expected: string): Promise<boolean> =>
  eventually(async () => (await partnerSees(uniqueId)) === expected, FELT_WITHIN_MS)

t.test('each condition by itself opens nothing, all of them together open (idlink U-9, X-4)', async (t) => {
  t.equal(await partnerSees(result), UNSEEN, 'a facility like any other, in no union')
  await admin.post('/partners', { facilityId: 'network-east', community: COMMUNITY })
  t.equal(await partnerSees(result), UNSEEN, 'no agreement')
  const incoming = await agree({ direction: 'incoming' })
  const linked = { facilityId: 'network-east', id: 'E-1', reason: '窓口で確認' }
  await admin.post(`/patients/${hanako.value}/links`, linked)
  await consentChanges({ sharesWithCommunities: true })
  t.equal(await partnerSees(result), UNSEEN, 'they may show us theirs, which shows them nothing of ours')
  await admin.post(`/agreements/${incoming}/end`, { reason: '新しい合意' })
  await agree({ kinds: ['LAB'] })
  t.ok(await becomes(result, SEEN), 'agreement, consent for sharing and link stand')
  t.equal(await partnerSees(prescription), UNSEEN, 'the agreement is for other kinds')
})

t.test('a consent that is for this network only shows them nothing', async (t) => {
  await consentChanges({ sharesWithCommunities: false })
  t.ok(await becomes(result, UNSEEN))
  t.ok(
    (await network.find('clinic-b', hanako)).some(({ uniqueId }) => uniqueId === result),
    'the own network sees it',
  )
  await consentChanges({ sharesWithCommunities: true })
  t.ok(await becomes(result, SEEN))
})

t.test('an objection counts towards them too', async (t) => {
  await consentChanges({ exclude: { facilities: ['network-east'] } })
  t.ok(await becomes(result, UNSEEN))
  await consentChanges({ readmit: { facilities: ['network-east'] } })
  t.ok(await becomes(result, SEEN))
  await consentChanges({ exclude: { kinds: ['LAB'] } })
  t.ok(await becomes(result, UNSEEN))
  await consentChanges({ readmit: { kinds: ['LAB'] } })
  t.ok(await becomes(result, SEEN))
})

t.test('without the link of their own number nothing is shown, and nothing when the agreement ends', async (t) => {
  await admin.delete(`/patients/${hanako.value}/links/network-east/E-1?reason=${encodeURIComponent('取り違え')}`)
  t.ok(await becomes(result, UNSEEN))
  await admin.post(`/patients/${hanako.value}/links`, { facilityId: 'network-east', id: 'E-2', reason: '窓口で確認' })
  t.ok(await becomes(result, SEEN))
  const running = (await admin.get('/agreements?running=true')).body as readonly { agreementId: string }[]
  for (const { agreementId } of running) await admin.post(`/agreements/${agreementId}/end`, { reason: '終了' })
  t.ok(await becomes(result, UNSEEN))
})

t.test(
  'their gateway may name the person who asks, of their community and of no other (ITI TF-2 3.40; 3.38.5)',
  async (t) => {
    const idp = await makeKey('issuer')
    const [issuerId, entityId] = ['east', ISSUER]
    await admin.post('/issuers', {
      issuerId,
      entityId,
      scope: 'facilities',
      facilities: [{ facilityId: 'network-east' }],
    })
    await admin.post('/issuers/east/certificates', { pem: idp.pem })
    const audiences = [[server.config.https.publicUrl]]
    const query = writeFindDocuments({ patientId: hanako, returnType: 'ObjectRef' })
    const ask = async (home: string): Promise<string> => {
      const attributes = statement(attribute(NAMES.homeCommunityId, home))
      const header = security(sign(assertion({ audiences, attributes }), idp))
      const response = await request(`${network.baseUrl}${ENDPOINTS.RespondingGateway}`, {
        method: 'POST',
        dispatcher: await network.agentOf('network-east'),
        headers: { 'content-type': 'application/soap+xml; charset=UTF-8' },
        body: envelope(header, query, iti38.action),
      })
      return response.body.text()
    }
    t.match(await ask(`urn:oid:${COMMUNITY}`), 'ResponseStatusType:Success')
    t.match(await ask(homeCommunityId), 'XUA_NOT_HERE')
    const { rows } = await pool.query(
      `select objects->'user'->>'name' as name from audit.event where type_code = 'ITI-38' and objects ? 'user' order by event_id desc limit 1`,
    )
    t.match(rows[0]?.name, /@/, 'the audit names the person')
  },
)

t.test('a facility stands for one community, and a community has one facility', async (t) => {
  const { body: partners } = await admin.get('/partners')
  t.match(partners, [{ facilityId: 'network-east', community: COMMUNITY }])
  await t.resolves(admin.post('/partners', { facilityId: 'network-east', community: COMMUNITY }), 'the same again')
  await t.rejects(
    admin.post('/partners', { facilityId: 'network-east', community: '2.25.9002' }),
    /CONFLICT|other content/,
  )
  await t.rejects(admin.post('/partners', { facilityId: 'clinic-b', community: COMMUNITY }), /CONFLICT|other content/)
  await t.rejects(
    admin.post('/partners', { facilityId: 'nobody', community: '2.25.9003' }),
    /NOT_FOUND|nothing of this name/,
  )
})

/** ITI-55 for 花子 as the neighbouring network knows her. */
async function discover(fields: Partial<OutgoingDiscovery> = {}, life?: number): Promise<string> {
  const body = writeDiscovery({
    sender: { id: newOid(), organization: COMMUNITY as Oid },
    receiver: { id: newOid() },
    queryId: { root: newOid() },
    names: [
      { family: '見本', given: '花子' },
      { family: 'ミホン', given: 'ハナコ' },
    ],
    birthDate: '19620930',
    sex: 'F',
    address: { text: '架空県見本市2-2-2' },
    ids: [{ authority: OWN_AUTHORITY, value: 'E-77' }],
    reverseAuthority: OWN_AUTHORITY,
    ...fields,
  })
  const blocks = life === undefined ? [] : [writeCorrelationLife(life)]
  const { text } = await network.soap('network-east', { transaction: iti55, body, blocks })
  return text
}

const OWN_AUTHORITY = '2.25.9001001' as Oid
const NOT_FOUND = 'queryResponseCode code="NF"'

t.test(
  'discovery finds a patient whom the community may find, and the id that it was told opens ITI-38 (ITI TF-2 3.55)',
  async (t) => {
    await admin.delete(
      `/patients/${hanako.value}/links/network-east/E-2?reason=${encodeURIComponent('発見で照会する')}`,
    )
    t.match(await discover(), NOT_FOUND, 'no agreement runs')
    const agreementId = await agree({ kinds: ['LAB'] })
    t.ok(await eventually(async () => !(await discover()).includes(NOT_FOUND), FELT_WITHIN_MS))
    t.equal(await partnerSees(result), SEEN, 'without a linked number')
    t.equal(await partnerSees(prescription), UNSEEN, 'the agreement is for other kinds')
    const found = await discover()
    t.match(found, `<id root="${hanako.authority}" extension="${hanako.value}"`)
    t.match(found, 'P0Y0M30D</xcpd:CorrelationTimeToLive>')
    const { rows } = await pool.query(
      `select c.side, c.home, c.value, c.ended_reason, x.transaction, round(extract(epoch from c.expires_at - c.learned_at) / 86400)::int as days
     from identity.correlation c join journal.exchange x using (exchange_id) order by correlation_id desc limit 2`,
    )
    const told = {
      side: 'ours',
      home: homeCommunityId.replace('urn:oid:', ''),
      value: hanako.value,
      transaction: 'ITI-55',
    }
    t.same(rows, [
      { ...told, ended_reason: null, days: 30 },
      { ...told, ended_reason: 'told again', days: 30 },
    ])
    await consentChanges({ sharesWithCommunities: false })
    t.match(await discover(), NOT_FOUND, 'a consent that is for this network only')
    t.equal(await partnerSees(result), UNSEEN, 'what was told opens nothing without consent')
    await consentChanges({ sharesWithCommunities: true })
    t.notMatch(await discover(), NOT_FOUND)
    t.equal(await partnerSees(result), SEEN)
    await pool.query(`update identity.correlation set expires_at = now() - interval '1 second' where ended_at is null`)
    t.equal(await partnerSees(result), UNSEEN, 'it holds no longer than was said')
    t.notMatch(await discover(), NOT_FOUND)
    t.equal(await partnerSees(result), SEEN, 'asked again, told again')
    await admin.post(`/agreements/${agreementId}/end`, { reason: '終了' })
    t.ok(await eventually(async () => (await discover()).includes(NOT_FOUND), FELT_WITHIN_MS))
  },
)

t.test(
  'the community’s own id is kept for questions in return, for as long as it allows (ITI TF-2 3.55.4.1.2.3)',
  async (t) => {
    await agree()
    const theirs = async () => {
      const { rows } = await pool.query(
        `select home, domain, value, ended_at is null as runs, round(extract(epoch from expires_at - learned_at))::int as seconds
       from identity.correlation where side = 'theirs' order by correlation_id`,
      )
      return rows
    }
    t.ok(await eventually(async () => !(await discover({}, 60)).includes(NOT_FOUND), FELT_WITHIN_MS))
    t.same(await theirs(), [], 'patients are found there by linked numbers alone')
    await admin.patch('/partners/network-east', {
      queryUrl: 'https://localhost:1/xca',
      retrieveUrl: 'https://localhost:1/xca',
      discoveryUrl: 'https://localhost:1/xcpd',
      identity: 'xcpd',
    })
    await discover()
    t.same(await theirs(), [], 'nothing is kept without a time to live')
    await discover({}, 60)
    const first = { home: COMMUNITY, domain: OWN_AUTHORITY, value: 'E-77', runs: true, seconds: 60 }
    t.same(await theirs(), [first])
    const ids = [{ authority: OWN_AUTHORITY, value: 'E-78' }]
    await discover({ ids }, 90)
    t.same(await theirs(), [
      { ...first, runs: false },
      { ...first, value: 'E-78', seconds: 90 },
    ])
  },
)

t.test('a gateway speaks for the community of its certificate alone (ITI TF-2 3.55.4.1.2.4)', async (t) => {
  const text = await discover({ sender: { id: newOid(), organization: '2.25.9002' as Oid } })
  t.match(text, 'queryResponseCode code="QE"')
  t.match(text, '/PRPA_IN201305UV02/sender/device/asAgent/representedOrganization/id/@root')
})

t.test(
  'every look is audited as the transaction between gateways, with the community’s system (ITI TF-2 3.38.6, 3.39.6)',
  async (t) => {
    const { rows } = await pool.query(
      `select distinct type_code, event_code, system_id from audit.event where facility_id = 'network-east' and type_code like 'ITI-%' order by type_code`,
    )
    t.same(rows, [
      { type_code: 'ITI-38', event_code: '110112', system_id: 'network-east' },
      { type_code: 'ITI-39', event_code: '110106', system_id: 'network-east' },
      { type_code: 'ITI-55', event_code: '110112', system_id: 'network-east' },
    ])
  },
)
