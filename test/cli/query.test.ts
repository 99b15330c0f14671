// tsunagi query: every stored query by its name, what it sends and how the answer reads (ITI TF-2 3.18, 3.51).

import t, { type Test } from 'tap'
import { iti18, iti51, type Transaction } from '../../profiles/transactions/index.ts'
import { readQueryRequest } from '../../src/codec/ebxml/query-request.ts'
import { writeQueryResponse } from '../../src/codec/ebxml/query-response.ts'
import { renderAssociationFragment, renderFragment } from '../../src/codec/ebxml/registry-object.ts'
import { readEnvelope } from '../../src/codec/soap/read.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import type { RegistryObject } from '../../src/model/ebrim.ts'
import type { ReturnType, StoredObject, StoredQuery } from '../../src/model/stored-query.ts'
import { APND, HAS_MEMBER, STATUS_APPROVED } from '../../src/model/xds.ts'
import { inFolder, submission } from '../registry/submission.ts'
import { makePlace, openDoor, run } from './fake-door.ts'

const given = submission({ folders: [{}], associations: inFolder('Folder01', 'Document01') })

function stored(object: RegistryObject): StoredObject {
  const lastUpdateTime = object.id === 'Folder01' ? { lastUpdateTime: '20260402030405' } : {}
  return {
    element: object.kind,
    id: object.id,
    status: STATUS_APPROVED,
    ebrim: renderFragment(object),
    ...lastUpdateTime,
  }
}

const objects: readonly StoredObject[] = [
  ...given.objects.map(stored),
  ...given.associations.map((link) => ({
    element: 'Association' as const,
    id: link.id,
    status: STATUS_APPROVED,
    ebrim: renderAssociationFragment(link),
  })),
]

async function withAnswer(t: Test, answered: readonly StoredObject[], transaction: Transaction = iti18) {
  const place = await makePlace()
  const asked: StoredQuery[] = []
  const sent: { readonly path: string; readonly body: string }[] = []
  const door = await openDoor(place, (heard) => {
    sent.push({ path: heard.path, body: heard.body.toString() })
    const request = readEnvelope(readXml(heard.body))
    if (request.action !== transaction.action) throw new Error(`heard ${request.action}`)
    const query = readQueryRequest(request.body, transaction.id === 'ITI-51' ? 'ITI-51' : 'ITI-18')
    asked.push(query)
    const returnType: ReturnType = query.returnType
    const body = writeQueryResponse(
      { returnType, objects: answered, ...(heard.path === '/xca/initiating' ? { home: 'urn:oid:2.25.42' } : {}) },
      { result: 'success', errors: [], journalId: 'j' },
    )
    const envelope = writeEnvelope({ action: transaction.responseAction, relatesTo: request.messageId ?? '', body })
    return { status: 200, contentType: 'application/soap+xml; charset=UTF-8', body: envelope }
  })
  t.teardown(() => Promise.all([door.close(), place.remove()]))
  const here = ['--as', 'clinic-b', '--data-dir', place.dataDir, '--url', `https://localhost:${door.port}`]
  return { asked, sent, call: (...argv: readonly string[]) => run(['query', ...argv, ...here]) }
}

t.test('a bare value becomes what its parameter wants; contents are shown as one table a kind', async (t) => {
  const { asked, call } = await withAnswer(t, objects)
  const folder = ['--query', 'GetFolderAndContents', '--param', 'XDSFolderUniqueId=2.25.900.9.1']
  const { code, text, err } = await call(
    ...folder,
    '--param',
    'XDSDocumentEntryFormatCode=LAB^^2.25.7',
    '--param',
    'MetadataLevel=2',
  )
  t.equal(code, 0, err)
  t.match(asked[0], {
    kind: 'GetFolderAndContents',
    by: 'uniqueId',
    values: ['2.25.900.9.1'],
    members: { formatCode: [['LAB^^2.25.7']] },
    metadataLevel: 2,
  })
  t.match(text, /folders \/ フォルダ\nTITLE .*\nパス +pathway +2026-04-02 03:04:05Z +Approved +2\.25\.900\.9\.1\n/)
  t.match(text, /documents \/ 文書\nTITLE .*\n.*LAB +2026-04-01 12:00:00Z .* 2\.25\.900\.4\.1\n/)
  t.match(text, /associations \/ 関連\nTYPE +SOURCE +TARGET\n(HasMember +\w.*\n){4}/)
  t.notMatch(text, 'submission sets', 'the query does not return them')
  const json = JSON.parse((await call(...folder, '--json')).text)
  t.match(json, { folders: [{ lastUpdateTime: '20260402030405' }], documents: [{ uniqueId: '2.25.900.4.1' }] })
  t.match(json.associations, [{ type: HAS_MEMBER, source: 'SubmissionSet01', target: 'Document01' }])
})

t.test('--patient, --status, --uuid and --unique-id stand for the parameters of the query named', async (t) => {
  const { asked, call } = await withAnswer(t, objects)
  t.equal((await call('--query', 'GetAll', '--patient', 'P1', '--status', 'approved,deprecated')).code, 0)
  t.match(asked.at(-1), {
    kind: 'GetAll',
    patientId: { value: 'P1' },
    entryStatus: { length: 2 },
    folderStatus: { length: 2 },
  })
  const own = ['--param', `XDSFolderStatus=${STATUS_APPROVED}`]
  t.equal((await call('--query', 'GetAll', '--patient', 'P1', '--status', 'deprecated', ...own)).code, 0)
  t.match(asked.at(-1), { entryStatus: [/Deprecated/], folderStatus: [STATUS_APPROVED] })
  t.equal((await call('--query', 'GetSubmissionSets', '--uuid', 'urn:uuid:1', '--uuid', 'urn:uuid:2')).code, 0)
  t.match(asked.at(-1), { kind: 'GetSubmissionSets', uuids: ['urn:uuid:1', 'urn:uuid:2'] })
  const related = ['--query', 'GetRelatedDocuments', '--unique-id', '2.25.1', '--param', `AssociationTypes=${APND}`]
  t.equal((await call(...related)).code, 0)
  t.match(asked.at(-1), { kind: 'GetRelatedDocuments', values: ['2.25.1'], associationTypes: [APND] })
  t.equal((await call('--uuid', 'urn:uuid:1')).code, 0)
  t.match(asked.at(-1), { kind: 'GetDocuments', by: 'entryUUID' })
})

t.test('one kind of object is one table, or a JSON array, and nothing is said in words', async (t) => {
  const { call } = await withAnswer(t, objects)
  const sets = ['--query', 'FindSubmissionSets', '--patient', 'P1']
  t.match((await call(...sets)).text, /^TITLE +CONTENT +SUBMITTED +SOURCE +SUBMISSION SET\n.*2\.25\.900\.6\.1\n$/)
  t.match(JSON.parse((await call(...sets, '--json')).text), [{ uniqueId: '2.25.900.6.1', sourceId: '2.25.900.7' }])
  t.match((await call(...sets, '--return', 'ObjectRef')).text, /^ENTRY\nSubmissionSet01\n/)
  t.match((await call(...sets, '--raw')).text, /<rim:RegistryPackage /)
  const empty = await withAnswer(t, [])
  t.match((await empty.call(...sets)).text, '登録単位はありません')
  t.match((await empty.call('--query', 'GetAll', '--patient', 'P1')).text, '該当するものはありません')
})

t.test(
  'neighbours are asked at the Initiating Gateway, and whose an object is is shown (ITI TF-2 3.18.4.1.3)',
  async (t) => {
    const { sent, call } = await withAnswer(t, objects)
    const all = await call('--patient', 'P1', '--neighbours')
    t.match(all.text, /^COMMUNITY +TITLE .*\n2\.25\.42 +/)
    t.equal(sent.at(-1)?.path, '/xca/initiating')
    t.notMatch(sent.at(-1)?.body, ' home=')
    for (const home of ['2.25.42', 'urn:oid:2.25.42']) {
      t.equal((await call('--unique-id', '2.25.17', '--home', home)).code, 0)
      t.match(sent.at(-1), { path: '/xca/initiating', body: / home="urn:oid:2\.25\.42"/ })
    }
    const own = await call('--patient', 'P1')
    t.notMatch(own.text, 'COMMUNITY')
    t.equal(sent.at(-1)?.path, '/xds/registry')
    t.equal((await call('--unique-id', '2.25.17', '--home', 'east')).code, 2)
    t.equal((await call('--query', 'FindFoldersForMultiplePatients', '--neighbours')).code, 2)
  },
)

t.test('queries about many patients go out as ITI-51', async (t) => {
  const { asked, call } = await withAnswer(t, objects, iti51)
  const { code, err } = await call(
    '--query',
    'FindFoldersForMultiplePatients',
    '--param',
    'XDSFolderCodeList=pathway^^2.25.7',
  )
  t.equal(code, 0, err)
  t.match(asked, [{ kind: 'FindFoldersForMultiplePatients', codes: [['pathway^^2.25.7']], status: [STATUS_APPROVED] }])
})

t.test('what cannot be asked is said before anything is sent', async (t) => {
  const { asked, call } = await withAnswer(t, [])
  const unknown = await call('--query', 'FindEverything')
  t.equal(unknown.code, 2)
  t.match(unknown.err, 'GetFolderAndContents')
  t.equal((await call('--query', 'GetFolders', '--patient', 'P1')).code, 2)
  t.equal((await call('--query', 'FindFolders', '--uuid', 'urn:uuid:1')).code, 2)
  t.equal((await call()).code, 2)
  t.same(asked, [])
})
