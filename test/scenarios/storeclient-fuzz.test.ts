// Spoiled messages through both StoreClient doors of a real server: always answered, never AA for what was not kept (HL7 v2.5 2.9).

import { createHash } from 'node:crypto'
import t from 'tap'
import { dueAcks, readAck } from '../../src/codec/hl7v2/ack.ts'
import { isBatch } from '../../src/codec/hl7v2/batch.ts'
import { readHeader, unframe } from '../../src/codec/hl7v2/header.ts'
import { bodyHashOf } from '../../src/storeclient/interpret.ts'
import { FUZZ_MESSAGES, mutant, type Seed, seeds } from '../storeclient/mutations.ts'
import { startScenario } from './harness.ts'
import { networkValues } from './network.ts'

t.setTimeout(0)

const SENDERS = 6
/** Of as many messages one goes over MLLP, which is asked one by one. */
const MLLP_SHARE = 5
const SYSTEM = 'hospital-a'
const scenario = await startScenario(t)
const values = await networkValues(scenario)
/** Control ids of their own, so that most are new. */
const all: readonly Seed[] = seeds((name) => values[name] ?? name)

function numbered(number: number): Buffer {
  const bytes = mutant(all, number)
  const { controlId } = readHeader(bytes)
  if (controlId === '' || number % 7 === 0) return bytes
  return Buffer.from(
    bytes.toString('latin1').replace(`|${controlId}|`, () => `|FX-DOOR-FUZZ-${number}|`),
    'latin1',
  )
}

interface Tally {
  readonly accepted: { readonly number: number; readonly bytes: Buffer }[]
  readonly wrong: string[]
  refused: number
  silent: number
}

const tally: Tally = { accepted: [], wrong: [], refused: 0, silent: 0 }

/** MLLP carries no framing bytes, an acknowledgement sent to us is hung up on, and who sends one by one waits for one answer. */
function goesOverMllp(bytes: Buffer, number: number): boolean {
  const header = readHeader(bytes)
  const isAnswered = (['accepted', 'refused'] as const).every((outcome) => dueAcks(header, outcome).length === 1)
  const isFramable = bytes.length > 0 && !bytes.includes(0x0b) && !bytes.includes(0x1c)
  return number % MLLP_SHARE === 0 && isFramable && isAnswered && header.messageCode !== 'ACK'
}

function judge(number: number, bytes: Buffer, answer: { readonly status: number; readonly body: Buffer }): void {
  const header = readHeader(bytes)
  if (answer.body.length === 0) {
    const isSilent = (['accepted', 'refused'] as const).some((outcome) => dueAcks(header, outcome).length === 0)
    if (!isSilent) tally.wrong.push(`${number} heard nothing, HTTP ${answer.status}`)
    tally.silent += 1
    return
  }
  const { code, errors } = readAck(answer.body)
  if (/^[AC]A$/.test(code)) tally.accepted.push({ number, bytes: unframe(bytes) })
  else if (/^[AC][ER]$/.test(code)) tally.refused += 1
  else tally.wrong.push(`${number} answered ${code}`)
  if (errors.some(({ diagnostic }) => /server failed/.test(diagnostic))) tally.wrong.push(`${number} ${code} INTERNAL`)
}

async function send(from: number): Promise<void> {
  const connection = await scenario.mllp(SYSTEM)
  for (let number = from; number < FUZZ_MESSAGES; number += SENDERS) {
    const bytes = numbered(number)
    if (goesOverMllp(bytes, number)) judge(number, bytes, { status: 200, body: await connection.send(bytes) })
    else {
      const answer = await scenario.httpsPost(SYSTEM, '/storeclient', { type: 'application/hl7-v2', body: bytes })
      if (answer.status !== 200 && answer.status !== 202 && answer.status !== 400)
        tally.wrong.push(`${number} HTTP ${answer.status}`)
      judge(number, bytes, answer)
    }
  }
  await connection.close()
}

t.test(`${FUZZ_MESSAGES} spoiled messages: each is answered, none brings the server to its knees`, async (t) => {
  await Promise.all(Array.from({ length: SENDERS }, (_, index) => send(index)))
  t.same(tally.wrong.slice(0, 20), [])
  t.ok(tally.accepted.length > FUZZ_MESSAGES / 20, `${tally.accepted.length} accepted`)
  t.ok(tally.refused > FUZZ_MESSAGES / 20, `${tally.refused} refused, ${tally.silent} without an answer due`)
})

t.test('what was acknowledged positively is kept: its bytes, or a document with the same content', async (t) => {
  const { pool } = scenario
  const stored = await pool.query<{ sha256: string; content: Buffer | null }>(
    'select sha256, content from repository.document union all select sha256, content from registry.superseded',
  )
  const hashes = new Set(stored.rows.map(({ sha256 }) => sha256))
  const bodies = new Set(stored.rows.map(({ content }) => (content === null ? '' : bodyHashOf(content))))
  const claims = await pool.query<{ digest: string }>('select digest from journal.idempotency')
  const digests = new Set(claims.rows.map(({ digest }) => digest))
  const lost = tally.accepted.filter(({ bytes }) => {
    if (isBatch(bytes)) return true
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return !digests.has(sha256) || !(hashes.has(sha256) || bodies.has(bodyHashOf(bytes)))
  })
  t.same(
    lost.map(({ number }) => number),
    [],
  )
})

t.test('nothing of it was a failure of ours', async (t) => {
  const { rows } = await scenario.pool.query(
    `select error_codes from journal.exchange where error_codes && array['INTERNAL', 'BUSY', 'OUTCOME_UNKNOWN']`,
  )
  t.same(rows, [])
})
