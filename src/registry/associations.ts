// Rules of associations inside a submission (ITI TF-3 4.2.2): which types, from what, to what, with which slots.

import { iheError } from '../../profiles/errors/index.ts'
import { ASSOCIATION_DOCUMENTATION } from '../../profiles/metadata/attributes.ts'
import { type Association, slotValues } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import { parseEntryUuid } from '../model/identifiers.ts'
import { APND, HAS_MEMBER, IS_SNAPSHOT_OF, OBJECT_STABLE, RPLC, SIGNS, XFRM, XFRM_RPLC } from '../model/xds.ts'
import type { Members } from './assemble.ts'

interface RelationshipRule {
  /** Where the target must be: only in the registry, or also in the same message. */
  readonly target: 'registry' | 'registry or message'
  /** Does accepting it deprecate the target? */
  readonly replaces: 'yes' | 'no'
}

/** Relationship associations between DocumentEntries (ITI TF-3 4.2.2.2). */
export const relationshipRules: ReadonlyMap<string, RelationshipRule> = new Map([
  [RPLC, { target: 'registry', replaces: 'yes' }],
  [XFRM_RPLC, { target: 'registry', replaces: 'yes' }],
  [XFRM, { target: 'registry or message', replaces: 'no' }],
  [APND, { target: 'registry or message', replaces: 'no' }],
  [SIGNS, { target: 'registry or message', replaces: 'no' }],
  [IS_SNAPSHOT_OF, { target: 'registry', replaces: 'no' }],
])

/** What can be judged without the registry; objects in the registry are judged in references.ts. */
export function associationFindings(associations: readonly Association[], members: Members): readonly IheError[] {
  const context = contextOf(associations, members)
  return [
    ...associations.flatMap((association) => oneAssociation(association, context)),
    ...membershipFindings(associations, members),
  ]
}

type Kind = 'set' | 'entry' | 'folder' | 'folder membership' | 'association'

interface Context {
  readonly kinds: ReadonlyMap<string, Kind>
  readonly snapshots: ReadonlySet<string>
  readonly transforms: ReadonlySet<string>
}

function contextOf(associations: readonly Association[], members: Members): Context {
  const kinds = new Map<string, Kind>()
  for (const { id, type, source } of associations)
    if (id !== '') kinds.set(id, type === HAS_MEMBER && source !== members.set.id ? 'folder membership' : 'association')
  for (const { id } of members.entries) kinds.set(id, 'entry')
  for (const { id } of members.folders) kinds.set(id, 'folder')
  kinds.set(members.set.id, 'set')
  return {
    kinds,
    snapshots: new Set(members.entries.filter(({ objectType }) => objectType === OBJECT_STABLE).map(({ id }) => id)),
    transforms: new Set(associations.filter(({ type }) => type === XFRM).map(({ source }) => source)),
  }
}

function oneAssociation(association: Association, context: Context): readonly IheError[] {
  const { type, source, target } = association
  const at = `Association(${association.id === '' ? type : association.id})`
  if (source === target)
    return [invalid(`${at}/@targetObject`, target, 'ITI TF-3 4.2.2 an object is not associated with itself')]
  const stray = association.slots.find(({ name }) => UPDATE_SLOTS.has(name))
  if (stray !== undefined) return [invalid(`${at}/Slot`, stray.name, 'metadata update goes by ITI-57')]
  if (context.kinds.get(target) === 'set')
    return [invalid(`${at}/@targetObject`, target, 'ITI TF-3 4.2.2 a SubmissionSet is never a target')]
  if (type === HAS_MEMBER) return memberFindings(association, { ...context, at })
  const rule = relationshipRules.get(type)
  if (rule === undefined) return [invalid(`${at}/@associationType`, type, 'ITI TF-3 Table 4.2.2-1')]
  return relationshipFindings(association, { ...context, at, rule })
}

/** Slots of trigger associations (ITI TF-2 3.57). */
const UPDATE_SLOTS: ReadonlySet<string> = new Set([
  'PreviousVersion',
  'AssociationPropagation',
  'OriginalStatus',
  'NewStatus',
])

function relationshipFindings(
  { type, source, target }: Association,
  { at, rule, kinds, snapshots, transforms }: Context & { at: string; rule: RelationshipRule },
): readonly IheError[] {
  if (kinds.get(source) !== 'entry')
    return [unresolved(`${at}/@sourceObject`, source, 'ITI TF-3 4.2.2.2 source is a DocumentEntry of the submission')]
  const there = kinds.get(target)
  const isHere = there === 'entry' && rule.target === 'registry or message'
  const mayBeThere = there === undefined && parseEntryUuid(target) !== undefined
  if (!isHere && !mayBeThere)
    return [unresolved(`${at}/@targetObject`, target, `ITI TF-3 4.2.2.2 target in the ${rule.target}`)]
  if (type === IS_SNAPSHOT_OF && !snapshots.has(source))
    return [invalid(`${at}/@sourceObject`, source, 'ITI TF-3 4.2.2.2.6 a snapshot is a Stable DocumentEntry')]
  if (type === APND && transforms.has(target))
    return [invalid(`${at}/@targetObject`, target, 'ITI TF-3 4.2.2.2.1 nothing is appended to a transformation')]
  return []
}

function memberFindings(association: Association, context: Context & { at: string }): readonly IheError[] {
  const { at, kinds } = context
  const { source, target } = association
  if (association.classifications.some((entry) => entry.scheme === ASSOCIATION_DOCUMENTATION))
    return [
      invalid(
        `${at}/Classification`,
        ASSOCIATION_DOCUMENTATION,
        'ITI TF-3 4.2.2.2 documentation codes belong to relationships',
      ),
    ]
  const kind = kinds.get(source)
  if (kind === 'set') return setMemberFindings(association, context)
  // Else the source is a Folder, of the message or registered.
  if (kind !== 'folder' && (kind !== undefined || parseEntryUuid(source) === undefined))
    return [
      invalid(
        `${at}/@sourceObject`,
        source,
        'ITI TF-3 4.2.2.1 HasMember starts at the SubmissionSet of the message or at a Folder',
      ),
    ]
  const there = kinds.get(target)
  if (there !== 'entry' && (there !== undefined || parseEntryUuid(target) === undefined))
    return [invalid(`${at}/@targetObject`, target, 'ITI TF-3 4.2.2.1.3 a Folder has DocumentEntries as members')]
  return []
}

/** SS-DE, SS-FD and SS-HM; only of a DocumentEntry must the slot say whether it is of this message. */
function setMemberFindings(association: Association, { at, kinds }: Context & { at: string }): readonly IheError[] {
  const { target } = association
  const status = slotValues(association, 'SubmissionSetStatus')
  const [only] = status
  const there = kinds.get(target)
  if (there === 'association')
    return [
      invalid(`${at}/@targetObject`, target, 'ITI TF-3 4.2.2.1.4 of associations only Folder-DocumentEntry HasMember'),
    ]
  const optional = there === 'folder' || there === 'folder membership'
  if (optional && status.length === 0) return []
  if (status.length !== 1 || (only !== 'Original' && only !== 'Reference'))
    return [invalid(`${at}/SubmissionSetStatus`, status.join(), 'ITI TF-3 4.2.2.1.1 Original or Reference')]
  if ((only === 'Original') !== (there !== undefined))
    return [
      invalid(
        `${at}/SubmissionSetStatus`,
        only,
        'ITI TF-3 4.2.2.1.1 Original: target in the message; Reference: in the registry',
      ),
    ]
  if (only === 'Reference' && parseEntryUuid(target) === undefined)
    return [invalid(`${at}/@targetObject`, target, 'ITI TF-3 4.2.3.1.5 symbolic ids point inside the submission')]
  return []
}

/** Every DocumentEntry, Folder and Folder-DocumentEntry HasMember belongs to the SubmissionSet, once (ITI TF-3 4.2.1.4). */
function membershipFindings(associations: readonly Association[], members: Members): readonly IheError[] {
  const links = new Map<string, number>()
  let memberships = 0
  for (const { type, source, target } of associations) {
    if (type !== HAS_MEMBER || source !== members.set.id) continue
    links.set(target, (links.get(target) ?? 0) + 1)
    memberships += 1
  }
  const folderMemberships = associations.filter(({ type, source }) => type === HAS_MEMBER && source !== members.set.id)
  const owned = [
    ...members.entries.map(({ id }) => ({ id, at: `DocumentEntry(${id})` })),
    ...members.folders.map(({ id }) => ({ id, at: `Folder(${id})` })),
    ...folderMemberships.map(({ id, source }) => ({ id, at: `Association(${id === '' ? `of ${source}` : id})` })),
  ]
  const findings = owned
    .map((object) => ({ ...object, count: links.get(object.id) ?? 0 }))
    .filter(({ count }) => count !== 1)
    .map(({ at, count }) =>
      invalid(at, `${count} HasMember`, 'ITI TF-3 4.2.1.4 exactly one HasMember of the SubmissionSet'),
    )
  if (memberships === 0 && owned.length === 0)
    findings.push(
      invalid(`SubmissionSet(${members.set.id})`, 'no HasMember', 'ITI TF-3 4.2.1.4 a SubmissionSet has members'),
    )
  return findings
}

function invalid(at: string, value: string, rule: string): IheError {
  return iheError('METADATA_INVALID', { at, value, rule })
}

function unresolved(at: string, value: string, rule: string): IheError {
  return iheError('UNRESOLVED_REFERENCE', { at, value, rule })
}
