// The StoreClient doors on a real server: MLLP streams, acknowledgement modes, batches, agreements with senders, turns, tolerances
// (HL7 v2.5 2.9, 2.10; MLLP Release 1).

import { connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { Agent, request } from 'undici'
import type { Reading } from '../../profiles/partners/index.ts'
import { readFragment } from '../../src/app/calendar-ports.ts'
import { readCredentials } from '../../src/cli/credentials.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { decode, encode } from '../../src/codec/hl7v2/charset.ts'
import { createSsmixExport } from '../../src/db/storeclient/ssmix-export.ts'
import { createFrameDecoder, encodeFrame } from '../../src/mllp/frame.ts'
import { laboratory } from '../faults/messages.ts'
import { eventually } from '../faults/support.ts'
import { startScenario } from './harness.ts'

t.setTimeout(170_000)

/** What was agreed with hospital-a in this network; the other systems have the defaults. */
const AGREED: Partial<Reading> = {
  eightBit: 'EUC-JP',
  versions: ['2.4'],
  batch: 'accepted',
  duplicateControlIds: 'msh-10-and-msh-7',
  sequenceNumbers: 'on',
  httpStatusOfRefusals: '4xx/5xx',
}
const since = '2026-01-01'
const scenario = await startScenario(t, {
  partners: [
    { id: 'hospital-a', system: 'hospital-a', since, reason: 'an old gateway', reading: AGREED },
    { id: 'over', system: 'clinic-b', since, until: '2026-01-31', reason: 'was over', reading: { batch: 'accepted' } },
  ],
})
const { server, pool } = scenario
const ER7 = 'x-application/hl7-v2+er7'
const SYSTEM = 'hospital-a'

let serial = 0
function order(): string {
  serial += 1
  return `7${String(serial).padStart(14, '0')}`
}

/** A laboratory result with fields of MSH set, by number. */
function pushed(
  fields: Readonly<Record<number, string>> = {},
  of: Partial<Parameters<typeof laboratory>[0]> = {},
): Buffer {
  const bytes = laboratory({ order: order(), ...of })
  const text = bytes.toString('latin1')
  const end = text.indexOf('\r')
  const msh = text.slice(0, end).split('|')
  for (const [field, value] of Object.entries(fields)) msh[Number(field) - 1] = value
  return Buffer.from(msh.join('|') + text.slice(end), 'latin1')
}

async function post(bytes: Buffer, type = ER7, system = SYSTEM) {
  return scenario.httpsPost(system, '/storeclient', { type, body: bytes })
}

/** Writes bytes to the MLLP door as they are; the messages that come back until it is quiet or `count` are there. */
async function stream(bytes: Buffer | readonly Buffer[], count: number, quietMs = 1500): Promise<readonly Buffer[]> {
  const socket = await open()
  const decoder = createFrameDecoder()
  const heard: Buffer[] = []
  const done = new Promise<void>((resolve) => {
    let quiet = setTimeout(resolve, quietMs)
    socket.on('data', (chunk: Buffer) => {
      for (const event of decoder.push(chunk)) if (event.kind === 'frame') heard.push(event.message)
      clearTimeout(quiet)
      quiet = setTimeout(resolve, quietMs)
      if (heard.length >= count) resolve()
    })
    socket.once('close', () => resolve())
  })
  for (const part of Buffer.isBuffer(bytes) ? [bytes] : bytes) socket.write(part)
  await done
  socket.destroy()
  return heard
}

async function open(system = SYSTEM): Promise<TLSSocket> {
  const { key, cert, ca } = await readCredentials(server.config, system)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: 'localhost', port: server.mllpPort, key, cert, ca })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.off('error', reject)
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

const controlIdOf = (bytes: Buffer) => readAck(bytes).controlId

t.test('MLLP: twenty frames sent ahead in one write are answered in their order', async (t) => {
  const ids = Array.from({ length: 20 }, (_, index) => `DOOR-AHEAD-${index}`)
  const frames = ids.map((controlId) => encodeFrame(pushed({}, { controlId })))
  const answers = await stream(Buffer.concat(frames), ids.length, 10_000)
  t.same(answers.map(controlIdOf), ids)
  t.same(new Set(answers.map((answer) => readAck(answer).code)), new Set(['AA']))
})

t.test('MLLP: noise between frames, an end without CR, a frame begun again, an empty frame', async (t) => {
  const [a, b, c, d] = ['A', 'B', 'C', 'D'].map((name) => pushed({}, { controlId: `DOOR-NOISE-${name}` }))
  const whole = Buffer.concat([
    encodeFrame(a ?? Buffer.alloc(0)),
    Buffer.from('\r\nkeep-alive\r\n'),
    Buffer.from([0x0b]),
    b ?? Buffer.alloc(0),
    // The end block alone, the next frame behind it.
    Buffer.from([0x1c]),
    Buffer.from([0x0b, 0x1c, 0x0d]),
    Buffer.from([0x0b]),
    (c ?? Buffer.alloc(0)).subarray(0, 200),
    encodeFrame(d ?? Buffer.alloc(0)),
  ])
  t.same((await stream(whole, 4)).map(controlIdOf), ['DOOR-NOISE-A', 'DOOR-NOISE-B', 'DOOR-NOISE-D'])
  const { rows } = await pool.query("select from journal.idempotency where key like '%DOOR-NOISE-C%'")
  t.equal(rows.length, 0, 'what was begun again is not kept')
})

t.test('MLLP and HTTPS: acknowledgements as MSH-15 and MSH-16 ask (HL7 v2.5 2.9, table 0155)', async (t) => {
  const unlinked = { localId: '9999999999' }
  const cases = [
    ['', '', ['AA'], ['AE']],
    ['AL', 'NE', ['CA'], ['CE']],
    ['AL', '', ['CA'], ['CE']],
    ['AL', 'AL', ['CA', 'AA'], ['CE']],
    ['NE', 'AL', ['AA'], ['AE']],
    ['ER', 'ER', [], ['CE']],
    ['SU', 'SU', ['CA', 'AA'], []],
    ['NE', 'NE', [], []],
    ['YES', '', ['CA'], ['CE']],
  ] as const
  for (const [accept, application, accepted, refused] of cases) {
    for (const [expected, of] of [
      [accepted, {}],
      [refused, unlinked],
    ] as const) {
      const name = `${accept}/${application} ${of === unlinked ? 'refused' : 'accepted'}`
      // A message that is answered always stands behind it, so that silence needs no waiting for.
      const last = pushed({}, { controlId: 'DOOR-LAST' })
      const sent = Buffer.concat([encodeFrame(pushed({ 15: accept, 16: application }, of)), encodeFrame(last)])
      const heard = await stream(sent, expected.length + 1, 10_000)
      t.same(
        heard.slice(0, -1).map((answer) => readAck(answer).code),
        expected,
        `MLLP ${name}`,
      )
      const { status, body } = await post(pushed({ 15: accept, 16: application }, of))
      const codes = [...body.toString('latin1').matchAll(/^MSA\|(\w\w)/gm)].map(([, code]) => code)
      t.same(codes, expected, `HTTPS ${name}`)
      if (expected.length === 0 && of !== unlinked) t.equal(status, 202, name)
    }
  }
})

t.test('HTTPS: nothing at all is 400; the charset parameter decides what the bytes leave open', async (t) => {
  const empty = await post(Buffer.alloc(0))
  t.equal(empty.status, 400)
  t.match(readAck(empty.body), { code: 'AR', errors: [{ code: '100', application: 'SC-STRUCT' }] })
  const japanese = Buffer.from(decode(pushed({ 18: '' }), '').text)
  t.match(readAck((await post(japanese)).body), { code: 'AA', errors: [{ application: 'SC-CHARSETLABEL' }] })
  const unlike = Buffer.from(decode(pushed({ 18: '' }), '').text)
  t.match(readAck((await post(unlike, `${ER7}; charset=UTF-8`)).body), { code: 'AA', errors: [] })
})

const head = (kind: string, id: string) => `${kind}|^~\\&|EHR|1399100015|GW|TSUNAGI|20260401090000||||${id}\r`

t.test('a batch is answered by a batch: every message on its own, in order (HL7 v2.5 2.10.3)', async (t) => {
  const messages = [
    pushed({}, { controlId: 'DOOR-B-1' }),
    pushed({}, { controlId: 'DOOR-B-2', localId: '9999999999' }),
    pushed({}, { controlId: 'DOOR-B-3' }),
  ]
  const batch = Buffer.concat([
    Buffer.from(head('FHS', 'F1') + head('BHS', 'B1')),
    ...messages,
    Buffer.from('BTS|3\rFTS|1\r'),
  ])
  const overMllp = (await stream(encodeFrame(batch), 1, 10_000))[0] ?? Buffer.alloc(0)
  const overHttps = await post(batch)
  t.equal(overHttps.status, 200)
  for (const [door, body] of [
    ['MLLP', overMllp],
    ['HTTPS', overHttps.body],
  ] as const) {
    const lines = body.toString('latin1').split('\r')
    t.same(
      lines.map((line) => line.slice(0, 3)).filter((name) => name !== '' && name !== 'ERR'),
      ['FHS', 'BHS', 'MSH', 'MSA', 'MSH', 'MSA', 'MSH', 'MSA', 'BTS', 'FTS'],
      door,
    )
    t.same(
      lines.filter((line) => line.startsWith('MSA')).map((line) => line.split('|').slice(1, 3)),
      [
        ['AA', 'DOOR-B-1'],
        ['AE', 'DOOR-B-2'],
        ['AA', 'DOOR-B-3'],
      ],
    )
    t.match(body.toString('latin1'), /^FHS\|\^~\\&\|GW\|TSUNAGI\|EHR\|1399100015\|.*\|F1\r/)
    t.ok(lines.includes('BTS|3') && lines.includes('FTS|1'), 'counts')
  }
  const { rows } = await pool.query(
    "select message_id, result from journal.exchange where message_id like 'DOOR-B-%' order by at limit 3",
  )
  t.same(
    rows.map(({ result }) => result),
    ['success', 'failure', 'success'],
    'each has its own journal row',
  )
})

t.test('batches are refused of a sender with whom nothing was agreed, or whose agreement is over', async (t) => {
  const batch = Buffer.concat([Buffer.from(head('BHS', 'B2')), pushed(), Buffer.from('BTS|1\r')])
  for (const system of ['pharmacy-c', 'clinic-b']) {
    const { body } = await post(batch, ER7, system)
    t.match(body.toString('latin1'), /MSA\|A[RE]/)
    t.notMatch(body.toString('latin1'), /BTS/)
  }
  t.match(readAck((await post(batch, ER7, 'pharmacy-c')).body), {
    code: 'AR',
    controlId: 'B2',
    errors: [{ code: '200', application: 'SC-BATCH' }],
  })
})

t.test('status 4xx and 5xx for refusals, version 2.4, and a counter that begins again, where agreed', async (t) => {
  t.equal((await post(pushed({}, { localId: '9999999999' }))).status, 400)
  t.equal((await post(pushed({ 12: '2.4' }))).status, 200)
  t.match(readAck((await post(pushed({ 12: '2.3' }))).body), { code: 'AR', errors: [{ code: '203' }] })
  const again = (sentAt: string) => pushed({}, { controlId: '0000001', sentAt })
  const codes: string[] = []
  for (const message of [again('20260201120000'), again('20260202120000')])
    codes.push(readAck((await post(message)).body).code)
  t.same(codes, ['AA', 'AA'])
  const same = pushed({}, { controlId: '0000002' })
  const other = pushed({}, { controlId: '0000002' })
  t.equal(readAck((await post(same)).body).code, 'AA')
  t.match(readAck((await post(other)).body), { code: 'AE', errors: [{ application: 'SC-DUPID' }] })
})

t.test('sequence numbers: a gap is refused with the number expected in MSA-4 (HL7 v2.5 2.10.1)', async (t) => {
  const sequenced = async (number: string, message = pushed({ 3: 'SEQ', 13: number })) => {
    const [, code, , , expected = ''] =
      /^MSA\|(\w\w)\|([^|\r]*)(?:\|([^|\r]*)\|([^|\r]*))?/m.exec((await post(message)).body.toString('latin1')) ?? []
    return [code, expected]
  }
  const five = pushed({ 3: 'SEQ', 13: '5' })
  t.same(await sequenced('5', five), ['AA', ''], 'the first number is as good as any')
  t.same(await sequenced('5', five), ['AA', ''], 'its answer was lost')
  t.same(await sequenced('6'), ['AA', ''])
  t.same(await sequenced('8'), ['AR', '7'])
  t.same(await sequenced('5'), ['AR', '7'], 'another message with an old number')
  const [question = ''] = pushed({ 3: 'SEQ', 13: '0' }).toString('latin1').split('\r')
  const asked = Buffer.from(`${question}\r`, 'latin1')
  t.same(await sequenced('0', asked), ['AA', '7'], 'MSH alone asks')
  t.same(
    await sequenced('7', pushed({ 3: 'SEQ', 13: '7' }, { localId: '9999999999' })),
    ['AE', ''],
    'AE takes its number',
  )
  t.same(await sequenced('8'), ['AA', ''])
  t.same(await sequenced('-1'), ['AA', '-1'])
  t.same(await sequenced('100'), ['AA', ''])
})

t.test('bytes valid as EUC-JP and as Shift_JIS are what was agreed with the sender', async (t) => {
  const halfWidth = decode(pushed({ 18: '' }), '')
    .text.replaceAll('ハナコ', 'ﾊﾅｺ')
    .replaceAll(/[\u3000-\u9fff]+/g, 'ﾐﾎﾝ')
  const bytes = encode(halfWidth, 'EUC-JP') ?? Buffer.alloc(0)
  t.equal(decode(bytes, '').charset, 'Shift_JIS', 'what is taken of others')
  const answer = readAck((await post(bytes)).body)
  t.equal(answer.code, 'AA', JSON.stringify(answer))
  t.match(JSON.stringify(answer.errors), /EUC-JP/)
  // Its bytes leave with the set that they were read in: the receiver of an export knows nothing of the agreement.
  const { rows } = await pool.query<{ person_key: string; order_number: string }>(
    `select person_key, order_number from registry.series where facility_id = 'hospital-a' order by updated_at desc limit 1`,
  )
  const nobody = () => {
    throw new Error('no file is read')
  }
  const store = createSsmixExport({ pool, readFile: nobody, readFragment })
  const versions = await store.versions('hospital-a', rows[0]?.person_key ?? '')
  t.same(
    versions.filter(({ charset }) => charset !== undefined).map(({ orderNumber, charset }) => [orderNumber, charset]),
    [[rows[0]?.order_number, 'EUC-JP']],
  )
})

t.test('what was tolerated of a system is counted and explained (admin API, CLI)', async (t) => {
  const id = 'pharmacy-c'
  const path = `/systems/${id}/tolerances`
  t.same(JSON.parse((await scenario.admin({ method: 'GET', path })).body.toString()), [])
  const message = Buffer.from(pushed().toString('latin1').replaceAll('\r', '\n'), 'latin1')
  const { body } = await scenario.httpsPost(SYSTEM, '/storeclient', { type: ER7, body: message })
  t.match(readAck(body), { errors: [{ severity: 'W', application: 'SC-TERMINATOR' }] })
  await post(Buffer.from(pushed().toString('latin1').replaceAll('\r', '\r\n'), 'latin1'))
  const rows = JSON.parse(
    (await scenario.admin({ method: 'GET', path: `/systems/${SYSTEM}/tolerances` })).body.toString(),
  ) as readonly { code: string; count: number; ja: string; hint: string; lastJournal: string }[]
  const terminator = rows.find(({ code }) => code === 'HL7_TERMINATOR')
  t.match(terminator, { count: 2, ja: /終端/, hint: /CR/ })
  t.same((await scenario.journalRow(terminator?.lastJournal ?? ''))?.error_codes, ['HL7_TERMINATOR'])
  t.equal((await scenario.admin({ method: 'GET', path: '/systems/nobody/tolerances' })).status, 404)
})

t.test('one message a thousand times is one document, and each time AA', async (t) => {
  const number = order()
  const message = encodeFrame(pushed({}, { order: number, controlId: 'DOOR-THOUSAND' }))
  const rounds = 5
  let accepted = 0
  for (let round = 0; round < rounds; round += 1) {
    const answers = await stream(Array(200).fill(message), 200, 20_000)
    accepted += answers.filter((answer) => readAck(answer).code === 'AA').length
  }
  t.equal(accepted, 1000)
  const { rows } = await pool.query('select from registry.document_entry where reference_ids::text like $1', [
    `%${number}%`,
  ])
  t.equal(rows.length, 1)
})

t.test('a sender that drips holds nobody up', async (t) => {
  const slow = await Promise.all(Array.from({ length: 20 }, () => open()))
  const drips = slow.map((socket) => {
    socket.write(Buffer.from([0x0b]))
    const bytes = pushed()
    let at = 0
    return setInterval(() => socket.write(bytes.subarray(at, ++at)), 20)
  })
  const before = performance.now()
  const heard = await stream(encodeFrame(pushed({}, { controlId: 'DOOR-QUICK' })), 1, 10_000)
  t.equal(heard.map(controlIdOf)[0], 'DOOR-QUICK')
  t.ok(performance.now() - before < 5_000)
  for (const drip of drips) clearInterval(drip)
  for (const socket of slow) socket.destroy()
})

t.test('X-StoreClient-Kind names the kind', async (t) => {
  const { ca, key, cert } = await readCredentials(server.config, SYSTEM)
  const dispatcher = new Agent({ connect: { ca, key, cert } })
  t.teardown(() => dispatcher.close())
  const answer = await request(`https://localhost:${server.httpsPort}/storeclient`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': ER7, 'x-storeclient-kind': 'OML-11' },
    body: pushed(),
  })
  t.equal(readAck(Buffer.from(await answer.body.arrayBuffer())).code, 'AA')
})

t.test('who waits too long for a turn hears AR and tries again; who was in work is answered', async (t) => {
  const narrow = await scenario.beside({ 'storeclient.messagesInWork': '1', 'storeclient.turnWaitMs': '200' })
  const client = await pool.connect()
  await client.query('begin')
  await client.query('lock table journal.idempotency in exclusive mode')
  const first = narrow.httpsPost(SYSTEM, '/storeclient', { type: ER7, body: pushed({}, { controlId: 'DOOR-TURN-1' }) })
  const isWaiting = async () => (await client.query('select from pg_locks where not granted')).rows.length > 0
  t.ok(await eventually(isWaiting, 5_000), 'the first is in work')
  const late = await narrow.httpsPost('pharmacy-c', '/storeclient', { type: ER7, body: pushed() })
  await client.query('rollback')
  client.release()
  t.equal(late.status, 503)
  t.match(readAck(late.body), { code: 'AR', errors: [{ code: '207', application: 'SC-RETRY' }] })
  t.equal(readAck((await first).body).code, 'AA')
})

t.test('one certificate holds its share of the connections, another still finds room', async (t) => {
  const narrow = await scenario.beside({ 'limits.connectionsPerCertificate': '1' })
  const both = await Promise.allSettled(
    [pushed(), pushed()].map((body) => narrow.httpsPost(SYSTEM, '/storeclient', { type: ER7, body })),
  )
  t.same(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  const { status } = await narrow.httpsPost('pharmacy-c', '/storeclient', { type: ER7, body: pushed() })
  t.equal(status, 200)
})

t.test('without the database a message is turned away with AR, and its connection stays (MLLP)', async (t) => {
  const connection = await scenario.mllp(SYSTEM)
  const client = await pool.connect()
  // The journal cannot take a refusal; then nobody can be looked up.
  for (const table of ['journal.exchange', 'access.system']) {
    await client.query('begin')
    await client.query(`lock table ${table} in access exclusive mode`)
    const fresh = table === 'access.system' ? await scenario.mllp(SYSTEM) : connection
    const ack = readAck(await fresh.send(pushed({}, { localId: '9999999999', controlId: 'DOOR-AWAY' })))
    await client.query('rollback')
    t.match(ack, { code: 'AR', controlId: 'DOOR-AWAY', errors: [{ code: '207', application: 'SC-RETRY' }] }, table)
    t.equal(readAck(await fresh.send(pushed())).code, 'AA', `${table} is back`)
    if (fresh !== connection) await fresh.close()
  }
  client.release()
  await connection.close()
})
