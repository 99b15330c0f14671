// Trust anchors and their revocation lists on PostgreSQL (docs/adr/0026).

import type pg from 'pg'
import type { AnchorRecord, AnchorStore, CrlState, NewAnchor } from '../../access/anchors.ts'
import type { DoorName } from '../../model/trust.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { notifyAccessChanged } from './change-feed.ts'
import { changed, changing, isThere, outcomeOf, withoutNulls } from './changing.ts'

export function createAnchorStore(pool: pg.Pool): AnchorStore {
  return {
    anchors: () => listAnchors(pool),
    addAnchor: (anchor, change) => changing(pool, change, (client) => addAnchor(client, anchor, change.by)),
    removeAnchor: (label, change) =>
      changing(pool, change, (client) =>
        changed(
          client,
          sql`update access.trust_anchor set removed_at = now(), removed_by = ${change.by},
                version = nextval('access.trust_anchor_version') where label = ${label} and removed_at is null`,
          sql`select from access.trust_anchor where label = ${label}`,
        ),
      ),
  }
}

async function addAnchor(client: Queryable, a: NewAnchor, by: string) {
  const { facilityId, door = null, validTo = null, crlSource = null } = a
  const facility = sql`select from access.facility where facility_id = ${facilityId}`
  if (facilityId !== undefined && !(await isThere(client, facility))) return 'missing'
  return outcomeOf(
    client,
    sql`insert into access.trust_anchor (label, fingerprint, pem, subject, not_before, not_after, door, facility_id,
                                         valid_from, valid_to, added_by, crl_source)
        values (${a.label}, ${a.fingerprint}, ${a.pem}, ${a.subject}, ${a.notBefore}, ${a.notAfter}, ${door}, ${facilityId ?? null},
                coalesce(${a.validFrom ?? null}::timestamptz, now()), ${validTo}::timestamptz, ${by}, ${crlSource})
        on conflict do nothing`,
    sql`select fingerprint = ${a.fingerprint} and door is not distinct from ${door} and facility_id is not distinct from ${facilityId ?? null}
               and crl_source is not distinct from ${crlSource} as same
        from access.trust_anchor where label = ${a.label} and removed_at is null`,
  )
}

interface ListedRow extends Omit<AnchorRecord, 'crl'> {
  readonly crl: CrlState | null
}

async function listAnchors(client: Queryable): Promise<readonly AnchorRecord[]> {
  const rows = await query<ListedRow>(
    client,
    sql`/* trust anchors */
      select label, fingerprint, pem, subject, not_before as "notBefore", not_after as "notAfter", door, facility_id as "facilityId",
             valid_from as "validFrom", valid_to as "validTo", added_at as "addedAt", added_by as "addedBy",
             case when valid_from > now() then 'not yet' when least(valid_to, not_after) <= now() then 'ended' else 'active' end as status,
             case when crl_source is not null then jsonb_build_object(
               'source', crl_source, 'thisUpdate', crl_this_update, 'nextUpdate', crl_next_update, 'fetchedAt', crl_fetched_at,
               'triedAt', crl_tried_at, 'failure', crl_failure, 'revoked', coalesce(cardinality(crl_serials), 0)) end as crl
      from access.trust_anchor where removed_at is null order by label`,
  )
  return rows.map(({ crl, ...row }) => withoutNulls({ ...row, ...(crl === null ? {} : { crl: withoutNulls(crl) }) }))
}

/** An anchor that counts now, as the doors need it. */
export interface StoredAnchor {
  readonly label: string
  readonly pem: string
  readonly door?: DoorName
  readonly facilityId?: string
  readonly addedAt: Date
  readonly crl?: StoredCrl
}

export interface StoredCrl {
  readonly source: string
  readonly serials?: readonly string[]
  readonly thisUpdate?: Date
  readonly nextUpdate?: Date
}

/** Now: not removed, and within its dates. */
const COUNTS = sql`removed_at is null and valid_from <= now() and coalesce(valid_to, 'infinity') > now()`

/**
 * Another one with every change of anchors or lists, also when one begins or ends by its dates: those that count, each with its own version. The
 * highest would not do, for changes are not committed in the order of their numbers; nor would how many there are, where one follows another.
 */
export async function anchorsVersion(client: Queryable): Promise<string> {
  const row = await queryOne<{ readonly version: string }>(
    client,
    sql`/* do the doors know the newest anchors? */
      select coalesce(string_agg(anchor_id || ':' || version, ',' order by anchor_id), '') as version
      from access.trust_anchor where ${COUNTS}`,
  )
  return row?.version ?? ''
}

interface StoredRow {
  readonly label: string
  readonly pem: string
  readonly door: DoorName | null
  readonly facility_id: string | null
  readonly added_at: Date
  readonly crl_source: string | null
  readonly crl_serials: readonly string[] | null
  readonly crl_this_update: Date | null
  readonly crl_next_update: Date | null
}

export async function loadAnchors(client: Queryable): Promise<readonly StoredAnchor[]> {
  const rows = await query<StoredRow>(
    client,
    sql`/* trust anchors for the doors */
      select label, pem, door, facility_id, added_at, crl_source, crl_serials, crl_this_update, crl_next_update
      from access.trust_anchor
      where ${COUNTS} order by anchor_id`,
  )
  return rows.map((row) => ({
    label: row.label,
    pem: row.pem,
    addedAt: row.added_at,
    ...(row.door === null ? {} : { door: row.door }),
    ...(row.facility_id === null ? {} : { facilityId: row.facility_id }),
    ...(row.crl_source === null ? {} : { crl: toCrl(row, row.crl_source) }),
  }))
}

function toCrl(row: StoredRow, source: string): StoredCrl {
  const { crl_serials: serials, crl_this_update: thisUpdate, crl_next_update: nextUpdate } = row
  if (serials === null || thisUpdate === null || nextUpdate === null) return { source }
  return { source, serials, thisUpdate, nextUpdate }
}

/** An anchor whose list is due, taken by this process for one attempt. */
export interface DueCrl {
  readonly anchorId: string
  readonly label: string
  readonly pem: string
  readonly source: string
  readonly thisUpdate?: Date
  readonly failure?: string
}

/** Takes lists that no process tried for so long. */
export async function takeDueCrls(client: Queryable, afterMs: number): Promise<readonly DueCrl[]> {
  const rows = await query<{
    readonly anchor_id: string
    readonly label: string
    readonly pem: string
    readonly crl_source: string
    readonly crl_this_update: Date | null
    readonly crl_failure: string | null
  }>(
    client,
    sql`/* revocation lists that are due */
      update access.trust_anchor set crl_tried_at = now()
      where removed_at is null and crl_source is not null
        and (crl_tried_at is null or crl_tried_at < now() - make_interval(secs => ${afterMs}::float8 / 1000))
      returning anchor_id, label, pem, crl_source, crl_this_update, crl_failure`,
  )
  return rows.map((row) => ({
    anchorId: row.anchor_id,
    label: row.label,
    pem: row.pem,
    source: row.crl_source,
    ...(row.crl_this_update === null ? {} : { thisUpdate: row.crl_this_update }),
    ...(row.crl_failure === null ? {} : { failure: row.crl_failure }),
  }))
}

export interface GoodCrl {
  readonly raw: Buffer
  readonly serials: readonly string[]
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

/**
 * Keeps a list that is newer than the one kept; the doors of all processes hear of it. False when it is not newer. Lists are dated by the second:
 * of two of the same second, as when an authority revokes several one after the other, the one that has more is the later.
 */
export async function keepCrl(pool: pg.Pool, anchorId: string, crl: GoodCrl): Promise<boolean> {
  return transaction(pool, async (client) => {
    const kept = await execute(
      client,
      sql`/* a newer revocation list */
        update access.trust_anchor
        set crl = ${crl.raw}, crl_serials = ${crl.serials}, crl_this_update = ${crl.thisUpdate}, crl_next_update = ${crl.nextUpdate},
            version = nextval('access.trust_anchor_version')
        where anchor_id = ${anchorId}
          and (crl_this_update is null or crl_this_update < ${crl.thisUpdate}
               or crl_this_update = ${crl.thisUpdate} and cardinality(crl_serials) < ${crl.serials.length}::int)`,
    )
    await execute(
      client,
      sql`/* the revocation list was read */
        update access.trust_anchor set crl_fetched_at = now(), crl_failure = null where anchor_id = ${anchorId}`,
    )
    if (kept > 0) await notifyAccessChanged(client)
    return kept > 0
  })
}

export async function noteCrlFailure(client: Queryable, anchorId: string, failure: string): Promise<void> {
  await execute(
    client,
    sql`/* a revocation list could not be had */
      update access.trust_anchor set crl_failure = ${failure} where anchor_id = ${anchorId}`,
  )
}
