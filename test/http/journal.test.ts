// The journal at the admin API: who finds what, what is masked, and that every look is audited (idlink L-3, A-7; docs/adr/0039).

import t from 'tap'
import { writeExchangeRows } from '../../src/db/exchange-recorder.ts'
import { createKeeper } from '../../src/db/journal/keeper.ts'
import type { JournalEntry } from '../../src/journal/entry.ts'
import { newJournalId } from '../../src/model/journal-id.ts'
import { newKeyLine, parseKeyRing } from '../../src/model/seal.ts'
import { JOURNAL_KEYS, openAdministration, TOKEN } from './administration.ts'
import { type Call, enterPerson } from './persons.ts'

t.setTimeout(60_000)

const { call: send, pool, url, audited } = await openAdministration(t)
const call: Call = (method, path, { body, session } = {}) =>
  send(method, path, body, session === undefined ? {} : { authorization: `Bearer ${session}` })

for (const [index, facilityId] of ['clinic-a', 'clinic-b'].entries()) {
  const patientDomain = { oid: `2.25.200${index}`, name: facilityId.toUpperCase() }
  await send('POST', '/facilities', {
    facilityId,
    oid: `2.25.100${index}`,
    name: facilityId,
    kind: 'store-client',
    patientDomain,
  })
  await send('POST', '/systems', { systemId: `ehr-${facilityId}`, facilityId, roles: ['store-client'] })
}
const [own, other] = await Promise.all(
  ['clinic-a', 'clinic-b'].map((facilityId) =>
    enterPerson(call, { staffId: `${facilityId}-admin`, facilityId, roles: ['facility-administrator'] }),
  ),
)
const auditor = await enterPerson(call, { staffId: 'auditor-1', roles: ['auditor'] })
const sessions = { own: own?.session ?? '', other: other?.session ?? '', auditor: auditor.session }

const PATIENT = '0000012345^^^&2.25.2000&ISO'
const PUSHED = Buffer.from(
  'MSH|^~\\&|EHR|1399100015|GW|T|20260401||ADT^A08|77|P|2.5\rPID|||0000012345^^^^PI||空想^翠||19620101|F\r',
)
const ACKNOWLEDGED = Buffer.from('MSH|^~\\&|GW|T|EHR|1399100015|20260401||ACK^A08|1|P|2.5\rMSA|AE|77|空想 翠\r')
const refused = entry({
  code: 'HL7_IDENTITY',
  at: 'PID-5',
  value: '空想^翠',
  rule: 'name or birth date of PID = linked person',
  blame: 'caller',
  retry: 'never',
})
const fine = entry()
await writeExchangeRows(pool, { events: [], entries: [refused, fine] })
await keep()

function entry(error?: JournalEntry['errors'][number]): JournalEntry {
  return {
    exchange: {
      id: newJournalId(),
      door: 'mllp',
      endpoint: 'mllp/storeclient',
      peer: '192.0.2.1:4711',
      receivedAt: new Date(),
      requestBytes: PUSHED.length,
      startedMs: 0,
      transaction: 'StoreClient demographics',
      messageId: '77',
    },
    systemId: 'ehr-clinic-a',
    facilityId: 'clinic-a',
    patients: [PATIENT],
    documents: [],
    result: error === undefined ? 'success' : 'failure',
    errors: error === undefined ? [] : [error],
    waived: [],
    durationMs: 12.5,
    responseBytes: ACKNOWLEDGED.length,
  }
}

async function keep(): Promise<void> {
  const limits = { messageBytes: 1024 * 1024, partBytes: 1024 }
  const keeper = createKeeper({ pool, keys: JOURNAL_KEYS, keeping: 'all', limits, lost: () => {} })
  const common = { exchangeId: refused.exchange.id, isWhole: true, parts: [] }
  keeper.keep({ ...common, direction: 'request', sizeBytes: PUSHED.length, bytes: PUSHED })
  keeper.keep({ ...common, direction: 'answer', sizeBytes: ACKNOWLEDGED.length, bytes: ACKNOWLEDGED })
  await keeper.stop()
}

const path = `/journal/${refused.exchange.id}`

interface Shown {
  readonly messages: readonly { readonly direction: string; readonly sight: string; readonly raw?: string }[]
}

t.test('whoever runs or audits the network finds every exchange and reads nothing of persons in it', async (t) => {
  for (const session of [undefined, sessions.auditor]) {
    const asked = session === undefined ? {} : { session }
    const found = await call('GET', '/journal?result=failure&code=HL7_IDENTITY', asked)
    t.match(found, { status: 200, body: { entries: [{ journalId: refused.exchange.id, codes: ['HL7_IDENTITY'] }] } })
    const { body } = await call('GET', path, asked)
    t.match((body as unknown as Shown).messages, [
      { direction: 'request', sight: 'masked', form: 'hl7v2', title: 'ADT^A08' },
      { direction: 'answer', sight: 'masked' },
    ])
    t.notMatch(JSON.stringify(body), /空想|翠|19620101|"raw"/)
    t.match(body, {
      errors: [{ code: 'HL7_IDENTITY', at: 'PID-5', value: '•••', blame: 'caller', hint: /./, ja: /[ぁ-ん]/ }],
    })
  }
})

t.test('staff of the facility that sent it read the request whole, and of the answer what tells nothing', async (t) => {
  const { body } = await call('GET', path, { session: sessions.own })
  const { messages } = body as unknown as Shown
  t.match(messages, [
    { direction: 'request', sight: 'open' },
    { direction: 'answer', sight: 'masked' },
  ])
  t.equal(messages[0]?.raw, PUSHED.toString('base64'))
  t.match(JSON.stringify(messages[0]), /空想\^翠/)
  t.match(JSON.stringify(messages[0]), /Patient name[^"]*患者氏名/)
  t.notMatch(JSON.stringify(messages[1]), /空想/)
  t.match(body, { errors: [{ value: '空想^翠' }] })
})

t.test('to another facility it is as if it were not there', async (t) => {
  t.match(await call('GET', path, { session: sessions.other }), { status: 404 })
  t.match(await call('GET', '/journal', { session: sessions.other }), { status: 200, body: { entries: [] } })
  t.match(await call('GET', '/journal?facility=clinic-a', { session: sessions.other }), { status: 404 })
  t.match(await call('GET', `/journal?message=77`, { session: sessions.other }), { body: { entries: [] } })
})

t.test('a patient is found by id, by the number in any domain, and by nobody else’s', async (t) => {
  const ids = async (query: string) =>
    ((await call('GET', `/journal?${query}`)).body.entries as { journalId: string }[]).map(({ journalId }) => journalId)
  const both = [fine.exchange.id, refused.exchange.id].toSorted()
  t.same((await ids(`patient=${encodeURIComponent(PATIENT)}`)).toSorted(), both)
  t.same((await ids('patient=0000012345')).toSorted(), both)
  t.same(await ids('patient=12345'), [])
})

t.test('what cannot be asked is told with what would do, and an unknown id is none', async (t) => {
  for (const query of ['from=yesterday', 'result=refused', 'limit=0', 'after=1', 'person=x'])
    t.match(await call('GET', `/journal?${query}`), { status: 400, body: { code: 'INVALID' } }, query)
  for (const ever of ['from=0000-01-01T00:00:00Z', 'to=0000-01-01T00:00:00Z'])
    t.match(await call('GET', `/journal?${ever}`), { status: 200 }, ever)
  for (const id of [newJournalId(), 'x'.repeat(36)]) t.match(await call('GET', `/journal/${id}`), { status: 404 }, id)
})

t.test('pages follow one another without gap or repetition', async (t) => {
  const first = await call('GET', '/journal?system=ehr-clinic-a&limit=1')
  const next = String(first.body.next)
  const second = await call('GET', `/journal?system=ehr-clinic-a&limit=1&after=${next}`)
  const seen = [first, second].flatMap(({ body }) => body.entries as { journalId: string }[])
  t.same(seen.map(({ journalId }) => journalId).toSorted(), [fine.exchange.id, refused.exchange.id].toSorted())
  t.equal(second.body.next, undefined)
})

t.test('every look is an audit event that names who looked, and none of what was found (Audit Log Used)', async (t) => {
  const reasons = await audited(async () => {
    await call('GET', '/journal?patient=0000012345&system=ehr-clinic-a', { session: sessions.auditor })
    await call('GET', path, { session: sessions.own })
  })
  t.same(reasons, ['journal search by patient, system', `journal entry ${refused.exchange.id}`])
  const { rows } = await pool.query(
    `select event_code, action, facility_id, patients, objects from audit.event where type_code = 'journal' order by event_id desc limit 2`,
  )
  t.match(rows, [
    {
      event_code: '110101',
      action: 'R',
      facility_id: 'clinic-a',
      patients: [PATIENT],
      objects: { by: 'staff:clinic-a-admin' },
    },
    { event_code: '110101', patients: [], objects: { by: 'staff:auditor-1' } },
  ])
})

t.test('as text it is read at a terminal: reason, place, what would do, fields by name', async (t) => {
  const response = await fetch(`${url}/admin/v1${path}?format=text`, { headers: { authorization: `Bearer ${TOKEN}` } })
  const text = await response.text()
  t.match(response.headers.get('content-type'), 'text/plain')
  for (const piece of [
    refused.exchange.id,
    'HL7_IDENTITY',
    'PID-5',
    'what would do',
    'Patient name',
    '患者氏名',
    '記録番号',
  ])
    t.ok(text.includes(piece), piece)
  t.notMatch(text, /空想|19620101/)
})

t.test('messages under a key that is gone leave the entry as it is', async (t) => {
  const limits = { messageBytes: 1024, partBytes: 1024 }
  const keys = parseKeyRing(newKeyLine())
  const keeper = createKeeper({ pool, keys, keeping: 'all', limits, lost: () => {} })
  const message = { exchangeId: fine.exchange.id, isWhole: true, parts: [], sizeBytes: PUSHED.length, bytes: PUSHED }
  keeper.keep({ ...message, direction: 'request' })
  await keeper.stop()
  const { status, body } = await call('GET', `/journal/${fine.exchange.id}`)
  t.match({ status, body }, { status: 200, body: { result: 'success', messagesAre: 'sealed', messages: [] } })
})
