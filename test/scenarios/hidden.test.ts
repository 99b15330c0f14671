// What a facility can neither learn nor change of what it may not see, by updates, references and queries (ITI-18, -42, -43, -51, -57; design §4).

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type StoredQueryName, storedQueries } from '../../profiles/queries/index.ts'
import { iti51, iti57, iti62 } from '../../profiles/transactions/index.ts'
import { issueClientInto } from '../../src/certificates/pki-directory.ts'
import { writeRemoveObjects } from '../../src/codec/ebxml/remove.ts'
import { writeSubmitObjects } from '../../src/codec/ebxml/submit.ts'
import type { DocumentEntry } from '../../src/model/document-entry.ts'
import type { Association } from '../../src/model/ebrim.ts'
import { formatCx, newEntryUuid, newOid, type PatientId } from '../../src/model/identifiers.ts'
import { APND, HAS_MEMBER, STATUS_APPROVED, STATUS_DEPRECATED, SUBMIT_ASSOCIATION } from '../../src/model/xds.ts'
import { isSuccess, submissionOf } from '../faults/messages.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'
import { association, entry, folder, submissionSet } from '../registry/submission.ts'
import { type AskedQuery, listed, quoted, registryClient, type Submitted, submitObjects } from './xds-client.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const { server, admin, pool } = network
const byHospital = (value: string): Promise<PatientId> =>
  network.xadForStaff({ value, authority: DOMAINS['hospital-a'] })
const hanako = await byHospital('0000012346')
const sakura = await byHospital('0000012348')

const RESTRICTED = [{ code: 'R', scheme: '2.16.840.1.113883.5.25', display: 'restricted' }]

/** A system of the facility that may do everything with what lies in its own repository; it obeys the access rule. */
async function systemOf(facilityId: string) {
  const [systemId, repositoryUniqueId] = [`${facilityId}-archive`, newOid()]
  const roles = ['document-repository', 'document-consumer', 'document-administrator', 'update-initiator']
  await admin.post('/systems', { systemId, facilityId, repositories: [repositoryUniqueId], roles })
  const { paths } = await issueClientInto(join(server.config.dataDir, 'pki'), { systemId, facilityOid: newOid() })
  await admin.post(`/systems/${systemId}/certificates`, { pem: await readFile(paths.certificate, 'utf8') })
  return { ...registryClient(network, systemId), systemId, repositoryUniqueId }
}

const hospital = await systemOf('hospital-a')
const clinic = await systemOf('clinic-b')

const original = { name: 'SubmissionSetStatus', values: ['Original'] }

function link(type: string, source: string, target: string, slots: Association['slots'] = []): Association {
  return { ...association(type, source, target, slots), id: newEntryUuid() }
}

/** Folder-DocumentEntry HasMember with its SS-HM. */
function joined(set: string, ends: { readonly folder: string; readonly entry: string }): readonly Association[] {
  const membership = link(HAS_MEMBER, ends.folder, ends.entry)
  return [membership, link(HAS_MEMBER, set, membership.id, [original])]
}

interface OfEntry extends Submitted {
  readonly entry: DocumentEntry
}

function submitted(
  change: Partial<DocumentEntry>,
  relate: (id: string, set: string) => readonly Association[] = () => [],
): OfEntry {
  const made = entry({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId: hanako, ...change })
  const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId: made.patientId })
  const associations = [
    link(HAS_MEMBER, set.entryUUID, made.entryUUID, [original]),
    ...relate(made.entryUUID, set.entryUUID),
  ]
  return { set, entries: [made], associations, entry: made }
}

async function registered(change: Partial<DocumentEntry> = {}): Promise<DocumentEntry> {
  const given = submitted({ repositoryUniqueId: hospital.repositoryUniqueId, ...change })
  t.equal(await hospital.submit(given), 'Success')
  return given.entry
}

/** The hospital's folder of its own documents. */
async function folderOf(members: readonly string[]): Promise<string> {
  const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId: hanako })
  const chart = folder({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId: hanako })
  const associations = [
    link(HAS_MEMBER, set.entryUUID, chart.entryUUID, [original]),
    ...members.flatMap((id) => joined(set.entryUUID, { folder: chart.entryUUID, entry: id })),
  ]
  t.equal(await hospital.submit({ set, folders: [chart], associations }), 'Success')
  return chart.entryUUID
}

interface Change {
  readonly to: Partial<DocumentEntry>
  readonly propagation?: 'yes' | 'no'
}

/** The second version of an entry (ITI-57). */
function secondVersion(former: DocumentEntry, { to, propagation = 'yes' }: Change): OfEntry {
  const made = submitted({ ...former, entryUUID: newEntryUuid(), ...to })
  const slots = [
    original,
    { name: 'PreviousVersion', values: ['1'] },
    { name: 'AssociationPropagation', values: [propagation] },
  ]
  return {
    ...made,
    bend: (object) => (object.kind === 'ExtrinsicObject' ? { ...object, lid: former.entryUUID } : object),
    associations: made.associations.map((one) => ({ ...one, slots })),
  }
}

function query(name: StoredQueryName, slots: Readonly<Record<string, readonly string[]>>): AskedQuery {
  const row = storedQueries.find((candidate) => candidate.name === name)
  if (row === undefined) throw new Error(name)
  return {
    id: row.id,
    slots: Object.entries(slots).map(([slot, values]) => ({ name: slot, values })),
    ...(row.transaction === 'ITI-51' ? { transaction: iti51 } : {}),
  }
}

t.test(
  '3.57.4.1.3: an update of what another facility published is refused like one of what is not there',
  async (t) => {
    const document = await registered({ confidentialityCode: RESTRICTED })
    await folderOf([document.entryUUID])
    /** The codeContexts without the ids that differ from message to message. */
    const refusal = async (former: DocumentEntry): Promise<readonly string[]> => {
      const change = secondVersion(former, { to: { patientId: sakura } })
      const body = writeSubmitObjects(submitObjects(change))
      const { text } = await network.soap(clinic.systemId, { transaction: iti57, body })
      const contexts = [...text.matchAll(/codeContext="([^"]*)"/g)].map(([, context]) => context ?? '')
      return contexts.map((context) => context.replaceAll(/[0-9a-f-]{36}/g, '…'))
    }
    const hidden = await refusal(document)
    t.strictSame(hidden, await refusal({ ...document, entryUUID: newEntryUuid() }))
    t.equal(hidden.length, 1)
  },
)

/** A document of the hospital in the central repository, as its entry is registered. */
async function provided(): Promise<DocumentEntry> {
  const { entry, provide } = submissionOf({ patientId: hanako, bytes: Buffer.from(`文書 ${newOid()}`) })
  t.ok(isSuccess((await network.soap('hospital-a', provide)).text))
  const { rows } = await pool.query<{ hash: string; size: string }>(
    'select hash, size_bytes::text as size from registry.document_entry where unique_id = $1',
    [entry.uniqueId],
  )
  return { ...entry, ...rows[0], repositoryUniqueId: server.config.repository.uniqueId }
}

t.test('design §4: what its publisher has restricted since is not opened by a former version', async (t) => {
  const document = await provided()
  const status = listed([STATUS_APPROVED, STATUS_DEPRECATED])
  const level = { $MetadataLevel: ['2'] }
  const queries = [
    query('GetDocuments', { $XDSDocumentEntryEntryUUID: listed([document.entryUUID]) }),
    query('GetDocuments', { $XDSDocumentEntryUniqueId: listed([document.uniqueId]), ...level }),
    query('FindDocuments', {
      $XDSDocumentEntryPatientId: quoted(formatCx(hanako)),
      $XDSDocumentEntryStatus: status,
      ...level,
    }),
  ]
  const seenBy = async (client: typeof clinic, systemId: string): Promise<readonly boolean[]> => [
    ...(await Promise.all(queries.map(async (asked) => (await client.ids(asked)).includes(document.entryUUID)))),
    (await network.fetch(systemId, [document.uniqueId])).documents.length === 1,
  ]
  /** What the clinic hears when a submission of its own names the former version: as a reference, and as what it adds to. */
  const referred = async (): Promise<readonly string[]> => {
    const reference = [{ name: 'SubmissionSetStatus', values: ['Reference'] }]
    const given = { repositoryUniqueId: clinic.repositoryUniqueId }
    return [
      await clinic.submit(submitted(given, (_, set) => [link(HAS_MEMBER, set, document.entryUUID, reference)])),
      await clinic.submit(submitted(given, (own) => [link(APND, own, document.entryUUID)])),
    ]
  }
  t.strictSame(await referred(), ['Success', 'Success'])
  t.strictSame(await seenBy(clinic, 'clinic-b'), [true, true, true, true])
  t.equal(await hospital.submit(secondVersion(document, { to: { confidentialityCode: RESTRICTED } }), iti57), 'Success')
  t.strictSame(await seenBy(clinic, 'clinic-b'), [false, false, false, false])
  t.strictSame(await seenBy(hospital, 'hospital-a'), [true, true, true, true], 'the publisher keeps them')
  const unresolved = 'UnresolvedReferenceException'
  t.strictSame(await referred(), [unresolved, unresolved], 'as if it were not there (ITI TF-3 4.2.2)')
})

t.test(
  'design §4: a folder of hidden documents is not there for who refers to it, one with a visible document is',
  async (t) => {
    const [normal, restricted] = [await registered(), await registered({ confidentialityCode: RESTRICTED })]
    const joining = (id: string): Submitted =>
      submitted({ repositoryUniqueId: clinic.repositoryUniqueId }, (own, set) =>
        joined(set, { folder: id, entry: own }),
      )
    const shown = await folderOf([normal.entryUUID, restricted.entryUUID])
    const hidden = await folderOf([restricted.entryUUID])
    t.equal(await clinic.submit(joining(shown)), 'Success')
    t.equal(await clinic.submit(joining(hidden)), 'UnresolvedReferenceException')
    t.strictSame(await clinic.ids(query('GetFolders', { $XDSFolderEntryUUID: listed([shown, hidden]) })), [shown])
  },
)

/** New associations between registered entries (ITI-57). */
function associating(patientId: PatientId, associations: readonly Association[]): Submitted {
  const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
  return {
    set,
    associations: [...associations, ...associations.map(({ id }) => link(SUBMIT_ASSOCIATION, set.entryUUID, id))],
  }
}

t.test(
  '3.57.4.1.3: an association is submitted once, between newest versions of the patient of the SubmissionSet',
  async (t) => {
    const [one, other] = [await registered(), await registered()]
    const addendum = () => link(APND, one.entryUUID, other.entryUUID)
    t.equal(
      await hospital.submit(associating(hanako, [addendum(), addendum()]), iti57),
      'XDSMetadataUpdateError',
      'twice in a message',
    )
    t.equal(
      await hospital.submit(associating(sakura, [addendum()]), iti57),
      'XDSPatientIDReconciliationError',
      'by a SubmissionSet of another patient',
    )
    const next = secondVersion(other, { to: {}, propagation: 'no' })
    const late = addendum()
    const followed = [...next.associations, late, link(SUBMIT_ASSOCIATION, next.set.entryUUID, late.id)]
    t.equal(
      await hospital.submit({ ...next, associations: followed }, iti57),
      'XDSMetadataUpdateError',
      'to a version that the same message follows',
    )
    t.equal(await hospital.submit(associating(hanako, [addendum()]), iti57), 'Success')
    t.equal(await hospital.submit(associating(hanako, [addendum()]), iti57), 'XDSMetadataUpdateError')
  },
)

t.test('3.57.4.1.3: the logical id of a document stays taken when its first version is removed', async (t) => {
  const first = await registered()
  t.equal(await hospital.submit(secondVersion(first, { to: {}, propagation: 'no' }), iti57), 'Success')
  const { rows } = await pool.query<{ id: string }>(
    `select 'urn:uuid:' || unnest(array[a.association_uuid, s.entry_uuid]) as id
     from registry.association a join registry.submission_set s on s.entry_uuid = a.source_uuid where a.target_uuid = $1`,
    [first.entryUUID.slice('urn:uuid:'.length)],
  )
  const removed = [first.entryUUID, ...rows.map(({ id }) => id)]
  t.equal(await hospital.send(iti62, writeRemoveObjects(removed)), 'Success')
  const again = { entryUUID: first.entryUUID, repositoryUniqueId: clinic.repositoryUniqueId }
  t.equal(await clinic.submit(submitted(again)), 'XDSRegistryMetadataError')
})

t.test(
  'C-7: of a patient whose support was stopped nothing is updated, moved to another patient or referred to',
  async (t) => {
    const document = await provided()
    const codesOf = async (former: DocumentEntry) => {
      const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId: sakura })
      const reference = link(HAS_MEMBER, set.entryUUID, former.entryUUID, [
        { name: 'SubmissionSetStatus', values: ['Reference'] },
      ])
      return [
        await hospital.submit(secondVersion(former, { to: { patientId: sakura }, propagation: 'no' }), iti57),
        await hospital.submit({ set, associations: [reference] }),
      ]
    }
    await admin.post(`/patients/${hanako.value}/stop-support`, { reason: 'test' })
    const stopped = await codesOf(document)
    t.strictSame(stopped, await codesOf({ ...document, entryUUID: newEntryUuid() }), 'as if it were not there')
    t.notOk(stopped.includes('Success'))
    await admin.post(`/patients/${hanako.value}/resume-support`, { reason: 'test' })
    t.strictSame(await codesOf(document), ['Success', 'Success'], 'what would be done otherwise')
  },
)
