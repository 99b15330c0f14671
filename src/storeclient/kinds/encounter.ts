// Visits, admissions and moves: ADT-01, 12, 21, 22, 31, 32, 41, 42, 51, 52 and their cancels (HL7 v2.5 3.3; SS-MIX2).

import { iheError } from '../../../profiles/errors/index.ts'
import type { KindName } from '../../../profiles/storeclient/index.ts'
import type { Clinical, Coded, EncounterEvent, Place } from '../../model/clinical.ts'
import type { IheError } from '../../model/error.ts'
import { type Hl7Time, versionTime } from '../../model/hl7-time.ts'
import { type Er7Message, segmentsOf, value } from '../../model/hl7v2.ts'
import type { Header } from '../header.ts'
import { checkFields } from './field-checks.ts'
import { coded, earliestDay, type FoundTimes, place, requiredTimes, staff, text, time } from './fields.ts'
import { serviceTimes, timeSource, unusualTimes } from './order-times.ts'
import type { KindReader, Reading } from './reader.ts'

interface Rule {
  readonly event: EncounterEvent
  /** Where a cancel names the day of what it cancels, when not where the event itself does. */
  readonly cancelled?: readonly string[]
  /** The other end of the stay. */
  readonly until?: string
  readonly since?: string
  /** What parts two of one day: the moment, or the department. */
  readonly extra?: 'moment' | 'department'
}

const RULES: Readonly<Partial<Record<KindName, Rule>>> = {
  'ADT-01': { event: 'attending-doctor' },
  'ADT-12': { event: 'reception', extra: 'department' },
  'ADT-21': { event: 'planned-admission', until: 'PV2-9' },
  'ADT-22': { event: 'admission', until: 'PV1-45' },
  'ADT-31': { event: 'leave', until: 'PV2-47', extra: 'moment' },
  'ADT-32': { event: 'return', cancelled: ['PV2-47', 'EVN-6'], extra: 'moment' },
  'ADT-41': { event: 'planned-transfer' },
  'ADT-42': { event: 'transfer', extra: 'moment' },
  'ADT-51': { event: 'planned-discharge' },
  'ADT-52': { event: 'discharge', since: 'PV1-44' },
}
/** HL7 table 0004. */
const PATIENT_CLASSES = new Set('EIOPRBCNU')
/** PL.6 of a department: outpatients wait there, they have no bed. */
const CLINIC = 'C'

export const encounter: KindReader = {
  documents,
  content: (message, { header }) => content(message, header),
}

function documents(message: Er7Message, { header }: { readonly header: Header }): readonly Reading[] {
  const rule = ruleOf(header)
  const found = eventTimes(message, header, rule)
  const ends = serviceTimes(message, message.segments, {
    starts: [],
    stops: [rule.since, rule.until].filter((field) => field !== undefined),
  })
  const extra = extraOf(message, rule, found.times)
  return [
    {
      ...(header.found.kind.careDate.length === 0 ? {} : { careDate: earliestDay(found.times) }),
      ...(extra === undefined ? {} : { extra }),
      service: [...found.times, ...ends.times],
      segments: message.segments,
      eventCodes: [],
      deletes: header.found.event.action === 'delete' ? 'whole' : 'no',
      warnings: [
        ...unusualTimes(found.at, found.times),
        ...ends.warnings,
        ...checkFields(message, { kind: header.found.kind.kind, groups: [message.segments] }),
        ...classWarnings(message),
      ],
    },
  ]
}

function ruleOf({ found }: Header): Rule {
  const rule = RULES[found.kind.kind]
  if (rule === undefined) throw new Error(`${found.kind.kind} is no encounter`)
  return rule
}

/** When it happens; the change of the attending doctor has no day of its own and may leave it to MSH-7. */
function eventTimes(message: Er7Message, header: Header, rule: Rule): FoundTimes {
  const { kind, event } = header.found
  const fields = (event.action === 'delete' ? rule.cancelled : undefined) ?? kind.careDate
  if (fields.length > 0) return requiredTimes(fields.map((field) => timeSource(message, message.segments, field)))
  const { times } = serviceTimes(message, message.segments, { starts: ['EVN-6'], stops: [] })
  return { at: 'EVN-6', times: times.length === 0 ? [header.sentAt] : times }
}

function extraOf(message: Er7Message, rule: Rule, times: readonly Hl7Time[]): string | undefined {
  const [first] = times
  if (rule.extra === 'moment' && first !== undefined) return versionTime(first).slice(8, 14)
  const department = rule.extra === 'department' ? departmentOf(message).code : ''
  return department === '' ? undefined : department
}

/** PV1-10; small systems name the department of an outpatient in PV1-3 only. */
function departmentOf(message: Er7Message): Coded {
  const pv1 = segmentsOf(message, 'PV1')[0]
  const service = coded(message, pv1, 10)
  if (service.code !== '' || text(message, pv1, 3, 6) !== CLINIC) return service
  const clinic = text(message, pv1, 3)
  return { code: clinic, text: clinic, system: '' }
}

function classWarnings(message: Er7Message): readonly IheError[] {
  const code = value(message, 'PV1', 2)
  return code === '' || PATIENT_CLASSES.has(code)
    ? []
    : [iheError('HL7_CODE', { at: 'PV1-2', value: code, rule: 'HL7 table 0004' })]
}

function content(message: Er7Message, header: Header): Clinical {
  const rule = ruleOf(header)
  const [pv1, pv2] = [segmentsOf(message, 'PV1')[0], segmentsOf(message, 'PV2')[0]]
  const at = momentOf(message, header.found.kind.careDate) ?? time(message, segmentsOf(message, 'EVN')[0], 6)
  const until = momentOf(message, rule.until === undefined ? [] : [rule.until])
  const previousPlace = place(message, pv1, 6)
  const plannedPlace = place(message, pv2, 1)
  const here = placeOf(message)
  const doctor = staff(message, pv1, 7) ?? staff(message, pv1, 17)
  return {
    type: 'encounter',
    event: rule.event,
    patientClass: text(message, pv1, 2),
    ...(at === undefined ? {} : { at }),
    ...(until === undefined ? {} : { until }),
    department: departmentOf(message),
    ...(here === undefined ? {} : { place: here }),
    ...(previousPlace === undefined ? {} : { previousPlace }),
    ...(plannedPlace === undefined ? {} : { plannedPlace }),
    ...(doctor === undefined ? {} : { doctor }),
    disposition: text(message, pv1, 36),
  }
}

function momentOf(message: Er7Message, fields: readonly string[]): Hl7Time | undefined {
  return serviceTimes(message, message.segments, { starts: fields, stops: [] }).times[0]
}

function placeOf(message: Er7Message): Place | undefined {
  const pv1 = segmentsOf(message, 'PV1')[0]
  return text(message, pv1, 3, 6) === CLINIC ? undefined : place(message, pv1, 3)
}
