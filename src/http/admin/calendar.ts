// Admin route of the calendar of a patient, as one facility sees it.

import type { FastifyInstance } from 'fastify'
import { staffCalendar } from '../../../profiles/transactions/index.ts'
import { type CalendarItem, type CalendarRequest, calendar } from '../../storeclient/view/calendar.ts'
import { invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { described, exactly, words } from './schemas.ts'
import { CLINICAL_ROLES, type ReadingQuery, readingOf, readingQuery } from './staff-reading.ts'

/** A year and a leap day: what is looked at over more is no calendar. */
const MAX_DAYS = 366
const DAY_MS = 86_400_000

const day = {
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}$',
  format: 'date',
  description: 'day in Japan, YYYY-MM-DD',
} as const
const query = {
  ...readingQuery,
  from: day,
  to: day,
  rows: { ...words, description: 'keys of the rows to show, joined by commas; all when left out' },
  cancelled: { enum: ['hidden', 'shown'], description: 'documents that were cancelled; hidden when left out' },
}

interface CalendarQuery extends ReadingQuery {
  readonly from: string
  readonly to: string
  readonly rows?: string
  readonly cancelled?: CalendarRequest['cancelled']
}

const SUMMARY =
  'Calendar of a patient: rows by day in Japan, of what the clinician may see. The patient is an id of the network or number^^^&oid&ISO; who is unknown has an empty calendar. Every call is audited'

export function registerCalendarRoutes(app: FastifyInstance, { viewing }: AdminPorts): void {
  app.get<{ Params: { patient: string }; Querystring: CalendarQuery }>(
    '/calendar/:patient',
    {
      schema: described(SUMMARY, {
        roles: CLINICAL_ROLES,
        params: exactly({ patient: words }),
        querystring: exactly(query, ['facility', 'rows', 'cancelled']),
      }),
    },
    async (request, reply) => {
      const { from, to, rows, cancelled = 'hidden' } = request.query
      const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1
      if (days < 1) return invalid(reply, BACKWARDS)
      if (days > MAX_DAYS) return invalid(reply, TOO_LONG)
      const chosen = rows?.split(',')
      const unknown = chosen?.find((row) => viewing.table.rows.every(({ key }) => key !== row))
      if (unknown !== undefined) return invalid(reply, unknownRow(unknown, viewing.table.rows))
      const { patient } = request.params
      const reading = readingOf(request, { transaction: staffCalendar.id, endpoint: '/admin/v1/calendar' })
      if (reading === undefined) return notFound(reply)
      const found = await calendar(
        { ...reading, ...(chosen === undefined ? {} : { rows: chosen }), patient, from, to, cancelled },
        viewing,
      )
      return {
        patient,
        facility: reading.facilityId,
        from,
        to,
        more: found.more,
        rows: found.rows.map(({ days, spans, ...row }) => ({
          ...row,
          days: days.map((one) => ({ day: one.day, items: one.items.map(shownItem) })),
          spans: spans.map(shownItem),
        })),
      }
    },
  )
}

function shownItem({ files, ...item }: CalendarItem): unknown {
  return {
    ...item,
    files: files.map(({ uniqueId, title, mimeType, sizeBytes }) => ({
      documentUniqueId: uniqueId,
      title,
      mimeType,
      sizeBytes,
    })),
  }
}

const BACKWARDS = {
  message: 'to: the last day is before the first',
  hint: 'Give from and to as days YYYY-MM-DD, from not later than to',
  ja: '終了日（to）が開始日（from）より前です。YYYY-MM-DD 形式で正しい期間を指定してください。',
}

const TOO_LONG = {
  message: `to: the period has more than ${MAX_DAYS} days`,
  hint: `Ask for at most ${MAX_DAYS} days at a time`,
  ja: `期間が長すぎます。一度に指定できるのは ${MAX_DAYS} 日までです。`,
}

function unknownRow(given: string, rows: readonly { readonly key: string }[]) {
  const known = rows.map(({ key }) => key).join(', ')
  return {
    message: `rows: "${given}" is no row of the calendar`,
    hint: `The rows are ${known}`,
    ja: `「${given}」という行はありません。指定できる行: ${known}`,
  }
}
