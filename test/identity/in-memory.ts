// An identity store in memory for actor tests: the same promises as the PostgreSQL one, one transaction at a time.

import type { MatchFeatures } from '../../src/identity/matching/features.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../src/identity/matching/model.ts'
import type { CandidateRecord } from '../../src/identity/matching/types.ts'
import type {
  Domain,
  ExchangeRecord,
  HistoryEntry,
  IdentityPorts,
  IdentityReads,
  IdentityStore,
  IdentityTransaction,
  Matching,
  MergeChange,
  NewIdentifier,
  NewReview,
  NumbersMove,
  PixQueryPorts,
  RecordFeatures,
  RecordKey,
  StaffChange,
  StoredIdentifier,
} from '../../src/identity/ports.ts'
import type { Caller } from '../../src/model/caller.ts'
import { IheError } from '../../src/model/error.ts'
import type { PatientFeed, PixV3Query } from '../../src/model/hl7v3.ts'
import { formatCx, type Oid, type PatientId, parseOid } from '../../src/model/identifiers.ts'
import type { MergeFeed } from '../../src/model/identity-feed.ts'
import type { Demographics } from '../../src/model/person.ts'

export function oid(text: string): Oid {
  const parsed = parseOid(text)
  if (parsed === undefined) throw new Error(`not an OID: ${text}`)
  return parsed
}

export const DOMAIN_A = oid('2.25.100.1')
export const DOMAIN_B = oid('2.25.100.2')
export const SECOND_A = oid('2.25.100.11')
export const AFFINITY = oid('2.25.100.9')
export const TESTER = oid('2.25.100.7')
export const UNKNOWN = oid('2.25.100.404')

interface State {
  readonly domains: Map<string, Domain>
  readonly identifiers: Map<string, StoredIdentifier>
  readonly history: HistoryEntry[]
  readonly claims: Map<string, { readonly digest: string; response?: unknown }>
  readonly records: ExchangeRecord[]
  readonly staffChanges: StaffChange[]
  readonly merges: MergeChange[]
  /** The persons of each announcement. */
  readonly announced: (readonly string[])[]
  readonly moves: NumbersMove[]
  readonly features: Map<RecordKey, RecordFeatures>
  readonly reviews: NewReview[]
  /** `a b`, the lesser key first. */
  readonly apart: Set<string>
  persons: number
  recordKeys: number
}

export interface MemoryPorts extends IdentityPorts, PixQueryPorts {
  readonly state: () => State
}

const DOMAINS: readonly Domain[] = [
  { oid: DOMAIN_A, name: 'HOSPITAL-A', kind: 'facility', facilityId: 'hospital-a' },
  { oid: SECOND_A, name: 'HOSPITAL-A-DENTAL', kind: 'facility', facilityId: 'hospital-a' },
  { oid: DOMAIN_B, name: 'CLINIC-B', kind: 'facility', facilityId: 'clinic-b' },
  { oid: AFFINITY, name: 'NETWORK', kind: 'community' },
]

/** @param visible domains that the fake visibility rule shows to everyone. */
export function memoryPorts(
  visible: readonly string[] = [DOMAIN_A, DOMAIN_B, AFFINITY],
  mode: Matching['policy']['mode'] = 'off',
): MemoryPorts {
  const matching: Matching = { policy: { ...DEFAULT_POLICY, mode }, model: DEFAULT_MODEL, version: '1' }
  let state: State = {
    domains: new Map(DOMAINS.map((domain) => [domain.oid, domain])),
    identifiers: new Map(),
    history: [],
    claims: new Map(),
    records: [],
    staffChanges: [],
    merges: [],
    announced: [],
    moves: [],
    features: new Map(),
    reviews: [],
    apart: new Set(),
    persons: 0,
    recordKeys: 0,
  }
  let last: Promise<unknown> = Promise.resolve()
  const inTransaction: IdentityStore['inTransaction'] = (work) => {
    const next = last.then(async () => {
      const copy: State = {
        domains: new Map(state.domains),
        identifiers: new Map(state.identifiers),
        history: [...state.history],
        claims: new Map(state.claims),
        records: [...state.records],
        staffChanges: [...state.staffChanges],
        merges: [...state.merges],
        announced: [...state.announced],
        moves: [...state.moves],
        features: new Map(state.features),
        reviews: [...state.reviews],
        apart: new Set(state.apart),
        persons: state.persons,
        recordKeys: state.recordKeys,
      }
      const result = await work(transactionOn(copy))
      state = copy
      return result
    })
    last = next.catch(() => undefined)
    return next
  }
  const store: IdentityStore = { ...readsOn(() => state), inTransaction }
  return {
    store,
    affinityDomain: AFFINITY,
    takes: 'every domain',
    matching: () => matching,
    async correspondence({ id, domains }) {
      const known = await store.domains(domains)
      const found = state.identifiers.get(formatCx(id))
      if (found === undefined || found.status === 'obsolete') return { domains: known }
      const identifiers = (await store.identifiersOf(found.person))
        .filter(({ status }) => status === 'active')
        .map((entry) => ({ id: entry.id, domain: state.domains.get(entry.id.authority) as Domain }))
      return { domains: known, person: { key: found.person, identifiers, shown: new Set(visible) } }
    },
    state: () => state,
  }
}

function readsOn(state: () => State): IdentityReads {
  const all = (): readonly StoredIdentifier[] => [...state().identifiers.values()]
  const domains: IdentityReads['domains'] = async (oids) =>
    new Map(oids.flatMap((key) => (state().domains.has(key) ? [[key, state().domains.get(key) as Domain]] : [])))
  const recordsOf = (person: string, asking?: RecordKey): readonly CandidateRecord[] =>
    all().flatMap((entry) => {
      const kept = state().features.get(entry.record)
      if (kept === undefined || entry.person !== person || entry.status === 'obsolete' || entry.record === asking)
        return []
      const features = kept.features as MatchFeatures
      const vetoed = asking !== undefined && state().apart.has(pairKey(asking, entry.record))
      return [{ record: entry.record, domain: entry.id.authority, features, vetoed }]
    })
  return {
    domains,
    domainsNamed: async (names) => [...state().domains.values()].filter(({ name }) => names.includes(name)),
    async candidates(keys, asking) {
      const found = all().filter(
        (entry) =>
          entry.status === 'active' &&
          entry.record !== asking &&
          state()
            .features.get(entry.record)
            ?.keys.some((key) => keys.includes(key)),
      )
      const persons = [...new Set(found.map(({ person }) => person))]
      return persons.map((person) => ({ person, records: recordsOf(person, asking) }))
    },
    recordsOf: async (person, asking) => recordsOf(person, asking),
    facilityDomains: async (facilityId) =>
      [...state().domains.values()].filter((domain) => domain.facilityId === facilityId && domain.kind === 'facility'),
    identifiersOf: async (person) => all().filter((entry) => entry.person === person),
    findIdentifiers: async (value, domain) =>
      all().filter((entry) => entry.id.value === value && (domain === undefined || entry.id.authority === domain)),
  }
}

function pairKey(a: RecordKey, b: RecordKey): string {
  return [a, b].sort((x, y) => Number(x) - Number(y)).join(' ')
}

function transactionOn(state: State): IdentityTransaction {
  const change = (id: PatientId, fields: Partial<StoredIdentifier>): void => {
    const stored = state.identifiers.get(formatCx(id))
    if (stored !== undefined) state.identifiers.set(formatCx(id), { ...stored, ...fields })
  }
  const add = (identifier: NewIdentifier): RecordKey | undefined => {
    const { id, person, link = 'sole', demographics, received, features, history } = identifier
    if (state.identifiers.has(formatCx(id))) return undefined
    state.recordKeys += 1
    const record = String(state.recordKeys)
    const said = demographics === undefined ? {} : { demographics }
    state.identifiers.set(formatCx(id), {
      id,
      record,
      person,
      link,
      status: 'active',
      fed: received !== undefined,
      ...said,
    })
    if (features !== undefined) state.features.set(record, features)
    const came = received === undefined ? {} : { received }
    if (history !== undefined) state.history.push({ id, event: 'add', person, link, ...said, ...came, ...history })
    return record
  }
  return {
    ...readsOn(() => state),
    async claim({ scope, key, digest }) {
      const held = state.claims.get(`${scope} ${key}`)
      if (held?.digest === digest) return { kind: 'replay', response: held.response }
      if (held !== undefined) return { kind: 'other-content' }
      state.claims.set(`${scope} ${key}`, { digest })
      return { kind: 'new' }
    },
    async recordExchange(_caller, record, { claim, response }) {
      const { scope, key, digest } = claim
      const held = state.claims.get(`${scope} ${key}`)
      if (held?.digest === digest) state.claims.set(`${scope} ${key}`, { ...held, response })
      state.records.push(record)
    },
    async addDomain(domain) {
      if (!state.domains.has(domain.oid)) state.domains.set(domain.oid, domain)
    },
    lockNumbersOf: async () => {},
    lockIdentifiers: async (ids) => ids.flatMap((id) => state.identifiers.get(formatCx(id)) ?? []),
    async addPerson() {
      state.persons += 1
      return String(state.persons)
    },
    async addPersonWith(first) {
      const record = add({ ...first, person: String(state.persons + 1) })
      if (record === undefined) return undefined
      state.persons += 1
      return { person: String(state.persons), record }
    },
    addIdentifier: async (identifier) => add(identifier),
    async replaceDemographics({ id, demographics, received, features }) {
      change(id, { demographics, fed: received !== undefined })
      const record = state.identifiers.get(formatCx(id))?.record
      if (features !== undefined && record !== undefined) state.features.set(record, features)
    },
    makeObsolete: async (id) => change(id, { status: 'obsolete' }),
    lockPersons: async () => {},
    async merge(merge) {
      state.merges.push(merge)
      for (const { former, survivor } of merge.replacements)
        for (const stored of [...state.identifiers.values()])
          if (
            formatCx(stored.id) === formatCx(former) ||
            (stored.id.authority === former.authority && stored.survivor === former.value)
          )
            change(stored.id, { status: 'obsolete', survivor: survivor.value, person: merge.survivor })
      for (const { id } of merge.moved) change(id, { person: merge.survivor })
    },
    recordStaffChange: async (change) => {
      state.staffChanges.push(change)
    },
    async moveNumbers(move) {
      state.moves.push(move)
      for (const id of move.ids) change(id, { person: move.to, link: move.link })
    },
    undoMerge: async () => ({ kind: 'unknown' }),
    lockBlocks: async () => {},
    async addReviews(reviews) {
      state.reviews.push(...reviews)
    },
    lockReview: async () => undefined,
    answerReview: async () => {},
    closeSettled: async () => {},
    async keepApart(pairs) {
      for (const [a, b] of pairs) state.apart.add(pairKey(a, b))
    },
    keptApart: async (records, others) =>
      records.some((one) => others.some((other) => state.apart.has(pairKey(one, other)))),
    allowTogether: async () => {},
    async addHistory(entries) {
      state.history.push(...entries)
    },
    async announce(persons) {
      state.announced.push(persons)
    },
  }
}

/** @param assigningAuthority makes it a system of access mode affinity-domain. */
export function callerOf(facilityId: string, assigningAuthority?: Oid): Caller {
  return {
    systemId: facilityId,
    facilityId,
    facilityOid: oid('2.25.200.1'),
    facilityName: facilityId,
    roles: new Set(['patient-identity-source', 'pix-consumer']),
    accessMode: assigningAuthority === undefined ? 'consent' : 'affinity-domain',
    ...(assigningAuthority === undefined ? {} : { assigningAuthority }),
    patientIdForm: 'exact',
    repositories: [],
    unionFacilities: [],
    confidentialityCeiling: 'N',
    exchange: {
      id: '00000000-0000-4000-8000-000000000001',
      door: 'https',
      endpoint: '/pix/manager',
      peer: '127.0.0.1',
      receivedAt: new Date(0),
      requestBytes: 0,
      startedMs: 0,
      transaction: 'ITI-44 add',
    },
  }
}

export const HANA: Demographics = {
  names: [
    { representation: 'IDE', family: '水沢', given: '葉名' },
    { representation: 'SYL', family: 'ミズサワ', given: 'ハナ' },
  ],
  sex: 'F',
  birthTime: '19620417',
  addresses: [{ postalCode: '999-0001', text: '架空県見本市1-2-3' }],
  telecoms: ['tel:+81-99-000-0001'],
}

let messages = 0

function transmission(interaction: string): PatientFeed['transmission'] {
  messages += 1
  return {
    interaction,
    id: { root: '2.25.300', extension: String(messages) },
    creationTime: '20270401090000+0900',
    sender: { id: oid('2.25.400.1') },
    receiver: { id: oid('2.25.400.2') },
  }
}

const PATIENT = '/PRPA_IN201301UV02/controlActProcess/subject[1]/registrationEvent/subject1/patient'

export function feedOf(ids: readonly PatientId[], fields: Partial<PatientFeed> = {}): PatientFeed {
  const sent = transmission('PRPA_IN201301UV02')
  return {
    kind: 'add',
    transaction: 'ITI-44',
    message: { key: `2.25.300^${sent.id.extension}`, at: '/PRPA_IN201301UV02/id' },
    transmission: sent,
    patientIds: ids.map((id, index) => ({ id, at: `${PATIENT}/id[${index + 1}]` })),
    otherIds: [],
    demographics: HANA,
    masked: [],
    custodian: { root: '2.25.400.1' },
    warnings: [],
    received: '<message/>',
    digest: `digest ${sent.id.extension}`,
    ...fields,
  }
}

const EVENT = '/PRPA_IN201304UV02/controlActProcess/subject[1]/registrationEvent'

/** `subsumed` goes into `survivor`. */
export function mergeOf(subsumed: PatientId, survivor: PatientId, fields: Partial<MergeFeed> = {}): MergeFeed {
  messages += 1
  return {
    kind: 'merge',
    transaction: 'ITI-44',
    message: { key: `2.25.300^${messages}`, at: '/PRPA_IN201304UV02/id' },
    survivors: [{ id: survivor, at: `${EVENT}/subject1/patient/id[1]` }],
    subsumed: { id: subsumed, at: `${EVENT}/replacementOf[1]/priorRegistration/subject1/priorRegisteredRole/id[1]` },
    warnings: [],
    received: '<merge/>',
    digest: `digest ${messages}`,
    ...fields,
  }
}

export function queryOf(id: PatientId, dataSources: readonly Oid[] = []): PixV3Query {
  const list = '/PRPA_IN201309UV02/controlActProcess/queryByParameter/parameterList'
  return {
    transmission: transmission('PRPA_IN201309UV02'),
    queryId: { root: '2.25.500', extension: '1' },
    patient: {
      value: id.value,
      namespace: '',
      universalId: id.authority,
      at: `${list}/patientIdentifier/value`,
      domainAt: `${list}/patientIdentifier/value`,
    },
    domains: dataSources.map((universalId, index) => ({
      namespace: '',
      universalId,
      at: `${list}/dataSource[${index + 1}]/value`,
    })),
    warnings: [],
    asked: { id: '2.25.300^1', text: '<queryByParameter/>' },
  }
}

/** The refusal that `work` ends in. */
export async function refusalOf(work: Promise<unknown>): Promise<IheError> {
  try {
    await work
  } catch (error) {
    if (error instanceof IheError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

export function idIn(authority: Oid, value: string): PatientId {
  return { value, authority }
}
