// Requests of removal as they travel (IHE ITI supplement RMD, 3.62.4.1.2, 3.86.4.1.2).

import t from 'tap'
import { readRemoveObjects, writeRemoveDocuments, writeRemoveObjects } from '../../../src/codec/ebxml/remove.ts'
import { readRetrieveRequest } from '../../../src/codec/ebxml/retrieve.ts'
import { readXml } from '../../../src/codec/xml/read.ts'
import { IheError } from '../../../src/model/error.ts'

const parse = (xml: string) => readXml(Buffer.from(xml))
const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `urn:uuid:${index}`)

t.test('a list of objects is read as it was written; no list and an empty one are none', async (t) => {
  t.strictSame(readRemoveObjects(parse(writeRemoveObjects(ids(3)))), ids(3))
  t.strictSame(readRemoveObjects(parse(writeRemoveObjects([]))), [])
  const bare = '<l:RemoveObjectsRequest xmlns:l="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"/>'
  t.strictSame(readRemoveObjects(parse(bare)), [])
})

t.test('more objects than one transaction should hold are refused, with their number', async (t) => {
  t.equal(readRemoveObjects(parse(writeRemoveObjects(ids(5000)))).length, 5000)
  const refusal = await Promise.resolve()
    .then(() => readRemoveObjects(parse(writeRemoveObjects(ids(5001)))))
    .catch((error: unknown) => error)
  t.match(refusal instanceof IheError ? refusal : undefined, { row: { code: 'BODY_INVALID' }, value: '5001' })
})

t.test('documents are named as in ITI-43, inside an element of the supplement', async (t) => {
  const requests = [
    { repositoryUniqueId: '2.25.1', documentUniqueId: '2.25.2^a&b' },
    { homeCommunityId: 'urn:oid:2.25.3', repositoryUniqueId: '2.25.1', documentUniqueId: '2.25.4' },
  ]
  const root = parse(writeRemoveDocuments(requests))
  t.match(root, { ns: 'urn:ihe:iti:rmd:2017', name: 'RemoveDocumentsRequest' })
  t.strictSame(readRetrieveRequest(root), requests)
})
