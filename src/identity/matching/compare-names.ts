// Compares the names of two records: script by script, the better script counts; exchanged parts are seen.

import type { MatchField } from '../../../profiles/matching/weights.ts'
import { isOneEdit, isOneSubstitution, jaroWinkler } from './distance.ts'
import { loosened, withLargeKana } from './fold-kana.ts'
import { equalButForLost, hasUnknownCharacter, nearForm } from './fold-kanji.ts'
import type { FoldedName, NameScript } from './fold-name.ts'
import type { PreparedModel, PreparedNames } from './model.ts'
import { isJapaneseReading, looseReadingKey } from './romaji.ts'
import type { FieldEvidence } from './types.ts'

/** How far a part of the name is the same in all scripts: alike names may be two people's, one character apart more so. */
export type Agreement = 'same' | 'near' | 'slight' | 'different' | 'unknown'

export interface NameComparison {
  readonly evidence: readonly FieldEvidence[]
  readonly family: Agreement
  readonly given: Agreement
  /** The names agree only when family and given name change places. */
  readonly exchanged: boolean
}

/** One part in one script. */
interface PartComparison {
  readonly field: MatchField
  readonly level: string
  readonly bits: number
  readonly agreement: Agreement
}

interface PairComparison {
  readonly family: PartComparison | undefined
  readonly given: PartComparison | undefined
  readonly exchanged: boolean
  readonly bits: number
}

const SIMILAR = 0.92
const CLOSE = 0.84
const SHORTEST_PREFIX = 3
/** Two scripts that agree are one name written twice: a bit more; that contradict each other: two bits less. */
const SECOND_SCRIPT_AGREES_BITS = 1
const SECOND_SCRIPT_DIFFERS_BITS = -2

export function compareNames(a: readonly FoldedName[], b: readonly FoldedName[], model: PreparedModel): NameComparison {
  const kanji = bestPair([a, b], isKanji, model)
  const read = bestPair([a, b], isKana, model) ?? bestPair([a, b], hasReading, model)
  const exchanged = isExchanged(kanji, read)
  const evidence = [...together(kanji?.family, read?.family), ...together(kanji?.given, read?.given)]
  if (exchanged) evidence.push(orderEvidence(evidence, model))
  return {
    evidence,
    family: agreementOf(kanji?.family, read?.family),
    given: agreementOf(kanji?.given, read?.given),
    exchanged,
  }
}

function isKanji(name: FoldedName): boolean {
  return name.script === 'kanji'
}

function isKana(name: FoldedName): boolean {
  return name.script === 'kana'
}

function hasReading(name: FoldedName): boolean {
  return name.reading !== undefined
}

function isExchanged(kanji: PairComparison | undefined, read: PairComparison | undefined): boolean {
  return kanji === undefined ? read?.exchanged === true : kanji.exchanged && read?.exchanged !== false
}

/** Exchanged parts of which only one agrees say much less: any name of one may be found in the other. */
function orderEvidence(evidence: readonly FieldEvidence[], model: PreparedModel): FieldEvidence {
  const field = 'name order'
  const level = evidence.some(({ bits }) => bits < 0) ? 'exchanged in part' : 'exchanged'
  return { field, level, bits: model.bits.get(field)?.get(level) ?? 0 }
}

/** Of several names on a side (former names, names in use) the best pair counts. */
function bestPair(
  [a, b]: readonly [readonly FoldedName[], readonly FoldedName[]],
  isCompared: (name: FoldedName) => boolean,
  model: PreparedModel,
): PairComparison | undefined {
  let best: PairComparison | undefined
  for (const left of a) {
    if (!isCompared(left)) continue
    for (const right of b) {
      if (!isCompared(right)) continue
      const pair = comparePair(left, right, model)
      if (best === undefined || isBetter(pair, best)) best = pair
    }
  }
  return best
}

interface NamePair {
  readonly a: FoldedName
  readonly b: FoldedName
}

/** Which part of one name is compared with which of the other, and as what. */
interface Parts {
  readonly name: PartName
  readonly a: 0 | 1
  readonly b: 0 | 1
}

const FAMILY: Parts = { name: 'family name', a: 0, b: 0 }
const GIVEN: Parts = { name: 'given name', a: 1, b: 1 }
const CROSSED_FAMILY: Parts = { name: 'family name', a: 0, b: 1 }
const CROSSED_GIVEN: Parts = { name: 'given name', a: 1, b: 0 }

function comparePair(left: FoldedName, right: FoldedName, model: PreparedModel): PairComparison {
  const pair = { a: dividedLike(left, right), b: dividedLike(right, left) }
  const family = comparePart(FAMILY, pair, model)
  const given = comparePart(GIVEN, pair, model)
  const straight = { family, given, exchanged: false, bits: (family?.bits ?? 0) + (given?.bits ?? 0) }
  if ((family?.bits ?? 0) > 0 || (given?.bits ?? 0) > 0) return straight
  const exchanged = exchangedPair(pair, model)
  return exchanged !== undefined && exchanged.bits > straight.bits ? exchanged : straight
}

/** More bits; of as many, the one whose levels come first, so that the order of the sides does not matter. */
function isBetter(pair: PairComparison, best: PairComparison): boolean {
  return pair.bits > best.bits || (pair.bits === best.bits && levelsOf(pair) < levelsOf(best))
}

function levelsOf({ family, given, exchanged }: PairComparison): string {
  return `${exchanged} ${family?.level} ${given?.level}`
}

/** Nobody knows on which side the parts are in their places: the way that says less counts. */
function exchangedPair({ a, b }: NamePair, model: PreparedModel): PairComparison | undefined {
  if (!touch(a.family, b.given) && !touch(a.given, b.family)) return undefined
  const one = crossed({ a, b }, model)
  const other = crossed({ a: b, b: a }, model)
  if (one === undefined || other === undefined) return undefined
  return isBetter(one, other) ? other : one
}

function crossed(pair: NamePair, model: PreparedModel): PairComparison | undefined {
  const family = comparePart(CROSSED_FAMILY, pair, model)
  const given = comparePart(CROSSED_GIVEN, pair, model)
  const bits = (family?.bits ?? 0) + (given?.bits ?? 0)
  return bits > 0 ? { family, given, exchanged: true, bits } : undefined
}

/** A name that came undivided is divided where the other one is, if it begins with the same family name. */
function dividedLike(name: FoldedName, other: FoldedName): FoldedName {
  if (name.given !== '' || other.given === '' || other.family === '' || name.script !== other.script) return name
  if (name.family.length <= other.family.length || !name.family.startsWith(other.family)) return name
  const given = name.family.slice(other.family.length)
  const reading = other.reading === undefined ? {} : { reading: [other.reading[0], given] as const }
  return { script: name.script, family: other.family, given, ...reading }
}

type PartName = 'family name' | 'given name'

const FIELDS = {
  'family name': { kanji: 'family name, kanji', kana: 'family name, kana', latin: 'family name, Latin' },
  'given name': { kanji: 'given name, kanji', kana: 'given name, kana', latin: 'given name, Latin' },
} as const satisfies Readonly<Record<PartName, Readonly<Record<NameScript, MatchField>>>>

interface Judged {
  readonly level: string
  readonly agreement: Agreement
}

const EQUAL: Judged = { level: 'equal', agreement: 'same' }
const DIFFERS: Judged = { level: 'differs', agreement: 'different' }

function comparePart(parts: Parts, { a, b }: NamePair, model: PreparedModel): PartComparison | undefined {
  const left = parts.a === 0 ? a.family : a.given
  const right = parts.b === 0 ? b.family : b.given
  if (left === '' || right === '') return undefined
  const script = a.script === b.script ? a.script : 'latin'
  const field = FIELDS[parts.name][script]
  const keys: Keys = script === 'latin' ? [a.reading?.[parts.a] ?? '', b.reading?.[parts.b] ?? ''] : [left, right]
  const judged =
    script === 'latin' ? judgeLatin(a.script === b.script ? [left, right] : keys, keys) : judge(script, keys)
  const bits = model.bits.get(field)?.get(judged.level) ?? 0
  const { level, agreement } = judged
  if (bits <= 0 || level === 'one character') return { field, level, agreement, bits }
  const mean = model.equalShareLog2.get(field) ?? 0
  const shares = parts.name === 'family name' ? model.family : model.given
  return { field, level, agreement, bits: bits + mean - commoner(shares, script, keys) }
}

/** What two parts are counted by: their text, or how they are read. */
type Keys = readonly [string, string]

function judge(script: 'kanji' | 'kana', [a, b]: Keys): Judged {
  return script === 'kanji' ? judgeKanji(a, b) : judgeKana(a, b)
}

/** log2 of the share of the commoner of two names: what they say together is worth no more. */
function commoner(names: PreparedNames, script: NameScript, [a, b]: readonly [string, string]): number {
  const shares = names.log2[script]
  const left = shares.get(a) ?? names.unlistedLog2
  return a === b ? left : Math.max(left, shares.get(b) ?? names.unlistedLog2)
}

/** Likeness of two or three kanji is no measure (Jaro-Winkler is not used here): variants, or one character, or different. */
function judgeKanji(a: string, b: string): Judged {
  if (a === b) return EQUAL
  if ((hasUnknownCharacter(a) || hasUnknownCharacter(b)) && equalButForLost(a, b)) {
    return { level: 'lost character', agreement: 'near' }
  }
  if (a.length > 1 && b.length > 1 && !touch(a, b)) return DIFFERS
  if (nearForm(a) === nearForm(b)) return { level: 'variant', agreement: 'near' }
  return a.length >= 2 && isOneSubstitution(a, b) ? { level: 'one character', agreement: 'slight' } : DIFFERS
}

function judgeKana(a: string, b: string): Judged {
  if (a === b) return EQUAL
  if (mayBeLoose(a, b) && loosened(a) === loosened(b)) {
    return { level: 'loose', agreement: withLargeKana(a) === withLargeKana(b) ? 'same' : 'near' }
  }
  return isOneEdit(a, b) ? { level: 'one character', agreement: 'slight' } : DIFFERS
}

/** A cheap look before the dear one: names loosely equal begin loosely equal. */
function mayBeLoose(a: string, b: string): boolean {
  return a[0] === b[0] || loosened(a.charAt(0)) === loosened(b.charAt(0))
}

/** True when the first or the last characters are equal: names that share neither are no slip of one another. */
function touch(a: string, b: string): boolean {
  return a[0] === b[0] || a.at(-1) === b.at(-1)
}

/** Latin letters are compared as they are written; with kana, by the reading. */
function judgeLatin([a, b]: Keys, [readA, readB]: Keys): Judged {
  if (a === b) return EQUAL
  if (readA === readB) return { level: 'spelling', agreement: 'same' }
  if (looseReadingKey(readA) === looseReadingKey(readB)) return { level: 'spelling', agreement: 'near' }
  const likeness = jaroWinkler(a, b)
  if (likeness < CLOSE && !isCut(a, b)) return DIFFERS
  const agreement = isJapaneseReading(readA) && isJapaneseReading(readB) ? 'slight' : 'near'
  return { level: likeness >= SIMILAR ? 'similar' : 'close', agreement }
}

/** Old systems cut names: the shorter one is the beginning of the longer. */
function isCut(a: string, b: string): boolean {
  const shorter = a.length < b.length ? a : b
  return shorter.length >= SHORTEST_PREFIX && (a.length < b.length ? b : a).startsWith(shorter)
}

/** The better script counts; the other one says the same again or contradicts. */
function together(kanji: PartComparison | undefined, read: PartComparison | undefined): FieldEvidence[] {
  if (kanji === undefined || read === undefined) {
    const only = kanji ?? read
    return only === undefined ? [] : [evidenceOf(only, only.bits)]
  }
  if (kanji.level === 'lost character') return [evidenceOf(kanji, 0), evidenceOf(read, read.bits)]
  const [better, other] = kanji.bits >= read.bits ? [kanji, read] : [read, kanji]
  return [evidenceOf(better, better.bits), evidenceOf(other, secondBits(better.bits, other.bits))]
}

function secondBits(better: number, other: number): number {
  if (better <= 0) return 0
  return other > 0 ? SECOND_SCRIPT_AGREES_BITS : SECOND_SCRIPT_DIFFERS_BITS
}

function evidenceOf(part: PartComparison, bits: number): FieldEvidence {
  return { field: part.field, level: part.level, bits }
}

const WORST_FIRST: readonly Agreement[] = ['different', 'slight', 'near']

/** The same when any script says so; else what the least agreeing script says. */
function agreementOf(kanji: PartComparison | undefined, read: PartComparison | undefined): Agreement {
  const left = kanji?.agreement ?? 'unknown'
  const right = read?.agreement ?? 'unknown'
  if (left === 'same' || right === 'same') return 'same'
  if (kanji?.level === 'lost character' && read !== undefined) return right
  return WORST_FIRST.find((agreement) => agreement === left || agreement === right) ?? 'unknown'
}
