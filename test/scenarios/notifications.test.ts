// Update notifications to real receivers: ITI-46 over mutual TLS and ITI-10 over MLLP/TLS, retried, parked, in order (ITI TF-2 3.46, 3.10).

import t, { type Test } from 'tap'
import { textOf } from '../../src/cli/admin-client.ts'
import { loadDemoNetwork } from '../../src/cli/demo/network.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import { value } from '../../src/model/hl7v2.ts'
import type { Oid, PatientId } from '../../src/model/identifiers.ts'
import { formatCx } from '../../src/model/identifiers.ts'
import { faultsOf, renderedEvents } from '../audit/rendered.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'
import { createTestPki } from '../mllp/pki.ts'
import { feedingOf, idIn } from './feeding.ts'
import { type Consumer, startConsumer, startV2Consumer } from './pix-consumer.ts'
import { schemaFaults } from './validate.ts'

t.setTimeout(180_000)
const WITHIN_MS = 30_000

const network = await startNetwork(t, { 'notifications.timeoutMs': '700' })
const { pool, server, admin } = network
const { config } = server
const { add, revise, merge, link } = feedingOf(network)
const HOSPITAL = DOMAINS['hospital-a']
const CLINIC = DOMAINS['clinic-b']
const XAD = config.identity.affinityDomainAuthority
const tester = (await loadDemoNetwork()).systems.find(({ systemId }) => systemId === 'tester')
const TESTER = tester?.assigningAuthority as Oid

interface Subscribing {
  readonly id: string
  readonly system?: string
  readonly domains?: readonly Oid[]
}

async function subscribe(
  t: Test,
  { id, system = 'tester', domains }: Subscribing,
  given?: Consumer,
): Promise<Consumer> {
  const consumer = given ?? (await startConsumer({ config }))
  const isV2 = consumer.endpoint.startsWith('mllps')
  await admin.post('/subscriptions', {
    subscriptionId: id,
    systemId: system,
    transaction: isV2 ? 'ITI-10' : 'ITI-46',
    endpoint: consumer.endpoint,
    ...(isV2 ? { receivingApplication: 'EHR', receivingFacility: 'CLINIC' } : { deviceOid: '2.25.400.9' }),
    ...(domains === undefined ? {} : { domains }),
  })
  t.teardown(async () => {
    await admin.delete(`/subscriptions/${id}`).catch(() => {})
    await consumer.stop()
  })
  return consumer
}

/** What the consumer has heard, once it is as much as expected; a moment more would show what is too much. */
async function heardBy(consumer: Consumer, count: number): Promise<readonly (readonly string[])[]> {
  await eventually(async () => consumer.heard.length >= count, WITHIN_MS)
  return consumer.heard.map(({ ids }) => ids)
}

/** What the journal keeps of the first call about a patient. */
async function keptOf(transaction: string, patient: string) {
  const { rows } = await pool.query<{ exchange_id: string }>(
    'select exchange_id from journal.exchange where transaction = $1 and $2 = any(patients) order by at limit 1',
    [transaction, patient],
  )
  return server.kept(rows[0]?.exchange_id ?? '')
}

async function unsent(id: string): Promise<readonly { readonly state: string; readonly last_error: string | null }[]> {
  const { rows } = await pool.query(
    `select state, last_error from jobs.outbox where subscription_id = $1 and state in ('waiting', 'parked') order by outbox_id`,
    [id],
  )
  return rows
}

async function settled(id: string): Promise<boolean> {
  return eventually(async () => (await unsent(id)).length === 0, WITHIN_MS)
}

t.test('3.46.4.1.1: the table of events: add, add of a linked one, link broken, merge', async (t) => {
  const consumer = await subscribe(t, { id: 'events', domains: [HOSPITAL, CLINIC] })
  await add('hospital-a', idIn(HOSPITAL, 'EV-1'))
  t.same(await heardBy(consumer, 1), [['EV-1']], 'add in A')
  const xad = await network.xadForStaff(idIn(HOSPITAL, 'EV-1'))
  await link(xad, 'clinic-b', 'EV-C')
  t.same((await heardBy(consumer, 2))[1], ['EV-1', 'EV-C'], 'a number linked: the whole set')
  await revise('hospital-a', idIn(HOSPITAL, 'EV-1'))
  await admin.delete(`/patients/${xad.value}/links/clinic-b/EV-C`)
  const parted = (await heardBy(consumer, 4)).slice(2)
  t.same([...parted].sort(), [['EV-1'], ['EV-C']], 'the link is broken: both new sets; the revise said nothing')
  await add('hospital-a', idIn(HOSPITAL, 'EV-2'))
  await heardBy(consumer, 5)
  await merge('hospital-a', { from: idIn(HOSPITAL, 'EV-1'), into: idIn(HOSPITAL, 'EV-2') })
  t.same(
    (await heardBy(consumer, 6)).slice(4),
    [['EV-2'], ['EV-2']],
    'merged: one message, in which the subsumed id is no longer listed',
  )
  await settled('events')
  t.equal(consumer.heard.length, 6)
  const ids = consumer.heard.map(({ messageId }) => messageId)
  t.equal(new Set(ids).size, ids.length, 'each once')
  t.same(
    schemaFaults(consumer.heard.map(({ bytes }, index) => ({ name: `notification ${index}`, envelope: bytes }))),
    [],
    'valid against the HL7 v3 schemas',
  )
})

t.test('3.46.4.1.2, 3.46.5, 3.19: ids and nothing else, by our certificate, audited and journalled', async (t) => {
  const consumer = await subscribe(t, { id: 'content', domains: [TESTER] })
  await add('tester', idIn(TESTER, 'CO-1'))
  await heardBy(consumer, 1)
  const [heard] = consumer.heard
  const written = heard?.bytes.toString() ?? ''
  t.match(written, '<wsa:Action soap12:mustUnderstand="1">urn:hl7-org:v3:PRPA_IN201302UV02</wsa:Action>')
  t.match(written, `<id root="${TESTER}" extension="CO-1" assigningAuthorityName="tester"/>`)
  t.match(written, '<receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE"><id root="2.25.400.9"/>')
  t.match(written, '<patientPerson classCode="PSN" determinerCode="INSTANCE"><name nullFlavor="NA"/></patientPerson>')
  t.notMatch(written, /サワムラ|birthTime|administrativeGenderCode/)
  t.match(heard?.peer, /^([0-9A-F]{2}:){31}/)
  await settled('content')
  const { rows } = await pool.query(
    `select e.event_code, e.action, e.type_code, e.outcome, e.system_id, e.patients, e.objects->>'messageId' as message_id, j.result
     from audit.event e join journal.exchange j using (exchange_id) where j.transaction = 'ITI-46' and e.patients = $1`,
    [[formatCx(idIn(TESTER, 'CO-1'))]],
  )
  t.same(rows, [
    {
      event_code: '110110',
      action: 'R',
      type_code: 'ITI-46',
      outcome: 0,
      system_id: 'tester',
      patients: [formatCx(idIn(TESTER, 'CO-1'))],
      message_id: heard?.messageId,
      result: 'success',
    },
  ])
  const [asked, said] = await keptOf('ITI-46', formatCx(idIn(TESTER, 'CO-1')))
  t.match(asked, { direction: 'request', isWhole: true, contentType: /action="urn:hl7-org:v3:PRPA_IN201302UV02"/ })
  t.strictSame(asked?.bytes, heard?.bytes, 'the message as it was heard')
  t.match(said?.bytes.toString(), 'MCCI_IN000002UV01')
})

t.test('3.10.4.1.2: ADT^A31 over MLLP with TLS, PID-5 one space; any of AA and CA accepts', async (t) => {
  const consumer = await subscribe(t, { id: 'v2', domains: [TESTER] }, await startV2Consumer({ config }))
  await add('tester', idIn(TESTER, 'V2-1'))
  t.same(await heardBy(consumer, 1), [['V2-1']])
  const message = readEr7(consumer.heard[0]?.bytes ?? Buffer.alloc(0))
  t.equal(value(message, 'MSH', 9, 3), 'ADT_A05')
  t.equal(value(message, 'PV1', 2), 'N')
  t.match(consumer.heard[0]?.bytes.toString(), `\rPID|||V2-1^^^tester&${TESTER}&ISO|| \rPV1||N\r`)
  consumer.answer = () => 'CA'
  await add('tester', idIn(TESTER, 'V2-2'))
  await heardBy(consumer, 2)
  t.ok(await settled('v2'))
  const { rows } = await pool.query(
    `select type_code, action from audit.event e join journal.exchange j using (exchange_id) where j.transaction = 'ITI-10'`,
  )
  t.same(rows, Array(2).fill({ type_code: 'ITI-10', action: 'R' }))
  const [asked, said] = await keptOf('ITI-10', formatCx(idIn(TESTER, 'V2-1')))
  t.strictSame(asked?.bytes, consumer.heard[0]?.bytes)
  t.equal(readAck(said?.bytes ?? Buffer.alloc(0)).code, 'AA')
})

t.test(
  'only what the subscriber could ask for: consent mode tells own numbers, until union, consent and link stand',
  async (t) => {
    const consumer = await subscribe(t, { id: 'consent', system: 'clinic-b' })
    await add('hospital-a', idIn(HOSPITAL, 'CM-1'))
    const xad = await network.xadForStaff(idIn(HOSPITAL, 'CM-1'))
    await link(xad, 'clinic-b', 'CM-C')
    t.same(await heardBy(consumer, 1), [['CM-C']], 'without consent its own number, and not the network’s')
    await admin.post(`/patients/${xad.value}/consents`, { kind: 'comprehensive' })
    await link(xad, 'pharmacy-c', 'CM-P')
    const [, second] = await heardBy(consumer, 2)
    t.same(second, ['CM-1', 'CM-C', 'CM-P', xad.value].sort(), 'with consent all that ITI-45 would answer')
  },
)

t.test(
  'retry: CR, Receiver fault, 503 and an answer to another message are tried again with the very same message',
  async (t) => {
    const consumer = await subscribe(t, { id: 'retry', domains: [TESTER] })
    const replies = ['CR', 'Receiver fault', 503, 'about another'] as const
    consumer.answer = () => replies[consumer.heard.length - 1] ?? 'AA'
    await add('tester', idIn(TESTER, 'RE-1'))
    t.ok(await eventually(async () => consumer.heard.length >= 5, WITHIN_MS))
    t.ok(await settled('retry'))
    t.equal(consumer.heard.length, 5)
    for (const { bytes } of consumer.heard) t.equal(bytes.toString(), consumer.heard[0]?.bytes.toString())
  },
)

t.test('parked at once by CE, AE and a Sender fault; blocks that patient only, until retried or skipped', async (t) => {
  const consumer = await subscribe(t, { id: 'parked', domains: [HOSPITAL, CLINIC] })
  consumer.answer = ({ ids }) => (ids.includes('PA-1') ? 'CE' : 'CA')
  const id: PatientId = idIn(HOSPITAL, 'PA-1')
  await add('hospital-a', id)
  t.ok(await eventually(async () => (await unsent('parked'))[0]?.state === 'parked', WITHIN_MS))
  t.same(await unsent('parked'), [{ state: 'parked', last_error: 'CE' }])
  await link(await network.xadForStaff(id), 'clinic-b', 'PA-C')
  await add('hospital-a', idIn(HOSPITAL, 'PA-2'))
  t.same((await heardBy(consumer, 2)).slice(1), [['PA-2']], 'another patient is not held back')
  const { body } = await admin.get('/notifications?subscription=parked')
  const [first, second] = body as readonly { notificationId: string; state: string; lastError?: string }[]
  t.match([first, second], [{ state: 'parked', lastError: 'CE' }, { state: 'waiting' }])
  consumer.answer = () => 'CA'
  await admin.post(`/notifications/${first?.notificationId}/retry`, {})
  t.same((await heardBy(consumer, 4)).slice(2), [['PA-1'], ['PA-1', 'PA-C']], 'in order, once the cause is mended')
  t.equal(consumer.heard[0]?.messageId, consumer.heard[2]?.messageId, 'the same message id')

  for (const [reply, value] of [
    ['AE', 'PA-3'],
    ['Sender fault', 'PA-4'],
  ] as const) {
    consumer.answer = () => reply
    await add('hospital-a', idIn(HOSPITAL, value))
    t.ok(
      await eventually(async () => (await unsent('parked')).some(({ state }) => state === 'parked'), WITHIN_MS),
      reply,
    )
    const { body: list } = await admin.get('/notifications?subscription=parked&state=parked')
    const [one] = list as readonly { notificationId: string }[]
    await admin.post(`/notifications/${one?.notificationId}/skip`, {})
    t.same(await unsent('parked'), [])
  }
  await t.rejects(admin.post(`/notifications/${first?.notificationId}/skip`, {}), /CONFLICT/, 'sent is sent')
  const { rows } = await pool.query(
    `select reason, patients from audit.event where event_code = '110113' and reason like 'notification %' order by event_id`,
  )
  t.match(rows[0], { reason: /sent again$/, patients: [formatCx(id)] })
})

t.test('a subscriber that hangs holds nobody else up, and rests after its time', async (t) => {
  const hanging = await subscribe(t, { id: 'hanging', domains: [TESTER] })
  hanging.answer = () => 'hang'
  const hangingV2 = await subscribe(t, { id: 'hanging-v2', domains: [TESTER] }, await startV2Consumer({ config }))
  hangingV2.answer = () => 'hang'
  const well = await subscribe(t, { id: 'well', domains: [TESTER] })
  const began = performance.now()
  for (let number = 1; number <= 12; number += 1) await add('tester', idIn(TESTER, `HA-${number}`))
  await heardBy(well, 12)
  t.equal(well.heard.length, 12)
  t.ok(performance.now() - began < 12 * 700, 'not one after another behind the one that hangs')
  const { body } = await admin.get('/subscriptions/hanging')
  t.match(body, { failures: Number, waiting: 12, status: 'active' })
  t.ok(hanging.heard.length < 12, 'while it rests nothing is sent to it')
  hanging.answer = () => 'CA'
  hangingV2.answer = () => 'AA'
  t.ok(await settled('hanging'))
  t.ok(await settled('hanging-v2'))
  t.same(new Set((await heardBy(hanging, 12)).map(([id]) => id)).size, 12, 'each of them in the end')
})

t.test(
  'down for a while: what waits is coalesced where nothing was tried, and leaves in order on return',
  async (t) => {
    const consumer = await subscribe(t, { id: 'down', domains: [HOSPITAL, CLINIC, XAD] })
    await consumer.stop()
    await add('hospital-a', idIn(HOSPITAL, 'DO-1'))
    t.ok(await eventually(async () => (await unsent('down')).some(({ last_error }) => last_error !== null), WITHIN_MS))
    t.match((await unsent('down'))[0]?.last_error, /ECONNREFUSED/)
    const xad = await network.xadForStaff(idIn(HOSPITAL, 'DO-1'))
    await link(xad, 'clinic-b', 'DO-C')
    const port = Number(new URL(consumer.endpoint).port)
    const back = await startConsumer({ config, port })
    t.teardown(back.stop)
    t.same(
      await heardBy(back, 2),
      [['DO-1', xad.value].sort(), ['DO-1', 'DO-C', xad.value].sort()],
      'the older one had been tried, so it goes first',
    )
  },
)

t.test('a set that waited is told by the consent of the day on which it leaves', async (t) => {
  const consumer = await subscribe(t, { id: 'withdrawn', system: 'clinic-b' })
  await add('hospital-a', idIn(HOSPITAL, 'WD-1'))
  const xad = await network.xadForStaff(idIn(HOSPITAL, 'WD-1'))
  const consent = () => admin.post(`/patients/${xad.value}/consents`, { kind: 'comprehensive' })
  await consent()
  await consumer.stop()
  await link(xad, 'clinic-b', 'WD-C')
  const isTried = async () => (await unsent('withdrawn')).some(({ last_error }) => last_error !== null)
  t.ok(await eventually(isTried, WITHIN_MS), 'tried with all that the consent covers')
  const rowsOf = async () =>
    (
      await pool.query(
        `select state, message_id, former, array(select i->'id'->>'value' from jsonb_array_elements(ids) i order by 1) as ids
         from jobs.outbox where subscription_id = 'withdrawn' order by outbox_id`,
      )
    ).rows
  const [composed] = await rowsOf()
  t.same(composed?.ids, ['WD-1', 'WD-C', xad.value].sort())
  const withdraw = async () => {
    const { body } = await admin.get(`/patients/${xad.value}/consents`)
    for (const { consentId } of body as readonly { readonly consentId: string }[])
      await admin.post(`/consents/${consentId}/withdraw`, {}).catch(() => {})
  }
  await withdraw()
  const back = await startConsumer({ config, port: Number(new URL(consumer.endpoint).port) })
  t.teardown(back.stop)
  t.same(await heardBy(back, 1), [['WD-C']], 'its own number, and nothing of the hospital or the network')
  t.ok(await settled('withdrawn'))
  t.notMatch(back.heard.map(({ bytes }) => bytes.toString()).join(), new RegExp(`WD-1|${HOSPITAL}|${xad.value}`))
  const [told] = await rowsOf()
  t.match(told, { state: 'sent', message_id: back.heard[0]?.messageId, ids: ['WD-C'] })
  t.match(told?.former, [{ messageId: composed?.message_id }], 'the row keeps what it was before')
  t.not(told?.message_id, composed?.message_id)
  await consent()
  await link(xad, 'pharmacy-c', 'WD-P')
  const [, later] = await heardBy(back, 2)
  t.same(later, ['WD-1', 'WD-C', 'WD-P', xad.value].sort(), 'consent given again: told with the next change')
})

t.test('consent withdrawn while paused: a set of which nothing is left never leaves', async (t) => {
  const consumer = await subscribe(t, { id: 'hidden', system: 'clinic-b', domains: [HOSPITAL] })
  await add('hospital-a', idIn(HOSPITAL, 'HI-1'))
  const xad = await network.xadForStaff(idIn(HOSPITAL, 'HI-1'))
  await admin.patch('/subscriptions/hidden', { status: 'paused', reason: 'maintenance' })
  await link(xad, 'clinic-b', 'HI-C')
  await admin.post(`/patients/${xad.value}/consents`, { kind: 'comprehensive' })
  await add('hospital-a', idIn(HOSPITAL, 'HI-2'))
  await merge('hospital-a', { from: idIn(HOSPITAL, 'HI-2'), into: idIn(HOSPITAL, 'HI-1') })
  const { body } = await admin.get(`/patients/${xad.value}/consents`)
  t.ok((await unsent('hidden')).length > 0, 'something waits')
  for (const { consentId } of body as readonly { readonly consentId: string }[])
    await admin.post(`/consents/${consentId}/withdraw`, {}).catch(() => {})
  await admin.patch('/subscriptions/hidden', { status: 'active' })
  t.ok(await settled('hidden'))
  t.same(consumer.heard, [])
  const { rows } = await pool.query(
    `select distinct state, last_error from jobs.outbox where subscription_id = 'hidden'`,
  )
  t.same(rows, [{ state: 'skipped', last_error: 'nothing of it may be told any more' }])
  t.match((await admin.get('/subscriptions/hidden')).body, { failures: 0, waiting: 0, parked: 0 })
})

t.test('paused or suspended: kept and not sent; afterwards the newest set is heard', async (t) => {
  const consumer = await subscribe(t, { id: 'paused', domains: [HOSPITAL, CLINIC] })
  const barrier = await subscribe(t, { id: 'barrier', system: 'hospital-a', domains: [HOSPITAL] })
  await admin.patch('/subscriptions/paused', { status: 'paused', reason: 'maintenance' })
  t.match((await admin.get('/subscriptions/paused')).body, { status: 'paused', pausedReason: 'maintenance' })
  await add('hospital-a', idIn(HOSPITAL, 'PS-1'))
  await link(await network.xadForStaff(idIn(HOSPITAL, 'PS-1')), 'clinic-b', 'PS-C')
  t.equal((await unsent('paused')).length, 1, 'coalesced')
  await admin.patch('/subscriptions/paused', { status: 'active' })
  t.same(await heardBy(consumer, 1), [['PS-1', 'PS-C']])
  await heardBy(barrier, 1)
  await admin.patch('/systems/tester', { status: 'suspended' })
  await add('hospital-a', idIn(HOSPITAL, 'PS-2'))
  await heardBy(barrier, 2)
  t.equal(consumer.heard.length, 1)
  await admin.patch('/systems/tester', { status: 'active' })
  t.same((await heardBy(consumer, 2))[1], ['PS-2'])
})

t.test('3.19.6: a subscriber with a strange certificate hears nothing, and that is audited', async (t) => {
  const { server: stranger } = await createTestPki()
  const consumers = [await startConsumer({ config, stranger }), await startV2Consumer({ config, stranger })]
  for (const [index, consumer] of consumers.entries())
    await subscribe(t, { id: `strange-${index}`, domains: [TESTER] }, consumer)
  await add('tester', idIn(TESTER, 'ST-1'))
  const failures = async () =>
    (
      await pool.query(
        `select e.endpoint, e.outcome from audit.event e where e.type_code = '110126' and e.reason ~ 'UNABLE_TO_VERIFY|SELF_SIGNED'`,
      )
    ).rows
  t.ok(await eventually(async () => (await failures()).length === 2, WITHIN_MS))
  t.same((await failures()).map(({ endpoint }) => endpoint).sort(), consumers.map(({ endpoint }) => endpoint).sort())
  t.same(
    consumers.flatMap(({ heard }) => heard),
    [],
  )
})

t.test('subscriptions are registered once, by consumers only, and their queue is in the metrics', async (t) => {
  const body = {
    subscriptionId: 'once',
    systemId: 'tester',
    transaction: 'ITI-46',
    endpoint: 'https://localhost:1/x',
    deviceOid: '2.25.400.9',
  }
  t.equal((await admin.post('/subscriptions', body)).status, 201)
  t.equal((await admin.post('/subscriptions', body)).status, 200)
  await t.rejects(admin.post('/subscriptions', { ...body, endpoint: 'https://localhost:2/x' }), /CONFLICT/)
  const wrong = { ...body, subscriptionId: 'wrong' }
  await admin.post('/systems', { systemId: 'deaf', facilityId: 'clinic-b', roles: ['store-client'] })
  await t.rejects(admin.post('/subscriptions', { ...wrong, systemId: 'nobody' }), /NOT_FOUND/)
  await t.rejects(admin.post('/subscriptions', { ...wrong, systemId: 'deaf' }), /pix-consumer/)
  await t.rejects(admin.post('/subscriptions', { ...wrong, endpoint: 'http://localhost:1/x' }), /endpoint/)
  await t.rejects(admin.post('/subscriptions', { ...wrong, transaction: 'ITI-10' }), /INVALID/)
  const metrics = await fetch(`http://127.0.0.1:${server.managementPort}/metrics`)
  t.match(await metrics.text(), 'tsunagi_notifications_waiting{subscription="once"} 0')
  t.equal((await admin.delete('/subscriptions/once')).status, 200)
  await t.rejects(admin.delete('/subscriptions/once'), /NOT_FOUND/)
  t.equal(textOf((await admin.get('/subscriptions')).status), '200')
})

t.test('every audit event of this is a message by the tables of its transaction (ITI TF-2 3.20.4.1)', async (t) => {
  const rendered = await renderedEvents(pool)
  t.same(faultsOf(rendered), [])
  const told = rendered.map(({ message }) => `${message.eventTypes[0]?.code} ${message.outcome}`)
  for (const one of ['ITI-46 0', 'ITI-46 8', 'ITI-10 0', 'ITI-10 8', '110126 8']) t.ok(told.includes(one), one)
})
