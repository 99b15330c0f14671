// The metadata rules as data: what must hold, where the standard says so, and whether a site may waive it (ITI TF-3 4.2).
//
// An id is stable and never used again for something else. Its first part names the object: DE DocumentEntry, SS SubmissionSet,
// FD Folder, OD On-Demand DocumentEntry. A rule may be switched off only where the registry does not compute with the value:
// what identifies patients, documents and objects, what is searched by, and what links objects always holds.

import type { IheError } from '../../src/model/error.ts'
import { iheError } from '../errors/index.ts'
import { type Attribute, authorSlots, type MetadataKind, metadataObjects } from './attributes.ts'
import { typeRules } from './types.ts'

export interface MetadataRule {
  readonly id: string
  /** Row of the error table that a breach becomes. */
  readonly error: string
  readonly section: string
  /** What would pass. */
  readonly passes: string
  readonly switchable: 'no' | 'yes'
}

type FixedRow = readonly [section: string, passes: string, switchable: 'no' | 'yes', error?: string]

const fixed = {
  'XDS-SUBMISSION-ONE-SET': ['ITI TF-3 4.2.1.4', 'exactly one SubmissionSet in a submission', 'no'],
  'XDS-SUBMISSION-CONTENT': [
    'ITI TF-3 4.2.1.4',
    'each DocumentEntry and Folder in exactly one HasMember of the SubmissionSet',
    'no',
  ],
  'XDS-SUBMISSION-ONE-PATIENT': [
    'ITI TF-3 4.2.1.4',
    'the same patientId in all objects of a submission',
    'no',
    'PATIENT_MISMATCH',
  ],
  'XDS-SUBMISSION-UNIQUEID': [
    'ITI TF-2 3.42.4.1.3',
    'each uniqueId once in a submission',
    'no',
    'DUPLICATE_IN_MESSAGE',
  ],
  'XDS-SUBMISSION-LIMITED': ['ITI TF-3 4.2.3.2.29', 'no limitedMetadata label: that is for XDR and XDM', 'no'],
  'XDS-PACKAGE-LABEL': ['ITI TF-3 4.2.1.4', 'a RegistryPackage labelled as SubmissionSet or as Folder', 'no'],

  'XDS-OBJECT-ID': ['ITI TF-3 4.2.3.1.5', 'an id that is not empty', 'no'],
  'XDS-OBJECT-ID-UUID': [
    'ITI TF-3 4.2.3.1.5',
    'urn:uuid: and a UUID in lower-case hex, or a symbolic id without urn:uuid:',
    'no',
  ],
  'XDS-OBJECT-ID-UNIQUE': ['ITI TF-3 4.2.1.4', 'each id once in a submission', 'no'],
  'XDS-OBJECT-ID-NEW': ['ITI TF-3 4.2.3.1.5', 'an id that no object of the registry has', 'no'],
  'XDS-OBJECT-CLASSIFIEDOBJECT': [
    'ITI TF-3 4.2.3.1.2',
    'Classification/@classifiedObject equal to the id of its parent',
    'no',
  ],
  'XDS-OBJECT-REGISTRYOBJECT': [
    'ITI TF-3 4.2.3.1.3',
    'ExternalIdentifier/@registryObject equal to the id of its parent',
    'no',
  ],
  'XDS-OBJECT-SLOT-UNIQUE': ['ITI TF-3 4.2.3.1.1', 'each Slot name once in an object', 'no'],
  'XDS-OBJECT-SLOT-NAME': ['ITI TF-3 4.2.3.1.6', 'extra slots named by a URN that does not begin with urn:ihe:', 'yes'],
  'XDS-OBJECT-VALUE-LENGTH': [
    'ebRIM 3.0 LongName',
    'Slot names and values, nodeRepresentation, mimeType and ExternalIdentifier values of at most 256 characters',
    'yes',
  ],
  'XDS-OBJECT-TEXT-LENGTH': ['ebRIM 3.0 FreeFormText', 'LocalizedString values of at most 1024 characters', 'yes'],

  'XDS-DE-OBJECTTYPE': ['ITI TF-2 3.42.4.1.2', 'the objectType of a Stable DocumentEntry (ITI-61: On-Demand)', 'no'],
  'XDS-DE-LID': ['ITI TF-2 3.42.4.1.3', 'no lid, or a lid equal to the id: a new version is submitted by ITI-57', 'no'],
  'XDS-FD-LID': ['ITI TF-2 3.42.4.1.3', 'no lid, or a lid equal to the id: a new version is submitted by ITI-57', 'no'],
  'XDS-DE-SERVICETIME-ORDER': ['ITI TF-3 4.2.3.2.19', 'serviceStartTime not later than serviceStopTime', 'yes'],
  'XDS-DE-SOURCEPATIENTINFO-REPEATED': ['ITI TF-3 4.2.3.2.23', 'PID-7 and PID-8 in at most one value each', 'yes'],

  'XDS-AUTHOR-IDENTIFIED': [
    'ITI TF-3 4.2.3.1.4',
    'at least one of authorPerson, authorInstitution, authorTelecommunication',
    'yes',
  ],
  'XDS-AUTHOR-NODEREPRESENTATION': ['ITI TF-3 4.2.3.1.4', 'an empty nodeRepresentation', 'yes'],
  'XDS-AUTHOR-SLOT-UNIQUE': ['ITI TF-3 4.2.3.1.1', 'each Slot name once in an author', 'no'],

  'XDS-ASSOCIATION-TYPE': ['ITI TF-3 Table 4.2.2-1', 'an associationType of the table, as a URN', 'no'],
  'XDS-ASSOCIATION-SELF': ['ITI TF-3 4.2.2', 'a target other than the source', 'no'],
  'XDS-ASSOCIATION-TO-SET': ['ITI TF-3 4.2.2', 'a target that is no SubmissionSet', 'no'],
  'XDS-ASSOCIATION-UPDATE': ['ITI TF-2 3.57', 'no slot or type of metadata update in ITI-42', 'no'],
  'XDS-ASSOCIATION-DOCUMENTATION': [
    'ITI TF-3 4.2.2.2',
    'a documentation code on relationships only, at most one',
    'yes',
  ],
  'XDS-ASSOCIATION-DOCUMENTATION-CODE': [
    'ITI TF-3 4.2.3.1.2',
    'a documentation code with nodeRepresentation, one codingScheme value and a Name',
    'yes',
  ],
  'XDS-HASMEMBER-SOURCE': [
    'ITI TF-3 4.2.2.1',
    'a HasMember whose source is the SubmissionSet of the message or a Folder',
    'no',
  ],
  'XDS-HASMEMBER-STATUS': [
    'ITI TF-3 4.2.2.1.1',
    'one SubmissionSetStatus: Original for an object of the message, Reference for a registered one',
    'no',
  ],
  'XDS-HASMEMBER-TARGET': [
    'ITI TF-3 4.2.3.1.5',
    'a target in the message, or the entryUUID of a registered object',
    'no',
  ],
  'XDS-RELATIONSHIP-SOURCE': [
    'ITI TF-3 4.2.2.2',
    'a source that is a DocumentEntry of the submission',
    'no',
    'UNRESOLVED_REFERENCE',
  ],
  'XDS-RELATIONSHIP-TARGET': [
    'ITI TF-3 4.2.2.2',
    'a target that is registered (RPLC, XFRM_RPLC, IsSnapshotOf) or also in the message (others)',
    'no',
    'UNRESOLVED_REFERENCE',
  ],
  'XDS-SUBMISSION-MEMBERS': ['ITI TF-3 4.2.1.4', 'at least one HasMember of the SubmissionSet', 'no'],
  'XDS-HASMEMBER-ASSOCIATION': [
    'ITI TF-3 4.2.2.1.4',
    'of associations only a Folder-DocumentEntry HasMember as member of the SubmissionSet',
    'no',
  ],
  'XDS-FOLDER-MEMBER': ['ITI TF-3 4.2.2.1.3', 'a DocumentEntry as member of a Folder', 'no'],
  'XDS-SNAPSHOT-SOURCE': ['ITI TF-3 4.2.2.2.6', 'a Stable DocumentEntry as source of IsSnapshotOf', 'no'],
  'XDS-SNAPSHOT-TARGET': ['ITI TF-3 4.2.2.2.6', 'an On-Demand DocumentEntry as target of IsSnapshotOf', 'no'],
  'XDS-APPEND-TARGET': ['ITI TF-3 4.2.2.2.1', 'a target of APND that is no transformation', 'no'],
  'XDS-ONDEMAND-UNIQUEID': [
    'ITI TF-2 3.61.4.1.3',
    'an On-Demand uniqueId that no Stable entry has, and the other way round',
    'no',
  ],
  'XDS-OBJECT-LID-UUID': [
    'ITI TF-3 4.2.3.1.5',
    'a lid of an update that is urn:uuid: and a UUID in lower-case hex',
    'no',
  ],
  'XDS-DE-REPOSITORYUNIQUEID-OWN': [
    'ITI TF-2 3.42.4.1.2',
    'the repositoryUniqueId of the repository that registers',
    'no',
  ],
  'XDS-SS-SOURCEID-OWN': [
    'ITI TF-3 4.2.3.3.10',
    'a sourceId that the operator of the network registered for the sending system',
    'no',
  ],
  'XDS-AUTHOR-INSTITUTION-OWN': [
    'ITI TF-3 4.2.3.1.4',
    'authorInstitution naming the facility of the client certificate, or one that its system acts for, or none by OID or code',
    'no',
  ],
} as const satisfies Readonly<Record<string, FixedRow>>

export type FixedRuleId = keyof typeof fixed
/** Rules of one attribute are made from the attribute table. */
export type RuleId = FixedRuleId | `XDS-${MetadataKind | 'OD'}-${string}` | `XDS-AUTHOR-${string}`

/** Attributes that the registry searches by, compares or decides with. */
const COMPUTED: ReadonlySet<string> = new Set([
  'classCode',
  'codeList',
  'confidentialityCode',
  'contentTypeCode',
  'creationTime',
  'eventCodeList',
  'formatCode',
  'hash',
  'healthcareFacilityTypeCode',
  'mimeType',
  'patientId',
  'practiceSettingCode',
  'repositoryUniqueId',
  'serviceStartTime',
  'serviceStopTime',
  'size',
  'sourceId',
  'sourcePatientId',
  'submissionTime',
  'typeCode',
  'uniqueId',
])

/** Attributes whose values an affinity domain may list (ITI TF-3 4.2.3.1.2). */
export const LISTED_TEXTS = ['languageCode', 'mimeType'] as const

/** Codings that could carry more than one value; the others are single by the schema. */
const REPEATABLE: ReadonlySet<string> = new Set(['slot', 'classification', 'identifier'])

/** The rule of one aspect of an attribute, such as XDS-DE-HASH-SHA1. */
export function attributeRule(kind: MetadataKind, name: string, aspect: string): RuleId {
  return `XDS-${kind}-${name.toUpperCase()}-${aspect}`
}

export function authorRule(slot: string, aspect: string): RuleId {
  return `XDS-AUTHOR-${slot.replace(/^author/, '').toUpperCase()}-${aspect}`
}

function rulesOfAttribute(kind: MetadataKind, attribute: Attribute): readonly MetadataRule[] {
  if (attribute.coding.kind === 'author') return []
  const { name, section } = attribute
  const computed = COMPUTED.has(name) ? 'no' : 'yes'
  const made = (aspect: string, passes: string, switchable: 'no' | 'yes' = computed): MetadataRule => ({
    id: attributeRule(kind, name, aspect),
    error: 'METADATA_INVALID',
    section,
    passes,
    switchable,
  })
  const rules: MetadataRule[] = []
  if (attribute.required === 'yes') rules.push(made('REQUIRED', `${name} is there`))
  if (attribute.cardinality === 'one' && REPEATABLE.has(attribute.coding.kind))
    rules.push(made('SINGLE', `${name} has one value`))
  if (attribute.onDemand === 'forbidden')
    rules.push({
      ...made('ABSENT', `no ${name} in an On-Demand DocumentEntry`, 'no'),
      id: onDemandRule(name),
      section: 'ITI TF-2 3.61.4.1.2',
    })
  if (attribute.coding.kind === 'classification')
    rules.push(
      made('CODE', `${name} with nodeRepresentation and one codingScheme value`, 'no'),
      made('DISPLAY', `${name} with a Name that is not empty`, 'yes'),
    )
  else if (attribute.type !== 'String')
    rules.push(made(typeRules[attribute.type].id, typeRules[attribute.type].expected))
  if (attribute.coding.kind === 'classification' || LISTED_TEXTS.some((listed) => listed === name))
    rules.push(made('SET', `a ${name} that the affinity domain lists, where its list is closed`, 'yes'))
  return rules
}

export function onDemandRule(name: string): RuleId {
  return `XDS-OD-${name.toUpperCase()}-ABSENT`
}

function rulesOfAuthorSlot({ name, type, cardinality }: (typeof authorSlots)[number]): readonly MetadataRule[] {
  const made = (aspect: string, passes: string): MetadataRule => ({
    id: authorRule(name, aspect),
    error: 'METADATA_INVALID',
    section: 'ITI TF-3 4.2.3.1.4',
    passes,
    switchable: 'yes',
  })
  return [
    ...(cardinality === 'one'
      ? [made('SINGLE', `${name} has one value; each author is a Classification of its own`)]
      : []),
    made(typeRules[type].id, typeRules[type].expected),
  ]
}

export const metadataRules: readonly MetadataRule[] = [
  ...Object.entries<FixedRow>(fixed).map(([id, [section, passes, switchable, error = 'METADATA_INVALID']]) => ({
    id,
    error,
    section,
    passes,
    switchable,
  })),
  ...authorSlots.flatMap(rulesOfAuthorSlot),
  ...(Object.keys(metadataObjects) as MetadataKind[]).flatMap((kind) =>
    metadataObjects[kind].attributes.flatMap((attribute) => rulesOfAttribute(kind, attribute)),
  ),
]

const byId: ReadonlyMap<string, MetadataRule> = new Map(metadataRules.map((rule) => [rule.id, rule]))

export const switchableRules: readonly string[] = metadataRules
  .filter(({ switchable }) => switchable === 'yes')
  .map(({ id }) => id)

/**
 * A breach of a rule: where, and which value; `more` says what is peculiar to this one.
 * @throws {Error} when there is no such rule: a programming error, found by the test of the rules.
 */
export function finding(
  id: RuleId,
  found: { readonly at: string; readonly value?: string; readonly more?: string },
): IheError {
  const rule = byId.get(id)
  if (rule === undefined) throw new Error(`there is no metadata rule ${id}`)
  const more = found.more === undefined ? '' : `; ${found.more}`
  return iheError(rule.error, {
    at: found.at,
    rule: `${id}, ${rule.section}: ${rule.passes}${more}`,
    ruleId: id,
    ...(found.value === undefined ? {} : { value: found.value }),
  })
}

/** May the submission be stored although it breaks this rule, when somebody switched the rule? */
export function isSwitchable(error: IheError): boolean {
  return error.ruleId !== undefined && byId.get(error.ruleId)?.switchable === 'yes'
}
