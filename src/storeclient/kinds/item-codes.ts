// Codes of drugs, tests and procedures as the event codes of a document, and what senders often write wrongly about them
// (ITI TF-3 4.2.3.2.8; HL7 v2.5 2.A.13).

import { iheError } from '../../../profiles/errors/index.ts'
import {
  type CodeSystem,
  codeSystems,
  HOT_BY_LENGTH,
  SHORT_JLAC10,
} from '../../../profiles/storeclient/code-systems.ts'
import type { Code } from '../../model/code.ts'
import type { IheError } from '../../model/error.ts'
import { component, type Er7Message, isNull, repetitions, type Segment } from '../../model/hl7v2.ts'

const MAX_EVENT_CODES = 20
const byName = new Map(codeSystems.map((system) => [system.name, system]))

export interface ItemCodes {
  /** Each once, at most 20: the first code of every item before the alternatives. */
  readonly codes: readonly Code[]
  readonly warnings: readonly IheError[]
}

interface Written {
  /** `RXE-2`. */
  readonly at: string
  readonly code: string
  readonly text: string
  readonly system: string
}

/** The known codes in some fields (`RXE-2`) of a document. */
export function itemCodes(message: Er7Message, segments: readonly Segment[], fields: readonly string[]): ItemCodes {
  const items = fields.flatMap((at) => itemsIn(message, segments, at))
  const found = [...items.map(([first]) => first), ...items.map(([, alternative]) => alternative)].map(understand)
  const codes = new Map<string, Code>()
  for (const { code } of found) {
    if (code === undefined) continue
    const key = `${code.code}^^${code.scheme}`
    const known = codes.get(key)
    // Said again without words it keeps those it has.
    if (known === undefined || known.display === known.code) codes.set(key, code)
  }
  const warnings = new Map<string, IheError>()
  for (const { warning } of found) {
    // One of a kind is enough to tell the sender what to change.
    if (warning !== undefined) warnings.set(`${warning.at}|${warning.rule}`, warning)
  }
  return { codes: [...codes.values()].slice(0, MAX_EVENT_CODES), warnings: [...warnings.values()] }
}

type Item = readonly [first: Written, alternative: Written]

function itemsIn(message: Er7Message, segments: readonly Segment[], at: string): readonly Item[] {
  const [name, field] = at.split('-')
  return segments
    .filter((segment) => segment.name === name)
    .flatMap((segment) => repetitions(message, segment, Number(field)).slice(0, 1))
    .map((raw) => {
      const written = (base: number): Written => {
        const [code = '', text = '', system = ''] = [0, 1, 2].map((part) => component(message, raw, base + part))
        return { at, code: isNull(code) ? '' : code, text, system }
      }
      return [written(1), written(4)]
    })
}

interface Understood {
  readonly code?: Code
  readonly warning?: IheError
}

function understand(written: Written): Understood {
  const { at, code, text, system } = written
  if (code === '') return {}
  const clean = normalise(code)
  const known = systemOf(system, clean)
  if (known === undefined) return {}
  if (!known.pattern.test(clean)) return { warning: doubt(written, `${known.name}: ${known.pattern.source}`) }
  const understood = { code: clean, scheme: known.scheme, display: text === '' ? clean : text }
  const rule = objection(written, known, clean)
  return { code: understood, ...(rule === undefined ? {} : { warning: doubt({ ...written, at }, rule) }) }
}

function doubt({ at, code, system }: Written, rule: string): IheError {
  return iheError('HL7_CODE', { at, value: `${code}^^${system}`, rule })
}

/** Narrow, upper-case, without hyphens; what follows a sub-component (`9A100&IMP`) names a part of the result. */
function normalise(code: string): string {
  return (code.normalize('NFKC').toUpperCase().split('&')[0] ?? '').replaceAll(/[-‐−ー\s]/g, '')
}

function systemOf(name: string, code: string): CodeSystem | undefined {
  return byName.get(name === 'HOT' ? (HOT_BY_LENGTH.get(code.length) ?? 'HOT9') : name)
}

function objection({ code, system }: Written, known: CodeSystem, clean: string): string | undefined {
  if (system === 'HOT') return `coding system ${known.name}`
  if (code.split('&')[0] !== clean) return `${known.name} without hyphens, narrow and upper-case`
  const isJlac10 = known.scheme === byName.get('JC10')?.scheme
  return isJlac10 && SHORT_JLAC10.has(clean.length) ? 'JLAC10 of 17 characters' : undefined
}
