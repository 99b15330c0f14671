// Stored queries about packages over the real doors: whom they show what of a folder, and what of it is audited (ITI-18, ITI-51; design §4).

import t from 'tap'
import {
  documentEntryObject,
  folderObject,
  memberAssociation,
  submissionSetObject,
} from '../../profiles/metadata/write.ts'
import { type StoredQueryName, storedQueries } from '../../profiles/queries/index.ts'
import { iti51 } from '../../profiles/transactions/index.ts'
import { writeProvideAndRegister } from '../../src/codec/ebxml/submit.ts'
import { codeKey } from '../../src/model/code.ts'
import { formatCx, newEntryUuid, newOid, type PatientId } from '../../src/model/identifiers.ts'
import { HAS_MEMBER, STATUS_APPROVED } from '../../src/model/xds.ts'
import { isSuccess, submissionOf } from '../faults/messages.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'
import { association, folder } from '../registry/submission.ts'
import { type AskedQuery, listed, quoted, registryClient } from './xds-client.ts'

const network = await startNetwork(t)
const [clinic, pharmacy, hospital, tester] = ['clinic-b', 'pharmacy-c', 'hospital-a', 'tester'].map((system) =>
  registryClient(network, system),
)
if (clinic === undefined || pharmacy === undefined || hospital === undefined || tester === undefined)
  throw new Error('four systems')
const byHospital = (value: string): Promise<PatientId> =>
  network.xadForStaff({ value, authority: DOMAINS['hospital-a'] })
const hanako = await byHospital('0000012346')
/** Their consent excludes the pharmacy. */
const midori = await byHospital('0000012352')

interface Published {
  readonly set: string
  readonly setUniqueId: string
  readonly folder: string
  readonly folderUniqueId: string
  readonly entries: readonly string[]
  readonly classCode: string
}

/** Hospital A provides a folder of documents with these confidentiality codes, all in one submission. */
async function publish(patientId: PatientId, confidentiality: readonly string[]): Promise<Published> {
  const bytes = Buffer.from(`文書 ${newOid()}`)
  const made = confidentiality.map((code) => submissionOf({ patientId, bytes, codes: { confidentialityCode: code } }))
  const [first] = made
  if (first === undefined) throw new Error('no document')
  const { set } = first
  const entries = made.map(({ entry }) => entry)
  const chart = folder({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId, codeList: [set.contentTypeCode] })
  const memberships = entries.map(({ entryUUID }) => ({
    ...association(HAS_MEMBER, chart.entryUUID, entryUUID),
    id: newEntryUuid(),
  }))
  const objects = [submissionSetObject(set), ...entries.map(documentEntryObject), folderObject(chart)]
  const members = [...entries.map(({ entryUUID }) => entryUUID), chart.entryUUID]
  const associations = [
    ...members.map((id) => memberAssociation(set.entryUUID, id)),
    ...memberships,
    ...memberships.map(({ id }) => ({ ...association(HAS_MEMBER, set.entryUUID, id), id: newEntryUuid() })),
  ]
  const documents = made.map(({ entry, provide }) => ({
    id: entry.entryUUID,
    content: { kind: 'part', contentId: provide.attachments?.[0]?.contentId ?? '' } as const,
  }))
  const body = writeProvideAndRegister({ submission: { objects, associations }, documents })
  const attachments = made.flatMap(({ provide }) => provide.attachments ?? [])
  const { text } = await network.soap('hospital-a', { ...first.provide, body, attachments })
  if (!isSuccess(text)) throw new Error(text)
  return {
    set: set.entryUUID,
    setUniqueId: set.uniqueId,
    folder: chart.entryUUID,
    folderUniqueId: chart.uniqueId,
    entries: entries.map(({ entryUUID }) => entryUUID),
    classCode: codeKey(first.entry.classCode),
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

const APPROVED = listed([STATUS_APPROVED])
const findFolders = (patientId: PatientId) =>
  query('FindFolders', { $XDSFolderPatientId: quoted(formatCx(patientId)), $XDSFolderStatus: APPROVED })
const getAll = (patientId: PatientId) =>
  query('GetAll', {
    $patientId: quoted(formatCx(patientId)),
    $XDSDocumentEntryStatus: APPROVED,
    $XDSSubmissionSetStatus: APPROVED,
    $XDSFolderStatus: APPROVED,
  })
const contents = (published: Published) =>
  query('GetFolderAndContents', { $XDSFolderUniqueId: quoted(published.folderUniqueId) })
const setAndContents = (published: Published) =>
  query('GetSubmissionSetAndContents', { $XDSSubmissionSetUniqueId: quoted(published.setUniqueId) })

t.test(
  'of a folder shows what may be seen of it, and what is hidden leaves no trace (3.18.4.1.2.3.7.10, .11)',
  async (t) => {
    const published = await publish(hanako, ['N', 'R'])
    const [normal, restricted] = published.entries
    if (normal === undefined || restricted === undefined) throw new Error('two documents')
    const seen = await clinic.objects(contents(published))
    t.same(
      seen.map(({ element }) => element.name),
      ['RegistryPackage', 'ExtrinsicObject', 'Association'],
    )
    t.same(
      seen.slice(0, 2).map(({ id }) => id),
      [published.folder, normal],
    )
    t.notOk((await clinic.ids(getAll(hanako))).includes(restricted))
    t.equal((await clinic.ids(setAndContents(published))).length, 1 + 1 + 1 + 2 + 1 + 1)
    t.equal((await tester.ids(setAndContents(published))).length, 1 + 1 + 2 + 3 + 2 + 2)
    t.equal((await hospital.ids(setAndContents(published))).length, 11, 'its publisher sees all of it')
    t.same(await clinic.ids(query('GetAssociations', { $uuid: listed([restricted]) })), [])
    t.same(await clinic.ids(query('GetSubmissionSets', { $uuid: listed([restricted]) })), [])
    t.same(await clinic.ids(query('GetFoldersForDocument', { $XDSDocumentEntryEntryUUID: quoted(restricted) })), [])
    t.same(await clinic.ids(query('GetFoldersForDocument', { $XDSDocumentEntryEntryUUID: quoted(normal) })), [
      published.folder,
    ])
  },
)

t.test('packages of hidden documents only are hidden (FindFolders, GetFolders, GetAll)', async (t) => {
  const published = await publish(hanako, ['R'])
  t.same(await clinic.ids(contents(published)), [])
  t.same(await clinic.ids(setAndContents(published)), [])
  t.notOk((await clinic.ids(findFolders(hanako))).includes(published.folder))
  t.ok((await hospital.ids(findFolders(hanako))).includes(published.folder))
  const all = await clinic.ids(getAll(hanako))
  t.notOk([published.set, published.folder, ...published.entries].some((id) => all.includes(id)))
  t.same(await clinic.ids(query('GetAssociations', { $uuid: listed([published.set, published.folder]) })), [])
})

t.test('a facility that the consent excludes finds nothing, by id or by patient', async (t) => {
  const published = await publish(midori, ['N'])
  for (const asked of [contents(published), setAndContents(published), findFolders(midori), getAll(midori)])
    t.same(await pharmacy.ids(asked), [])
  t.ok((await clinic.ids(findFolders(midori))).includes(published.folder))
})

t.test('of many patients each system finds what it may see of each (3.51.4.1.2)', async (t) => {
  const [ofHanako, ofMidori, hidden] = [
    await publish(hanako, ['N']),
    await publish(midori, ['N']),
    await publish(hanako, ['R']),
  ]
  const asked = query('FindDocumentsForMultiplePatients', {
    $XDSDocumentEntryStatus: APPROVED,
    $XDSDocumentEntryClassCode: listed([ofHanako.classCode]),
  })
  const [one, two, three] = [ofHanako, ofMidori, hidden].map(({ entries }) => entries[0] ?? '')
  const found = async (client: typeof clinic) => {
    const ids = await client.ids(asked)
    return [one, two, three].map((id) => ids.includes(id ?? ''))
  }
  t.same(await found(clinic), [true, true, false])
  t.same(await found(pharmacy), [true, false, false], 'one patient’s consent excludes it')
  t.same(await found(tester), [true, true, true])
  const folders = query('FindFoldersForMultiplePatients', {
    $XDSFolderPatientId: listed([formatCx(hanako), formatCx(midori)]),
    $XDSFolderStatus: APPROVED,
  })
  const shown = await clinic.ids(folders)
  t.same(
    [ofHanako, ofMidori, hidden].map((published) => shown.includes(published.folder)),
    [true, true, false],
  )
})

t.test(
  'LeafClass answers about several patients are refused where the standard says so, and only there (3.18.4.1.3)',
  async (t) => {
    const [ofHanako, ofMidori] = [await publish(hanako, ['N']), await publish(midori, ['N'])]
    const folders = { $XDSFolderUniqueId: listed([ofHanako.folderUniqueId, ofMidori.folderUniqueId]) }
    t.equal(await clinic.codes(query('GetFolders', folders)), 'XDSResultNotSinglePatient')
    t.equal((await clinic.ids(query('GetFolders', folders))).length, 2)
    t.equal(await pharmacy.codes(query('GetFolders', folders)), 'Success', 'the hidden one does not count')
    t.equal(await clinic.codes(query('GetAssociations', { $uuid: listed([ofHanako.set, ofMidori.set]) })), 'Success')
    const both = query('FindFoldersForMultiplePatients', {
      $XDSFolderPatientId: listed([formatCx(hanako), formatCx(midori)]),
      $XDSFolderStatus: APPROVED,
    })
    t.equal(await clinic.codes(both), 'Success')
  },
)

t.test('a query is audited with its id and the patients whose objects were answered (3.18.6, 3.51.6)', async (t) => {
  const published = await publish(midori, ['N'])
  await clinic.ids(contents(published))
  await clinic.ids(
    query('FindFoldersForMultiplePatients', {
      $XDSFolderPatientId: listed([formatCx(midori)]),
      $XDSFolderStatus: APPROVED,
    }),
  )
  const { rows } = await network.pool.query<{
    type_code: string
    patients: string[]
    objects: { query?: { id: string } }
  }>(
    `select type_code, patients, objects from audit.event where type_code in ('ITI-18', 'ITI-51') order by event_id desc limit 2`,
  )
  t.match(rows, [
    {
      type_code: 'ITI-51',
      patients: [formatCx(midori)],
      objects: { query: { id: 'urn:uuid:50d3f5ac-39a2-11de-a1ca-b366239e58df' } },
    },
    { type_code: 'ITI-18', patients: [formatCx(midori)], objects: { query: { id: contents(published).id } } },
  ])
})
