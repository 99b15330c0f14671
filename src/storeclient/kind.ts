// Which data kind (データ種別) a message is: MSH-9 alone does not tell prescriptions from injections, radiology from endoscopy, or a
// report from a result (JAHIS; SS-MIX2).

import { iheError } from '../../profiles/errors/index.ts'
import { type KindName, type KindOfMessage, kindsOf } from '../../profiles/storeclient/index.ts'
import type { IheError } from '../model/error.ts'
import { component, type Er7Message, isNull, repetitions, type Segment, segmentsOf, value } from '../model/hl7v2.ts'

export interface DecidedKind extends KindOfMessage {
  readonly warnings: readonly IheError[]
  /** Kinds that the message could be of as well: nothing in it tells them apart. */
  readonly orElse?: readonly KindName[]
}

/** JHSI0002 and its local copy: kinds of injections. */
const INJECTION_KINDS = new Set(['JHSI0002', '99I02'])
/** HL7 table 0162: by needle or line. */
const PARENTERAL = new Set(['IV', 'IM', 'SC', 'ID', 'IP', 'EP', 'IT', 'IA', 'IB', 'IC', 'IO', 'IU', 'IVB', 'IVP'])
/** HL7 table 0162: swallowed, inhaled or applied. Who injects on a ward files that alone; who dispenses hands out both at once. */
const NOT_INJECTED = new Set(
  'AP B DT ET GTT GU IH IMR IN MM MTH NG NP NS NT OP OT PO PR RM SD SL TD TL TP TRA UR VA VM WND'.split(' '),
)
const JLAC10 = new Set(['JC10', 'JLAC10'])
const OFFICE_FILE = /\.(xlsx?|xlsm|docx?|docm|pptx?|pptm|csv|ods|odt|odp|zip|mp4|mov)$/i
/** MDM: cancel of a document (HL7 v2.5 9.5.11). */
const CANCEL = 'T11'
const LOINC_CODE = /^\d{1,5}-\d$/

/**
 * The kind of a message. `named` is the kind that the transport or the path of a file names; it wins where its messages have this event.
 * @throws {IheError} HL7_MESSAGE_TYPE or HL7_TRIGGER when no kind has the event.
 */
export function decideKind(message: Er7Message, named?: string): DecidedKind {
  const type = value(message, 'MSH', 9)
  const trigger = value(message, 'MSH', 9, 2)
  const candidates = kindsOf(type, trigger)
  if (candidates === 'type') throw iheError('HL7_MESSAGE_TYPE', { at: 'MSH-9.1', value: type })
  if (candidates === 'trigger') throw iheError('HL7_TRIGGER', { at: 'MSH-9.2', value: `${type}^${trigger}` })
  const chosen = candidates.find(({ kind }) => kind.kind === named)
  if (chosen !== undefined) return { ...chosen, warnings: [] }
  const ignored = named === undefined ? [] : [misnamed(named, candidates)]
  const [only, ...others] = candidates
  if (only !== undefined && others.length === 0) return { ...only, warnings: ignored }
  const { name, doubt, isOpen } = decideByContent(message, type)
  const found = candidates.find(({ kind }) => kind.kind === name)
  if (found === undefined) throw iheError('HL7_TRIGGER', { at: 'MSH-9.2', value: `${type}^${trigger}` })
  const orElse = candidates.map(({ kind }) => kind.kind).filter((other) => other !== name)
  return {
    ...found,
    warnings: [...ignored, ...(doubt === undefined ? [] : [iheError('HL7_CODE', doubt)])],
    ...(isOpen === true ? { orElse } : {}),
  }
}

const MAX_SHOWN = 40

/** A kind that the transport names and that messages of this event never are. */
function misnamed(named: string, candidates: readonly KindOfMessage[]): IheError {
  const rule = `kinds of this event: ${candidates.map(({ kind }) => kind.kind).join(', ')}`
  return iheError('HL7_CODE', { at: 'X-StoreClient-Kind', value: named.slice(0, MAX_SHOWN), rule })
}

interface ByContent {
  readonly name: KindName
  /** Why the kind is a guess. */
  readonly doubt?: { readonly at: string; readonly value?: string; readonly rule: string }
  /** Nothing in the message speaks for this kind, and nothing against another one of the event: so are short cancels. */
  readonly isOpen?: boolean
}

function decideByContent(message: Er7Message, type: string): ByContent {
  switch (type) {
    case 'ADT':
      return { name: value(message, 'PV1', 2) === 'O' ? 'ADT-12' : 'ADT-22' }
    case 'RDE':
      return isInjectionOrder(message) ? { name: 'OMP-02' } : { name: 'OMP-01', isOpen: !isNamed(message, 'RXE', 2) }
    case 'RAS':
      if (isParenteral(message) && isOtherwiseGiven(message)) {
        const rule = 'injections beside drugs that are not: RAS^O17 of 注射実施 apart'
        return { name: 'OMP-11', doubt: { at: 'RXR-1', rule } }
      }
      return isInjectionGiven(message) ? { name: 'OMP-12' } : { name: 'OMP-11', isOpen: !isNamed(message, 'RXA', 5) }
    case 'OMG':
      return imaging(message, { radiology: 'OMG-01', endoscopy: 'OMG-02', physiology: 'OMG-03' })
    case 'OMI':
      return imaging(message, { radiology: 'OMG-11', endoscopy: 'OMG-12', physiology: 'OMG-11' })
    case 'ORU':
      return observation(message)
    default:
      return document(message)
  }
}

function all(message: Er7Message, name: string, field: number, part = 1): readonly string[] {
  return segmentsOf(message, name).flatMap((segment) =>
    repetitions(message, segment, field).map((raw) => component(message, raw, part)),
  )
}

/** Whether a field has a code or a text anywhere. */
function isNamed(message: Er7Message, name: string, field: number): boolean {
  return [1, 2, 4].some((part) => all(message, name, field, part).some((found) => found !== '' && !isNull(found)))
}

function isParenteral(message: Er7Message): boolean {
  return all(message, 'RXR', 1).some((route) => PARENTERAL.has(route))
}

function isOtherwiseGiven(message: Er7Message): boolean {
  return all(message, 'RXR', 1).some((route) => NOT_INJECTED.has(route))
}

function isInjectionOrder(message: Er7Message): boolean {
  if (segmentsOf(message, 'RXC').length > 0) return true
  if (all(message, 'RXE', 2, 3).some((system) => INJECTION_KINDS.has(system))) return true
  const injected = all(message, 'RXE', 6).includes('INJ') && isParenteral(message)
  // 自己注射 and the like are prescribed, with a usage class of their own.
  return injected && !all(message, 'RXE', 27, 3).includes('JHSP0003')
}

function isInjectionGiven(message: Er7Message): boolean {
  const forms = segmentsOf(message, 'RXA').map((rxa) => component(message, repetitions(message, rxa, 8)[0]))
  return isParenteral(message) || (forms.length > 0 && forms.every((form) => form === 'INJ'))
}

function imaging(
  message: Er7Message,
  names: Readonly<Record<'radiology' | 'endoscopy' | 'physiology', KindName>>,
): ByContent {
  const codes = segmentsOf(message, 'OBR').map((obr) => repetitions(message, obr, 4)[0])
  const systems = codes.map((raw) => component(message, raw, 3))
  if (systems.includes('LENDO') || all(message, 'IPC', 5).includes('ES')) return { name: names.endoscopy }
  if (codes.some((raw) => JLAC10.has(component(message, raw, 3)) && component(message, raw).startsWith('9')))
    return { name: names.physiology }
  if (systems.includes('JJ1017')) return { name: names.radiology }
  const rule = 'JJ1017 radiology, LENDO endoscopy, JC10 9… physiology'
  return {
    name: names.radiology,
    doubt: { at: 'OBR-4.3', value: systems[0] ?? '', rule },
    isOpen: !isNamed(message, 'OBR', 4),
  }
}

function observation(message: Er7Message): ByContent {
  const items = [
    ...segmentsOf(message, 'OBX').map((obx) => [obx, 3] as const),
    ...segmentsOf(message, 'OBR').map((obr) => [obr, 4] as const),
  ]
  const analytes = items.flatMap(([segment, field]) => jlac10(message, segment, field))
  if (analytes.some((code) => code.startsWith('9'))) return { name: 'OMG-13' }
  if (isReport(message)) return { name: 'REPORT' }
  if (analytes.some((code) => /^[1-8]/.test(code)))
    return { name: 'OML-11', doubt: { at: 'MSH-9', value: 'ORU^R01', rule: 'laboratory results: OUL^R22' } }
  return { name: 'OMG-13', isOpen: segmentsOf(message, 'OBX').length === 0 }
}

function jlac10(message: Er7Message, segment: Segment, field: number): readonly string[] {
  const raw = repetitions(message, segment, field)[0]
  return [1, 4]
    .filter((base) => JLAC10.has(component(message, raw, base + 2)))
    .map((base) => component(message, raw, base))
}

function isReport(message: Er7Message): boolean {
  if (all(message, 'OBR', 24).includes('RAD')) return true
  const formatted = segmentsOf(message, 'OBX').some((obx) =>
    ['FT', 'ED', 'TX'].includes(component(message, repetitions(message, obx, 2)[0])),
  )
  const titles = segmentsOf(message, 'OBR').map((obr) => repetitions(message, obr, 4)[0])
  return (
    formatted && titles.some((raw) => component(message, raw, 3) === 'LN' && LOINC_CODE.test(component(message, raw)))
  )
}

/** MDM: by TXA-2, the file name, and for nurses' notes the body. */
function document(message: Er7Message): ByContent {
  const type = value(message, 'TXA', 2)
  const system = value(message, 'TXA', 2, 3)
  const observed = all(message, 'OBX', 3)
  if (['NOTE-REC', 'NOTE-COM'].some((note) => type === note || observed.includes(note))) return { name: 'NOTE' }
  if (type === '34746-8' && all(message, 'OBX', 2).includes('FT')) return { name: 'NOTE' }
  if (type === 'FILE') return { name: 'FILE' }
  const clinical = system === 'LN' || LOINC_CODE.test(type)
  if (!clinical && OFFICE_FILE.test(value(message, 'TXA', 16))) return { name: 'FILE' }
  if (clinical || (type !== '' && system === '')) return { name: 'DOC' }
  // A cancel names a number; of what kind that is, it need not say again.
  if (value(message, 'MSH', 9, 2) === CANCEL) return { name: 'DOC' }
  const rule = 'LOINC document code, FILE, NOTE-REC or NOTE-COM'
  return { name: 'DOC', doubt: { at: 'TXA-2', value: type, rule } }
}
