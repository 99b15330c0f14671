// When the service of an order took or takes place: the times of its metadata (ITI TF-3 4.2.3.2.19; SS-MIX2).

import { iheError } from '../../../profiles/errors/index.ts'
import type { IheError } from '../../model/error.ts'
import type { Hl7Time } from '../../model/hl7-time.ts'
import type { Er7Message, Segment } from '../../model/hl7v2.ts'
import { readWrittenTime } from '../written-time.ts'
import { type TimeSource, timesIn } from './fields.ts'

/** DR: its second component is the end of the collection. */
const RANGES = new Set(['SPM-17'])

/** Where a time stands, `ORC-9`. */
export function timeSource(message: Er7Message, segments: readonly Segment[], at: string): TimeSource {
  const [name = '', field = ''] = at.split('-')
  return timesIn(message, segments, name, Number(field), RANGES.has(at) ? [1, 2] : [1])
}

export interface ServiceFields {
  /** The first of these that is filled anywhere tells when the service begins. */
  readonly starts: readonly string[]
  /** All of these may tell when it ends. */
  readonly stops: readonly string[]
}

export interface ServiceTimes {
  readonly times: readonly Hl7Time[]
  readonly warnings: readonly IheError[]
}

/** Times of the service; what cannot be read is left out with a warning, because no key depends on it. */
export function serviceTimes(
  message: Er7Message,
  segments: readonly Segment[],
  { starts, stops }: ServiceFields,
): ServiceTimes {
  const warnings: IheError[] = []
  const read = (at: string) => {
    const texts = timeSource(message, segments, at).texts
    return texts.flatMap((text) => {
      const time = readWrittenTime(text)
      if (time === undefined) warnings.push(unusualTime(at, text))
      return time === undefined ? [] : [time]
    })
  }
  const found = starts.map(read).find((times) => times.length > 0) ?? []
  return { times: [...found, ...stops.flatMap(read)], warnings }
}

/** Times that were read although they are not written as HL7 wants them. */
export function unusualTimes(at: string, times: readonly Hl7Time[]): readonly IheError[] {
  return times.filter(({ unusual }) => unusual).map(({ text }) => unusualTime(at, text))
}

function unusualTime(at: string, value: string): IheError {
  return iheError('HL7_DATE', { at, value, rule: 'HL7 v2.5 DTM' })
}
