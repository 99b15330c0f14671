// The operations of a metadata update, as its associations tell them (ITI TF-2 3.57.4.1.3). No database here.

import { iheError } from '../../profiles/errors/index.ts'
import { finding } from '../../profiles/metadata/rules.ts'
import type { Submission } from '../model/document-entry.ts'
import { type Association, type RegistryObject, slotValues } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import { parseEntryUuid } from '../model/identifiers.ts'
import {
  HAS_MEMBER,
  STATUS_APPROVED,
  STATUS_DEPRECATED,
  SUBMIT_ASSOCIATION,
  UPDATE_AVAILABILITY_STATUS,
} from '../model/xds.ts'
import type { Members } from './assemble.ts'
import { relationshipRules } from './associations.ts'

const SECTION = 'ITI TF-2 3.57.4.1.3'

/** A new version of a DocumentEntry or Folder. */
export interface VersionUpdate {
  readonly id: string
  readonly object: 'DocumentEntry' | 'Folder'
  readonly logicalId: string
  readonly previousVersion: number
  readonly propagation: 'yes' | 'no'
}

export interface StatusUpdate {
  readonly target: string
  readonly original: string
  readonly next: string
}

export interface Operations {
  readonly versions: readonly VersionUpdate[]
  readonly statuses: readonly StatusUpdate[]
  /** Associations that are put into the registry by SubmitAssociation. */
  readonly associations: readonly Association[]
  /** SubmissionSet HasMember of the versions: what is kept of the triggers. */
  readonly memberships: readonly Association[]
}

/** The operations of an update that updateFindings has nothing against. */
export function operationsOf({ submissionSet, entries, folders, associations }: Submission): Operations {
  const set = submissionSet.value.entryUUID
  const objects = new Map(
    [
      ...entries.map((described) => ({ ...described, kind: 'DocumentEntry' as const })),
      ...folders.map((described) => ({ ...described, kind: 'Folder' as const })),
    ].map((described) => [described.object.id, described]),
  )
  const memberships = associations.filter(({ type, source }) => type === HAS_MEMBER && source === set)
  const submitted = new Set(associations.filter(({ type }) => type === SUBMIT_ASSOCIATION).map(({ target }) => target))
  return {
    memberships,
    versions: memberships.flatMap((association) => {
      const described = objects.get(association.target)
      return described === undefined
        ? []
        : [
            {
              id: association.target,
              object: described.kind,
              logicalId: described.object.lid ?? '',
              previousVersion: Number(slotValues(association, 'PreviousVersion')[0]),
              propagation: slotValues(association, 'AssociationPropagation')[0] === 'no' ? 'no' : 'yes',
            },
          ]
    }),
    statuses: associations
      .filter(({ type }) => type === UPDATE_AVAILABILITY_STATUS)
      .map((association) => ({
        target: association.target,
        original: slotValues(association, 'OriginalStatus')[0] ?? '',
        next: slotValues(association, 'NewStatus')[0] ?? '',
      })),
    associations: associations.filter(({ id }) => submitted.has(id)),
  }
}

/** Rules of ITI-57 inside the message. */
export function updateFindings(associations: readonly Association[], members: Members): readonly IheError[] {
  const context = contextOf(associations, members)
  const findings = [
    ...associations.flatMap((association) => triggerFindings(association, context)),
    ...[...members.entries, ...members.folders].flatMap((object) => versionFindings(object, context)),
    ...repeated([...members.entries, ...members.folders].flatMap(({ lid }) => lid ?? [])).map((lid) =>
      operation('@lid', lid, 'one update of an object a message'),
    ),
  ]
  if (associations.length === 0)
    findings.push(operation('RegistryObjectList', 'no operation', 'at least one operation'))
  return findings
}

/** Rules of ITI-92 inside the message: one new version of one DocumentEntry. */
export function restrictedUpdateFindings(associations: readonly Association[], members: Members): readonly IheError[] {
  const [folder] = members.folders
  if (folder !== undefined)
    return [iheError('UPDATE_OBJECT_TYPE', { at: `Folder(${folder.id})`, rule: 'ITI TF-2 3.92.4.1.2' })]
  const [entry, ...more] = members.entries
  const [membership, ...others] = associations
  const isNew = entry !== undefined && (entry.lid === undefined || entry.lid === entry.id)
  const isUpdate = membership?.type === HAS_MEMBER && membership.target === entry?.id
  if (entry === undefined || isNew || !isUpdate || more.length > 0 || others.length > 0)
    return [
      iheError('UPDATE_INVALID_REQUEST', {
        at: entry === undefined ? 'RegistryObjectList' : `DocumentEntry(${entry.id})`,
        value: `${members.entries.length} DocumentEntries, ${associations.length} Associations, lid ${entry?.lid ?? 'absent'}`,
        rule: 'ITI TF-2 3.92.4.1.2',
      }),
    ]
  return updateFindings(associations, members)
}

interface Context {
  readonly set: string
  /** Objects of the message that can have versions. */
  readonly objects: ReadonlySet<string>
  readonly contents: ReadonlyMap<string, Association>
  readonly submitted: ReadonlyMap<string, number>
  readonly linked: ReadonlyMap<string, number>
}

const TRIGGERS: ReadonlySet<string> = new Set([UPDATE_AVAILABILITY_STATUS, SUBMIT_ASSOCIATION])

function contextOf(associations: readonly Association[], members: Members): Context {
  const set = members.set.id
  const isContent = ({ type, source }: Association): boolean =>
    !TRIGGERS.has(type) && !(type === HAS_MEMBER && source === set)
  return {
    set,
    objects: new Set([...members.entries, ...members.folders].map(({ id }) => id)),
    contents: new Map(associations.filter(isContent).map((association) => [association.id, association])),
    submitted: counted(associations.filter(({ type }) => type === SUBMIT_ASSOCIATION).map(({ target }) => target)),
    linked: counted(
      associations.filter(({ type, source }) => type === HAS_MEMBER && source === set).map(({ target }) => target),
    ),
  }
}

function triggerFindings(association: Association, context: Context): readonly IheError[] {
  const { type, source } = association
  const at = `Association(${association.id === '' ? type : association.id})`
  if (context.contents.get(association.id) === association) return contentFindings(association, { ...context, at })
  if (source !== context.set) return [operation(`${at}/@sourceObject`, source, 'the SubmissionSet of the message')]
  switch (type) {
    case UPDATE_AVAILABILITY_STATUS:
      return statusFindings(association, { ...context, at })
    case SUBMIT_ASSOCIATION:
      return context.contents.has(association.target)
        ? []
        : [operation(`${at}/@targetObject`, association.target, 'an association of the message')]
    default:
      return memberFindings(association, { ...context, at })
  }
}

type Place = Context & { readonly at: string }

function memberFindings(association: Association, { at, objects }: Place): readonly IheError[] {
  if (!objects.has(association.target))
    return [operation(`${at}/@targetObject`, association.target, 'a DocumentEntry or Folder of the message')]
  const previous = slotValues(association, 'PreviousVersion')
  const status = slotValues(association, 'SubmissionSetStatus')
  const propagation = slotValues(association, 'AssociationPropagation')
  return [
    ...strayFindings(association, { at, stray: ['OriginalStatus', 'NewStatus'] }),
    ...(previous.length === 1 && /^[1-9]\d{0,8}$/.test(previous[0] ?? '')
      ? []
      : [operation(`${at}/PreviousVersion`, previous.join(), 'one version number')]),
    ...(status.length === 1 && status[0] === 'Original'
      ? []
      : [operation(`${at}/SubmissionSetStatus`, status.join(), 'Original')]),
    ...(propagation.length === 0 || (propagation.length === 1 && /^(yes|no)$/.test(propagation[0] ?? ''))
      ? []
      : [operation(`${at}/AssociationPropagation`, propagation.join(), 'yes or no')]),
  ]
}

const STATUSES: readonly string[] = [STATUS_APPROVED, STATUS_DEPRECATED]

function statusFindings(association: Association, { at, objects }: Place): readonly IheError[] {
  const original = slotValues(association, 'OriginalStatus')
  const next = slotValues(association, 'NewStatus')
  const { target } = association
  return [
    ...strayFindings(association, { at, stray: ['PreviousVersion', 'AssociationPropagation'] }),
    ...[
      { name: 'OriginalStatus', values: original },
      { name: 'NewStatus', values: next },
    ]
      .filter(({ values }) => values.length !== 1 || !STATUSES.includes(values[0] ?? ''))
      .map(({ name, values }) => operation(`${at}/${name}`, values.join(), STATUSES.join(' or '))),
    ...(original.join() === next.join() && original.length === 1
      ? [operation(`${at}/NewStatus`, next.join(), 'another status than OriginalStatus')]
      : []),
    ...(objects.has(target) || parseEntryUuid(target) !== undefined
      ? []
      : [operation(`${at}/@targetObject`, target, 'the entryUUID of an object')]),
  ]
}

function strayFindings(
  association: Association,
  { at, stray }: { readonly at: string; readonly stray: readonly string[] },
): readonly IheError[] {
  return association.slots
    .filter(({ name }) => stray.includes(name))
    .map(({ name, values }) => operation(`${at}/${name}`, values.join(), 'not a slot of this operation'))
}

function contentFindings(association: Association, { at, set, submitted }: Place): readonly IheError[] {
  const { type, source, target, id } = association
  if (type !== HAS_MEMBER && !relationshipRules.has(type))
    return [finding('XDS-ASSOCIATION-TYPE', { at: `${at}/@associationType`, value: type })]
  if ((submitted.get(id) ?? 0) !== 1)
    return [operation(at, type, 'one SubmitAssociation of the SubmissionSet names it')]
  const inner = [source, target].filter((end) => end === set || parseEntryUuid(end) === undefined)
  if (source === target) inner.push(target)
  return inner.map((end) =>
    iheError('UPDATE_REFUSED', { at, value: end, rule: `${SECTION} associates two registered objects` }),
  )
}

function versionFindings(object: RegistryObject, { linked }: Context): readonly IheError[] {
  const at = `${object.kind}(${object.id})`
  if (object.lid === undefined || object.lid === object.id)
    return [
      iheError('UPDATE_REFUSED', {
        at: `${at}/@lid`,
        value: object.lid ?? '',
        rule: `${SECTION} lid names the object to update; new objects are registered by ITI-42`,
      }),
    ]
  if (parseEntryUuid(object.lid) === undefined)
    return [finding('XDS-OBJECT-LID-UUID', { at: `${at}/@lid`, value: object.lid })]
  const links = linked.get(object.id) ?? 0
  return links === 1
    ? []
    : [operation(at, `${links} HasMember`, 'one HasMember of the SubmissionSet with PreviousVersion')]
}

function counted(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

function repeated(values: readonly string[]): readonly string[] {
  return [...counted(values)].filter(([, count]) => count > 1).map(([value]) => value)
}

function operation(at: string, value: string, expected: string): IheError {
  return iheError('UPDATE_OPERATION', { at, value, rule: `${SECTION} ${expected}` })
}
