// What the index holds, in SQL: domains, counts, persons with suspiciously many records.

import type pg from 'pg'
import type { AdministrationStore, DomainView } from '../../identity/administration-ports.ts'
import type { DomainKind, LinkState } from '../../identity/ports.ts'
import type { Oid } from '../../model/identifiers.ts'
import { query, queryOne, sql } from '../sql.ts'
import { named } from './person-views.ts'
import { scanning } from './scan.ts'

type Statistics = Pick<AdministrationStore, 'domains' | 'counts' | 'crowded'>

/** A person has one record a domain, and now and then a duplicate; with more than this of them something was linked wrongly. */
const USUAL_DUPLICATES = 2

export function statistics(pool: pg.Pool, affinityDomain: Oid): Statistics {
  return {
    domains: () => scanning(pool, domains),
    counts: () => scanning(pool, counts),
    crowded: async (limit) => {
      const rows = await scanning(pool, (client) => crowded(client, { limit, affinityDomain }))
      return rows.map(({ patient, ...row }) => ({ ...row, ...named('patient', patient) }))
    },
  }
}

interface DomainRow {
  readonly oid: Oid
  readonly name: string
  readonly kind: DomainKind
  readonly facility_id: string | null
  readonly created_at: Date
  readonly active: number
  readonly obsolete: number
}

async function domains(client: pg.ClientBase): Promise<readonly DomainView[]> {
  const rows = await query<DomainRow>(
    client,
    sql`/* domains with their numbers */
      select d.oid, d.name, d.kind, d.facility_id, d.created_at,
             count(*) filter (where i.status = 'active')::integer as active,
             count(*) filter (where i.status = 'obsolete')::integer as obsolete
      from identity.domain d left join identity.identifier i on i.domain = d.oid
      group by d.oid order by d.kind, d.name`,
  )
  return rows.map(({ facility_id, created_at, ...row }) => ({
    ...row,
    ...named('facilityId', facility_id),
    createdAt: created_at.toISOString(),
  }))
}

type CountRow = Readonly<Record<'persons' | 'records' | 'compared' | 'apart' | LinkState, number>>

async function counts(client: pg.ClientBase) {
  const row = await queryOne<CountRow>(
    client,
    sql`/* what the index holds */
      select (select count(*) from identity.person where merged_into is null)::integer as persons,
             (select count(*) from identity.match_record)::integer as compared,
             (select count(*) from identity.non_link)::integer as apart,
             count(*)::integer as records,
             count(*) filter (where link = 'sole')::integer as sole,
             count(*) filter (where link = 'auto')::integer as auto,
             count(*) filter (where link = 'manual')::integer as manual
      from identity.identifier i join identity.domain d on d.oid = i.domain
      where i.status = 'active' and d.kind <> 'community'`,
  )
  if (row === undefined) throw new Error('an aggregate returned no row')
  const { persons, compared, apart, records, ...links } = row
  return { persons, records, compared, apart, links }
}

interface CrowdedRow {
  readonly patient: string | null
  readonly records: number
  readonly domains: number
}

/** Every domain has one first number of a person, so persons with many records are those with many further ones. */
function crowded(
  client: pg.ClientBase,
  { limit, affinityDomain }: { readonly limit: number; readonly affinityDomain: Oid },
): Promise<readonly CrowdedRow[]> {
  return query<CrowdedRow>(
    client,
    sql`/* persons with many records */
      with duplicate as materialized (
        select person_key from identity.identifier where second and status = 'active' group by person_key having count(*) > ${USUAL_DUPLICATES})
      select (select x.value from identity.identifier x where x.person_key = i.person_key and x.domain = ${affinityDomain}
                and x.status = 'active' order by x.second, x.value limit 1) as patient,
             count(*)::integer as records, count(distinct i.domain)::integer as domains
      from duplicate join identity.identifier i using (person_key)
      where i.status = 'active'
      group by i.person_key order by count(*) desc, i.person_key limit ${limit}`,
  )
}
