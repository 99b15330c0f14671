// Removal of metadata and documents by their administrator, and what is left of everything else (IHE ITI supplement RMD, 3.62, 3.86).

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { iti43, iti57, iti62, iti86 } from '../../profiles/transactions/index.ts'
import { writeRemoveDocuments, writeRemoveObjects } from '../../src/codec/ebxml/remove.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { writeProvideAndRegister } from '../../src/codec/ebxml/submit.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import type { Association } from '../../src/model/ebrim.ts'
import { formatCx, newEntryUuid, newOid } from '../../src/model/identifiers.ts'
import { HAS_MEMBER, STATUS_APPROVED, STATUS_DEPRECATED, UPDATE_AVAILABILITY_STATUS } from '../../src/model/xds.ts'
import { errorCodesOf, isSuccess, laboratory, type Submission, submissionOf } from '../faults/messages.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'
import { association, entry, folder, submissionSet } from '../registry/submission.ts'
import { registryClient, type Submitted } from './xds-client.ts'

t.setTimeout(170_000)

const LARGE = 100_000
const LIMIT = 300_000
const network = await startNetwork(t, { 'limits.documentBytes': String(LIMIT) })
const { server, pool } = network
const hanako = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })
const tester = registryClient(network, 'tester')

const bare = (id: string): string => id.slice('urn:uuid:'.length)

async function filesOnDisk(): Promise<number> {
  const found = await readdir(join(server.config.dataDir, 'documents'), { recursive: true, withFileTypes: true })
  return found.filter((one) => one.isFile()).length
}

/** Ids of all associations that touch these objects, and those that touch the associations. */
async function associationsOf(ids: readonly string[]): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `with recursive touching (uuid) as (
       select association_uuid from registry.association where source_uuid = any($1::uuid[]) or target_uuid = any($1::uuid[])
       union select a.association_uuid from registry.association a join touching on a.source_uuid = touching.uuid or a.target_uuid = touching.uuid)
     select 'urn:uuid:' || uuid as id from touching order by 1`,
    [ids.map(bare)],
  )
  return rows.map(({ id }) => id)
}

async function removeMetadata(systemId: string, ids: readonly string[]): Promise<string> {
  const { text } = await network.soap(systemId, { transaction: iti62, body: writeRemoveObjects(ids) })
  return isSuccess(text) ? 'Success' : errorCodesOf(text).join()
}

async function removeDocument(systemId: string, documentUniqueId: string): Promise<string> {
  const request = { repositoryUniqueId: server.config.repository.uniqueId, documentUniqueId }
  const { text } = await network.soap(systemId, { transaction: iti86, body: writeRemoveDocuments([request]) })
  return isSuccess(text) ? 'Success' : errorCodesOf(text).join()
}

async function provide(systemId: string, given: Partial<Parameters<typeof submissionOf>[0]> = {}): Promise<Submission> {
  const submission = submissionOf({ patientId: hanako, bytes: Buffer.alloc(LARGE, `文書 ${newOid()} `), ...given })
  const { text } = await network.soap(systemId, submission.provide)
  if (!isSuccess(text)) throw new Error(errorCodesOf(text).join())
  return submission
}

const objectsOf = ({ entry: { entryUUID }, set }: Submission): readonly string[] => [entryUUID, set.entryUUID]
const wholeOf = async (submission: Submission): Promise<readonly string[]> => [
  ...objectsOf(submission),
  ...(await associationsOf(objectsOf(submission))),
]

async function isFound(systemId: string, { entry: { uniqueId } }: Submission): Promise<boolean> {
  const status = [STATUS_APPROVED, STATUS_DEPRECATED]
  return (await network.find(systemId, hanako, { status })).some((found) => found.uniqueId === uniqueId)
}

async function fetched(systemId: string, { entry: { uniqueId } }: Submission): Promise<string> {
  const { documents, response } = await network.fetch(systemId, [uniqueId])
  return documents.length === 1 ? 'fetched' : response.errors.map(({ errorCode }) => errorCode).join()
}

async function dangling(): Promise<readonly unknown[]> {
  const exists = (end: string): string =>
    ['document_entry', 'submission_set', 'folder']
      .map((table) => `exists (select from registry.${table} o where o.entry_uuid = a.${end})`)
      .concat(`exists (select from registry.association o where o.association_uuid = a.${end})`)
      .join(' or ')
  const { rows } = await pool.query(
    `select * from registry.association a where not (${exists('source_uuid')}) or not (${exists('target_uuid')})`,
  )
  return rows
}

t.test('3.62: metadata goes, its document stays and is judged as before', async (t) => {
  const submission = await provide('hospital-a')
  t.equal(await removeMetadata('clinic-b', await wholeOf(submission)), '', 'a fault: the clinic is no administrator')
  t.equal(await removeMetadata('hospital-a', await wholeOf(submission)), 'Success')
  t.notOk(await isFound('hospital-a', submission))
  t.equal(await fetched('hospital-a', submission), 'fetched')
  t.equal(await fetched('clinic-b', submission), 'fetched', 'union, consent and link stand')
  const hidden = await provide('hospital-a', { codes: { confidentialityCode: 'R' } })
  t.equal(await removeMetadata('hospital-a', await wholeOf(hidden)), 'Success')
  t.equal(await fetched('clinic-b', hidden), 'XDSDocumentUniqueIdError', 'as its entry would have decided')
  const { rows } = await pool.query(
    `select action, patients, objects->'documents' as documents from audit.event where type_code = 'ITI-62' and outcome = 0
     order by event_id limit 1`,
  )
  const document = {
    documentUniqueId: submission.entry.uniqueId,
    repositoryUniqueId: server.config.repository.uniqueId,
  }
  t.strictSame(rows, [{ action: 'D', patients: [formatCx(hanako)], documents: [document] }])
})

t.test('3.62: registered again and removed again, a document is judged by what was said of it last', async (t) => {
  const bytes = Buffer.alloc(LARGE, newOid())
  const first = await provide('hospital-a', { bytes })
  t.equal(await removeMetadata('hospital-a', await wholeOf(first)), 'Success')
  t.equal(await fetched('clinic-b', first), 'fetched')
  const { uniqueId } = first.entry
  const restricted = await provide('hospital-a', { bytes, uniqueId, codes: { confidentialityCode: 'R' } })
  t.equal(await fetched('clinic-b', restricted), 'XDSDocumentUniqueIdError', 'its publisher restricted it')
  t.equal(await removeMetadata('hospital-a', await wholeOf(restricted)), 'Success')
  t.equal(await fetched('clinic-b', restricted), 'XDSDocumentUniqueIdError', 'which its removal does not undo')
  t.equal(await fetched('hospital-a', restricted), 'fetched')
  const other = await provide('clinic-b', { bytes, uniqueId })
  t.equal(await removeMetadata('tester', await wholeOf(other)), 'Success')
  t.equal(
    await fetched('hospital-a', other),
    'fetched',
    'what another facility said takes it from nobody who published it',
  )
})

t.test('what was stored under a uniqueId stays what it is, though its metadata is gone (3.41.4.1.3)', async (t) => {
  const submission = await provide('hospital-a')
  const { uniqueId } = submission.entry
  await removeMetadata('hospital-a', await wholeOf(submission))
  const { rows } = await pool.query('select from registry.unique_id where unique_id = $1', [uniqueId])
  t.equal(rows.length, 0, 'the uniqueId is free in the registry')
  await t.rejects(provide('hospital-a', { uniqueId }), { message: 'XDSNonIdenticalHash' })
  const { bytes } = (await network.fetch('hospital-a', [uniqueId])).documents[0] ?? {}
  const files = await filesOnDisk()
  const again = await provide('hospital-a', { uniqueId, bytes: bytes ?? Buffer.alloc(0) })
  t.ok(await isFound('clinic-b', again))
  t.equal(await filesOnDisk(), files, 'and no second file')
})

t.test('3.62: an administrator in consent mode knows the objects of its own facility only', async (t) => {
  const foreign = await provide('clinic-b')
  const answerTo = async (ids: readonly string[]): Promise<string> => {
    const { text } = await network.soap('hospital-a', { transaction: iti62, body: writeRemoveObjects(ids) })
    return text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
  }
  t.equal(await answerTo([foreign.entry.entryUUID]), await answerTo([newEntryUuid()]))
  t.ok(await isFound('clinic-b', foreign))
  const own = await provide('hospital-a')
  t.equal(
    await removeMetadata('hospital-a', [...(await wholeOf(own)), foreign.entry.entryUUID]),
    'UnresolvedReferenceException',
  )
  t.ok(await isFound('hospital-a', own), 'all or nothing')
})

t.test('3.62: a replacement is removed with its RPLC, the former document stays Deprecated', async (t) => {
  const former = await provide('hospital-a')
  const later = await provide('hospital-a', { replaces: former.entry.entryUUID })
  const all = await associationsOf(objectsOf(later))
  const rplc = (await associationsOf([former.entry.entryUUID])).filter((id) => all.includes(id))
  t.equal(rplc.length, 1)
  const withoutRplc = [...objectsOf(later), ...all.filter((id) => !rplc.includes(id))]
  t.equal(await removeMetadata('hospital-a', withoutRplc), 'ReferencesExistException')
  t.equal(await removeMetadata('hospital-a', await wholeOf(later)), 'Success')
  t.notOk(await isFound('hospital-a', later))
  const status = [STATUS_DEPRECATED]
  t.ok(
    (await network.find('hospital-a', hanako, { status })).some(({ uniqueId }) => uniqueId === former.entry.uniqueId),
  )
  const further = await provide('hospital-a')
  const alone = await provide('hospital-a', { replaces: further.entry.entryUUID })
  const between = (await associationsOf([further.entry.entryUUID])).filter((id) => id !== undefined)
  const own = await associationsOf([alone.entry.entryUUID])
  t.equal(
    await removeMetadata(
      'hospital-a',
      between.filter((id) => own.includes(id)),
    ),
    'Success',
    'a relationship alone may go, both documents stay',
  )
})

t.test('3.62: a long list is judged in time, and an association alone is audited with its patient', async (t) => {
  const unknown = Array.from({ length: 5000 }, () => newEntryUuid())
  const { text } = await network.soap('tester', { transaction: iti62, body: writeRemoveObjects(unknown) })
  t.equal(errorCodesOf(text).length, 100, 'as many as a person reads')
  const submission = await provide('hospital-a')
  const links = await associationsOf([submission.entry.entryUUID])
  t.equal((await removeMetadata('hospital-a', links)).split(',')[0], 'XDSUnreferencedObjectException')
  const { rows } = await pool.query(
    `select patients from audit.event where type_code = 'ITI-62' order by event_id desc limit 1`,
  )
  t.strictSame(rows, [{ patients: [formatCx(hanako)] }])
})

const original = [{ name: 'SubmissionSetStatus', values: ['Original'] }]
const linked = (type: string, source: string, target: string, slots: Association['slots'] = []): Association => ({
  ...association(type, source, target, slots),
  id: newEntryUuid(),
})

/** A folder with one document in it. */
function filed() {
  const patientId = hanako
  const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
  const made = entry({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
  const place = folder({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
  const membership = linked(HAS_MEMBER, place.entryUUID, made.entryUUID)
  const ofSet = linked(HAS_MEMBER, set.entryUUID, membership.id)
  const members = [made, place].map(({ entryUUID }) => linked(HAS_MEMBER, set.entryUUID, entryUUID, original))
  const submitted: Submitted = { set, entries: [made], folders: [place], associations: [...members, membership, ofSet] }
  return { submitted, set, made, place, membership, ofSet, members }
}

t.test('3.62: a document is taken out of its folder, which may stay empty', async (t) => {
  const { submitted, membership, ofSet, place, made, set, members } = filed()
  t.equal(await tester.submit(submitted), 'Success')
  t.equal(await removeMetadata('tester', [membership.id]), 'ReferencesExistException', 'the SubmissionSet refers to it')
  t.equal(
    await removeMetadata('tester', [ofSet.id]),
    'XDSUnreferencedObjectException',
    'the membership would stand alone',
  )
  t.equal(await removeMetadata('tester', [membership.id, ofSet.id]), 'Success')
  t.equal(
    await removeMetadata('tester', [place.entryUUID, ...members.slice(1).map(({ id }) => id)]),
    'Success',
    'the empty folder',
  )
  t.equal(
    await removeMetadata(
      'tester',
      members.slice(0, 1).map(({ id }) => id),
    ),
    'XDSUnreferencedObjectException,XDSUnreferencedObjectException',
    'neither a SubmissionSet without members nor a document without SubmissionSet stays',
  )
  const { rows } = await pool.query('select from registry.unique_id where unique_id = any($1)', [
    [place.uniqueId, made.uniqueId, set.uniqueId],
  ])
  t.equal(rows.length, 2, 'the uniqueId of the folder is free')
})

t.test('3.62: versions are objects of their own, and the one before becomes the latest (ITI TF-2 3.57)', async (t) => {
  const { submitted, made } = filed()
  await tester.submit(submitted)
  const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId: hanako })
  const next = { ...made, entryUUID: newEntryUuid(), title: '第2版' }
  const trigger = linked(HAS_MEMBER, set.entryUUID, next.entryUUID, [
    ...original,
    { name: 'PreviousVersion', values: ['1'] },
    { name: 'AssociationPropagation', values: ['no'] },
  ])
  const bend: NonNullable<Submitted['bend']> = (object) =>
    object.id === next.entryUUID ? { ...object, lid: made.entryUUID } : object
  t.equal(await tester.submit({ set, entries: [next], associations: [trigger], bend }, iti57), 'Success')
  const versions = async () =>
    (
      await pool.query('select version, latest from registry.document_entry where logical_uuid = $1 order by version', [
        bare(made.entryUUID),
      ])
    ).rows
  t.strictSame(await versions(), [
    { version: 1, latest: false },
    { version: 2, latest: true },
  ])
  t.equal(await removeMetadata('tester', [next.entryUUID, set.entryUUID, trigger.id]), 'Success')
  t.strictSame(await versions(), [{ version: 1, latest: true }])
  const { rows } = await pool.query('select from registry.unique_id where unique_id = $1', [made.uniqueId])
  t.equal(rows.length, 1, 'the uniqueId has another version yet')
})

t.test('a StoreClient document that was removed is followed by a first one again, not by a replacement', async (t) => {
  const order = '000000000906001'
  const pushAt = (sentAt: string, result: string) => push(laboratory({ order, sentAt, result }))
  const entries = async () =>
    (await network.find('hospital-a', hanako, { status: [STATUS_APPROVED, STATUS_DEPRECATED] })).filter((found) =>
      found.referenceIdList.some((id) => id.startsWith(`${order}^`)),
    )
  t.equal(await pushAt('20260201120000', '7.2'), 'AA')
  const [first] = await entries()
  const { rows } = await pool.query<{ set: string }>(
    `select 'urn:uuid:' || submission_uuid as set from registry.document_entry where entry_uuid = $1`,
    [bare(first?.entryUUID ?? '')],
  )
  const objects = [first?.entryUUID ?? '', rows[0]?.set ?? '']
  t.equal(await removeMetadata('hospital-a', [...objects, ...(await associationsOf(objects))]), 'Success')
  const series = await pool.query('select from registry.series where current_entry = $1', [bare(objects[0] ?? '')])
  t.equal(series.rows.length, 0, 'no series points at what is gone')
  t.equal(await pushAt('20260201130000', '7.3'), 'AA')
  const [second, ...others] = await entries()
  t.strictSame(others, [])
  const { rows: relations } = await pool.query('select from registry.association where source_uuid = $1', [
    bare(second?.entryUUID ?? ''),
  ])
  t.equal(relations.length, 0)
  t.strictSame(await dangling(), [])
})

async function push(message: Buffer): Promise<string> {
  const connection = await network.mllp('hospital-a')
  try {
    return readAck(await connection.send(message)).code
  } finally {
    await connection.close()
  }
}

t.test(
  'a StoreClient document that was withdrawn by its status stays so when older messages come (3.57)',
  async (t) => {
    const order = '000000000906002'
    const entries = async (status: string) =>
      (await network.find('hospital-a', hanako, { status: [status] })).filter((found) =>
        found.referenceIdList.some((id) => id.startsWith(`${order}^`)),
      )
    const change = async (target: string, [from, to]: readonly [string, string]) => {
      const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId: hanako })
      const trigger = linked(UPDATE_AVAILABILITY_STATUS, set.entryUUID, target, [
        { name: 'OriginalStatus', values: [from] },
        { name: 'NewStatus', values: [to] },
      ])
      return tester.submit({ set, associations: [trigger] }, iti57)
    }
    const approved = async () => (await entries(STATUS_APPROVED)).map(({ entryUUID }) => entryUUID)
    const only = async () => {
      const [one, ...others] = await approved()
      t.strictSame(others, [], 'one version is current')
      return one ?? ''
    }
    t.equal(await push(laboratory({ order, sentAt: '20260201120000', result: '7.2' })), 'AA')
    const first = await only()
    const newer = laboratory({ order, sentAt: '20260201130000', result: '7.3' })
    t.equal(await push(newer), 'AA')
    const second = await only()
    t.equal(await change(second, [STATUS_APPROVED, STATUS_DEPRECATED]), 'Success')
    t.equal(await push(laboratory({ order, sentAt: '20260201123000', result: '7.1' })), 'AA')
    t.strictSame(await approved(), [], 'what the newer one had replaced before does not come in its place')
    await pool.query('delete from journal.idempotency')
    t.equal(await push(newer), 'AA', 'its message again, after its claim was forgotten')
    t.strictSame(await approved(), [])
    t.equal(await change(first, [STATUS_DEPRECATED, STATUS_APPROVED]), 'Success')
    t.equal(await push(laboratory({ order, sentAt: '20260201140000', result: '7.4' })), 'AA')
    const third = await only()
    t.not(third, first, 'a newer one follows the version that was approved again')
    t.equal(await change(third, [STATUS_APPROVED, STATUS_DEPRECATED]), 'Success')
    t.equal(await push(laboratory({ order, sentAt: '20260201150000', result: '7.5' })), 'AA')
    t.not(await only(), '', 'and one that is newer than what was withdrawn is registered')
  },
)

t.test(
  'the message of a document comes again after what replaced it was removed: it is there, as it was left',
  async (t) => {
    const order = '000000000906003'
    const first = laboratory({ order, sentAt: '20260201120000' })
    for (const message of [first, laboratory({ order, sentAt: '20260201130000', result: '7.3' })])
      t.equal(await push(message), 'AA')
    const { rows: newest } = await pool.query<{ id: string; set: string }>(
      `select 'urn:uuid:' || e.entry_uuid as id, 'urn:uuid:' || e.submission_uuid as set
     from registry.document_entry e join registry.series s on s.current_entry = e.entry_uuid where s.order_number = $1`,
      [order],
    )
    const objects = newest.flatMap(({ id, set }) => [id, set])
    t.equal(await removeMetadata('hospital-a', [...objects, ...(await associationsOf(objects))]), 'Success')
    await pool.query('delete from journal.idempotency')
    t.equal(await push(first), 'AA', 'its claim was forgotten')
    const { rows } = await pool.query(
      'select e.status from registry.document_entry e join registry.series s using (series_id) where s.order_number = $1',
      [order],
    )
    t.strictSame(rows, [{ status: STATUS_DEPRECATED }])
  },
)

t.test('removed and replaced at the same moment: one comes first, and nothing refers to what is gone', async (t) => {
  const outcomes = new Set<string>()
  for (let round = 0; round < 8; round += 1) {
    const former = await provide('hospital-a', { bytes: Buffer.from(newOid()) })
    const ids = await wholeOf(former)
    const bytes = Buffer.from(newOid())
    const next = submissionOf({ patientId: hanako, bytes, replaces: former.entry.entryUUID })
    const [removed, replaced] = await Promise.all([
      removeMetadata('hospital-a', ids),
      network.soap('hospital-a', next.provide).then(({ text }) => errorCodesOf(text).join() || 'Success'),
    ])
    outcomes.add(`${removed}, ${replaced}`)
  }
  for (const outcome of outcomes)
    t.match(outcome, /^(Success, UnresolvedReferenceException|ReferencesExistException, Success)$/)
  t.strictSame(await dangling(), [])
})

t.test(
  'removed, and referred to by a submission of another patient at the same moment (ITI TF-3 4.2.2.1.2)',
  async (t) => {
    const jiro = await network.xadForStaff({ value: '0000012349', authority: DOMAINS['hospital-a'] })
    const outcomes = new Set<string>()
    for (let round = 0; round < 12; round += 1) {
      const { submitted, set, made, membership, ofSet, place, members } = filed()
      await tester.submit(submitted)
      const other = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId: jiro })
      const own = entry({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId: jiro })
      const reference = linked(HAS_MEMBER, other.entryUUID, made.entryUUID, [
        { name: 'SubmissionSetStatus', values: ['Reference'] },
      ])
      const first = linked(HAS_MEMBER, other.entryUUID, own.entryUUID, original)
      const ids = [set, made, place].map(({ entryUUID }) => entryUUID)
      const links = [membership, ofSet, ...members].map(({ id }) => id)
      const [removed, referred] = await Promise.all([
        removeMetadata('tester', [...ids, ...links]),
        tester.submit({ set: other, entries: [own], associations: [first, reference] }),
      ])
      outcomes.add(`${removed}, ${referred}`)
    }
    for (const outcome of outcomes)
      t.match(outcome, /^(Success, UnresolvedReferenceException|ReferencesExistException, Success)$/)
    t.strictSame(await dangling(), [])
  },
)

t.test('3.86: a document goes with its file, its metadata stays, and the same bytes may come again', async (t) => {
  const bytes = Buffer.alloc(LARGE, newOid())
  const files = await filesOnDisk()
  const submission = await provide('hospital-a', { bytes })
  t.equal(await filesOnDisk(), files + 1)
  t.equal(await removeDocument('hospital-a', submission.entry.uniqueId), 'Success')
  t.equal(await filesOnDisk(), files)
  t.ok(await isFound('clinic-b', submission))
  t.equal(await fetched('hospital-a', submission), 'XDSDocumentUniqueIdError')
  const { uniqueId } = submission.entry
  await t.rejects(provide('hospital-a', { uniqueId }), { message: 'XDSNonIdenticalHash' })
  const again = await provide('hospital-a', { uniqueId, bytes })
  t.equal(await fetched('clinic-b', again), 'fetched')
})

t.test('3.86: a document without metadata is removed by its publisher', async (t) => {
  const submission = await provide('hospital-a')
  await removeMetadata('hospital-a', await wholeOf(submission))
  t.equal(await removeDocument('hospital-a', submission.entry.uniqueId), 'Success')
  t.equal(await fetched('hospital-a', submission), 'XDSDocumentUniqueIdError')
})

t.test('3.86: what another facility published too is still needed', async (t) => {
  const bytes = Buffer.from(newOid())
  const submission = await provide('hospital-a', { bytes })
  const { uniqueId } = submission.entry
  const foreign = await provide('clinic-b', { bytes, uniqueId })
  t.equal(await removeDocument('hospital-a', uniqueId), 'XDSRemoveDocumentsError')
  t.equal(await fetched('clinic-b', foreign), 'fetched')
  await removeMetadata('tester', await wholeOf(foreign))
  t.equal(await removeDocument('hospital-a', uniqueId), 'Success')
})

t.test('no file stays that no row names: sent twice, refused in the middle, brought where none is taken', async (t) => {
  const bytes = Buffer.alloc(LARGE, newOid())
  const { entry: first } = await provide('hospital-a', { bytes })
  const files = await filesOnDisk()
  await provide('hospital-a', { bytes, uniqueId: first.uniqueId })
  t.equal(await filesOnDisk(), files, 'a large document in two submissions')
  const stray = { contentId: 'stray@example.org', contentType: 'text/plain', body: Buffer.alloc(LARGE, 'x') }
  const request = { repositoryUniqueId: server.config.repository.uniqueId, documentUniqueId: first.uniqueId }
  const retrieval = { transaction: iti43, body: writeRetrieveRequest([request]), attachments: [stray] }
  t.match((await network.soap('hospital-a', retrieval)).text, 'ResponseStatusType:Success')
  t.equal(await filesOnDisk(), files, 'a part that ITI-43 does not take')
  const inline = (size: number) => ({ kind: 'inline', bytes: Buffer.alloc(size, 'y') }) as const
  const { provide: call } = submissionOf({ patientId: hanako, bytes: Buffer.alloc(1) })
  const body = writeProvideAndRegister({
    submission: { objects: [], associations: [] },
    documents: [
      { id: 'a', content: inline(LARGE) },
      { id: 'b', content: inline(LIMIT + 1) },
    ],
  })
  const answer = await network.soap('hospital-a', { ...call, body, attachments: [] })
  t.match(answer.text, 'TOO_LARGE')
  t.equal(await filesOnDisk(), files, 'inline documents before one that is too large')
})

/** Until a request has its answer, or waits for a lock that the test holds. */
async function answeredOrWaiting(request: Promise<unknown>): Promise<void> {
  let answered = false
  const noted = request.finally(() => {
    answered = true
  })
  const isWaiting = async (): Promise<boolean> =>
    (await pool.query("select from pg_stat_activity where wait_event_type = 'Lock'")).rowCount !== 0
  await eventually(async () => answered || (await isWaiting()), 10_000)
  noted.catch(() => {})
}

const isNamed = async (uniqueId: string): Promise<boolean> =>
  (await pool.query('select from registry.unique_id where unique_id = $1', [uniqueId])).rowCount === 1

t.test('3.86: a document that is provided again while it is removed is kept', async (t) => {
  const [bytes, uniqueId] = [Buffer.from(`文書 ${newOid()}`), newOid()]
  await provide('hospital-a', { bytes, uniqueId })
  const removing = await pool.connect()
  t.teardown(() => removing.release())
  // As ITI-86 does: the row is locked, who published it is read, the row goes.
  await removing.query('begin')
  await removing.query('select from repository.document where unique_id = $1 for update', [uniqueId])
  const again = provide('tester', { bytes, uniqueId })
  await answeredOrWaiting(again)
  await removing.query('delete from repository.document where unique_id = $1', [uniqueId])
  await removing.query('commit')
  await again
  t.equal((await network.fetch('tester', [uniqueId])).documents.length, 1)
})

t.test('3.62: a uniqueId stays taken when its last entry is removed while another patient gets one', async (t) => {
  const [bytes, uniqueId] = [Buffer.from(`文書 ${newOid()}`), newOid()]
  const sakura = await network.xadForStaff({ value: '0000012348', authority: DOMAINS['hospital-a'] })
  await provide('hospital-a', { bytes, uniqueId })
  const other = await pool.connect()
  t.teardown(() => other.release())
  await other.query('begin')
  await other.query('select from registry.unique_id where unique_id = $1 for update', [uniqueId])
  const again = provide('tester', { bytes, uniqueId, patientId: sakura })
  await answeredOrWaiting(again)
  await other.query('delete from registry.document_entry where unique_id = $1 and publisher = $2', [
    uniqueId,
    'hospital-a',
  ])
  await other.query('delete from registry.unique_id where unique_id = $1', [uniqueId])
  await other.query('commit')
  await again
  t.ok(await isNamed(uniqueId), 'the removal was first')

  const removed = await provide('hospital-a', { bytes: Buffer.from(newOid()) })
  await other.query('begin')
  await other.query('select from registry.unique_id where unique_id = $1 for share', [removed.entry.uniqueId])
  await other.query(
    `insert into registry.document_entry select (jsonb_populate_record(e, jsonb_build_object('entry_uuid', gen_random_uuid()))).*
     from registry.document_entry e where unique_id = $1`,
    [removed.entry.uniqueId],
  )
  const removal = removeMetadata('tester', await wholeOf(removed))
  await answeredOrWaiting(removal)
  await other.query('commit')
  t.equal(await removal, 'Success')
  t.ok(await isNamed(removed.entry.uniqueId), 'the registration was first')
})

t.test(
  '3.62: who registers for a patient is not waited for in a circle: nobody holds the person meanwhile',
  async (t) => {
    const removed = await provide('hospital-a', { bytes: Buffer.from(newOid()) })
    // As a registration does it: first the number, then its person.
    const registering = await pool.connect()
    t.teardown(() => registering.release())
    await registering.query('begin')
    const { rows } = await registering.query(
      'select person_key from identity.identifier where domain = $1 and value = $2 for update',
      [hanako.authority, hanako.value],
    )
    const removal = removeMetadata('tester', await wholeOf(removed))
    await answeredOrWaiting(removal)
    await t.resolves(
      registering.query('select from identity.person where person_key = $1 for update nowait', [rows[0].person_key]),
    )
    await registering.query('commit')
    t.equal(await removal, 'Success')
  },
)
