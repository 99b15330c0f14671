// Staff persons (利用者): who may enter whom, with which roles, and what follows from them (idlink ).

import { JOBS, type Job, type Principal, type StaffRole } from '../../model/user.ts'

export type StaffStatus = 'active' | 'suspended' | 'ended'

/** What is entered of a person. */
export interface StaffEntry {
  /** The log-on name too; never given to anybody else again. */
  readonly staffId: string
  /** Absent: staff of the network. */
  readonly facilityId?: string
  readonly name: string
  readonly nameKana?: string
  readonly job: Job
  readonly roles: readonly StaffRole[]
  readonly mayUseEms: boolean
  readonly validFrom?: string
  readonly validTo?: string
}

export type StaffChange = Partial<
  Pick<StaffEntry, 'name' | 'nameKana' | 'job' | 'roles' | 'mayUseEms' | 'validFrom'>
> & { readonly validTo?: string | null }

export type StaffFault =
  | { readonly fault: 'role'; readonly role: StaffRole; readonly allowed: readonly StaffRole[] }
  | { readonly fault: 'not yours to give'; readonly role: StaffRole | undefined }
  | { readonly fault: 'ems' }
  | { readonly fault: 'period'; readonly validTo: string }
  | { readonly fault: 'yourself' }

/** Jobs of persons: a system is none. */
export const PERSON_JOBS = JOBS.filter((job) => job !== 'system')

export const NETWORK_ROLES: readonly StaffRole[] = ['network-operator', 'auditor']
export const FACILITY_ROLES: readonly StaffRole[] = ['facility-administrator', 'registrar', 'clinician']

/** With these a password alone does not open anything. */
const NEEDS_SECOND_FACTOR: readonly StaffRole[] = ['network-operator', 'facility-administrator']

export function needsSecondFactor(roles: readonly StaffRole[]): boolean {
  return roles.some((role) => NEEDS_SECOND_FACTOR.includes(role))
}

type Person = Pick<StaffEntry, 'facilityId' | 'roles' | 'mayUseEms' | 'validFrom' | 'validTo'>

/** What the entry may not say, whoever makes it. */
export function entryFault(person: Person): StaffFault | undefined {
  const allowed = person.facilityId === undefined ? NETWORK_ROLES : FACILITY_ROLES
  const role = person.roles.find((one) => !allowed.includes(one))
  if (role !== undefined) return { fault: 'role', role, allowed }
  if (person.mayUseEms && !person.roles.includes('clinician')) return { fault: 'ems' }
  const { validFrom, validTo } = person
  const fromMs = validFrom === undefined ? Number.NEGATIVE_INFINITY : Date.parse(validFrom)
  if (validTo !== undefined && Date.parse(validTo) <= fromMs) return { fault: 'period', validTo }
  return undefined
}

/** Whoever runs the network enters its staff, and of a facility the administrator only: the facility's own people are the facility's to name. */
export function mayHave(principal: Principal, person: Pick<Person, 'facilityId' | 'roles'>): StaffFault | undefined {
  if (principal.kind === 'staff' && principal.facilityId !== undefined) {
    const isAdministrator = principal.roles.includes('facility-administrator')
    return isAdministrator && principal.facilityId === person.facilityId
      ? undefined
      : { fault: 'not yours to give', role: undefined }
  }
  if (principal.kind === 'staff' && !principal.roles.includes('network-operator'))
    return { fault: 'not yours to give', role: undefined }
  if (person.facilityId === undefined) return undefined
  const role = person.roles.find((one) => one !== 'facility-administrator')
  if (role !== undefined) return { fault: 'not yours to give', role }
  return person.roles.length === 0 ? { fault: 'not yours to give', role: undefined } : undefined
}

/** Nobody changes the own roles, stops or ends the own entry, or lets the own self in again: another administrator does. */
export function isSelf(principal: Principal, staffId: string): boolean {
  return principal.kind === 'staff' && principal.staffId === staffId
}
