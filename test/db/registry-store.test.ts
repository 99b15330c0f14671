// FindDocuments on a real PostgreSQL against a model of its meaning in plain code, and what registration keeps (ITI TF-2 3.18.4.1.2.3).

import t from 'tap'
import { admits } from '../../src/access/decide.ts'
import { completeClaim, takeClaim } from '../../src/db/idempotency.ts'
import { createRegistryQueries } from '../../src/db/registry-query.ts'
import { registrationParts } from '../../src/db/registry-write.ts'
import { executeTogether } from '../../src/db/sql.ts'
import type { Opening, PatientAccess, Scope } from '../../src/model/access.ts'
import { codeKey } from '../../src/model/code.ts'
import type { Level } from '../../src/model/confidentiality.ts'
import { CONFIDENTIALITY_SCHEME } from '../../src/model/confidentiality.ts'
import type { DocumentEntry } from '../../src/model/document-entry.ts'
import { newEntryUuid } from '../../src/model/identifiers.ts'
import type { FindDocuments, TimeRange } from '../../src/model/stored-query.ts'
import { OBJECT_STABLE, STATUS_APPROVED } from '../../src/model/xds.ts'
import { opened, opening } from '../access/scopes.ts'
import { NO_CODES } from '../registry/criteria.ts'
import { COMMUNITY, entry, submissionSet } from '../registry/submission.ts'
import { openDatabase } from './database.ts'

const pool = await openDatabase(t, 4)
const queries = createRegistryQueries(pool)

let state = 20260401
/** Known numbers in an order that looks random, so that a failure can be run again. */
function next(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
const one = <T>(values: readonly [T, ...T[]]): T => values[next(values.length)] ?? values[0]
const some = <T>(values: readonly T[]): readonly T[] => values.filter(() => next(3) === 0)

const KINDS = ['LAB', 'REPORT', '処方', 'a%b', '𠮷']
const EVENTS = ['e1', 'e2', 'e3', "e'4"]
const TIMES = ['2025', '202506', '20250615', '2025061508', '202506150830', '20250615083015', '2026'] as const
const AUTHORS = ['1^Sato^Ken', '2^S_to', '3^50%', '4^back\\slash', '5^佐藤', '6^sato']
const PATTERNS = ['%Sato%', '%S_to%', '%50%', '%\\slash', '_^佐藤', '%\\%', '%', '%sato', '6^sato', '']
const PUBLISHERS = ['hospital-a', 'clinic-b', 'pharmacy-c']
const LEVELS = ['N', 'R', 'V']
const code = (value: string) => ({ code: value, scheme: '2.25.900.3', display: value })
const level = (value: string) => ({ code: value, scheme: CONFIDENTIALITY_SCHEME, display: value })
const author = (authorPerson: string) => ({
  authorPerson,
  authorInstitution: [],
  authorRole: [],
  authorSpecialty: [],
  authorTelecommunication: [],
})

interface Stored {
  readonly entry: DocumentEntry
  readonly publisher: string
  readonly personKey: string
}

function randomEntry(number: number): Stored {
  const time = (key: string) => (next(3) === 0 ? {} : { [key]: one(TIMES) })
  return {
    publisher: PUBLISHERS[next(3)] ?? '',
    personKey: next(8) === 0 ? '2' : '1',
    entry: entry({
      entryUUID: newEntryUuid(),
      uniqueId: `2.25.900.4.${number}`,
      classCode: code(KINDS[next(KINDS.length)] ?? ''),
      typeCode: code(one(['t1', 't2'])),
      eventCodeList: some(EVENTS).map(code),
      confidentialityCode: [
        one([level('N'), level('N'), level('U'), level('R'), code('X')]),
        ...some(LEVELS).map(level),
      ],
      author: some(AUTHORS).map(author),
      referenceIdList: some(REFERENCES),
      creationTime: one(TIMES),
      ...time('serviceStartTime'),
      ...time('serviceStopTime'),
    }),
  }
}

const NO_CHANGES = { deprecated: [], approved: [], superseded: [], touched: [] }

async function write({ entry: value, publisher, personKey }: Stored, ebrim = ' stored'): Promise<void> {
  const parts = await registrationParts(pool, {
    personKey,
    patientId: { value: 'P1', authority: COMMUNITY },
    publisher,
    registeredAt: '20260401120000',
    submissionSet: submissionSet({ entryUUID: newEntryUuid(), uniqueId: `2.25.900.6.${value.uniqueId.slice(11)}` }),
    submissionEbrim: '',
    entries: [{ entry: value, ebrim, logicalId: value.entryUUID, version: 1, status: STATUS_APPROVED, publisher }],
    folders: [],
    associations: [],
    changes: NO_CHANGES,
    knownUniqueIds: [],
    documents: [],
  })
  await executeTogether(pool, parts)
}

const OPEN = {
  codes: NO_CODES,
  creationTime: {},
  serviceStartTime: {},
  serviceStopTime: {},
  authorPerson: [],
  referenceIds: [],
}
const REFERENCES = [
  'A1^^^&2.25.1&ISO^urn:order',
  'A_1^^^&2.25.1&ISO^urn:order',
  'B\\2^^^^urn:accession',
  'b\\2^^^^urn:accession',
]
const REFERENCE_PATTERNS = ['A%', 'A_1%', '%urn:accession', 'B\\2%', '%']
const referenceFilter = () =>
  Array.from({ length: 1 + next(2) }, () => [
    one(['none', ...REFERENCES]),
    ...some([...REFERENCES, ...REFERENCE_PATTERNS]),
  ])
const filter = (values: readonly string[], slots: number) =>
  Array.from({ length: next(slots + 1) }, () =>
    [one(['e1', ...values]), ...some(values)].map((value) => codeKey(code(value))),
  )
const between = (): TimeRange => ({
  ...(next(2) === 0 ? { from: padded(one(TIMES)) } : {}),
  ...(next(2) === 0 ? { to: padded(one(TIMES)) } : {}),
})

function randomQuery(): FindDocuments {
  return {
    kind: 'FindDocuments',
    returnType: 'LeafClass',
    metadataLevel: 1,
    patientId: { value: 'P1', authority: COMMUNITY },
    status: [STATUS_APPROVED],
    objectTypes: [OBJECT_STABLE],
    codes: {
      ...NO_CODES,
      classCode: next(3) === 0 ? filter(KINDS, 1) : [],
      typeCode: next(4) === 0 ? [[codeKey(code('t1'))]] : [],
      formatCode: next(6) === 0 ? [['format^^other'], ['x^^y']].slice(0, 1) : [],
      eventCodeList: filter(EVENTS, 2),
      confidentialityCode: next(3) === 0 ? [[codeKey(level('N'))], [codeKey(level('R')), codeKey(level('V'))]] : [],
    },
    creationTime: between(),
    serviceStartTime: next(2) === 0 ? between() : {},
    serviceStopTime: next(2) === 0 ? between() : {},
    authorPerson: next(3) === 0 ? [PATTERNS[next(PATTERNS.length)] ?? '%', PATTERNS[next(PATTERNS.length)] ?? '%'] : [],
    referenceIds: next(3) === 0 ? referenceFilter() : [],
  }
}

const randomLevel = (): Level => one(['none', 'U', 'N', 'N', 'R', 'V'])

function apart(publishers: readonly string[]): readonly Opening[] {
  return publishers.map((publisher) => {
    const kinds = Object.fromEntries(some(KINDS).map((kind) => [kind, randomLevel()]))
    return opening([publisher], randomLevel(), next(2) === 0 ? kinds : {})
  })
}

function randomScope(): PatientAccess {
  // Often one right for all, as where no network has set any; often one for each, with kinds apart.
  const openings = next(2) === 0 ? opened(some(PUBLISHERS), randomLevel()).openings : apart(some(PUBLISHERS))
  return {
    personKey: '1',
    patientId: { value: 'P1', authority: COMMUNITY },
    publish: { allowed: false, reason: 'no consent stands' },
    scope: {
      mode: one(['everything', 'by-rule', 'by-rule', 'by-rule', 'by-rule', 'nothing']),
      ownFacility: PUBLISHERS[next(3)] ?? '',
      openings,
      closed: {},
      excludedKinds: next(2) === 0 ? some(KINDS) : [],
      decision: { allowed: openings.length > 0, reason: 'union, consent and link stand' },
    },
  }
}

const padded = (time: string) => time + '00000101000000'.slice(time.length)
const inside = (time: string | undefined, { from, to }: TimeRange) =>
  time === undefined || ((from === undefined || padded(time) >= from) && (to === undefined || padded(time) < to))

function like(text: string, pattern: string): boolean {
  const source = Array.from(pattern, (sign) => {
    if (sign === '%') return '[^]*'
    return sign === '_' ? '[^]' : sign.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')
  })
  return new RegExp(`^${source.join('')}$`, 'u').test(text)
}

function isFound(
  { entry: value, publisher, personKey }: Stored,
  query: FindDocuments,
  patient: PatientAccess,
): boolean {
  const every = (lists: FindDocuments['codes']['classCode'], own: readonly string[]) =>
    lists.every((list) => list.some((key) => own.includes(key)))
  const people = value.author.flatMap(({ authorPerson }) => authorPerson ?? [])
  return (
    personKey === patient.personKey &&
    every(query.codes.classCode, [codeKey(value.classCode)]) &&
    every(query.codes.typeCode, [codeKey(value.typeCode)]) &&
    every(query.codes.formatCode, [codeKey(value.formatCode)]) &&
    every(query.codes.eventCodeList, value.eventCodeList.map(codeKey)) &&
    every(query.codes.confidentialityCode, value.confidentialityCode.map(codeKey)) &&
    inside(value.creationTime, query.creationTime) &&
    inside(value.serviceStartTime, query.serviceStartTime) &&
    inside(value.serviceStopTime, query.serviceStopTime) &&
    (query.authorPerson.length === 0 ||
      query.authorPerson.some((pattern) => people.some((person) => like(person, pattern)))) &&
    query.referenceIds.every((list) => list.some((pattern) => value.referenceIdList.some((id) => like(id, pattern)))) &&
    admits(patient.scope, {
      publisher,
      kind: value.classCode.code,
      confidentiality: value.confidentialityCode.map(codeKey),
    }).allowed
  )
}

const all = Array.from({ length: 150 }, (_, index) => randomEntry(index + 1))
for (const stored of all) await write(stored)

t.test('3.18.4.1.2.3.7.1: random queries under random scopes find what the model finds, in stable order', async (t) => {
  let hits = 0
  for (let round = 0; round < 400; round += 1) {
    const query = randomQuery()
    const patient = randomScope()
    const found = await queries.findDocuments(query, { patient, limit: 1000 })
    const expected = all.filter((stored) => isFound(stored, query, patient)).map((stored) => stored.entry.entryUUID)
    hits += expected.length
    if (
      found
        .map(({ id }) => id)
        .sort()
        .join() !== expected.sort().join()
    )
      t.fail(JSON.stringify({ round, query, scope: patient.scope, found: found.length, expected: expected.length }))
  }
  t.ok(hits > 500, `the queries are not all empty: ${hits}`)
})

t.test('by id the scopes of several persons show exactly what `admits` allows (design §4)', async (t) => {
  const values = all.map((stored) => stored.entry.entryUUID)
  const query = { kind: 'GetDocuments', returnType: 'ObjectRef', metadataLevel: 1, by: 'entryUUID', values } as const
  let hits = 0
  for (let round = 0; round < 200; round += 1) {
    const first = randomScope()
    const { mode, ownFacility } = first.scope
    const scope = {
      ...randomScope().scope,
      mode: mode === 'everything' ? mode : one<Scope['mode']>(['by-rule', 'nothing']),
      ownFacility,
    }
    const accesses = [first, { ...randomScope(), personKey: '2', scope }]
    const found = await queries.findObjects({ query }, { accesses, limit: 1000 })
    const expected = all.filter((stored) =>
      accesses.some((patient) => isFound(stored, { ...randomQuery(), ...OPEN }, patient)),
    )
    hits += expected.length
    t.same(found.map(({ id }) => id).sort(), expected.map(({ entry: value }) => value.entryUUID).sort())
  }
  t.ok(hits > 1000, `${hits} seen`)
})

t.test('results come newest first and stop at the limit', async (t) => {
  const query = { ...randomQuery(), ...OPEN }
  const scope = { ...randomScope().scope, mode: 'everything' as const }
  const patient = { ...randomScope(), scope }
  const found = await queries.findDocuments(query, { patient, limit: 1000 })
  const times = new Map(all.map(({ entry: value }) => [value.entryUUID, padded(value.creationTime ?? '')]))
  const seen = found.map(({ id }) => times.get(id) ?? '')
  t.strictSame(seen, [...seen].sort().reverse())
  t.strictSame(await queries.findDocuments(query, { patient, limit: 3 }), found.slice(0, 3))
})

t.test('what registration keeps comes back byte for byte, quotes and characters beyond the BMP included', async (t) => {
  const ebrim = ` id="x">'"\\ \u2028 𠮷 髙 {"a":[]} $1 %s`
  const stored = { ...randomEntry(900), personKey: '3' }
  await write(stored, ebrim)
  const patient = { ...randomScope(), personKey: '3', scope: { ...randomScope().scope, mode: 'everything' as const } }
  const [found] = await queries.findDocuments({ ...randomQuery(), ...OPEN }, { patient, limit: 2 })
  t.equal(found?.id, stored.entry.entryUUID)
  t.equal(found?.ebrim, ebrim)
})

t.test('a uniqueId that another submission took first is a unique violation, never a second meaning', async (t) => {
  const first = randomEntry(901)
  await write(first)
  await t.rejects(
    executeTogether(
      pool,
      await registrationParts(pool, {
        personKey: '1',
        patientId: { value: 'P1', authority: COMMUNITY },
        publisher: 'clinic-b',
        registeredAt: '20260401120000',
        submissionSet: submissionSet({ entryUUID: newEntryUuid(), uniqueId: first.entry.uniqueId }),
        submissionEbrim: '',
        entries: [],
        folders: [],
        associations: [],
        changes: NO_CHANGES,
        knownUniqueIds: [],
        documents: [],
      }),
    ),
    { code: '23505' },
  )
})

t.test('a message id of any length and script can be claimed and is recognised again', async (t) => {
  const key = Array.from({ length: 1024 }, () => String.fromCharCode(0x4e00 + next(20_000))).join('')
  const claim = { scope: 'ITI-42 clinic-b', key, digest: 'd' }
  t.match(await takeClaim(pool, claim), { kind: 'new' })
  await completeClaim(pool, claim, { status: 'Success' })
  t.match(await takeClaim(pool, claim), { kind: 'replay', response: { status: 'Success' } })
  t.match(await takeClaim(pool, { ...claim, digest: 'e' }), { kind: 'other-content' })
  t.match(await takeClaim(pool, { ...claim, key: `${key}x` }), { kind: 'new' })
})
