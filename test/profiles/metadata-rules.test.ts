// Every metadata rule is broken by one minimal change, which breaks nothing else (ITI TF-3 4.2; docs/rules.md).

import t from 'tap'
import { type AffinityDomain, affinityDomain } from '../../profiles/affinity-domain/index.ts'
import {
  ASSOCIATION_DOCUMENTATION,
  type Attribute,
  LIMITED_METADATA_NODES,
  type MetadataKind,
  metadataObjects,
} from '../../profiles/metadata/attributes.ts'
import { metadataRules } from '../../profiles/metadata/rules.ts'
import type { DocumentEntry, SubmissionSet } from '../../src/model/document-entry.ts'
import type { Association, Classification, RegistryObject, Slot, SubmitObjects } from '../../src/model/ebrim.ts'
import type { IheError } from '../../src/model/error.ts'
import {
  APND,
  HAS_MEMBER,
  IS_SNAPSHOT_OF,
  OBJECT_ON_DEMAND,
  OBJECT_STABLE,
  RPLC,
  STATUS_APPROVED,
  XFRM,
} from '../../src/model/xds.ts'
import { assemble, type SubmissionRules } from '../../src/registry/assemble.ts'
import { institutionFindings, sourceFindings } from '../../src/registry/origin.ts'
import type { RegistryPorts } from '../../src/registry/ports.ts'
import { identifierFindings, referenceFindings, type Situation } from '../../src/registry/references.ts'
import { REGISTER, repositoryFindings } from '../../src/registry/register.ts'
import { updateFindings } from '../../src/registry/update-operations.ts'
import { association, COMMUNITY, caller, inFolder, type Parts, submission } from '../registry/submission.ts'

const REGISTERED = 'urn:uuid:aaaaaaaa-0000-4000-8000-000000000001'

const author: DocumentEntry['author'][number] = {
  authorPerson: 'D1^見本^医師^^^^^^&2.25.900.5&ISO',
  authorInstitution: ['見本病院^^^^^&2.25.900.5&ISO^^^^1312345678', '見本医院^^^^^^^^^2.25.900.8'],
  authorRole: ['担当医', 'DOC^^^&2.25.900.3&ISO'],
  authorSpecialty: ['内科'],
  authorTelecommunication: ['^NET^Internet^ishi@example.jp', '^^PH^^81^3^0000-0000'],
}
const everything: Partial<DocumentEntry> = {
  homeCommunityId: 'urn:oid:2.25.900.1',
  title: '処方',
  comments: '至急',
  author: [author],
  eventCodeList: [{ code: 'e', scheme: '2.25.900.3', display: 'event' }],
  legalAuthenticator: 'D1^見本^医師',
  serviceStartTime: '2026',
  serviceStopTime: '2027',
  URI: 'DOC00001.XML',
  documentAvailability: 'urn:ihe:iti:2010:DocumentAvailability:Online',
  referenceIdList: ['A1^^^&2.25.900.5&ISO^urn:ihe:iti:xds:2013:accession'],
}
const wholeSet: Partial<SubmissionSet> = {
  homeCommunityId: 'urn:oid:2.25.900.1',
  title: '退院',
  comments: '至急',
  author: [author],
  intendedRecipient: ['見本医院|D2^例示^医師|^^PH^^^3^0000-0000'],
}

/** A submission with a value for every attribute, changed by `parts`. */
function whole(parts: Parts = {}): SubmitObjects {
  return submission({
    set: { ...wholeSet, ...parts.set },
    entries: (parts.entries ?? [{}]).map((change) => ({ ...everything, ...change })),
    folders: parts.folders ?? [{ comments: '至急', homeCommunityId: 'urn:oid:2.25.900.1' }],
    associations: parts.associations ?? [],
    ...(parts.bend === undefined ? {} : { bend: parts.bend }),
  })
}

interface Broken {
  readonly given: SubmitObjects
  readonly rules?: Partial<SubmissionRules>
}

const IDS: Readonly<Record<MetadataKind, string>> = { DE: 'Document01', SS: 'SubmissionSet01', FD: 'Folder01' }

function bending(kind: MetadataKind, bend: (object: RegistryObject) => RegistryObject): Broken {
  return { given: whole({ bend: (object) => (object.id === IDS[kind] ? bend(object) : object) }) }
}

function withValues(object: RegistryObject, { coding }: Attribute, values: readonly string[]): RegistryObject {
  switch (coding.kind) {
    case 'slot': {
      const others = object.slots.filter(({ name }) => name !== coding.slot)
      return { ...object, slots: values.length === 0 ? others : [...others, { name: coding.slot, values }] }
    }
    case 'identifier': {
      const others = object.externalIdentifiers.filter(({ scheme }) => scheme !== coding.scheme)
      const made = values.map((value) => ({ id: '', scheme: coding.scheme, registryObject: object.id, value }))
      return { ...object, externalIdentifiers: [...others, ...made] }
    }
    case 'attribute':
      return { ...object, [coding.attribute]: values[0] ?? '' }
    case 'name': {
      const { name: _, ...rest } = object
      return rest
    }
    case 'classification':
    case 'author':
    case 'description':
      throw new Error(`${coding.kind} has no text values`)
  }
}

function valuesOf(object: RegistryObject, { coding }: Attribute): readonly string[] {
  if (coding.kind === 'slot') return object.slots.find(({ name }) => name === coding.slot)?.values ?? []
  if (coding.kind !== 'identifier') return []
  return object.externalIdentifiers.filter(({ scheme }) => scheme === coding.scheme).map(({ value }) => value)
}

/** Changes the classifications of one scheme. */
function withClassifications(scheme: string, change: (entry: Classification) => readonly Classification[]) {
  return (object: RegistryObject): RegistryObject => ({
    ...object,
    classifications: object.classifications.flatMap((entry) => (entry.scheme === scheme ? change(entry) : [entry])),
  })
}

const BAD: Readonly<Record<string, string>> = {
  AVAILABILITY: 'online',
  CX: 'P1',
  CXI: 'A1^^^&2.25.900.5&ISO',
  DTM: '20260230',
  IDENTIFIER: '',
  INTEGER: '-1',
  LANGUAGE: '日本語',
  MIME: 'text',
  OID: '2.25.01',
  PID: 'PID-3|L1',
  RECIPIENT: '||',
  SHA1: 'da39',
  XCN: '^^given',
}

/** An affinity domain that lists other values only. */
function closing({ name, coding }: Attribute): AffinityDomain {
  const listed =
    coding.kind === 'classification' ? [{ code: 'other', scheme: '2.25.900.3', display: 'x' }] : ['x/other']
  const enforcement = { ...affinityDomain.enforcement, [name]: 'closed' }
  return { ...affinityDomain, enforcement, [name]: listed }
}

function breakAttribute(kind: MetadataKind, attribute: Attribute, aspect: string): Broken {
  const { coding } = attribute
  if (aspect === 'SET') return { given: whole(), rules: { strictness: { domain: closing(attribute), switches: [] } } }
  if (coding.kind === 'classification') {
    const { scheme } = coding
    if (aspect === 'REQUIRED')
      return bending(
        kind,
        withClassifications(scheme, () => []),
      )
    if (aspect === 'SINGLE')
      return bending(
        kind,
        withClassifications(scheme, (entry) => [entry, { ...entry, id: '' }]),
      )
    if (aspect === 'CODE')
      return bending(
        kind,
        withClassifications(scheme, (entry) => [{ ...entry, slots: [] }]),
      )
    return bending(
      kind,
      withClassifications(scheme, ({ name: _, ...entry }) => [entry]),
    )
  }
  if (aspect === 'REQUIRED') return bending(kind, (object) => withValues(object, attribute, []))
  if (aspect === 'SINGLE')
    return bending(kind, (object) => {
      const values = valuesOf(object, attribute)
      return withValues(object, attribute, values.length === 0 ? ['20260101', '20260102'] : [...values, ...values])
    })
  return bending(kind, (object) => withValues(object, attribute, [BAD[aspect] ?? '']))
}

const AUTHOR_SCHEME = 'urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d'
const withAuthor = (change: Partial<DocumentEntry['author'][number]>): Broken => ({
  given: whole({ entries: [{ author: [{ ...author, ...change }] }] }),
})
const withAuthorSlots = (change: (slots: readonly Slot[]) => readonly Slot[]): Broken =>
  bending(
    'DE',
    withClassifications(AUTHOR_SCHEME, (entry) => [{ ...entry, slots: change(entry.slots) }]),
  )
const entryBent = (change: (object: RegistryObject) => Partial<RegistryObject>): Broken =>
  bending('DE', (object) => ({ ...object, ...change(object) }))
const linked = (...associations: Association[]): Broken => ({ given: whole({ associations }) })
const slotted = (slot: Slot): Broken => entryBent(({ slots }) => ({ slots: [...slots, slot] }))
const two = [{ entryUUID: 'Document01' }, { entryUUID: 'Document02', uniqueId: '2.25.900.4.2' }]
const documentation = (change: Partial<Classification> = {}): Classification => ({
  id: '',
  scheme: ASSOCIATION_DOCUMENTATION,
  nodeRepresentation: 'd',
  classifiedObject: `Association-Document01-${REGISTERED}`,
  slots: [{ name: 'codingScheme', values: ['2.25.900.3'] }],
  name: [{ value: 'documentation' }],
  ...change,
})
const documented = (...classifications: Classification[]): Broken =>
  linked({ ...association(APND, 'Document01', REGISTERED), classifications })
const reference = (target: string, ...status: string[]) =>
  association(HAS_MEMBER, 'SubmissionSet01', target, [{ name: 'SubmissionSetStatus', values: status }])

/** Rules that do not come from the attribute table. */
const FIXED: Readonly<Record<string, Broken>> = {
  'XDS-SUBMISSION-ONE-SET': { given: { objects: [], associations: [] } },
  'XDS-SUBMISSION-CONTENT': {
    given: (({ objects, associations }) => ({ objects, associations: associations.slice(1) }))(whole()),
  },
  'XDS-SUBMISSION-MEMBERS': { given: submission({ entries: [] }) },
  'XDS-SUBMISSION-ONE-PATIENT': { given: whole({ set: { patientId: { value: 'P2', authority: COMMUNITY } } }) },
  'XDS-SUBMISSION-UNIQUEID': { given: whole({ entries: [{ uniqueId: '2.25.900.6.1' }] }) },
  'XDS-SUBMISSION-LIMITED': bending('SS', (object) => ({
    ...object,
    classifications: [
      ...object.classifications,
      { id: '', node: LIMITED_METADATA_NODES[1] ?? '', nodeRepresentation: '', classifiedObject: object.id, slots: [] },
    ],
  })),
  'XDS-PACKAGE-LABEL': bending('FD', (object) => ({ ...object, classifications: [] })),
  'XDS-OBJECT-ID': { given: whole({ entries: [{ entryUUID: '' }] }) },
  'XDS-OBJECT-ID-UUID': { given: whole({ entries: [{ entryUUID: REGISTERED.toUpperCase() }] }) },
  'XDS-OBJECT-ID-UNIQUE': { given: whole({ entries: [{}, { uniqueId: '2.25.900.4.2' }] }) },
  'XDS-OBJECT-CLASSIFIEDOBJECT': entryBent(({ classifications }) => ({
    classifications: classifications.map((entry, index) => (index === 0 ? { ...entry, classifiedObject: 'x' } : entry)),
  })),
  'XDS-OBJECT-REGISTRYOBJECT': entryBent(({ externalIdentifiers }) => ({
    externalIdentifiers: externalIdentifiers.map((entry, index) =>
      index === 0 ? { ...entry, registryObject: 'x' } : entry,
    ),
  })),
  'XDS-OBJECT-SLOT-UNIQUE': slotted({ name: 'URI', values: ['DOC00001.XML'] }),
  'XDS-OBJECT-SLOT-NAME': slotted({ name: 'ward', values: ['3 East'] }),
  'XDS-OBJECT-VALUE-LENGTH': slotted({ name: 'urn:example:note', values: ['𠮷'.repeat(257)] }),
  'XDS-OBJECT-TEXT-LENGTH': { given: whole({ entries: [{ title: '題'.repeat(1025) }] }) },
  'XDS-DE-OBJECTTYPE': { given: whole({ entries: [{ objectType: '' }] }) },
  'XDS-DE-LID': entryBent(() => ({ lid: REGISTERED })),
  'XDS-FD-LID': bending('FD', (object) => ({ ...object, lid: REGISTERED })),
  'XDS-DE-SERVICETIME-ORDER': { given: whole({ entries: [{ serviceStartTime: '2028' }] }) },
  'XDS-DE-SOURCEPATIENTINFO-REPEATED': { given: whole({ entries: [{ sourcePatientInfo: ['PID-8|M', 'PID-8|F'] }] }) },
  'XDS-AUTHOR-IDENTIFIED': withAuthorSlots((slots) => slots.filter(({ name }) => name === 'authorRole')),
  'XDS-AUTHOR-NODEREPRESENTATION': bending(
    'DE',
    withClassifications(AUTHOR_SCHEME, (entry) => [{ ...entry, nodeRepresentation: 'D1' }]),
  ),
  'XDS-AUTHOR-SLOT-UNIQUE': withAuthorSlots((slots) => [...slots, { name: 'authorRole', values: ['執刀医'] }]),
  'XDS-AUTHOR-PERSON-SINGLE': withAuthorSlots((slots) =>
    slots.map((slot) => (slot.name === 'authorPerson' ? { ...slot, values: ['D1^見本', 'D2^例示'] } : slot)),
  ),
  'XDS-AUTHOR-PERSON-XCN': withAuthor({ authorPerson: '^^医師' }),
  'XDS-AUTHOR-INSTITUTION-XON': withAuthor({ authorInstitution: ['見本病院^^^^^^^^^1312345678'] }),
  'XDS-AUTHOR-ROLE-CODEDSTRING': withAuthor({ authorRole: ['DOC^担当医'] }),
  'XDS-AUTHOR-SPECIALTY-CODEDSTRING': withAuthor({ authorSpecialty: ['01^^^2.25.900.3'] }),
  'XDS-AUTHOR-TELECOMMUNICATION-XTN': withAuthor({ authorTelecommunication: ['ishi@example.jp'] }),
  'XDS-ASSOCIATION-TYPE': linked(association('RPLC', 'Document01', REGISTERED)),
  'XDS-ASSOCIATION-SELF': linked(association(APND, 'Document01', 'Document01')),
  'XDS-ASSOCIATION-TO-SET': linked(association(APND, 'Document01', 'SubmissionSet01')),
  'XDS-ASSOCIATION-UPDATE': linked(
    association(APND, 'Document01', REGISTERED, [{ name: 'PreviousVersion', values: ['1'] }]),
  ),
  'XDS-ASSOCIATION-DOCUMENTATION': documented(documentation(), documentation()),
  'XDS-ASSOCIATION-DOCUMENTATION-CODE': documented(documentation({ slots: [] })),
  'XDS-HASMEMBER-SOURCE': linked(
    association(HAS_MEMBER, 'Document01', REGISTERED),
    reference(`Association-Document01-${REGISTERED}`, 'Original'),
  ),
  'XDS-HASMEMBER-STATUS': linked(reference(REGISTERED, 'Original')),
  'XDS-HASMEMBER-TARGET': linked(reference('elsewhere', 'Reference')),
  'XDS-HASMEMBER-ASSOCIATION': linked(
    association(APND, 'Document01', REGISTERED),
    reference(`Association-Document01-${REGISTERED}`, 'Original'),
  ),
  'XDS-FOLDER-MEMBER': linked(...inFolder('Folder01', 'nothing')),
  'XDS-RELATIONSHIP-SOURCE': linked(association(APND, REGISTERED, 'Document01')),
  'XDS-RELATIONSHIP-TARGET': {
    given: whole({ entries: two, associations: [association(RPLC, 'Document01', 'Document02')] }),
  },
  'XDS-SNAPSHOT-SOURCE': {
    given: whole({
      entries: [{ objectType: OBJECT_ON_DEMAND }].map(withoutContent),
      associations: [association(IS_SNAPSHOT_OF, 'Document01', REGISTERED)],
    }),
    rules: { objectTypes: [OBJECT_ON_DEMAND] },
  },
  'XDS-APPEND-TARGET': {
    given: whole({
      entries: two,
      associations: [association(XFRM, 'Document02', REGISTERED), association(APND, 'Document01', 'Document02')],
    }),
  },
}

/** An On-Demand entry has neither creationTime nor hash nor size. */
function withoutContent(entry: Partial<DocumentEntry>): Partial<DocumentEntry> {
  return {
    ...entry,
    creationTime: [] as unknown as string,
    hash: [] as unknown as string,
    size: [] as unknown as string,
  }
}

const OWN_CONTENT: Readonly<Record<string, string>> = {
  creationTime: '2026',
  hash: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  size: '0',
}

const ofMembers = (object: RegistryObject) => ({
  set: { ...object, kind: 'RegistryPackage' as const, id: 'SubmissionSet01' },
  entries: [object],
  folders: [],
})

/** Rules that only the registry's contents, the caller or an update can break. */
const IN_REGISTRY: Readonly<Record<string, () => readonly IheError[]>> = {
  'XDS-DE-REPOSITORYUNIQUEID-OWN': () => repositoryFindings(situation({}).submission, ['2.25.900.99']),
  'XDS-SS-SOURCEID-OWN': () => sourceFindings(situation({}).submission, ['2.25.900.98']),
  'XDS-AUTHOR-INSTITUTION-OWN': () => {
    const { submission } = situation({})
    const author = {
      authorInstitution: ['他院^^^^^^^^^2.25.900.97'],
      authorRole: [],
      authorSpecialty: [],
      authorTelecommunication: [],
    }
    const value = { ...submission.submissionSet.value, author: [author] }
    return institutionFindings(
      { ...submission, submissionSet: { ...submission.submissionSet, value } },
      new Set(['2.25.900.97']),
    )
  },
  'XDS-OBJECT-LID-UUID': () => {
    const [, entry] = whole({ folders: [] }).objects
    if (entry === undefined) return []
    const update = reference(entry.id, 'Original')
    const slots = [...update.slots, { name: 'PreviousVersion', values: ['1'] }]
    return updateFindings([{ ...update, slots }], ofMembers({ ...entry, lid: 'symbol' }))
  },
  'XDS-OBJECT-ID-NEW': () => identifierFindings(situation({ usedIds: [REGISTERED] })),
  'XDS-ONDEMAND-UNIQUEID': () =>
    identifierFindings(
      situation({
        usedUniqueIds: [
          { uniqueId: '2.25.900.4.1', object: 'OnDemandDocumentEntry', hash: undefined, size: undefined },
        ],
      }),
    ),
  'XDS-SNAPSHOT-TARGET': () => {
    const at = situation({ referenced: [registered] }, association(IS_SNAPSHOT_OF, 'Document01', REGISTERED))
    return referenceFindings(at, { access: { admits: () => ({ allowed: true }) } } as unknown as RegistryPorts)
  },
}

const registered = {
  id: REGISTERED,
  object: 'DocumentEntry',
  objectType: OBJECT_STABLE,
  logicalId: REGISTERED,
  version: 1,
  latest: true,
  personKey: '1',
  status: STATUS_APPROVED,
  publisher: 'clinic-b',
  kind: 'LAB',
  confidentiality: [],
  dependents: [],
  transform: false,
  folders: [],
} as const

function situation(facts: Partial<Situation['facts']>, ...associations: Association[]): Situation {
  const { submission: value } = assemble(whole({ associations }), REGISTER)
  if (value === undefined) throw new Error('the whole submission is refused')
  return {
    submission: value,
    facts: { usedIds: [], usedUniqueIds: [], referenced: [], ...facts } as Situation['facts'],
    patient: { personKey: '1' } as Situation['patient'],
    caller: caller({ accessMode: 'affinity-domain' }),
  }
}

function brokenBy(id: string): Broken | undefined {
  const [, kind = '', ...rest] = id.split('-')
  const aspect = rest.at(-1) ?? ''
  if (FIXED[id] !== undefined) return FIXED[id]
  const named = (attribute: Attribute): boolean => attribute.name.toUpperCase() === rest.slice(0, -1).join('-')
  if (kind === 'OD') {
    const own = metadataObjects.DE.attributes.find(named)
    if (own === undefined) return undefined
    const entry: Partial<DocumentEntry> = {
      ...withoutContent({ objectType: OBJECT_ON_DEMAND }),
      [own.name]: OWN_CONTENT[own.name],
    }
    return { given: whole({ entries: [entry] }), rules: { objectTypes: [OBJECT_ON_DEMAND] } }
  }
  const attribute = metadataObjects[kind as MetadataKind]?.attributes.find(named)
  return attribute === undefined ? undefined : breakAttribute(kind as MetadataKind, attribute, aspect)
}

t.test('a submission with a value for every attribute breaks no rule', async (t) => {
  t.same(assemble(whole({ associations: inFolder('Folder01', 'Document01') }), REGISTER).findings, [])
})

t.test('the rules have unique ids and say section and what passes', async (t) => {
  t.equal(new Set(metadataRules.map(({ id }) => id)).size, metadataRules.length)
  for (const { id, section, passes } of metadataRules) {
    t.match(id, /^XDS-[A-Z0-9-]+$/)
    t.match(section, /^(ITI TF-[23] |ebRIM 3\.0 )/, id)
    t.ok(passes.length > 0, id)
  }
})

for (const { id, section, passes, error } of metadataRules) {
  t.test(`${section} ${id}`, async (t) => {
    const inRegistry = IN_REGISTRY[id]
    const broken = inRegistry === undefined ? brokenBy(id) : undefined
    const findings =
      inRegistry?.() ?? (broken === undefined ? [] : assemble(broken.given, { ...REGISTER, ...broken.rules }).findings)
    t.same([...new Set(findings.map(({ ruleId }) => ruleId))], [id], findings.map(({ rule }) => rule).join('; '))
    const [first] = findings
    t.equal(first?.row.code, error)
    t.ok(first?.at, 'says where')
    t.match(first?.rule, passes, 'says what would pass')
  })
}
