// From submitted ebRIM to a checked Submission with registry ids (ITI TF-3 4.2.1, 4.2.2; ITI TF-2 3.42.4.1.2). No database here.

import { iheError } from '../../profiles/errors/index.ts'
import { FOLDER_NODE, LIMITED_METADATA_NODES, SUBMISSION_SET_NODE } from '../../profiles/metadata/attributes.ts'
import { extraSlotFindings } from '../../profiles/metadata/findings.ts'
import { type Read, readDocumentEntry, readFolder, readSubmissionSet } from '../../profiles/metadata/read.ts'
import { padDtm } from '../../profiles/metadata/types.ts'
import type { Described, DocumentEntry, Submission } from '../model/document-entry.ts'
import type { Association, RegistryObject, Slot, SubmitObjects } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import { formatCx, newEntryUuid, parseEntryUuid } from '../model/identifiers.ts'
import { OBJECT_PACKAGE } from '../model/xds.ts'

export interface Assembled {
  readonly submission: Submission | undefined
  readonly findings: readonly IheError[]
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
  readonly associationFindings: (associations: readonly Association[], members: Members) => readonly IheError[]
}

/** Reads, checks and resolves a submission; every deviation found is in `findings`, and then there is no submission. */
export function assemble(given: SubmitObjects, rules: SubmissionRules): Assembled {
  const labelled = (node: string) => given.objects.filter((object) => isLabelled(object, node))
  const sets = labelled(SUBMISSION_SET_NODE)
  const shape = shapeFindings(given, sets.length)
  const set = sets[0]
  if (shape.length > 0 || set === undefined) return { submission: undefined, findings: shape }
  const entries = given.objects.filter((object) => object.kind === 'ExtrinsicObject')
  const folders = labelled(FOLDER_NODE)
  const readSet = readSubmissionSet(set)
  const readEntries = readAll(entries, readDocumentEntry)
  const readFolders = readAll(folders, readFolder)
  const findings = [
    ...readSet.findings,
    ...(readSet.value === undefined ? [] : extraSlotFindings(set, readSet.value.extraSlots)),
    ...readEntries.findings,
    ...entries.flatMap((object) => entryFindings(object, rules)),
    ...readEntries.values.flatMap(({ object, value }) => [
      ...timeFindings(object, value),
      ...extraSlotFindings(object, value.extraSlots),
    ]),
    ...readFolders.findings,
    ...readFolders.values.flatMap(({ object, value }) => extraSlotFindings(object, value.extraSlots)),
    ...given.associations.flatMap(associationSlotFindings),
    ...rules.associationFindings(given.associations, { set, entries, folders }),
  ]
  const complete = readEntries.values.length === entries.length && readFolders.values.length === folders.length
  if (readSet.value === undefined || !complete) return { submission: undefined, findings }
  const values = [readSet.value, ...[...readEntries.values, ...readFolders.values].map(({ value }) => value)]
  findings.push(...patientFindings(values))
  findings.push(...duplicateFindings(values.map(({ uniqueId }) => uniqueId)))
  if (findings.length > 0) return { submission: undefined, findings }
  const rename = renaming(given)
  const resolved = <T extends { readonly entryUUID: string }>({ object, value }: Described<T>): Described<T> => ({
    value: { ...value, entryUUID: rename(object.id) },
    object: renamed(object, { rename, lid: rules.lid }),
  })
  return {
    findings: [],
    submission: {
      submissionSet: resolved({ object: set, value: readSet.value }),
      entries: readEntries.values.map(resolved),
      folders: readFolders.values.map(resolved),
      associations: given.associations.map((association) => renamedAssociation(association, rename)),
    },
  }
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
    findings.push(
      iheError('METADATA_INVALID', {
        at: 'RegistryObjectList',
        value: `${setCount} SubmissionSets`,
        rule: 'ITI TF-3 4.2.1.4 exactly one SubmissionSet',
      }),
    )
  for (const object of given.objects) {
    const labels = object.classifications.flatMap((entry) => entry.node ?? [])
    if (labels.some((node) => LIMITED_METADATA_NODES.includes(node)))
      findings.push(
        iheError('METADATA_INVALID', {
          at: `${object.kind}(${object.id})`,
          value: 'limitedMetadata',
          rule: 'ITI TF-3 4.2.3.2.29 not allowed in XDS',
        }),
      )
    const kinds = labels.filter((node) => node === SUBMISSION_SET_NODE || node === FOLDER_NODE)
    if (object.kind === 'RegistryPackage' && kinds.length !== 1)
      findings.push(
        iheError('METADATA_INVALID', {
          at: `RegistryPackage(${object.id})`,
          rule: 'ITI TF-3 4.2.1.4 a package is labelled SubmissionSet or Folder',
        }),
      )
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
      .map((object) =>
        iheError('METADATA_INVALID', { at: `${object.kind}/@id`, rule: 'ITI TF-3 4.2.3.1.5 every object has an id' }),
      ),
    ...malformed.map((id) =>
      iheError('METADATA_INVALID', { at: 'id', value: id, rule: 'ITI TF-3 4.2.3.1.5 urn:uuid: in lower-case hex' }),
    ),
    ...repeatedIn(ids).map((id) =>
      iheError('METADATA_INVALID', { at: 'id', value: id, rule: 'ITI TF-3 4.2.1.4 ids are unique in a submission' }),
    ),
  ]
}

function entryFindings(object: RegistryObject, rules: SubmissionRules): IheError[] {
  const at = `DocumentEntry(${object.id})`
  const findings: IheError[] = []
  if (!rules.objectTypes.includes(object.objectType ?? ''))
    findings.push(
      iheError('METADATA_INVALID', {
        at: `${at}/@objectType`,
        value: object.objectType ?? '',
        rule: `${rules.section} objectType ${rules.objectTypes.join(' or ')}`,
      }),
    )
  if (rules.lid === 'own' && object.lid !== undefined && object.lid !== object.id)
    findings.push(
      iheError('METADATA_INVALID', {
        at: `${at}/@lid`,
        value: object.lid,
        rule: `${rules.section} a new object is its own logical object; updates go by ITI-57`,
      }),
    )
  return findings
}

function timeFindings(object: RegistryObject, entry: DocumentEntry): IheError[] {
  const { serviceStartTime: start, serviceStopTime: stop } = entry
  if (start === undefined || stop === undefined || padDtm(start) <= padDtm(stop)) return []
  return [
    iheError('METADATA_INVALID', {
      at: `DocumentEntry(${object.id}).serviceStartTime`,
      value: `${start} > ${stop}`,
      rule: 'ITI TF-3 4.2.3.2.19 start before stop',
    }),
  ]
}

/** Slots that the standard defines for associations; whether one is in place is a rule of its transaction. */
const ASSOCIATION_SLOTS: ReadonlySet<string> = new Set([
  'SubmissionSetStatus',
  'PreviousVersion',
  'AssociationPropagation',
  'OriginalStatus',
  'NewStatus',
])

function associationSlotFindings(association: Association): readonly IheError[] {
  const extra = association.slots.filter(({ name }: Slot) => !ASSOCIATION_SLOTS.has(name))
  return extra.length === 0 ? [] : extraSlotFindings({ kind: 'Association', id: association.id }, extra)
}

function patientFindings(
  objects: readonly { readonly patientId: DocumentEntry['patientId']; readonly entryUUID: string }[],
): IheError[] {
  const [first, ...others] = objects.map((object) => ({ id: formatCx(object.patientId), at: object.entryUUID }))
  return others
    .filter((other) => other.id !== first?.id)
    .map((other) =>
      iheError('PATIENT_MISMATCH', {
        at: `${other.at}.patientId`,
        value: other.id,
        rule: 'ITI TF-3 4.2.1.4 one patient a submission',
      }),
    )
}

function duplicateFindings(uniqueIds: readonly string[]): IheError[] {
  return repeatedIn(uniqueIds).map((id) =>
    iheError('DUPLICATE_IN_MESSAGE', { at: 'uniqueId', value: id, rule: 'ITI TF-2 3.42.4.1.3' }),
  )
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
    classifications: object.classifications.map((entry) => ({ ...entry, id: rename(entry.id), classifiedObject: id })),
    externalIdentifiers: object.externalIdentifiers.map((entry) => ({
      ...entry,
      id: rename(entry.id),
      registryObject: id,
    })),
  }
}

function renamedAssociation(association: Association, rename: Renaming): Association {
  const id = rename(association.id)
  return {
    ...association,
    id,
    source: rename(association.source),
    target: rename(association.target),
    classifications: association.classifications.map((entry) => ({
      ...entry,
      id: rename(entry.id),
      classifiedObject: id,
    })),
  }
}
