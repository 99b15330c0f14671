// Repositories of this network apart from this server on PostgreSQL, and what the registry says of their documents (ports of src/repository).

import type pg from 'pg'
import type { AccessFacts } from '../model/access.ts'
import type { Oid } from '../model/identifiers.ts'
import { OBJECT_ON_DEMAND, STATUS_APPROVED } from '../model/xds.ts'
import type { EntryApart, RepositoryApart } from '../repository/ports.ts'
import { withoutNulls } from './access/changing.ts'
import { communityIdOf, factColumns, toAccessFacts } from './access/facts.ts'
import type { PersonFacts } from './access-store.ts'
import { named, query, sql } from './sql.ts'

/** Those that are registered. */
export async function findRepositoriesApart(
  pool: pg.Pool,
  repositoryUniqueIds: readonly string[],
): Promise<readonly RepositoryApart[]> {
  const rows = await query<RepositoryApart>(
    pool,
    sql`/* repositories apart, by id */
      select repository_unique_id as "repositoryUniqueId", url, facility_id as "facilityId", retrieve_ms as "retrieveMs",
             status = 'paused' as "isPaused"
      from access.repository where repository_unique_id = any(${repositoryUniqueIds}) order by repository_unique_id`,
  )
  return rows.map(withoutNulls)
}

interface EntryRow extends AccessFacts {
  readonly unique_id: string
  readonly is_on_demand: boolean
  readonly mime_type: string
  readonly publisher: string
  readonly kind: string
  readonly confidentiality: readonly string[]
  readonly hash: string | null
  readonly size_bytes: string | null
  readonly person_key: string
  readonly domain: string
  readonly value: string
}

export type FactsApart = Omit<EntryApart, 'access'> & { readonly person: PersonFacts }

/**
 * As for documents of our own repository (`createRetrievable`): Approved and Deprecated alike, and of the versions of an entry the newest
 * decides. An On-Demand entry that is Deprecated has no document any more, for none is made (ITI TF-2 3.43.4.1.3).
 */
export async function findEntriesApart(
  pool: pg.Pool,
  asked: {
    readonly repositoryUniqueId: string
    readonly uniqueIds: readonly string[]
    readonly facilityId: string
  },
): Promise<readonly FactsApart[]> {
  const { repositoryUniqueId, uniqueIds, facilityId } = asked
  const rows = await query<EntryRow>(
    pool,
    sql`/* ITI-43 entries of a repository apart, with the traits and facts the access decision asks */
      select e.*, i.person_key, i.domain, i.value, ${factColumns(facilityId)}
      from (select distinct person_key as holder, unique_id, object_type = ${OBJECT_ON_DEMAND} as is_on_demand, mime_type, publisher,
                   split_part(class_code, '^^', 1) as kind, confidentiality, hash, size_bytes
            from registry.document_entry
            where unique_id = any(${uniqueIds}) and repository_unique_id = ${repositoryUniqueId} and latest
              and (object_type <> ${OBJECT_ON_DEMAND} or status = ${STATUS_APPROVED})) e
      cross join lateral ${communityIdOf(named('e.holder'))} i`,
  )
  return rows.map(toFacts)
}

function toFacts(row: EntryRow): FactsApart {
  const { hash, size_bytes: size } = row
  const isStable = !row.is_on_demand && hash !== null && size !== null
  return {
    uniqueId: row.unique_id,
    person: {
      personKey: row.person_key,
      patientId: { value: row.value, authority: row.domain as Oid },
      facts: toAccessFacts(row),
    },
    mimeType: row.mime_type,
    publisher: row.publisher,
    kind: row.kind,
    confidentiality: row.confidentiality,
    ...(isStable ? { stable: { hash, sizeBytes: Number(size) } } : {}),
  }
}
