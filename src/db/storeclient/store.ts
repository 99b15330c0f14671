// StoreClient on PostgreSQL: what a push needs in two reads, what it changes in one transaction (ports of src/storeclient).

import type pg from 'pg'
import { formatDtm } from '../../../profiles/metadata/types.ts'
import {
  documentEntryObject,
  folderMembership,
  memberAssociation,
  relationship,
  submissionSetObject,
} from '../../../profiles/metadata/write.ts'
import type { AccessFacts, Consent } from '../../model/access.ts'
import type { Caller, FacilityStatus } from '../../model/caller.ts'
import type { DocumentEntry } from '../../model/document-entry.ts'
import type { Association, RegistryObject } from '../../model/ebrim.ts'
import type { Oid } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import { APND, RPLC, STATUS_APPROVED, STATUS_DEPRECATED, XFRM } from '../../model/xds.ts'
import type { RecordedOutcome, RegisteredEntry } from '../../registry/ports.ts'
import type {
  ClaimState,
  Effect,
  LateTakeover,
  LinkedPatient,
  Question,
  Situation,
  StoreClientTransaction,
  VersionRow,
  Write,
} from '../../storeclient/ports.ts'
import { factColumns, writtenAs } from '../access-store.ts'
import { sqlState } from '../failure.ts'
import { claimColumn, claimPart, storedKey } from '../idempotency.ts'
import { transaction } from '../pool.ts'
import { referencedObjects } from '../registry-facts.ts'
import { bareUuid, registrationParts } from '../registry-write.ts'
import { execute, executeTogether, type Queryable, query, type Statement, sql } from '../sql.ts'
import { updateDemographics } from './demographics.ts'
import { type DocumentReading, NOTHING_STORED, readStored } from './series.ts'
import { endFiled } from './withheld.ts'

export interface StoreClientStoreOptions extends DocumentReading {
  readonly pool: pg.Pool
  readonly mayPublish: (facilityId: string, facts: AccessFacts) => boolean
  readonly render: {
    readonly object: (object: RegistryObject) => string
    readonly association: (association: Association) => string
  }
  readonly exchangeParts: (caller: Caller, outcome: RecordedOutcome) => readonly Statement[]
}

/** Care date of kinds that have none, as paths of storages write it. */
const NO_DATE = '-'

export type StoreClientStore = <T>(work: (transaction: StoreClientTransaction) => Promise<T>) => Promise<T>

/** Commits when `work` resolves; a push that lost a race for its claim or its ids is run again and sees the winner. */
export function createStoreClientStore(options: StoreClientStoreOptions): StoreClientStore {
  return (work) =>
    transaction(options.pool, async (client) => {
      try {
        return await work(storeClientTransaction(client, options))
      } catch (error) {
        if (sqlState(error) === '23505')
          throw Object.assign(new Error('lost a race for a message or document id', { cause: error }), {
            code: '40001',
          })
        throw error
      }
    })
}

function storeClientTransaction(client: pg.PoolClient, options: StoreClientStoreOptions): StoreClientTransaction {
  let situationRow: PatientRow | undefined
  return {
    situation: async (question) => {
      const found = await readPatient(client, question)
      // A number that a merge took to another person while it was waited for is not found by the statement that waited.
      const row =
        question.patient !== undefined && found?.person_key === null ? await readPatient(client, question) : found
      situationRow = row
      const patient = toPatient(row, question, options)
      return {
        claim: claimState(row, question),
        ...(typeof row?.facility_status === 'string' ? { facility: row.facility_status } : {}),
        ...(patient === undefined ? {} : { patient }),
        ...(patient === undefined ? NOTHING_STORED : await readStored(client, { question, options, patient })),
      } satisfies Situation
    },
    write: (write) => writeAll(client, { write, patient: situationRow, options }),
  }
}

interface PatientRow {
  readonly claim: { readonly digest: string; readonly response: { readonly answer: string } } | null
  readonly person_key: string | null
  readonly domain: string
  readonly local_id: string
  /** This facility's own copy. */
  readonly demographics: Demographics | null
  /** That, or for a number linked by staff what another facility said last. */
  readonly known_demographics: Demographics | null
  readonly facility_status: FacilityStatus | null
  readonly affinity_domain: string
  readonly affinity_value: string
  readonly linked: boolean
  readonly consents: readonly Consent[]
}

/** Claim, link and facts in one statement; the link row stays locked, so pushes for one patient number follow one another. */
async function readPatient(client: Queryable, question: Question): Promise<PatientRow | undefined> {
  const facilityId = question.patient?.facilityId ?? null
  const canonical = question.patient?.canonicalId ?? null
  const rows = await query<PatientRow>(
    client,
    sql`/* StoreClient: claim and linked patient */
      select ${claimColumn(question.claim)} as claim, found.*
      from (values (1)) as one
      left join lateral (
        select i.person_key, i.domain, i.value as local_id, i.demographics, f.status as facility_status,
               coalesce(i.demographics, (select k.demographics from identity.identifier k
                                         where k.person_key = i.person_key and k.status = 'active' and k.demographics is not null
                                         order by k.updated_at desc limit 1)) as known_demographics, x.domain as affinity_domain, x.value as affinity_value,
               ${factColumns(facilityId ?? '')}
        from identity.domain o
        join access.facility f on f.facility_id = o.facility_id
        join identity.identifier i on i.domain = o.oid and i.status = 'active'
          and i.value = any(${writtenAs(sql`${canonical}::text`)})
        join identity.identifier x on x.person_key = i.person_key and x.status = 'active'
        join identity.domain xd on xd.oid = x.domain and xd.kind = 'community'
        where o.kind = 'facility' and o.facility_id = ${facilityId}
        for update of i) as found on true`,
  )
  // Numbers that differ in leading zeros only, of two persons: which one is meant nobody can tell, so it is nobody.
  const persons = new Set(rows.map((row) => row.person_key))
  const [row] = rows
  return persons.size > 1 && row !== undefined ? { ...row, person_key: null } : row
}

function claimState(row: PatientRow | undefined, question: Question): ClaimState {
  const stored = row?.claim
  if (stored === undefined || stored === null) return { kind: 'new' }
  return stored.digest === question.claim.digest
    ? { kind: 'replay', answer: stored.response.answer }
    : { kind: 'other-content' }
}

function toPatient(
  row: PatientRow | undefined,
  question: Question,
  options: StoreClientStoreOptions,
): LinkedPatient | undefined {
  if (row === undefined || row.person_key === null || question.patient === undefined) return undefined
  return {
    personKey: row.person_key,
    affinityId: { value: row.affinity_value, authority: row.affinity_domain as Oid },
    localId: row.local_id,
    demographics: row.known_demographics ?? { names: [], addresses: [], telecoms: [] },
    consent: options.mayPublish(question.patient.facilityId, { linked: row.linked, consents: row.consents }),
  }
}

interface Writing {
  readonly write: Write
  readonly patient: PatientRow | undefined
  readonly options: StoreClientStoreOptions
}

/** The common push, one new document, is one statement; deletes, parts and several orders take one more each. */
async function writeAll(client: Queryable, given: Writing): Promise<void> {
  const { write, options } = given
  const registered = write.effects.filter((effect) => effect.kind === 'register')
  const [single] = registered
  const others = registered.length === 1 ? write.effects.filter((effect) => effect.kind !== 'register') : write.effects
  if (write.withheldId !== undefined) await endFiled(client, write.withheldId)
  for (const effect of others) await writeEffect(client, effect, write)
  for (const { row, takesOver } of registered)
    if (takesOver !== undefined) await moveSeries(client, { row, takesOver, write })
  const { patient } = given
  if (write.demographics !== undefined && typeof patient?.person_key === 'string')
    await updateDemographics(client, patient, { change: write.demographics, systemId: write.caller.systemId })
  await executeTogether(client, [
    ...(await registerAll(client, given)),
    ...(registered.length === 1 && single !== undefined ? [currentPart(single, write)] : []),
    claimPart(write.claim, { answer: write.answer }),
    ...options.exchangeParts(write.caller, { result: 'success', errors: write.warnings, evidence: write.evidence }),
  ])
}

async function registerAll(client: Queryable, { write, options }: Writing): Promise<readonly Statement[]> {
  const registered = write.effects.filter((effect) => effect.kind === 'register')
  const set = write.submissionSet
  if (set === undefined || registered.length === 0) return []
  const replaced = new Set(registered.flatMap(({ replaces }) => replaces))
  const former = await referencedObjects(client, [...replaced, ...registered.flatMap(({ deprecates }) => deprecates)])
  // The new entry joins the Folders of the replaced one, whose addenda and transformations go with it (ITI TF-3 4.2.2.2.3).
  const folders = new Map(
    former.filter(({ id }) => replaced.has(id)).map((object) => [object.id, object.folders.map(({ id }) => id)]),
  )
  const associations = registered.flatMap(({ entry, replaces, appendsTo, files }) => [
    memberAssociation(set.entryUUID, entry.entryUUID),
    ...files.flatMap((file) => [
      memberAssociation(set.entryUUID, file.entry.entryUUID),
      relationship(XFRM, { source: file.entry.entryUUID, target: entry.entryUUID }),
    ]),
    ...appendsTo.map((target) => relationship(APND, { source: entry.entryUUID, target })),
    ...replaces.map((target) => relationship(RPLC, { source: entry.entryUUID, target })),
    ...[...new Set(replaces.flatMap((target) => folders.get(target) ?? []))].flatMap((folder) =>
      folderMembership(set.entryUUID, { folder, entry: entry.entryUUID }),
    ),
  ])
  return registrationParts(client, {
    personKey: write.personKey,
    patientId: set.patientId,
    publisher: write.caller.facilityId,
    registeredAt: formatDtm(write.caller.exchange.receivedAt),
    submissionSet: set,
    submissionEbrim: options.render.object(submissionSetObject(set)),
    entries: registered.flatMap(({ entry, row, files }) => [
      registeredEntry({ entry, write, options }, row),
      ...files.map((file) => registeredEntry({ entry: file.entry, write, options })),
    ]),
    folders: [],
    associations: associations.map((association) => ({ association, ebrim: options.render.association(association) })),
    knownUniqueIds: [],
    changes: {
      deprecated: [
        ...registered.flatMap(({ replaces, deprecates }) => [...replaces, ...deprecates]),
        ...former.flatMap(({ dependents }) => dependents),
      ],
      approved: [],
      superseded: [],
      touched: [...folders.values()].flat(),
    },
    documents: registered.flatMap(({ entry, row, files }) => [
      { uniqueId: entry.uniqueId, staged: row.document },
      ...files.map((file) => ({ uniqueId: file.entry.uniqueId, staged: file.document })),
    ]),
  })
}

function registeredEntry(
  {
    entry,
    write,
    options,
  }: { readonly entry: DocumentEntry; readonly write: Write; readonly options: StoreClientStoreOptions },
  row?: VersionRow,
): RegisteredEntry {
  return {
    entry,
    ebrim: options.render.object({ ...documentEntryObject(entry), lid: entry.entryUUID, version: '1' }),
    ...(row === undefined ? {} : { seriesId: row.seriesId, seriesVersion: row.version }),
    logicalId: entry.entryUUID,
    version: 1,
    status: STATUS_APPROVED,
    publisher: write.caller.facilityId,
  }
}

async function writeEffect(client: Queryable, effect: Effect, write: Write): Promise<void> {
  switch (effect.kind) {
    case 'register':
      await executeTogether(client, [currentPart(effect, write)])
      return
    case 'confirm':
      await execute(
        client,
        sql`/* StoreClient: the same words again */
          update registry.series set version = ${effect.version}, updated_at = now() where series_id = ${effect.seriesId}`,
      )
      return
    case 'supersede':
      if (effect.lateTakeover !== undefined)
        await takeOverLate(client, { row: effect.row, write, late: effect.lateTakeover })
      await keepAside(client, { row: effect.row, reason: 'older version', write })
      return
    case 'delete':
      await deprecate(client, effect.deprecates)
      await setTombstone(client, { row: effect.row, tombstone: effect.tombstone, retired: effect.deprecates, write })
      await keepAside(client, { row: effect.row, reason: 'delete', write })
  }
}

/** The replacement came late: its number leads on, and the newest document of both numbers stands under the new one. */
async function takeOverLate(
  client: Queryable,
  given: { readonly row: VersionRow; readonly write: Write; readonly late: LateTakeover },
): Promise<void> {
  const { row, write } = given
  const { takesOver, adopts, deprecates } = given.late
  await deprecate(client, deprecates)
  if (adopts !== undefined)
    await execute(
      client,
      sql`/* StoreClient: the current document of the former number, under the new one */
        insert into registry.series (series_id, base_series_id, part, person_key, facility_id, kind, order_number, care_date, patient_number, current_entry,
                                     version, body_sha256)
        values (${row.baseSeriesId}, ${row.baseSeriesId}, 1, ${write.personKey}, ${write.caller.facilityId}, ${row.kind}, ${orderColumn(row)},
                ${row.careDate ?? NO_DATE}, ${write.patientNumber}, ${bareUuid(adopts.entryUUID)}, ${adopts.version}, ${adopts.bodyHash})
        on conflict (series_id) do update set current_entry = excluded.current_entry, version = excluded.version,
          body_sha256 = excluded.body_sha256, updated_at = now()`,
    )
  await moveSeries(client, { row, takesOver, write })
}

/** What was made of a deleted document, or appended to it, goes with it, as with a replaced one (ITI TF-3 4.2.2.2.3). */
async function deprecate(client: Queryable, entries: readonly string[]): Promise<void> {
  const dependents = (await referencedObjects(client, entries)).flatMap((object) => object.dependents)
  await execute(
    client,
    sql`/* StoreClient: delete deprecates */ update registry.document_entry set status = ${STATUS_DEPRECATED}
        where entry_uuid = any(${[...entries, ...dependents].map(bareUuid)}::uuid[])`,
  )
}

/** The series points at its new entry; series of parts that were replaced point at nothing. */
function currentPart(effect: Extract<Effect, { kind: 'register' }>, write: Write): Statement {
  const { row } = effect
  const retired = [...effect.replaces, ...effect.deprecates].map(bareUuid)
  return sql`retired as (
        update registry.series set current_entry = null, updated_at = now()
        where series_id <> ${row.seriesId} and current_entry = any(${retired}::uuid[])),
      current as (
        insert into registry.series (series_id, base_series_id, part, person_key, facility_id, kind, order_number, care_date, patient_number, current_entry,
                                     version, body_sha256)
        values (${row.seriesId}, ${row.baseSeriesId}, ${row.part}, ${write.personKey}, ${write.caller.facilityId}, ${row.kind},
                ${orderColumn(row)}, ${row.careDate ?? NO_DATE}, ${write.patientNumber}, ${bareUuid(effect.entry.entryUUID)}, ${row.version},
                ${row.bodyHash})
        on conflict (series_id) do update set current_entry = excluded.current_entry, person_key = excluded.person_key,
          patient_number = excluded.patient_number, version = excluded.version, body_sha256 = excluded.body_sha256, updated_at = now())`
}

/** Orders are found by their numbers, so a number longer than an index row holds is kept as its digest. */
function orderColumn({ number }: VersionRow): string | null {
  return number === undefined ? null : storedKey(number)
}

interface Move {
  readonly row: VersionRow
  /** Series of the former number. */
  readonly takesOver: string
  readonly write: Write
}

/** Later messages for the former number are meant for the document that took its place; it may never have come itself. */
async function moveSeries(client: Queryable, move: Move): Promise<void> {
  const { row, takesOver, write } = move
  await execute(
    client,
    sql`/* StoreClient: a cancel of the former number holds for the new one */
      insert into registry.series as s (series_id, base_series_id, part, person_key, facility_id, kind, order_number, care_date, patient_number,
                                        version, body_sha256, tombstone)
      select ${row.baseSeriesId}, ${row.baseSeriesId}, 1, ${write.personKey}, ${write.caller.facilityId}, ${row.kind}, ${orderColumn(row)},
             ${row.careDate ?? NO_DATE}, ${write.patientNumber}, ${row.version}, ${row.bodyHash}, former.tombstone
      from registry.series former where former.series_id = ${takesOver} and former.tombstone is not null
      on conflict (series_id) do update set tombstone = greatest(s.tombstone, excluded.tombstone), updated_at = now()`,
  )
  await execute(
    client,
    sql`/* StoreClient: a document number that another one replaced */
      insert into registry.series (series_id, base_series_id, part, person_key, facility_id, kind, version, body_sha256, moved_to)
      values (${takesOver}, ${takesOver}, 1, ${write.personKey}, ${write.caller.facilityId}, ${row.kind}, ${row.version}, ${row.bodyHash},
              ${row.baseSeriesId})
      on conflict (series_id) do update set moved_to = excluded.moved_to, current_entry = null, updated_at = now()`,
  )
  // Every number leads to its last successor at once, so that reading takes one step however long the chain is.
  await execute(
    client,
    sql`/* StoreClient: earlier numbers of it */
      update registry.series set moved_to = ${row.baseSeriesId}, updated_at = now() where moved_to = ${takesOver}`,
  )
}

async function setTombstone(
  client: Queryable,
  given: {
    readonly row: VersionRow
    readonly tombstone: string
    readonly retired: readonly string[]
    readonly write: Write
  },
): Promise<void> {
  const { row, write } = given
  await execute(
    client,
    sql`/* StoreClient: a deleted series keeps the time of its deletion */
      with retired as (
        update registry.series set current_entry = null, updated_at = now()
        where base_series_id = ${row.baseSeriesId} and series_id <> ${row.seriesId} and current_entry = any(${given.retired.map(bareUuid)}::uuid[]))
      insert into registry.series (series_id, base_series_id, part, person_key, facility_id, kind, order_number, care_date, patient_number, current_entry,
                                   version, body_sha256, tombstone)
      values (${row.seriesId}, ${row.baseSeriesId}, ${row.part}, ${write.personKey}, ${write.caller.facilityId}, ${row.kind},
              ${orderColumn(row)}, ${row.careDate ?? NO_DATE}, ${write.patientNumber}, null, ${row.version}, ${row.bodyHash}, ${given.tombstone})
      on conflict (series_id) do update set tombstone = excluded.tombstone, updated_at = now(),
        current_entry = case when registry.series.current_entry = any(${given.retired.map(bareUuid)}::uuid[]) then null else registry.series.current_entry end`,
  )
}

/** Whatever came before under the same version is there already: an old storage that is imported again changes nothing. */
async function keepAside(
  client: Queryable,
  given: { readonly row: VersionRow; readonly reason: string; readonly write: Write },
): Promise<void> {
  const { row } = given
  const { content, sha256, sizeBytes } = row.document
  await execute(
    client,
    sql`/* StoreClient: bytes that no entry names */
      insert into registry.superseded (series_id, person_key, version, reason, sha256, content, file_key, facility_id, size_bytes)
      select ${row.seriesId}, ${given.write.personKey}, ${row.version}, ${given.reason}, ${sha256},
             ${content.kind === 'row' ? content.bytes : null}, ${content.kind === 'file' ? content.key : null},
             ${given.write.caller.facilityId}, ${sizeBytes}
      where not exists (select from registry.superseded u where u.series_id = ${row.seriesId} and u.version = ${row.version})
        and not exists (select from registry.document_entry e join registry.series s on s.series_id = e.series_id
                        where s.base_series_id = ${row.baseSeriesId} and e.series_version = ${row.version})`,
  )
}
