// Repositories of this network apart from this server, on PostgreSQL (port of src/access/administration/repository-ports.ts).

import type pg from 'pg'
import type {
  RepositoryApart,
  RepositoryEdit,
  RepositoryRecord,
  RepositoryStore,
} from '../../access/administration/repository-ports.ts'
import type { Change, Changed, Stored } from '../../access/change.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { changing, isThere, outcomeOf, withoutNulls } from './changing.ts'
import { type Editable, edit, recordRevision } from './revisions.ts'

const REPOSITORY: Editable = {
  subject: 'repository',
  table: 'access.repository',
  key: 'repository_unique_id',
  columns: {
    url: { column: 'url' },
    facilityId: { column: 'facility_id' },
    retrieveMs: { column: 'retrieve_ms' },
    status: { column: 'status' },
  },
}

export function repositories(pool: pg.Pool): RepositoryStore {
  return {
    repositories: () => recordsOf(pool),
    addRepository: (repository, change) => changing(pool, change, (client) => add(client, repository, change)),
    editRepository: (id, members, change) =>
      changing(pool, change, (client) => editOne(client, { id, members }, change)),
    removeRepository: (id, change) => changing(pool, change, (client) => remove(client, id, change)),
  }
}

async function recordsOf(client: Queryable): Promise<readonly RepositoryRecord[]> {
  const rows = await query<RepositoryRecord>(
    client,
    sql`/* repositories apart */
      select repository_unique_id as "repositoryUniqueId", url, facility_id as "facilityId", retrieve_ms as "retrieveMs", status,
        added_at as "addedAt", added_by as "addedBy", changed_at as "changedAt", changed_by as "changedBy"
      from access.repository order by repository_unique_id`,
  )
  return rows.map(withoutNulls)
}

const USUAL_MS = 120_000

async function add(client: Queryable, given: RepositoryApart, { by }: Change): Promise<Stored | 'missing'> {
  const { repositoryUniqueId, url, facilityId, retrieveMs = USUAL_MS, status = 'active' } = given
  if (!(await isFacility(client, facilityId))) return 'missing'
  return outcomeOf(
    client,
    sql`/* a repository apart */
      insert into access.repository (repository_unique_id, url, facility_id, retrieve_ms, status, added_by)
      values (${repositoryUniqueId}, ${url}, ${facilityId ?? null}, ${retrieveMs}, ${status}, ${by}) on conflict do nothing`,
    sql`select url = ${url} and facility_id is not distinct from ${facilityId ?? null} and retrieve_ms = ${retrieveMs}
               and status = ${status} as same
        from access.repository where repository_unique_id = ${repositoryUniqueId}`,
  )
}

async function isFacility(client: Queryable, facilityId: string | null | undefined): Promise<boolean> {
  if (facilityId === undefined || facilityId === null) return true
  return isThere(client, sql`select from access.facility where facility_id = ${facilityId}`)
}

async function editOne(
  client: Queryable,
  { id, members }: { readonly id: string; readonly members: RepositoryEdit },
  change: Change,
): Promise<Changed> {
  if (!(await isFacility(client, members.facilityId))) return 'missing'
  const changed = await edit(client, REPOSITORY, { id, members, change })
  if (changed === 'changed')
    await execute(
      client,
      sql`update access.repository set changed_at = now(), changed_by = ${change.by} where repository_unique_id = ${id}`,
    )
  return changed
}

async function remove(client: Queryable, id: string, change: Change): Promise<Changed> {
  const gone = await queryOne<{ readonly url: string; readonly status: string }>(
    client,
    sql`/* a repository apart goes */ delete from access.repository where repository_unique_id = ${id} returning url, status`,
  )
  if (gone === undefined) return 'missing'
  const changed = { url: { from: gone.url, to: null }, status: { from: gone.status, to: 'removed' } }
  await recordRevision(client, { subject: 'repository', id, changed, change })
  return 'changed'
}
