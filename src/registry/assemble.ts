// From submitted ebRIM to a checked Submission with registry ids (ITI TF-3 4.2.1, 4.2.2; ITI TF-2 3.42.4.1.2). No database here.

import { type AffinityDomain, affinityDomain } from '../../profiles/affinity-domain/index.ts'
import {
  FOLDER_NODE,
  identifierLabels,
  LIMITED_METADATA_NODES,
  SUBMISSION_SET_NODE,
} from '../../profiles/metadata/attributes.ts'
import { setFindings } from '../../profiles/metadata/code-sets.ts'
import { associationMetadataFindings, extraSlotFindings } from '../../profiles/metadata/findings.ts'
import { judge } from '../../profiles/metadata/judge.ts'
import { type Read, readDocumentEntry, readFolder, readSubmissionSet } from '../../profiles/metadata/read.ts'
import { finding } from '../../profiles/metadata/rules.ts'
import type { Described, DocumentEntry, Submission } from '../model/document-entry.ts'
import {
  type Association,
  type Classification,
  type ExternalIdentifier,
  plainText,
  type RegistryObject,
  type SubmitObjects,
} from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import { formatCx, newEntryUuid, parseEntryUuid } from '../model/identifiers.ts'
import type { RuleSwitches } from '../model/rule-switch.ts'
import { OBJECT_PACKAGE } from '../model/xds.ts'

export interface Assembled {
  readonly submission: Submission | undefined
  readonly findings: readonly IheError[]
  /** For rules switched to `warn`. */
  readonly warnings: readonly IheError[]
  /** Ids of rules that are broken and were switched. */
  readonly waived: readonly string[]
}

/** What the site and the calling system do not insist on; nothing is waived and every code is permitted where it is absent. */
export interface Strictness {
  readonly domain: AffinityDomain
  /** The nearest first: the system's switches, then the affinity domain's. */
  readonly switches: readonly RuleSwitches[]
}

/** The objects of a submission by what they are, as sent. */
export interface Members {
  readonly set: RegistryObject
  readonly entries: readonly RegistryObject[]
  readonly folders: readonly RegistryObject[]
}

/** What differs between the transactions that submit objects. */
export interface SubmissionRules {
  readonly section: string
  /** objectTypes a DocumentEntry may have. */
  readonly objectTypes: readonly string[]
  /** `own`: lid is the id, version 1; `logical`: lid names the object that is updated. */
  readonly lid: 'own' | 'logical'
  readonly strictness?: Strictness
  readonly associationFindings: (associations: readonly Association[], members: Members) => readonly IheError[]
}

/** Reads, checks and resolves a submission; what refuses it is in `findings`, and then there is no submission. */
export function assemble(given: SubmitObjects, rules: SubmissionRules): Assembled {
  const labelled = (node: string) => given.objects.filter((object) => isLabelled(object, node))
  const sets = labelled(SUBMISSION_SET_NODE)
  const shape = shapeFindings(given, sets.length)
  const set = sets[0]
  if (shape.length > 0 || set === undefined) return unfit(shape)
  const entries = given.objects.filter((object) => object.kind === 'ExtrinsicObject')
  const folders = labelled(FOLDER_NODE)
  const { domain, switches } = rules.strictness ?? { domain: affinityDomain, switches: [] }
  const readSet = readSubmissionSet(set)
  const readEntries = readAll(entries, readDocumentEntry)
  const readFolders = readAll(folders, readFolder)
  const findings = [
    ...readSet.findings,
    ...(readSet.value === undefined
      ? []
      : [...setFindings('SS', readSet.value, domain), ...extraSlotFindings(set, readSet.value.extraSlots)]),
    ...readEntries.findings,
    ...entries.flatMap((object) => entryFindings(object, rules)),
    ...readEntries.values.flatMap(({ object, value }) => [
      ...setFindings('DE', value, domain),
      ...extraSlotFindings(object, value.extraSlots),
    ]),
    ...readFolders.findings,
    ...folders.flatMap((object) => folderFindings(object, rules)),
    ...readFolders.values.flatMap(({ object, value }) => [
      ...setFindings('FD', value, domain),
      ...extraSlotFindings(object, value.extraSlots),
    ]),
    ...given.associations.flatMap(associationMetadataFindings),
    ...rules.associationFindings(given.associations, { set, entries, folders }),
  ]
  const complete = readEntries.values.length === entries.length && readFolders.values.length === folders.length
  if (readSet.value === undefined || !complete) return unfit(judge(findings, switches).refusals)
  const values = [readSet.value, ...[...readEntries.values, ...readFolders.values].map(({ value }) => value)]
  findings.push(...patientFindings(values))
  findings.push(...duplicateFindings(values.map(({ uniqueId }) => uniqueId)))
  const { refusals, warnings, waived } = judge(findings, switches)
  if (refusals.length > 0) return unfit(refusals)
  const rename = renaming(given)
  const resolved = <T extends { readonly entryUUID: string }>({ object, value }: Described<T>): Described<T> => ({
    value: { ...value, entryUUID: rename(object.id) },
    object: renamed(object, { rename, lid: rules.lid }),
  })
  return {
    findings: [],
    warnings,
    waived,
    submission: {
      submissionSet: resolved({ object: set, value: readSet.value }),
      entries: readEntries.values.map(resolved),
      folders: readFolders.values.map(resolved),
      associations: given.associations.map((association) => renamedAssociation(association, rename)),
    },
  }
}

function unfit(findings: readonly IheError[]): Assembled {
  return { submission: undefined, findings, warnings: [], waived: [] }
}

function readAll<T>(objects: readonly RegistryObject[], read: (object: RegistryObject) => Read<T>) {
  const readings = objects.map((object) => ({ object, ...read(object) }))
  return {
    values: readings.flatMap(({ object, value }): readonly Described<T>[] =>
      value === undefined ? [] : [{ object, value }],
    ),
    findings: readings.flatMap(({ findings }) => findings),
  }
}

function isLabelled(object: RegistryObject, node: string): boolean {
  return object.kind === 'RegistryPackage' && object.classifications.some((entry) => entry.node === node)
}

function shapeFindings(given: SubmitObjects, setCount: number): IheError[] {
  const findings: IheError[] = []
  if (setCount !== 1)
    findings.push(finding('XDS-SUBMISSION-ONE-SET', { at: 'RegistryObjectList', value: `${setCount} SubmissionSets` }))
  for (const object of given.objects) {
    const at = `${object.kind}(${object.id})`
    const labels = object.classifications.flatMap((entry) => entry.node ?? [])
    if (labels.some((node) => LIMITED_METADATA_NODES.includes(node)))
      findings.push(finding('XDS-SUBMISSION-LIMITED', { at, value: 'limitedMetadata' }))
    const kinds = labels.filter((node) => node === SUBMISSION_SET_NODE || node === FOLDER_NODE)
    if (object.kind === 'RegistryPackage' && kinds.length !== 1) findings.push(finding('XDS-PACKAGE-LABEL', { at }))
  }
  return [...findings, ...idFindings(given)]
}

const LOOKS_LIKE_UUID = /^urn:uuid:/i

function idFindings(given: SubmitObjects): IheError[] {
  const ids = [...given.objects, ...given.associations].map((object) => object.id).filter((id) => id !== '')
  const malformed = ids.filter((id) => LOOKS_LIKE_UUID.test(id) && parseEntryUuid(id) === undefined)
  return [
    ...given.objects
      .filter((object) => object.id === '')
      .map((object) => finding('XDS-OBJECT-ID', { at: `${object.kind}/@id` })),
    ...malformed.map((id) => finding('XDS-OBJECT-ID-UUID', { at: 'id', value: id })),
    ...repeatedIn(ids).map((id) => finding('XDS-OBJECT-ID-UNIQUE', { at: 'id', value: id })),
  ]
}

function entryFindings(object: RegistryObject, rules: SubmissionRules): IheError[] {
  const at = `DocumentEntry(${object.id})`
  const findings: IheError[] = []
  if (!rules.objectTypes.includes(object.objectType ?? ''))
    findings.push(
      finding('XDS-DE-OBJECTTYPE', {
        at: `${at}/@objectType`,
        value: object.objectType ?? '',
        more: `${rules.section} takes ${rules.objectTypes.join(' or ')}`,
      }),
    )
  if (namesAnother(object, rules)) findings.push(finding('XDS-DE-LID', { at: `${at}/@lid`, value: object.lid }))
  return findings
}

function folderFindings(object: RegistryObject, rules: SubmissionRules): readonly IheError[] {
  if (!namesAnother(object, rules)) return []
  return [finding('XDS-FD-LID', { at: `Folder(${object.id})/@lid`, value: object.lid })]
}

/** Meant as a new version, which would be registered as something new beside what it is to follow. */
function namesAnother(
  object: RegistryObject,
  rules: SubmissionRules,
): object is RegistryObject & { readonly lid: string } {
  return rules.lid === 'own' && object.lid !== undefined && object.lid !== object.id
}

function patientFindings(
  objects: readonly { readonly patientId: DocumentEntry['patientId']; readonly entryUUID: string }[],
): IheError[] {
  const [first, ...others] = objects.map((object) => ({ id: formatCx(object.patientId), at: object.entryUUID }))
  return others
    .filter((other) => other.id !== first?.id)
    .map((other) => finding('XDS-SUBMISSION-ONE-PATIENT', { at: `${other.at}.patientId`, value: other.id }))
}

function duplicateFindings(uniqueIds: readonly string[]): IheError[] {
  return repeatedIn(uniqueIds).map((id) => finding('XDS-SUBMISSION-UNIQUEID', { at: 'uniqueId', value: id }))
}

/** The values that occur more than once, each once; in one pass, because a message may hold very many. */
function repeatedIn(values: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const value of values) (seen.has(value) ? repeated : seen).add(value)
  return [...repeated]
}

type Renaming = (id: string) => string

/** Symbolic ids become fresh UUIDs, the same symbol everywhere the same one (ITI TF-3 4.2.3.1.5). */
function renaming(given: SubmitObjects): Renaming {
  const symbols = new Map<string, string>()
  for (const object of [...given.objects, ...given.associations])
    if (object.id !== '' && parseEntryUuid(object.id) === undefined) symbols.set(object.id, newEntryUuid())
  return (id) => symbols.get(id) ?? (parseEntryUuid(id) === undefined ? newEntryUuid() : id)
}

function renamed(
  object: RegistryObject,
  given: { readonly rename: Renaming; readonly lid: SubmissionRules['lid'] },
): RegistryObject {
  const { rename } = given
  const id = rename(object.id)
  return {
    ...object,
    id,
    // lid and version are the registry's (ITI TF-2 3.57); of an update the version is known when its former one is.
    ...(given.lid === 'own' ? { lid: id, version: '1' } : {}),
    // lastUpdateTime as well: it stands beside the fragment, because it moves (ITI TF-3 4.2.3.4.6).
    slots:
      object.kind === 'RegistryPackage' ? object.slots.filter((slot) => slot.name !== 'lastUpdateTime') : object.slots,
    // Optional in a package that comes in, required in one that goes out (ITI TF-2 3.18.4.1.3).
    ...(object.kind === 'RegistryPackage' ? { objectType: OBJECT_PACKAGE } : {}),
    ...renamedParts(object, { rename, parent: id }),
  }
}

interface Parts {
  readonly classifications: readonly Classification[]
  readonly externalIdentifiers: readonly ExternalIdentifier[]
}

/** Classifications and identifiers get ids of the registry, also those of classifications and identifiers themselves. */
function renamedParts(
  { classifications, externalIdentifiers }: Parts,
  given: { readonly rename: Renaming; readonly parent: string },
): Parts {
  return {
    classifications: classifications.map((entry) => {
      const id = given.rename(entry.id)
      return { ...entry, ...innerParts(entry, { ...given, parent: id }), id, classifiedObject: given.parent }
    }),
    externalIdentifiers: externalIdentifiers.map((entry) => {
      const id = given.rename(entry.id)
      return { ...labelled(entry), ...innerParts(entry, { ...given, parent: id }), id, registryObject: given.parent }
    }),
  }
}

/** Whatever the sender called an identifier of the standard, it goes out under its own name (ITI TF-3 4.2.3.1.3). */
function labelled(entry: ExternalIdentifier): ExternalIdentifier {
  const label = identifierLabels.get(entry.scheme)
  return label === undefined || plainText(entry.name) === label ? entry : { ...entry, name: [{ value: label }] }
}

function innerParts(
  entry: Partial<Parts>,
  given: { readonly rename: Renaming; readonly parent: string },
): Partial<Parts> {
  const { classifications = [], externalIdentifiers = [] } = entry
  if (classifications.length + externalIdentifiers.length === 0) return {}
  return renamedParts({ classifications, externalIdentifiers }, given)
}

function renamedAssociation(association: Association, rename: Renaming): Association {
  const id = rename(association.id)
  // lid and version are the registry's to set (ITI TF-2 3.57); associations have neither here.
  const { lid: _lid, version: _version, versionComment: _comment, ...kept } = association
  const { classifications, externalIdentifiers = [] } = association
  return {
    ...kept,
    id,
    source: rename(association.source),
    target: rename(association.target),
    ...renamedParts({ classifications, externalIdentifiers }, { rename, parent: id }),
  }
}
