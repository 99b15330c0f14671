// The rules of administration beyond single rows: what a membership or a system may say, and what a repeated registration answers (design §4).

import type { SystemEdit } from './administration/revision-ports.ts'
import type {
  AdministrationStore,
  Change,
  Changed,
  Facility,
  Membership,
  Stored,
  SystemRecord,
  Union,
} from './ports.ts'

/** Why a consent or membership is not recorded; `facilityId` is the one that nobody registered. */
export type Fault =
  | { readonly fault: 'no facility named' }
  | { readonly fault: 'facilities of a comprehensive consent' }
  | { readonly fault: 'period ends before it begins'; readonly validTo: string }
  | { readonly fault: 'unknown facility'; readonly facilityId: string }
  | { readonly fault: 'unknown kind'; readonly kind: string; readonly known: readonly string[] }
  | { readonly fault: 'no relation' }
  | { readonly fault: 'no consenting person'; readonly relation: string }
  | { readonly fault: 'no single partner' }
  | { readonly fault: 'no such day'; readonly day: string }
  | { readonly fault: 'day to come'; readonly day: string; readonly today: string }

type Period = Pick<Membership, 'validFrom' | 'validTo'>

/** Registers a facility; the answer tells what is there, which may be suspended when it was registered before. */
export async function registerFacility(
  facility: Facility,
  change: Change,
  store: Pick<AdministrationStore, 'facilities' | 'addFacility'>,
): Promise<{ readonly stored: Stored; readonly there: Facility | undefined }> {
  const stored = await store.addFacility(facility, change)
  return { stored, there: await findFacility(facility.facilityId, store) }
}

/** Registers a system of a facility; `missing` when there is no such facility. */
export async function registerSystem(
  system: SystemRecord,
  change: Change,
  store: Pick<AdministrationStore, 'systems' | 'addSystem' | 'facilities'>,
): Promise<{ readonly stored: Stored | 'missing'; readonly there: SystemRecord | undefined } | Fault> {
  const fault = await unknownFacility(system.delegatedFacilities, store)
  if (fault !== undefined) return fault
  const stored = await store.addSystem(system, change)
  return { stored, there: (await store.systems()).find(({ systemId }) => systemId === system.systemId) }
}

/** Changes what a system is; the facilities for which it acts must be known. */
export async function editSystem(
  edited: { readonly systemId: string; readonly edit: SystemEdit },
  change: Change,
  store: Pick<AdministrationStore, 'editSystem' | 'facilities'>,
): Promise<Changed | Fault> {
  const fault = await unknownFacility(edited.edit.delegatedFacilities ?? [], store)
  return fault ?? store.editSystem(edited.systemId, edited.edit, change)
}

/** The first of these that nobody registered. */
export async function unknownFacility(
  facilityIds: readonly string[],
  store: Pick<AdministrationStore, 'facilities'>,
): Promise<Fault | undefined> {
  if (facilityIds.length === 0) return undefined
  const known = new Set((await store.facilities()).map(({ facilityId }) => facilityId))
  const unknown = facilityIds.find((facilityId) => !known.has(facilityId))
  return unknown === undefined ? undefined : { fault: 'unknown facility', facilityId: unknown }
}

export async function findFacility(
  facilityId: string,
  store: Pick<AdministrationStore, 'facilities'>,
): Promise<Facility | undefined> {
  return (await store.facilities()).find((facility) => facility.facilityId === facilityId)
}

/** Founds a union for a period. */
export async function foundUnion(
  union: Union,
  change: Change,
  store: Pick<AdministrationStore, 'addUnion'>,
): Promise<Stored | Fault> {
  return periodFault(union) ?? store.addUnion(union, change)
}

/** Takes a facility into a union for a period. */
export async function admitMember(
  membership: Membership,
  change: Change,
  store: Pick<AdministrationStore, 'addMember'>,
): Promise<Stored | 'missing' | Fault> {
  return periodFault(membership) ?? store.addMember(membership, change)
}

/** A period without a beginning begins now. */
export function periodFault({ validFrom, validTo }: Period): Fault | undefined {
  if (validTo === undefined) return undefined
  const from = validFrom === undefined ? Date.now() : Date.parse(validFrom)
  return Date.parse(validTo) > from ? undefined : { fault: 'period ends before it begins', validTo }
}
