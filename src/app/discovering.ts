// Composition root: who a patient is in neighbouring communities (XCPD, ITI-55; docs/federation.md).

import { mayAsk, mayTell } from '../access/federation.ts'
import { clientEvents } from '../audit/event.ts'
import type { Config } from '../config/config.ts'
import { createDiscoveryStore } from '../db/discovery-store.ts'
import { countQuestions, listCorrelations, listQuestions } from '../db/discovery-views.ts'
import { personViews } from '../db/identity/person-views.ts'
import { findCommunities, partnerFacilities, type Undiscovered, undiscovered } from '../db/partner-directory.ts'
import { recordLook } from '../db/staff-change.ts'
import { createDiscovery, type Discover } from '../gateway/discover.ts'
import type { DiscoveryAdministration } from '../gateway/discovery-administration.ts'
import type { AskWho } from '../gateway/discovery-ports.ts'
import type { Discovering } from '../gateway/initiate-query.ts'
import type { Discoverable } from '../gateway/ports.ts'
import { type DoorPorts, newExchange } from '../http/door.ts'
import type { Watch } from '../http/metrics/gauges.ts'
import { toldOf } from '../identity/told-of-person.ts'
import type { Caller } from '../model/caller.ts'
import { formatCx, type Oid, type PatientId, parseOid } from '../model/identifiers.ts'
import type { Given } from './actor-ports.ts'

const MS_PER_MINUTE = 60_000
const SECONDS_PER_DAY = 86_400

export function openDiscovery({ config, pool }: Given, ask: AskWho): Discover {
  const { affinityDomainAuthority: affinityDomain } = config.identity
  const { queryBudgetMs, correlationDays, discoveredMinutes, unknownPatientMinutes } = config.gateway
  const store = createDiscoveryStore(pool, {
    affinityDomain,
    describe: async (client, personKey) =>
      toldOf(await personViews(client, affinityDomain).numbersOf(personKey), await partnerFacilities(client)),
  })
  return createDiscovery({
    ...store,
    ask,
    ofHome: async (home, { facilityId, systemId }) => (await findCommunities(pool, { facilityId, systemId, home }))[0],
    budgetMs: queryBudgetMs,
    home: homeOid(config),
    toldForSeconds: correlationDays * SECONDS_PER_DAY,
    keptForMs: discoveredMinutes * MS_PER_MINUTE,
    unknownForMs: unknownPatientMinutes * MS_PER_MINUTE,
  })
}

/** For queries about patients. */
export function discoveringBy(given: Given, { discover }: { readonly discover: AskWho }): Discovering {
  return {
    undiscovered: (patientId, caller) => undiscoveredFor(given, caller, patientId),
    discover: openDiscovery(given, discover),
    budgetMs: given.config.gateway.queryBudgetMs,
  }
}

/** Under this name the network asks for itself. */
const NETWORK = 'tsunagi'

/** Discovery in the hands of staff. */
export function discoveryAdministration(
  given: Given,
  { partners, ports }: { readonly partners: { readonly discover: AskWho }; readonly ports: DoorPorts },
): DiscoveryAdministration {
  const { config, pool } = given
  const { affinityDomainAuthority: authority } = config.identity
  const discover = openDiscovery(given, partners.discover)
  return {
    discover: async ({ facilityId, patient, forFacility = '' }, { by, peer }) => {
      const patientId = { value: patient, authority }
      const asking = { facilityId: forFacility, systemId: NETWORK }
      const found = await discoverable(given, asking, { patientId, isAnew: true })
      const place = found.find(({ known }) => known.community === facilityId)
      if (place === undefined) return { kind: 'no partner' }
      if (!mayTell(place.known.towards, { facilityId, agreed: true })) return { kind: 'no consent' }
      const exchange = newExchange({ door: 'admin', endpoint: '/admin/v1', peer, transaction: 'ITI-55' })
      const { discovered, calls } = await discover(place.community, networkCaller(config, { ...asking, exchange }))
      const operation = `patient asked for at the community of ${facilityId}: ${discovered.kind}`
      await recordLook(pool, { by, peer, operation, patients: [formatCx(patientId)] })
      await ports.recorder.record({ events: clientEvents({ exchange, facilityId }, calls), entries: [] })
      return discovered
    },
    correlations: (personKey) => listCorrelations(pool, personKey),
    questions: () => listQuestions(pool, authority),
  }
}

/** What waits for staff. */
export function measureDiscovery(watch: Watch, { pool }: Pick<Given, 'pool'>): void {
  watch({
    group: 'discovery',
    gauges: {
      questions: {
        name: 'tsunagi_discovery_questions',
        help: 'Patients of whom a neighbouring community could not say who they are there, and nobody has found out',
      },
    },
    read: async () => ({ questions: await countQuestions(pool) }),
  })
}

/** It may see nothing: it only says who asks. */
function networkCaller(config: Config, who: Pick<Caller, 'systemId' | 'facilityId' | 'exchange'>): Caller {
  return {
    ...who,
    facilityOid: homeOid(config),
    facilityName: config.identity.affinityDomainName,
    patientIdForm: 'exact',
    roles: new Set(),
    accessMode: 'consent',
    repositories: [],
    unionFacilities: [],
    confidentialityCeiling: 'N',
  }
}

/** Our homeCommunityId, without urn:oid:. */
export function homeOid({ community }: Config): Oid {
  const oid = parseOid(community.homeCommunityId.replace(/^urn:oid:/, ''))
  if (oid === undefined) throw new Error('community.homeCommunityId holds no OID')
  return oid
}

/** Communities that are to be asked who the patient is there, as far as the caller may have it asked and the patient allows it. */
async function undiscoveredFor(
  { pool }: Pick<Given, 'pool'>,
  caller: Caller,
  patientId: PatientId,
): Promise<readonly Discoverable[]> {
  const permits = ({ community, towards, facts }: Undiscovered) =>
    mayTell(towards, { facilityId: community, agreed: true }) &&
    mayAsk(caller, facts, { facilityId: community, towards }).allowed
  const found = await discoverable({ pool }, caller, { patientId, isAnew: false })
  return found.filter(({ known }) => permits(known)).map(({ community }) => community)
}

/** @param asked of one community, or of all. */
export async function discoverable(
  { pool }: Pick<Given, 'pool'>,
  { facilityId, systemId }: Pick<Caller, 'facilityId' | 'systemId'>,
  asked: { readonly patientId: PatientId; readonly isAnew: boolean },
): Promise<readonly { readonly community: Discoverable; readonly known: Undiscovered }[]> {
  const communities = (await findCommunities(pool, { facilityId, systemId })).filter(
    ({ identity, discoveryUrl }) => identity === 'xcpd' && discoveryUrl !== undefined,
  )
  if (communities.length === 0) return []
  const ids = communities.map((community) => community.facilityId)
  const rows = await undiscovered(pool, { ...asked, facilityId, communities: ids })
  return rows.flatMap((known) => {
    const community = communities.find((one) => one.facilityId === known.community)
    const { personKey, isTold } = known
    return community === undefined ? [] : [{ community: { ...community, personKey, isTold }, known }]
  })
}
