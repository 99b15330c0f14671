// An assertion of the purpose emergency opens the patient it asks for, before the request is decided (ITI TF-2 3.40.4.1.2; docs/emergency.md).

import { randomUUID } from 'node:crypto'
import t from 'tap'
import { affinityDomain } from '../../profiles/affinity-domain/index.ts'
import { dataKinds } from '../../profiles/storeclient/index.ts'
import { MAX_BY_ASSERTION_PER_HOUR } from '../../src/access/emergency/by-assertion.ts'
import { type Given, registryPorts, repositoryPorts, storedQueryPorts } from '../../src/app/actor-ports.ts'
import { findActiveSystem } from '../../src/db/access-store.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import type { User } from '../../src/model/user.ts'
import { STATUS_APPROVED } from '../../src/model/xds.ts'
import { storedQuery } from '../../src/registry/stored-query.ts'
import type { BlobStore } from '../../src/repository/ports.ts'
import { retrieve } from '../../src/repository/retrieve.ts'
import { SILENT } from '../faults/support.ts'
import { ICHIRO, operator, startEmergencyNetwork } from './emergency-network.ts'

t.setTimeout(170_000)

const network = await startEmergencyNetwork(t)
const { server, pool, call, rows, staff, byHospital, published, alertsOf, runOut } = network
const ichiro = await byHospital(ICHIRO)
const document = await published(ichiro)

function portsWith(settings: Partial<Given['config']['access']> = {}) {
  const config = { ...server.config, access: { ...server.config.access, ...settings } }
  const given: Given = { config, log: SILENT, pool, affinityDomain, dataKinds }
  const registry = registryPorts(given)
  return {
    queries: storedQueryPorts(given, registry),
    repository: repositoryPorts(given, { registry, blobs: {} as BlobStore }),
  }
}

const usual = portsWith()

/** Who asks in an emergency. */
function userOf(name: string, more: Partial<User> = {}): User {
  return {
    name: `<${name}@https://idp.clinic-b.example>`,
    origin: 'assertion',
    job: 'doctor',
    roles: [],
    purpose: 'emergency',
    purposeOfUse: { code: 'ETREAT', scheme: '2.16.840.1.113883.1.11.20448', display: 'emergency treatment' },
    ...more,
  }
}

async function callerAs(systemId: string, user?: User): Promise<Caller> {
  const system = await findActiveSystem(pool, { systemId, networkMode: 'consent' })
  if (system === undefined) throw new Error(`there is no system ${systemId}`)
  const exchange = {
    id: randomUUID(),
    door: 'https',
    endpoint: '/xds/registry',
    peer: '192.0.2.1:4711',
    receivedAt: new Date(),
    requestBytes: 0,
    startedMs: 0,
    transaction: 'ITI-18',
  } as const
  return { ...system, exchange, ...(user === undefined ? {} : { user }) }
}

async function find(caller: Caller, patientId: PatientId = ichiro, ports = usual): Promise<string> {
  const { answer, evidence } = await storedQuery(
    {
      query: {
        kind: 'FindSubmissionSets',
        returnType: 'ObjectRef',
        metadataLevel: 1,
        patientId,
        status: [STATUS_APPROVED],
        sourceId: [],
        submissionTime: {},
        authorPerson: [],
        contentType: [],
      },
      audit: { id: 'test', text: 'test' },
    },
    caller,
    ports.queries,
  )
  return `${answer.objects.length > 0 ? 'found' : 'nothing'}: ${evidence.decision?.reason}`
}

async function fetched(caller: Caller, ids: readonly string[], ports = usual): Promise<number> {
  const repositoryUniqueId = server.config.repository.uniqueId
  const requests = ids.map((documentUniqueId) => ({ repositoryUniqueId, documentUniqueId }))
  return (await retrieve(requests, caller, ports.repository)).answer.length
}

const grantsOf = (name: string) =>
  rows<Record<string, unknown>>(`select * from access.emergency_grant where user_name = $1 order by grant_id`, [
    userOf(name).name,
  ])

const HIDDEN = 'nothing: the facility has no linked patient number'
const SEEN = 'found: emergency access stands'

t.test('a patient query with the purpose emergency opens a grant once, in the exchange of the request', async (t) => {
  const caller = await callerAs('clinic-b', userOf('yamada'))
  t.equal(await find(caller), SEEN)
  t.equal(await find(await callerAs('clinic-b', userOf('yamada'))), SEEN)
  const [grant, more] = await grantsOf('yamada')
  t.equal(more, undefined, 'once')
  t.match(grant, {
    facility_id: 'clinic-b',
    staff_id: null,
    job: 'doctor',
    publisher_id: null,
    number: ichiro.value,
    origin: 'assertion',
    reason_code: 'asserted',
    reason: 'PurposeOfUse ETREAT^^2.16.840.1.113883.1.11.20448',
    consent_kind: 'asserted',
    consent_by: 'asserted by <yamada@https://idp.clinic-b.example>',
    chart_noted: false,
    exchange_id: caller.exchange.id,
  })
  const [event, second] = await rows<Record<string, unknown>>(
    `select exchange_id, endpoint, peer, type_code, objects from audit.event where objects->'emergency' ? $1`,
    [grant?.grant_id],
  )
  t.equal(second, undefined)
  t.match(event, {
    exchange_id: caller.exchange.id,
    endpoint: '/xds/registry',
    peer: '192.0.2.1:4711',
    type_code: '110127',
    objects: { by: '<yamada@https://idp.clinic-b.example>' },
  })
  t.match(
    await rows('select facility_id, contact from access.emergency_notice where grant_id = $1', [grant?.grant_id]),
    [{ facility_id: 'hospital-a', contact: 'due' }],
  )
})

t.test('a document that is fetched opens the one patient it is about (ITI-43)', async (t) => {
  const pharmacist = userOf('kimura', { job: 'pharmacist' })
  const taro = await published(await byHospital('0000012345'))
  const midori = await published(await byHospital('0000012352'))
  t.equal(await fetched(await callerAs('pharmacy-c', pharmacist), [midori]), 0, 'the family excluded the pharmacy')
  t.equal(await fetched(await callerAs('pharmacy-c', pharmacist), [taro, midori]), 0, 'two patients are no emergency')
  t.equal((await grantsOf('kimura')).length, 0)
  t.equal(await fetched(await callerAs('pharmacy-c', pharmacist), [taro]), 1)
  t.equal((await grantsOf('kimura')).length, 1)
  t.equal(await fetched(await callerAs('pharmacy-c', pharmacist), ['2.25.99']), 0)
})

t.test(
  'nothing is opened for another purpose, without a person, for who has no clinical work, or where it is off',
  async (t) => {
    await pool.query(`update access.emergency_grant set ended_at = now() where ended_at is null`)
    const [before] = await rows<{ count: string }>('select count(*) from access.emergency_grant')
    const refused: readonly (readonly [string, User | undefined])[] = [
      ['no person', undefined],
      ['treatment', userOf('a', { purpose: 'treatment' })],
      ['a session is no assertion', userOf('a', { origin: 'session' })],
      ['no role that we know', userOf('a', { job: 'system' })],
      ['clerk', userOf('a', { job: 'clerk' })],
      ['no such member of staff', userOf('a', { staffId: 'nobody' })],
      ['about another patient', userOf('a', { patientId: await byHospital('0000012345') })],
    ]
    for (const [why, user] of refused) t.equal(await find(await callerAs('clinic-b', user)), HIDDEN, why)
    const forOther = await callerAs('clinic-b', userOf('a', { purpose: 'other' }))
    t.equal(await find(forOther), 'nothing: the purpose of use opens nothing')
    const off = portsWith({ emergencyByAssertion: false })
    t.equal(await find(await callerAs('clinic-b', userOf('a')), ichiro, off), HIDDEN, 'switched off for the network')
    t.equal(await fetched(await callerAs('clinic-b', userOf('a')), [document], off), 0)
    t.equal((await call(operator, ['PUT', '/emergency/assertions/clinic-b', { allowed: 'no' }])).status, 200)
    t.equal(await find(await callerAs('clinic-b', userOf('a'))), HIDDEN, 'switched off for the facility')
    t.equal((await call(operator, ['PUT', '/emergency/assertions/clinic-b', { allowed: 'yes' }])).status, 200)
    t.equal((await call(operator, ['PUT', '/emergency/assertions/nowhere', { allowed: 'yes' }])).status, 404)
    t.equal(await find(await callerAs('tester', userOf('a'))), 'found: affinity-domain mode', 'there nothing is closed')
    const unconsented = await byHospital('0000012349')
    t.equal(await find(await callerAs('pharmacy-c', userOf('a')), unconsented), 'nothing: no consent stands')
    t.equal(
      await find(await callerAs('clinic-b', userOf('a')), { ...ichiro, value: 'none' }),
      'nothing: unknown patient',
    )
    t.strictSame(await rows('select count(*) from access.emergency_grant'), [before])
    t.equal(await find(await callerAs('clinic-b', userOf('a', { patientId: ichiro }))), SEEN)
  },
)

t.test('a member of staff whom the assertion names needs the EMS right of their facility', async (t) => {
  await staff('tanaka', { facilityId: 'clinic-b' })
  await staff('abe', { facilityId: 'clinic-b', mayUseEms: false })
  await staff('ueda', { facilityId: 'pharmacy-c' })
  await pool.query(`update access.emergency_grant set ended_at = now() where ended_at is null`)
  t.equal(await find(await callerAs('clinic-b', userOf('abe', { staffId: 'abe' }))), HIDDEN)
  t.equal(await find(await callerAs('clinic-b', userOf('ueda', { staffId: 'ueda' }))), HIDDEN, 'of another facility')
  t.equal(await find(await callerAs('clinic-b', userOf('tanaka', { staffId: 'tanaka' }))), SEEN)
  t.match(await grantsOf('tanaka'), [{ staff_id: 'tanaka' }])
})

t.test('many requests at once open one grant; after it, the same user opens none before a review', async (t) => {
  const caller = await callerAs('clinic-b', userOf('mori'))
  await Promise.all(Array.from({ length: 8 }, () => find(caller)))
  const [grant, more] = await grantsOf('mori')
  t.equal(more, undefined)
  t.equal((await alertsOf(grant?.grant_id)).length, 1)
  await pool.query(`update access.emergency_grant set ended_at = now() where user_name <> $1 and ended_at is null`, [
    userOf('mori').name,
  ])
  await runOut(userOf('mori').name)
  t.equal(await find(caller), HIDDEN)
  t.equal((await grantsOf('mori')).length, 1)
  t.strictSame(
    (await alertsOf(grant?.grant_id)).map(({ type_code }) => type_code),
    ['110127', '110138'],
  )
  const [refused] = await rows<{ reason: string; outcome: number }>(
    `select reason, outcome from audit.event where type_code = '110132' order by event_id desc limit 1`,
  )
  t.match(refused, { reason: 'emergency access refused: renewal without review', outcome: 4 })
  await call(operator, ['POST', `/emergency/${grant?.grant_id}/review`, { comment: 'checked' }])
  t.equal(await find(caller), SEEN)
  t.equal((await grantsOf('mori')).length, 2)
})

t.test('who walks through patients is stopped', async (t) => {
  await pool.query(`update access.emergency_grant set ended_at = now() where ended_at is null`)
  const { name } = userOf('walker')
  await pool.query(
    `insert into access.emergency_grant (facility_id, user_name, person_key, number, number_authority, origin, reason_code, reason, consent_kind,
                                         chart_noted, ends_at)
     select 'clinic-b', $1, -n, '', '', 'assertion', 'asserted', '', 'asserted', false, now() + interval '1 hour'
     from generate_series(1, $2) as n`,
    [name, MAX_BY_ASSERTION_PER_HOUR],
  )
  t.equal(await find(await callerAs('clinic-b', userOf('walker'))), HIDDEN)
  await pool.query(
    `update access.emergency_grant set started_at = now() - interval '61 minutes' where user_name = $1 and person_key = -1`,
    [name],
  )
  t.equal(await find(await callerAs('clinic-b', userOf('walker'))), SEEN)
})
