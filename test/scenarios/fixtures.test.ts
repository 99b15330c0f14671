// Every case of fixtures/ against one running server: the answer its section names, journalled, and nothing left behind (design §2).

import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { errorTable } from '../../profiles/errors/index.ts'
import { auditRows, iti10, iti46, staffCalendar, staffContent } from '../../profiles/transactions/index.ts'
import { serialize } from '../../src/codec/xml/write.ts'
import type { AuditMessage } from '../../src/model/audit-message.ts'
import { faultsOf, type Rendered, renderedEvents } from '../audit/rendered.ts'
import { eventually } from '../faults/support.ts'
import {
  type Case,
  type Expectation,
  fill,
  fillText,
  generated,
  readCase,
  readCases,
  requestOf,
  type Values,
  valuesOf,
} from './cases.ts'
import { runForeignHl7 } from './foreign-hl7.ts'
import { runForeignSamples } from './foreign-samples.ts'
import { type HttpAnswer, type JournalRow, type Scenario, startScenario } from './harness.ts'
import { inject } from './inject.ts'
import { networkValues } from './network.ts'
import { findPlanted, look } from './planted/forms.ts'
import { disagreements } from './second-opinion.ts'
import { servedSchemaFaults } from './served-schemas.ts'
import { bodyOf, type Emitted, envelopeOf, schemaFaults } from './validate.ts'

t.setTimeout(280_000)

const SOAP = 'application/soap+xml; charset=UTF-8'
/** An answer that is delivered to an address: connection, TLS, and the receiver's no. */
const JOURNALLED_WITHIN_MS = 10_000
const ER7 = 'x-application/hl7-v2+er7'
const LONG_NUMBER = 8
/** Of the persons of the demo network, whom nearly all fixtures are about. */
const DEMO_NAMES = [
  '太郎',
  '花子',
  'さくら',
  '次郎',
  'タロウ',
  'ハナコ',
  'サクラ',
  'ジロウ',
  'TARO',
  'HANAKO',
  '19580412',
  '19620930',
]
const JOURNAL_ID = /(?:journal |JournalId>)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/
const warnings = new Set(errorTable.filter(({ severity }) => severity === 'Warning').map(({ code }) => code))

interface Run {
  readonly scenario: Scenario
  readonly emitted: Emitted[]
  /** Answers of HL7 v2. */
  readonly told: { readonly name: string; readonly bytes: Buffer }[]
}

interface Sending {
  readonly one: Case
  readonly file: string
  readonly bytes: Buffer
}

async function send(run: Run, { one, file, bytes }: Sending): Promise<HttpAnswer> {
  const { scenario } = run
  const { settings } = one.expected
  const { system, door, endpoint, contentType, headers = {} } = one.expected
  if (door === 'admin') return scenario.admin(JSON.parse(bytes.toString('utf8')))
  if (door === 'syslog') {
    await scenario.syslog(system, bytes)
    return { status: 0, contentType: '', body: Buffer.alloc(0) }
  }
  if (door === 'mllp' || door === 'mllp-pix') {
    const connection = await scenario.mllp(system, door === 'mllp' ? 'storeclient' : 'pix')
    try {
      const body = await connection.send(bytes)
      run.told.push({ name: one.name, bytes: body })
      return { status: 200, contentType: ER7, body }
    } finally {
      await connection.close()
    }
  }
  const type = contentType ?? (file.endsWith('.hl7') ? ER7 : SOAP)
  const body = one.expected.pace === 'dripping' ? dripping(bytes) : bytes
  const { httpsPost } = settings === undefined ? scenario : await scenario.beside(settings)
  const answer = await httpsPost(system, endpoint ?? '/storeclient', { type, body, headers })
  const envelope = await envelopeOf(answer)
  if (envelope !== undefined) run.emitted.push({ name: one.name, envelope })
  return answer
}

/** A byte at a time, until whoever listens has had enough. */
async function* dripping(bytes: Buffer): AsyncGenerator<Buffer> {
  for (const byte of bytes) {
    await pause(100)
    yield Buffer.of(byte)
  }
}

/** A file of the case goes the way of its request; another case goes its own, with the values of this one. */
async function prepare(run: Run, one: Case, values: ReturnType<typeof valuesOf>): Promise<void> {
  const group = one.name.split('/')[0] ?? ''
  const { before = [], after = [] } = one.expected
  for (const step of [...before, ...after.map((name) => `${group}/${name}`)]) {
    const own = new URL(step, one.folder)
    const from = existsSync(own) ? one : readCase(step)
    const { file, bytes } = existsSync(own) ? { file: step, bytes: readFileSync(own) } : requestOf(from)
    await send(run, { one: from, file, bytes: fill(bytes, values.forFile()) })
  }
}

/** The patient's consent for the time of one case. */
async function consentOf({ scenario }: Run, one: Case, xad: string): Promise<() => Promise<void>> {
  if (one.expected.setup?.consent !== 'withdrawn') return async () => {}
  const person = `person_key = (select person_key from identity.identifier where value = $1)`
  await scenario.pool.query(`update access.consent set withdrawn_at = now() where ${person}`, [xad])
  return async () => {
    await scenario.pool.query(`update access.consent set withdrawn_at = null where ${person}`, [xad])
  }
}

/** Metadata rules switched for the system of one case, for its time. */
async function rulesOf({ scenario }: Run, { expected }: Case): Promise<() => Promise<void>> {
  const { system, setup } = expected
  const { rules } = setup ?? {}
  if (rules === undefined) return async () => {}
  const put = async (body: unknown): Promise<void> => {
    await scenario.admin({ method: 'PUT', path: `/systems/${system}/rules`, body })
    await scenario.reconnect(system)
  }
  await put(rules)
  return () => put({})
}

/** What hospital-a agreed, and its state, for the time of one case. */
async function facilityAs({ scenario }: Run, { expected }: Case): Promise<() => Promise<void>> {
  const { contract, facility } = expected.setup ?? {}
  const path = '/facilities/hospital-a'
  const agree = (body: unknown) => scenario.admin({ method: 'PATCH', path: `${path}/contract`, body })
  const put = (status: string) => scenario.admin({ method: 'PATCH', path, body: { status, reason: 'the fixture' } })
  if (contract !== undefined) await agree(contract)
  if (facility !== undefined) await put(facility)
  return async () => {
    if (contract !== undefined)
      await agree({ kinds: 'all', unlinked: 'refuse', shrinkGuard: 'keep-parts', quotaBytes: null })
    if (facility !== undefined) await put('active')
  }
}

async function runCase(t: Test, run: Run, { one, network }: { one: Case; network: Readonly<Record<string, string>> }) {
  const { scenario } = run
  const { expected } = one
  const values = valuesOf(network)
  await prepare(run, one, values)
  const own = values.forFile()
  const before = await scenario.counts()
  const consent = await consentOf(run, one, network.XAD ?? '')
  const rules = await rulesOf(run, one)
  const facility = await facilityAs(run, one)
  const mend = expected.inject === undefined ? async () => {} : await inject(expected.inject, scenario, own)
  const { file, bytes } = requestOf(one)
  const filled = fill(bytes, own)
  const request = expected.generate === undefined ? filled : generated(filled, expected.generate)
  const since = new Date()
  const undo = async (): Promise<void> => {
    await consent()
    await rules()
    await facility()
    await mend()
  }
  const sending = send(run, { one, file, bytes: request })
  // What comes later needs the fault until it has come.
  const answer = await (expected.journalled !== undefined ? sending : sending.finally(undo))
  checkAnswer(t, one, { answer, values: own })
  if (expected.door !== 'admin') checkJournal(t, one, { answer, rows: await rowsOf(scenario, { since, expected }) })
  if (expected.journalled !== undefined) await undo()
  if (expected.waived !== undefined) {
    const { rows } = await scenario.pool.query<{ waived: unknown }>(
      `select objects->'waivedRules' as waived from audit.event where at >= $1 and objects ? 'waivedRules'`,
      [since],
    )
    t.same(rows, [{ waived: expected.waived }], 'the audit event says what was waived')
  }
  if (expected.effect === 'none' || resultOf(one) === 'failure')
    t.same(await scenario.counts(), before, 'leaves nothing behind')
}

/** What an accepted message promised is journalled when it is done. */
async function rowsOf(
  scenario: Scenario,
  { since, expected: { journalled, code } }: { readonly since: Date; readonly expected: Expectation },
): Promise<readonly JournalRow[]> {
  let rows = await scenario.journalSince(since)
  const isThere = async (): Promise<boolean> => {
    rows = await scenario.journalSince(since)
    return rows.some(({ error_codes }) => code !== null && error_codes.includes(code))
  }
  if (journalled !== undefined) await eventually(isThere, JOURNALLED_WITHIN_MS)
  // Of several rows the one that the case is about.
  return [...rows].sort(
    (one, other) => Number(one.error_codes.includes(code ?? '')) - Number(other.error_codes.includes(code ?? '')),
  )
}

function resultOf({ expected }: Case): string {
  const { code, result } = expected
  return result ?? (code === null || warnings.has(code) ? 'success' : 'failure')
}

function checkAnswer(t: Test, { expected }: Case, { answer, values }: { answer: HttpAnswer; values: Values }): void {
  const text = answer.body.toString('utf8')
  const { ihe, fault, ack, code } = expected
  if (expected.status !== undefined) t.equal(answer.status, expected.status, `HTTP ${answer.status}`)
  if (ihe !== undefined) t.match(text, `errorCode="${ihe}"`)
  if (fault !== undefined) {
    t.match(text, `soap12:${fault.code}</`)
    t.match(text, `code="${code}"`)
    if (fault.subcode !== undefined) t.match(text, `${fault.vocabulary ?? 'wsa'}:${fault.subcode}</`)
  } else if (ihe !== undefined) t.match(text, `codeContext="${code}: `)
  if (ack !== undefined && ack !== null)
    t.match(text, /^\/(pdq|pix|xds|xcpd)\//.test(expected.endpoint ?? '') ? typeCode(ack) : `MSA|${ack}`)
  for (const piece of expected.contains ?? []) t.match(text, fillText(piece, values))
}

function typeCode(ack: string): RegExp {
  return new RegExp(`<typeCode code="${ack}"`)
}

/** A refusal names its exchange, except to a stranger and on a door that has no message to answer. */
function checkJournal(
  t: Test,
  { expected }: Case,
  { answer, rows }: { answer: HttpAnswer; rows: readonly JournalRow[] },
): void {
  // An answer that promised something cannot name the exchange in which that failed.
  const isNamed =
    expected.door !== 'syslog' &&
    expected.code !== null &&
    ![202, 403].includes(answer.status) &&
    expected.journalled === undefined
  const named = JOURNAL_ID.exec(answer.body.toString('latin1'))?.[1]
  const row = named === undefined ? rows.at(-1) : rows.find(({ exchange_id }) => exchange_id === named)
  if (isNamed) t.type(named, 'string', 'names the journal id')
  t.ok(row, 'is journalled')
  if (row === undefined) return
  if (expected.code === null) t.same(row.error_codes, [])
  else t.ok(row.error_codes.includes(expected.code), `journal: ${row.error_codes.join()}`)
  t.equal(row.system_id, expected.system === 'nobody' || expected.journalled === 'asked' ? null : expected.system)
  t.equal(row.result, resultOf({ expected } as Case))
  t.same(row.waived, expected.waived ?? [])
}

/** What deletes or cancels comes last, so that the others find what they build on. */
function inOrder(cases: readonly Case[]): readonly Case[] {
  const isLast = ({ name }: Case): boolean => /-(cancelled|delete)$/.test(name)
  return [...cases.filter((one) => !isLast(one)), ...cases.filter(isLast)]
}

t.test('every fixture gets its answer, is journalled and leaves nothing behind when refused', async (t) => {
  const scenario = await startScenario(t)
  const run: Run = { scenario, emitted: [], told: [] }
  const network = await networkValues(scenario)
  for (const one of inOrder(readCases())) {
    // The running server has no setting yet that agrees kinds with a facility; test/storeclient runs these cases.
    await t.test(`${one.name}: ${one.expected.code ?? 'accepted'}`, (t) => runCase(t, run, { one, network }))
  }
  await t.test('ITI-18, 41, 42, 43: sample messages of other stacks', (t) =>
    runForeignSamples(t, scenario, run.emitted),
  )
  await t.test('ITI-8, 9, 21: sample messages of other stacks', (t) => runForeignHl7(t, scenario))
  await t.test('HL7 v2.5 2.10: an independent library reads every HL7 v2 answer as it was meant', async (t) => {
    t.ok(run.told.length > 0)
    const faults = run.told.flatMap(({ name, bytes }) => disagreements(bytes).map((fault) => `${name} ${fault}`))
    t.same(faults, [])
  })
  await t.test('security e.34: the log of all that names no patient, by name or number', async (t) => {
    const { rows } = await scenario.pool.query<{ value: string }>('select distinct value from identity.identifier')
    // Shorter numbers stand somewhere by chance.
    const numbers = rows.map(({ value }) => value).filter((value) => value.length >= LONG_NUMBER)
    t.ok(numbers.length > 10, `${numbers.length} numbers`)
    t.ok(scenario.logged.length > 200, `${scenario.logged.length} lines`)
    const log = Buffer.from(scenario.logged.join('\n'))
    t.same(findPlanted(log, look([...DEMO_NAMES, ...numbers])), [])
  })
  await t.test('every SOAP answer is valid against the schemas', async (t) => {
    t.same(schemaFaults(run.emitted), [])
  })
  await t.test('every SOAP answer is valid against the schemas that our WSDLs carry', async (t) => {
    const bodies = run.emitted.flatMap(({ name, envelope }) => {
      const body = bodyOf(envelope)
      return body === undefined || body.name === 'Fault' ? [] : [{ name, xml: serialize(body) }]
    })
    t.same(servedSchemaFaults(bodies), [])
  })
  await t.test('every audit event is a message by the tables of its transaction (ITI TF-2 3.20.4.1)', async (t) => {
    const rendered = await renderedEvents(scenario.pool)
    t.same(faultsOf(rendered), [])
    const ended = new Set(
      rendered.map(({ message }) => `${message.eventTypes[0]?.code} ${message.outcome === 0 ? 'success' : 'failure'}`),
    )
    const promised = [...auditRows.values()]
      .filter(({ typeCode }) => !ELSEWHERE.includes(typeCode))
      .flatMap(({ typeCode }) => [`${typeCode} success`, `${typeCode} failure`])
    t.same(
      [...new Set(promised)].filter((one) => !ended.has(one)),
      [],
      'success and failure of every transaction',
    )
    t.same(auditedPieces(rendered), AUDITED_PIECES)
  })
})

/** Read by staff, and told by us: calendar.test.ts and notifications.test.ts. */
const ELSEWHERE: readonly string[] = [staffCalendar, staffContent, iti46, iti10].map(({ audit }) => audit.typeCode)

/** What rows have only since messages are made of them, each seen in one at least. */
const AUDITED_PIECES = {
  parties: true,
  messageType: true,
  replyTo: true,
  removedObject: true,
  home: true,
  person: true,
  outcome: true,
  alert: true,
  start: true,
}

function auditedPieces(rendered: readonly Rendered[]): typeof AUDITED_PIECES {
  const some = (is: (message: AuditMessage) => boolean): boolean => rendered.some(({ message }) => is(message))
  const detail = (type: string) =>
    some(({ objects }) => objects.some(({ details }) => details.some((one) => one.type === type)))
  return {
    parties: some(({ participants }) => /^[^|]+\|[^|]+$/.test(participants[0]?.userId ?? '')),
    messageType: some(({ eventTypes }) => eventTypes[1]?.code === 'ADT^A08'),
    replyTo: some(({ participants }) => /^https:\/\/localhost:\d+\//.test(participants[0]?.userId ?? '')),
    removedObject: some(({ objects }) => objects.some(({ lifeCycle }) => lifeCycle === 15)),
    home: detail('ihe:homeCommunityID') && detail('urn:ihe:iti:xca:2010:homeCommunityId'),
    person: some(({ participants }) => /^.*<.+@.+>$/.test(participants[1]?.userName ?? '')),
    outcome: some(({ outcomeDescription }) => outcomeDescription === 'ROLE_MISSING'),
    alert: detail('Alert Description'),
    start: some(({ eventTypes }) => eventTypes[0]?.code === '110120'),
  }
}
