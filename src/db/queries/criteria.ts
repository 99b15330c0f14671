// Criteria of stored queries as SQL conditions. An absent parameter is null and restricts nothing, so that one plan serves all.

import type {
  CodeFilter,
  EntryCriteria,
  FolderCriteria,
  MemberCriteria,
  MetadataLevel,
  PatternFilter,
  TimeRange,
} from '../../model/stored-query.ts'
import { OBJECT_ON_DEMAND } from '../../model/xds.ts'
import { type Statement, sql } from '../sql.ts'

/** On entry `e` (ITI TF-2 3.18.4.1.2.3.7.1, .14). What has no service time is not excluded by one; On-Demand entries have no creationTime. */
export function entryCriteria(asked: EntryCriteria & { readonly metadataLevel: MetadataLevel }): Statement {
  const { codes, creationTime, serviceStartTime, serviceStopTime, authorPerson } = asked
  return sql`e.status = any(${asked.status}) and e.object_type = any(${asked.objectTypes}) and (${asked.metadataLevel === 2} or e.latest)
        and (${anyOf(codes.classCode)}::text[] is null or e.class_code = any(${anyOf(codes.classCode)}))
        and (${anyOf(codes.typeCode)}::text[] is null or e.type_code = any(${anyOf(codes.typeCode)}))
        and (${anyOf(codes.practiceSettingCode)}::text[] is null or e.practice_setting = any(${anyOf(codes.practiceSettingCode)}))
        and (${anyOf(codes.healthcareFacilityTypeCode)}::text[] is null or e.facility_type = any(${anyOf(codes.healthcareFacilityTypeCode)}))
        and (${anyOf(codes.formatCode)}::text[] is null or e.format_code = any(${anyOf(codes.formatCode)}))
        and (${allOf(codes.eventCodeList)}::jsonb is null or (select bool_and(e.event_codes && array(select jsonb_array_elements_text(l)))
                                                         from jsonb_array_elements(${allOf(codes.eventCodeList)}) l))
        and (${allOf(codes.confidentialityCode)}::jsonb is null or (select bool_and(e.confidentiality && array(select jsonb_array_elements_text(l)))
                                                         from jsonb_array_elements(${allOf(codes.confidentialityCode)}) l))
        and (${creationTime.from ?? null}::text is null or e.creation_time >= ${creationTime.from ?? null} or e.object_type = ${OBJECT_ON_DEMAND})
        and (${creationTime.to ?? null}::text is null or e.creation_time < ${creationTime.to ?? null} or e.object_type = ${OBJECT_ON_DEMAND})
        and (${serviceStartTime.from ?? null}::text is null or e.service_start is null or e.service_start >= ${serviceStartTime.from ?? null})
        and (${serviceStartTime.to ?? null}::text is null or e.service_start is null or e.service_start < ${serviceStartTime.to ?? null})
        and (${serviceStopTime.from ?? null}::text is null or e.service_stop is null or e.service_stop >= ${serviceStopTime.from ?? null})
        and (${serviceStopTime.to ?? null}::text is null or e.service_stop is null or e.service_stop < ${serviceStopTime.to ?? null})
        and (${patterns(authorPerson)}::text[] is null or exists (select from unnest(e.authors) a where a like any(${patterns(authorPerson)})))
        and (${allLike(asked.referenceIds)}::jsonb is null
             or (select bool_and(exists (select from unnest(e.reference_ids) r, jsonb_array_elements_text(l) p where r like p))
                 from jsonb_array_elements(${allLike(asked.referenceIds)}) l))`
}

/** On folder `f` (ITI TF-2 3.18.4.1.2.3.7.3). */
export function folderCriteria(asked: FolderCriteria & { readonly metadataLevel: MetadataLevel }): Statement {
  const { lastUpdateTime } = asked
  return sql`f.status = any(${asked.status}) and (${asked.metadataLevel === 2} or f.latest)
        and (${lastUpdateTime.from ?? null}::text is null or f.last_update >= ${lastUpdateTime.from ?? null})
        and (${lastUpdateTime.to ?? null}::text is null or f.last_update < ${lastUpdateTime.to ?? null})
        and (${allOf(asked.codes)}::jsonb is null or (select bool_and(f.codes && array(select jsonb_array_elements_text(l)))
                                                from jsonb_array_elements(${allOf(asked.codes)}) l))`
}

/** On submission set `p` (ITI TF-2 3.18.4.1.2.3.7.2). */
export function submissionSetCriteria(asked: {
  readonly sourceId: readonly string[]
  readonly submissionTime: TimeRange
  readonly authorPerson: readonly string[]
  readonly contentType: CodeFilter
}): Statement {
  const { sourceId, submissionTime, authorPerson, contentType } = asked
  return sql`(${nullIfEmpty(sourceId)}::text[] is null or p.source_id = any(${nullIfEmpty(sourceId)}))
        and (${submissionTime.from ?? null}::text is null or p.submission_time >= ${submissionTime.from ?? null})
        and (${submissionTime.to ?? null}::text is null or p.submission_time < ${submissionTime.to ?? null})
        and (${patterns(authorPerson)}::text[] is null or exists (select from unnest(p.authors) a where a like any(${patterns(authorPerson)})))
        and (${anyOf(contentType)}::text[] is null or p.content_type = any(${anyOf(contentType)}))`
}

/** On entry `e` as member of a package, or of a patient (ITI TF-2 3.18.4.1.2.3.7.4, .10, .11). */
export function memberCriteria(asked: MemberCriteria, level: MetadataLevel): Statement {
  const { objectTypes, formatCode, confidentialityCode } = asked
  return sql`e.object_type = any(${objectTypes}) and (${level === 2} or e.latest)
        and (${anyOf(formatCode)}::text[] is null or e.format_code = any(${anyOf(formatCode)}))
        and (${allOf(confidentialityCode)}::jsonb is null or (select bool_and(e.confidentiality && array(select jsonb_array_elements_text(l)))
                                                         from jsonb_array_elements(${allOf(confidentialityCode)}) l))`
}

/** OR of one list; several lists of a parameter that may not repeat never arrive here. */
export function anyOf(filter: CodeFilter): readonly string[] | null {
  return nullIfEmpty(filter.flat())
}

function allOf(filter: CodeFilter): string | null {
  return filter.length === 0 ? null : JSON.stringify(filter)
}

function allLike(filter: PatternFilter): string | null {
  return filter.length === 0 ? null : JSON.stringify(filter.map((list) => list.map(likePattern)))
}

function nullIfEmpty(values: readonly string[]): readonly string[] | null {
  return values.length === 0 ? null : values
}

function patterns(given: readonly string[]): readonly string[] | null {
  return nullIfEmpty(given.map(likePattern))
}

/** In XDS patterns a backslash is a character like any other; without % and _ a pattern means equality. */
function likePattern(given: string): string {
  return given.replaceAll('\\', '\\\\')
}
