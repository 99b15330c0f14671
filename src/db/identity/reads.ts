// Identity reads in SQL: domains, identifiers of a person, and what the matcher compares (ITI TF-2 3.44).

import type { Domain, DomainKind, IdentityReads, LinkState, StoredIdentifier } from '../../identity/ports.ts'
import type { Oid } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import { type Queryable, query, type Statement, sql } from '../sql.ts'

import { matchingReads } from './matching.ts'

/** Bound of a search by value alone: the same number may exist in many facilities. */
const MAX_FOUND = 200

interface DomainRow {
  readonly oid: Oid
  readonly name: string
  readonly kind: DomainKind
  readonly facility_id: string | null
}

export interface IdentifierRow {
  readonly domain: Oid
  readonly value: string
  readonly record_id: string
  readonly person_key: string
  readonly link: LinkState
  readonly status: 'active' | 'obsolete'
  readonly demographics: Demographics | null
  readonly fed: boolean
  readonly survivor: string | null
}

/** Columns of an IdentifierRow over identifier `i`. */
export function identifierColumns(): Statement {
  return sql`i.domain, i.value, i.record_id, i.person_key, i.link, i.status, i.demographics, i.received is not null as fed, i.survivor`
}

/** The reads on a pool or within a transaction. */
export function identityReads(client: Queryable): IdentityReads {
  return {
    ...matchingReads(client),
    async domains(oids) {
      const rows = await query<DomainRow>(
        client,
        sql`select oid, name, kind, facility_id from identity.domain where oid = any(${oids})`,
      )
      return new Map(rows.map((row) => [row.oid, toDomain(row)]))
    },
    async domainsNamed(names) {
      const rows = await query<DomainRow>(
        client,
        sql`select oid, name, kind, facility_id from identity.domain where name = any(${names})`,
      )
      return rows.map(toDomain)
    },
    async facilityDomains(facilityId) {
      const rows = await query<DomainRow>(
        client,
        sql`select oid, name, kind, facility_id from identity.domain
          where kind = 'facility' and facility_id = ${facilityId} order by created_at, oid`,
      )
      return rows.map(toDomain)
    },
    async identifiersOf(person) {
      const rows = await query<IdentifierRow>(
        client,
        sql`select ${identifierColumns()} from identity.identifier i where person_key = ${person} order by domain, value`,
      )
      return rows.map(toIdentifier)
    },
    async findIdentifiers(value, domain) {
      const rows = await query<IdentifierRow>(
        client,
        sql`select ${identifierColumns()} from identity.identifier i
          where value = ${value} and (${domain ?? null}::text is null or domain = ${domain ?? null})
          order by domain limit ${MAX_FOUND}`,
      )
      return rows.map(toIdentifier)
    },
  }
}

function toDomain(row: DomainRow): Domain {
  const domain = { oid: row.oid, name: row.name, kind: row.kind }
  return row.facility_id === null ? domain : { ...domain, facilityId: row.facility_id }
}

export function toIdentifier(row: IdentifierRow): StoredIdentifier {
  return {
    id: { value: row.value, authority: row.domain },
    record: row.record_id,
    person: row.person_key,
    link: row.link,
    status: row.status,
    fed: row.fed,
    ...(row.demographics === null ? {} : { demographics: row.demographics }),
    ...(row.survivor === null ? {} : { survivor: row.survivor }),
  }
}
