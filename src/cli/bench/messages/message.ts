// An invented message: its segments and what is to be known of it, and its bytes in the character set of the sender (HL7 v2.5 2.15.9; SS-MIX2).

import { components, type SegmentValue, writeEr7 } from '../../../codec/hl7v2/write.ts'
import type { PersonName } from '../../../model/person.ts'
import {
  bedLocation,
  CLERK,
  clinicLocation,
  type Department,
  type Desk,
  type Encounter,
  type InventedPatient,
  type Sender,
  xcn,
} from './scene.ts'
import { code, segment } from './segments.ts'
import { type Moment, stampOf } from './time.ts'

export type MessageCharset = 'ISO-2022-JP' | 'UTF-8'

/** What the sender does to the document that the message is about. */
export type Action = 'new' | 'update' | 'cancel'

/** MSH-9. */
export interface MessageType {
  readonly code: string
  readonly trigger: string
  readonly structure: string
}

export interface InventedMessage {
  /** Data kind, as SS-MIX2 names it; MDM kinds are DOC, FILE and NOTE. */
  readonly kind: string
  readonly action: Action
  readonly type: MessageType
  readonly patient: InventedPatient
  readonly sender: Sender
  readonly controlId: string
  /** MSH-7. */
  readonly sentAt: Moment
  /** YYYYMMDD; none for lists and master data of the patient. */
  readonly careDate?: string
  /** ORC-2, or TXA-12. */
  readonly orderNumber?: string
  readonly department: Department
  /** All segments after MSH. */
  readonly body: readonly SegmentValue[]
}

/** What a writer says of its message; the desk adds its numbers. */
export interface Draft {
  readonly kind: string
  readonly action: Action
  readonly type: string
  readonly sentAt: Moment
  readonly careDate?: string
  readonly orderNumber?: string
  readonly body: readonly SegmentValue[]
}

/** One patient and one encounter at a desk. */
export interface Chart extends Encounter {
  readonly desk: Desk
  readonly patient: InventedPatient
}

/** The message of a draft; `type` is written as MSH-9, `ADT^A08^ADT_A01`. */
export function message({ desk, patient, department }: Chart, draft: Draft): InventedMessage {
  const [typeCode = '', trigger = '', structure = ''] = draft.type.split('^')
  return {
    ...draft,
    type: { code: typeCode, trigger, structure },
    patient,
    sender: desk.sender,
    controlId: desk.controlId(),
    department,
  }
}

/**
 * The bytes, segments ended by CR. A message with a character that ISO-2022-JP lacks is written in UTF-8, as a sender that
 * loses nothing does.
 */
export function messageBytes(invented: InventedMessage, charset: MessageCharset): Buffer {
  if (charset === 'UTF-8') return written(invented, charset)
  try {
    return written(invented, charset)
  } catch (error) {
    if (error instanceof RangeError) return written(invented, 'UTF-8')
    throw error
  }
}

function written(invented: InventedMessage, charset: MessageCharset): Buffer {
  return writeEr7([header(invented, charset), ...invented.body], { charset })
}

function header({ type, sender, sentAt, controlId }: InventedMessage, charset: MessageCharset): SegmentValue {
  const isJis = charset === 'ISO-2022-JP'
  return [
    'MSH',
    sender.application,
    sender.facilityCode,
    'GW',
    'TSUNAGI',
    stampOf(sentAt),
    '',
    components(type.code, type.trigger, type.structure),
    controlId,
    'P',
    '2.5',
    '',
    '',
    '',
    '',
    '',
    isJis ? { raw: '~ISO IR87' } : 'UNICODE UTF-8',
    '',
    isJis ? 'ISO 2022-1994' : '',
    components('SS-MIX2_1.20', 'SS-MIX2', '1.2.392.200250.2.1.100.1.2.120', 'ISO'),
  ]
}

/** `planned` is EVN-3, `occurred` EVN-6. */
export function evn(
  { desk }: Chart,
  given: { readonly at: Moment; readonly planned?: Moment; readonly occurred?: Moment; readonly trigger?: string },
): SegmentValue {
  return segment('EVN', {
    ...(given.trigger === undefined ? {} : { 1: given.trigger }),
    2: stampOf(given.at),
    ...(given.planned === undefined ? {} : { 3: stampOf(given.planned) }),
    5: CLERK.id,
    ...(given.occurred === undefined ? {} : { 6: stampOf(given.occurred) }),
    7: desk.sender.facilityCode,
  })
}

const REPRESENTATIONS = { IDE: 'I', SYL: 'P', ABC: 'A' } as const

function xpn({ family, given, representation }: PersonName) {
  return components(family, given, '', '', '', '', 'L', REPRESENTATIONS[representation])
}

/** Number, names, birth and sex. */
export function pid({ patient }: Chart): SegmentValue {
  const { names, birthTime = '', sex = '' } = patient.demographics
  return segment('PID', {
    1: '0001',
    3: components(patient.localId, '', '', '', 'PI'),
    5: names.map(xpn),
    7: birthTime.slice(0, 8),
    8: sex === 'UN' ? 'O' : sex,
  })
}

/** That, and address, telephone and the time of the last change (PID-33, required of ADT-00). */
export function fullPid(chart: Chart, changedAt: Moment): SegmentValue {
  const { addresses, telecoms } = chart.patient.demographics
  const [name, ...fields] = pid(chart)
  const full = Object.fromEntries(fields.map((field, index) => [index + 1, field]))
  return segment(name, {
    ...full,
    11: addresses.map(({ postalCode = '', text }) => components('', '', '', '', postalCode, 'JPN', 'H', text)),
    13: telecoms.map((text) => components('', 'PRN', 'PH', '', '', '', '', '', '', '', '', text.replace(/^tel:/, ''))),
    33: stampOf(changedAt),
  })
}

/** Admission, discharge and their fields beside class, place, doctor and department. */
export interface Visit {
  readonly admittedAt?: Moment
  readonly dischargedAt?: Moment
  readonly disposition?: string
  readonly former?: Encounter['bed']
}

export function pv1({ department, bed }: Chart, visit: Visit = {}): SegmentValue {
  const { admittedAt, dischargedAt, disposition, former } = visit
  return segment('PV1', {
    1: '0001',
    2: bed === undefined ? 'O' : 'I',
    3: bed === undefined ? clinicLocation(department) : bedLocation(bed),
    ...(former === undefined ? {} : { 6: bedLocation(former) }),
    7: xcn(department.doctor),
    10: department.code,
    ...(bed === undefined ? {} : { 17: xcn(department.doctor) }),
    ...(disposition === undefined ? {} : { 36: disposition }),
    ...(admittedAt === undefined ? {} : { 44: stampOf(admittedAt) }),
    ...(dischargedAt === undefined ? {} : { 45: stampOf(dischargedAt) }),
  })
}

/** ORC-1: new, change, cancel, status, parent, child. */
export type OrderControl = 'NW' | 'XO' | 'CA' | 'SC' | 'PA' | 'CH'

export interface Order {
  readonly control: OrderControl
  readonly number: string
  readonly at: Moment
  readonly group?: string
  readonly filler?: string
  readonly status?: string
  readonly parent?: string
}

export function orc({ desk, department, bed }: Chart, order: Order): SegmentValue {
  const { facilityName } = desk.sender
  return segment('ORC', {
    1: order.control,
    2: order.number,
    ...(order.filler === undefined ? {} : { 3: order.filler }),
    ...(order.group === undefined ? {} : { 4: order.group }),
    ...(order.status === undefined ? {} : { 5: order.status }),
    ...(order.parent === undefined ? {} : { 8: order.parent }),
    9: stampOf(order.at),
    10: xcn(CLERK),
    12: xcn(department.doctor),
    13: bed === undefined ? clinicLocation(department) : bedLocation(bed),
    17: code(department.code, department.name, 'HL70069'),
    18: components('PC01', '', '99XY2'),
    21: facilityName,
    29: bed === undefined ? code('O', '外来患者オーダ', 'HL70482') : code('I', '入院患者オーダ', 'HL70482'),
  })
}

/** A prescription, an injection or an examination is ordered, changed or withdrawn by ORC-1. */
export function controlOf(action: Action): 'NW' | 'XO' | 'CA' {
  return action === 'new' ? 'NW' : action === 'update' ? 'XO' : 'CA'
}
