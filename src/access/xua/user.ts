// A verified assertion → the user of the call: job, purpose and names as the decision and the audit need them (ITI TF-2 3.40.4.1.2, 3.40.4.2).

import type { RoleTable } from '../../../profiles/access/index.ts'
import { iheError } from '../../../profiles/errors/index.ts'
import type { Assertion } from '../../model/assertion.ts'
import type { Code } from '../../model/code.ts'
import { type PatientId, parseCx, parseHomeCommunityId } from '../../model/identifiers.ts'
import { JOBS, type Job, type Purpose, type User } from '../../model/user.ts'
import type { KnownSubject } from './ports.ts'

/** @throws {IheError} XUA_TOKEN for a patient that cannot be read, XUA_NOT_HERE for staff who may not work any more */
export function userOf(assertion: Assertion, table: RoleTable, known: KnownSubject | undefined): User {
  if (known?.isActive === false)
    throw iheError('XUA_NOT_HERE', { at: 'NameID', rule: 'a member of staff who is active' })
  const { attributes } = assertion
  const [displayName] = attributes.displayNames
  const [organization] = attributes.organizations
  const [organizationId] = attributes.organizationIds
  const homeCommunityId = attributes.homeCommunityIds.map(parseHomeCommunityId)[0]?.slice('urn:oid:'.length)
  const patientId = patientOf(attributes.patientIds)
  const [authentication] = assertion.authentications
  const [context] = authentication?.contexts ?? []
  return {
    name: `${assertion.spProvidedId ?? ''}<${assertion.nameId}@${assertion.issuer}>`,
    origin: 'assertion',
    job: jobOf(attributes.roles, table, known),
    roles: attributes.roles,
    ...purposeOf(attributes.purposes, table),
    ...(known === undefined ? {} : { staffId: known.staffId }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(organization === undefined ? {} : { organization }),
    ...(organizationId === undefined ? {} : { organizationId }),
    ...(homeCommunityId === undefined
      ? {}
      : { homeCommunityId: homeCommunityId as NonNullable<User['homeCommunityId']> }),
    ...(authentication === undefined || context === undefined
      ? {}
      : { authentication: { context, at: authentication.instant } }),
    ...(patientId === undefined ? {} : { patientId }),
  }
}

/** The first role that is known; without any, what the network knows of its own staff. */
function jobOf(roles: readonly Code[], table: RoleTable, known: KnownSubject | undefined): Job {
  for (const role of roles) {
    const row = table.roles.find((candidate) => isRow(candidate, role))
    if (row !== undefined) return row.job
  }
  if (roles.length > 0) return table.unknownRole
  return JOBS.find((job) => job === known?.job) ?? table.withoutRole
}

/** Emergency is a statement made on purpose, so it counts wherever it stands; then treatment; what is unknown opens nothing. */
function purposeOf(
  asserted: readonly Code[],
  table: RoleTable,
): { readonly purpose: Purpose; readonly purposeOfUse?: Code } {
  const [first] = asserted
  if (first === undefined) return { purpose: table.withoutPurpose }
  const meant = asserted.map((code) => ({
    code,
    purpose: table.purposes.find((row) => isRow(row, code))?.purpose ?? ('other' as const),
  }))
  const chosen =
    meant.find(({ purpose }) => purpose === 'emergency') ?? meant.find(({ purpose }) => purpose === 'treatment')
  return { purpose: chosen?.purpose ?? 'other', purposeOfUse: chosen?.code ?? first }
}

function isRow(row: { readonly system: string; readonly code: string }, { code, scheme }: Code): boolean {
  return row.code === code && (row.system === '*' || row.system === scheme.replace(/^urn:oid:/, ''))
}

/** The one patient that the assertion is about; several different ones are no one. */
function patientOf(values: readonly string[]): PatientId | undefined {
  const [first, ...more] = values
  if (first === undefined) return undefined
  const id = parseCx(first)
  if (id === undefined || more.some((value) => value !== first))
    throw iheError('XUA_TOKEN', { at: 'resource-id', rule: 'one patient id, id^^^&OID&ISO' })
  return id
}
