// Document Registry on PostgreSQL: implements the ports of src/registry.

import type pg from 'pg'
import type { PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import { parseEntryUuid } from '../model/identifiers.ts'
import type { CodeFilter, FindDocuments, GetDocuments, StoredObject } from '../model/stored-query.ts'
import type { Ended, RecordedOutcome, RegistryStore, RegistryTransaction, StoredEntry } from '../registry/ports.ts'
import { holdPersons, lockPatient, type PersonFacts } from './access-store.ts'
import { sqlState } from './failure.ts'
import { type ClaimResult, claimPart, claimResult } from './idempotency.ts'
import { transaction } from './pool.ts'
import { registrationFacts, standingVersions } from './registry-facts.ts'
import { bareUuid, registrationParts } from './registry-write.ts'
import { executeTogether, query, type Statement, sql } from './sql.ts'

const UNIQUE_VIOLATION = '23505'

export interface RegistryStoreOptions {
  readonly pool: pg.Pool
  /** Audit and journal rows of an exchange, as parts of the writing statement. */
  readonly exchangeParts: (caller: Caller, outcome: RecordedOutcome) => readonly Statement[]
  readonly accessOf: (caller: Caller, person: PersonFacts) => PatientAccess
}

export function createRegistryStore(options: RegistryStoreOptions): RegistryStore {
  return {
    inTransaction: (work) =>
      endable(options.pool, (client) => repeatable(() => work(registryTransaction(client, options)))),
    findDocuments: (asked, selection) => findDocuments(options.pool, { query: asked, ...selection }),
    getDocuments: (asked) => getDocuments(options.pool, asked),
    objects: (ids) => objectsOf(options.pool, ids),
  }
}

/** Carries the result of work that asked for a rollback through the transaction helper. */
class RolledBack<T> extends Error {
  readonly result: T
  constructor(result: T) {
    super('rolled back as asked')
    this.result = result
  }
}

async function endable<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Ended<T>>): Promise<T> {
  try {
    return await transaction(pool, async (client) => {
      const { result, end } = await work(client)
      if (end === 'rollback') throw new RolledBack(result)
      return result
    })
  } catch (error) {
    if (error instanceof RolledBack) return error.result as T
    throw error
  }
}

/** Another submission used the same uniqueId or id first: run again, the facts will show it. */
async function repeatable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION)
      throw Object.assign(new Error('lost a race for an id', { cause: error }), { code: '40001' })
    throw error
  }
}

function registryTransaction(client: pg.PoolClient, options: RegistryStoreOptions): RegistryTransaction {
  let claimIs: ClaimResult['kind'] = 'new'
  let locked: string | undefined
  return {
    open: async ({ claim, patientId, caller }) => {
      const { stored, person } = await lockPatient(client, { claim, patientId, facilityId: caller.facilityId })
      claimIs = claimResult(stored, claim).kind
      locked = person?.personKey
      return {
        replayed: claimIs === 'replay',
        patient: person === undefined ? undefined : options.accessOf(caller, person),
      }
    },
    facts: async (request) => {
      const { stored, ...facts } = await settledFacts(client, request, locked)
      claimIs = claimResult(stored, request.claim).kind
      return { ...facts, replayed: claimIs === 'replay' }
    },
    versions: (asked) => standingVersions(client, asked),
    write: async ({ plan, claim, caller, outcome }) => {
      const parts = await registrationParts(client, plan)
      const claimed = claim === undefined || claimIs !== 'new' ? [] : [claimPart(claim, { status: 'Success' })]
      await executeTogether(client, [...parts, ...claimed, ...options.exchangeParts(caller, outcome)])
    },
  }
}

/** Objects of other persons may be removed meanwhile: their persons are held until the end of this transaction, then read again. */
async function settledFacts(
  client: pg.PoolClient,
  request: Parameters<typeof registrationFacts>[1],
  locked: string | undefined,
): ReturnType<typeof registrationFacts> {
  const facts = await registrationFacts(client, request)
  const others = new Set(facts.referenced.map(({ personKey }) => personKey).filter((key) => key !== locked))
  if (others.size === 0) return facts
  await holdPersons(client, [...others])
  return registrationFacts(client, request)
}

interface ObjectRow {
  readonly entry_uuid: string
  readonly status: string
  readonly ebrim: string
}

function toObject(row: ObjectRow): StoredObject {
  return { element: 'ExtrinsicObject', id: `urn:uuid:${row.entry_uuid}`, status: row.status, ebrim: row.ebrim }
}

/** FindDocuments (ITI TF-2 3.18.4.1.2.3.7.1); covered by document_entry_patient. Absent parameters are null and restrict nothing. */
async function findDocuments(
  pool: pg.Pool,
  asked: { readonly query: FindDocuments; readonly patient: PatientAccess; readonly limit: number },
): Promise<readonly StoredObject[]> {
  const { codes, creationTime, serviceStartTime, serviceStopTime, authorPerson, objectTypes, status } = asked.query
  const { scope, personKey } = asked.patient
  const rows = await query<ObjectRow>(
    pool,
    sql`/* ITI-18 FindDocuments */
      select entry_uuid, status, ${asked.query.returnType === 'LeafClass' ? sql`ebrim` : sql`''`} as ebrim
      from registry.document_entry
      where person_key = ${personKey} and status = any(${status}) and object_type = any(${objectTypes})
        and (${anyOf(codes.classCode)}::text[] is null or class_code = any(${anyOf(codes.classCode)}))
        and (${anyOf(codes.typeCode)}::text[] is null or type_code = any(${anyOf(codes.typeCode)}))
        and (${anyOf(codes.practiceSettingCode)}::text[] is null or practice_setting = any(${anyOf(codes.practiceSettingCode)}))
        and (${anyOf(codes.healthcareFacilityTypeCode)}::text[] is null or facility_type = any(${anyOf(codes.healthcareFacilityTypeCode)}))
        and (${anyOf(codes.formatCode)}::text[] is null or format_code = any(${anyOf(codes.formatCode)}))
        and (${allOf(codes.eventCodeList)}::jsonb is null or (select bool_and(event_codes && array(select jsonb_array_elements_text(l)))
                                                         from jsonb_array_elements(${allOf(codes.eventCodeList)}) l))
        and (${allOf(codes.confidentialityCode)}::jsonb is null or (select bool_and(confidentiality && array(select jsonb_array_elements_text(l)))
                                                         from jsonb_array_elements(${allOf(codes.confidentialityCode)}) l))
        and (${creationTime.from ?? null}::text is null or creation_time >= ${creationTime.from ?? null})
        and (${creationTime.to ?? null}::text is null or creation_time < ${creationTime.to ?? null})
        and (${serviceStartTime.from ?? null}::text is null or service_start is null or service_start >= ${serviceStartTime.from ?? null})
        and (${serviceStartTime.to ?? null}::text is null or service_start is null or service_start < ${serviceStartTime.to ?? null})
        and (${serviceStopTime.from ?? null}::text is null or service_stop is null or service_stop >= ${serviceStopTime.from ?? null})
        and (${serviceStopTime.to ?? null}::text is null or service_stop is null or service_stop < ${serviceStopTime.to ?? null})
        and (${patterns(authorPerson)}::text[] is null or exists (select from unnest(authors) a where a like any(${patterns(authorPerson)})))
        and (${scope.mode === 'everything'} or publisher = ${scope.ownFacility}
             or (publisher = any(${scope.publishers}) and split_part(class_code, '^^', 1) <> all(${scope.excludedKinds})
                 and confidentiality <@ ${scope.confidentiality}))
      order by creation_time desc, entry_uuid
      limit ${asked.limit}`,
  )
  return rows.map(toObject)
}

/** OR of one list; several lists of a parameter that may not repeat never arrive here. */
function anyOf(filter: CodeFilter): readonly string[] | null {
  return filter.length === 0 ? null : filter.flat()
}

function allOf(filter: CodeFilter): string | null {
  return filter.length === 0 ? null : JSON.stringify(filter)
}

/** In XDS patterns a backslash is a character like any other. */
function patterns(given: readonly string[]): readonly string[] | null {
  return given.length === 0 ? null : given.map((pattern) => pattern.replaceAll('\\', '\\\\'))
}

interface EntryRow extends ObjectRow {
  readonly person_key: string
  readonly publisher: string
  readonly kind: string
  readonly confidentiality: readonly string[]
}

/** GetDocuments (ITI TF-2 3.18.4.1.2.3.7.5) without the objects; covered by the primary key or document_entry_unique_id. */
async function getDocuments(pool: pg.Pool, asked: GetDocuments): Promise<readonly StoredEntry[]> {
  const uuids =
    asked.by === 'entryUUID' ? asked.values.filter((value) => parseEntryUuid(value) !== undefined).map(bareUuid) : []
  const uniqueIds = asked.by === 'uniqueId' ? asked.values : []
  const rows = await query<EntryRow>(
    pool,
    sql`/* ITI-18 GetDocuments: what the access decision asks */
      select entry_uuid, status, '' as ebrim, person_key, publisher, split_part(class_code, '^^', 1) as kind, confidentiality
      from registry.document_entry
      where entry_uuid = any(${uuids}::uuid[]) or unique_id = any(${uniqueIds})
      order by creation_time desc, entry_uuid`,
  )
  return rows.map((row) => ({
    ...toObject(row),
    personKey: row.person_key,
    publisher: row.publisher,
    kind: row.kind,
    confidentiality: row.confidentiality,
  }))
}

/** The objects of entries, in the stable order of answers. */
async function objectsOf(pool: pg.Pool, ids: readonly string[]): Promise<readonly StoredObject[]> {
  const rows = await query<ObjectRow>(
    pool,
    sql`/* ITI-18 objects by id */ select entry_uuid, status, ebrim from registry.document_entry
        where entry_uuid = any(${ids.map(bareUuid)}::uuid[]) order by creation_time desc, entry_uuid`,
  )
  return rows.map(toObject)
}
