// Edits of facilities, systems and unions on PostgreSQL, and the live counts of a facility (idlink, U-1).

import type pg from 'pg'
import type { FacilityCounts, RevisionStore, SystemEdit } from '../../access/administration/revision-ports.ts'
import type { Change, Changed } from '../../access/ports.ts'
import { execute, type Queryable, queryOne, sql } from '../sql.ts'
import { changing, isThere } from './changing.ts'
import { type Editable, edit, recordRevision, revisionsOf } from './revisions.ts'
import { mayFeedAffinityDomain } from './systems.ts'

const FACILITY: Editable = {
  subject: 'facility',
  table: 'access.facility',
  key: 'facility_id',
  columns: {
    name: { column: 'name' },
    kind: { column: 'kind' },
    code: { column: 'code' },
    facilityType: { column: 'facility_type' },
    nameKana: { column: 'name_kana' },
    nameEnglish: { column: 'name_english' },
    postalCode: { column: 'postal_code' },
    address: { column: 'address' },
    phone: { column: 'phone' },
    email: { column: 'email' },
    area: { column: 'area' },
    beds: { column: 'beds' },
  },
}

const SYSTEM: Editable = {
  subject: 'system',
  table: 'access.system',
  key: 'system_id',
  columns: {
    status: { column: 'status' },
    roles: { column: 'roles' },
    repositories: { column: 'repositories' },
    sourceIds: { column: 'source_ids' },
    delegatedFacilities: { column: 'delegated_facilities' },
    confidentialityCeiling: { column: 'confidentiality_ceiling' },
    ruleSwitches: { column: 'rule_switches', cast: 'jsonb' },
  },
}

const UNION: Editable = {
  subject: 'union',
  table: 'access.facility_union',
  key: 'union_id',
  columns: {
    name: { column: 'name' },
    kind: { column: 'kind' },
    areas: { column: 'areas' },
    noticeUrl: { column: 'notice_url' },
  },
}

export function edits(pool: pg.Pool): RevisionStore {
  return {
    revisions: (subject, subjectId) => revisionsOf(pool, subject, subjectId),
    editFacility: (id, members, change) =>
      changing(pool, change, async (client) => {
        if (await hasOther(client, id, members.code)) return 'conflict'
        return edit(client, FACILITY, { id, members, change })
      }),
    editSystem: (id, members, change) =>
      changing(pool, change, (client) => editSystem(client, { id, members }, change)),
    editUnion: (id, members, change) =>
      changing(pool, change, (client) => edit(client, UNION, { id, members, change })),
    endUnion: (unionId, change) => changing(pool, change, (client) => endUnion(client, unionId, change)),
    facilityCounts: (facilityId) => facilityCounts(pool, facilityId),
  }
}

async function hasOther(client: Queryable, facilityId: string, code: string | null | undefined): Promise<boolean> {
  if (code === undefined || code === null) return false
  return isThere(
    client,
    sql`select 1 as there from access.facility where code = ${code} and facility_id <> ${facilityId}`,
  )
}

async function editSystem(
  client: Queryable,
  { id, members }: { readonly id: string; readonly members: SystemEdit },
  change: Change,
): Promise<Changed> {
  if (members.roles?.includes('affinity-domain-source') === true) {
    const owner = await queryOne<{ readonly facilityId: string }>(
      client,
      sql`select facility_id as "facilityId" from access.system where system_id = ${id}`,
    )
    if (owner === undefined) return 'missing'
    if (!(await mayFeedAffinityDomain(client, { roles: members.roles, ...owner }))) return 'conflict'
  }
  return edit(client, SYSTEM, { id, members, change })
}

/** Memberships that would begin later never do; those that run end with the union. */
async function endUnion(client: Queryable, unionId: string, change: Change): Promise<Changed> {
  const found = await queryOne<{ readonly ended: boolean }>(
    client,
    sql`select valid_to is not null and valid_to <= now() as ended from access.facility_union where union_id = ${unionId} for update`,
  )
  if (found === undefined) return 'missing'
  if (found.ended) return 'unchanged'
  await execute(client, sql`update access.facility_union set valid_to = now() where union_id = ${unionId}`)
  await execute(
    client,
    sql`/* members of a union that ends */
      update access.union_member set valid_to = greatest(valid_from, now())
      where union_id = ${unionId} and (valid_to is null or valid_to > now())`,
  )
  await recordRevision(client, {
    subject: 'union',
    id: unionId,
    changed: { state: { from: 'running', to: 'ended' } },
    change,
  })
  return 'changed'
}

async function facilityCounts(client: Queryable, facilityId: string): Promise<FacilityCounts> {
  const row = await queryOne<FacilityCounts>(
    client,
    sql`/* patients of a facility: 患者登録数 and 連携患者数 */
      select count(distinct own.person_key)::int as "registeredPatients",
             count(distinct own.person_key) filter (where exists (
               select from identity.identifier other join identity.domain o on o.oid = other.domain and o.kind = 'facility'
               where other.person_key = own.person_key and other.status = 'active' and o.facility_id <> ${facilityId}))::int as "linkedPatients"
      from identity.domain d join identity.identifier own on own.domain = d.oid and own.status = 'active'
      where d.facility_id = ${facilityId} and d.kind = 'facility'`,
  )
  return row ?? { registeredPatients: 0, linkedPatients: 0 }
}
