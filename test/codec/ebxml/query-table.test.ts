// Every stored query against the tables of the standard: ids, parameters, multiplicity (ITI TF-2 3.18.4.1.2.3.7, 3.51.4.1.2).

import t from 'tap'
import { iheError } from '../../../profiles/errors/index.ts'
import { type StoredQueryName, storedQueries } from '../../../profiles/queries/index.ts'
import { NS } from '../../../profiles/transactions/define.ts'
import { readQueryRequest } from '../../../src/codec/ebxml/query-request.ts'
import { readXml } from '../../../src/codec/xml/read.ts'
import type { StoredQuery } from '../../../src/model/stored-query.ts'
import { HAS_MEMBER, OBJECT_STABLE, STATUS_APPROVED, STATUS_DEPRECATED } from '../../../src/model/xds.ts'

type Slots = readonly (readonly [name: string, ...values: string[]])[]
type Kind = 'pid' | 'pids' | 'status' | 'strings' | 'string' | 'codes' | 'codes*' | 'time' | 'likes' | 'like' | 'likes*'

/** A good value of each kind; those with * may be repeated. */
const GOOD: Readonly<Record<Kind, string>> = {
  pid: "'P1^^^&amp;2.25.1&amp;ISO'",
  pids: "( ' P1^^^&amp;2.25.1&amp;ISO' ,\n 'P2^^^&amp;2.25.1&amp;ISO')",
  status: `('${STATUS_APPROVED}')`,
  strings: "('a','b')",
  string: "'a'",
  codes: "('a^^s','b^^s')",
  'codes*': "('a^^s','b^^s')",
  time: '2004',
  likes: "('%a_')",
  like: "'%a_'",
  'likes*': "('a','b%')",
}
const isList = (kind: Kind): boolean => !['pid', 'string', 'time', 'like'].includes(kind)

interface Row {
  readonly id: string
  readonly in?: 'ITI-51'
  readonly required: Readonly<Record<string, Kind>>
  readonly optional?: Readonly<Record<string, Kind>>
  readonly oneOf?: Readonly<Record<string, Kind>>
  readonly anyOf?: readonly string[]
}

const E = '$XDSDocumentEntry'
const criteria: Readonly<Record<string, Kind>> = {
  [`${E}ClassCode`]: 'codes',
  [`${E}TypeCode`]: 'codes',
  [`${E}PracticeSettingCode`]: 'codes',
  [`${E}HealthcareFacilityTypeCode`]: 'codes',
  [`${E}FormatCode`]: 'codes',
  [`${E}EventCodeList`]: 'codes*',
  [`${E}ConfidentialityCode`]: 'codes*',
  [`${E}CreationTimeFrom`]: 'time',
  [`${E}CreationTimeTo`]: 'time',
  [`${E}ServiceStartTimeFrom`]: 'time',
  [`${E}ServiceStartTimeTo`]: 'time',
  [`${E}ServiceStopTimeFrom`]: 'time',
  [`${E}ServiceStopTimeTo`]: 'time',
  [`${E}AuthorPerson`]: 'likes',
  [`${E}Type`]: 'strings',
}
const contents: Readonly<Record<string, Kind>> = {
  [`${E}FormatCode`]: 'codes',
  [`${E}ConfidentialityCode`]: 'codes*',
  [`${E}Type`]: 'strings',
}
const folderCriteria: Readonly<Record<string, Kind>> = {
  $XDSFolderLastUpdateTimeFrom: 'time',
  $XDSFolderLastUpdateTimeTo: 'time',
  $XDSFolderCodeList: 'codes*',
}
const entries = (kind: Kind) => ({ [`${E}EntryUUID`]: kind, [`${E}UniqueId`]: kind })

const TABLE: Readonly<Record<StoredQueryName, Row>> = {
  FindDocuments: {
    id: '14d4debf-8f97-4251-9a74-a90016b0af0d',
    required: { [`${E}PatientId`]: 'pid', [`${E}Status`]: 'status' },
    optional: criteria,
  },
  FindDocumentsByReferenceId: {
    id: '12941a89-e02e-4be5-967c-ce4bfc8fe492',
    required: { [`${E}PatientId`]: 'pid', [`${E}Status`]: 'status', [`${E}ReferenceIdList`]: 'likes*' },
    optional: criteria,
  },
  FindSubmissionSets: {
    id: 'f26abbcb-ac74-4422-8a30-edb644bbc1a9',
    required: { $XDSSubmissionSetPatientId: 'pid', $XDSSubmissionSetStatus: 'status' },
    optional: {
      $XDSSubmissionSetSourceId: 'strings',
      $XDSSubmissionSetSubmissionTimeFrom: 'time',
      $XDSSubmissionSetSubmissionTimeTo: 'time',
      $XDSSubmissionSetAuthorPerson: 'like',
      $XDSSubmissionSetContentType: 'codes',
    },
  },
  FindFolders: {
    id: '958f3006-baad-4929-a4de-ff1114824431',
    required: { $XDSFolderPatientId: 'pid', $XDSFolderStatus: 'status' },
    optional: folderCriteria,
  },
  GetAll: {
    id: '10b545ea-725c-446d-9b95-8aeb444eddf3',
    required: {
      $patientId: 'pid',
      [`${E}Status`]: 'status',
      $XDSSubmissionSetStatus: 'status',
      $XDSFolderStatus: 'status',
    },
    optional: contents,
  },
  GetDocuments: { id: '5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4', required: {}, oneOf: entries('strings') },
  GetFolders: {
    id: '5737b14c-8a1a-4539-b659-e03a34a5e1e4',
    required: {},
    oneOf: { $XDSFolderEntryUUID: 'strings', $XDSFolderUniqueId: 'strings' },
  },
  GetAssociations: { id: 'a7ae438b-4bc2-4642-93e9-be891f7bb155', required: { $uuid: 'strings' } },
  GetDocumentsAndAssociations: {
    id: 'bab9529a-4a10-40b3-a01f-f68a615d247a',
    required: {},
    oneOf: entries('strings'),
  },
  GetSubmissionSets: { id: '51224314-5390-4169-9b91-b1980040715a', required: { $uuid: 'strings' } },
  GetSubmissionSetAndContents: {
    id: 'e8e3cb2c-e39c-46b9-99e4-c12f57260b83',
    required: {},
    oneOf: { $XDSSubmissionSetEntryUUID: 'string', $XDSSubmissionSetUniqueId: 'string' },
    optional: contents,
  },
  GetFolderAndContents: {
    id: 'b909a503-523d-4517-8acf-8e5834dfc4c7',
    required: {},
    oneOf: { $XDSFolderEntryUUID: 'string', $XDSFolderUniqueId: 'string' },
    optional: contents,
  },
  GetFoldersForDocument: { id: '10cae35a-c7f9-4cf5-b61e-fc3278ffb578', required: {}, oneOf: entries('string') },
  GetRelatedDocuments: {
    id: 'd90e5407-b356-4d91-a89f-873917b4b0e6',
    required: { $AssociationTypes: 'strings' },
    oneOf: entries('string'),
    optional: { [`${E}Type`]: 'strings' },
  },
  FindDocumentsForMultiplePatients: {
    id: '3d1bdb10-39a2-11de-89c2-2f44d94eaa9f',
    in: 'ITI-51',
    required: { [`${E}Status`]: 'status' },
    optional: { [`${E}PatientId`]: 'pids', ...criteria },
    anyOf: [`${E}PatientId`, `${E}ClassCode`, `${E}EventCodeList`, `${E}HealthcareFacilityTypeCode`],
  },
  FindDocumentsByReferenceIdForMultiplePatients: {
    id: '1191642d-86c4-42d8-b784-f95445f9f0d5',
    in: 'ITI-51',
    required: { [`${E}Status`]: 'status', [`${E}ReferenceIdList`]: 'likes*' },
    optional: { [`${E}PatientId`]: 'pids', ...criteria },
    anyOf: [`${E}PatientId`, `${E}ClassCode`, `${E}EventCodeList`, `${E}HealthcareFacilityTypeCode`],
  },
  FindFoldersForMultiplePatients: {
    id: '50d3f5ac-39a2-11de-a1ca-b366239e58df',
    in: 'ITI-51',
    required: { $XDSFolderStatus: 'status' },
    optional: { $XDSFolderPatientId: 'pids', ...folderCriteria },
    anyOf: ['$XDSFolderPatientId', '$XDSFolderCodeList'],
  },
}

function ask(row: Row, slots: Slots, transaction: 'ITI-18' | 'ITI-51' = row.in ?? 'ITI-18'): StoredQuery {
  const written = slots.map(
    ([name, ...values]) =>
      `<r:Slot name="${name}"><r:ValueList>${values.map((value) => `<r:Value>${value}</r:Value>`).join('')}</r:ValueList></r:Slot>`,
  )
  const xml = `<q:AdhocQueryRequest xmlns:q="${NS.query}" xmlns:r="${NS.rim}"><q:ResponseOption returnComposedObjects="true" returnType="LeafClass"/><r:AdhocQuery id="urn:uuid:${row.id}" home="urn:oid:2.25.5">${written.join('')}</r:AdhocQuery></q:AdhocQueryRequest>`
  return readQueryRequest(readXml(Buffer.from(xml)), transaction)
}

const slotsOf = (parameters: Readonly<Record<string, Kind>> = {}): Slots =>
  Object.entries(parameters).map(([name, kind]) => [name, GOOD[kind]])

/** What must be there, and one of what is a choice. */
function least(row: Row): Slots {
  const any = Object.entries(row.optional ?? {}).filter(([name]) => name === row.anyOf?.[0])
  return [...slotsOf(row.required), ...slotsOf(row.oneOf).slice(0, 1), ...slotsOf(Object.fromEntries(any))]
}
const without = (slots: Slots, name: string): Slots => slots.filter(([given]) => given !== name)
const refusal = (code: string) => ({ message: iheError(code).message })
const MISSING = refusal('QUERY_PARAMETER_MISSING')
const NUMBER = refusal('QUERY_PARAMETER_NUMBER')
const VALUE = refusal('QUERY_PARAMETER_VALUE')

t.test('every query of the table is there, and no other', async (t) => {
  t.same(
    Object.fromEntries(storedQueries.map((row) => [row.name, [row.id, row.transaction]])),
    Object.fromEntries(Object.entries(TABLE).map(([name, row]) => [name, [`urn:uuid:${row.id}`, row.in ?? 'ITI-18']])),
  )
})

for (const [name, row] of Object.entries(TABLE))
  t.test(`${name}: what the table asks and allows`, async (t) => {
    t.ok(ask(row, least(row)), 'the least')
    t.ok(ask(row, [...without(least(row), row.anyOf?.[0] ?? ''), ...slotsOf(row.optional)]), 'with everything')
    t.throws(() => ask(row, least(row), row.in === undefined ? 'ITI-51' : 'ITI-18'), refusal('UNKNOWN_QUERY'))
    for (const required of Object.keys(row.required))
      t.throws(() => ask(row, without(least(row), required)), MISSING, required)
    if (row.oneOf !== undefined) {
      const [first, second] = slotsOf(row.oneOf)
      if (first === undefined || second === undefined) throw new Error('a pair')
      t.ok(ask(row, [...without(least(row), first[0]), second]), second[0])
      t.throws(() => ask(row, without(least(row), first[0])), MISSING, 'neither')
      t.throws(() => ask(row, [...least(row), second]), NUMBER, 'both')
    }
    for (const alternative of row.anyOf ?? []) {
      const bare = without(least(row), row.anyOf?.[0] ?? '')
      t.ok(ask(row, [...bare, ...slotsOf(row.optional).filter(([given]) => given === alternative)]), alternative)
    }
    const all = { ...row.required, ...row.oneOf, ...row.optional }
    for (const [parameter, kind] of Object.entries(all)) {
      const choice = row.oneOf !== undefined && parameter in row.oneOf ? (Object.keys(row.oneOf)[0] ?? '') : ''
      const others = without(without(least(row), parameter), choice)
      const repeated = () => ask(row, [...others, [parameter, GOOD[kind]], [parameter, GOOD[kind]]])
      if (kind.endsWith('*')) t.ok(repeated(), `${parameter} twice means AND`)
      else t.throws(repeated, NUMBER, `${parameter} twice`)
      const two = () => ask(row, [...others, [parameter, GOOD[kind], GOOD[kind]]])
      if (isList(kind)) t.ok(two(), `${parameter} in two Values means OR`)
      else t.throws(two, NUMBER, `${parameter} in two Values`)
      const listed = () => ask(row, [...others, [parameter, "('a','b')"]])
      if (!isList(kind)) t.throws(listed, NUMBER, `${parameter} as a list`)
      if (isList(kind))
        t.throws(() => ask(row, [...others, [parameter, "'a'"]]), VALUE, `${parameter} without parentheses`)
      if (!kind.startsWith('codes')) continue
      for (const bare of ["('a')", "('a^^')", "('a^^s','b')"])
        t.throws(() => ask(row, [...others, [parameter, bare]]), VALUE, `${parameter} ${bare}`)
      t.throws(() => ask(row, [...others, [parameter, GOOD[kind]], [`${parameter}Scheme`, "('s')"]]), VALUE)
      t.throws(() => ask(row, [...least(row), [`${parameter}Scheme`, "('s')"]]), VALUE, 'a scheme of its own')
    }
    t.ok(ask(row, [...least(row), ['$Unknown', '('], ['plain', "'"]]), 'unknown parameters are ignored')
  })

t.test(
  'one of the selective parameters is required of many patients, or a whole reference id (3.51.4.1.2)',
  async (t) => {
    for (const name of ['FindDocumentsForMultiplePatients', 'FindFoldersForMultiplePatients'] as const) {
      const row = TABLE[name]
      t.throws(() => ask(row, slotsOf(row.required)), MISSING, name)
    }
    const row = TABLE.FindDocumentsByReferenceIdForMultiplePatients
    const status = [`${E}Status`, GOOD.status] as const
    t.ok(ask(row, [status, [`${E}ReferenceIdList`, "('a')"], [`${E}ReferenceIdList`, "('b%')"]]))
    t.throws(() => ask(row, [status, [`${E}ReferenceIdList`, "('a','b%')"]]), MISSING)
  },
)

t.test('$MetadataLevel is 1 when absent; logicalIDs belong to level 2 (Metadata Update)', async (t) => {
  const row = TABLE.GetDocuments
  const logical = [`${E}LogicalID`, "('urn:uuid:1')"] as const
  const uuid = [`${E}EntryUUID`, "('urn:uuid:1')"] as const
  t.match(ask(row, [uuid]), { metadataLevel: 1 })
  t.match(ask(row, [uuid, ['$MetadataLevel', '1']]), { metadataLevel: 1 })
  t.match(ask(row, [uuid, ['$MetadataLevel', '2']]), { metadataLevel: 2 })
  for (const value of ['two', "'x'", '3', '0', '1.0', "('1')", '', '-1'])
    t.throws(() => ask(row, [uuid, ['$MetadataLevel', value]]), VALUE, value)
  t.throws(() => ask(row, [uuid, ['$MetadataLevel', "('1','2')"]]), NUMBER)
  t.match(ask(row, [logical, ['$MetadataLevel', '2']]), { by: 'logicalID', values: ['urn:uuid:1'] })
  t.throws(() => ask(row, [logical]), refusal('QUERY_LOGICAL_ID'))
  t.throws(() => ask(row, [logical, ['$MetadataLevel', '1']]), refusal('QUERY_LOGICAL_ID'))
  t.throws(() => ask(row, [logical, uuid, ['$MetadataLevel', '2']]), NUMBER)
  t.match(
    ask(TABLE.GetFolders, [
      ['$XDSFolderLogicalID', "('urn:uuid:1')"],
      ['$MetadataLevel', '2'],
    ]),
    { by: 'logicalID' },
  )
})

t.test('associations are Approved ones unless others are asked for', async (t) => {
  const row = TABLE.GetAssociations
  const uuid = ['$uuid', "('urn:uuid:1')"] as const
  t.match(ask(row, [uuid]), { associationStatus: [STATUS_APPROVED] })
  t.match(ask(row, [uuid, ['$XDSAssociationStatus', `('${STATUS_DEPRECATED}')`]]), {
    associationStatus: [STATUS_DEPRECATED],
  })
  t.match(ask(row, [uuid, ['$XDSAssociationStatus', "('odd')"]]), { associationStatus: [STATUS_APPROVED] })
})

t.test(
  'patients in a list keep no white space around their ids; types, statuses and patterns as they came',
  async (t) => {
    const patients = [`${E}PatientId`, GOOD.pids] as const
    const status = [`${E}Status`, `('${STATUS_APPROVED}','odd')`] as const
    t.match(ask(TABLE.FindDocumentsForMultiplePatients, [patients, status]), {
      patientIds: [{ value: 'P1' }, { value: 'P2' }],
      status: [STATUS_APPROVED],
      objectTypes: [OBJECT_STABLE],
    })
    t.throws(() => ask(TABLE.FindDocumentsForMultiplePatients, [[`${E}PatientId`, "('P1')"], status]), VALUE)
    t.match(
      ask(TABLE.GetRelatedDocuments, [
        [`${E}UniqueId`, "'1'"],
        ['$AssociationTypes', `('${HAS_MEMBER}',' x')`],
      ]),
      {
        values: ['1'],
        associationTypes: [HAS_MEMBER, ' x'],
        objectTypes: [OBJECT_STABLE],
      },
    )
  },
)
