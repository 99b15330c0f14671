// Admin routes of the access log: events by person, patient, period and kind, and who saw a patient, in plain words (idlink L-3, L-4).

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { EVENT_KINDS, type EventKind } from '../../../profiles/audit/words.ts'
import type { EventQuery } from '../../audit/records/ports.ts'
import { type ShownEvent, shownEvent } from '../../audit/records/shown-event.ts'
import { patientLooks } from '../../audit/records/who-saw.ts'
import { answerError, invalid, notFound } from './answers.ts'
import {
  isKnown,
  LOG_READERS,
  NOBODY_OF_THAT_NUMBER,
  nextOf,
  type PeriodQuery,
  paging,
  patient,
  patientIds,
  period,
  periodOf,
  placeOf,
  recordUse,
  WRONG_PERIOD,
} from './audit-period.ts'
import { ownDomains } from './own.ts'
import type { AdminPorts } from './ports.ts'
import { facilityOf } from './principal.ts'
import { described, exactly, identity, slug, words } from './schemas.ts'

const USUAL_PAGE = 100
const USUAL_DAYS = 31
/** Of one patient or person: found by index. */
const USUAL_DAYS_OF_ONE = 366

const OUTCOMES = { success: [0], 'minor-failure': [4], failure: [8, 12], refused: [4, 8, 12] } as const

const filters = {
  ...period,
  ...paging,
  patient,
  person: {
    ...words,
    maxLength: 320,
    description: 'staff id, or the name that an assertion gave (alias<user@issuer>)',
  },
  facility: { ...slug, description: 'facility that did it' },
  system: { ...slug, description: 'system that did it' },
  kind: { enum: Object.keys(EVENT_KINDS) },
  outcome: { enum: Object.keys(OUTCOMES) },
}

interface EventsQuery extends PeriodQuery {
  readonly patient?: string
  readonly person?: string
  readonly facility?: string
  readonly system?: string
  readonly kind?: EventKind
  readonly outcome?: keyof typeof OUTCOMES
}

const SUMMARY =
  'Access log, the newest first: 31 days when no period is given, a year of one patient or person. An auditor sees everything; an administrator what the own facility did, and what others did with content that it published. Every page is audited'

export function registerAuditLogRoutes(app: FastifyInstance, ports: AdminPorts): void {
  app.get<{ Querystring: EventsQuery }>(
    '/audit/events',
    { schema: described(SUMMARY, { roles: LOG_READERS, querystring: exactly(filters, Object.keys(filters)) }) },
    async (request, reply) => {
      const asked = await eventQuery(request, ports)
      return asked === undefined ? invalid(reply, WRONG_PERIOD) : events(request, asked, ports)
    },
  )
  app.get<{ Params: { id: string } }>(
    '/audit/events/:id',
    {
      schema: described('One event of the access log, with the text of a query. Audited', {
        roles: LOG_READERS,
        params: exactly({ id: identity }),
      }),
    },
    async (request, reply) => {
      const { id: eventId } = request.params
      const askedFor = facilityOf(request)
      const asker = askedFor === undefined ? {} : { askedFor }
      const found = await ports.records.store.event({ eventId, ...asker })
      const domains = (await ownDomains(request, ports)) ?? []
      const patients = found?.event.patients ?? []
      await recordUse(request, ports, { typeCode: 'audit-events', operation: `event ${eventId} read`, patients })
      return found === undefined ? notFound(reply) : shownEvent(found, { ...asker, domains, detail: 'whole' })
    },
  )
  app.get<{ Querystring: PeriodQuery & { patient: string } }>(
    '/audit/who-saw',
    {
      schema: described(
        'Who saw the record of a patient: persons, facilities, when, what, why, in sentences of Japanese and English; a year when no period is given. An administrator hears of looks by the own facility and at its content. Every page is audited',
        {
          roles: LOG_READERS,
          querystring: exactly({ ...period, ...paging, patient }, ['from', 'to', 'limit', 'after']),
        },
      ),
    },
    async (request, reply) => {
      const { patient, limit, after } = request.query
      const within = periodOf(request.query, USUAL_DAYS_OF_ONE)
      if (within === undefined) return invalid(reply, WRONG_PERIOD)
      const askedFor = facilityOf(request)
      const { patients = [], asked } = await patientIds(patient, askedFor, ports)
      await recordUse(request, ports, { typeCode: 'who-saw', operation: 'who saw a patient', patients: asked })
      const given = { patients, ...(askedFor === undefined ? {} : { askedFor }) }
      const page = { ...within, ...placeOf(after), limit: Number(limit ?? USUAL_PAGE) }
      const found = patients.length === 0 ? { rows: [] } : await ports.records.store.looks({ ...given, ...page })
      // An empty list would say that nobody looked, to a patient whose number was mistyped. Whom the facility does not know is no other case.
      if (found.rows.length === 0 && after === undefined && !(await isKnown(patients, request, ports)))
        return answerError(reply, 404, NOBODY_OF_THAT_NUMBER)
      return { ...within, ...limits(askedFor), looks: patientLooks(found.rows, given, ports.records), ...nextOf(found) }
    },
  )
}

/** What the answer does not hold, so that nobody takes it for all. */
function limits(askedFor: string | undefined): object {
  if (askedFor === undefined) return {}
  return {
    scope: {
      ja: '自施設による閲覧と、自施設の記録への閲覧のみを示します。他施設どうしの閲覧は、ネットワークの監査担当者が確認できます。',
      en: 'Looks by your facility, and at its content. What other facilities saw of one another is told by an auditor of the network',
    },
  }
}

type Query = EventQuery & { readonly asked: readonly string[] }

async function eventQuery(
  request: FastifyRequest<{ Querystring: EventsQuery }>,
  ports: AdminPorts,
): Promise<Query | undefined> {
  const { person, facility, system, kind, outcome, limit, after } = request.query
  const isOfOne = (request.query.patient ?? person) !== undefined
  const within = periodOf(request.query, isOfOne ? USUAL_DAYS_OF_ONE : USUAL_DAYS)
  if (within === undefined) return undefined
  const askedFor = facilityOf(request)
  const { patients, asked } = await patientIds(request.query.patient, askedFor, ports)
  return {
    ...within,
    ...placeOf(after),
    asked,
    limit: Number(limit ?? USUAL_PAGE),
    ...(askedFor === undefined ? {} : { askedFor }),
    ...(patients === undefined ? {} : { patients }),
    ...(person === undefined ? {} : { person: [person, `staff:${person}`] }),
    ...(facility === undefined ? {} : { facilityId: facility }),
    ...(system === undefined ? {} : { systemId: system }),
    ...(kind === undefined ? {} : { eventCode: EVENT_KINDS[kind].eventCode }),
    ...(outcome === undefined ? {} : { outcomes: OUTCOMES[outcome] }),
  }
}

async function events(
  request: FastifyRequest<{ Querystring: EventsQuery }>,
  { asked, ...query }: Query,
  ports: AdminPorts,
): Promise<{ readonly events: readonly ShownEvent[]; readonly next?: string }> {
  const { patient: _, after: _after, limit: _limit, ...chosen } = request.query
  const operation = `access log read: ${JSON.stringify(chosen)}`
  await recordUse(request, ports, { typeCode: 'audit-events', operation, patients: asked })
  const found = await ports.records.store.events(query)
  const asker = { ...query, domains: (await ownDomains(request, ports)) ?? [] }
  return { events: found.rows.map((row) => shownEvent(row, asker)), ...nextOf(found) }
}
