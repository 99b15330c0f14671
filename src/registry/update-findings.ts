// What speaks against a new version or a change of status (ITI TF-2 3.57.4.1.3.3.1, 3.57.4.1.3.3.2, 3.92.4.1.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { DocumentEntry } from '../model/document-entry.ts'
import type { IheError } from '../model/error.ts'
import { formatCx } from '../model/identifiers.ts'
import { STATUS_APPROVED } from '../model/xds.ts'
import type { ReferencedObject } from './ports.ts'
import type { StatusUpdate, VersionUpdate } from './update-operations.ts'
import { currentOf, isOwn, type Situation, type UpdateRules } from './update-situation.ts'

/** A new version follows the newest one, of the caller's own object, and is the same document. */
export function versionFindings(version: VersionUpdate, situation: Situation): readonly IheError[] {
  const { rules, caller } = situation
  const at = `${version.object}(${version.id})`
  const current = currentOf(version, situation)
  const details = { at: `${at}/@lid`, value: version.logicalId, rule: rules.section }
  if (current === undefined || !isOwn(current, caller)) {
    const isSeen = current !== undefined && isVisible(current, situation)
    return [iheError(isSeen && rules.kind === 'restricted' ? 'UPDATE_POLICY' : 'UPDATE_VERSION', details)]
  }
  if (current.version !== version.previousVersion)
    return [
      iheError('UPDATE_VERSION', {
        at: `${at}, PreviousVersion`,
        value: String(version.previousVersion),
        rule: `${rules.section} the newest version is ${current.version}`,
      }),
    ]
  if (current.status !== STATUS_APPROVED && rules.kind === 'update')
    return [iheError('UPDATE_REFUSED', { ...details, rule: `${rules.section} the newest version is not Approved` })]
  return changeFindings(version, current, situation)
}

function isVisible(object: ReferencedObject, { patient, ports }: Situation): boolean {
  return object.personKey === patient.personKey && ports.access.admits(patient, object).allowed
}

/** What a new version must have in common with the former. */
function changeFindings(version: VersionUpdate, current: ReferencedObject, situation: Situation): readonly IheError[] {
  const { rules, patient, submission } = situation
  const restricted = rules.kind === 'restricted'
  const entry = submission.entries.find(({ value }) => value.entryUUID === version.id)?.value
  const uniqueId =
    entry?.uniqueId ?? submission.folders.find(({ value }) => value.entryUUID === version.id)?.value.uniqueId
  const at = `${version.object}(${version.id})`
  const findings: IheError[] = []
  if (uniqueId !== current.uniqueId)
    findings.push(
      iheError(restricted ? 'UPDATE_IDENTIFIER' : 'UPDATE_REFUSED', {
        at: `${at}.uniqueId`,
        value: uniqueId ?? '',
        rule: `${rules.section} uniqueId ${current.uniqueId}`,
      }),
    )
  if (restricted && current.personKey !== patient.personKey)
    findings.push(
      iheError('UPDATE_IDENTIFIER', { at: `${at}.patientId`, value: formatCx(patient.patientId), rule: rules.section }),
    )
  return entry === undefined ? findings : [...findings, ...contentFindings(entry, current, rules)]
}

/** The document is the same: what describes its bytes and its place stays. */
function contentFindings(
  entry: DocumentEntry,
  current: ReferencedObject,
  { kind, section }: UpdateRules,
): readonly IheError[] {
  const restricted = kind === 'restricted'
  const at = `DocumentEntry(${entry.entryUUID})`
  const rows = [
    {
      name: 'objectType',
      code: restricted ? 'UPDATE_OBJECT_TYPE' : 'UPDATE_REFUSED',
      value: entry.objectType,
      former: current.objectType,
    },
    {
      name: 'hash',
      code: restricted ? 'UPDATE_UNMODIFIABLE' : 'NON_IDENTICAL_HASH',
      value: entry.hash?.toLowerCase(),
      former: current.hash,
    },
    {
      name: 'size',
      code: restricted ? 'UPDATE_UNMODIFIABLE' : 'NON_IDENTICAL_SIZE',
      value: entry.size === undefined ? undefined : String(Number(entry.size)),
      former: current.size,
    },
    {
      name: 'repositoryUniqueId',
      code: restricted ? 'UPDATE_UNMODIFIABLE' : 'UPDATE_REFUSED',
      value: entry.repositoryUniqueId,
      former: current.repositoryUniqueId,
    },
  ] as const
  return rows
    .filter(({ value, former }) => value !== former)
    .map(({ name, code, value, former }) =>
      iheError(code, { at: `${at}.${name}`, value: value ?? '', rule: `${section} ${name} ${former ?? 'absent'}` }),
    )
}

/** A change of status concerns the newest version of an object, or an association between objects; never a SubmissionSet. */
export function statusFindings(status: StatusUpdate, situation: Situation): readonly IheError[] {
  const { facts, operations, caller, rules } = situation
  const details = { at: 'UpdateAvailabilityStatus/@targetObject', value: status.target, rule: rules.section }
  const isNew = operations.versions.some(({ id }) => id === status.target)
  const target = facts.referenced.find(({ id }) => id === status.target)
  if (!isNew && (target === undefined || !isOwn(target, caller))) return [iheError('UNRESOLVED_REFERENCE', details)]
  const ofSet = target?.object === 'SubmissionSet' || target?.source?.object === 'SubmissionSet'
  const isFollowed = operations.versions.some((version) => currentOf(version, situation)?.id === status.target)
  const current = isNew ? STATUS_APPROVED : target?.status
  if (ofSet || isFollowed || target?.latest === false)
    return [
      iheError('UPDATE_REFUSED', {
        ...details,
        rule: `${rules.section} the newest version of an entry, a Folder or an association`,
      }),
    ]
  if (current !== status.original)
    return [iheError('UPDATE_REFUSED', { ...details, rule: `${rules.section} OriginalStatus is ${current}` })]
  // The SubmissionSet is about its patient: it speaks for no other one, whose person is not locked either.
  return isNew || target?.personKey === situation.patient.personKey ? [] : [iheError('PATIENT_RECONCILIATION', details)]
}
