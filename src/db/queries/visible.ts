// What a caller may see, as SQL: the Scope of design §4 evaluated where the rows are, so that counts and limits tell nothing.

import type { PatientAccess } from '../../model/access.ts'
import type { MetadataLevel } from '../../model/stored-query.ts'
import { type Statement, sql } from '../sql.ts'

/**
 * WITH parts of the scopes of one caller: `viewer` holds what is the same for every person, `person` who was decided about, `shown` which
 * facilities' objects are visible of whom, `excluded` which kinds are not. Conditions ask them by IN, and `is true` keeps each from
 * becoming a join: it is looked up in a hash, however many persons there are.
 */
export function scopes(accesses: readonly PatientAccess[]): Statement {
  const [first] = accesses
  const pairs = (values: (scope: PatientAccess['scope']) => readonly string[]) =>
    accesses.flatMap(({ personKey, scope }) => values(scope).map((value) => ({ personKey, value })))
  const shown = pairs(({ publishers }) => publishers)
  const excluded = pairs(({ excludedKinds }) => excludedKinds)
  return sql`viewer as materialized (
      select ${first?.scope.mode === 'everything'}::boolean as everything, ${first?.scope.ownFacility ?? ''}::text as own,
             ${first?.scope.confidentiality ?? []}::text[] as confidentiality),
    person as materialized (select unnest(${accesses.map(({ personKey }) => personKey)}::bigint[]) as person_key),
    shown as materialized (
      select * from unnest(${shown.map(({ personKey }) => personKey)}::bigint[], ${shown.map(({ value }) => value)}::text[]) x(person_key, publisher)),
    excluded as materialized (
      select * from unnest(${excluded.map(({ personKey }) => personKey)}::bigint[], ${excluded.map(({ value }) => value)}::text[]) x(person_key, kind))`
}

/** One version of an entry, by its alias; the same rule as `admits` of src/access/decide.ts. */
export const versionSeen = (
  e: Statement,
): Statement => sql`((${e}.person_key in (select person_key from person)) is true and (
      (select everything from viewer) or ${e}.publisher = (select own from viewer)
      or (((${e}.person_key, ${e}.publisher) in (select person_key, publisher from shown)) is true
          and ((${e}.person_key, split_part(${e}.class_code, '^^', 1)) in (select person_key, kind from excluded)) is not true
          and ${e}.confidentiality <@ (select confidentiality from viewer))))`

/** The newest version of the object of entry `e` as `n`: it is the first, or has the logical id of the first (ITI TF-2 3.57). */
export const NEWEST = sql`registry.document_entry n
      where n.latest and (n.entry_uuid = e.logical_uuid or (n.logical_uuid = e.logical_uuid and n.version > 1))`

/** Entry `e`: a former version is shown while the newest one is, for its publisher may have restricted it since. */
export const ENTRY = sql`(${versionSeen(sql`e`)} and (e.latest or (select everything from viewer) or e.publisher = (select own from viewer)
      or (select bool_and(${versionSeen(sql`n`)}) from ${NEWEST})))`

/** The publisher of folder `f` lets it be seen, if anything in it is. */
const FOLDER_SHOWN = sql`((f.person_key, f.publisher) in (select person_key, publisher from shown)) is true`
const FOLDER_OWN = sql`((select everything from viewer) or f.publisher = (select own from viewer))`
const FOLDER_KNOWN = sql`(f.person_key in (select person_key from person)) is true`

/** Folder `f`: not all of its members are hidden. */
export const FOLDER = sql`(${FOLDER_KNOWN} and (${FOLDER_OWN}
    or (${FOLDER_SHOWN} and coalesce(
      (select bool_or(coalesce((select ${ENTRY} from registry.document_entry e where e.entry_uuid = m.target_uuid), false))
       from registry.association m
       where m.source_uuid = f.entry_uuid and m.type = 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember'), true))))`

const SET_SHOWN = sql`((p.person_key, p.publisher) in (select person_key, publisher from shown)) is true`
const SET_OWN = sql`((select everything from viewer) or p.publisher = (select own from viewer))`
const SET_KNOWN = sql`(p.person_key in (select person_key from person)) is true`

/**
 * The object of one uuid is an entry or a folder that is seen at this metadata level, null when it is neither. Scalar subqueries,
 * because an EXISTS may be run by reading the whole table once.
 */
function memberSeen(uuid: Statement, level: MetadataLevel): Statement {
  return sql`
      (select (${level === 2} or e.latest) and ${ENTRY} from registry.document_entry e where e.entry_uuid = ${uuid}),
      (select (${level === 2} or f.latest) and ${FOLDER} from registry.folder f where f.entry_uuid = ${uuid})`
}

/**
 * The source of an association whose target is seen: an entry, or a package, of which a member is visible then, so that its publisher
 * alone decides. To look at all its members for each of them would take the square of their number.
 */
function sourceSeen(uuid: Statement, level: MetadataLevel): Statement {
  return sql`coalesce(
      (select (${level === 2} or e.latest) and ${ENTRY} from registry.document_entry e where e.entry_uuid = ${uuid}),
      (select (${level === 2} or f.latest) and ${FOLDER_KNOWN} and (${FOLDER_OWN} or ${FOLDER_SHOWN})
       from registry.folder f where f.entry_uuid = ${uuid}),
      (select ${SET_KNOWN} and (${SET_OWN} or ${SET_SHOWN}) from registry.submission_set p where p.entry_uuid = ${uuid}), false)`
}

/** As memberSeen, for the membership of a folder with that uuid: both its ends. */
function membershipSeen(uuid: Statement, level: MetadataLevel): Statement {
  return sql`
      (select coalesce(${memberSeen(sql`i.target_uuid`, level)}, false) and ${sourceSeen(sql`i.source_uuid`, level)}
       from registry.association i where i.association_uuid = ${uuid})`
}

/** Submission set `p`: not all of its members are hidden; they are entries, folders, and memberships of folders. */
export const SUBMISSION_SET = sql`(${SET_KNOWN} and (${SET_OWN}
    or (${SET_SHOWN} and coalesce(
      (select bool_or(coalesce(${memberSeen(sql`m.target_uuid`, 2)}, ${membershipSeen(sql`m.target_uuid`, 2)}, false))
       from registry.association m
       where m.source_uuid = p.entry_uuid and m.type = 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember'), true))))`

/** Both ends of association `a` are seen at this metadata level; one that touches a version not seen there is hidden. */
export function endsSeen(level: MetadataLevel): Statement {
  return sql`coalesce(${memberSeen(sql`a.target_uuid`, level)}, ${membershipSeen(sql`a.target_uuid`, level)}, false)
        and ${sourceSeen(sql`a.source_uuid`, level)}`
}
