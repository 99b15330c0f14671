// tsunagi update and provide against a real registry: versions, status, folders, relationships (ITI TF-2 3.41, 3.57.4.1.3.3).

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { formatCx, newEntryUuid, newOid } from '../../src/model/identifiers.ts'
import { APND, HAS_MEMBER, RPLC } from '../../src/model/xds.ts'
import { run } from '../cli/fake-door.ts'
import { DOMAINS, startNetwork, temporaryDirectory } from '../faults/support.ts'
import { association, entry, folder, submissionSet } from '../registry/submission.ts'
import { listed, quoted, registryClient } from './xds-client.ts'

const network = await startNetwork(t)
const client = registryClient(network, 'tester')
const patientId = await network.xadBy('clinic-b', { value: 'B-78', authority: DOMAINS['clinic-b'] })
const made = entry({
  entryUUID: newEntryUuid(),
  uniqueId: newOid(),
  patientId,
  title: 'draft',
  extraSlots: [{ name: 'urn:example:ward', values: ['3 East'] }],
})
const place = folder({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
const original = [{ name: 'SubmissionSetStatus', values: ['Original'] }]
const associations = [made, place].map(({ entryUUID }) => ({
  ...association(HAS_MEMBER, set.entryUUID, entryUUID, original),
  id: newEntryUuid(),
}))
t.equal(await client.submit({ set, entries: [made], folders: [place], associations }), 'Success')

const update = (id: string, ...options: readonly string[]) =>
  run([
    'update',
    id,
    ...['--as', 'tester', '--source-id', '2.25.9', '--url', network.baseUrl],
    ...['--data-dir', network.server.config.dataDir, ...options],
  ])

/** The newest version, by uniqueId. */
async function newest() {
  const slots = [{ name: '$XDSDocumentEntryUniqueId', values: listed([made.uniqueId]) }]
  const [found] = await client.objects({ id: 'urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4', slots })
  const { element } = found ?? { element: undefined }
  const text = JSON.stringify([...(element?.children ?? [])], (_, value) =>
    value instanceof Map ? [...value.entries()] : value,
  )
  return { id: found?.id ?? '', lid: element?.attributes.get('lid'), status: element?.attributes.get('status'), text }
}

t.test('a new title is a new version with everything else as it was', async (t) => {
  const { code, err } = await update(made.entryUUID, '--title', '確定')
  t.equal(code, 0, err)
  const { id, lid, text } = await newest()
  t.not(id, made.entryUUID)
  t.equal(lid, made.entryUUID)
  t.match(text, /確定/)
  t.match(text, /versionName","2"/)
  t.match(text, /urn:example:ward/)
  t.notMatch(text, /draft/)
})

t.test('the former version cannot be updated again', async (t) => {
  const { code, err } = await update(made.entryUUID, '--title', 'later')
  t.equal(code, 1)
  t.match(err, /XDSMetadataVersionError/)
})

t.test('Deprecated and Approved again', async (t) => {
  const { id } = await newest()
  t.equal((await update(id, '--status', 'deprecated')).code, 0)
  t.match((await newest()).status, /Deprecated$/)
  t.match((await update(id, '--status', 'deprecated')).err, /XDSMetadataUpdateError/)
  t.equal((await update(id, '--status', 'approved')).code, 0)
  t.match((await newest()).status, /Approved$/)
})

t.test('into a folder, once', async (t) => {
  const { id } = await newest()
  t.equal((await update(id, '--folder', place.entryUUID)).code, 0)
  const slots = [{ name: '$XDSDocumentEntryEntryUUID', values: quoted(id) }]
  t.strictSame(await client.ids({ id: 'urn:uuid:10cae35a-c7f9-4cf5-b61e-fc3278ffb578', slots }), [place.entryUUID])
  t.match((await update(id, '--folder', place.entryUUID)).err, /XDSMetadataUpdateError/)
})

t.test('tsunagi provide ties a document to registered ones (ITI TF-3 4.2.2)', async (t) => {
  const directory = await temporaryDirectory(t)
  const file = join(directory, 'report.txt')
  await writeFile(file, '追記')
  const provide = (...options: readonly string[]) =>
    run([
      'provide',
      file,
      ...['--as', 'tester', '--source-id', '2.25.9', '--patient', formatCx(patientId), '--url', network.baseUrl],
      ...['--data-dir', network.server.config.dataDir, '--json', ...options],
    ])
  const first = JSON.parse((await provide()).text)
  const second = JSON.parse((await provide('--replaces', first.entryUUID)).text)
  const third = JSON.parse((await provide('--appends', second.entryUUID, '--folder', place.entryUUID)).text)
  t.match((await provide('--transforms', first.entryUUID)).err, /XDSRegistryDeprecatedDocumentError/)
  const slots = [
    { name: '$XDSDocumentEntryEntryUUID', values: quoted(second.entryUUID) },
    { name: '$AssociationTypes', values: listed([APND, RPLC]) },
  ]
  const related = await client.ids({ id: 'urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6', slots })
  t.ok([first, second, third].every(({ entryUUID }) => related.includes(entryUUID)))
})

t.test('a folder has a title too; what is not there, and what nobody can mean, is said', async (t) => {
  t.equal((await update(place.entryUUID, '--title', '新しい名前')).code, 0)
  t.equal((await update(newEntryUuid(), '--title', 'x')).code, 1)
  t.equal((await update(made.entryUUID)).code, 2)
  t.equal((await update(made.entryUUID, '--title', 'x', '--status', 'approved')).code, 2)
  t.equal((await update('nothing', '--title', 'x')).code, 2)
})
