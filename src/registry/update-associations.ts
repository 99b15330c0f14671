// Associations of an update: those it submits, and those that new versions take over (ITI TF-2 3.57.4.1.3.3.1.3, 3.57.4.1.3.3.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { Association } from '../model/ebrim.ts'
import type { IheError } from '../model/error.ts'
import { newEntryUuid } from '../model/identifiers.ts'
import { HAS_MEMBER, STATUS_APPROVED } from '../model/xds.ts'
import type { ReferencedObject, RegisteredAssociation, StandingAssociation } from './ports.ts'
import { currentOf, isOwn, type Situation } from './update-situation.ts'

/** Associations that SubmitAssociation puts into the registry: between Approved objects of the patient, and new. */
export function associationFindings(situation: Situation): readonly IheError[] {
  const objects = new Map(situation.facts.referenced.map((object) => [object.id, object]))
  const standing = new Set(situation.standing.associations.map(triple))
  return situation.operations.associations.flatMap((association) => {
    const { id, type } = association
    const findings = endFindings(association, { objects, situation })
    if (findings.length > 0) return findings
    if (standing.has(triple(association)))
      return [notSubmitted({ id, value: type, expected: 'there is no such association yet' }, situation)]
    standing.add(triple(association))
    return []
  })
}

function triple({ type, source, target }: Pick<StandingAssociation, 'type' | 'source' | 'target'>): string {
  return `${type} ${source} ${target}`
}

function notSubmitted(
  { id, value, expected }: { readonly id: string; readonly value: string; readonly expected: string },
  { rules }: Situation,
): IheError {
  return iheError('UPDATE_REFUSED', { at: `Association(${id})`, value, rule: `${rules.section} ${expected}` })
}

interface Ends {
  readonly objects: ReadonlyMap<string, ReferencedObject>
  readonly situation: Situation
}

/** Versions come before associations, so a version that the message follows is an end no more. */
function endFindings(association: Association, { objects, situation }: Ends): readonly IheError[] {
  const { id, type, source, target } = association
  const { operations, patient, caller, rules } = situation
  const refuse = (value: string, expected: string) => [notSubmitted({ id, value, expected }, situation)]
  const known = (end: string): ReferencedObject | undefined => {
    const object = objects.get(end)
    return object !== undefined && isOwn(object, caller) ? object : undefined
  }
  const [from, to] = [known(source), known(target)]
  if (from === undefined || to === undefined)
    return refuse(from === undefined ? source : target, 'both ends are registered objects')
  const updateOf = ({ logicalId }: ReferencedObject) => operations.versions.find((one) => one.logicalId === logicalId)
  const details = { at: `Association(${id})`, rule: rules.section }
  const combined = [from, to].find((end) => updateOf(end)?.propagation === 'yes')
  if (combined !== undefined)
    return [
      iheError('UPDATE_OPERATION', {
        ...details,
        value: combined.id,
        rule: `${rules.section} not together with propagation`,
      }),
    ]
  if (from.object !== (type === HAS_MEMBER ? 'Folder' : 'DocumentEntry') || to.object !== 'DocumentEntry')
    return refuse(
      `${from.object} to ${to.object}`,
      'HasMember from Folder to DocumentEntry, others between DocumentEntries',
    )
  const stale = [from, to].find((end) => end.status !== STATUS_APPROVED || !end.latest || updateOf(end) !== undefined)
  if (stale !== undefined) return refuse(stale.id, 'both ends are Approved')
  const other = [from, to].find(({ personKey }) => personKey !== patient.personKey)
  return other === undefined ? [] : [iheError('PATIENT_RECONCILIATION', { ...details, value: other.id })]
}

/** Associations of former versions that the new ones take over, with the ends they get. */
export function propagated(
  situation: Situation,
): readonly (StandingAssociation & { readonly former: StandingAssociation })[] {
  const successors = new Map(
    situation.operations.versions
      .filter(({ propagation }) => propagation === 'yes')
      .flatMap((version) => {
        const current = currentOf(version, situation)
        // How an object of another facility is associated is none of the caller's business, not even by a refusal.
        return current === undefined || !isOwn(current, situation.caller) ? [] : [[current.id, version.id] as const]
      }),
  )
  const newPerson = situation.patient.personKey
  return situation.standing.associations
    .filter(({ source, target }) => successors.has(source) || successors.has(target))
    .map((former) => ({
      ...former,
      former,
      id: newEntryUuid(),
      source: successors.get(former.source) ?? former.source,
      target: successors.get(former.target) ?? former.target,
      sourcePerson: successors.has(former.source) ? newPerson : former.sourcePerson,
      targetPerson: successors.has(former.target) ? newPerson : former.targetPerson,
    }))
}

export function propagationFindings(situation: Situation): readonly IheError[] {
  return propagated(situation)
    .filter(({ sourcePerson, targetPerson }) => sourcePerson !== targetPerson)
    .map(({ former, type }) =>
      iheError('PATIENT_RECONCILIATION', {
        at: `Association(${former.id})`,
        value: type,
        rule: `${situation.rules.section} AssociationPropagation`,
      }),
    )
}

/** The stored fragment with its three ids exchanged: they are UUIDs, so they stand for nothing else in it. */
export function renderedAgain({
  former,
  ...association
}: StandingAssociation & { former: StandingAssociation }): RegisteredAssociation {
  return {
    association,
    ebrim: former.ebrim
      .replaceAll(former.id, association.id)
      .replaceAll(former.source, association.source)
      .replaceAll(former.target, association.target),
  }
}
