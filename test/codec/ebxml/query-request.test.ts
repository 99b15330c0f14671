// Stored query requests: which parameter may come how often, what each absence means (ITI TF-2 3.18.4.1.2, 3.18.4.1.3).

import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import { readQueryRequest, writeFindDocuments, writeGetDocuments } from '../../../src/codec/ebxml/query-request.ts'
import { readXml } from '../../../src/codec/xml/read.ts'
import { type Oid, parseOid } from '../../../src/model/identifiers.ts'
import { OBJECT_ON_DEMAND, OBJECT_STABLE, STATUS_APPROVED, STATUS_DEPRECATED } from '../../../src/model/xds.ts'
import { growthOf, LINEAR_AT_MOST } from '../../processor-time.ts'
import { ANY_APPROVED } from '../../registry/criteria.ts'

const FIND = 'urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d'
const GET = 'urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4'
type Slots = readonly (readonly [name: string, ...values: string[]])[]

function ask(id: string, slots: Slots, returnType = 'LeafClass') {
  const written = slots.map(
    ([name, ...values]) =>
      `<r:Slot name="${name}"><r:ValueList>${values.map((value) => `<r:Value>${value.replaceAll('&', '&amp;')}</r:Value>`).join('')}</r:ValueList></r:Slot>`,
  )
  return readQueryRequest(
    readXml(
      Buffer.from(
        `<q:AdhocQueryRequest xmlns:q="${NS.query}" xmlns:r="${NS.rim}"><q:ResponseOption returnComposedObjects="true" returnType="${returnType}"/><r:AdhocQuery id="${id}">${written.join('')}</r:AdhocQuery></q:AdhocQueryRequest>`,
      ),
    ),
  )
}

const patient = ['$XDSDocumentEntryPatientId', "'P1^^^&2.25.1&ISO'"] as const
const status = ['$XDSDocumentEntryStatus', `('${STATUS_APPROVED}')`] as const
const find = (...more: Slots) => ask(FIND, [patient, status, ...more])
const refusal = (code: string) => ({ message: iheError(code).message })

t.test('absent parameters restrict nothing, and Type means Stable', async (t) => {
  t.strictSame(find(), {
    kind: 'FindDocuments',
    returnType: 'LeafClass',
    metadataLevel: 1,
    patientId: { value: 'P1', authority: '2.25.1' },
    ...ANY_APPROVED,
  })
})

t.test('several Values are OR, a repeated slot is AND where the table allows it', async (t) => {
  t.match(
    find(
      ['$XDSDocumentEntryEventCodeList', "('a^^1')", "('b^^1','c^^1')"],
      ['$XDSDocumentEntryEventCodeList', "('d^^1')"],
    ),
    {
      codes: { eventCodeList: [['a^^1', 'b^^1', 'c^^1'], ['d^^1']] },
    },
  )
  t.match(
    find(['$XDSDocumentEntryConfidentialityCode', "('N^^1')"], ['$XDSDocumentEntryConfidentialityCode', "('R^^1')"]),
    {
      codes: { confidentialityCode: [['N^^1'], ['R^^1']] },
    },
  )
  for (const name of ['ClassCode', 'TypeCode', 'PracticeSettingCode', 'HealthcareFacilityTypeCode', 'FormatCode'])
    t.throws(
      () => find([`$XDSDocumentEntry${name}`, "('a^^1')"], [`$XDSDocumentEntry${name}`, "('b^^1')"]),
      refusal('QUERY_PARAMETER_NUMBER'),
      name,
    )
  t.throws(() => find(patient), refusal('QUERY_PARAMETER_NUMBER'))
})

t.test('single values given twice, required ones missing', async (t) => {
  t.throws(() => find(['$XDSDocumentEntryCreationTimeFrom', '2004', '2005']), refusal('QUERY_PARAMETER_NUMBER'))
  t.throws(() => ask(FIND, [status]), refusal('QUERY_PARAMETER_MISSING'))
  t.throws(() => ask(FIND, [patient]), refusal('QUERY_PARAMETER_MISSING'))
  t.throws(() => ask(FIND, [patient, ['$XDSDocumentEntryStatus']]), refusal('QUERY_PARAMETER_MISSING'))
  t.throws(() => ask(FIND, [patient, ['$XDSDocumentEntryStatus', "('nonsense')"]]), refusal('QUERY_PARAMETER_MISSING'))
  t.throws(() => ask(FIND, [['$XDSDocumentEntryPatientId', "'P1'"], status]), refusal('QUERY_PARAMETER_VALUE'))
})

t.test('known statuses stay when unknown ones stand beside them', async (t) => {
  t.match(ask(FIND, [patient, ['$XDSDocumentEntryStatus', `('x','${STATUS_DEPRECATED}')`]]), {
    status: [STATUS_DEPRECATED],
  })
})

t.test('parameters that the query does not know are ignored', async (t) => {
  t.ok(find(['$XDSFolderStatus', 'anything'], ['$XDSDocumentEntryLogicalID', '('], ['plain', '(']))
})

t.test('Type may name both kinds', async (t) => {
  t.match(find(['$XDSDocumentEntryType', `('${OBJECT_STABLE}','${OBJECT_ON_DEMAND}')`]), {
    objectTypes: [OBJECT_STABLE, OBJECT_ON_DEMAND],
  })
})

t.test('GetDocuments takes exactly one of the two', async (t) => {
  const uuid = ['$XDSDocumentEntryEntryUUID', "('urn:uuid:1')"] as const
  const unique = ['$XDSDocumentEntryUniqueId', "('2.25.1','2.25.2')"] as const
  t.match(ask(GET, [uuid]), { kind: 'GetDocuments', by: 'entryUUID', values: ['urn:uuid:1'] })
  t.match(ask(GET, [unique], 'ObjectRef'), { by: 'uniqueId', values: ['2.25.1', '2.25.2'], returnType: 'ObjectRef' })
  t.throws(() => ask(GET, [uuid, unique]), refusal('QUERY_PARAMETER_NUMBER'))
  t.throws(() => ask(GET, []), refusal('QUERY_PARAMETER_MISSING'))
})

t.test('the values of a parameter are bounded over all its Value elements', async (t) => {
  const many = Array.from({ length: 1001 }, (_, index) => `('${index}^^s')`)
  t.throws(() => ask(GET, [['$XDSDocumentEntryUniqueId', ...many]]), refusal('QUERY_VALUES_LIMIT'))
  const slots = many.map((value) => ['$XDSDocumentEntryEventCodeList', value] as const)
  t.throws(() => find(...slots), refusal('QUERY_VALUES_LIMIT'), 'over all slots of it too')
  const list = (length: number) => `(${Array.from({ length }, (_, index) => `'urn:uuid:${index}'`).join(',')})`
  const entries = (value: string) => ask(GET, [['$XDSDocumentEntryEntryUUID', value]])
  t.throws(() => entries(list(10_000)), refusal('QUERY_VALUES_LIMIT'))
  t.ok((await growthOf(list, entries, 10_000)) < LINEAR_AT_MOST)
})

t.test('unknown queries and return types', async (t) => {
  t.throws(() => ask('urn:uuid:00000000-0000-0000-0000-000000000000', []), refusal('UNKNOWN_QUERY'))
  t.throws(() => ask(FIND.slice(9), [patient, status]), refusal('UNKNOWN_QUERY'))
  for (const type of ['RegistryObject', 'RepositoryItem', 'LeafClassWithRepositoryItem', 'leafclass', ''])
    t.throws(() => ask(FIND, [patient, status], type), refusal('QUERY_RETURN_TYPE'), type)
})

t.test('what our client writes is what we read', async (t) => {
  const authority = parseOid('2.25.1') as Oid
  const written = writeFindDocuments({ patientId: { value: "O'Hara & 髙", authority }, returnType: 'ObjectRef' })
  t.match(readQueryRequest(readXml(Buffer.from(written))), {
    patientId: { value: "O'Hara & 髙" },
    returnType: 'ObjectRef',
  })
  const get = writeGetDocuments({ by: 'uniqueId', values: ["a'b", 'c,d', 'e)'], returnType: 'LeafClass' })
  t.match(readQueryRequest(readXml(Buffer.from(get))), { values: ["a'b", 'c,d', 'e)'] })
})
