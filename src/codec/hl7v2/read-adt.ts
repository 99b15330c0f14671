// Reads ITI-8 Patient Identity Feed: ADT^A01, A04, A05, A08 and A40 (ITI TF-2 3.8.4.1.2, 3.8.4.2.2; HL7 v2.3.1 to 2.5.1 chapter 3).

import { createHash } from 'node:crypto'
import { iheError } from '../../../profiles/errors/index.ts'
import { ITI8_EVENTS, ITI8_VERSIONS } from '../../../profiles/transactions/iti-8.ts'
import type { IheError } from '../../model/error.ts'
import { parseHl7Time } from '../../model/hl7-time.ts'
import { component, type Er7Message, isNull, repetitions, segmentsOf, value } from '../../model/hl7v2.ts'
import {
  addressesOfPid,
  birthDigits,
  circumstancesOfPid,
  hasStatement,
  isUsualSex,
  namesOfPid,
  SEX_OF_PID,
  telecomsOfPid,
} from '../../model/hl7v2-pid.ts'
import type { AdtFeed, DemographicField, UnresolvedPatientId } from '../../model/identity-feed.ts'
import type { Demographics } from '../../model/person.ts'
import { readStructure, readTrigger, textOf } from './message.ts'
import { readEr7 } from './read.ts'

const EVENTS = [...ITI8_EVENTS.keys()]

/**
 * The feed in a message. MSH is checked first, then the structure, then the fields.
 * @throws {IheError} HL7_… of the first thing that is wrong; the domains are the actor's business.
 */
export function readAdt(bytes: Uint8Array): AdtFeed {
  const message = readEr7(bytes)
  const kind = readEvent(message)
  const base = {
    transaction: 'ITI-8',
    message: { key: messageKey(message), at: 'MSH-10' },
    received: textOf(message),
    digest: createHash('sha256').update(bytes).digest('hex'),
  } as const
  const warnings = readStructure(message)
  const patientIds = readIds(message, 'PID', 3)
  if (patientIds.length === 0) throw iheError('HL7_FIELD_MISSING', { at: 'PID-3', rule: 'PID-3 is required' })
  const names = readNames(message)
  // Nothing else of PID is used: what cannot be read there keeps no two numbers apart.
  if (kind === 'merge') return { ...base, kind, survivors: patientIds, subsumed: readSubsumed(message), warnings }
  const person = readPerson(message, names)
  return { ...base, kind, patientIds, ...person, warnings: [...warnings, ...person.warnings] }
}

function readEvent(message: Er7Message): AdtFeed['kind'] {
  const trigger = readTrigger(message, { transaction: 'ITI-8', type: 'ADT', triggers: EVENTS, versions: ITI8_VERSIONS })
  const event = ITI8_EVENTS.get(trigger)
  if (event === undefined) throw new Error(`accepted event ADT^${trigger} has no feed`)
  return event.kind
}

/** MSH-3, MSH-4 and MSH-10; JSON keeps the free texts apart whatever they contain. */
function messageKey(message: Er7Message): string {
  const [header] = segmentsOf(message, 'MSH')
  const whole = (field: number) => header?.fields[field - 1] ?? ''
  return JSON.stringify([whole(3), whole(4), value(message, 'MSH', 10)])
}

/** CX repetitions that have an id; null and empty ones say nothing. */
function readIds(message: Er7Message, segment: 'PID' | 'MRG', field: number): readonly UnresolvedPatientId[] {
  return repetitions(message, segmentsOf(message, segment)[0], field).flatMap((raw, index) => {
    const id = component(message, raw)
    if (id === '' || isNull(id)) return []
    const authority = (part: number) => component(message, raw, 4, part)
    return {
      value: id,
      namespace: authority(1),
      universalId: authority(2),
      at: index === 0 ? `${segment}-${field}` : `${segment}-${field}[${index + 1}]`,
    }
  })
}

function readSubsumed(message: Er7Message): UnresolvedPatientId {
  const [subsumed, second] = readIds(message, 'MRG', 1)
  if (subsumed === undefined) throw iheError('HL7_FIELD_MISSING', { at: 'MRG-1', rule: 'MRG-1 is required' })
  if (second !== undefined) throw iheError('V3_TOO_MANY', { at: second.at, rule: 'one pair of ids a message' })
  return subsumed
}

interface ReadPerson {
  readonly demographics: Demographics
  readonly masked: readonly DemographicField[]
  readonly warnings: readonly IheError[]
}

/** PID-5 is required. */
function readNames(message: Er7Message): Demographics['names'] {
  const names = namesOfPid(message)
  if (names.length === 0) throw iheError('HL7_FIELD_MISSING', { at: 'PID-5', rule: 'PID-5 is required' })
  return names
}

/** Fields of PID by what they say of a person. */
const MASKABLE: readonly (readonly [DemographicField, readonly number[]])[] = [
  ['birthTime', [7]],
  ['sex', [8]],
  ['addresses', [11]],
  ['telecoms', [13, 14]],
  ['mother', [6]],
  ['multipleBirth', [24]],
  ['birthOrder', [25]],
  ['deceased', [29, 30]],
]

/**
 * An empty field says nothing, so a former value is kept; HL7 null deletes it (HL7 v2.5 2.5.3). What no field of PID speaks of, a
 * request for discretion, stays as another message said it.
 */
function readPerson(message: Er7Message, names: Demographics['names']): ReadPerson {
  const code = value(message, 'PID', 8)
  const sex = SEX_OF_PID.get(code)
  const birthTime = readBirth(message)
  const masked = MASKABLE.filter(([, fields]) => !fields.some((field) => hasStatement(message, field)))
  return {
    demographics: {
      names,
      ...(sex === undefined ? {} : { sex }),
      ...(birthTime === undefined ? {} : { birthTime }),
      addresses: addressesOfPid(message),
      telecoms: telecomsOfPid(message),
      ...circumstancesOfPid(message),
    },
    masked: [...masked.map(([name]) => name), 'restricted'],
    warnings: isUsualSex(code) ? [] : [iheError('HL7_CODE', { at: 'PID-8', value: code, rule: 'HL7 table 0001' })],
  }
}

function readBirth(message: Er7Message): string | undefined {
  const text = value(message, 'PID', 7)
  if (text === '' || isNull(text)) return undefined
  if (parseHl7Time(text) === undefined) throw iheError('HL7_TIME', { at: 'PID-7', value: text, rule: 'HL7 v2.5 DTM' })
  return birthDigits(text)
}
