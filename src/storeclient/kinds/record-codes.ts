// Codes of allergens and diseases by which a list is found: the names messages give their code systems, as OIDs (SS-MIX2; A list a system).

import type { Coded } from '../../model/clinical.ts'
import type { Code } from '../../model/code.ts'

interface System {
  readonly scheme: string
  readonly pattern: RegExp
}

const JLAC10: System = { scheme: '1.2.392.200119.4.504', pattern: /^[0-9A-Z]{5,17}$/ }
const SYSTEMS: Readonly<Record<string, System>> = {
  HOT9: { scheme: '1.2.392.200119.4.403.1', pattern: /^\d{9}$/ },
  HOT: { scheme: '1.2.392.200119.4.403.1', pattern: /^\d{9}$/ },
  JC10: JLAC10,
  JLAC10,
  // No public OID of the allergen list is known; this one is the project's own.
  'J-FAGY': { scheme: '2.25.304140585485444293554592230588836021051', pattern: /^J[0-9A-Z]{11}$/ },
  MDCDX2: { scheme: '1.2.392.200119.4.101.2', pattern: /^\d{8}$/ },
}
const MAX_EVENT_CODES = 20

/** The codes of known systems, each once, at most 20 in the order given. */
export function eventCodesOf(items: readonly Coded[]): readonly Code[] {
  const codes = new Map<string, Code>()
  for (const { alternative, ...item } of items) {
    for (const { code, text, system } of alternative === undefined ? [item] : [item, alternative]) {
      const known = SYSTEMS[system]
      if (known?.pattern.test(code) !== true) continue
      codes.set(`${known.scheme}|${code}`, { code, scheme: known.scheme, display: text === '' ? code : text })
    }
  }
  return [...codes.values()].slice(0, MAX_EVENT_CODES)
}
