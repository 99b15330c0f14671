// What the registry has already of a submission: taken ids and uniqueIds, and the objects that it refers to (ITI TF-2 3.42.4.1.3).

import type { PatientId } from '../model/identifiers.ts'
import { APND, HAS_MEMBER, STATUS_APPROVED, XFRM } from '../model/xds.ts'
import type {
  ReferencedObject,
  RegistrationFacts,
  StandingAssociation,
  StandingVersions,
  UsedUniqueId,
} from '../registry/ports.ts'
import { factColumns, isStopped } from './access/facts.ts'
import { type FoundPatient, type PersonFacts, toPerson } from './access-store.ts'
import { claimColumn, type IdempotencyClaim, type StoredClaim, storedKey } from './idempotency.ts'
import { NEWEST } from './queries/visible.ts'
import { bareUuid } from './registry-write.ts'
import { named, type Queryable, query, queryOne, type Statement, sql } from './sql.ts'

export interface FactsRequest {
  readonly uniqueIds: readonly string[]
  readonly ids: readonly string[]
  readonly references: readonly string[]
  readonly claim: IdempotencyClaim | undefined
  readonly viewer?: string
}

interface FactsRow {
  readonly claim: StoredClaim | null
  readonly used: readonly {
    uniqueId: string
    object: UsedUniqueId['object']
    hash: string | null
    size: string | null
  }[]
  readonly used_ids: readonly string[]
  readonly referenced: readonly ReferencedRow[]
}

/** As PostgreSQL gives a ReferencedObject: what it has not is null. */
type ReferencedRow = { readonly [K in keyof ReferencedObject]: ReferencedObject[K] | null } & Omit<
  ReferencedObject,
  OptionalKeys
>
type OptionalKeys =
  | 'seriesId'
  | 'objectType'
  | 'uniqueId'
  | 'hash'
  | 'size'
  | 'repositoryUniqueId'
  | 'type'
  | 'source'
  | 'target'
  | 'members'
  | 'newest'

/** One statement; a submission that refers to nothing registered, the common one, asks less. */
export async function registrationFacts(
  client: Queryable,
  request: FactsRequest,
): Promise<RegistrationFacts & { readonly stored: StoredClaim | null | undefined }> {
  const row = await queryOne<FactsRow>(
    client,
    sql`/* ITI-42: what the registry already has of a submission */ select ${factsColumns(request)}`,
  )
  return toRegistrationFacts(row)
}

/** A submission that refers to nothing registered, as it is looked at before anything is locked. */
export interface SubmissionLook extends Pick<FactsRequest, 'uniqueIds' | 'ids' | 'claim'> {
  readonly patientId: PatientId
  readonly facilityId: string
}

/** What the registry has of a submission, with its patient. */
export interface LookedAt extends RegistrationFacts {
  readonly stored: StoredClaim | null
  readonly person: PersonFacts | undefined
}

/** The same for many at a time, with their patients and what was answered to the messages before: one statement, no lock. */
export async function lookAtSubmissions(
  client: Queryable,
  looks: readonly SubmissionLook[],
): Promise<readonly LookedAt[]> {
  const asked = looks.map(({ claim, patientId, facilityId, uniqueIds, ids }, place) => ({
    place,
    domain: patientId.authority,
    value: patientId.value,
    facility: facilityId,
    unique_ids: uniqueIds,
    ids: ids.map(bareUuid),
    ...(claim === undefined ? {} : { scope: claim.scope, key: storedKey(claim.key) }),
  }))
  const rows = await query<Omit<FactsRow, 'referenced'> & FoundPatient>(
    client,
    sql`/* ITI-42: submissions at first sight */
      select ${ASKED_CLAIM} as claim, ${takenColumns({ uniqueIds: named('r.unique_ids'), ids: named('r.ids') })}, found.*
      from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
        as r(place integer, domain text, value text, facility text, unique_ids text[], ids uuid[], scope text, key text)
      left join lateral (
        select i.person_key, i.domain, i.value, ${factColumns(named('r.facility'))}
        from identity.identifier i
        join identity.domain d on d.oid = i.domain and d.kind in ('affinity', 'community')
        where i.domain = r.domain and i.value = r.value and i.status = 'active') as found on true
      order by r.place`,
  )
  return rows.map((row) => {
    const { stored = null, ...facts } = toRegistrationFacts({ ...row, referenced: [] })
    return { ...facts, stored, person: toPerson(row) }
  })
}

const ASKED_CLAIM = sql`(select jsonb_build_object('digest', c.digest, 'response', c.response) from journal.idempotency c
              where c.scope = r.scope and c.key = r.key)`

function factsColumns(request: FactsRequest): Statement {
  const referenced =
    request.references.length === 0
      ? sql`'[]'::jsonb`
      : referencedColumn(request.references.map(bareUuid), request.viewer)
  const taken = takenColumns({ uniqueIds: sql`${request.uniqueIds}`, ids: sql`${request.ids.map(bareUuid)}` })
  return sql`${claimColumn(request.claim)} as claim, ${taken}, ${referenced} as referenced`
}

/** uniqueIds and ids that are taken, over arrays of them. */
function takenColumns({ uniqueIds, ids }: { readonly uniqueIds: Statement; readonly ids: Statement }): Statement {
  return sql`
        coalesce((select jsonb_agg(jsonb_build_object('uniqueId', u.unique_id, 'object', u.object, 'hash', u.hash, 'size', u.size_bytes::text))
                  from registry.unique_id u where u.unique_id = any(${uniqueIds}::text[])), '[]'::jsonb) as used,
        array(select 'urn:uuid:' || entry_uuid from registry.document_entry where entry_uuid = any(${ids}::uuid[])
              union all select 'urn:uuid:' || entry_uuid from registry.submission_set where entry_uuid = any(${ids}::uuid[])
              union all select 'urn:uuid:' || entry_uuid from registry.folder where entry_uuid = any(${ids}::uuid[])
              union all select 'urn:uuid:' || association_uuid from registry.association where association_uuid = any(${ids}::uuid[])
              /* the logical id of later versions, whose first one was removed */
              union select 'urn:uuid:' || logical_uuid from registry.document_entry where logical_uuid = any(${ids}::uuid[]) and version > 1
              union select 'urn:uuid:' || logical_uuid from registry.folder where logical_uuid = any(${ids}::uuid[]) and version > 1) as used_ids`
}

function toRegistrationFacts(
  row: FactsRow | undefined,
): RegistrationFacts & { readonly stored: StoredClaim | null | undefined } {
  return {
    stored: row?.claim,
    usedUniqueIds: (row?.used ?? []).map((entry) => ({
      ...entry,
      hash: entry.hash ?? undefined,
      size: entry.size ?? undefined,
    })),
    usedIds: row?.used_ids ?? [],
    referenced: (row?.referenced ?? []).map(toReferenced),
  }
}

/** Whoever removes the last object of one of these uniqueIds waits for the end of this transaction, and the other way round. */
export async function holdNames(client: Queryable, uniqueIds: readonly string[]): Promise<void> {
  await query(
    client,
    sql`/* hold uniqueIds */ select from registry.unique_id where unique_id = any(${uniqueIds}) order by unique_id for share`,
  )
}

/** Objects by id, as registrationFacts knows them. */
export async function referencedObjects(
  client: Queryable,
  ids: readonly string[],
): Promise<readonly ReferencedObject[]> {
  if (ids.length === 0) return []
  const row = await queryOne<Pick<FactsRow, 'referenced'>>(
    client,
    sql`/* registered objects that a message names */ select ${referencedColumn(ids.map(bareUuid))} as referenced`,
  )
  return (row?.referenced ?? []).map(toReferenced)
}

function toReferenced(row: ReferencedRow): ReferencedObject {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as ReferencedObject
}

/**
 * The newest versions of logical objects with their associations. Their persons are locked, in the order of their keys, until the
 * transaction ends: an update may move an object to another patient.
 */
export async function standingVersions(
  client: Queryable,
  asked: { readonly logicalIds: readonly string[]; readonly ends: readonly string[] },
): Promise<StandingVersions> {
  const logical = asked.logicalIds.map(bareUuid)
  const newest = await query<{ readonly id: string }>(
    client,
    sql`/* ITI-57: newest versions, their persons locked */
      with newest as (
        select entry_uuid, person_key from registry.document_entry where entry_uuid = any(${logical}::uuid[]) and latest
        union all select entry_uuid, person_key from registry.document_entry where logical_uuid = any(${logical}::uuid[]) and version > 1 and latest
        union all select entry_uuid, person_key from registry.folder where entry_uuid = any(${logical}::uuid[]) and latest
        union all select entry_uuid, person_key from registry.folder where logical_uuid = any(${logical}::uuid[]) and version > 1 and latest),
      locked as (
        select person_key from identity.person where person_key in (select person_key from newest) order by person_key for update)
      select 'urn:uuid:' || n.entry_uuid as id from newest n join locked using (person_key)`,
  )
  const ids = newest.map(({ id }) => id)
  const uuids = [...ids, ...asked.ends].map(bareUuid)
  if (uuids.length === 0) return { objects: [], associations: [] }
  const associations = await query<StandingAssociation>(
    client,
    sql`/* ITI-57: associations that a new version takes over */
      select 'urn:uuid:' || a.association_uuid as id, a.type, a.ebrim, 'urn:uuid:' || a.source_uuid as source, 'urn:uuid:' || a.target_uuid as target,
             coalesce(se.person_key, sf.person_key)::text as "sourcePerson", te.person_key::text as "targetPerson"
      from registry.association a
      left join registry.document_entry se on se.entry_uuid = a.source_uuid and se.latest
      left join registry.folder sf on sf.entry_uuid = a.source_uuid and sf.latest
      join registry.document_entry te on te.entry_uuid = a.target_uuid and te.latest
      where (a.source_uuid = any(${uuids}::uuid[]) or a.target_uuid = any(${uuids}::uuid[])) and a.status = ${STATUS_APPROVED}
        and (se.entry_uuid is not null or sf.entry_uuid is not null)`,
  )
  return { objects: await referencedObjects(client, ids), associations }
}

/** What entry `n` is, for the access decision. */
const TRAITS = sql`jsonb_build_object('personKey', n.person_key::text, 'publisher', n.publisher, 'kind', split_part(n.class_code, '^^', 1),
                                      'confidentiality', n.confidentiality)`

/**
 * Objects of all four kinds by bare UUID, as one jsonb array; those of a patient whose support was stopped are to nobody there. Every branch goes by primary key or by an end of associations. A transform is asked for by a subquery with limit 1: an EXISTS there may become a hash of all transforms, for which PostgreSQL 18
 * reads every association, and keeps the plan.
 */
function referencedColumn(uuids: readonly string[], viewer?: string): Statement {
  return sql`(with recursive dependent (root, uuid) as (
          select a.target_uuid, a.source_uuid from registry.association a
          where a.target_uuid = any(${uuids}::uuid[]) and a.type in (${XFRM}, ${APND}) and a.status = ${STATUS_APPROVED}
          union
          select d.root, a.source_uuid from dependent d
          join registry.association a on a.target_uuid = d.uuid and a.type in (${XFRM}, ${APND}) and a.status = ${STATUS_APPROVED})
        select coalesce(jsonb_agg(found.object), '[]'::jsonb) from (
          select jsonb_build_object(
                   'id', 'urn:uuid:' || e.entry_uuid, 'object', 'DocumentEntry', 'personKey', e.person_key::text, 'status', e.status,
                   'publisher', e.publisher, 'kind', split_part(e.class_code, '^^', 1), 'confidentiality', e.confidentiality,
                   'objectType', e.object_type, 'logicalId', 'urn:uuid:' || e.logical_uuid, 'version', e.version, 'latest', e.latest,
                   'uniqueId', e.unique_id, 'seriesId', e.series_id, 'hash', lower(e.hash), 'size', e.size_bytes::text, 'repositoryUniqueId', e.repository_unique_id,
                   'dependents', array(select 'urn:uuid:' || d.uuid from dependent d
                                       join registry.document_entry x on x.entry_uuid = d.uuid and x.status = ${STATUS_APPROVED}
                                       where d.root = e.entry_uuid),
                   'transform', coalesce((select true from registry.association a where a.source_uuid = e.entry_uuid and a.type = ${XFRM} limit 1), false),
                   'folders', coalesce((select jsonb_agg(distinct jsonb_build_object('id', 'urn:uuid:' || f.entry_uuid, 'personKey', f.person_key::text))
                                        from registry.association a
                                        join registry.folder f on f.entry_uuid = a.source_uuid and f.status = ${STATUS_APPROVED} and f.latest
                                        where a.target_uuid = e.entry_uuid and a.type = ${HAS_MEMBER} and a.status = ${STATUS_APPROVED}), '[]'::jsonb),
                   'newest', case when not e.latest and e.publisher <> ${viewer ?? null}::text then (select jsonb_agg(${TRAITS}) from ${NEWEST}) end) as object
          from registry.document_entry e where e.entry_uuid = any(${uuids}::uuid[]) and not ${isStopped(sql`e.person_key`)}
          union all
          select jsonb_build_object(
                   'id', 'urn:uuid:' || f.entry_uuid, 'object', 'Folder', 'personKey', f.person_key::text, 'status', f.status,
                   'publisher', f.publisher, 'kind', '', 'confidentiality', '[]'::jsonb, 'logicalId', 'urn:uuid:' || f.logical_uuid,
                   'version', f.version, 'latest', f.latest, 'uniqueId', f.unique_id, 'dependents', '[]'::jsonb, 'transform', false, 'folders', '[]'::jsonb,
                   'members', case when f.publisher <> ${viewer ?? null}::text then (
                     select jsonb_agg(distinct ${TRAITS})
                     from registry.association m
                     join registry.document_entry e on e.entry_uuid = m.target_uuid
                     cross join lateral (select * from ${NEWEST}) n
                     where m.source_uuid = f.entry_uuid and m.type = ${HAS_MEMBER}) end)
          from registry.folder f where f.entry_uuid = any(${uuids}::uuid[]) and not ${isStopped(sql`f.person_key`)}
          union all
          select jsonb_build_object(
                   'id', 'urn:uuid:' || s.entry_uuid, 'object', 'SubmissionSet', 'personKey', s.person_key::text, 'status', ${STATUS_APPROVED}::text,
                   'publisher', s.publisher, 'kind', '', 'confidentiality', '[]'::jsonb, 'logicalId', 'urn:uuid:' || s.entry_uuid,
                   'version', 1, 'latest', true, 'uniqueId', s.unique_id, 'dependents', '[]'::jsonb, 'transform', false, 'folders', '[]'::jsonb)
          from registry.submission_set s where s.entry_uuid = any(${uuids}::uuid[]) and not ${isStopped(sql`s.person_key`)}
          union all
          select jsonb_build_object(
                   'id', 'urn:uuid:' || a.association_uuid, 'object', 'Association', 'personKey', a.person_key::text, 'status', a.status,
                   'publisher', coalesce(e.publisher, f.publisher, s.publisher, ''), 'kind', '', 'confidentiality', '[]'::jsonb,
                   'logicalId', 'urn:uuid:' || a.association_uuid, 'version', 1, 'latest', true, 'type', a.type,
                   'source', jsonb_build_object('id', 'urn:uuid:' || a.source_uuid,
                     'object', case when e.entry_uuid is not null then 'DocumentEntry' when f.entry_uuid is not null then 'Folder' else 'SubmissionSet' end),
                   'target', jsonb_build_object('id', 'urn:uuid:' || a.target_uuid, 'object',
                     case when exists (select from registry.document_entry x where x.entry_uuid = a.target_uuid) then 'DocumentEntry'
                          when exists (select from registry.folder x where x.entry_uuid = a.target_uuid) then 'Folder' else 'Association' end),
                   'dependents', '[]'::jsonb, 'transform', false, 'folders', '[]'::jsonb)
          from registry.association a
          left join registry.document_entry e on e.entry_uuid = a.source_uuid
          left join registry.folder f on f.entry_uuid = a.source_uuid
          left join registry.submission_set s on s.entry_uuid = a.source_uuid
          where a.association_uuid = any(${uuids}::uuid[]) and not ${isStopped(sql`a.person_key`)}) found)`
}
