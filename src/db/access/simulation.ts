// A day of looks from journal and audit with the facts of today, page by page in read-only transactions (port of src/access/simulation).

import type pg from 'pg'
import type { Candidate, Look, NetworkPolicy, SimulatedViewer, SimulationPorts } from '../../access/simulation/ports.ts'
import type { AccessFacts, DocumentTraits } from '../../model/access.ts'
import type { AccessMode, CallingSystem } from '../../model/caller.ts'
import type { Confidentiality } from '../../model/confidentiality.ts'
import { parseCx } from '../../model/identifiers.ts'
import type { AccessRules } from '../../model/rights.ts'
import type { Job, User } from '../../model/user.ts'
import { STATUS_APPROVED } from '../../model/xds.ts'
import { factsOfPersons, findSystemsById, findViewer } from '../access-store.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { wholeRules } from './rights.ts'

const PAGE = 200

interface Options {
  readonly networkMode: AccessMode
  /** Audit types of queries, and of reads of documents that are named. */
  readonly queries: readonly string[]
  readonly reads: readonly string[]
}

type Reads = Pick<SimulationPorts, 'network' | 'isStaff' | 'looks'>

export function createSimulationReads(pool: pg.Pool, options: Options): Reads {
  return {
    network: () => readPolicy(pool),
    isStaff: async (staffId) =>
      (await queryOne(pool, sql`/* a person is known */ select from access.staff where staff_id = ${staffId}`)) !==
      undefined,
    looks: (day) => looksOf(pool, { ...options, day }),
  }
}

interface PolicyRow {
  readonly rules: AccessRules
  readonly facilities: readonly { readonly id: string; readonly isActive: boolean }[]
  readonly systems: readonly { readonly id: string; readonly ceiling: Confidentiality }[]
}

async function readPolicy(pool: pg.Pool): Promise<NetworkPolicy> {
  const row = await queryOne<PolicyRow>(
    pool,
    sql`/* all that is set in the network */
      select ${wholeRules()} as rules,
        coalesce((select jsonb_agg(jsonb_build_object('id', facility_id, 'isActive', status = 'active'))
                  from access.facility), '[]'::jsonb) as facilities,
        coalesce((select jsonb_agg(jsonb_build_object('id', system_id, 'ceiling', confidentiality_ceiling))
                  from access.system), '[]'::jsonb) as systems`,
  )
  if (row === undefined) throw new Error('a statement of one row had none')
  return {
    rules: row.rules,
    facilities: new Map(row.facilities.map(({ id, isActive }) => [id, isActive ? 'active' : 'not active'])),
    ceilings: new Map(row.systems.map(({ id, ceiling }) => [id, ceiling])),
  }
}

interface LookRow {
  readonly at: string
  readonly event_id: string
  readonly exchange_id: string
  readonly type_code: string
  readonly system_id: string | null
  readonly facility_id: string
  readonly patients: readonly string[]
  readonly documents: readonly { readonly documentUniqueId: string }[] | null
  readonly asserted: User | null
  readonly staff_id: string | null
  readonly job: Job | null
}

type Asked = Options & { readonly day: string }

async function* looksOf(pool: pg.Pool, asked: Asked): AsyncGenerator<readonly Look[]> {
  let after = { at: `${asked.day}T00:00:00+09:00`, eventId: '0' }
  for (;;) {
    const { rows, looks } = await transaction(pool, async (client) => {
      await execute(client, sql`set transaction isolation level repeatable read, read only`)
      const rows = await rowsAfter(client, asked, after)
      return { rows, looks: await toLooks(client, asked, rows) }
    })
    yield looks
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    after = { at: last.at, eventId: last.event_id }
  }
}

/** By exchange_at, from where the last page ended. */
export function rowsAfter(
  client: Queryable,
  { day, queries, reads }: Asked,
  after: { readonly at: string; readonly eventId: string },
): Promise<readonly LookRow[]> {
  return query<LookRow>(
    client,
    sql`/* looks of a day */
      select j.at::text as at, e.event_id, e.exchange_id, e.type_code, e.system_id, e.facility_id, e.patients,
             e.objects -> 'documents' as documents, e.objects -> 'user' as asserted, p.staff_id, p.job
      from journal.exchange j
      join audit.event e on e.exchange_id = j.exchange_id and e.type_code = any(${[...queries, ...reads]}) and e.facility_id is not null
      left join access.staff p on p.staff_id = substring(e.objects ->> 'by' from '^staff:(.*)$')
      where j.at >= ${after.at}::timestamptz and j.at < ${`${day}T00:00:00+09:00`}::timestamptz + interval '1 day'
        and (j.at > ${after.at}::timestamptz or e.event_id > ${after.eventId}::bigint)
      order by j.at, e.event_id limit ${PAGE}`,
  )
}

interface PersonDocuments {
  readonly personKey: string
  readonly traits: DocumentTraits
  readonly documents: number
}

async function toLooks(client: Queryable, asked: Asked, rows: readonly LookRow[]): Promise<readonly Look[]> {
  const isQuery = ({ type_code }: LookRow) => asked.queries.includes(type_code)
  const persons = await personsOf(
    client,
    rows.filter(isQuery).flatMap(({ patients }) => patients),
  )
  const ofPersons = await documentsOfPersons(client, [...new Set(persons.values())])
  const named = await documentsNamed(client, rows.filter((row) => !isQuery(row)).flatMap(idsOf))
  const keys = new Set([...persons.values(), ...[...named.values()].flat().map(({ personKey }) => personKey)])
  const facts = await factsTowards(client, [...keys], [...new Set(rows.map(({ facility_id }) => facility_id))])
  const viewers = await viewersOf(client, asked.networkMode, rows)
  return rows.map((row) => {
    const candidate = ({ personKey, traits }: PersonDocuments): readonly Candidate[] => {
      const known = facts.get(row.facility_id)?.get(personKey)
      return known === undefined ? [] : [{ facts: known, traits }]
    }
    const patients = [...new Set(row.patients)]
    const ids = idsOf(row)
    const lookedAt = isQuery(row)
      ? patients.flatMap((patient) => ofPersons.get(persons.get(patient) ?? '') ?? []).map((one) => [one])
      : ids.map((id) => named.get(id) ?? [])
    return {
      journalId: row.exchange_id,
      look: isQuery(row) ? 'query' : 'document',
      facilityId: row.facility_id,
      viewer: viewers(row),
      lookedAt: lookedAt.map((ones) => ({ candidates: ones.flatMap(candidate), documents: ones[0]?.documents ?? 0 })),
      gone: isQuery(row)
        ? patients.filter((patient) => !persons.has(patient)).length
        : ids.filter((id) => !named.has(id)).length,
    }
  })
}

function idsOf({ documents }: LookRow): readonly string[] {
  return [...new Set((documents ?? []).map(({ documentUniqueId }) => documentUniqueId))]
}

/** Person keys by patient id in CX form. */
async function personsOf(client: Queryable, patients: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(patients)].flatMap((cx) => {
    const id = parseCx(cx)
    return id === undefined ? [] : [{ cx, ...id }]
  })
  const rows = await query<{ readonly cx: string; readonly person_key: string }>(
    client,
    sql`/* persons of patient ids */
      select q.cx, i.person_key
      from unnest(${ids.map(({ cx }) => cx)}::text[], ${ids.map(({ authority }) => authority)}::text[],
                  ${ids.map(({ value }) => value)}::text[])
        as q (cx, authority, value)
      join identity.identifier i on i.domain = q.authority and i.value = q.value and i.status = 'active'`,
  )
  return new Map(rows.map(({ cx, person_key }) => [cx, person_key]))
}

interface TraitsRow extends DocumentTraits {
  readonly unique_id: string
  readonly person_key: string
  readonly documents: number
}

const toDocuments = ({ person_key, documents, publisher, kind, confidentiality }: TraitsRow): PersonDocuments => ({
  personKey: person_key,
  documents,
  traits: { publisher, kind, confidentiality },
})

/** Documents alike count once. */
async function documentsOfPersons(
  client: Queryable,
  personKeys: readonly string[],
): Promise<ReadonlyMap<string, readonly PersonDocuments[]>> {
  const rows = await query<TraitsRow>(
    client,
    sql`/* documents of persons by their traits */
      select '' as unique_id, person_key, publisher, split_part(class_code, '^^', 1) as kind, confidentiality, count(*)::int as documents
      from registry.document_entry where person_key = any(${personKeys}) and status = ${STATUS_APPROVED} and latest
      group by 2, 3, 4, 5`,
  )
  return grouped(rows, ({ person_key }) => person_key)
}

async function documentsNamed(
  client: Queryable,
  uniqueIds: readonly string[],
): Promise<ReadonlyMap<string, readonly PersonDocuments[]>> {
  const rows = await query<TraitsRow>(
    client,
    sql`/* documents by uniqueId with their traits */
      select distinct unique_id, person_key, publisher, split_part(class_code, '^^', 1) as kind, confidentiality, 1 as documents
      from registry.document_entry where unique_id = any(${[...new Set(uniqueIds)]}) and latest`,
  )
  return grouped(rows, ({ unique_id }) => unique_id)
}

function grouped(
  rows: readonly TraitsRow[],
  keyOf: (row: TraitsRow) => string,
): ReadonlyMap<string, readonly PersonDocuments[]> {
  const found = new Map<string, PersonDocuments[]>()
  for (const row of rows) {
    const documents = found.get(keyOf(row)) ?? []
    documents.push(toDocuments(row))
    found.set(keyOf(row), documents)
  }
  return found
}

/** By facility, then by person. */
async function factsTowards(
  client: Queryable,
  personKeys: readonly string[],
  facilities: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, AccessFacts>>> {
  const found = new Map<string, ReadonlyMap<string, AccessFacts>>()
  for (const facilityId of facilities) {
    const persons = await factsOfPersons(client, { personKeys, facilityId })
    found.set(facilityId, new Map(persons.map(({ personKey, facts }) => [personKey, facts])))
  }
  return found
}

/** Viewers as the doors read them today; a system that is suspended, or of a facility that is, is let in by none. */
async function viewersOf(
  client: Queryable,
  networkMode: AccessMode,
  rows: readonly LookRow[],
): Promise<(row: LookRow) => SimulatedViewer | undefined> {
  const systemIds = [...new Set(rows.flatMap(({ system_id }) => system_id ?? []))]
  const systems = await findSystemsById(client, { systemIds, networkMode })
  const active = await query<{ readonly system_id: string }>(
    client,
    sql`/* systems that the doors let in */
      select s.system_id from access.system s join access.facility f using (facility_id)
      where s.system_id = any(${systemIds}) and s.status = 'active' and f.status = 'active'`,
  )
  const open = new Set(active.map(({ system_id }) => system_id))
  const facilities = new Map<string, CallingSystem | undefined>()
  for (const { system_id, facility_id: facilityId } of rows)
    if (system_id === null && !facilities.has(facilityId))
      facilities.set(facilityId, await findViewer(client, { facilityId, networkMode }))
  return (row) => {
    const { system_id, facility_id } = row
    const found =
      system_id === null ? facilities.get(facility_id) : open.has(system_id) ? systems.get(system_id) : undefined
    const user = userOf(row)
    return found === undefined || user === undefined ? found : { ...found, user }
  }
}

function userOf({ asserted, staff_id, job }: LookRow): User | undefined {
  if (asserted !== null) return asserted
  if (staff_id === null || job === null) return undefined
  return { name: staff_id, origin: 'session', staffId: staff_id, job, roles: [], purpose: 'treatment' }
}
