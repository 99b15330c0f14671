// Merge of persons by staff, and its undo (no IHE message exists for an un-merge: it is the network's own administration).

import { iheError } from '../../profiles/errors/index.ts'
import { formatCx, type Oid, type PatientId } from '../model/identifiers.ts'
import { standAlone } from './linking.ts'
import { mergePersons } from './person-merge.ts'
import type { IdentityTransaction, MergeUndo, PersonKey, StaffDecision, StoredIdentifier } from './ports.ts'
import { find, type LinkingPorts, pairsOf, requireActive, type StaffWork, staffChange } from './staff-work.ts'

export interface PersonMergeRequest extends StaffWork {
  /** Affinity domain id values. */
  readonly former: string
  readonly survivor: string
}

/**
 * Makes one person of two, with documents, numbers and consents (what may be seen is what both allowed). {@link undoMerge} takes it back.
 * @throws {IheError} V3_UNKNOWN_KEY, V3_OBSOLETE_ID, V3_MERGE_SAME_ID, PERSON_FED.
 */
export function mergeByStaff(request: PersonMergeRequest, ports: LinkingPorts): Promise<{ readonly xad: PatientId }> {
  const { affinityDomain } = ports
  const ids = [request.former, request.survivor].map((value) => ({ value, authority: affinityDomain }))
  return ports.store.inTransaction(async (tx) => {
    await tx.lockNumbersOf(ids)
    const locked = await tx.lockIdentifiers(ids)
    const [former, survivor] = ids.map((id) => requireActive(find(locked, id), id))
    if (former === undefined || survivor === undefined) throw new Error('two ids have two identifiers')
    if (former.person === survivor.person) throw iheError('V3_MERGE_SAME_ID', { value: formatCx(former.id) })
    await mergeKeys(tx, { former: former.person, survivor: survivor.person }, { ...request, affinityDomain })
    await staffChange(tx, request, 'persons merged', [former.id, survivor.id])
    return { xad: survivor.id }
  })
}

/** The merge itself, for whoever holds the locks of a number of each. */
export async function mergeKeys(
  tx: IdentityTransaction,
  pair: { readonly former: PersonKey; readonly survivor: PersonKey },
  work: StaffDecision & { readonly affinityDomain: Oid },
): Promise<void> {
  const { by, reason, affinityDomain } = work
  await mergePersons(tx, { ...pair, by, reason, affinityDomain, origin: 'staff', secondNumbers: true })
  const records = (await tx.identifiersOf(pair.survivor)).map((one) => one.record)
  await tx.allowTogether(records)
  await tx.closeSettled(pair.survivor, by)
  await tx.announce([pair.former, pair.survivor])
}

/**
 * Takes a merge back, or a move of numbers: both persons are as they were, with what came since under their numbers. The matcher
 * does not repeat what was taken back; what it kept apart before that is together again may be together.
 * @throws {IheError} MERGE_UNKNOWN, MERGE_STANDS when it is undone already or a later change stands on it.
 */
export function undoMerge(
  request: StaffWork & { readonly mergeId: string },
  ports: LinkingPorts,
): Promise<{ readonly patients: readonly PatientId[] }> {
  return ports.store.inTransaction(async (tx) => {
    const undone = await tx.undoMerge(request)
    if (undone.kind === 'unknown') throw iheError('MERGE_UNKNOWN', { value: request.mergeId })
    if (undone.kind !== 'undone') throw iheError('MERGE_STANDS', { value: request.mergeId, rule: WHY[undone.kind] })
    const { by, reason } = request
    const others = await separateJoined(tx, undone, { by, reason, affinityDomain: ports.affinityDomain })
    const identifiers = await Promise.all(undone.persons.map((person) => tx.identifiersOf(person)))
    const all = identifiers.flat()
    await settle(tx, identifiers, { ...request, separates: undone.separates })
    await tx.addHistory(
      undone.patients.map((id) => ({
        id,
        event: 'unmerge',
        by,
        reason,
        person: all.find((one) => formatCx(one.id) === formatCx(id))?.person ?? undone.persons[0] ?? '',
      })),
    )
    await staffChange(tx, request, 'merge undone', undone.patients)
    await tx.announce([...undone.persons, ...others])
    return { patients: undone.patients }
  })
}

/**
 * What the matcher joined to the two while they were one may be either's, or nobody's: it becomes a person of its own, and staff are
 * asked about both.
 */
async function separateJoined(
  tx: IdentityTransaction,
  { persons, since, separates }: Extract<MergeUndo, { readonly kind: 'undone' }>,
  work: StaffDecision & { readonly affinityDomain: Oid },
): Promise<readonly PersonKey[]> {
  if (!separates || since.length === 0) return []
  const identifiers = (await Promise.all(persons.map((person) => tx.identifiersOf(person)))).flat()
  const joined = identifiers.filter(
    ({ id, link, status }) =>
      link === 'auto' && status === 'active' && since.some((one) => formatCx(one) === formatCx(id)),
  )
  const described = identifiers.filter(
    (one) =>
      one.status === 'active' &&
      one.demographics !== undefined &&
      one.id.authority !== work.affinityDomain &&
      !joined.includes(one),
  )
  const separated: PersonKey[] = []
  for (const one of joined) {
    separated.push(await standAlone(tx, one, work))
    await tx.addReviews(
      persons.flatMap((person) => {
        const other = described.find((known) => known.person === person)
        return other === undefined
          ? []
          : [{ records: [one.record, other.record], reason: 'joined before an undo' } as const]
      }),
    )
  }
  return separated
}

async function settle(
  tx: IdentityTransaction,
  persons: readonly (readonly StoredIdentifier[])[],
  { separates, by, reason }: StaffDecision & { readonly separates: boolean },
): Promise<void> {
  const records = persons.map((identifiers) => identifiers.map(({ record }) => record))
  for (const own of records) await tx.allowTogether(own)
  const [first = [], second = []] = records
  if (separates) await tx.keepApart(pairsOf(first, second), { by, reason })
}

const WHY = {
  'undone-before': 'it is undone already',
  'no-snapshot': 'it was made by a version that kept no snapshot',
  'changed-since': 'a later merge or link stands on it: undo that one first',
} as const
