// Composition root: patient discovery for neighbouring communities (XCPD; docs/federation.md, docs/adr/0041).

import { iti55, iti55Deferred } from '../../profiles/transactions/index.ts'
import { mayFind } from '../access/federation.ts'
import { factsOfPersons } from '../db/access-store.ts'
import { holdersOf, keepCorrelated } from '../db/discovery.ts'
import { searchReads } from '../db/identity/search.ts'
import { respondToDeferred, respondToDiscovery } from '../gateway/respond-discovery.ts'
import { type Binding, bind } from '../http/binding.ts'
import { iti55Codec, iti55DeferredCodec } from '../http/transactions/discovery.ts'
import { discoverPerson } from '../identity/discovery.ts'
import type { IdentityPorts } from '../identity/ports.ts'
import type { Caller } from '../model/caller.ts'
import type { Oid, PatientId } from '../model/identifiers.ts'
import type { Given } from './actor-ports.ts'

const DAY_SECONDS = 24 * 60 * 60

export function discoveryBindings({ config, pool }: Given, { store, matching }: IdentityPorts): readonly Binding[] {
  const home = config.community.homeCommunityId.replace(/^urn:oid:/, '') as Oid
  const { candidates, recordsOf } = store
  const reads = { candidates, recordsOf, records: searchReads(pool).records, holders: holdersOf(pool) }
  const ports = {
    home,
    keptForSeconds: config.gateway.correlationDays * DAY_SECONDS,
    authorityName: config.identity.affinityDomainName,
    find: (sought: Parameters<typeof discoverPerson>[0], caller: Caller) =>
      discoverPerson(sought, { reads, matching, findable: (persons) => findable(persons, caller) }),
    keep: (correlated: Parameters<typeof keepCorrelated>[1]) => keepCorrelated(pool, correlated),
  }
  return [
    bind(iti55, iti55Codec(home), (query, caller) => respondToDiscovery(query, caller, ports)),
    bind(iti55Deferred, iti55DeferredCodec, respondToDeferred),
  ]

  async function findable(personKeys: readonly string[], caller: Caller): Promise<ReadonlyMap<string, PatientId>> {
    const persons = await factsOfPersons(pool, { personKeys, facilityId: caller.facilityId })
    return new Map(
      persons.flatMap(({ personKey, patientId, facts }) =>
        mayFind(caller, facts).allowed ? [[personKey, patientId] as const] : [],
      ),
    )
  }
}
