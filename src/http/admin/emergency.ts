// Admin routes of emergency access (緊急参照, EMS): a patient is opened, it ends, the other facility is told, it is reviewed.

import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CONSENT_KINDS, type EmergencyForm, REASON_CODES } from '../../access/emergency/form.ts'
import { openByStaff } from '../../access/emergency/open.ts'
import { facilityOf, monthlyReport, REPORT_TITLES, shownTo } from '../../access/emergency/review.ts'
import type { GrantFilter, GrantView } from '../../access/emergency/store.ts'
import { CSV_MARK, csvLine } from '../../codec/csv/write.ts'
import { answerChanged, answerError, invalid, notFound } from './answers.ts'
import { registerDisasterRoutes } from './disasters.ts'
import { answerOpened } from './emergency-answers.ts'
import { registerNoticeRoutes } from './emergency-notices.ts'
import type { AdminPorts } from './ports.ts'
import { ownFacility, principalOf, type RouteRoles } from './principal.ts'
import {
  described,
  exactly,
  identity,
  moment,
  month,
  type Paged,
  pageOf,
  paging,
  slug,
  whoOf,
  words,
} from './schemas.ts'
import { CLINICAL_ROLES } from './staff-reading.ts'

const USUAL_PAGE = 100
/** Of the facility that uses emergency access. */
const OF_FACILITY = ['clinician', 'facility-administrator', 'registrar'] as const satisfies RouteRoles
const READERS = [...OF_FACILITY, 'network-operator', 'auditor'] as const satisfies RouteRoles

const long = { ...words, maxLength: 2000 } as const
const form = exactly(
  {
    patient: { ...words, description: 'number at the other facility, then #EMS' },
    facility: { ...slug, description: 'the other facility' },
    domain: { ...words, description: 'OID of the number’s domain, for a facility that has several' },
    reasonCode: { enum: REASON_CODES },
    reason: { ...long, description: 'why, 10 characters or more' },
    consentKind: { enum: CONSENT_KINDS },
    consentBy: { ...words, description: 'who consented; for not-possible, who found that nobody could' },
    chartNoted: { type: 'boolean', description: 'the consent is written in the chart' },
  },
  ['domain', 'consentKind', 'consentBy', 'chartNoted'],
)
const one = exactly({ id: identity })
const filters = { facility: slug, state: { enum: ['running', 'ended', 'overdue', 'unreviewed'] } } as const

interface FormBody extends EmergencyForm {
  readonly patient: string
  readonly facility: string
  readonly domain?: string
}

type One = { Params: { id: string } }

export function registerEmergencyRoutes(app: FastifyInstance, ports: AdminPorts): void {
  app.post<{ Body: FormBody }>(
    '/emergency',
    {
      schema: described(
        'Open a patient in an emergency with the number of another facility. Needs the EMS right; answers alike for every patient who cannot be opened',
        { body: form, roles: CLINICAL_ROLES },
      ),
    },
    async (request, reply) => {
      const { patient, facility, ...form } = request.body
      const asked = { ...form, entry: patient, publisherId: facility }
      const who = { principal: principalOf(request), act: whoOf(request) }
      return answerOpened(reply, await openByStaff(asked, who, ports.emergency.ports))
    },
  )
  registerReading(app, ports)
  registerDeciding(app, ports)
  registerNoticeRoutes(app, ports)
  registerDisasterRoutes(app, ports)
}

interface Listed extends Paged {
  readonly facility?: string
  readonly state?: NonNullable<GrantFilter['state']>
}

function registerReading(app: FastifyInstance, { emergency }: AdminPorts): void {
  const { store } = emergency
  app.get<{ Querystring: Listed }>(
    '/emergency',
    {
      schema: described('Emergency access of a facility, the newest first; staff of the network see no patient', {
        ...paging(filters),
        roles: READERS,
      }),
    },
    async (request) => {
      const { facility, state } = request.query
      const principal = principalOf(request)
      if (facility !== undefined && !ownFacility(request, facility)) return []
      const facilityId = facility ?? facilityOf(principal)
      const found = await store.grants({
        ...pageOf(request.query, USUAL_PAGE),
        ...(facilityId === undefined ? {} : { facilityId }),
        ...(state === undefined ? {} : { state }),
      })
      return found.map((grant) => shownTo(principal, grant))
    },
  )
  app.get(
    '/emergency/counts',
    { schema: described('Emergency access in numbers', { roles: ['network-operator', 'auditor'] }) },
    () => store.counts(),
  )
  app.get<{ Querystring: { month: string } }>(
    '/emergency/report',
    {
      schema: described('All emergency access of a month as CSV; staff of the network see no patient', {
        querystring: exactly({ month }),
        roles: ['facility-administrator', 'network-operator', 'auditor'],
      }),
    },
    async (request, reply) => {
      const { month } = request.query
      await store.reported({ ...whoOf(request), operation: `report of emergency access of ${month} read` })
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="emergency-${month}.csv"`)
        .send(Readable.from(asCsv(monthlyReport(month, principalOf(request), store))))
    },
  )
  app.get<One>(
    '/emergency/:id',
    { schema: described('One emergency access', { params: one, roles: READERS }) },
    async (request, reply) => {
      const grant = await ownGrant(request, emergency)
      return grant === undefined ? notFound(reply) : shownTo(principalOf(request), grant)
    },
  )
}

async function* asCsv(lines: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  yield `${CSV_MARK}${csvLine(REPORT_TITLES)}`
  for await (const cells of lines) yield csvLine(cells)
}

/** Undefined as well for a grant of another facility. */
async function ownGrant(
  request: FastifyRequest<One>,
  { store }: AdminPorts['emergency'],
): Promise<GrantView | undefined> {
  const grant = await store.grant(request.params.id)
  return grant !== undefined && ownFacility(request, grant.facilityId) ? grant : undefined
}

function registerDeciding(app: FastifyInstance, { emergency }: AdminPorts): void {
  const { store } = emergency
  app.post<One & { Body: { reason: string } }>(
    '/emergency/:id/end',
    {
      schema: described('End emergency access now', {
        params: one,
        body: exactly({ reason: words }),
        roles: [...OF_FACILITY, 'network-operator'],
      }),
    },
    async (request, reply) => {
      const grant = await ownGrant(request, emergency)
      if (grant === undefined) return notFound(reply)
      const { reason } = request.body
      return answerChanged(reply, await store.end(grant.grantId, { ...whoOf(request), reason }))
    },
  )
  app.post<One & { Body: { at: string; facility?: string } }>(
    '/emergency/:id/contacted',
    {
      schema: described('The other facility was told, on this day; all that were to be told when none is named', {
        params: one,
        body: exactly({ at: moment, facility: slug }, ['facility']),
        roles: OF_FACILITY,
      }),
    },
    async (request, reply) => {
      const grant = await ownGrant(request, emergency)
      if (grant === undefined || facilityOf(principalOf(request)) !== grant.facilityId) return notFound(reply)
      const { facility, at } = request.body
      if (!isPlausible(at, grant)) return invalid(reply, NOT_YET)
      const contact = {
        ...whoOf(request),
        at: new Date(at),
        ...(facility === undefined ? {} : { facilityId: facility }),
      }
      const told = await store.contacted(grant.grantId, contact)
      return told === 'conflict' ? otherDay(reply) : answerChanged(reply, told)
    },
  )
  app.post<One & { Body: { comment: string } }>(
    '/emergency/:id/review',
    {
      schema: described('Reviewed by those who run the network; the user may take the same patient again', {
        params: one,
        body: exactly({ comment: long }),
      }),
    },
    async (request, reply) => {
      const { comment } = request.body
      return answerChanged(reply, await store.review(request.params.id, { ...whoOf(request), comment }))
    },
  )
}

/** Before the access or after it, as the rule has it, but not in the future. */
const BEFORE_MS = 7 * 24 * 60 * 60 * 1000

function isPlausible(at: string, { startedAt }: GrantView): boolean {
  const ms = Date.parse(at)
  return ms <= Date.now() && ms >= new Date(startedAt).getTime() - BEFORE_MS
}

const NOT_YET = {
  message: 'at: the other facility cannot have been told then',
  hint: 'Give the moment of the call: not in the future, at most 7 days before the access began',
  ja: '連絡日時は、未来の日時や参照開始の7日より前の日時は指定できません。',
}

function otherDay(reply: FastifyReply): FastifyReply {
  return answerError(reply, 409, {
    code: 'CONFLICT',
    message: 'The contact is recorded with another date already',
    hint: 'GET the emergency access to see it; what is recorded stays as it is',
    ja: '連絡日時は別の日時で記録済みです。記録は変更できません。',
  })
}
