// Two persons become one: all that is known of the former goes to the survivor (spec of the index: merge of persons by staff or matcher).

import { iheError } from '../../profiles/errors/index.ts'
import type { Oid, PatientId } from '../model/identifiers.ts'
import { formatCx } from '../model/identifiers.ts'
import type { IdentityTransaction, MergeChange, MergeOrigin, PersonKey, StoredIdentifier } from './ports.ts'

export interface PersonMerge {
  readonly former: PersonKey
  readonly survivor: PersonKey
  readonly affinityDomain: Oid
  readonly origin: MergeOrigin
  readonly by: string
  readonly reason: string
  readonly exchangeId?: string
  /** May the survivor get a second number of a domain? Staff may say so; the matcher never. */
  readonly secondNumbers: boolean
}

/**
 * Merges within the transaction, which locks both persons, and writes the history of every number.
 * @returns the affinity domain ids; undefined, with nothing changed, when a domain has numbers of both and that is not allowed.
 * @throws {IheError} PERSON_FED for a person whose affinity domain id its own source fed: only that source merges it.
 */
export async function mergePersons(
  tx: IdentityTransaction,
  merge: PersonMerge,
): Promise<{ readonly former: PatientId; readonly survivor: PatientId } | undefined> {
  const { former, survivor, affinityDomain, secondNumbers, ...told } = merge
  await tx.lockPersons([former, survivor])
  const goes = await activeOf(tx, former)
  const stays = await activeOf(tx, survivor)
  const xads = { former: xadOf(goes, affinityDomain), survivor: xadOf(stays, affinityDomain) }
  if (goes.find(({ id }) => id === xads.former)?.fed === true)
    throw iheError('PERSON_FED', { value: formatCx(xads.former) })
  const held = new Set(stays.map(({ id }) => id.authority))
  const moved = goes.filter(({ id }) => id !== xads.former).map(({ id }) => ({ id, second: held.has(id.authority) }))
  if (!secondNumbers && moved.some(({ second }) => second)) return undefined
  const change: MergeChange = {
    ...told,
    former,
    survivor,
    scope: 'person',
    replacements: [{ former: xads.former, survivor: xads.survivor }],
    moved,
  }
  await tx.merge(change)
  await tx.addHistory(
    [xads.former, ...moved.map(({ id }) => id)].map((id) => ({
      id,
      event: 'merge',
      by: merge.by,
      reason: merge.reason,
      person: survivor,
      formerPerson: former,
    })),
  )
  return xads
}

async function activeOf(tx: IdentityTransaction, person: PersonKey): Promise<readonly StoredIdentifier[]> {
  return (await tx.identifiersOf(person)).filter(({ status }) => status === 'active')
}

function xadOf(identifiers: readonly StoredIdentifier[], affinityDomain: Oid): PatientId {
  const found = identifiers.find(({ id }) => id.authority === affinityDomain)
  if (found === undefined)
    throw iheError('V3_OBSOLETE_ID', { rule: 'the person has no patient id of the network any more' })
  return found.id
}
