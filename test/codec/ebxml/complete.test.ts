// Content beside that of the schema is refused: it would be answered for with Success and be nowhere (ITI TF-2 3.42.4.1.3; ebRIM 3.0).

import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import { getDocuments } from '../../../profiles/queries/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import { readQueryRequest } from '../../../src/codec/ebxml/query-request.ts'
import { readRemoveObjects } from '../../../src/codec/ebxml/remove.ts'
import { readRetrieveRequest } from '../../../src/codec/ebxml/retrieve.ts'
import { readProvideAndRegister, readSubmitObjects } from '../../../src/codec/ebxml/submit.ts'
import { readXml, type XmlElement } from '../../../src/codec/xml/read.ts'

const declared = Object.entries({ rim: NS.rim, lcm: NS.lcm, query: NS.query, xds: NS.xds, rmd: NS.rmd, x: 'urn:x' })
  .map(([prefix, ns]) => ` xmlns:${prefix}="${ns}"`)
  .join('')
const parse = (xml: string): XmlElement => readXml(Buffer.from(xml.replace('>', `${declared}>`)))

const association = (slot = '', text = ''): string =>
  `<rim:Association associationType="t" sourceObject="s" targetObject="o">${slot}${text}</rim:Association>`
const slot = (content: string): string => `<rim:Slot name="n">${content}</rim:Slot>`
const list = (content: string): string => `<rim:ValueList>${content}</rim:ValueList>`
const objects = (content: string): string => `<rim:RegistryObjectList>${content}</rim:RegistryObjectList>`
const submit = (content: string): string => `<lcm:SubmitObjectsRequest>${content}</lcm:SubmitObjectsRequest>`
const provide = (content: string): string =>
  `<xds:ProvideAndRegisterDocumentSetRequest>${content}</xds:ProvideAndRegisterDocumentSetRequest>`
const remove = (content: string): string => `<lcm:RemoveObjectsRequest>${content}</lcm:RemoveObjectsRequest>`
const references = (content: string): string => `<rim:ObjectRefList>${content}</rim:ObjectRefList>`
const retrieve = (content: string): string => `<rmd:RemoveDocumentsRequest>${content}</rmd:RemoveDocumentsRequest>`
const request = (id: string, ns = 'xds'): string =>
  `<${ns}:DocumentRequest><xds:RepositoryUniqueId>2.25.1</xds:RepositoryUniqueId><${ns}:DocumentUniqueId>${id}</${ns}:DocumentUniqueId></${ns}:DocumentRequest>`
const option = '<query:ResponseOption returnComposedObjects="true" returnType="LeafClass"/>'
const adhoc = (values: string): string =>
  `<rim:AdhocQuery id="${getDocuments.id}"><rim:Slot name="$XDSDocumentEntryUniqueId">${values}</rim:Slot></rim:AdhocQuery>`
const ask = (content: string): string => `<query:AdhocQueryRequest>${content}</query:AdhocQueryRequest>`

const ONE = "<rim:Value>('2.25.1')</rim:Value>"
type Case = readonly [read: (root: XmlElement) => unknown, xml: string]
const submitted = (content: string): Case => [readSubmitObjects, submit(objects(association(content)))]

const REFUSED: Readonly<Record<string, Case>> = {
  'a second list of objects': [readSubmitObjects, submit(objects('') + objects(association()))],
  'a second submission beside documents': [readProvideAndRegister, provide(submit(objects('')) + submit(objects('')))],
  'values in a second list': submitted(slot(list('<rim:Value>1</rim:Value>') + list('<rim:Value>2</rim:Value>'))),
  'a value of another namespace': submitted(slot(list('<rim:Value>1</rim:Value><x:Value>2</x:Value>'))),
  'a value beside its element': submitted(slot(list('1'))),
  'a value inside a further element': submitted(slot(list('<rim:Value>1<x:b>2</x:b></rim:Value>'))),
  'a text of another namespace': submitted('<rim:Name><x:LocalizedString value="1"/></rim:Name>'),
  'a second list of references': [
    readRemoveObjects,
    remove(references('<rim:ObjectRef id="1"/>') + references('<rim:ObjectRef id="2"/>')),
  ],
  'a reference of another namespace': [
    readRemoveObjects,
    remove(references('<rim:ObjectRef id="1"/><x:ObjectRef id="2"/>')),
  ],
  'a document of another namespace': [readRetrieveRequest, retrieve(request('2.25.2') + request('2.25.3', 'x'))],
  'an id of another namespace': [
    readRetrieveRequest,
    retrieve(request('2.25.2').replace('<xds:Rep', '<x:HomeCommunityId>urn:oid:1.2</x:HomeCommunityId><xds:Rep')),
  ],
  'an id inside a further element': [readRetrieveRequest, retrieve(request('2.25.<x:b>2</x:b>3'))],
  'a second query': [readQueryRequest, ask(option + adhoc(list(ONE)) + adhoc(list(ONE)))],
  'a second option': [readQueryRequest, ask(option + option + adhoc(list(ONE)))],
  'a parameter in two lists': [readQueryRequest, ask(option + adhoc(list(ONE) + list(ONE)))],
  'a parameter of another namespace': [
    readQueryRequest,
    ask(option + adhoc(list(`${ONE}<x:Value>('2.25.2')</x:Value>`))),
  ],
}

const TAKEN: Readonly<Record<string, Case>> = {
  'a submission': submitted(
    `${slot(list('\n<rim:Value>1</rim:Value>\n'))}<rim:Name><rim:LocalizedString value="1"/></rim:Name>`,
  ),
  'a slot without values': submitted(slot('') + slot(list(''))),
  'a list of references': [readRemoveObjects, remove(references('<rim:ObjectRef id="1"/>'))],
  'two documents': [readRetrieveRequest, retrieve(request('2.25.2') + request('2.25.3'))],
  'a query': [readQueryRequest, ask(option + adhoc(list(ONE)))],
}

t.test('what would be passed over is refused', async (t) => {
  for (const [name, [read, xml]] of Object.entries(REFUSED))
    t.throws(() => read(parse(xml)), { message: iheError('BODY_INVALID').message }, name)
})

t.test('and taken as it is without it', async (t) => {
  for (const [name, [read, xml]] of Object.entries(TAKEN)) t.doesNotThrow(() => read(parse(xml)), name)
})
