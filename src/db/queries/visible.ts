// What a caller may see, as SQL: the Scope of design §4 evaluated where the rows are, so that counts and limits tell nothing.

import { opensAnything, type PatientAccess, type Scope } from '../../model/access.ts'
import { codesUpTo, rankOf, STRICTEST } from '../../model/confidentiality.ts'
import type { MetadataLevel } from '../../model/stored-query.ts'
import { named, type Statement, sql } from '../sql.ts'

/** Ranks of confidentiality below the strictest, whose codes can be listed. */
const RANKS = Array.from({ length: STRICTEST }, (_, rank) => rank)
const listed = (rank: number) => `'{${codesUpTo(rank).join()}}'::text[]`

/** The codes that a document of this rank may have at most; null for the strictest, and for none. */
const codesOf = (rank: Statement): Statement =>
  sql`case ${rank} ${named(RANKS.map((known) => `when ${known} then ${listed(known)}`).join(' '))} end`

/** Rank of the strictest code of an entry, as `strictness` of src/model/confidentiality.ts. */
const rankOfEntry = (e: Statement): Statement =>
  sql`case ${named(RANKS.map((rank) => `when ${e.text}.confidentiality <@ ${listed(rank)} then ${rank}`).join(' '))} else ${named(String(STRICTEST))} end`

const kindOf = (e: Statement): Statement => sql`split_part(${e}.class_code, '^^', 1)`

/** Parts publisher and kind in a key: no code has it, for XML cannot carry it. */
const APART = '\u001f'

/** One version of an entry of another facility, in the scope of its person alone: the same rule as versionSeen, without its sets. */
export function shownIn({ openings, excludedKinds }: Scope): (e: Statement) => Statement {
  const [first] = openings
  if (openings.length > 1 || Object.keys(first?.kinds ?? {}).length > 0) return shownByRank({ openings, excludedKinds })
  const rank = rankOf(first?.right.level ?? 'none')
  const publishers = rank < 0 ? [] : (first?.publishers ?? [])
  return (e) => sql`${e}.publisher = any(${publishers}) and ${kindOf(e)} <> all(${excludedKinds})
                 and (${rank === STRICTEST} or ${e}.confidentiality <@ ${codesUpTo(rank)}::text[])`
}

function shownByRank({ openings, excludedKinds }: Pick<Scope, 'openings' | 'excludedKinds'>) {
  const publishers = openings.flatMap((opening) =>
    opening.publishers.map((publisher) => ({ key: publisher, rank: rankOf(opening.right.level) })),
  )
  const kinds = openings.flatMap((opening) =>
    opening.publishers.flatMap((publisher) =>
      Object.entries(opening.kinds).map(([kind, right]) => ({
        key: publisher + APART + kind,
        rank: rankOf(right.level),
      })),
    ),
  )
  const found = (among: readonly { readonly key: string; readonly rank: number }[], key: Statement) =>
    sql`(${among.map(({ rank }) => rank)}::int[])[array_position(${among.map((one) => one.key)}::text[], ${key})]`
  return (e: Statement): Statement => {
    const rank = sql`coalesce(${found(kinds, sql`${e}.publisher || ${APART} || ${kindOf(e)}`)}, ${found(publishers, sql`${e}.publisher`)})`
    return sql`${e}.publisher = any(${publishers.map(({ key }) => key)}) and ${kindOf(e)} <> all(${excludedKinds})
                 and (select r.rank = ${named(String(STRICTEST))} or coalesce(${e}.confidentiality <@ ${codesOf(sql`r.rank`)}, false)
                      from (select ${rank} as rank) r)`
  }
}

/**
 * WITH parts of the scopes of one caller: `viewer` holds what is the same for every person, `person` who was decided about, `shown` which
 * facilities' objects are visible of whom, `excluded` which kinds are not. What deviates from the viewer's usual right is in `apart` (of
 * a publisher) and `special` (of a kind), with each rank that is visible there in `opened`. Conditions ask them by IN, and `is true` keeps
 * each from becoming a join: it is looked up in a hash, however many persons there are.
 */
export function scopes(given: readonly PatientAccess[]): Statement {
  const accesses = given.filter(({ scope }) => scope.mode !== 'nothing')
  const [first] = accesses
  const rows = rowsOf(accesses)
  const excluded = accesses.flatMap(({ personKey, scope }) => scope.excludedKinds.map((kind) => ({ personKey, kind })))
  const usual = rows.usual
  return sql`viewer as materialized (
      select ${first?.scope.mode === 'everything'}::boolean as everything, ${first?.scope.ownFacility ?? ''}::text as own,
             ${usual === STRICTEST}::boolean as unrestricted, ${codesUpTo(usual)}::text[] as confidentiality),
    person as materialized (select unnest(${accesses.map(({ personKey }) => personKey)}::bigint[]) as person_key),
    shown as materialized (
      select * from unnest(${column(rows.shown, 'personKey')}::bigint[], ${column(rows.shown, 'publisher')}::text[]) x(person_key, publisher)),
    apart as materialized (
      select * from unnest(${column(rows.apart, 'personKey')}::bigint[], ${column(rows.apart, 'publisher')}::text[]) x(person_key, publisher)),
    special as materialized (
      select * from unnest(${column(rows.special, 'personKey')}::bigint[], ${column(rows.special, 'publisher')}::text[],
                           ${column(rows.special, 'kind')}::text[]) x(person_key, publisher, kind)),
    opened as materialized (
      select person_key, publisher, kind, rank
      from unnest(${column(rows.opened, 'personKey')}::bigint[], ${column(rows.opened, 'publisher')}::text[], ${column(rows.opened, 'kind')}::text[],
                  ${rows.opened.map(({ most }) => most)}::int[]) x(person_key, publisher, kind, most)
      cross join lateral generate_series(0, most) as rank),
    excluded as materialized (
      select * from unnest(${excluded.map(({ personKey }) => personKey)}::bigint[], ${excluded.map(({ kind }) => kind)}::text[]) x(person_key, kind))`
}

/** Kind of the rows of `opened` that stand for every kind without a right of its own. */
const EVERY_KIND = ''

function rowsOf(accesses: readonly PatientAccess[]) {
  const openings = accesses.flatMap(({ personKey, scope }) =>
    scope.openings.filter(opensAnything).flatMap(({ publishers, right, kinds }) =>
      publishers.map((publisher) => ({
        personKey,
        publisher,
        most: rankOf(right.level),
        kinds: Object.entries(kinds),
      })),
    ),
  )
  const usual = openings[0]?.most ?? -1
  const apart = openings.filter(({ most }) => most !== usual)
  const special = openings.flatMap(({ personKey, publisher, kinds }) =>
    kinds.map(([kind, right]) => ({ personKey, publisher, kind, most: rankOf(right.level) })),
  )
  const opened = [...apart.map((opening) => ({ ...opening, kind: EVERY_KIND })), ...special]
  return { usual, shown: openings, apart, special, opened }
}

function column<K extends string>(rows: readonly Readonly<Record<K, string>>[], key: K): readonly string[] {
  return rows.map((row) => row[key])
}

/** One version of an entry, by its alias; the same rule as `admits` of src/access/decide.ts. */
export const versionSeen = (
  e: Statement,
): Statement => sql`((${e}.person_key in (select person_key from person)) is true and (
      (select everything from viewer) or ${e}.publisher = (select own from viewer)
      or (((${e}.person_key, ${e}.publisher) in (select person_key, publisher from shown)) is true
          and ((${e}.person_key, ${kindOf(e)}) in (select person_key, kind from excluded)) is not true
          and case when ((${e}.person_key, ${e}.publisher, ${kindOf(e)}) in (select person_key, publisher, kind from special)) is true
                   then ((${e}.person_key, ${e}.publisher, ${kindOf(e)}, ${rankOfEntry(e)}) in (select person_key, publisher, kind, rank from opened)) is true
                   when ((${e}.person_key, ${e}.publisher) in (select person_key, publisher from apart)) is true
                   then ((${e}.person_key, ${e}.publisher, ${named(`'${EVERY_KIND}'`)}, ${rankOfEntry(e)})
                         in (select person_key, publisher, kind, rank from opened)) is true
                   else (select unrestricted from viewer) or ${e}.confidentiality <@ (select confidentiality from viewer) end)))`

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
