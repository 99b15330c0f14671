// A name as it is compared: script, family and given part, without forms of address and notes; what the notes said.

import { UNKNOWN_CHARACTER } from '../../../profiles/matching/kanji.ts'
import {
  FORMER_NAME_NOTE,
  HONORIFICS,
  NAME_NOTES,
  NAMESAKE_NOTE,
  NEWBORN,
  NEWBORN_ORDER,
  PLACEHOLDER_NAMES,
} from '../../../profiles/matching/words.ts'
import type { PersonName } from '../../model/person.ts'
import { foldKana, isKana } from './fold-kana.ts'
import { foldKanji } from './fold-kanji.ts'
import { fold } from './fold-text.ts'
import { romajiKey } from './romaji.ts'

/** By what the characters are, whatever the sender called them. */
export type NameScript = 'kanji' | 'kana' | 'latin'

export interface FoldedName {
  readonly script: NameScript
  /** Empty when missing, a placeholder or unknown. */
  readonly family: string
  readonly given: string
  /** Keys of the two parts as they are read (romajiKey), where the script says how. */
  readonly reading?: readonly [string, string]
}

export interface NameReading {
  /** The name, and former names that a note told. */
  readonly names: readonly FoldedName[]
  /** A child without a name. */
  readonly newborn: boolean
  /** Which of several children without a name, from 1. */
  readonly newbornOrder?: number
  /** Staff noted that another patient has this name. */
  readonly namesake: boolean
}

/** Apostrophes, hyphens and middle dots also as keyboards and word processors write them. */
const LATIN_ONLY = /^[A-Z'`\u2018\u2019\u02BC .\-\u2010-\u2015\u2212\u30FB]*$/u
const NOTE_START = /[([【※*]|旧姓/u
const ORDER_LETTERS = 'ABCDE'
const ORDER_KANJI = '一二三'

/** The parts of a name, folded for comparison; blanks divide a name that came as one field. */
export function foldName(name: PersonName): NameReading {
  const rawFamily = fold(name.family)
  const rawGiven = fold(name.given)
  const whole = rawGiven === '' ? rawFamily : `${rawFamily} ${rawGiven}`
  const noted = NOTE_START.test(whole)
  const [family, given] = splitName(withoutNotes(rawFamily, noted), withoutNotes(rawGiven, noted))
  const newborn = NEWBORN.test(given === '' ? family : given)
  const order = newborn ? newbornOrder(given === '' ? family : given) : undefined
  const folded = foldParts(newborn && given === '' ? '' : family, newborn ? '' : given)
  return {
    names: [folded, ...formerNames(whole, noted, folded)].filter((one) => one.family !== '' || one.given !== ''),
    newborn,
    ...(order === undefined ? {} : { newbornOrder: order }),
    namesake: noted && NAMESAKE_NOTE.test(whole),
  }
}

function withoutNotes(text: string, noted: boolean): string {
  const bare = noted
    ? text
        .replace(NAME_NOTES, '')
        .replace(/旧姓.*$/u, '')
        .trim()
    : text
  for (const honorific of HONORIFICS) {
    const isPart = bare.endsWith(honorific) && bare.length > honorific.length
    if (isPart && standsApart(bare, honorific)) return bare.slice(0, -honorific.length).trim()
  }
  return bare
}

/** 様 and 殿 end no name; さん, MR and the like only count behind a blank: ケイサン is a name. */
function standsApart(text: string, honorific: string): boolean {
  return honorific === '様' || honorific === '殿' || text.charAt(text.length - honorific.length - 1) === ' '
}

function splitName(family: string, given: string): readonly [string, string] {
  const whole = given === '' ? family : family === '' ? given : ''
  const blank = whole.indexOf(' ')
  return blank < 0 ? [family, given] : [whole.slice(0, blank), whole.slice(blank + 1)]
}

function newbornOrder(given: string): number | undefined {
  const found = NEWBORN_ORDER.exec(given)
  const mark = found?.[1] ?? found?.[2]
  if (mark === undefined) return undefined
  const place = Math.max(ORDER_LETTERS.indexOf(mark), ORDER_KANJI.indexOf(mark))
  return place < 0 ? Number(mark) : place + 1
}

function foldParts(family: string, given: string): FoldedName {
  const script = scriptOf(family, given)
  const parts = { script, family: part(family, script), given: part(given, script) }
  return script === 'kanji' ? parts : { ...parts, reading: [romajiKey(parts.family), romajiKey(parts.given)] }
}

function scriptOf(family: string, given: string): NameScript {
  const whole = family + given
  if (LATIN_ONLY.test(whole)) return 'latin'
  return isKana(foldKana(whole)) ? 'kana' : 'kanji'
}

function part(text: string, script: NameScript): string {
  if (PLACEHOLDER_NAMES.has(text)) return ''
  if (script === 'latin') return text.replace(/[^A-Z]/g, '')
  const folded = script === 'kana' ? foldKana(text) : foldKanji(text)
  if (PLACEHOLDER_NAMES.has(folded) || isLost(folded)) return ''
  return folded
}

/** Nothing but lost characters: nothing is known. */
function isLost(text: string): boolean {
  return text.replaceAll(UNKNOWN_CHARACTER, '') === ''
}

function formerNames(whole: string, noted: boolean, current: FoldedName): readonly FoldedName[] {
  const former = noted ? FORMER_NAME_NOTE.exec(whole)?.[1] : undefined
  if (former === undefined) return []
  const name = foldParts(former, current.given)
  return name.script === current.script ? [name] : []
}
