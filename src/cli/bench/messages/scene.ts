// Who sends invented messages and about whom: a facility's system, its staff and places, and the counters of its numbers (SS-MIX2).

import { components, type RepetitionValue } from '../../../codec/hl7v2/write.ts'
import type { Demographics } from '../../../model/person.ts'
import { createRandom, type Random } from '../people/random.ts'

/** The system that sends. */
export interface Sender {
  readonly application: string
  /** Ten digits (MSH-4). */
  readonly facilityCode: string
  readonly facilityName: string
}

export interface InventedPatient {
  readonly localId: string
  readonly demographics: Demographics
}

/** A sender at work: what it invents comes from the seed, and it gives no number twice. */
export interface Desk {
  readonly sender: Sender
  readonly random: Random
  /** MSH-10. */
  readonly controlId: () => string
  /** ORC-2, 15 digits. */
  readonly orderNumber: () => string
  /** TXA-12. */
  readonly documentNumber: () => string
}

export interface DeskOptions {
  readonly seed: number
  /** Numbers begin with it, so that two desks of one facility never meet; up to 8 digits or capital letters. */
  readonly series?: string
}

export function openDesk(sender: Sender, options: DeskOptions): Desk {
  const series = options.series ?? String(options.seed % 1000).padStart(3, '0')
  const random = createRandom(options.seed)
  let controls = 0
  let orders = 0
  let documents = 0
  return {
    sender,
    random,
    controlId: () => `G${series}-${String(++controls).padStart(9, '0')}`,
    orderNumber: () => {
      const digits = series.replaceAll(/\D/g, '').slice(-6)
      return `${digits}${String(++orders).padStart(15 - digits.length, '0')}`
    },
    documentNumber: () => `DOC${series}${String(++documents).padStart(8, '0')}`,
  }
}

export interface Staff {
  readonly id: string
  readonly family: string
  readonly given: string
}

export interface Department {
  /** HL7 table 0069 as used in Japan. */
  readonly code: string
  readonly name: string
  readonly doctor: Staff
}

const INTERNAL: Department = {
  code: '01',
  name: '内科',
  doctor: { id: 'D0101', family: '医師', given: '一郎' },
}
export const SURGERY: Department = {
  code: '10',
  name: '外科',
  doctor: { id: 'D1001', family: '執刀', given: '三郎' },
}

export const departments: readonly Department[] = [
  INTERNAL,
  SURGERY,
  { code: '08', name: '循環器科', doctor: { id: 'D0801', family: '鼓動', given: '健' } },
  { code: '11', name: '整形外科', doctor: { id: 'D1101', family: '骨川', given: '直子' } },
  { code: '09', name: '小児科', doctor: { id: 'D0901', family: '若葉', given: '幸子' } },
]

export const CLERK: Staff = { id: 'E0001', family: '入力', given: '者子' }
export const NURSE: Staff = { id: 'N0001', family: '看護', given: '花代' }
export const PHARMACIST: Staff = { id: 'Y0001', family: '薬師', given: '三郎' }
export const RADIOGRAPHER: Staff = { id: 'T0001', family: '技師', given: '健' }
export const RADIOLOGIST: Staff = { id: 'D2001', family: '読影', given: '映子' }

/** XCN with the name in kanji. */
export function xcn({ id, family, given }: Staff): RepetitionValue {
  return components(id, family, given, '', '', '', '', '', '', 'L', '', '', '', '', 'I')
}

/** A bed; a ward is nursing unit N. */
export interface Bed {
  readonly ward: string
  readonly room: string
  readonly bed: string
}

export function inventBed(random: Random): Bed {
  const ward = random.pick(['31', '32', '41', '42', '51'])
  return { ward, room: `${ward}${random.below(9) + 1}`, bed: String(random.below(4) + 1) }
}

/** PL of a bed. */
export function bedLocation({ ward, room, bed }: Bed): RepetitionValue {
  return components(ward, room, bed, '', '', 'N')
}

/** PL of a clinic. */
export function clinicLocation({ code }: Department): RepetitionValue {
  return components(code, '', '', '', '', 'C')
}

/** Where a patient is met: at a clinic, or in a bed. */
export interface Encounter {
  readonly department: Department
  readonly bed?: Bed
}
