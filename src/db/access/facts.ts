// What the access decision asks of a person, as columns of the statement that reads them (design §4): link, consents, emergency access, stopped support.
// The tables here have names that no other statement uses: under a name of the statement around it, a column given from there would be one of ours.

import type { AccessFacts } from '../../model/access.ts'
import { named, type Statement, sql } from '../sql.ts'

/** Columns over identifier `i`, as AccessFacts: link, standing consents, running emergency access, stopped support. */
export function factColumns(facilityId: string | Statement): Statement {
  return sql`
      (exists (select from identity.identifier a_number
               join identity.domain a_domain on a_domain.oid = a_number.domain and a_domain.kind = 'facility' and a_domain.facility_id = ${facilityId}
               where a_number.person_key = i.person_key and a_number.status = 'active')
       or ${wasToldOf(named('i.person_key'), facilityId)}) as linked,
      ${standingConsents(named('i.person_key'), isPartner(facilityId))} as consents,
      ${runningEmergency(named('i.person_key'), facilityId)} as emergency,
      ${isStopped(named('i.person_key'))} as stopped`
}

/**
 * A person's id in the affinity domain of the network. Fenced, so that it is always found by the person: planned while the index was small, a join
 * reads everybody's. Not for a statement that locks `i` of whom it asks: having waited for a merge, it would go on with the person of before.
 */
export function communityIdOf(personKey: Statement): Statement {
  return sql`
      (select a_number.person_key, a_number.domain, a_number.value
       from (select person_key, domain, value from identity.identifier where person_key = ${personKey} and status = 'active' offset 0) a_number
       join identity.domain a_domain on a_domain.oid = a_number.domain and a_domain.kind = 'community')`
}

/** Emergency access of a facility to a person that runs now, as a value; covered by emergency_grant_running. */
export function runningEmergency(personKey: Statement, facilityId: string | Statement): Statement {
  return sql`
      coalesce((select jsonb_agg(jsonb_build_object('kinds', a_grant.kinds, 'grantId', a_grant.grant_id::text)) from access.emergency_grant a_grant
                where a_grant.person_key = ${personKey} and a_grant.facility_id = ${facilityId} and a_grant.ended_at is null
                  and a_grant.started_at <= now() and a_grant.ends_at > now()), '[]'::jsonb)`
}

/** Was the support of a person stopped (支援中止)? By support_stop_person, one by one: an EXISTS may be run by reading all who were stopped. */
export function isStopped(personKey: Statement): Statement {
  return sql`
      coalesce((select true from access.support_stop a_stop where a_stop.person_key = ${personKey} and a_stop.lifted_at is null), false)`
}

/**
 * Was the facility, as a neighbouring community, told an id of the person by discovery that still holds (ITI-55)? By correlation_person, one by
 * one, as isStopped.
 */
function wasToldOf(personKey: Statement, facilityId: string | Statement): Statement {
  return sql`
      coalesce((select true from identity.correlation told where told.person_key = ${personKey} and told.facility_id = ${facilityId}
                and told.ended_at is null and told.side = 'ours' and told.expires_at > now() limit 1), false)`
}

/** Is the facility a neighbouring community? */
export function isPartner(facilityId: string | Statement): Statement {
  return sql`exists (select from access.partner a_partner where a_partner.facility_id = ${facilityId})`
}

/**
 * The consents of a person that stand now, as a value. Towards a neighbouring community one that is not for sharing beyond the network names
 * nobody; what it excludes is excluded all the same.
 */
export function standingConsents(personKey: Statement, isPartner: Statement = named('false')): Statement {
  return sql`
      coalesce((select jsonb_agg(jsonb_build_object('kind', case when a_consent.shares_with_communities or not ${isPartner} then a_consent.kind else 'individual' end,
                                                    'facilities', case when a_consent.shares_with_communities or not ${isPartner} then a_consent.facilities else '{}' end,
                                                    'excludedFacilities', a_consent.excluded_facilities, 'excludedKinds', a_consent.excluded_kinds))
                from access.consent a_consent
                where a_consent.person_key = ${personKey} and a_consent.withdrawn_at is null
                  and a_consent.valid_from <= now() and (a_consent.valid_to is null or a_consent.valid_to > now())), '[]'::jsonb)`
}

export function toAccessFacts({ linked, consents, emergency, stopped }: AccessFacts): AccessFacts {
  return { linked, consents, emergency, stopped }
}
