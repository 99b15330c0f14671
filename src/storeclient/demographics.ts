// PID of a push as a person, and what it changes in the facility's copy (HL7 v2.5 3.4.2, 2.5.3).

import { iheError } from '../../profiles/errors/index.ts'
import type { IheError } from '../model/error.ts'
import type { Hl7Time } from '../model/hl7-time.ts'
import { type Er7Message, isNull, value } from '../model/hl7v2.ts'
import {
  addressesOfPid,
  circumstancesOfPid,
  birthDigits as digitsOf,
  hasStatement,
  isUsualSex,
  namesOfPid,
  SEX_OF_PID,
  telecomsOfPid,
} from '../model/hl7v2-pid.ts'
import type { Demographics } from '../model/person.ts'
import type { DemographicsChange } from './ports.ts'
import { readWrittenTime } from './written-time.ts'

/** What PID says of birth and death, and where. */
const CIRCUMSTANCES = [
  ['mother', [6]],
  ['multipleBirth', [24]],
  ['birthOrder', [25]],
  ['deceased', [29, 30]],
] as const

export interface MessagePerson {
  readonly demographics: Demographics
  readonly change: DemographicsChange
  readonly warnings: readonly IheError[]
}

/**
 * The person of PID, and what it changes in the facility's copy: an empty field keeps, HL7 null deletes (HL7 v2.5 2.5.3).
 * @throws {IheError} HL7_FIELD_MISSING without PID-5 or PID-7, HL7_TIME when PID-7 is no date.
 */
export function readPerson(message: Er7Message): MessagePerson {
  const names = namesOfPid(message)
  if (names.length === 0) throw iheError('HL7_FIELD_MISSING', { at: 'PID-5', rule: 'PID-5 is required' })
  const birth = readBirth(message)
  const birthTime = birthDigits(birth)
  const code = value(message, 'PID', 8)
  const sex = SEX_OF_PID.get(code)
  const addresses = addressesOfPid(message)
  const telecoms = telecomsOfPid(message)
  const circumstances = circumstancesOfPid(message)
  return {
    demographics: { names, ...(sex === undefined ? {} : { sex }), birthTime, addresses, telecoms, ...circumstances },
    change: {
      names,
      birthTime,
      ...(isNull(code) ? { sex: null } : sex === undefined ? {} : { sex }),
      ...(hasStatement(message, 11) ? { addresses } : {}),
      ...(hasStatement(message, 13) || hasStatement(message, 14) ? { telecoms } : {}),
      ...Object.fromEntries(
        CIRCUMSTANCES.filter(([, fields]) => fields.some((field) => hasStatement(message, field))).map(([name]) => [
          name,
          circumstances[name] ?? null,
        ]),
      ),
    },
    warnings: [
      ...(isUsualSex(code) ? [] : [iheError('HL7_CODE', { at: 'PID-8', value: code, rule: 'HL7 table 0001' })]),
      ...(birth.unusual ? [iheError('HL7_DATE', { at: 'PID-7', value: birth.text, rule: 'HL7 v2.5 DTM' })] : []),
    ],
  }
}

function readBirth(message: Er7Message): Hl7Time {
  const text = value(message, 'PID', 7)
  if (text === '' || isNull(text)) throw iheError('HL7_FIELD_MISSING', { at: 'PID-7', rule: 'PID-7 is required' })
  const time = readWrittenTime(text)
  if (time === undefined) throw iheError('HL7_TIME', { at: 'PID-7', value: text, rule: 'HL7 v2.5 DTM' })
  return time
}

/** YYYYMMDD, or less where less was written. */
export function birthDigits(birth: Hl7Time): string {
  return birth.unusual ? birth.jstDate : digitsOf(birth.text)
}
