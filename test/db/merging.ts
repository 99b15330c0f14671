// What the tests of merges and their undo share: one database, persons of the index, consents and documents as they are stored.

import { randomUUID } from 'node:crypto'
import t from 'tap'
import { documentEntryObject } from '../../profiles/metadata/write.ts'
import { admits, scopeOf } from '../../src/access/decide.ts'
import { renderFragment } from '../../src/codec/ebxml/registry-object.ts'
import { factsOfPatients } from '../../src/db/access-store.ts'
import { feedAdd, feedMerge } from '../../src/identity/feed.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../src/identity/matching/model.ts'
import { registerDomain } from '../../src/identity/registration.ts'
import { formatCx, type PatientId } from '../../src/model/identifiers.ts'
import { submissionOf } from '../faults/messages.ts'
import { AFFINITY, callerOf, DOMAIN_A, DOMAIN_B, feedOf, idIn, mergeOf, TESTER } from '../identity/in-memory.ts'
import { openDatabase } from './database.ts'
import { identityOn } from './identity-on-postgres.ts'

export const pool = await openDatabase(t, 20)

export const ports = identityOn(pool, {
  policy: { ...DEFAULT_POLICY, mode: 'off' },
  model: DEFAULT_MODEL,
  version: '1',
})
await registerDomain({ oid: AFFINITY, name: 'NETWORK', kind: 'community' }, ports)
await registerDomain({ oid: DOMAIN_A, name: 'HOSPITAL-A', kind: 'facility', facilityId: 'hospital-a' }, ports)
await registerDomain({ oid: DOMAIN_B, name: 'CLINIC-B', kind: 'facility', facilityId: 'clinic-b' }, ports)
export const tester = callerOf('tester', TESTER)
export const source = {
  ...callerOf('xad'),
  roles: new Set(['patient-identity-source', 'affinity-domain-source'] as const),
}

let made = 0
/** A new person under a fed affinity domain id. */
export async function newPatient(): Promise<PatientId> {
  made += 1
  const id = idIn(AFFINITY, `N${made}`)
  await feedAdd(feedOf([id]), source, ports)
  return id
}

export async function personOf({ authority, value }: PatientId): Promise<string> {
  const sql = 'select person_key from identity.identifier where domain = $1 and value = $2'
  return (await pool.query(sql, [authority, value])).rows[0].person_key
}

export interface Said {
  readonly kind: 'comprehensive' | 'individual'
  readonly facilities?: readonly string[]
  readonly excludedFacilities?: readonly string[]
  readonly excludedKinds?: readonly string[]
  readonly from?: string
  readonly to?: string
  readonly withdrawn?: boolean
}

export async function consent(id: PatientId, said: Said): Promise<string> {
  const { rows } = await pool.query(
    `insert into access.consent (person_key, kind, facilities, excluded_facilities, excluded_kinds, valid_from, valid_to, withdrawn_at, recorded_by)
     values ($1, $2, $3, $4, $5, now() + $6::interval, now() + $7::interval, case when $8 then now() end, 'staff') returning consent_id`,
    [
      await personOf(id),
      said.kind,
      said.facilities ?? [],
      said.excludedFacilities ?? [],
      said.excludedKinds ?? [],
      said.from ?? '-1 day',
      said.to ?? null,
      said.withdrawn === true,
    ],
  )
  return rows[0].consent_id
}

/** A document of the hospital, stored as a registration stores it. */
export async function file(
  id: PatientId,
  title = '紹介状',
): Promise<{ readonly uuid: string; readonly ebrim: string }> {
  const { entry } = submissionOf({ patientId: id, bytes: Buffer.from(randomUUID()), repositoryUniqueId: '2.25.1' })
  const object = documentEntryObject({ ...entry, title })
  const ebrim = renderFragment(object)
  const uuid = entry.entryUUID.slice('urn:uuid:'.length)
  await pool.query(
    `insert into registry.document_entry (entry_uuid, person_key, unique_id, patient_id, status, object_type, mime_type, publisher,
       repository_unique_id, class_code, type_code, format_code, practice_setting, facility_type, confidentiality, event_codes, authors,
       reference_ids, submission_uuid, logical_uuid, ebrim)
     values ($1, $2, $3, $4, 'approved', 'stable', 'text/plain', 'hospital-a', '2.25.1', '', '', '', '', '', '{}', '{}', '{}', '{}', $1, $1, $5)`,
    [uuid, await personOf(id), entry.uniqueId, formatCx(id), ebrim],
  )
  return { uuid, ebrim }
}

export const merge = async (from: PatientId, into: PatientId) => {
  const outcome = await feedMerge(mergeOf(from, into), from.authority === TESTER ? tester : source, ports)
  return outcome.answer.code
}

export const FACILITIES = ['hospital-a', 'clinic-b', 'pharmacy-c']
export const KINDS = ['DOCUMENT', 'REPORT']

/** `clinic-b DOCUMENT`: what each facility may see of the hospital's documents about this patient. */
export async function visible(id: PatientId): Promise<ReadonlySet<string>> {
  const seen = new Set<string>()
  for (const facilityId of FACILITIES.slice(1)) {
    const [found] = await factsOfPatients(pool, [{ patientId: id, facilityId }])
    if (found === undefined) continue
    const viewer = { ...callerOf(facilityId), unionFacilities: FACILITIES }
    const scope = scopeOf(viewer, { ...found.facts, linked: true })
    for (const kind of KINDS)
      if (admits(scope, { publisher: 'hospital-a', kind, confidentiality: [] }).allowed)
        seen.add(`${facilityId} ${kind}`)
  }
  return seen
}

export const seenBy = async (id: PatientId): Promise<readonly string[]> => [...(await visible(id))].sort()
