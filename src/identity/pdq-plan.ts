// By which of its parameters a query is looked up, and when it asks too little for that (ITI TF-2 3.47.4.1.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { IheError } from '../model/error.ts'
import type { PdqQuery, SoughtBirth, SoughtName } from '../model/pdq.ts'
import { foldPostalCode } from './matching/contact.ts'
import type { RecordSearch } from './pdq-ports.ts'
import { birthRange, foldSought, type KeyRange, nameRange, telecomKey, valueRange } from './search-keys.ts'

/** Letters or characters that the beginning of a name must have at least. */
const MIN_BEGINNING = 2
/** Digits of a postal code that are a town or less. */
const MIN_POSTAL_DIGITS = 3
/** Digits of a postal code that are a part of a town, where fewer live than have the same family name in a region. */
const WHOLE_POSTAL_DIGITS = 7
const BIRTH_DATE_DIGITS = 8
/** Days that a search by birth date alone may span. */
const MAX_BIRTH_DAYS = 366
const DAY_MS = 24 * 60 * 60 * 1000

export type Plan =
  | { readonly kind: 'search'; readonly search: RecordSearch }
  | { readonly kind: 'refused'; readonly error: IheError }

/** What of a query decides how it is looked up. */
export type Sought = Pick<PdqQuery, 'names' | 'sex' | 'birth' | 'address' | 'ids' | 'mother' | 'telecom' | 'keyAt'>

type Reach = Pick<RecordSearch, 'limit' | 'knownTo'>

/**
 * The parameter that leaves the fewest persons leads; the others narrow what it finds. Sex, the mother's name, the text of an address
 * and a domain without a number lead nowhere, for too many share them.
 */
export function planOf(query: Sought, reach: Reach): Plan {
  const names = soughtNames(query)
  if (!hasParameter(query, names)) return { kind: 'refused', error: iheError('PDQ_NO_PARAMETER', { at: query.keyAt }) }
  const by = leadOf(query, names)
  if (by === undefined) return { kind: 'refused', error: tooWide(query, reach.limit - 1) }
  const { birth, sex } = query
  return {
    kind: 'search',
    search: {
      ...reach,
      by,
      names: by.kind === 'keys' && !isOfName(by.ranges) ? names.map(({ range }) => range) : [],
      ...(birth === undefined ? {} : { birth: birthRange(birth) }),
      ...(sex === undefined ? {} : { sex }),
    },
  }
}

/** @param most how many persons an answer may hold. */
export function tooWide({ keyAt }: Pick<Sought, 'keyAt'>, most: number): IheError {
  return iheError('PDQ_TOO_WIDE', { at: keyAt, rule: `at most ${most} patients` })
}

interface NamedRange {
  readonly range: KeyRange
  /** Few enough persons have such a name that an index may be read by it. */
  readonly isNarrow: boolean
  /** Of family and given name. */
  readonly isWhole: boolean
}

/** A name of which folding leaves nothing (blanks, a word for "unknown") is nobody's. */
function soughtNames({ names }: Sought): readonly NamedRange[] {
  return names.flatMap((name) => {
    const folded = foldSought(name)
    if (folded === undefined) return []
    const isWhole = folded.family !== '' && folded.given !== ''
    const longest = Math.max([...folded.family].length, [...folded.given].length)
    return { range: nameRange(folded, name.matching), isNarrow: isNarrow(name.matching, longest), isWhole }
  })
}

function isNarrow(matching: SoughtName['matching'], characters: number): boolean {
  return matching === 'exact' || characters >= MIN_BEGINNING
}

function hasParameter(query: Sought, names: readonly NamedRange[]): boolean {
  const { sex, birth, address, ids, mother, telecom } = query
  if (names.length > 0 || ids.length > 0) return true
  return [sex, birth, address, mother, telecom].some((parameter) => parameter !== undefined)
}

function leadOf(query: Sought, names: readonly NamedRange[]): RecordSearch['by'] | undefined {
  const { birth, address, telecom } = query
  const ids = query.ids.flatMap(({ authority, value }) => (value === undefined ? [] : [{ authority, value }]))
  if (ids.length > 0) return { kind: 'ids', ids }
  if (telecom !== undefined) return byKeys(valueRange('phone', telecomKey(telecom.value), 'exact'))
  if (birth?.kind === 'date' && birth.date.length === BIRTH_DATE_DIGITS)
    return byKeys(valueRange('birth', birth.date, 'exact'))
  const postalCode = foldPostalCode(address?.postalCode ?? '') ?? ''
  const isNamed = names.length > 0 && names.every((name) => name.isNarrow)
  if (isNamed && (postalCode.length < WHOLE_POSTAL_DIGITS || names.every((name) => name.isWhole)))
    return byKeys(...names.map(({ range }) => range))
  if (postalCode.length >= MIN_POSTAL_DIGITS) return byKeys(valueRange('postal', postalCode, 'inexact'))
  if (birth !== undefined && spanOf(birth) <= MAX_BIRTH_DAYS)
    return byKeys({ ...valueRange('birth', '', 'inexact'), ...birthRange(birth) })
  return undefined
}

function byKeys(...ranges: readonly KeyRange[]): RecordSearch['by'] {
  return { kind: 'keys', ranges }
}

function isOfName(ranges: readonly KeyRange[]): boolean {
  return ranges.some(({ kind }) => kind === 'kanji' || kind === 'reading')
}

/** Days that the birth date may be on. */
function spanOf(birth: SoughtBirth): number {
  const [low, high] = birth.kind === 'date' ? [birth.date, birth.date] : [birth.low, birth.high]
  if (low === undefined || high === undefined) return Number.POSITIVE_INFINITY
  return (dayOf(high, '1231') - dayOf(low, '0101')) / DAY_MS
}

function dayOf(digits: string, rest: string): number {
  const full = digits + rest.slice(digits.length - 4)
  return Date.UTC(Number(full.slice(0, 4)), Number(full.slice(4, 6)) - 1, Number(full.slice(6, 8)))
}
