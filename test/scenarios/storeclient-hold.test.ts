// Messages that wait: held until their number is linked, in quarantine until staff decide; and what a contract refuses
// (storeclient F.4, F.5, G quarantine, H 9 and 12; idlink A-6).

import { randomUUID } from 'node:crypto'
import t from 'tap'
import { rowsOf, textOf } from '../../src/cli/admin-client.ts'
import { type ReadAck, readAck } from '../../src/codec/hl7v2/ack.ts'
import { laboratory } from '../faults/messages.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'
import { feedingOf, idIn } from './feeding.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const { pool, admin } = network
const feeding = feedingOf(network)
const connection = await network.mllp('hospital-a')
t.teardown(() => connection.close())
/** The sweep comes every 5 s, and the job after it. */
const RELEASED_WITHIN_MS = 30_000

/** 澤村 凛, as the feed of feeding.ts describes her. */
const RIN = { kanji: ['澤村', '凛'], kana: ['サワムラ', 'リン'], birth: '19710203' } as const
const OTHER = { kanji: ['別人', '三郎'], kana: ['ベツジン', 'サブロウ'], birth: '19330303' } as const

async function push(message: Buffer): Promise<ReadAck> {
  return readAck(await connection.send(message))
}

const contract = (terms: object) => admin.patch('/facilities/hospital-a/contract', { ...terms, reason: 'test' })

interface Withheld {
  readonly withheld_id: string
  readonly reason: string
  readonly state: string
  readonly content: Buffer | null
  readonly file_key: string | null
  readonly last_code: string | null
  readonly ended_reason: string | null
}

async function withheldOf(number: string): Promise<readonly Withheld[]> {
  const { rows } = await pool.query<Withheld>(
    'select * from journal.withheld where number = $1 order by sent_at, withheld_id',
    [number],
  )
  return rows
}

const statesOf = async (number: string) => (await withheldOf(number)).map(({ state }) => state)

function ended(number: string): Promise<boolean> {
  return eventually(async () => (await statesOf(number)).every((state) => state !== 'waiting'), RELEASED_WITHIN_MS)
}

async function ordersOf(personOf: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ order: string }>(
    `select split_part(e.reference_ids[1], '^', 1) as order from registry.document_entry e
     join identity.identifier i using (person_key)
     where i.domain = $1 and i.value = $2 and e.status like '%Approved' order by 1`,
    [DOMAINS['hospital-a'], personOf],
  )
  return rows.map(({ order }) => order)
}

async function consent(number: string): Promise<string> {
  const xad = await network.xadForStaff(idIn(DOMAINS['hospital-a'], number))
  await admin.post(`/patients/${xad.value}/consents`, { kind: 'comprehensive' })
  return xad.value
}

/** A person whom staff registered, with consent and without a number. */
async function stranger(): Promise<string> {
  const { body } = await admin.post('/patients', {
    demographics: {
      names: [{ representation: 'SYL', family: 'ミホン', given: 'ハナコ' }],
      birthTime: '19620930',
      sex: 'F',
      addresses: [],
      telecoms: [],
    },
  })
  const { xad } = body as { readonly xad: string }
  await admin.post(`/patients/${xad}/consents`, { kind: 'comprehensive' })
  return xad
}

const number = () => `8${String(Math.floor(Math.random() * 1e9)).padStart(9, '0')}`
const order = () => `0000008${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`

t.test('without a contract to hold, nothing of a message for an unlinked number is kept (F.4)', async (t) => {
  const localId = number()
  const ack = await push(laboratory({ order: order(), localId, who: RIN }))
  t.same([ack.code, ack.errors[0]?.application], ['AE', 'SC-PATIENT'])
  t.match(ack.errors[0]?.diagnostic, /OML-11, SHA-256 [0-9a-f]{64}/, 'kind and hash are what may be logged')
  t.same(await withheldOf(localId), [])
})

t.test(
  'held messages are filed by MSH-7 when ITI-44 and consent bring the patient, and a resend makes nothing twice',
  async (t) => {
    await contract({ unlinked: 'hold' })
    const localId = number()
    const [one, two] = [order(), order()]
    const later = laboratory({ order: one, localId, who: RIN, result: '8.8', status: 'C', sentAt: '20260201130000' })
    const earlier = laboratory({ order: one, localId, who: RIN, result: '7.7', sentAt: '20260201120000' })
    const large = laboratory({ order: two, localId, who: RIN, result: 'x'.repeat(100_000) })
    const told = await push(later)
    t.same([told.code, told.errors[0]?.application], ['AE', 'SC-PATIENT'], 'never AA for what is filed for nobody')
    t.match(told.errors[0]?.diagnostic, /held as number \d+, until 20\d\d-\d\d-\d\d \d\d:\d\d JST/)
    t.match(told.errors[0]?.userText, /再送は不要/)
    await push(earlier)
    await push(large)
    t.equal((await push(earlier)).code, 'AE')
    const kept = await withheldOf(localId)
    t.equal(kept.length, 3, 'the same message again is the same row')
    for (const { content } of kept) t.notOk(content?.includes('PID|'), 'sealed')
    t.equal(kept.filter(({ file_key }) => file_key !== null).length, 1, 'too large for a row')
    const journal = await pool.query(
      `select errors::text as errors from journal.exchange where error_codes @> '{HL7_PATIENT_HELD}'`,
    )
    for (const { errors } of journal.rows) t.notMatch(errors, localId, 'no warning or error that quotes the message')
    // The registration is not over with the feed: without consent nothing may be filed or kept.
    const due = (when: string) =>
      pool.query(`update journal.withheld set due_at = ${when} where number = $1 and ended_at is null`, [localId])
    await due(`'infinity'`)
    await feeding.add('hospital-a', idIn(DOMAINS['hospital-a'], localId))
    await consent(localId)
    await due('now()')
    t.ok(await ended(localId))
    t.same(await statesOf(localId), ['released', 'released', 'released'])
    t.same(await ordersOf(localId), [one, two].sort(), 'the corrected version only, and the large one')
    t.ok(
      (await withheldOf(localId)).every(({ content, file_key }) => content === null && file_key === null),
      'erased',
    )
    const count = async () => (await pool.query('select from registry.document_entry')).rows.length
    const before = await count()
    for (const message of [earlier, later, large]) t.equal((await push(message)).code, 'AA')
    t.equal(await count(), before, 'released and sent again is once')
    const { rows } = await pool.query(
      `select x.result, e.outcome from journal.exchange x join audit.event e using (exchange_id) where x.door = 'job' order by x.at`,
    )
    t.same(
      rows.map(({ result }) => result),
      ['success', 'success', 'success'],
      'each an exchange of its own, audited',
    )
  },
)

t.test(
  'a link by staff releases too; consent that is withdrawn between hold and release drops the message',
  async (t) => {
    await contract({ unlinked: 'hold' })
    const [consented, withdrawn] = [number(), number()]
    for (const localId of [consented, withdrawn])
      t.equal((await push(laboratory({ order: order(), localId }))).errors[0]?.application, 'SC-PATIENT')
    const link = async (localId: string, withConsent: boolean) => {
      const { body } = await admin.post('/patients', {
        demographics: {
          names: [{ representation: 'SYL', family: 'ミホン', given: 'ハナコ' }],
          birthTime: '19620930',
          sex: 'F',
          addresses: [],
          telecoms: [],
        },
      })
      const xad = textOf((body as { xad: string }).xad)
      await admin.post(`/patients/${xad}/consents`, { kind: 'comprehensive' })
      if (!withConsent) {
        const consents = rowsOf((await admin.get(`/patients/${xad}/consents`)).body)
        await admin.post(`/consents/${textOf(consents[0]?.consentId)}/withdraw`, {})
      }
      await admin.post(`/patients/${xad}/links`, { facilityId: 'hospital-a', id: localId, reason: 'sheet' })
    }
    await link(consented, true)
    await link(withdrawn, false)
    t.ok(await ended(consented))
    t.ok(await ended(withdrawn))
    t.same(await statesOf(consented), ['released'])
    t.equal((await ordersOf(consented)).length, 1)
    const [dropped] = await withheldOf(withdrawn)
    t.same([dropped?.state, dropped?.content], ['dropped', null])
    t.same(await ordersOf(withdrawn), [])
  },
)

t.test(
  'an identity conflict goes to the quarantine; staff release it for the person linked now, or erase it (F.5)',
  async (t) => {
    const localId = number()
    await feeding.add('hospital-a', idIn(DOMAINS['hospital-a'], localId))
    await consent(localId)
    const [released, dropped] = [order(), order()]
    for (const one of [released, dropped]) {
      const ack = await push(laboratory({ order: one, localId, who: OTHER }))
      t.same([ack.code, ack.errors[0]?.application], ['AE', 'SC-IDENTITY'])
      t.match(ack.errors[0]?.diagnostic, /in quarantine as number \d+/)
    }
    t.same(await ordersOf(localId), [])
    const list = rowsOf((await admin.get('/quarantine?facility=hospital-a')).body)
    t.same(
      list.map(({ number: of, state }) => [of, state]),
      [
        [localId, 'waiting'],
        [localId, 'waiting'],
      ],
    )
    t.notMatch(JSON.stringify(list), '別人', 'never what it says')
    const [first, second] = list.map(({ withheldId }) => textOf(withheldId))
    const { body } = await admin.post(`/quarantine/${first}/release`, { reason: 'asked by phone' })
    t.match(body, { status: 'filed' })
    await admin.post(`/quarantine/${second}/drop`, { reason: 'wrong patient' })
    t.same(await statesOf(localId), ['released', 'dropped'])
    t.same(await ordersOf(localId), [released])
    await t.rejects(
      admin.post(`/quarantine/${first}/release`, { reason: 'again' }),
      /CONFLICT/,
      'released twice is once',
    )
    const { rows } = await pool.query(
      `select reason from audit.event where reason like 'withheld message %' order by event_id`,
    )
    t.same(
      rows.map(({ reason }) => reason),
      [`withheld message ${first} released: asked by phone`, `withheld message ${second} dropped: wrong patient`],
    )
    const { rows: filed } = await pool.query(
      `select errors from journal.exchange where door = 'job' and error_codes @> '{HL7_IDENTITY_DIFFERS}'`,
    )
    t.match(filed, [{ errors: [{ rule: 'the person was confirmed by staff' }] }], 'recorded')
  },
)

t.test('a released message goes to the person linked now (G quarantine)', async (t) => {
  const localId = number()
  await feeding.add('hospital-a', idIn(DOMAINS['hospital-a'], localId))
  const former = await consent(localId)
  const one = order()
  await push(laboratory({ order: one, localId, who: OTHER }))
  const [kept] = await withheldOf(localId)
  const release = () => admin.post(`/quarantine/${kept?.withheld_id}/release`, { reason: 'the other one' })
  const number2 = await stranger()
  await admin.post(`/patients/${number2}/links`, { facilityId: 'hospital-a', id: localId, reason: 'moved' })
  t.match((await release()).body, { status: 'filed' })
  const { rows } = await pool.query(`select patient_id from registry.document_entry where reference_ids[1] like $1`, [
    `${one}^%`,
  ])
  t.match(rows, [{ patient_id: new RegExp(`^${number2}\\^`) }])
  t.not(number2, former)
})

t.test(
  'what is accepted when it is sent again leaves the quarantine, however its sender names it (G quarantine)',
  async (t) => {
    const localId = number()
    await feeding.add('hospital-a', idIn(DOMAINS['hospital-a'], localId))
    await consent(localId)
    // As long as the name of a file of an extended storage, which is the identity of an imported message.
    const messages = [randomUUID().slice(0, 20), `${randomUUID()}-`.repeat(8)].map((controlId) =>
      laboratory({ order: order(), localId, controlId }),
    )
    for (const message of messages) t.equal((await push(message)).errors[0]?.application, 'SC-IDENTITY')
    t.same(await statesOf(localId), ['waiting', 'waiting'])
    const hanako = await stranger()
    await admin.post(`/patients/${hanako}/links`, { facilityId: 'hospital-a', id: localId, reason: 'was hers' })
    // What the hospital said of her last was said of somebody else.
    await pool.query('update identity.identifier set demographics = null where value = $1', [localId])
    for (const message of messages) t.equal((await push(message)).code, 'AA')
    await ended(localId)
    t.same(await statesOf(localId), ['released', 'released'])
  },
)

t.test('the bytes of a facility are shown by month, with what its steps cost (F-1, F-6)', async (t) => {
  const { rows } = await pool.query(
    `select sum(size_bytes)::int as bytes from (select size_bytes from repository.document where facility_id = 'hospital-a'
     union all select size_bytes from registry.superseded where facility_id = 'hospital-a') s`,
  )
  const [usage] = rowsOf((await admin.get('/usage?facility=hospital-a')).body)
  t.ok(rows[0].bytes > 100_000)
  t.match(usage, { bytes: rows[0].bytes, isFixed: false, steps: 0, feeYen: 0, warnings: [] })
})

t.test('a message that is faulty itself is not held: its sender hears of the fault', async (t) => {
  await contract({ unlinked: 'hold' })
  const localId = number()
  const ack = await push(laboratory({ order: '', localId }))
  t.not(ack.errors[0]?.application, 'SC-PATIENT')
  t.same(await withheldOf(localId), [])
})

t.test('a suspended facility is refused at once on an open connection, and what is held waits (A-6)', async (t) => {
  await contract({ unlinked: 'hold' })
  const localId = number()
  await push(laboratory({ order: order(), localId, who: RIN }))
  await admin.patch('/facilities/hospital-a', { status: 'suspended', reason: 'non-payment' })
  const refused = await push(laboratory({ order: order() }))
  t.same([refused.code, refused.errors[0]?.application], ['AR', 'SC-RETRY'])
  const [held] = await withheldOf(localId)
  await t.rejects(admin.post(`/held/${held?.withheld_id}/release`, { reason: 'now' }), /suspended/)
  t.same(await statesOf(localId), ['waiting'])
  await admin.patch('/facilities/hospital-a', { status: 'active' })
  t.equal((await push(laboratory({ order: order() }))).code, 'AA')
  const history = rowsOf((await admin.get('/facilities/hospital-a/statuses')).body)
  t.match(history, [{ status: 'active' }, { status: 'suspended', reason: 'non-payment' }])
  await admin.post(`/held/${held?.withheld_id}/drop`, { reason: 'a mistake' })
})

t.test(
  'a kind that is not agreed is refused before the link is asked for, and a quota before new bytes (F.4, H 12)',
  async (t) => {
    await contract({ unlinked: 'hold', kinds: ['ADT-00'] })
    const localId = number()
    t.equal((await push(laboratory({ order: order(), localId }))).errors[0]?.application, 'SC-KIND')
    t.same(await withheldOf(localId), [])
    await contract({ kinds: 'all', quotaBytes: 10 })
    t.equal((await push(laboratory({ order: order() }))).errors[0]?.application, 'SC-QUOTA')
    await contract({ quotaBytes: null })
    t.equal((await push(laboratory({ order: order() }))).code, 'AA')
    const { body } = await admin.get('/facilities/hospital-a/contract')
    t.match(body, { contract: { kinds: 'all', unlinked: 'hold' } })
    t.match(rowsOf((body as { history: unknown }).history)[1], { quotaBytes: 10, reason: 'test', setBy: 'admin-token' })
  },
)

t.test('when the facility ends, what was held for it is erased', async (t) => {
  await contract({ unlinked: 'hold' })
  const localId = number()
  await push(laboratory({ order: order(), localId, who: RIN, controlId: randomUUID().slice(0, 20) }))
  await admin.patch('/facilities/hospital-a', { status: 'ended', reason: 'moved' })
  const [held] = await withheldOf(localId)
  t.same([held?.state, held?.content, held?.ended_reason], ['dropped', null, 'the facility has ended'])
  t.equal((await push(laboratory({ order: order() }))).errors[0]?.application, 'SC-FACILITY')
  await t.rejects(admin.patch('/facilities/hospital-a', { status: 'active' }), /ended/)
})
