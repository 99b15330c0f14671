// From submitted ebRIM to a checked Submission with registry ids (ITI TF-3 4.2.1, 4.2.2; ITI TF-2 3.42.4.1.2). No database here.

import { iheError } from '../../profiles/errors/index.ts'
import { FOLDER_NODE, LIMITED_METADATA_NODES, SUBMISSION_SET_NODE } from '../../profiles/metadata/attributes.ts'
import { extraSlotFindings, readDocumentEntry, readSubmissionSet } from '../../profiles/metadata/read.ts'
import { padDtm } from '../../profiles/metadata/types.ts'
import type { DocumentEntry, Submission } from '../model/document-entry.ts'
import type { Association, RegistryObject, SubmitObjects } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import { formatCx, newEntryUuid, parseEntryUuid } from '../model/identifiers.ts'
import { OBJECT_PACKAGE, OBJECT_STABLE } from '../model/xds.ts'
import { associationFindings } from './associations.ts'

export interface Assembled {
  readonly submission: Submission | undefined
  readonly findings: readonly IheError[]
}

/** Reads, checks and resolves a submission; every deviation found is in `findings`, and then there is no submission. */
export function assemble(given: SubmitObjects): Assembled {
  const sets = given.objects.filter((object) => isLabelled(object, SUBMISSION_SET_NODE))
  const shape = shapeFindings(given, sets.length)
  const set = sets[0]
  if (shape.length > 0 || set === undefined) return { submission: undefined, findings: shape }
  const entries = given.objects.filter((object) => object.kind === 'ExtrinsicObject')
  const readSet = readSubmissionSet(set)
  const readEntries = entries.map((object) => ({ object, read: readDocumentEntry(object) }))
  const findings = [
    ...readSet.findings,
    ...readEntries.flatMap(({ object, read }) => [...read.findings, ...entryFindings(object, read.value)]),
    ...(readSet.value === undefined ? [] : extraSlotFindings(set, readSet.value.extraSlots)),
    ...associationFindings(given.associations, { set, entries }),
  ]
  const values = readEntries.flatMap(({ object, read }) =>
    read.value === undefined ? [] : [{ object, value: read.value }],
  )
  if (readSet.value === undefined || values.length !== entries.length) return { submission: undefined, findings }
  findings.push(...patientFindings([readSet.value, ...values.map(({ value }) => value)]))
  findings.push(...duplicateFindings([readSet.value.uniqueId, ...values.map(({ value }) => value.uniqueId)]))
  if (findings.length > 0) return { submission: undefined, findings }
  const rename = renaming(given)
  return {
    findings: [],
    submission: {
      submissionSet: { value: { ...readSet.value, entryUUID: rename(set.id) }, object: renamed(set, rename) },
      entries: values.map(({ object, value }) => ({
        value: { ...value, entryUUID: rename(object.id) },
        object: renamed(object, rename),
      })),
      folders: [],
      associations: given.associations.map((association) => renamedAssociation(association, rename)),
    },
  }
}

function isLabelled(object: RegistryObject, node: string): boolean {
  return object.kind === 'RegistryPackage' && object.classifications.some((entry) => entry.node === node)
}

function shapeFindings(given: SubmitObjects, setCount: number): IheError[] {
  const findings: IheError[] = []
  const folder = given.objects.find((object) => isLabelled(object, FOLDER_NODE))
  if (folder !== undefined)
    findings.push(iheError('NOT_OFFERED', { at: `Folder(${folder.id})`, rule: 'ITI TF-3 4.2.3.4' }))
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
    if (object.kind === 'RegistryPackage' && labels.length === 0)
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

function entryFindings(object: RegistryObject, entry: DocumentEntry | undefined): IheError[] {
  const at = `DocumentEntry(${object.id})`
  const findings: IheError[] = []
  if (object.objectType !== OBJECT_STABLE)
    findings.push(
      iheError('METADATA_INVALID', {
        at: `${at}/@objectType`,
        value: object.objectType ?? '',
        rule: 'ITI TF-2 3.42.4.1.2 Stable DocumentEntry',
      }),
    )
  if (object.lid !== undefined && object.lid !== object.id)
    findings.push(
      iheError('METADATA_INVALID', {
        at: `${at}/@lid`,
        value: object.lid,
        rule: 'metadata update is not part of ITI-42',
      }),
    )
  if (entry === undefined) return findings
  const { serviceStartTime: start, serviceStopTime: stop } = entry
  if (start !== undefined && stop !== undefined && padDtm(start) > padDtm(stop))
    findings.push(
      iheError('METADATA_INVALID', {
        at: `${at}.serviceStartTime`,
        value: `${start} > ${stop}`,
        rule: 'ITI TF-3 4.2.3.2.19 start before stop',
      }),
    )
  return [...findings, ...extraSlotFindings(object, entry.extraSlots)]
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

function renamed(object: RegistryObject, rename: Renaming): RegistryObject {
  const id = rename(object.id)
  return {
    ...object,
    id,
    lid: id,
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
