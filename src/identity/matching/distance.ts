// How far two strings are apart: one edit (kana, digits) and Jaro-Winkler (Latin letters).

/** True when one insertion, deletion, substitution or exchange of neighbours makes the two equal (Damerau-Levenshtein 1). */
export function isOneEdit(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start += 1
  let endA = a.length
  let endB = b.length
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA -= 1
    endB -= 1
  }
  const restA = endA - start
  const restB = endB - start
  if (restA <= 1 && restB <= 1) return true
  return restA === 2 && restB === 2 && a[start] === b[start + 1] && a[start + 1] === b[start]
}

/** True when the strings are of one length and differ in one character. */
export function isOneSubstitution(a: string, b: string): boolean {
  return a.length === b.length && isOneEdit(a, b) && !isExchange(a, b)
}

function isExchange(a: string, b: string): boolean {
  let at = 0
  while (a[at] === b[at]) at += 1
  return a[at] !== b[at] && a[at + 1] !== b[at + 1]
}

const PREFIX_LENGTH = 4
const PREFIX_WEIGHT = 0.1

/** Similarity of two strings of letters, 0 to 1 (Jaro 1989, Winkler 1990). Says nothing about short kanji strings. */
export function jaroWinkler(a: string, b: string): number {
  if (a === b) return 1
  const jaro = jaroSimilarity(a, b)
  let prefix = 0
  while (prefix < PREFIX_LENGTH && prefix < a.length && a[prefix] === b[prefix]) prefix += 1
  return jaro + prefix * PREFIX_WEIGHT * (1 - jaro)
}

function jaroSimilarity(a: string, b: string): number {
  const range = Math.max(0, (Math.max(a.length, b.length) >> 1) - 1)
  const usedB = new Uint8Array(b.length)
  let matchedA = ''
  for (let at = 0; at < a.length; at += 1) {
    const last = Math.min(b.length - 1, at + range)
    for (let other = Math.max(0, at - range); other <= last; other += 1) {
      if (usedB[other] === 1 || a.charCodeAt(at) !== b.charCodeAt(other)) continue
      usedB[other] = 1
      matchedA += a.charAt(at)
      break
    }
  }
  const matches = matchedA.length
  if (matches === 0) return 0
  const exchanged = outOfOrder(matchedA, b, usedB) / 2
  return (matches / a.length + matches / b.length + (matches - exchanged) / matches) / 3
}

function outOfOrder(matchedA: string, b: string, usedB: Uint8Array): number {
  let count = 0
  let at = 0
  for (let other = 0; other < b.length; other += 1) {
    if (usedB[other] !== 1) continue
    if (matchedA.charCodeAt(at) !== b.charCodeAt(other)) count += 1
    at += 1
  }
  return count
}
