// A system as a vendor is told of it, in columns over system `s` and facility `f`.

import type { InvitedSystem } from '../../access/onboarding/ports.ts'
import type { Role } from '../../model/caller.ts'
import { type Statement, sql } from '../sql.ts'

export interface InvitedRow {
  readonly system_id: string
  readonly facility_id: string
  readonly facility_oid: string
  readonly facility_name: string
  readonly facility_code: string | null
  readonly roles: readonly Role[]
  readonly patient_domain: string | null
}

export function invitedColumns(): Statement {
  return sql`s.system_id, s.facility_id, f.oid as facility_oid, f.name as facility_name, f.code as facility_code, s.roles,
             (select d.oid from identity.domain d where d.facility_id = f.facility_id and d.kind = 'facility' limit 1) as patient_domain`
}

export function toInvited(row: InvitedRow): InvitedSystem {
  return {
    systemId: row.system_id,
    facilityId: row.facility_id,
    facilityOid: row.facility_oid,
    facilityName: row.facility_name,
    ...(row.facility_code === null ? {} : { facilityCode: row.facility_code }),
    roles: row.roles,
    ...(row.patient_domain === null ? {} : { patientDomain: row.patient_domain }),
  }
}
