// The SOAP header CorrelationTimeToLive: how long ids learned by discovery may be kept (ITI TF-2 3.55.4.1.2.3, XML Schema duration).

import { iheError } from '../../../profiles/errors/index.ts'
import { textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { el, type Markup, text } from '../xml/write.ts'
import { XCPD_NS } from './discovery-codes.ts'

const NAME = 'CorrelationTimeToLive'
/** `{namespace}local`, for the door that honours it. */
export const CORRELATION_LIFE = `{${XCPD_NS}}${NAME}`

const DURATION = /^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/
/** A year and a month as their shortest: an id is forgotten rather too early than too late. */
const SECONDS = [365 * 86_400, 28 * 86_400, 86_400, 3600, 60, 1]
const MAX_SECONDS = 100 * 365 * 86_400

/**
 * Milliseconds; undefined without the header, which means that nothing is to be kept.
 * @throws {IheError} V3_DATA_TYPE for what is no duration of zero or more.
 */
export function readCorrelationLife(headers: readonly XmlElement[]): number | undefined {
  const block = headers.find(({ ns, name }) => ns === XCPD_NS && name === NAME)
  if (block === undefined) return undefined
  const value = textOf(block).trim()
  const parts = DURATION.exec(value)
  if (parts === null)
    throw iheError('V3_DATA_TYPE', { at: `Envelope/Header/${NAME}`, rule: 'xs:duration, e.g. P0Y0M7D' })
  const seconds = SECONDS.reduce((sum, unit, index) => sum + unit * Number(parts[index + 1] ?? 0), 0)
  return Math.min(seconds, MAX_SECONDS) * 1000
}

/** In days, hours, minutes and seconds. */
export function writeCorrelationLife(seconds: number): Markup {
  const whole = Math.max(0, Math.floor(seconds))
  const days = Math.floor(whole / 86_400)
  const rest = whole % 86_400
  const time = rest === 0 ? '' : `T${Math.floor(rest / 3600)}H${Math.floor((rest % 3600) / 60)}M${rest % 60}S`
  return el(`xcpd:${NAME}`, { 'xmlns:xcpd': XCPD_NS }, text(`P0Y0M${days}D${time}`))
}
