// How the tables of names are written and weighed: `kanji/reading` in order of frequency, one choice by rank.

import { chooser, type Random, type Weighted } from './random.ts'

/** A name, or a part of one, with its reading in katakana. */
export interface NamePart {
  readonly kanji: string
  readonly kana: string
}

/** Entries `kanji/reading`, blanks between them, most frequent first. */
export function entries(text: string): readonly NamePart[] {
  return text
    .trim()
    .split(/\s+/u)
    .map((entry) => {
      const [kanji = '', kana = ''] = entry.split('/')
      return { kanji, kana }
    })
}

/** How frequency falls with rank: `top / ((rank + flat) / (1 + flat)) ** steepness`, as name statistics do. */
export interface Decline {
  /** Share of the most frequent, of everyone. */
  readonly top: number
  readonly flat: number
  readonly steepness: number
}

export function byRank(parts: readonly NamePart[], { top, flat, steepness }: Decline): readonly Weighted<NamePart>[] {
  return parts.map((value, index) => ({ value, weight: top / ((index + 1 + flat) / (1 + flat)) ** steepness }))
}

/** Choices of one of the listed names or, for the rest of everyone, of a rare one composed of two parts. */
export function namesOf(given: {
  readonly listed: readonly Weighted<NamePart>[]
  readonly first: readonly NamePart[]
  readonly second: readonly NamePart[]
}): (random: Random) => NamePart {
  const share = given.listed.reduce((sum, { weight }) => sum + weight, 0)
  const listed = chooser(given.listed)
  const first = chooser(byRank(given.first, PARTS))
  const second = chooser(byRank(given.second, PARTS))
  return (random) => (random.next() < share ? listed(random) : composed(first(random), () => second(random)))
}

const PARTS: Decline = { top: 1, flat: 8, steepness: 0.9 }

/** Nobody is called 川川. */
function composed(first: NamePart, second: () => NamePart): NamePart {
  let last = second()
  while (first.kanji.endsWith(last.kanji)) last = second()
  return { kanji: first.kanji + last.kanji, kana: first.kana + last.kana }
}
