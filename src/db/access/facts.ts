// What the access decision asks of a person, as columns of the statement that reads them (design §4): link, consents, emergency access, stopped support.

import type { AccessFacts } from '../../model/access.ts'
import { named, type Statement, sql } from '../sql.ts'

/** Columns over identifier `i`, as AccessFacts: link, standing consents, running emergency access, stopped support. */
export function factColumns(facilityId: string | Statement): Statement {
  return sql`
      (exists (select from identity.identifier own
               join identity.domain o on o.oid = own.domain and o.kind = 'facility' and o.facility_id = ${facilityId}
               where own.person_key = i.person_key and own.status = 'active')
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
      (select own.person_key, own.domain, own.value
       from (select person_key, domain, value from identity.identifier where person_key = ${personKey} and status = 'active' offset 0) own
       join identity.domain c on c.oid = own.domain and c.kind = 'community')`
}

/** Emergency access of a facility to a person that runs now, as a value; covered by emergency_grant_running. */
export function runningEmergency(personKey: Statement, facilityId: string | Statement): Statement {
  return sql`
      coalesce((select jsonb_agg(jsonb_build_object('kinds', g.kinds, 'grantId', g.grant_id::text)) from access.emergency_grant g
                where g.person_key = ${personKey} and g.facility_id = ${facilityId} and g.ended_at is null
                  and g.started_at <= now() and g.ends_at > now()), '[]'::jsonb)`
}

/** Was the support of a person stopped (支援中止)? By support_stop_person, one by one: an EXISTS may be run by reading all who were stopped. */
export function isStopped(personKey: Statement): Statement {
  return sql`
      coalesce((select true from access.support_stop s where s.person_key = ${personKey} and s.lifted_at is null), false)`
}

/**
 * Was the facility, as a neighbouring community, told an id of the person by discovery that still holds (ITI-55)? By correlation_person, one by
 * one, as isStopped.
 */
function wasToldOf(personKey: Statement, facilityId: string | Statement): Statement {
  return sql`
      coalesce((select true from identity.correlation c where c.person_key = ${personKey} and c.facility_id = ${facilityId}
                and c.ended_at is null and c.side = 'ours' and c.expires_at > now() limit 1), false)`
}

/** Is the facility a neighbouring community? */
export function isPartner(facilityId: string | Statement): Statement {
  return sql`exists (select from access.partner p where p.facility_id = ${facilityId})`
}

/**
 * The consents of a person that stand now, as a value. Towards a neighbouring community one that is not for sharing beyond the network names
 * nobody; what it excludes is excluded all the same.
 */
export function standingConsents(personKey: Statement, isPartner: Statement = named('false')): Statement {
  return sql`
      coalesce((select jsonb_agg(jsonb_build_object('kind', case when c.shares_with_communities or not ${isPartner} then c.kind else 'individual' end,
                                                    'facilities', case when c.shares_with_communities or not ${isPartner} then c.facilities else '{}' end,
                                                    'excludedFacilities', c.excluded_facilities, 'excludedKinds', c.excluded_kinds))
                from access.consent c
                where c.person_key = ${personKey} and c.withdrawn_at is null
                  and c.valid_from <= now() and (c.valid_to is null or c.valid_to > now())), '[]'::jsonb)`
}

export function toAccessFacts({ linked, consents, emergency, stopped }: AccessFacts): AccessFacts {
  return { linked, consents, emergency, stopped }
}
