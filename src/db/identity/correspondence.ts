// What a PIX query needs, read for all queries that wait in one statement (ITI TF-2 3.9.4.1.3, 3.45.4.1.3; design §7).

import type pg from 'pg'
import type { Domain, DomainKind, KnownIdentifier, PersonKey, PixQueryPorts } from '../../identity/ports.ts'
import type { AccessFacts } from '../../model/access.ts'
import type { Caller } from '../../model/caller.ts'
import type { Oid, PatientId } from '../../model/identifiers.ts'
import { isPartner, isStopped, runningEmergency, standingConsents } from '../access/facts.ts'
import { causeOf, failureKind } from '../failure.ts'
import { createGathering } from '../gathering.ts'
import { named, query, sql } from '../sql.ts'

/** Queries answered by one statement, and such statements at a time. */
const MAX_ASKED = 64
const MAX_READING = 2

/** A person of the network, and what the access decision needs to know of them. */
interface KnownPerson {
  readonly identifiers: readonly KnownIdentifier[]
  readonly facts: AccessFacts
}

/** The OIDs of the domains whose ids of the person the caller may be told. */
export type Shown = (caller: Caller, person: KnownPerson) => ReadonlySet<string>

const NOTHING: ReadonlySet<string> = new Set()

interface Asked {
  readonly id: PatientId
  readonly domains: readonly Oid[]
  readonly facilityId: string
}

/** Without a person when the id is not known or not active. */
interface Found {
  readonly domains: ReadonlyMap<string, Domain>
  readonly person: FoundPerson | undefined
}

interface FoundPerson {
  readonly key: PersonKey
  readonly identifiers: readonly KnownIdentifier[]
  /** Towards the caller's facility. */
  readonly facts: Omit<AccessFacts, 'linked'>
}

/** The port of PIX queries: whoever asks while others are being answered waits for the next statement, which answers all that wait. */
export function createCorrespondence(pool: pg.Pool, shown: Shown): PixQueryPorts['correspondence'] {
  const find = createGathering<Asked, Found>({
    maxRunning: MAX_READING,
    batchOf: (waiting) => Math.min(waiting.length, MAX_ASKED),
    run: (batch) => findAll(pool, batch),
    divides: (error) => failureKind(causeOf(error)) === 'other',
  })
  return async ({ caller, id, domains }) => {
    const { person, ...found } = await find({ id, domains, facilityId: caller.facilityId })
    if (person === undefined) return found
    const { key, identifiers } = person
    const facts = factsTowards(caller.facilityId, person)
    return {
      ...found,
      person: { key, identifiers, shown: facts === undefined ? NOTHING : shown(caller, { identifiers, facts }) },
    }
  }
}

/** As factColumns has them, by the identifiers that are read already; undefined for a person who has no id of the network. */
function factsTowards(facilityId: string, { identifiers, facts }: FoundPerson): AccessFacts | undefined {
  if (!identifiers.some(({ domain }) => domain.kind === 'community')) return undefined
  const linked = identifiers.some(({ domain }) => domain.kind === 'facility' && domain.facilityId === facilityId)
  return { linked, ...facts }
}

type DomainColumns = readonly [oid: Oid, name: string, kind: DomainKind, facilityId: string | null]

interface FoundRow {
  readonly domains: readonly DomainColumns[] | null
  readonly person_key: string | null
  readonly identifiers: readonly (readonly [value: string, ...DomainColumns])[] | null
  readonly consents: AccessFacts['consents']
  readonly emergency: AccessFacts['emergency']
  readonly stopped: boolean
}

/** Identifier by primary key, its person's identifiers by identifier_person_domain, consents by consent_person. */
async function findAll(pool: pg.Pool, asked: readonly Asked[]): Promise<readonly Found[]> {
  const authorities = asked.map(({ id }) => id.authority)
  const values = asked.map(({ id }) => id.value)
  const domains = asked.map((one) => one.domains.join(' '))
  const facilities = asked.map(({ facilityId }) => facilityId)
  const rows = await query<FoundRow>(
    pool,
    sql`/* ITI-9, ITI-45: correspondence */
      select
        (select json_agg(json_build_array(d.oid, d.name, d.kind, d.facility_id))
         from identity.domain d where d.oid = any(string_to_array(q.domains, ' '))) as domains,
        k.person_key,
        (select json_agg(json_build_array(i.value, d.oid, d.name, d.kind, d.facility_id) order by d.oid, i.value)
         from identity.identifier i join identity.domain d on d.oid = i.domain
         where i.person_key = k.person_key and i.status = 'active') as identifiers,
        ${standingConsents(named('k.person_key'), isPartner(named('q.facility')))} as consents,
        ${runningEmergency(named('k.person_key'), named('q.facility'))} as emergency,
        ${isStopped(named('k.person_key'))} as stopped
      from unnest(${authorities}::text[], ${values}::text[], ${domains}::text[], ${facilities}::text[])
        with ordinality as q (authority, value, domains, facility, place)
      left join identity.identifier k on k.domain = q.authority and k.value = q.value and k.status = 'active'
      order by q.place`,
  )
  return rows.map(toFound)
}

function toFound({ domains, person_key, identifiers, ...facts }: FoundRow): Found {
  const known = (domains ?? []).map(toDomain)
  return {
    domains: new Map(known.map((domain) => [domain.oid, domain])),
    person:
      person_key === null
        ? undefined
        : {
            key: person_key,
            identifiers: (identifiers ?? []).map(([value, ...columns]) => {
              const domain = toDomain(columns)
              return { id: { value, authority: domain.oid }, domain }
            }),
            facts,
          },
  }
}

function toDomain([oid, name, kind, facilityId]: DomainColumns): Domain {
  return facilityId === null ? { oid, name, kind } : { oid, name, kind, facilityId }
}
