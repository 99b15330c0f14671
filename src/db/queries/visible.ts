// What a caller may see, as SQL: the Scope of design §4 evaluated where the rows are, so that counts and limits tell nothing.

import type { PatientAccess } from '../../model/access.ts'
import type { MetadataLevel } from '../../model/stored-query.ts'
import { type Statement, sql } from '../sql.ts'

/** WITH part `scope`: one row a person; who has none is hidden. */
export function scopes(accesses: readonly PatientAccess[]): Statement {
  const rows = accesses.map(({ personKey, scope }) => ({
    person_key: personKey,
    everything: scope.mode === 'everything',
    own: scope.ownFacility,
    publishers: scope.publishers,
    kinds: scope.excludedKinds,
    confidentiality: scope.confidentiality,
  }))
  return sql`scope as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as s(person_key bigint, everything boolean, own text, publishers text[], kinds text[], confidentiality text[]))`
}

/** Entry `e` in scope `s`; the same rule as `admits` of src/access/decide.ts. */
export const ENTRY = sql`(s.everything or e.publisher = s.own
    or (e.publisher = any(s.publishers) and split_part(e.class_code, '^^', 1) <> all(s.kinds) and e.confidentiality <@ s.confidentiality))`

const ENTRY_SEEN = sql`coalesce((select ${ENTRY} from scope s where s.person_key = e.person_key), false)`

/** Folder `f` in scope `s`. */
export const FOLDER = sql`(s.everything or f.publisher = s.own
    or (f.publisher = any(s.publishers) and coalesce(
      (select bool_or(coalesce((select ${ENTRY_SEEN} from registry.document_entry e where e.entry_uuid = m.target_uuid), false))
       from registry.association m
       where m.source_uuid = f.entry_uuid and m.type = 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember'), true)))`

const FOLDER_SEEN = sql`coalesce((select ${FOLDER} from scope s where s.person_key = f.person_key), false)`

/**
 * The object of one uuid is an entry or a folder that is seen at this metadata level, null when it is neither. Scalar subqueries,
 * because an EXISTS may be run by reading the whole table once.
 */
function memberSeen(uuid: Statement, level: MetadataLevel): Statement {
  return sql`
      (select (${level === 2} or e.latest) and ${ENTRY_SEEN} from registry.document_entry e where e.entry_uuid = ${uuid}),
      (select (${level === 2} or f.latest) and ${FOLDER_SEEN} from registry.folder f where f.entry_uuid = ${uuid})`
}

/**
 * The source of an association whose target is seen: an entry, or a package, of which a member is visible then, so that its publisher
 * alone decides. To look at all its members for each of them would take the square of their number.
 */
function sourceSeen(uuid: Statement, level: MetadataLevel): Statement {
  return sql`coalesce(
      (select (${level === 2} or e.latest) and ${ENTRY_SEEN} from registry.document_entry e where e.entry_uuid = ${uuid}),
      (select (${level === 2} or f.latest) and (select s.everything or f.publisher = s.own or f.publisher = any(s.publishers)
                                                from scope s where s.person_key = f.person_key)
       from registry.folder f where f.entry_uuid = ${uuid}),
      (select (select s.everything or p.publisher = s.own or p.publisher = any(s.publishers) from scope s where s.person_key = p.person_key)
       from registry.submission_set p where p.entry_uuid = ${uuid}), false)`
}

/** As memberSeen, for the membership of a folder with that uuid: both its ends. */
function membershipSeen(uuid: Statement, level: MetadataLevel): Statement {
  return sql`
      (select coalesce(${memberSeen(sql`i.target_uuid`, level)}, false) and ${sourceSeen(sql`i.source_uuid`, level)}
       from registry.association i where i.association_uuid = ${uuid})`
}

/** Submission set `p` in scope `s`; its members are entries, folders, and memberships of folders. */
export const SUBMISSION_SET = sql`(s.everything or p.publisher = s.own
    or (p.publisher = any(s.publishers) and coalesce(
      (select bool_or(coalesce(${memberSeen(sql`m.target_uuid`, 2)}, ${membershipSeen(sql`m.target_uuid`, 2)}, false))
       from registry.association m
       where m.source_uuid = p.entry_uuid and m.type = 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember'), true)))`

/** Both ends of association `a` are seen at this metadata level; one that touches a version not seen there is hidden. */
export function endsSeen(level: MetadataLevel): Statement {
  return sql`coalesce(${memberSeen(sql`a.target_uuid`, level)}, ${membershipSeen(sql`a.target_uuid`, level)}, false)
        and ${sourceSeen(sql`a.source_uuid`, level)}`
}
