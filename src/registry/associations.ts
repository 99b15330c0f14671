// Rules of associations inside a submission (ITI TF-3 4.2.2): which types, from what, to what, with which slots.

import { ASSOCIATION_DOCUMENTATION } from '../../profiles/metadata/attributes.ts'
import { type FixedRuleId, finding } from '../../profiles/metadata/rules.ts'
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
  if (source === target) return [broken('XDS-ASSOCIATION-SELF', `${at}/@targetObject`, target)]
  const stray = association.slots.find(({ name }) => UPDATE_SLOTS.has(name))
  if (stray !== undefined) return [broken('XDS-ASSOCIATION-UPDATE', `${at}/Slot`, stray.name)]
  if (context.kinds.get(target) === 'set') return [broken('XDS-ASSOCIATION-TO-SET', `${at}/@targetObject`, target)]
  if (type === HAS_MEMBER) return memberFindings(association, { ...context, at })
  const rule = relationshipRules.get(type)
  if (rule === undefined) return [broken('XDS-ASSOCIATION-TYPE', `${at}/@associationType`, type)]
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
  if (kinds.get(source) !== 'entry') return [broken('XDS-RELATIONSHIP-SOURCE', `${at}/@sourceObject`, source)]
  const there = kinds.get(target)
  const isHere = there === 'entry' && rule.target === 'registry or message'
  const mayBeThere = there === undefined && parseEntryUuid(target) !== undefined
  if (!isHere && !mayBeThere) return [broken('XDS-RELATIONSHIP-TARGET', `${at}/@targetObject`, target)]
  if (type === IS_SNAPSHOT_OF && !snapshots.has(source))
    return [broken('XDS-SNAPSHOT-SOURCE', `${at}/@sourceObject`, source)]
  if (type === APND && transforms.has(target)) return [broken('XDS-APPEND-TARGET', `${at}/@targetObject`, target)]
  return []
}

function memberFindings(association: Association, context: Context & { at: string }): readonly IheError[] {
  const { at, kinds } = context
  const { source, target } = association
  if (association.classifications.some((entry) => entry.scheme === ASSOCIATION_DOCUMENTATION))
    return [broken('XDS-ASSOCIATION-DOCUMENTATION', `${at}/Classification`, ASSOCIATION_DOCUMENTATION)]
  const kind = kinds.get(source)
  if (kind === 'set') return setMemberFindings(association, context)
  // Else the source is a Folder, of the message or registered.
  if (kind !== 'folder' && (kind !== undefined || parseEntryUuid(source) === undefined))
    return [broken('XDS-HASMEMBER-SOURCE', `${at}/@sourceObject`, source)]
  const there = kinds.get(target)
  if (there !== 'entry' && (there !== undefined || parseEntryUuid(target) === undefined))
    return [broken('XDS-FOLDER-MEMBER', `${at}/@targetObject`, target)]
  return []
}

/** SS-DE, SS-FD and SS-HM; only of a DocumentEntry must the slot say whether it is of this message. */
function setMemberFindings(association: Association, { at, kinds }: Context & { at: string }): readonly IheError[] {
  const { target } = association
  const status = slotValues(association, 'SubmissionSetStatus')
  const [only] = status
  const there = kinds.get(target)
  if (there === 'association') return [broken('XDS-HASMEMBER-ASSOCIATION', `${at}/@targetObject`, target)]
  const optional = there === 'folder' || there === 'folder membership'
  if (optional && status.length === 0) return []
  if (status.length !== 1 || (only !== 'Original' && only !== 'Reference'))
    return [broken('XDS-HASMEMBER-STATUS', `${at}/SubmissionSetStatus`, status.join())]
  if ((only === 'Original') !== (there !== undefined))
    return [broken('XDS-HASMEMBER-STATUS', `${at}/SubmissionSetStatus`, only)]
  if (only === 'Reference' && parseEntryUuid(target) === undefined)
    return [broken('XDS-HASMEMBER-TARGET', `${at}/@targetObject`, target)]
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
    .map(({ at, count }) => broken('XDS-SUBMISSION-CONTENT', at, `${count} HasMember`))
  if (memberships === 0 && owned.length === 0)
    findings.push(broken('XDS-SUBMISSION-MEMBERS', `SubmissionSet(${members.set.id})`, 'no HasMember'))
  return findings
}

function broken(rule: FixedRuleId, at: string, value: string): IheError {
  return finding(rule, { at, value })
}
