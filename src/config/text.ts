// Words and numbers as people write them in a configuration, and the nearest known word to a misspelt one.

export const AFFIRMATIVE: ReadonlySet<string> = new Set(['true', 'yes', 'on', '1'])
export const NEGATIVE: ReadonlySet<string> = new Set(['false', 'no', 'off', '0'])

const UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30 }

/** `8 MiB`, `8MiB` or `8388608` as bytes; undefined when it is neither. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,12})\s*([a-z]{0,3})$/i.exec(text.trim())
  const unit = UNITS[match?.[2]?.toUpperCase() ?? '']
  return match?.[1] === undefined || unit === undefined ? undefined : Number(match[1]) * unit
}

/** Number of single-character edits between two words (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}

/** The known word nearest to `word`, when it is near enough (`limit` edits) to be what was meant. */
export function nearest(word: string, known: Iterable<string>, limit: number): string | undefined {
  let best: { readonly word: string; readonly distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (best === undefined || distance < best.distance) best = { word: candidate, distance }
  }
  return best !== undefined && best.distance <= limit ? best.word : undefined
}
