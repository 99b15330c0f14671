// A step of something that was tried, as a person reads it: what was found, what to do about it, both in Japanese.

import { type Json, textOf } from './admin-client.ts'
import { printable } from './output.ts'

const SIGNS: Readonly<Record<string, string>> = { passed: 'ok  ', warning: 'WARN', failed: 'FAIL', skipped: 'skip' }

/** Three lines at most. */
export function stepText(row: Json): string {
  const { result, step, at, ms, message, hint, ja } = row
  const place = at === undefined ? '' : ` ${textOf(at)}`
  const took = typeof ms === 'number' ? ` (${ms} ms)` : ''
  const lines = [`${SIGNS[textOf(result)] ?? ''} ${textOf(step)}${place}${took}: ${textOf(message)}`]
  if (hint !== undefined) lines.push(`     ${textOf(hint)}`)
  lines.push(`     ${textOf(ja)}`)
  return lines.map((line) => `${printable(line)}\n`).join('')
}
