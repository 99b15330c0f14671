// The XDS attribute table: where each attribute stands in ebRIM, how often, and of which type (ITI TF-3 Tables
// 4.2.3.2-1, 4.2.3.3-1, 4.2.3.4-1).

export type AttributeType =
  | 'Availability'
  | 'Code'
  | 'CodedString'
  | 'CX'
  | 'CXi'
  | 'DTM'
  | 'HomeCommunityId'
  | 'Identifier'
  | 'LanguageTag'
  | 'MediaType'
  | 'NonNegativeInteger'
  | 'OID'
  | 'Recipient'
  | 'Sha1'
  | 'SourceCX'
  | 'SourcePatientInfo'
  | 'String'
  | 'XCN'
  | 'XON'
  | 'XTN'

export type AttributeCoding =
  | { readonly kind: 'slot'; readonly slot: string }
  | { readonly kind: 'classification'; readonly scheme: string }
  | { readonly kind: 'identifier'; readonly scheme: string; readonly label: string }
  | { readonly kind: 'author'; readonly scheme: string }
  | { readonly kind: 'attribute'; readonly attribute: 'home' | 'mimeType' }
  | { readonly kind: 'name' }
  | { readonly kind: 'description' }

export interface Attribute {
  readonly name: string
  readonly coding: AttributeCoding
  readonly type: AttributeType
  /** Values: `one` at most one, `many` any number, `none` must be absent. */
  readonly cardinality: 'none' | 'one' | 'many'
  /** Must the registry find it in ITI-42 (column DR of the table)? */
  readonly required: 'yes' | 'no'
  /** Must an On-Demand DocumentEntry be without it (column OD, ITI-61)? */
  readonly onDemand: 'as stable' | 'forbidden'
  readonly section: string
}

const slot = (name: string): AttributeCoding => ({ kind: 'slot', slot: name })
const classification = (scheme: string): AttributeCoding => ({ kind: 'classification', scheme })
const identifier = (scheme: string, label: string): AttributeCoding => ({ kind: 'identifier', scheme, label })

type Row = readonly [
  name: string,
  coding: AttributeCoding,
  type: AttributeType,
  multiplicity: '1' | '0..1' | '1..n' | '0..n',
  section: string,
]

/** What only the document itself can tell (ITI TF-2 3.61.4.1.2). */
const ABSENT_ON_DEMAND: ReadonlySet<string> = new Set(['creationTime', 'hash', 'size'])

function attribute([name, coding, type, multiplicity, section]: Row): Attribute {
  return {
    name,
    coding,
    type,
    cardinality: multiplicity.endsWith('n') ? 'many' : 'one',
    required: multiplicity.startsWith('1') ? 'yes' : 'no',
    onDemand: ABSENT_ON_DEMAND.has(name) ? 'forbidden' : 'as stable',
    section: `ITI TF-3 ${section}`,
  }
}

export const documentEntryAttributes: readonly Attribute[] = (
  [
    [
      'author',
      { kind: 'author', scheme: 'urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d' },
      'String',
      '0..n',
      '4.2.3.2.1',
    ],
    ['classCode', classification('urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a'), 'Code', '1', '4.2.3.2.3'],
    ['comments', { kind: 'description' }, 'String', '0..1', '4.2.3.2.4'],
    [
      'confidentialityCode',
      classification('urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f'),
      'Code',
      '1..n',
      '4.2.3.2.5',
    ],
    ['creationTime', slot('creationTime'), 'DTM', '1', '4.2.3.2.6'],
    ['documentAvailability', slot('documentAvailability'), 'Availability', '0..1', '4.2.3.2.30'],
    ['eventCodeList', classification('urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4'), 'Code', '0..n', '4.2.3.2.8'],
    ['formatCode', classification('urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d'), 'Code', '1', '4.2.3.2.9'],
    ['hash', slot('hash'), 'Sha1', '1', '4.2.3.2.10'],
    [
      'healthcareFacilityTypeCode',
      classification('urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1'),
      'Code',
      '1',
      '4.2.3.2.11',
    ],
    ['homeCommunityId', { kind: 'attribute', attribute: 'home' }, 'HomeCommunityId', '0..1', '4.2.3.2.12'],
    ['languageCode', slot('languageCode'), 'LanguageTag', '1', '4.2.3.2.13'],
    ['legalAuthenticator', slot('legalAuthenticator'), 'XCN', '0..1', '4.2.3.2.14'],
    ['mimeType', { kind: 'attribute', attribute: 'mimeType' }, 'MediaType', '1', '4.2.3.2.15'],
    [
      'patientId',
      identifier('urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427', 'XDSDocumentEntry.patientId'),
      'CX',
      '1',
      '4.2.3.2.16',
    ],
    ['practiceSettingCode', classification('urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead'), 'Code', '1', '4.2.3.2.17'],
    ['referenceIdList', slot('urn:ihe:iti:xds:2013:referenceIdList'), 'CXi', '0..n', '4.2.3.2.28'],
    ['repositoryUniqueId', slot('repositoryUniqueId'), 'OID', '1', '4.2.3.2.18'],
    ['serviceStartTime', slot('serviceStartTime'), 'DTM', '0..1', '4.2.3.2.19'],
    ['serviceStopTime', slot('serviceStopTime'), 'DTM', '0..1', '4.2.3.2.20'],
    ['size', slot('size'), 'NonNegativeInteger', '1', '4.2.3.2.21'],
    ['sourcePatientId', slot('sourcePatientId'), 'SourceCX', '1', '4.2.3.2.22'],
    ['sourcePatientInfo', slot('sourcePatientInfo'), 'SourcePatientInfo', '0..n', '4.2.3.2.23'],
    ['title', { kind: 'name' }, 'String', '0..1', '4.2.3.2.24'],
    ['typeCode', classification('urn:uuid:f0306f51-975f-434e-a61c-c59651d33983'), 'Code', '1', '4.2.3.2.25'],
    [
      'uniqueId',
      identifier('urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab', 'XDSDocumentEntry.uniqueId'),
      'Identifier',
      '1',
      '4.2.3.2.26',
    ],
    ['URI', slot('URI'), 'String', '0..1', '4.2.3.2.27'],
  ] satisfies readonly Row[]
).map(attribute)

export const submissionSetAttributes: readonly Attribute[] = (
  [
    [
      'author',
      { kind: 'author', scheme: 'urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d' },
      'String',
      '0..n',
      '4.2.3.3.1',
    ],
    ['comments', { kind: 'description' }, 'String', '0..1', '4.2.3.3.3'],
    ['contentTypeCode', classification('urn:uuid:aa543740-bdda-424e-8c96-df4873be8500'), 'Code', '1', '4.2.3.3.4'],
    ['homeCommunityId', { kind: 'attribute', attribute: 'home' }, 'HomeCommunityId', '0..1', '4.2.3.3.6'],
    ['intendedRecipient', slot('intendedRecipient'), 'Recipient', '0..n', '4.2.3.3.7'],
    [
      'patientId',
      identifier('urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446', 'XDSSubmissionSet.patientId'),
      'CX',
      '1',
      '4.2.3.3.8',
    ],
    [
      'sourceId',
      identifier('urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832', 'XDSSubmissionSet.sourceId'),
      'OID',
      '1',
      '4.2.3.3.9',
    ],
    ['submissionTime', slot('submissionTime'), 'DTM', '1', '4.2.3.3.10'],
    ['title', { kind: 'name' }, 'String', '0..1', '4.2.3.3.11'],
    [
      'uniqueId',
      identifier('urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8', 'XDSSubmissionSet.uniqueId'),
      'OID',
      '1',
      '4.2.3.3.12',
    ],
  ] satisfies readonly Row[]
).map(attribute)

/** lastUpdateTime is the registry's own: what is submitted is not looked at (ITI TF-3 4.2.3.4.6). */
export const folderAttributes: readonly Attribute[] = (
  [
    ['codeList', classification('urn:uuid:1ba97051-7806-41a8-a48b-8fce7af683c5'), 'Code', '1..n', '4.2.3.4.2'],
    ['comments', { kind: 'description' }, 'String', '0..1', '4.2.3.4.3'],
    ['homeCommunityId', { kind: 'attribute', attribute: 'home' }, 'HomeCommunityId', '0..1', '4.2.3.4.5'],
    ['lastUpdateTime', slot('lastUpdateTime'), 'String', '0..1', '4.2.3.4.6'],
    [
      'patientId',
      identifier('urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a', 'XDSFolder.patientId'),
      'CX',
      '1',
      '4.2.3.4.7',
    ],
    ['title', { kind: 'name' }, 'String', '1', '4.2.3.4.8'],
    [
      'uniqueId',
      identifier('urn:uuid:75df8f67-9973-4fbe-a900-df66cefecc5a', 'XDSFolder.uniqueId'),
      'OID',
      '1',
      '4.2.3.4.9',
    ],
  ] satisfies readonly Row[]
).map(attribute)

/** identificationScheme of an attribute that is an ExternalIdentifier. */
export function identifierScheme(attributes: readonly Attribute[], name: string): string | undefined {
  const coding = attributes.find((attribute) => attribute.name === name)?.coding
  return coding?.kind === 'identifier' ? coding.scheme : undefined
}

/** Labels that tell a SubmissionSet from a Folder (ITI TF-3 4.2.3.3, 4.2.3.4) and mark limited metadata (XDR and XDM only). */
export const SUBMISSION_SET_NODE = 'urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd'
export const FOLDER_NODE = 'urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2'
export const LIMITED_METADATA_NODES: readonly string[] = [
  'urn:uuid:ab9b591b-83ab-4d03-8f5d-f93b1fb92e85',
  'urn:uuid:5003a9db-8d8d-49e6-bf0c-990e34ac7707',
  'urn:uuid:2c144a76-29a9-4b7c-af54-b25409fe7d03',
]
/** Classification scheme of the documentation code that a relationship association may carry (ITI TF-3 4.2.2.2). */
export const ASSOCIATION_DOCUMENTATION = 'urn:uuid:abd807a3-4432-4053-87b4-fd82c643d1f3'

/** Slots of the author classification in our order (ITI TF-3 Table 4.2.3.1.4-1). */
export const authorSlots = [
  { name: 'authorPerson', type: 'XCN', cardinality: 'one' },
  { name: 'authorInstitution', type: 'XON', cardinality: 'many' },
  { name: 'authorRole', type: 'CodedString', cardinality: 'many' },
  { name: 'authorSpecialty', type: 'CodedString', cardinality: 'many' },
  { name: 'authorTelecommunication', type: 'XTN', cardinality: 'many' },
] as const satisfies readonly {
  readonly name: string
  readonly type: AttributeType
  readonly cardinality: 'one' | 'many'
}[]

/** Slots that tell who an author is; the others only say more of them. */
export const AUTHOR_IDENTITY = ['authorPerson', 'authorInstitution', 'authorTelecommunication'] as const

/** Slots that the standard gives to associations (ITI TF-3 4.2.2; ITI TF-2 3.57). */
export const associationSlots: readonly string[] = [
  'SubmissionSetStatus',
  'PreviousVersion',
  'AssociationPropagation',
  'OriginalStatus',
  'NewStatus',
]

/** The kinds of object that have an attribute table, as rules and findings call them. */
export const metadataObjects = {
  DE: { label: 'DocumentEntry', attributes: documentEntryAttributes },
  SS: { label: 'SubmissionSet', attributes: submissionSetAttributes },
  FD: { label: 'Folder', attributes: folderAttributes },
} as const
export type MetadataKind = keyof typeof metadataObjects

/** The Name that each ExternalIdentifier of an attribute has, by identificationScheme (ITI TF-3 4.2.3.1.3). */
export const identifierLabels: ReadonlyMap<string, string> = new Map(
  [...documentEntryAttributes, ...submissionSetAttributes, ...folderAttributes].flatMap(({ coding }) =>
    coding.kind === 'identifier' ? [[coding.scheme, coding.label]] : [],
  ),
)
