// Which password will do (idlink S-2, S-3; security f): length, letters and digits, nothing that everybody tries or that names the person,
// unlike the one before, and none of the last twelve.

import { dateAt, runAt, wordAt } from './known-words.ts'

export type PasswordFault =
  | { readonly fault: 'too short'; readonly least: number; readonly secondFactor: 'in use' | 'none' }
  | { readonly fault: 'too long'; readonly most: number }
  | { readonly fault: 'letters and digits' }
  | { readonly fault: 'well known' }
  | { readonly fault: 'like the former' }
  | { readonly fault: 'used before' }

export interface PasswordOwner {
  /** The id, names, readings, facility: whatever names the person, as it is written. */
  readonly words: readonly string[]
  readonly secondFactor: 'in use' | 'none'
}

export const LEAST_LENGTH = 13
export const LEAST_LENGTH_WITH_SECOND_FACTOR = 8
export const MOST_LENGTH = 128
/** Former passwords that are not used again. */
export const HISTORY = 12
const LEAST_DISTANCE = 4
/** Characters that are left when what everybody tries counts little. */
const LEAST_STRENGTH = 8
const LEAST_STRENGTH_WITH_SECOND_FACTOR = 6
/** What a well-known word, a date or a run of keys counts, once. */
const KNOWN_PART = 2
/** A shorter part of a name is in too many words. */
const LEAST_OWN_WORD = 3

/** What is wrong with a password by itself; the former ones are for `likeFormer`. */
export function passwordFault(password: string, owner: PasswordOwner): PasswordFault | undefined {
  const text = password.normalize('NFKC')
  const { secondFactor } = owner
  const least = secondFactor === 'in use' ? LEAST_LENGTH_WITH_SECOND_FACTOR : LEAST_LENGTH
  const length = [...text].length
  if (length < least) return { fault: 'too short', least, secondFactor }
  if (length > MOST_LENGTH) return { fault: 'too long', most: MOST_LENGTH }
  if (!(/\p{L}/u.test(text) && /\d/.test(text))) return { fault: 'letters and digits' }
  const leastStrength = secondFactor === 'in use' ? LEAST_STRENGTH_WITH_SECOND_FACTOR : LEAST_STRENGTH
  return strengthOf(text, owner.words) < leastStrength ? { fault: 'well known' } : undefined
}

/**
 * Characters of the password, where a well-known part counts as two however long it is, the same part again as none, and what names
 * the person or the facility as none.
 */
export function strengthOf(password: string, ownWords: readonly string[]): number {
  const text = folded(password)
  const plain = undisguised(text)
  const own = ownParts(ownWords)
  const seen = new Set<string>()
  let strength = 0
  for (let at = 0; at < text.length; ) {
    const named = Math.max(
      0,
      ...own.map((word) => (text.startsWith(word, at) || plain.startsWith(word, at) ? word.length : 0)),
    )
    const known = Math.max(wordAt(text, at), wordAt(plain, at), runAt(text, at), dateAt(text, at))
    const length = Math.max(named, known, 1)
    const part = plain.slice(at, at + length)
    if (named < length) strength += length === 1 ? 1 : seen.has(part) ? 0 : Math.min(KNOWN_PART, length)
    if (length > 1) seen.add(part)
    at += length
  }
  return strength
}

/** Too near to the password before: less than four edits away, or one within the other. */
export function likeFormer(password: string, former: string): boolean {
  const [one, other] = [folded(password), folded(former)]
  return one.includes(other) || other.includes(one) || distance(one, other) < LEAST_DISTANCE
}

/** Letters without case or width; katakana as hiragana. */
function folded(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[ァ-ヶ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - 0x60))
}

const DISGUISES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'l',
}

/** p@ssw0rd is password; the same length, so that places agree. */
function undisguised(text: string): string {
  return [...text].map((character) => DISGUISES[character] ?? character).join('')
}

function ownParts(words: readonly string[]): readonly string[] {
  const parts = words.flatMap((word) => {
    const text = folded(word)
    return [text, ...text.split(/[^\p{L}\p{N}]+/u)]
  })
  return [...new Set(parts)].filter(
    (part) => part.length >= LEAST_OWN_WORD || (part.length === 2 && /^[\p{Script=Han}]+$/u.test(part)),
  )
}

/** Levenshtein, one row at a time. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= other.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
