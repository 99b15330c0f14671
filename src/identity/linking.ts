// Links by staff: a number joins a person, leaves it, or several leave together (split). Each with a reason, each reversible.

import { iheError } from '../../profiles/errors/index.ts'
import { formatCx, type Oid, type PatientId } from '../model/identifiers.ts'
import { createPerson } from './person.ts'
import { mergePersons } from './person-merge.ts'
import type { IdentityTransaction, PersonKey, RecordKey, StaffDecision, StoredIdentifier } from './ports.ts'
import {
  find,
  type LinkingPorts,
  pairsOf,
  requireActive,
  requireLinkable,
  type StaffWork,
  staffChange,
} from './staff-work.ts'

export interface LinkChange {
  readonly identifier: PatientId
  readonly person: PersonKey
  readonly xad: PatientId
  /** The person who had the identifier before. */
  readonly formerPerson?: PersonKey
  /** Affinity domain id of a person of whom nothing else was known; all that was registered under it is the person's of `xad` now. */
  readonly obsolete?: PatientId
}

export interface LinkRequest extends StaffWork {
  readonly domain: Oid
  readonly value: string
  /** Affinity domain id value of the person the number belongs to. */
  readonly person: string
}

/**
 * Links a facility's patient number to a person; a number that no feed has brought yet is recorded by this. What the facility
 * registered under the number goes with it.
 * @throws {IheError} V3_UNKNOWN_KEY (domain or person), V3_OBSOLETE_ID, V3_SEVERAL_IDS when the person has another number of the domain.
 */
export function linkRecord(request: LinkRequest, ports: LinkingPorts): Promise<LinkChange> {
  const id = { value: request.value, authority: request.domain }
  const xad = { value: request.person, authority: ports.affinityDomain }
  return ports.store.inTransaction(async (tx) => {
    await requireLinkable(tx, request.domain)
    await tx.lockNumbersOf([id, xad])
    const locked = await tx.lockIdentifiers([id, xad])
    const target = requireActive(find(locked, xad), xad)
    const stored = find(locked, id)
    if (stored?.status === 'obsolete') throw iheError('V3_OBSOLETE_ID', { value: formatCx(id) })
    if (stored?.person === target.person) return { identifier: id, person: target.person, xad }
    await tx.lockPersons([target.person, ...(stored === undefined ? [] : [stored.person])])
    await refuseSecondNumber(tx, id, target.person)
    const work = { ...request, affinityDomain: ports.affinityDomain }
    const whole = stored === undefined ? undefined : await wholePerson(tx, stored, ports.affinityDomain)
    if (stored === undefined) await addNumber(tx, id, target.person)
    else if (whole !== undefined) await takeWhole(tx, { former: stored.person, survivor: target.person }, work)
    else await moveTo(tx, [stored], { ...work, to: target.person, link: 'manual' })
    await record(tx, id, { ...request, event: 'link', person: target.person, former: stored?.person, link: 'manual' })
    await staffChange(tx, request, 'patient number linked', [id, xad])
    if (stored === undefined) {
      await tx.announce([target.person])
      return { identifier: id, person: target.person, xad }
    }
    await settle(tx, stored, target.person, request)
    await tx.announce([stored.person, target.person])
    return {
      identifier: id,
      person: target.person,
      xad,
      formerPerson: stored.person,
      ...(whole === undefined ? {} : { obsolete: whole }),
    }
  })
}

/** Staff said that the record is this person's: former vetoes between them are gone, and so are open questions. */
async function settle(
  tx: IdentityTransaction,
  stored: StoredIdentifier,
  person: PersonKey,
  { by }: StaffDecision,
): Promise<void> {
  const records = (await tx.identifiersOf(person)).map((one) => one.record)
  await tx.allowTogether([stored.record, ...records])
  await tx.closeSettled(person, by)
}

export type UnlinkRequest = Omit<LinkRequest, 'person'>

/**
 * Takes a patient number away from its person: with what its facility registered under it, it becomes the first number of a new
 * person, and the matcher never brings the two together again.
 * @throws {IheError} V3_UNKNOWN_KEY, V3_OBSOLETE_ID.
 */
export function unlinkRecord(request: UnlinkRequest, ports: LinkingPorts): Promise<LinkChange> {
  const id = { value: request.value, authority: request.domain }
  return ports.store.inTransaction(async (tx) => {
    await requireLinkable(tx, request.domain)
    const [split] = await splitOff(tx, [id], { ...request, affinityDomain: ports.affinityDomain, event: 'unlink' })
    if (split === undefined) throw new Error('nothing was split off')
    await staffChange(tx, request, 'patient number unlinked', [id, split.xad])
    return { identifier: id, person: split.person, xad: split.xad, formerPerson: split.former }
  })
}

export interface SplitRequest extends StaffWork {
  /** Numbers of one person that are another person's. */
  readonly ids: readonly PatientId[]
}

/**
 * Splits a person: the numbers named become a new person, with what was registered under them; the halves stay apart.
 * The consents stay with the former person: of the new one nobody has asked yet.
 * @throws {IheError} V3_UNKNOWN_KEY, V3_OBSOLETE_ID, V3_ID_ELSEWHERE when the numbers are not one person's.
 */
export function splitPerson(request: SplitRequest, ports: LinkingPorts): Promise<{ readonly xad: PatientId }> {
  return ports.store.inTransaction(async (tx) => {
    for (const { authority } of request.ids) await requireLinkable(tx, authority)
    const split = await splitOff(tx, request.ids, { ...request, affinityDomain: ports.affinityDomain, event: 'split' })
    const [first] = split
    if (first === undefined) throw iheError('V3_UNKNOWN_KEY', { rule: 'name at least one number' })
    await staffChange(tx, request, 'person split', [...request.ids, first.xad])
    return { xad: first.xad }
  })
}

interface Splitting extends StaffDecision {
  readonly affinityDomain: Oid
  readonly event: 'unlink' | 'split'
}

interface Split {
  readonly id: PatientId
  readonly former: PersonKey
  readonly person: PersonKey
  readonly xad: PatientId
}

/** Makes one new person of the numbers, whom the matcher never brings together with those that stay. */
export async function splitOff(
  tx: IdentityTransaction,
  ids: readonly PatientId[],
  work: Splitting,
): Promise<readonly Split[]> {
  await tx.lockNumbersOf(ids)
  const locked = await tx.lockIdentifiers(ids)
  const going = ids.map((id) => requireActive(find(locked, id), id))
  const [first, ...more] = going
  if (first === undefined) return []
  const elsewhere = more.find(({ person }) => person !== first.person)
  if (elsewhere !== undefined) throw iheError('V3_ID_ELSEWHERE', { value: formatCx(elsewhere.id) })
  await tx.lockPersons([first.person])
  const staying = (await tx.identifiersOf(first.person)).filter(
    ({ record: own, status }) => status === 'active' && !going.some((one) => one.record === own),
  )
  const described = going.find(({ demographics }) => demographics !== undefined)
  const { key, xad } = await createPerson(tx, {
    ...work,
    ...(described?.demographics === undefined ? {} : { demographics: described.demographics }),
  })
  await moveTo(tx, [first, ...more], { ...work, to: key, link: 'manual' })
  for (const stored of going) {
    await record(tx, stored.id, { ...work, person: key, former: first.person, link: 'manual' })
  }
  await tx.keepApart(pairsOf(recordsOf(going), recordsOf(staying)), work)
  await tx.announce([first.person, key])
  return going.map(({ id }) => ({ id, former: first.person, person: key, xad }))
}

/**
 * Makes a new person of a number that the matcher joined to what is no person any more. Nobody has decided about it: it may come to
 * either of them again.
 */
export async function standAlone(
  tx: IdentityTransaction,
  stored: StoredIdentifier,
  work: StaffDecision & { readonly affinityDomain: Oid },
): Promise<PersonKey> {
  const { demographics } = stored
  const { key } = await createPerson(tx, { ...work, ...(demographics === undefined ? {} : { demographics }) })
  await moveTo(tx, [stored], { ...work, to: key, link: 'sole' })
  await record(tx, stored.id, { ...work, event: 'unlink', person: key, former: stored.person, link: 'sole' })
  return key
}

function recordsOf(identifiers: readonly StoredIdentifier[]): readonly RecordKey[] {
  return identifiers.map(({ record: own }) => own)
}

interface Moving extends StaffDecision {
  readonly affinityDomain: Oid
  readonly to: PersonKey
  readonly link: 'manual' | 'sole'
}

/** Numbers of one person go together, so that their documents do and one undo brings all of them back. */
async function moveTo(
  tx: IdentityTransaction,
  [first, ...more]: readonly [StoredIdentifier, ...StoredIdentifier[]],
  given: Moving,
): Promise<void> {
  const { affinityDomain, to, link, by, reason } = given
  const former = await networkIdOf(tx, first.person, affinityDomain)
  const survivor = await networkIdOf(tx, to, affinityDomain)
  await tx.moveNumbers({
    from: first.person,
    to,
    ids: [first.id, ...more.map(({ id }) => id)],
    link,
    origin: 'staff',
    by,
    reason,
    ...(former === undefined || survivor === undefined ? {} : { replacement: { former, survivor } }),
  })
}

async function networkIdOf(tx: IdentityTransaction, person: PersonKey, affinityDomain: Oid) {
  const identifiers = await tx.identifiersOf(person)
  return identifiers.find(({ id, status }) => id.authority === affinityDomain && status === 'active')?.id
}

interface Recorded extends StaffDecision {
  readonly event: 'link' | 'unlink' | 'split'
  readonly person: PersonKey
  readonly former: PersonKey | undefined
  readonly link: 'manual' | 'sole'
}

async function record(tx: IdentityTransaction, id: PatientId, given: Recorded): Promise<void> {
  const { event, by, reason, person, former, link } = given
  await tx.addHistory([
    { id, event, by, reason, person, link, ...(former === undefined ? {} : { formerPerson: former }) },
  ])
}

async function refuseSecondNumber(tx: IdentityTransaction, id: PatientId, person: PersonKey): Promise<void> {
  const identifiers = await tx.identifiersOf(person)
  if (identifiers.some((held) => held.status === 'active' && held.id.authority === id.authority)) {
    throw iheError('V3_SEVERAL_IDS', { value: formatCx(id) })
  }
}

async function addNumber(tx: IdentityTransaction, id: PatientId, person: PersonKey): Promise<void> {
  const record = await tx.addIdentifier({ id, person, link: 'manual' })
  if (record === undefined) throw iheError('BUSY', { value: formatCx(id) })
}

/**
 * The network's id of a person of whom nothing but this number is known: whose number it is, is who the person is. One that its own
 * source sent goes by a merge of that source only.
 */
async function wholePerson(
  tx: IdentityTransaction,
  stored: StoredIdentifier,
  affinityDomain: Oid,
): Promise<PatientId | undefined> {
  const identifiers = await tx.identifiersOf(stored.person)
  const [last, ...more] = identifiers.filter(({ record: own, status }) => status === 'active' && own !== stored.record)
  if (last === undefined || more.length > 0 || last.fed || last.id.authority !== affinityDomain) return undefined
  return last.id
}

/** What others registered about the person goes too, and may be seen as both persons allowed. */
async function takeWhole(
  tx: IdentityTransaction,
  pair: { readonly former: PersonKey; readonly survivor: PersonKey },
  { affinityDomain, by, reason }: StaffDecision & { readonly affinityDomain: Oid },
): Promise<void> {
  await mergePersons(tx, { ...pair, affinityDomain, by, reason, origin: 'staff', secondNumbers: false })
}
