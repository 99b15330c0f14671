// What registrations write: one statement for the rows of one submission, or of several that share a commit (design §3).

import { padDtm } from '../../profiles/metadata/types.ts'
import { codeKey } from '../model/code.ts'
import type { DocumentEntry } from '../model/document-entry.ts'
import { formatCx } from '../model/identifiers.ts'
import { OBJECT_ON_DEMAND, STATUS_APPROVED, STATUS_DEPRECATED } from '../model/xds.ts'
import type { RegisteredEntry, RegisteredFolder, RegistrationPlan } from '../registry/ports.ts'
import { executeTogether, named, type Queryable, type Statement, sql } from './sql.ts'

/** Bare UUID of an entryUUID, as the uuid columns hold it. */
export function bareUuid(entryUuid: string): string {
  return entryUuid.slice('urn:uuid:'.length)
}

/**
 * All rows of a registration as parts of one statement; only further documents of the same submission take one each before.
 * A unique violation (23505) means that another submission used a uniqueId first.
 */
export async function registrationParts(client: Queryable, plan: RegistrationPlan): Promise<readonly Statement[]> {
  const [first, ...others] = plan.documents
  const { publisher } = plan
  for (const document of others) await executeTogether(client, documentParts([{ ...document, publisher }]))
  return [
    ...documentParts(first === undefined ? [] : [{ ...first, publisher }]),
    submissionParts([plan]),
    ...objectParts([plan]),
    ...changeParts(plan),
    ...seriesParts(plan),
  ]
}

/**
 * Rows of submissions that change nothing registered, as parts of one statement. Each patient's id is held, against a merge, until it
 * commits; 23502 means that one is not the person's any more, or that another transaction holds it, which the other patients' submissions
 * must not wait for; 23505 that another submission used a uniqueId first.
 */
export function independentParts(plans: readonly RegistrationPlan[]): readonly Statement[] {
  const people = [...new Map(plans.map((plan) => [plan.personKey, plan])).values()]
  return [
    sql`standing as (
        select i.person_key from identity.identifier i
        join unnest(${people.map(({ patientId }) => patientId.authority)}::text[], ${people.map(({ patientId }) => patientId.value)}::text[],
                    ${people.map(({ personKey }) => personKey)}::bigint[]) as p (domain, value, person_key)
          on i.domain = p.domain and i.value = p.value and i.person_key = p.person_key
        where i.status = 'active' for share of i skip locked)`,
    ...documentParts(plans.flatMap(({ documents, publisher }) => documents.map((one) => ({ ...one, publisher })))),
    submissionParts(plans, sql`(select t.person_key from standing t where t.person_key = s.person_key)`),
    ...objectParts(plans),
  ]
}

function objectParts(plans: readonly RegistrationPlan[]): readonly Statement[] {
  return [
    ...(plans.every(({ entries }) => entries.length === 0) ? [] : [entryParts(plans)]),
    ...(plans.every(({ folders }) => folders.length === 0) ? [] : [folderParts(plans)]),
    ...(plans.every(({ associations }) => associations.length === 0) ? [] : [associationPart(plans)]),
  ]
}

/** What a metadata update changes of the series of StoreClient documents. */
function seriesParts(plan: RegistrationPlan): readonly Statement[] {
  return [...followedParts(plan), ...reinstatedParts(plan)]
}

/** A new version of a StoreClient document becomes the current one of its series: a corrected message then replaces this version. */
function followedParts({ entries, changes }: RegistrationPlan): readonly Statement[] {
  const followed = entries.filter(({ version, seriesId }) => version > 1 && seriesId !== undefined)
  if (followed.length === 0) return []
  const rows = followed.map(({ entry, seriesId }) => ({ series_id: seriesId, entry_uuid: bareUuid(entry.entryUUID) }))
  return [
    sql`followed as (
          update registry.series s set current_entry = v.entry_uuid, updated_at = now()
          from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as v(series_id uuid, entry_uuid uuid)
          where s.series_id = v.series_id and s.current_entry = any(${changes.superseded.map(bareUuid)}::uuid[]))`,
  ]
}

/**
 * A StoreClient document that is Approved again, where none of its series is, is what the next message replaces. The series keeps its
 * time, so that what is older than the document taken back stays behind, but not its words: the document approved again says others.
 */
function reinstatedParts({ changes }: RegistrationPlan): readonly Statement[] {
  if (changes.approved.length === 0) return []
  const approved = changes.approved.map(bareUuid)
  // What a new version follows leads its series on by that version.
  const withdrawn = changes.deprecated.filter((id) => !changes.superseded.includes(id)).map(bareUuid)
  return [
    sql`reinstated as (
          update registry.series s set current_entry = e.entry_uuid, body_sha256 = '', updated_at = now()
          from registry.document_entry e
          where e.entry_uuid = any(${approved}::uuid[]) and e.series_id = s.series_id and s.moved_to is null
            and s.current_entry is distinct from e.entry_uuid
            and (select c.status = ${STATUS_APPROVED} and c.entry_uuid <> all(${withdrawn}::uuid[])
                 from registry.document_entry c where c.entry_uuid = s.current_entry) is not true)`,
  ]
}

function submissionParts(plans: readonly RegistrationPlan[], person: Statement = sql`s.person_key`): Statement {
  return sql`submission as (
        select s.entry_uuid, ${person} as person_key, s.unique_id, s.patient_id, s.source_id, s.content_type, s.submission_time, s.publisher,
               s.authors, s.ebrim
        from jsonb_to_recordset(${JSON.stringify(plans.map(submissionRow))}::jsonb)
          as s(entry_uuid uuid, person_key bigint, unique_id text, patient_id text, source_id text, content_type text, submission_time text,
               publisher text, authors text[], ebrim text)),
      submission_name as (
        insert into registry.unique_id (unique_id, object, object_uuid) select unique_id, 'SubmissionSet', entry_uuid from submission),
      sets as (
        insert into registry.submission_set (entry_uuid, person_key, unique_id, patient_id, source_id, content_type, submission_time,
                                             publisher, authors, ebrim)
        select * from submission)`
}

function entryParts(plans: readonly RegistrationPlan[]): Statement {
  const rows = plans.flatMap((plan) => plan.entries.map((entry) => entryRow(entry, plan)))
  return sql`entry as (
        select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          as e(entry_uuid uuid, person_key bigint, unique_id text, patient_id text, status text, object_type text, mime_type text, publisher text,
               repository_unique_id text, hash text, size_bytes bigint, class_code text, type_code text, format_code text,
               practice_setting text, facility_type text, confidentiality text[], event_codes text[], authors text[],
               reference_ids text[], creation_time text, service_start text, service_stop text, series_id uuid, submission_uuid uuid,
               logical_uuid uuid, version integer, ebrim text, series_version text)),
      entry_names as (
        insert into registry.unique_id (unique_id, object, hash, size_bytes, repository_unique_id)
        select unique_id, case object_type when ${OBJECT_ON_DEMAND} then 'OnDemandDocumentEntry' else 'DocumentEntry' end,
               lower(hash), size_bytes, repository_unique_id from entry e
        where e.unique_id <> all(${plans.flatMap(({ knownUniqueIds }) => knownUniqueIds)})),
      entries as (
        insert into registry.document_entry (entry_uuid, person_key, unique_id, patient_id, status, object_type, mime_type, publisher,
               repository_unique_id, hash, size_bytes, class_code, type_code, format_code, practice_setting, facility_type,
               confidentiality, event_codes, authors, reference_ids, creation_time, service_start, service_stop, series_id, submission_uuid,
               logical_uuid, version, ebrim, series_version)
        select * from entry)`
}

function folderParts(plans: readonly RegistrationPlan[]): Statement {
  const rows = plans.flatMap((plan) => plan.folders.map((folder) => folderRow(folder, plan)))
  return sql`folder as (
        select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          as f(entry_uuid uuid, person_key bigint, unique_id text, patient_id text, status text, publisher text, codes text[], last_update text,
               logical_uuid uuid, version integer, submission_uuid uuid, ebrim text)),
      folder_names as (
        insert into registry.unique_id (unique_id, object, object_uuid) select unique_id, 'Folder', logical_uuid from folder f
        where f.unique_id <> all(${plans.flatMap(({ knownUniqueIds }) => knownUniqueIds)})),
      folders as (
        insert into registry.folder (entry_uuid, person_key, unique_id, patient_id, status, publisher, codes, last_update, logical_uuid,
                                     version, submission_uuid, ebrim)
        select * from folder)`
}

function associationPart(plans: readonly RegistrationPlan[]): Statement {
  return sql`members as (
        insert into registry.association (association_uuid, person_key, type, source_uuid, target_uuid, ebrim)
        select * from jsonb_to_recordset(${JSON.stringify(plans.flatMap(associationRows))}::jsonb)
          as a(association_uuid uuid, person_key bigint, type text, source_uuid uuid, target_uuid uuid, ebrim text))`
}

/** An id names one object of one kind, so each table is asked for all of them; a row is changed once, in all that changes. */
function changeParts({ changes, registeredAt }: RegistrationPlan): readonly Statement[] {
  const [deprecated, approved, superseded, touched] = [
    changes.deprecated,
    changes.approved,
    changes.superseded,
    changes.touched,
  ].map((ids) => ids.map(bareUuid))
  if (deprecated === undefined || approved === undefined || superseded === undefined || touched === undefined) return []
  const statuses = [...deprecated, ...approved]
  const folders = [...statuses, ...touched]
  const status = sql`status = case when entry_uuid = any(${deprecated}::uuid[]) then ${STATUS_DEPRECATED}
                                    when entry_uuid = any(${approved}::uuid[]) then ${STATUS_APPROVED} else status end,
                     latest = latest and entry_uuid <> all(${superseded}::uuid[])`
  return [
    ...(statuses.length === 0
      ? []
      : [
          sql`changed_entries as (
                update registry.document_entry set ${status} where entry_uuid = any(${statuses}::uuid[]))`,
          sql`changed_associations as (
                update registry.association set status = case when association_uuid = any(${deprecated}::uuid[]) then ${STATUS_DEPRECATED}
                                                              else ${STATUS_APPROVED} end
                where association_uuid = any(${statuses}::uuid[]))`,
        ]),
    ...(folders.length === 0
      ? []
      : [
          sql`changed_folders as (
                update registry.folder set ${status},
                  last_update = case when entry_uuid = any(${touched}::uuid[]) then greatest(last_update, ${registeredAt}) else last_update end
                where entry_uuid = any(${folders}::uuid[]))`,
        ]),
  ]
}

/** As many parts as the next power of two: few texts, so that few plans are kept. */
const PART_COUNTS = [1, 2, 4, 8, 16, 32]
export const MAX_DOCUMENTS = 32

/**
 * The same bytes again are no news; other bytes under the uniqueId are a not-null violation (23502). The row is locked all the same: a
 * removal at this moment (ITI-86) has been decided without the entry that is being registered, so its end is waited for, and the
 * bytes are stored again.
 */
export const KEEP_STORED = sql`on conflict (unique_id) do update set sha256 = nullif(document.sha256, nullif(document.sha256, excluded.sha256))`

/** With the facility that stores it: it pays for the room. */
type Stored = RegistrationPlan['documents'][number] & Pick<RegistrationPlan, 'publisher'>

/** Document bytes, or where they are. */
function documentParts(documents: readonly Stored[]): readonly Statement[] {
  if (documents.length === 0) return []
  const count = PART_COUNTS.find((parts) => parts >= documents.length) ?? documents.length
  return Array.from({ length: count }, (_, index) => documentPart(documents[index], index))
}

function documentPart(document: Stored | undefined, index: number): Statement {
  const content = document?.staged.content
  return sql`${named(`document_${index}`)} as (
      insert into repository.document (unique_id, size_bytes, sha1, sha256, content, file_key, facility_id)
      select d.unique_id, d.size_bytes, d.sha1, d.sha256, d.content, d.file_key, d.facility_id
      from (values (${document?.uniqueId ?? null}::text, ${document?.staged.sizeBytes ?? null}::bigint, ${document?.staged.sha1 ?? null}::text,
                    ${document?.staged.sha256 ?? null}::text, ${content?.kind === 'row' ? content.bytes : null}::bytea,
                    ${content?.kind === 'file' ? content.key : null}::text, ${document?.publisher ?? null}::text))
        as d (unique_id, size_bytes, sha1, sha256, content, file_key, facility_id)
      where d.unique_id is not null
      ${KEEP_STORED})`
}

type Row = Readonly<Record<string, unknown>>

function entryRow(registered: RegisteredEntry, plan: RegistrationPlan): Row {
  const { entry, ebrim, seriesId, seriesVersion } = registered
  return {
    entry_uuid: bareUuid(entry.entryUUID),
    person_key: plan.personKey,
    unique_id: entry.uniqueId,
    patient_id: formatCx(entry.patientId),
    status: registered.status,
    object_type: entry.objectType,
    mime_type: entry.mimeType,
    publisher: registered.publisher,
    repository_unique_id: entry.repositoryUniqueId,
    hash: entry.hash,
    size_bytes: entry.size,
    ...codeColumns(entry),
    authors: entry.author.flatMap((author) => author.authorPerson ?? []),
    reference_ids: entry.referenceIdList,
    creation_time: moment(entry.creationTime),
    service_start: moment(entry.serviceStartTime),
    service_stop: moment(entry.serviceStopTime),
    series_id: seriesId ?? null,
    submission_uuid: bareUuid(plan.submissionSet.entryUUID),
    logical_uuid: bareUuid(registered.logicalId),
    version: registered.version,
    ebrim,
    series_version: seriesVersion ?? null,
  }
}

function moment(dtm: string | undefined): string | null {
  return dtm === undefined ? null : padDtm(dtm)
}

function folderRow({ folder, ebrim, ...versioned }: RegisteredFolder, plan: RegistrationPlan): Row {
  return {
    entry_uuid: bareUuid(folder.entryUUID),
    person_key: plan.personKey,
    unique_id: folder.uniqueId,
    patient_id: formatCx(folder.patientId),
    status: versioned.status,
    publisher: versioned.publisher,
    codes: folder.codeList.map(codeKey),
    last_update: plan.registeredAt,
    logical_uuid: bareUuid(versioned.logicalId),
    version: versioned.version,
    submission_uuid: bareUuid(plan.submissionSet.entryUUID),
    ebrim,
  }
}

function codeColumns(entry: DocumentEntry): Row {
  return {
    class_code: codeKey(entry.classCode),
    type_code: codeKey(entry.typeCode),
    format_code: codeKey(entry.formatCode),
    practice_setting: codeKey(entry.practiceSettingCode),
    facility_type: codeKey(entry.healthcareFacilityTypeCode),
    confidentiality: entry.confidentialityCode.map(codeKey),
    event_codes: entry.eventCodeList.map(codeKey),
  }
}

function submissionRow(plan: RegistrationPlan): Row {
  const set = plan.submissionSet
  return {
    entry_uuid: bareUuid(set.entryUUID),
    person_key: plan.personKey,
    unique_id: set.uniqueId,
    patient_id: formatCx(set.patientId),
    source_id: set.sourceId,
    content_type: codeKey(set.contentTypeCode),
    submission_time: padDtm(set.submissionTime),
    publisher: plan.publisher,
    authors: set.author.flatMap((author) => author.authorPerson ?? []),
    ebrim: plan.submissionEbrim,
  }
}

function associationRows(plan: RegistrationPlan): readonly Row[] {
  return plan.associations.map(({ association, ebrim }) => ({
    association_uuid: bareUuid(association.id),
    person_key: plan.personKey,
    type: association.type,
    source_uuid: bareUuid(association.source),
    target_uuid: bareUuid(association.target),
    ebrim,
  }))
}
