// A UUID made of names: the same names, the same UUID (RFC 9562, 5.8: version 8).

import { createHash } from 'node:crypto'

/** Variant 1. */
export function derivedUuid(...names: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(names)).digest('hex')
  const digits = `${hex.slice(0, 12)}8${hex.slice(13, 16)}8${hex.slice(17, 32)}`
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
