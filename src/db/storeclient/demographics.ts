// What a StoreClient message says of the person: the sending facility's record, its history, and what the record is compared and searched by (SS-MIX2 ADT-00).

import { refold } from '../../identity/match.ts'
import type { MatchFeatures } from '../../identity/matching/features.ts'
import { searchEntry } from '../../identity/search-keys.ts'
import type { Demographics } from '../../model/person.ts'
import type { DemographicsChange } from '../../storeclient/ports.ts'
import { keepFeatures } from '../identity/matching.ts'
import { replaceSearchKeys } from '../identity/search.ts'
import { execute, named, type Queryable, queryOne, sql } from '../sql.ts'

/** The number that the message was sent under. */
export interface OwnRecord {
  readonly domain: string
  readonly local_id: string
  readonly demographics: Demographics | null
}

/** This facility's copy of the demographics, with history; the other facilities' copies are theirs. */
export async function updateDemographics(
  client: Queryable,
  record: OwnRecord,
  { change, systemId }: { readonly change: DemographicsChange; readonly systemId: string },
): Promise<void> {
  const demographics = merged(record.demographics ?? { names: [], addresses: [], telecoms: [] }, change)
  const next = JSON.stringify(demographics)
  // Ids that came with a feed of the record stay what it is compared by.
  const former = await queryOne<{ readonly features: MatchFeatures }>(
    client,
    sql`/* StoreClient: what this facility's record is compared by */
      select m.features from identity.identifier i join identity.match_record m using (record_id)
      where i.domain = ${record.domain} and i.value = ${record.local_id}`,
  )
  await execute(
    client,
    sql`/* StoreClient: demographics of this facility's record */
      with revised as (
        update identity.identifier set demographics = ${next}::jsonb, updated_at = now()
        where domain = ${record.domain} and value = ${record.local_id} and demographics is distinct from ${next}::jsonb
        returning domain, value, person_key, record_id),
      ${keepFeatures(named('revised'), refold(demographics, former?.features))},
      ${replaceSearchKeys(named('revised'), searchEntry(demographics))}
      insert into identity.identifier_history (domain, value, event, by, reason, person_key, demographics)
      select domain, value, 'revise', ${systemId}, 'StoreClient ADT-00', person_key, ${next}::jsonb from revised`,
  )
}

/** What ADT-00 does not speak of (a request for discretion, or a field left empty) stays as another message said it; null deletes. */
function merged(former: Demographics, change: DemographicsChange): Demographics {
  const { names, addresses, telecoms, ...others } = { ...former, ...change }
  return { names, addresses, telecoms, ...known(others) }
}

/** Without what is null or not there. */
function known<T extends object>(values: T): { readonly [K in keyof T]?: NonNullable<T[K]> } {
  const kept = Object.entries(values).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(kept) as { readonly [K in keyof T]?: NonNullable<T[K]> }
}
