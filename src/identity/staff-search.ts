// Registration staff's search of everybody in the network, by what people say of themselves in any script, width or era (患者の検索).

import { grouped } from '../model/grouped.ts'
import type { PatientId } from '../model/identifiers.ts'
import type { SoughtBirth, SoughtName } from '../model/pdq.ts'
import type { Demographics } from '../model/person.ts'
import type { AdministrationPorts, NumberView } from './administration-ports.ts'
import { birthDateOf } from './matching/birth-date.ts'
import { foldPostalCode } from './matching/contact.ts'
import { fold } from './matching/fold-text.ts'
import { scoreOf } from './pdq-match.ts'
import { planOf, type Sought } from './pdq-plan.ts'
import type { PersonRecord } from './pdq-ports.ts'
import { descriptions, goldenOf, newerFirst } from './pdq-view.ts'
import type { PersonKey } from './ports.ts'
import { telecomKey } from './search-keys.ts'
import { isShownThere, type SearchWindow, throughWindow } from './search-window.ts'

/** Who finds more has not asked for a patient. */
export const MAX_SHOWN = 50
/** Persons that are looked at, because their keys agree with the fields that an index reads. */
const MAX_CANDIDATES = 500

export const STAFF_SEARCH_FIELDS = ['name', 'family', 'given', 'birth', 'sex', 'phone', 'postal', 'id'] as const

/** As it was typed. Names may be the beginnings of names; of all that is given one record must agree with everything. */
export interface StaffSearch {
  /** Family and given name divided by a blank, or one of them, or both undivided. */
  readonly name?: string
  readonly family?: string
  readonly given?: string
  /** Gregorian or of a Japanese era; also a year or a month. */
  readonly birth?: string
  readonly sex?: 'M' | 'F' | 'UN'
  readonly phone?: string
  /** Or the beginning of one. */
  readonly postal?: string
  /** A number of any facility or of the network, exactly; it alone finds a person whose source asks for discretion. */
  readonly id?: string
}

export type FoundNumber = Pick<NumberView, 'id' | 'domainName' | 'facilityId'>

export interface FoundPatient {
  /** Id of the network. */
  readonly patient?: string
  /** What the record says that agrees best, completed by the others, the newest first. */
  readonly demographics: Demographics
  /** How well it agrees, 0 to 100. */
  readonly score: number
  readonly numbers: readonly FoundNumber[]
}

export type StaffSearchResult =
  /** `more`: not everybody who agrees is shown. */
  | { readonly kind: 'found'; readonly patients: readonly FoundPatient[]; readonly more: boolean }
  | { readonly kind: 'too little' }
  | { readonly kind: 'unreadable'; readonly field: UnreadableField }

/** The field holds nothing that could be looked for. */
export type UnreadableField = 'birth' | 'phone' | 'postal'

interface Request {
  readonly search: StaffSearch
  readonly limit: number
  /** Who of the staff, and from where. */
  readonly by: string
  readonly peer: string
  /** Absent: staff of the network, who know everybody. */
  readonly window?: SearchWindow
}

/** Written to the audit before anything is shown: who asked, for which fields, and how many were found. */
export async function searchPatients(request: Request, ports: AdministrationPorts): Promise<StaffSearchResult> {
  const { search, limit, window } = request
  const field = unreadable(search)
  if (field !== undefined) return { kind: 'unreadable', field }
  const sought = soughtOf(search)
  const persons = await personsOf(search, { sought, ports })
  if (persons === undefined) return { kind: 'too little' }
  const agreeing = await agreeingOf(persons, { search, sought, ports, window })
  const patients = agreeing.slice(0, limit)
  const more = agreeing.length > limit || persons.length > MAX_CANDIDATES
  await recordSearch(request, { patients, more, ports })
  // Those who were looked at were not all: that nobody agrees would be a guess.
  return more && patients.length === 0 ? { kind: 'too little' } : { kind: 'found', patients, more }
}

function unreadable({ birth, phone, postal }: StaffSearch): UnreadableField | undefined {
  if (birth !== undefined && birthDateOf(birth)?.plausible !== true) return 'birth'
  if (phone !== undefined && telecomKey(phone) === '') return 'phone'
  if (postal !== undefined && foldPostalCode(postal) === undefined) return 'postal'
  return undefined
}

const at = 'search'

function soughtOf(search: StaffSearch): Sought {
  const { sex, phone, postal } = search
  const birth = birthOf(search)
  return {
    names: namesOf(search),
    ids: [],
    keyAt: at,
    ...(sex === undefined ? {} : { sex }),
    ...(birth === undefined ? {} : { birth }),
    ...(phone === undefined ? {} : { telecom: { value: phone, at } }),
    ...(postal === undefined ? {} : { address: { postalCode: postal, parts: [], at } }),
  }
}

function birthOf({ birth = '' }: StaffSearch): SoughtBirth | undefined {
  const date = birthDateOf(birth)
  return date === undefined ? undefined : { kind: 'date', date: date.digits, at }
}

function namesOf({ name, family, given }: StaffSearch): readonly SoughtName[] {
  if (name !== undefined) return readingsOf(name)
  if (family === undefined && given === undefined) return []
  return [beginning({ ...(family === undefined ? {} : { family }), ...(given === undefined ? {} : { given }) })]
}

type NameParts = Pick<SoughtName, 'family' | 'given'>

function beginning(parts: NameParts): SoughtName {
  return { ...parts, matching: 'inexact', at }
}

const BEGINS_LATIN = /^[A-Z]/

/**
 * What a name typed as one text can mean. Latin names come with either part first; a source may hold both parts undivided, and so may
 * the text.
 */
function readingsOf(name: string): readonly SoughtName[] {
  const words = fold(name).split(' ')
  const [first = ''] = words
  const last = words.at(-1) ?? ''
  const isLatin = BEGINS_LATIN.test(first)
  if (words.length === 1) {
    const either = [beginning({ family: first }), beginning({ given: first })]
    return isLatin ? either : [...either, ...divisionsOf(first)]
  }
  const other: NameParts = isLatin ? { family: last, given: words.slice(0, -1).join(' ') } : { family: words.join('') }
  return [beginning({ family: first, given: words.slice(1).join(' ') }), beginning(other)]
}

/** Longer texts are no family name with a given name. */
const MAX_UNDIVIDED = 16

/** Exactly, for the beginning of a division would be a single character. */
function divisionsOf(text: string): readonly SoughtName[] {
  const characters = [...text]
  if (characters.length > MAX_UNDIVIDED) return []
  return characters.slice(1).map((_, before) => ({
    family: characters.slice(0, before + 1).join(''),
    given: characters.slice(before + 1).join(''),
    matching: 'exact',
    at,
  }))
}

interface Asked {
  readonly sought: Sought
  readonly ports: AdministrationPorts
}

/** In nobody's number, and the database takes no NUL. */
const CONTROL = /\p{Cc}/u

/** Undefined when nothing is asked by which few could be found. */
async function personsOf({ id }: StaffSearch, { sought, ports }: Asked): Promise<readonly PersonKey[] | undefined> {
  if (id !== undefined) {
    // Typed with a Japanese keyboard, a number is full width.
    const values = [...new Set([id, id.normalize('NFKC').trim()])].filter((value) => !CONTROL.test(value))
    const found = await Promise.all(values.map((value) => ports.store.findIdentifiers(value)))
    return [...new Set(found.flat().map(({ person }) => person))]
  }
  const plan = planOf(sought, { limit: MAX_CANDIDATES + 1 })
  return plan.kind === 'refused' ? undefined : ports.administration.searchRecords(plan.search)
}

/** Best first; of equals the one that has been known longest. */
async function agreeingOf(
  persons: readonly PersonKey[],
  { search, sought, ports, window }: Asked & Viewed,
): Promise<readonly FoundPatient[]> {
  const records = grouped(await ports.administration.recordsOf(persons), ({ person }) => person)
  const inOrder = persons.toSorted((a, b) => Number(BigInt(a) - BigInt(b)))
  const found = inOrder.flatMap((person) => {
    const all = visible((records.get(person) ?? []).toSorted(newerFirst), { search, ports, window })
    const described = descriptions(all, all)
    const isDiscreet = search.id === undefined && described.some(({ restricted }) => restricted === true)
    const best = all.length === 0 || isDiscreet ? undefined : bestFirst(described, sought)
    return best === undefined ? [] : toFound(shownOf(all, { ports, window }), best, ports)
  })
  return found.toSorted((a, b) => b.score - a.score)
}

interface Viewed {
  readonly search: StaffSearch
  readonly window: SearchWindow | undefined
}

/** What of a person may be known; nothing when they were found by a number that may not be. */
function visible(
  records: readonly PersonRecord[],
  { search, ports, window }: Viewed & Pick<Asked, 'ports'>,
): readonly PersonRecord[] {
  if (window === undefined) return records
  const seen = throughWindow(records, window, ports)
  const { id } = search
  if (id === undefined) return seen
  const values = [id, id.normalize('NFKC').trim()]
  return shownOf(seen, { ports, window }).some((record) => values.includes(record.id.value)) ? seen : []
}

function shownOf(
  records: readonly PersonRecord[],
  { ports, window }: Pick<Viewed, 'window'> & Pick<Asked, 'ports'>,
): readonly PersonRecord[] {
  return window === undefined ? records : records.filter((record) => isShownThere(record, window, ports))
}

interface Agreement {
  readonly described: readonly Demographics[]
  readonly score: number
}

/** A name of one source and a birth date of another describe nobody. A number alone needs no description. */
function bestFirst(described: readonly Demographics[], sought: Sought): Agreement | undefined {
  const { names, sex, birth, address, telecom } = sought
  const isDescribed = names.length > 0 || [sex, birth, address, telecom].some((one) => one !== undefined)
  if (!isDescribed) return { described, score: 100 }
  const agreeing = described
    .flatMap((one) => {
      const score = scoreOf(sought, one)
      return score === undefined ? [] : { one, score }
    })
    .toSorted((a, b) => b.score - a.score)
  const [best] = agreeing
  return best === undefined ? undefined : { described: [best.one, ...described], score: best.score }
}

function toFound(
  records: readonly PersonRecord[],
  { described, score }: Agreement,
  { affinityDomain }: AdministrationPorts,
): FoundPatient {
  const patient = records.find(({ id }) => id.authority === affinityDomain)
  const others = records.filter(({ id }) => id.authority !== affinityDomain)
  return {
    ...(patient === undefined ? {} : { patient: patient.id.value }),
    demographics: goldenOf(described),
    score,
    numbers: others.map(toNumber).toSorted((a, b) => a.domainName.localeCompare(b.domainName)),
  }
}

function toNumber({ id, domain }: PersonRecord): FoundNumber {
  const { name: domainName, facilityId } = domain
  return { id, domainName, ...(facilityId === undefined ? {} : { facilityId }) }
}

interface Shown {
  readonly patients: readonly FoundPatient[]
  readonly more: boolean
  readonly ports: AdministrationPorts
}

function recordSearch({ search, by, peer }: Request, { patients, more, ports }: Shown): Promise<void> {
  const fields = STAFF_SEARCH_FIELDS.filter((field) => search[field] !== undefined)
  const operation = `patient search by ${fields.join(', ')}: ${patients.length} shown${more ? ' of more' : ''}`
  const shown = patients.flatMap((one) => idOf(one, ports))
  return ports.administration.recordLook({ by, peer, operation, patients: shown })
}

/** The id of the network, or a number of a person who has none. */
function idOf({ patient, numbers }: FoundPatient, { affinityDomain }: AdministrationPorts): readonly PatientId[] {
  if (patient !== undefined) return [{ value: patient, authority: affinityDomain }]
  return numbers.slice(0, 1).map(({ id }) => id)
}
