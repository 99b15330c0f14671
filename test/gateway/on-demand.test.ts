// On-Demand documents of other communities pass an Initiating Gateway as they are: asked for, found, made anew at each retrieval (ITI TF-2 3.18.4.1.2.3.6.2, 3.39.4.1.3, 3.43.4.2.2).

import { createHash } from 'node:crypto'
import t from 'tap'
import { documentEntryObject } from '../../profiles/metadata/write.ts'
import { iti38 } from '../../profiles/transactions/index.ts'
import { rewriteQuery } from '../../src/codec/ebxml/cross-query.ts'
import { writeFindDocuments } from '../../src/codec/ebxml/query-request.ts'
import { readQueryResponse, writeQueryResponse } from '../../src/codec/ebxml/query-response.ts'
import { renderFragment } from '../../src/codec/ebxml/registry-object.ts'
import { readRetrieveResponse, writeRetrieveResponse } from '../../src/codec/ebxml/retrieve.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import type { Markup } from '../../src/codec/xml/write.ts'
import type { Incoming } from '../../src/http/binding.ts'
import { iti43Codec } from '../../src/http/transactions/repository.ts'
import type { Oid, PatientId } from '../../src/model/identifiers.ts'
import { OBJECT_ON_DEMAND, OBJECT_STABLE, STATUS_APPROVED } from '../../src/model/xds.ts'
import { entry } from '../registry/submission.ts'
import { schemaFaults } from '../scenarios/validate.ts'
import { askNeighbour, fetchFromNeighbour, OUR_HOME } from './one-neighbour.ts'

const HOME = 'urn:oid:2.25.9302'
const THERE: PatientId = { value: 'E-9', authority: '2.25.9303' as Oid }
const OURS: PatientId = { value: '0000012345', authority: '2.25.9304' as Oid }
const VERDICT = { result: 'success', errors: [], journalId: 'j' } as const
const ON_DEMAND = { homeCommunityId: HOME, repositoryUniqueId: '2.25.9305', documentUniqueId: '2.25.9306' }

const parsed = (markup: Markup) => readXml(Buffer.from(markup))

t.test('the type of entry that is asked for reaches the community with all else', async (t) => {
  const both = `('${OBJECT_STABLE}','${OBJECT_ON_DEMAND}')`
  const slots = [{ name: '$XDSDocumentEntryType', values: [both] }]
  const request = parsed(writeFindDocuments({ patientId: OURS, returnType: 'LeafClass', slots }))
  const sent = rewriteQuery(request, { patientId: THERE })
  t.match(sent, '$XDSDocumentEntryType')
  t.match(sent, OBJECT_ON_DEMAND)
  t.match(sent, THERE.value)
})

t.test('an On-Demand entry comes back without the size, hash and time that it does not have', async (t) => {
  const { creationTime: _time, hash: _hash, size: _size, ...given } = entry({ objectType: OBJECT_ON_DEMAND })
  const made = { ...given, patientId: THERE, repositoryUniqueId: ON_DEMAND.repositoryUniqueId as Oid }
  const ebrim = renderFragment(documentEntryObject(made))
  const stored = { element: 'ExtrinsicObject', id: made.entryUUID, status: STATUS_APPROVED, ebrim } as const
  const theirs = writeQueryResponse({ returnType: 'LeafClass', objects: [stored], home: HOME }, VERDICT)
  const { answer, result, errors } = await askNeighbour(parsed(theirs), { home: HOME, patientId: THERE })
  t.equal(result, 'success')
  const body = writeQueryResponse({ ...answer, home: OUR_HOME }, { result, errors, journalId: 'j' })
  const [object, ...more] = readQueryResponse(parsed(body)).objects
  t.same(more, [])
  t.match(object, { id: made.entryUUID, objectType: OBJECT_ON_DEMAND, home: HOME })
  const names = object?.slots.map(({ name }) => name) ?? []
  t.same(
    names.filter((name) => ['creationTime', 'hash', 'size'].includes(name)),
    [],
  )
  const envelope = Buffer.from(writeEnvelope({ action: iti38.responseAction, relatesTo: 'urn:uuid:1', body }))
  t.same(schemaFaults([{ name: 'on demand', envelope }]), [])
})

/** What a consumer of ours gets when the community makes this document for it. */
async function retrieved(
  content: string,
  snapshot: { readonly documentUniqueId: string; readonly repositoryUniqueId?: string },
) {
  const bytes = Buffer.from(content)
  const theirs = writeRetrieveResponse(
    [{ request: ON_DEMAND, mimeType: 'text/plain', snapshot, content: { kind: 'inline', bytes } }],
    VERDICT,
  )
  const outcome = await fetchFromNeighbour(parsed(theirs), ON_DEMAND)
  const incoming = { packaging: 'simple' } as Incoming
  const { body } = await iti43Codec.encode(outcome, { incoming, journalId: 'j', request: [ON_DEMAND] })
  return readRetrieveResponse(parsed(body))
}

t.test(
  'each retrieval is a document of its own: the new ids come with it, with and without a new repository',
  async (t) => {
    const first = await retrieved('一回目', { documentUniqueId: '2.25.9311', repositoryUniqueId: '2.25.9310' })
    const second = await retrieved('二回目', { documentUniqueId: '2.25.9312' })
    t.match(first.documents, [
      { request: ON_DEMAND, snapshot: { documentUniqueId: '2.25.9311', repositoryUniqueId: '2.25.9310' } },
    ])
    t.match(second.documents, [{ request: ON_DEMAND, snapshot: { documentUniqueId: '2.25.9312' } }])
    t.notOk(Object.hasOwn(second.documents[0]?.snapshot ?? {}, 'repositoryUniqueId'))
    const hashes = [first, second].map(({ documents: [document] }) =>
      document?.content.kind === 'inline' ? createHash('sha1').update(document.content.bytes).digest('hex') : '',
    )
    t.not(hashes[0], hashes[1])
  },
)
