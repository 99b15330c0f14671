// ADT-00 患者基本情報: the person as the facility knows them, one document a patient (HL7 v2.5 3.3.8, 3.3.23; SS-MIX2 ADT-00).

import type { Clinical, Observation, PersonRecord } from '../../model/clinical.ts'
import { component, type Er7Message, isNull, repetitions, type Segment, segmentsOf } from '../../model/hl7v2.ts'
import { addressesOfPid, circumstancesOfPid, namesOfPid, SEX_OF_PID, telecomsOfPid } from '../../model/hl7v2-pid.ts'
import type { Demographics } from '../../model/person.ts'
import { birthDigits } from '../demographics.ts'
import { coded, text, time } from './fields.ts'
import type { KindReader, Reading, ReadingContext } from './reader.ts'

export const personRecord: KindReader = { documents, content }

function documents(message: Er7Message, { header }: ReadingContext): readonly Reading[] {
  return [
    {
      service: [header.sentAt],
      segments: message.segments,
      eventCodes: [],
      deletes: header.found.event.action === 'delete' ? 'whole' : 'no',
      warnings: [],
    },
  ]
}

function content(message: Er7Message): Clinical {
  return {
    type: 'demographics',
    person: personOf(message),
    observations: segmentsOf(message, 'OBX').map((obx) => observation(message, obx)),
    allergies: segmentsOf(message, 'AL1').map((al1) => coded(message, al1, 3)),
    insurances: segmentsOf(message, 'IN1').map((in1) => insurance(message, in1)),
  }
}

/** As much of PID as can be read; the pipeline refuses a message without a name or a birth date. */
function personOf(message: Er7Message): Demographics {
  const pid = segmentsOf(message, 'PID')[0]
  const sex = SEX_OF_PID[text(message, pid, 8)]
  const birth = time(message, pid, 7)
  return {
    names: namesOfPid(message),
    ...(sex === undefined ? {} : { sex }),
    ...(birth === undefined ? {} : { birthTime: birthDigits(birth) }),
    addresses: addressesOfPid(message),
    telecoms: telecomsOfPid(message),
    ...circumstancesOfPid(message),
  }
}

/** Height, weight, blood type. */
function observation(message: Er7Message, obx: Segment): Observation {
  const at = time(message, obx, 14)
  return {
    item: coded(message, obx, 3),
    subId: text(message, obx, 4),
    valueType: text(message, obx, 2),
    value: shown(message, obx),
    unit: coded(message, obx, 6).text,
    range: text(message, obx, 7),
    flag: text(message, obx, 8),
    status: text(message, obx, 11),
    ...(at === undefined ? {} : { at }),
    notes: [],
  }
}

/** A code is shown by its text. */
function shown(message: Er7Message, obx: Segment): string {
  return repetitions(message, obx, 5)
    .filter((raw) => !isNull(raw))
    .map((raw) => component(message, raw, 2) || component(message, raw, 1))
    .join(', ')
}

/** Insurer, and symbol with number of the insured. */
function insurance(message: Er7Message, in1: Segment): PersonRecord['insurances'][number] {
  const number = [10, 11].flatMap((field) => repetitions(message, in1, field).map((raw) => component(message, raw, 1)))
  return {
    plan: coded(message, in1, 2),
    insurer: [text(message, in1, 3), text(message, in1, 4)].filter((part) => part !== '').join(' '),
    number: number.filter((part) => part !== '' && !isNull(part)).join('・'),
  }
}
