// ADT-00 患者基本情報: the person as the facility knows them, one document a patient (HL7 v2.5 3.3.8, 3.3.23; SS-MIX2 ADT-00).

import type { Clinical, PersonRecord } from '../../model/clinical.ts'
import { component, type Er7Message, isNull, repetitions, type Segment, segmentsOf } from '../../model/hl7v2.ts'
import { addressesOfPid, circumstancesOfPid, namesOfPid, SEX_OF_PID, telecomsOfPid } from '../../model/hl7v2-pid.ts'
import type { Demographics } from '../../model/person.ts'
import { birthDigits } from '../demographics.ts'
import { coded, text, time } from './fields.ts'
import { observationsOf } from './observations.ts'
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
    observations: observationsOf(message, message.segments),
    allergies: segmentsOf(message, 'AL1').map((al1) => coded(message, al1, 3)),
    insurances: segmentsOf(message, 'IN1').map((in1) => insurance(message, in1)),
  }
}

/** As much of PID as can be read; the pipeline refuses a message without a name or a birth date. */
function personOf(message: Er7Message): Demographics {
  const pid = segmentsOf(message, 'PID')[0]
  const sex = SEX_OF_PID.get(text(message, pid, 8))
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

/** Insurer, and symbol with number of the insured. */
function insurance(message: Er7Message, in1: Segment): PersonRecord['insurances'][number] {
  const number = [10, 11].flatMap((field) => repetitions(message, in1, field).map((raw) => component(message, raw, 1)))
  return {
    plan: coded(message, in1, 2),
    insurer: [text(message, in1, 3), text(message, in1, 4)].filter((part) => part !== '').join(' '),
    number: number.filter((part) => part !== '' && !isNull(part)).join('・'),
  }
}
