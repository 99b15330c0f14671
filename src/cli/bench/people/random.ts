// Chance that repeats: a seeded generator of numbers and choices by weight; it makes test data, never keys or ids.

/** Numbers from a seed: the same seed, the same numbers, on every machine. */
export interface Random {
  /** From 0 up to but not 1. */
  readonly next: () => number
  /** Whole, from 0 up to but not `limit`. */
  readonly below: (limit: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(choices: readonly T[]) => T
}

const WARM_UP = 16

/** Small fast counter generator (sfc32): 128 bits of state, of which the seed fills 32. */
export function createRandom(seed: number): Random {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88 | 0
  let counter = 1
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let count = 0; count < WARM_UP; count++) next()
  const below = (limit: number): number => Math.floor(next() * limit)
  const pick = <T>(choices: readonly T[]): T => {
    const chosen = choices[below(choices.length)]
    if (chosen === undefined) throw new Error('there is nothing to choose from')
    return chosen
  }
  return { next, below, chance: (probability) => next() < probability, pick }
}

export interface Weighted<T> {
  readonly value: T
  readonly weight: number
}

/** A choice by weight in constant time (Vose's alias method). */
export function chooser<T>(choices: readonly Weighted<T>[]): (random: Random) => T {
  const total = choices.reduce((sum, { weight }) => sum + weight, 0)
  const share = choices.map(({ weight }) => (weight * choices.length) / total)
  const alias = choices.map((_choice, index) => index)
  const poor = [...share.keys()].filter((index) => at(share, index) < 1)
  const rich = [...share.keys()].filter((index) => at(share, index) >= 1)
  for (let from = poor.pop(); from !== undefined; from = poor.pop()) {
    const giver = rich.at(-1)
    if (giver === undefined) break
    alias[from] = giver
    share[giver] = at(share, giver) - (1 - at(share, from))
    if (at(share, giver) < 1) {
      rich.pop()
      poor.push(giver)
    }
  }
  return (random) => {
    const index = random.below(choices.length)
    return at(choices, random.next() < at(share, index) ? index : at(alias, index)).value
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index]
  if (item === undefined) throw new Error('there is nothing to choose from')
  return item
}

/** A seeded order of all items, in place (Fisher and Yates). */
export function shuffle<T>(items: T[], random: Random): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const kept = at(items, last)
    items[last] = at(items, other)
    items[other] = kept
  }
}
