// Times beside the one that makes the key: what cannot be read is left out with a warning, for nothing would be filed wrongly.

import { iheError } from '../../../profiles/errors/index.ts'
import type { IheError } from '../../model/error.ts'
import type { Hl7Time } from '../../model/hl7-time.ts'
import { readWrittenTime } from '../written-time.ts'
import type { FoundTimes, TimeSource } from './fields.ts'

const RULE = 'HL7 v2.5 DTM'

/** A warning for each time that is not written as HL7 writes times. */
export function timeWarnings({ at, times }: FoundTimes): readonly IheError[] {
  return times
    .filter(({ unusual }) => unusual)
    .map((time) => iheError('HL7_DATE', { at, value: time.text, rule: RULE }))
}

export interface LegibleTimes {
  readonly times: readonly Hl7Time[]
  readonly warnings: readonly IheError[]
}

/** All times of the sources that can be read, and a warning for each that is unusual or cannot. */
export function legibleTimes(sources: readonly TimeSource[]): LegibleTimes {
  const read = sources.flatMap(({ at, texts }) => texts.map((text) => ({ at, text, time: readWrittenTime(text) })))
  return {
    times: read.flatMap(({ time }) => (time === undefined ? [] : [time])),
    warnings: read
      .filter(({ time }) => time === undefined || time.unusual)
      .map(({ at, text }) => iheError('HL7_DATE', { at, value: text, rule: RULE })),
  }
}
