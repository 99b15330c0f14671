// Rules of associations inside a submission (ITI TF-3 4.2.2): which types, from what, to what, with which slots.

import { iheError } from '../../profiles/errors/index.ts'
import { ASSOCIATION_DOCUMENTATION } from '../../profiles/metadata/attributes.ts'
import { type Association, type RegistryObject, slotValues } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import { parseEntryUuid } from '../model/identifiers.ts'
import { APND, HAS_MEMBER, RPLC, SIGNS, XFRM, XFRM_RPLC } from '../model/xds.ts'

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
])

interface Members {
  readonly set: RegistryObject
  readonly entries: readonly RegistryObject[]
}

/** What can be judged without the registry; targets in the registry are judged in register.ts. */
export function associationFindings(associations: readonly Association[], members: Members): readonly IheError[] {
  const ids = new Set(members.entries.map((entry) => entry.id))
  const links = new Map<string, number>()
  for (const { type, source, target } of associations)
    if (type === HAS_MEMBER && source === members.set.id) links.set(target, (links.get(target) ?? 0) + 1)
  return [
    ...associations.flatMap((association) => oneAssociation(association, { set: members.set.id, ids })),
    ...members.entries.flatMap((entry) => membershipFindings(entry, links.get(entry.id) ?? 0)),
  ]
}

interface Context {
  readonly set: string
  readonly ids: ReadonlySet<string>
}

function oneAssociation(association: Association, context: Context): IheError[] {
  const { type, source, target } = association
  const at = `Association(${association.id === '' ? type : association.id})`
  if (source === target)
    return [invalid(`${at}/@targetObject`, target, 'ITI TF-3 4.2.2 an object is not associated with itself')]
  if (association.slots.some((slot) => slot.name === 'PreviousVersion'))
    return [invalid(`${at}/Slot`, 'PreviousVersion', 'metadata update is not part of ITI-42')]
  if (type === HAS_MEMBER) return memberFindings(association, { ...context, at })
  const rule = relationshipRules.get(type)
  if (rule === undefined) return [invalid(`${at}/@associationType`, type, 'ITI TF-3 Table 4.2.2-1')]
  if (target === context.set)
    return [invalid(`${at}/@targetObject`, target, 'ITI TF-3 4.2.2 a SubmissionSet is never a target')]
  if (!context.ids.has(source))
    return [
      iheError('UNRESOLVED_REFERENCE', {
        at: `${at}/@sourceObject`,
        value: source,
        rule: 'ITI TF-3 4.2.2.2 source in the submission',
      }),
    ]
  const inMessage = context.ids.has(target)
  if ((inMessage && rule.target === 'registry') || (!inMessage && parseEntryUuid(target) === undefined))
    return [
      iheError('UNRESOLVED_REFERENCE', {
        at: `${at}/@targetObject`,
        value: target,
        rule: `ITI TF-3 4.2.2.2 target in the ${rule.target}`,
      }),
    ]
  return []
}

function memberFindings(association: Association, context: Context & { at: string }): IheError[] {
  const { at, set, ids } = context
  if (association.source !== set)
    return [
      invalid(
        `${at}/@sourceObject`,
        association.source,
        'ITI TF-3 4.2.2.1 HasMember starts at the SubmissionSet of the message',
      ),
    ]
  if (association.classifications.some((entry) => entry.scheme === ASSOCIATION_DOCUMENTATION))
    return [
      invalid(
        `${at}/Classification`,
        ASSOCIATION_DOCUMENTATION,
        'ITI TF-3 4.2.2.2 documentation codes belong to relationships',
      ),
    ]
  const status = slotValues(association, 'SubmissionSetStatus')
  const [only] = status
  if (status.length !== 1 || (only !== 'Original' && only !== 'Reference'))
    return [invalid(`${at}/SubmissionSetStatus`, status.join(), 'ITI TF-3 4.2.2.1.1 Original or Reference')]
  if ((only === 'Original') !== ids.has(association.target))
    return [
      invalid(
        `${at}/SubmissionSetStatus`,
        only,
        'ITI TF-3 4.2.2.1.1 Original: target in the message; Reference: in the registry',
      ),
    ]
  if (only === 'Reference' && parseEntryUuid(association.target) === undefined)
    return [
      invalid(`${at}/@targetObject`, association.target, 'ITI TF-3 4.2.3.1.5 symbolic ids point inside the submission'),
    ]
  return []
}

function membershipFindings(entry: RegistryObject, links: number): IheError[] {
  return links === 1
    ? []
    : [invalid(`DocumentEntry(${entry.id})`, `${links} HasMember`, 'ITI TF-3 4.2.1.4 exactly one SS-DE HasMember')]
}

function invalid(at: string, value: string, rule: string): IheError {
  return iheError('METADATA_INVALID', { at, value, rule })
}
