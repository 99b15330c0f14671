// A demo network with staff who hold the EMS right, for the tests of emergency access (docs/emergency.md).

import type { Test } from 'tap'
import { emergencyAdministration } from '../../src/app/emergency.ts'
import { newOid, type PatientId } from '../../src/model/identifiers.ts'
import type { Principal } from '../../src/model/user.ts'
import { isSuccess, submissionOf } from '../faults/messages.ts'
import { DOMAINS, type Flags, startNetwork } from '../faults/support.ts'
import { asStaff, type StaffAnswer } from '../http/as-staff.ts'

/** Known at the hospital with a comprehensive consent, and not at the clinic. */
export const ICHIRO = '0000012347'

export const FORM = {
  facility: 'hospital-a',
  reasonCode: 'unreferred',
  reason: '紹介状なしで夜間に来院、服薬内容が不明',
  consentKind: 'oral',
  consentBy: '本人',
  chartNoted: true,
} as const

export const operator = {
  kind: 'staff',
  staffId: 'operator',
  roles: ['network-operator'],
  job: 'clerk',
  mayUseEms: false,
} as const satisfies Principal

interface Person {
  readonly facilityId: string
  readonly mayUseEms?: boolean
  readonly roles?: readonly ('clinician' | 'facility-administrator' | 'registrar')[]
}

export interface Alert {
  readonly type_code: string
  readonly outcome: number
  readonly facility_id: string
  readonly patients: readonly string[]
  readonly reason: string
  readonly objects: { readonly by: string; readonly emergency?: readonly string[] }
}

export async function startEmergencyNetwork(t: Test, flags: Flags = {}) {
  const network = await startNetwork(t, flags)
  const { server, pool } = network
  const call = await asStaff(t, emergencyAdministration(server))
  /** Rows of a query as objects. */
  const rows = async <T extends object>(text: string, values: readonly unknown[] = []): Promise<readonly T[]> =>
    (await pool.query<T>(text, [...values])).rows
  /** A new member of staff of a facility. */
  const staff = async (staffId: string, { facilityId, mayUseEms = true, roles = ['clinician'] }: Person) => {
    await pool.query(
      `insert into access.staff (staff_id, facility_id, name, job, roles, may_use_ems, registered_by)
       values ($1, $2, $3, 'doctor', $4, $5, 'test')`,
      [staffId, facilityId, `職員 ${staffId}`, roles, mayUseEms],
    )
    return { kind: 'staff', staffId, facilityId, roles, job: 'doctor', mayUseEms } as const satisfies Principal
  }
  return {
    ...network,
    call,
    rows,
    staff,
    administrator: (staffId: string, facilityId: string) =>
      staff(staffId, { facilityId, mayUseEms: false, roles: ['facility-administrator'] }),
    open: (principal: Principal, patient: string, more: object = {}): Promise<StaffAnswer> =>
      call(principal, ['POST', '/emergency', { ...FORM, patient, ...more }]),
    byHospital: (value: string): Promise<PatientId> => network.xadForStaff({ value, authority: DOMAINS['hospital-a'] }),
    /** A document of the hospital about a patient. */
    published: async (patientId: PatientId): Promise<string> => {
      const { provide, entry } = submissionOf({ patientId, bytes: Buffer.from(`救急 ${newOid()}`) })
      const { text } = await network.soap('hospital-a', provide)
      if (!isSuccess(text)) throw new Error('the hospital may not provide')
      return entry.uniqueId
    },
    /** By ITI-18 and ITI-43. */
    sees: async (systemId: string, patientId: PatientId, uniqueId: string): Promise<string> => {
      const found = (await network.find(systemId, patientId)).some((entry) => entry.uniqueId === uniqueId)
      const { documents } = await network.fetch(systemId, [uniqueId])
      return `${found ? 'found' : 'hidden'} ${documents.length === 1 ? 'fetched' : 'kept'}`
    },
    alertsOf: (grantId: unknown): Promise<readonly Alert[]> =>
      rows<Alert>(
        `select type_code, outcome, facility_id, patients, reason, objects from audit.event
         where event_code = '110113' and objects->'emergency' ? $1 order by event_id`,
        [grantId],
      ),
    /** As if the grants of a user had begun long ago and ended a moment ago. */
    runOut: (user: string) =>
      pool.query(
        `update access.emergency_grant set started_at = now() - interval '2 days', ends_at = now() - interval '1 second'
         where coalesce(staff_id, user_name) = $1 and ended_at is null`,
        [user],
      ),
    /** What an attempt may have left. */
    traces: async (): Promise<string> => {
      const [row] = await rows<{ grants: string; notices: string; misses: string }>(
        `select (select count(*) from access.emergency_grant) as grants, (select count(*) from access.emergency_notice) as notices,
                (select count(*) from access.emergency_miss) as misses`,
      )
      return `${row?.grants} grants, ${row?.notices} notices, ${row?.misses} misses`
    },
  }
}
