// What a submission may refer to among registered objects, and which of its ids are taken (ITI TF-3 4.2.2; ITI TF-2 3.42.4.1.3).

import { iheError } from '../../profiles/errors/index.ts'
import { finding } from '../../profiles/metadata/rules.ts'
import { type DocumentTraits, type PatientAccess, publishersOf } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { DocumentEntry, Submission } from '../model/document-entry.ts'
import type { Association } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import { APND, HAS_MEMBER, IS_SNAPSHOT_OF, OBJECT_ON_DEMAND, STATUS_APPROVED } from '../model/xds.ts'
import { relationshipRules } from './associations.ts'
import type { ReferencedObject, RegistrationFacts, RegistryPorts, UsedUniqueId } from './ports.ts'

/** What a submission asks the registry about. */
export interface Lookups {
  readonly uniqueIds: readonly string[]
  readonly ids: readonly string[]
  readonly references: readonly string[]
}

export function lookupsOf(submission: Submission): Lookups {
  const objects = [submission.submissionSet, ...submission.entries, ...submission.folders].map(({ value }) => value)
  const own = new Set([...objects.map(({ entryUUID }) => entryUUID), ...submission.associations.map(({ id }) => id)])
  const ends = submission.associations.flatMap(({ source, target }) => [source, target])
  return {
    uniqueIds: objects.map(({ uniqueId }) => uniqueId),
    ids: [...own],
    references: [...new Set(ends)].filter((id) => !own.has(id)),
  }
}

export interface Situation {
  readonly submission: Submission
  readonly facts: RegistrationFacts
  /** Undefined: nobody has the patient id, or the caller may not publish about them. */
  readonly patient: PatientAccess | undefined
  readonly caller: Caller
}

/** Ids and uniqueIds that are taken; the same DocumentEntry.uniqueId may come again with the same hash and size. */
export function identifierFindings({ submission, facts }: Situation): readonly IheError[] {
  const used = new Map(facts.usedUniqueIds.map((entry) => [entry.uniqueId, entry]))
  const packages = [
    { name: 'SubmissionSet', value: submission.submissionSet.value },
    ...submission.folders.map(({ value }) => ({ name: 'Folder', value })),
  ]
  return [
    ...facts.usedIds.map((id) =>
      finding('XDS-OBJECT-ID-NEW', {
        at: 'id',
        value: id,
      }),
    ),
    ...packages
      .filter(({ value }) => used.has(value.uniqueId))
      .map(({ name, value }) =>
        iheError('DUPLICATE_IN_REGISTRY', {
          at: `${name}.uniqueId`,
          value: value.uniqueId,
          rule: 'ITI TF-2 3.42.4.1.3',
        }),
      ),
    ...submission.entries.flatMap(({ value }) => {
      const former = used.get(value.uniqueId)
      return former === undefined ? [] : repeatedFindings(value, former)
    }),
  ]
}

function repeatedFindings(entry: DocumentEntry, former: UsedUniqueId): readonly IheError[] {
  const details = {
    at: `DocumentEntry(${entry.entryUUID}).uniqueId`,
    value: entry.uniqueId,
    rule: 'ITI TF-2 3.42.4.1.3',
  }
  if (former.object === 'SubmissionSet' || former.object === 'Folder')
    return [iheError('DUPLICATE_IN_REGISTRY', details)]
  if ((former.object === 'OnDemandDocumentEntry') !== (entry.objectType === OBJECT_ON_DEMAND))
    return [
      finding('XDS-ONDEMAND-UNIQUEID', {
        ...details,
      }),
    ]
  if (former.hash !== entry.hash?.toLowerCase()) return [iheError('NON_IDENTICAL_HASH', details)]
  return sameNumber(former.size, entry.size) ? [] : [iheError('NON_IDENTICAL_SIZE', details)]
}

/** On-Demand entries have no size, neither of them. */
function sameNumber(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Number(one) === Number(other)
}

/** Checks of ITI TF-3 4.2.2 in the standard's order: resolvable, Approved, same patient. */
export function referenceFindings(situation: Situation, ports: RegistryPorts): readonly IheError[] {
  const referenced = new Map(situation.facts.referenced.map((object) => [object.id, object]))
  const own = new Set(lookupsOf(situation.submission).ids)
  return situation.submission.associations.flatMap((association) => {
    const outer = (['source', 'target'] as const).filter((end) => !own.has(association[end]))
    return outer.flatMap((end) =>
      endFindings(situation, { association, end, object: referenced.get(association[end]), ports }),
    )
  })
}

interface JudgedEnd {
  readonly association: Association
  readonly end: 'source' | 'target'
  readonly object: ReferencedObject | undefined
  readonly ports: RegistryPorts
}

function endFindings(situation: Situation, judged: JudgedEnd): readonly IheError[] {
  const { association, end, object } = judged
  const at = `Association(${association.id})/@${end}Object`
  const details = { at, value: association[end], rule: 'ITI TF-3 4.2.2' }
  const expected = end === 'source' ? 'Folder' : 'DocumentEntry'
  // What the caller may not see is answered like what is not there.
  if (object === undefined || object.object !== expected || !mayRefer(situation, { ...judged, object }))
    return [iheError('UNRESOLVED_REFERENCE', details)]
  // The SubmissionSet may refer to any registered entry, also of another patient (ITI TF-3 4.2.2.1.1).
  const isReference = association.type === HAS_MEMBER && association.source === setOf(situation)
  if (isReference) return []
  if (object.status !== STATUS_APPROVED) return [iheError('DEPRECATED_DOCUMENT', details)]
  if (association.type === IS_SNAPSHOT_OF && object.objectType !== OBJECT_ON_DEMAND)
    return [
      finding('XDS-SNAPSHOT-TARGET', {
        ...details,
      }),
    ]
  if (association.type === APND && object.transform) return [finding('XDS-APPEND-TARGET', { ...details })]
  if (object.personKey !== situation.patient?.personKey) return [iheError('PATIENT_MISMATCH', details)]
  return inheritedFindings(situation, judged.association, object)
}

function setOf({ submission }: Situation): string {
  return submission.submissionSet.value.entryUUID
}

/** A replacement joins the Folders of the replaced entry, so they must be of its patient (ITI TF-3 4.2.2.2.3). */
function inheritedFindings(
  { patient }: Situation,
  { id, type }: Association,
  { folders }: ReferencedObject,
): readonly IheError[] {
  if (relationshipRules.get(type)?.replaces !== 'yes') return []
  return folders
    .filter(({ personKey }) => personKey !== patient?.personKey)
    .map((folder) =>
      iheError('PATIENT_MISMATCH', {
        at: `Association(${id}), inherited membership of Folder`,
        value: folder.id,
        rule: 'ITI TF-3 4.2.2.2.3',
      }),
    )
}

/** Documents are replaced by their publisher only; other associations need the right to see what they name. */
function mayRefer(
  { caller, patient }: Situation,
  { association, object, ports }: JudgedEnd & { readonly object: ReferencedObject },
): boolean {
  if (caller.accessMode === 'affinity-domain' || object.publisher === caller.facilityId) return true
  if (relationshipRules.get(association.type)?.replaces === 'yes' || patient === undefined) return false
  const isSeen = (one: DocumentTraits & { readonly personKey: string }): boolean =>
    one.personKey === patient.personKey && ports.access.admits(patient, one).allowed
  // A former version is shown while the newest one is, for its publisher may have restricted it since: as in the stored queries.
  const { newest = [] } = object
  if (object.object !== 'Folder')
    return isSeen(object) && (object.latest || (newest.length > 0 && newest.every(isSeen)))
  // A Folder has no kind: it is hidden when everything in it is, or its publisher shows nothing, as in the stored queries.
  const { members = [] } = object
  const isShown = object.personKey === patient.personKey && publishersOf(patient.scope).includes(object.publisher)
  return isShown && (members.length === 0 || members.some(isSeen))
}
