// What the routes of the audit log have in common: periods in Japan, patients, places to go on from, and how a stream is sent.

import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LogPage, LogPlace, LogUse } from '../../audit/records/ports.ts'
import { parseCx } from '../../model/identifiers.ts'
import { nameOf } from '../failure.ts'
import { ownDomains } from './own.ts'
import type { AdminPorts } from './ports.ts'
import type { RouteRoles } from './principal.ts'
import { day, whoOf, words } from './schemas.ts'

/** Who may read the log: a right of its own, which running the network does not give (idlink L-4). */
export const LOG_READERS: RouteRoles = ['auditor', 'facility-administrator']

const DAY_MS = 86_400_000

export const period = {
  from: { ...day, description: 'first day in Japan, YYYY-MM-DD' },
  to: { ...day, description: 'last day in Japan, YYYY-MM-DD; today when left out' },
} as const

export const paging = {
  limit: { type: 'string', pattern: '^([1-9]\\d{0,2}|1000)$', description: '1 to 1000' },
  after: {
    type: 'string',
    pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3,6}Z_\\d{1,18}$',
    description: '`next` of the page before',
  },
} as const

export const patient = {
  ...words,
  maxLength: 256,
  description: 'number^^^&oid&ISO; a bare number is one of the facility, or of the network where no facility asks',
} as const

export interface PeriodQuery {
  readonly from?: string
  readonly to?: string
  readonly limit?: string
  readonly after?: string
}

/** Midnight to midnight in Japan; undefined when a day is none, the last one is before the first, or the place to go on from is none. */
export function periodOf(
  { from, to, after }: PeriodQuery,
  usualDays: number,
): { readonly from: Date; readonly to: Date } | undefined {
  if (after !== undefined && !isMoment(after)) return undefined
  const end = to === undefined ? endOfToday() : midnight(to) + DAY_MS
  // No event is older, and the database does not know every year of four digits.
  const begin = Math.max(0, from === undefined ? end - usualDays * DAY_MS : midnight(from))
  return Number.isNaN(begin) || Number.isNaN(end) || begin >= end
    ? undefined
    : { from: new Date(begin), to: new Date(end) }
}

const JST_MS = 9 * 3_600_000

function endOfToday(): number {
  return (Math.floor((Date.now() + JST_MS) / DAY_MS) + 1) * DAY_MS - JST_MS
}

function midnight(text: string): number {
  const ms = Date.parse(`${text}T00:00:00Z`)
  return Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text) ? Number.NaN : ms - JST_MS
}

/** Dates that no calendar has fit the pattern, too. */
function isMoment(after: string): boolean {
  const second = after.slice(0, 'YYYY-MM-DDThh:mm:ss'.length)
  const ms = Date.parse(`${second}Z`)
  return ms >= 0 && new Date(ms).toISOString().startsWith(second)
}

export const WRONG_PERIOD = {
  message: 'from, to, after: there is no such day or moment, or the last day is before the first',
  hint: 'Give days as YYYY-MM-DD, from not later than to, and after as the page before said in next',
  ja: '期間または続きの位置（after）の指定に誤りがあります。実在する日付を YYYY-MM-DD 形式で、開始日が終了日以前になるように指定してください。',
}

export function placeOf(after: string | undefined): { readonly before?: LogPlace } {
  const [at, eventId] = after?.split('_') ?? []
  return at === undefined || eventId === undefined ? {} : { before: { at, eventId } }
}

export function nextOf({ next }: Pick<LogPage<unknown>, 'next'>): { readonly next?: string } {
  return next === undefined ? {} : { next: `${next.at}_${next.eventId}` }
}

/** Ids of a patient: all the person has, for the search; the one that was given, for the audit. */
export async function patientIds(
  text: string | undefined,
  facilityId: string | undefined,
  { records, transfer }: Pick<AdminPorts, 'records' | 'transfer'>,
): Promise<{ readonly patients?: readonly string[]; readonly asked: readonly string[] }> {
  if (text === undefined) return { asked: [] }
  const bare = facilityId === undefined ? { value: text, authority: transfer.affinityDomain } : { value: text }
  const patients = await records.store.patient(parseCx(text) ?? bare, facilityId)
  return { patients, asked: patients.includes(text) ? [text] : patients.slice(0, 1) }
}

export const NOBODY_OF_THAT_NUMBER = {
  code: 'NOT_FOUND',
  message: 'No patient has this number: nothing can be said about who looked',
  hint: 'Give a number of the facility as it stands there, or number^^^&oid&ISO; of the network: its id with its authority',
  ja: 'この番号の患者はいないため、閲覧の有無を答えられません。自施設の患者番号、または「番号^^^&OID&ISO」の形式（地域の患者IDを含む）で指定してください。',
}

/** Whether one of these ids is one that whoever asks knows patients by. */
export async function isKnown(
  patients: readonly string[],
  request: FastifyRequest,
  ports: Pick<AdminPorts, 'store' | 'transfer'>,
): Promise<boolean> {
  const domains = await ownDomains(request, ports)
  return patients.some((id) => domains === undefined || domains.some((domain) => id.includes(`^^^&${domain}&`)))
}

/** Recorded before anything of the log is answered. */
export function recordUse(
  request: FastifyRequest,
  { records }: Pick<AdminPorts, 'records'>,
  use: Pick<LogUse, 'typeCode' | 'operation' | 'patients'>,
): Promise<void> {
  return records.store.recordUse({ ...whoOf(request), endpoint: request.routeOptions.url ?? '/admin/v1/audit', ...use })
}

export function sendFile(
  reply: FastifyReply,
  file: { readonly name: string; readonly type: string; readonly body: AsyncIterable<Buffer | string> },
  given: { readonly request: FastifyRequest; readonly ports: Pick<AdminPorts, 'log'> },
): FastifyReply {
  return reply
    .type(file.type)
    .headers({ 'cache-control': 'no-store', 'content-disposition': `attachment; filename="${file.name}"` })
    .send(Readable.from(watched(file.body, given), { objectMode: false }))
}

/** A stream that ends early is cut off, so that nobody takes a part for the whole. */
async function* watched<T>(
  parts: AsyncIterable<T>,
  { request, ports }: { readonly request: FastifyRequest; readonly ports: Pick<AdminPorts, 'log'> },
): AsyncGenerator<T> {
  try {
    yield* parts
  } catch (error) {
    ports.log.error({ cause: nameOf(error), route: request.routeOptions.url }, 'an export failed')
    throw error
  }
}
