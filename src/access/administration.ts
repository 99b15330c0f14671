// The rules of administration beyond single rows: what a consent or membership may say, and what a repeated registration answers (design §4).

import type { AdministrationStore, Change, Facility, Membership, NewConsent, Stored, SystemRecord } from './ports.ts'

/** Why a consent or membership is not recorded; `facilityId` is the one that nobody registered. */
export type Fault =
  | { readonly fault: 'no facility named' }
  | { readonly fault: 'period ends before it begins'; readonly validTo: string }
  | { readonly fault: 'unknown facility'; readonly facilityId: string }
  | { readonly fault: 'unknown kind'; readonly kind: string; readonly known: readonly string[] }

type Period = Pick<NewConsent, 'validFrom' | 'validTo'>

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
  store: Pick<AdministrationStore, 'systems' | 'addSystem'>,
): Promise<{ readonly stored: Stored | 'missing'; readonly there: SystemRecord | undefined }> {
  const stored = await store.addSystem(system, change)
  return { stored, there: (await store.systems()).find(({ systemId }) => systemId === system.systemId) }
}

export async function findFacility(
  facilityId: string,
  store: Pick<AdministrationStore, 'facilities'>,
): Promise<Facility | undefined> {
  return (await store.facilities()).find((facility) => facility.facilityId === facilityId)
}

/** Takes a facility into a union for a period. */
export async function admitMember(
  membership: Membership,
  change: Change,
  store: Pick<AdministrationStore, 'addMember'>,
): Promise<Stored | 'missing' | Fault> {
  return periodFault(membership) ?? store.addMember(membership, change)
}

/**
 * Records a consent (包括同意, 個別同意). Every facility and kind it names must be known: one excluded under a misspelled name would go
 * on being seen.
 */
export async function recordConsent(
  consent: NewConsent,
  change: Change,
  ports: {
    readonly store: Pick<AdministrationStore, 'facilities' | 'addConsent'>
    /** classCodes of the affinity domain. */
    readonly documentKinds: readonly string[]
  },
): Promise<{ readonly stored: 'created' | 'unchanged'; readonly consentId: string } | Fault> {
  const { store, documentKinds } = ports
  if (consent.kind === 'individual' && consent.facilities.length === 0) return { fault: 'no facility named' }
  const fault = periodFault(consent)
  if (fault !== undefined) return fault
  const known = new Set((await store.facilities()).map(({ facilityId }) => facilityId))
  const unknown = [...consent.facilities, ...consent.excludedFacilities].find((facilityId) => !known.has(facilityId))
  if (unknown !== undefined) return { fault: 'unknown facility', facilityId: unknown }
  const unknownKind = consent.excludedKinds.find((kind) => !documentKinds.includes(kind))
  if (unknownKind !== undefined) return { fault: 'unknown kind', kind: unknownKind, known: documentKinds }
  return store.addConsent(consent, change)
}

/** A period without a beginning begins now. */
function periodFault({ validFrom, validTo }: Period): Fault | undefined {
  if (validTo === undefined) return undefined
  const from = validFrom === undefined ? Date.now() : Date.parse(validFrom)
  return Date.parse(validTo) > from ? undefined : { fault: 'period ends before it begins', validTo }
}
