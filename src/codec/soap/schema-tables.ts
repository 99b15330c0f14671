// What the messages in a WSDL hold, in schemas of our own: as narrow as a client generator needs, what a value must be says the server (ebRS 3.0; ITI TF-2 3.43).

import { NS } from '../../../profiles/transactions/index.ts'

/** Prefixes of a WSDL: those that messages have in our own writing. */
export const SCHEMA_PREFIXES: Readonly<Record<string, string>> = {
  [NS.rim]: 'rim',
  [NS.rs]: 'rs',
  [NS.lcm]: 'lcm',
  [NS.query]: 'query',
  [NS.xds]: 'xds',
  [NS.rmd]: 'rmd',
  [NS.hl7]: 'hl7',
}

export type Occurs = 'once' | 'optional' | 'any number' | 'at least once'

export interface Particle {
  /** `rim:Slot` refers to a global element; a name without prefix is local and has a type. */
  readonly name: string
  readonly type?: string
  readonly occurs: Occurs
}

interface Attribute {
  readonly name: string
  readonly type: string
  readonly use: 'required' | 'optional'
}

export interface ComplexType {
  readonly name: string
  readonly content:
    | { readonly kind: 'sequence' | 'mixture'; readonly particles: readonly Particle[] }
    | { readonly kind: 'text'; readonly type: string }
  readonly attributes: readonly Attribute[]
  /** xml:lang, which a schema can only refer to by importing the schema of the XML namespace. */
  readonly takesLanguage?: true
}

export interface Schema {
  readonly imports: readonly string[]
  readonly types: readonly ComplexType[]
  /** Global elements by name, with their types. */
  readonly elements: Readonly<Record<string, string>>
}

const text = (name: string, occurs: Occurs = 'once'): Particle => ({ name, type: 'xsd:string', occurs })
const ref = (name: string, occurs: Occurs): Particle => ({ name, occurs })
const required = (...names: readonly string[]): readonly Attribute[] =>
  names.map((name) => ({ name, type: 'xsd:string', use: 'required' }))
const optional = (...names: readonly string[]): readonly Attribute[] =>
  names.map((name) => ({ name, type: 'xsd:string', use: 'optional' }))
const sequence = (...particles: readonly Particle[]): ComplexType['content'] => ({ kind: 'sequence', particles })

/** What every object of the registry may have, in the order of ebRIM. */
const OBJECT_CONTENT = [
  ref('rim:Slot', 'any number'),
  ref('rim:Name', 'optional'),
  ref('rim:Description', 'optional'),
  ref('rim:VersionInfo', 'optional'),
  ref('rim:Classification', 'any number'),
  ref('rim:ExternalIdentifier', 'any number'),
]
const OBJECT_ATTRIBUTES = [...required('id'), ...optional('home', 'lid', 'objectType', 'status')]

function registryObject(
  name: string,
  attributes: readonly Attribute[] = [],
  more: readonly Particle[] = [],
): ComplexType {
  return { name, content: sequence(...OBJECT_CONTENT, ...more), attributes: [...OBJECT_ATTRIBUTES, ...attributes] }
}

const OBJECTS = [
  'ExtrinsicObject',
  'RegistryPackage',
  'Association',
  'Classification',
  'ExternalIdentifier',
  'ObjectRef',
]

const rim: Schema = {
  imports: [],
  types: [
    { name: 'ValueList', content: sequence(text('Value', 'any number')), attributes: [] },
    {
      name: 'Slot',
      content: sequence({ name: 'ValueList', type: 'rim:ValueList', occurs: 'once' }),
      attributes: [...required('name'), ...optional('slotType')],
    },
    { name: 'SlotList', content: sequence(ref('rim:Slot', 'any number')), attributes: [] },
    {
      name: 'LocalizedString',
      content: sequence(),
      attributes: [...required('value'), ...optional('charset')],
      takesLanguage: true,
    },
    {
      name: 'InternationalString',
      content: sequence({ name: 'LocalizedString', type: 'rim:LocalizedString', occurs: 'any number' }),
      attributes: [],
    },
    { name: 'VersionInfo', content: sequence(), attributes: optional('versionName', 'comment') },
    registryObject('Classification', [
      ...required('classifiedObject'),
      ...optional('classificationScheme', 'classificationNode', 'nodeRepresentation'),
    ]),
    registryObject('ExternalIdentifier', required('registryObject', 'identificationScheme', 'value')),
    registryObject('ExtrinsicObject', optional('mimeType', 'isOpaque'), [
      { name: 'ContentVersionInfo', type: 'rim:VersionInfo', occurs: 'optional' },
    ]),
    registryObject('RegistryPackage', [], [ref('rim:RegistryObjectList', 'optional')]),
    registryObject('Association', required('associationType', 'sourceObject', 'targetObject')),
    registryObject('AdhocQuery'),
    {
      name: 'ObjectRef',
      content: sequence(ref('rim:Slot', 'any number')),
      attributes: [...required('id'), ...optional('home', 'createReplica')],
    },
    { name: 'ObjectRefList', content: sequence(ref('rim:ObjectRef', 'any number')), attributes: [] },
    {
      name: 'RegistryObjectList',
      content: { kind: 'mixture', particles: OBJECTS.map((name) => ref(`rim:${name}`, 'once')) },
      attributes: [],
    },
  ],
  elements: {
    Slot: 'Slot',
    Name: 'InternationalString',
    Description: 'InternationalString',
    VersionInfo: 'VersionInfo',
    AdhocQuery: 'AdhocQuery',
    ObjectRefList: 'ObjectRefList',
    RegistryObjectList: 'RegistryObjectList',
    ...Object.fromEntries(OBJECTS.map((name) => [name, name])),
  },
}

const RESPONSE_CONTENT: readonly Particle[] = [
  { name: 'rs:ResponseSlotList', occurs: 'optional' },
  { name: 'rs:RegistryErrorList', occurs: 'optional' },
]
const RESPONSE_ATTRIBUTES = [...required('status'), ...optional('requestId')]
const REQUEST_CONTENT: readonly Particle[] = [{ name: 'rs:RequestSlotList', occurs: 'optional' }]
const REQUEST_ATTRIBUTES = optional('id', 'comment')

const rs: Schema = {
  imports: [NS.rim],
  types: [
    {
      name: 'RegistryError',
      content: { kind: 'text', type: 'xsd:string' },
      attributes: [...required('errorCode', 'codeContext'), ...optional('severity', 'location')],
    },
    {
      name: 'RegistryErrorList',
      content: sequence(ref('rs:RegistryError', 'at least once')),
      attributes: optional('highestSeverity'),
    },
    { name: 'RegistryResponse', content: sequence(...RESPONSE_CONTENT), attributes: RESPONSE_ATTRIBUTES },
  ],
  elements: {
    RequestSlotList: 'rim:SlotList',
    ResponseSlotList: 'rim:SlotList',
    RegistryError: 'RegistryError',
    RegistryErrorList: 'RegistryErrorList',
    RegistryResponse: 'RegistryResponse',
  },
}

const lcm: Schema = {
  imports: [NS.rim, NS.rs],
  types: [
    {
      name: 'SubmitObjectsRequest',
      content: sequence(...REQUEST_CONTENT, ref('rim:RegistryObjectList', 'once')),
      attributes: REQUEST_ATTRIBUTES,
    },
    {
      name: 'RemoveObjectsRequest',
      content: sequence(...REQUEST_CONTENT, ref('rim:AdhocQuery', 'optional'), ref('rim:ObjectRefList', 'optional')),
      attributes: [...REQUEST_ATTRIBUTES, ...optional('deletionScope')],
    },
  ],
  elements: { SubmitObjectsRequest: 'SubmitObjectsRequest', RemoveObjectsRequest: 'RemoveObjectsRequest' },
}

const query: Schema = {
  imports: [NS.rim, NS.rs],
  types: [
    { name: 'ResponseOption', content: sequence(), attributes: optional('returnType', 'returnComposedObjects') },
    {
      name: 'AdhocQueryRequest',
      content: sequence(...REQUEST_CONTENT, ref('query:ResponseOption', 'once'), ref('rim:AdhocQuery', 'once')),
      attributes: [...REQUEST_ATTRIBUTES, ...optional('federated', 'federation', 'startIndex', 'maxResults')],
    },
    {
      name: 'AdhocQueryResponse',
      content: sequence(...RESPONSE_CONTENT, ref('rim:RegistryObjectList', 'once')),
      attributes: [...RESPONSE_ATTRIBUTES, ...optional('startIndex', 'totalResultCount')],
    },
  ],
  elements: {
    ResponseOption: 'ResponseOption',
    AdhocQueryRequest: 'AdhocQueryRequest',
    AdhocQueryResponse: 'AdhocQueryResponse',
  },
}

const DOCUMENT_NAME = [text('HomeCommunityId', 'optional'), text('RepositoryUniqueId'), text('DocumentUniqueId')]

const xds: Schema = {
  imports: [NS.rim, NS.rs, NS.lcm],
  types: [
    { name: 'Document', content: { kind: 'text', type: 'xsd:base64Binary' }, attributes: required('id') },
    {
      name: 'ProvideAndRegisterDocumentSetRequest',
      content: sequence(ref('lcm:SubmitObjectsRequest', 'once'), {
        name: 'Document',
        type: 'xds:Document',
        occurs: 'any number',
      }),
      attributes: [],
    },
    { name: 'DocumentRequest', content: sequence(...DOCUMENT_NAME), attributes: [] },
    {
      name: 'RetrieveDocumentSetRequest',
      content: sequence({ name: 'DocumentRequest', type: 'xds:DocumentRequest', occurs: 'at least once' }),
      attributes: [],
    },
    {
      name: 'DocumentResponse',
      content: sequence(
        ...DOCUMENT_NAME,
        text('NewRepositoryUniqueId', 'optional'),
        text('NewDocumentUniqueId', 'optional'),
        text('mimeType'),
        { name: 'Document', type: 'xsd:base64Binary', occurs: 'once' },
      ),
      attributes: [],
    },
    {
      name: 'RetrieveDocumentSetResponse',
      content: sequence(ref('rs:RegistryResponse', 'once'), {
        name: 'DocumentResponse',
        type: 'xds:DocumentResponse',
        occurs: 'any number',
      }),
      attributes: [],
    },
  ],
  elements: {
    ProvideAndRegisterDocumentSetRequest: 'ProvideAndRegisterDocumentSetRequest',
    RetrieveDocumentSetRequest: 'RetrieveDocumentSetRequest',
    RetrieveDocumentSetResponse: 'RetrieveDocumentSetResponse',
  },
}

/** Its children are those of ITI-43, in the namespace of XDS.b. */
const rmd: Schema = {
  imports: [NS.xds],
  types: [],
  elements: { RemoveDocumentsRequest: 'xds:RetrieveDocumentSetRequest' },
}

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  [NS.rim]: rim,
  [NS.rs]: rs,
  [NS.lcm]: lcm,
  [NS.query]: query,
  [NS.xds]: xds,
  [NS.rmd]: rmd,
}
