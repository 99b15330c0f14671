// Confidentiality codes of documents and how they compare (HL7 2.16.840.1.113883.5.25): the strictest code of a document governs.

/** HL7 confidentiality codes from least to most restricted (2.16.840.1.113883.5.25). */
export const CONFIDENTIALITY_ORDER = ['U', 'L', 'M', 'N', 'R', 'V'] as const
export type Confidentiality = (typeof CONFIDENTIALITY_ORDER)[number]

/** The strictest confidentiality that may be seen; `none`: nothing at all. */
export type Level = Confidentiality | 'none'

/** HL7 Confidentiality code system. */
export const CONFIDENTIALITY_SCHEME = '2.16.840.1.113883.5.25'

/** `code^^scheme`, from least to most restricted. */
const CODES: readonly string[] = CONFIDENTIALITY_ORDER.map((code) => `${code}^^${CONFIDENTIALITY_SCHEME}`)

/** Rank of V, and of every code that is not known. */
export const STRICTEST = CODES.length - 1

/** 0 for U up to 5 for V; -1 for none. */
export function rankOf(level: Level): number {
  return level === 'none' ? -1 : CONFIDENTIALITY_ORDER.indexOf(level)
}

/** Rank of the strictest of a document's codes (`code^^scheme`). */
export function strictness(codes: readonly string[]): number {
  return codes.reduce((strictest, code) => {
    const rank = CODES.indexOf(code)
    return Math.max(strictest, rank < 0 ? STRICTEST : rank)
  }, 0)
}

/** The codes that a document may have to be of this rank at most; for STRICTEST any other as well. */
export function codesUpTo(rank: number): readonly string[] {
  return CODES.slice(0, rank + 1)
}
