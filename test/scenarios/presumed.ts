// What sample messages presume to be registered: patients, entries, folders, submissions (ITI TF-2 3.42, 3.57, 3.61, 3.62, 3.86).

import { createHash } from 'node:crypto'
import { ENDPOINTS, iti41, iti42, iti61, type Transaction } from '../../profiles/transactions/index.ts'
import { writeProvideAndRegister, writeSubmitObjects } from '../../src/codec/ebxml/submit.ts'
import { writeRelated } from '../../src/codec/mtom/write.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import type { Markup } from '../../src/codec/xml/write.ts'
import { newEntryUuid, newOid } from '../../src/model/identifiers.ts'
import { HAS_MEMBER, OBJECT_ON_DEMAND } from '../../src/model/xds.ts'
import { association, entry, folder, oid, submissionSet } from '../registry/submission.ts'
import type { Scenario } from './harness.ts'
import { type Submitted, submitObjects } from './xds-client.ts'

const sampleUuid = (end: string): string => `urn:uuid:aaaaaaaa-0000-4000-8000-${end.padStart(12, '0')}`

export const ENTRY = sampleUuid('1')
export const FOLDER = sampleUuid('f1')
export const ON_DEMAND = sampleUuid('d1')
const SUBMISSION = sampleUuid('a1')
const MEMBERSHIP = sampleUuid('b1')

interface Presumed {
  readonly patient: { readonly value: string; readonly domain: string }
  readonly entry?: Parameters<typeof entry>[0]
  readonly folder?: Parameters<typeof folder>[0]
}

/** A registered entry, folder or both, under the ids that the sample names; whatever had these ids before is gone. */
export async function presume(scenario: Scenario, presumed: Presumed): Promise<void> {
  const patientId = { value: presumed.patient.value, authority: oid(presumed.patient.domain) }
  const set = submissionSet({ entryUUID: SUBMISSION, uniqueId: newOid(), patientId })
  const entries =
    presumed.entry === undefined ? [] : [presumedEntry({ patientId, uniqueId: newOid(), ...presumed.entry })]
  const folders = presumed.folder === undefined ? [] : [folder({ patientId, uniqueId: newOid(), ...presumed.folder })]
  await forget(scenario, [SUBMISSION, ...[...entries, ...folders].map(({ entryUUID }) => entryUUID)])
  const original = [{ name: 'SubmissionSetStatus', values: ['Original'] }]
  const links = [...entries, ...folders].map(({ entryUUID }, index) => ({
    ...association(HAS_MEMBER, set.entryUUID, entryUUID, original),
    id: index === 0 ? MEMBERSHIP : newEntryUuid(),
  }))
  const submitted: Submitted = { set, entries, folders, associations: links }
  const isOnDemand = entries.some(({ objectType }) => objectType === OBJECT_ON_DEMAND)
  await accepted(scenario, isOnDemand ? iti61 : iti42, writeSubmitObjects(submitObjects(submitted)))
}

/** An On-Demand entry has neither time nor hash nor size (ITI TF-2 3.61.4.1.2). */
function presumedEntry(change: Parameters<typeof entry>[0]): ReturnType<typeof entry> {
  const made = entry(change)
  const { creationTime: _time, hash: _hash, size: _size, ...rest } = made
  return made.objectType === OBJECT_ON_DEMAND ? rest : made
}

/** Documents in our own repository under the uniqueIds that the sample names. */
export async function presumeDocuments(
  scenario: Scenario,
  patient: Presumed['patient'],
  uniqueIds: readonly string[],
): Promise<void> {
  const patientId = { value: patient.value, authority: oid(patient.domain) }
  for (const uniqueId of uniqueIds) {
    await scenario.pool.query('delete from registry.document_entry where unique_id = $1', [uniqueId])
    await scenario.pool.query('delete from registry.unique_id where unique_id = $1', [uniqueId])
    await scenario.pool.query('delete from repository.document where unique_id = $1', [uniqueId])
    const bytes = Buffer.from(uniqueId)
    const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
    const made = entry({
      entryUUID: newEntryUuid(),
      uniqueId,
      patientId,
      hash: createHash('sha1').update(bytes).digest('hex'),
      size: String(bytes.length),
    })
    const original = [{ name: 'SubmissionSetStatus', values: ['Original'] }]
    const submission = submitObjects({
      set,
      entries: [made],
      associations: [association(HAS_MEMBER, set.entryUUID, made.entryUUID, original)],
    })
    const documents = [{ id: made.entryUUID, content: { kind: 'inline', bytes } as const }]
    await accepted(scenario, iti41, writeProvideAndRegister({ submission, documents }))
  }
}

async function accepted(scenario: Scenario, transaction: Transaction, body: Markup): Promise<void> {
  const { action, actor, mtom } = transaction
  const envelope = writeEnvelope({ action, messageId: newEntryUuid(), body })
  const type = `application/soap+xml; charset=UTF-8; action="${action}"`
  const related = mtom === 'required' ? writeRelated(envelope, []) : { contentType: type, body: Buffer.from(envelope) }
  const answer = await scenario.httpsPost('tester', ENDPOINTS[actor], { type: related.contentType, body: related.body })
  const text = answer.body.toString('utf8')
  if (!text.includes('ResponseStatusType:Success')) throw new Error(`what a sample presumes was refused: ${text}`)
}

async function forget({ pool }: Scenario, ids: readonly string[]): Promise<void> {
  const uuids = ids.map((id) => id.slice('urn:uuid:'.length))
  await pool.query(
    `with gone as (
       delete from registry.association where source_uuid = any($1::uuid[]) or target_uuid = any($1::uuid[]) or association_uuid = $2),
     entries as (delete from registry.document_entry where entry_uuid = any($1::uuid[]) or logical_uuid = any($1::uuid[]) returning unique_id),
     folders as (delete from registry.folder where entry_uuid = any($1::uuid[]) returning unique_id),
     sets as (delete from registry.submission_set where entry_uuid = any($1::uuid[]) returning unique_id)
     delete from registry.unique_id where unique_id in (select unique_id from entries union select unique_id from folders union select unique_id from sets)`,
    [uuids, MEMBERSHIP.slice('urn:uuid:'.length)],
  )
}

export async function knowPatient({ pool }: Scenario, { value, domain }: Presumed['patient']): Promise<void> {
  await pool.query(
    `insert into identity.domain (oid, name, kind, facility_id) values ($1, 'SAMPLES ' || $1, 'affinity', 'tester') on conflict do nothing`,
    [domain],
  )
  await pool.query(
    `with person as (insert into identity.person default values returning person_key)
     insert into identity.identifier (domain, value, person_key) select $1, $2, person_key from person`,
    [domain, value],
  )
}
