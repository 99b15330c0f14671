// Admin routes of disaster mode: for a union, from when to when, what of the rule of emergency access it relaxes; and assertions.

import type { FastifyInstance } from 'fastify'
import { RELAXABLE } from '../../access/emergency/form.ts'
import type { NewDisaster } from '../../access/emergency/store.ts'
import { STAFF_ROLES } from '../../model/user.ts'
import { answerChanged, answerError, invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { described, exactly, identity, moment, slug, whoOf, words } from './schemas.ts'

/** Days that a grant for the reason `disaster` runs, unless the operator says otherwise. */
const GRANT_DAYS = 30
const MAX_DAYS = 366
const DAY_MS = 24 * 60 * 60 * 1000

const disaster = exactly(
  {
    union: slug,
    from: moment,
    to: moment,
    text: { ...words, maxLength: 2000, description: 'what happened; shown with the switch' },
    relaxed: { type: 'array', items: { enum: RELAXABLE }, uniqueItems: true },
    grantDays: { type: 'integer', minimum: 1, maximum: MAX_DAYS, description: `${GRANT_DAYS} when left out` },
  },
  ['from', 'grantDays'],
)

interface DisasterBody {
  readonly union: string
  readonly from?: string
  readonly to: string
  readonly text: string
  readonly relaxed: NewDisaster['relaxed']
  readonly grantDays?: number
}

export function registerDisasterRoutes(app: FastifyInstance, { emergency }: AdminPorts): void {
  const { store } = emergency
  app.get(
    '/emergency/disasters',
    { schema: described('Disaster modes of all unions, the newest first', { roles: STAFF_ROLES }) },
    () => store.disasters(),
  )
  app.post<{ Body: DisasterBody }>(
    '/emergency/disasters',
    { schema: described('Declare disaster mode for a union', { body: disaster }) },
    async (request, reply) => {
      const { union, from, to, text, relaxed, grantDays = GRANT_DAYS } = request.body
      const days = (Date.parse(to) - (from === undefined ? Date.now() : Date.parse(from))) / DAY_MS
      if (!(days > 0 && days <= MAX_DAYS) || Date.parse(to) <= Date.now()) return invalid(reply, WRONG_PERIOD)
      const period = { validTo: to, ...(from === undefined ? {} : { validFrom: from }) }
      const declared = await store.declare(
        { unionId: union, words: text, relaxed, grantDays, ...period },
        whoOf(request),
      )
      if (declared.stored === 'missing') return notFound(reply)
      if (declared.stored === 'conflict') return answerError(reply, 409, OVERLAPS)
      return reply.code(201).send({ disasterId: declared.disasterId })
    },
  )
  app.post<{ Params: { id: string }; Body: { reason: string } }>(
    '/emergency/disasters/:id/end',
    {
      schema: described('End disaster mode now: the normal rule returns', {
        params: exactly({ id: identity }),
        body: exactly({ reason: words }),
      }),
    },
    async (request, reply) => {
      const { reason } = request.body
      return answerChanged(reply, await store.lift(request.params.id, { ...whoOf(request), reason }))
    },
  )
  app.put<{ Params: { facility: string }; Body: { allowed: 'yes' | 'no' } }>(
    '/emergency/assertions/:facility',
    {
      schema: described('May assertions of the purpose emergency open patients for systems of a facility?', {
        params: exactly({ facility: slug }),
        body: exactly({ allowed: { enum: ['yes', 'no'] } }),
      }),
    },
    async (request, reply) => {
      const { facility } = request.params
      return answerChanged(reply, await store.setAssertions(facility, request.body.allowed, whoOf(request)))
    },
  )
}

const WRONG_PERIOD = {
  message: `from, to: the period ends before it begins or before now, or is longer than ${MAX_DAYS} days`,
  hint: 'Give a later end, or end this mode and declare another one when it has to go on',
  ja: `期間が正しくありません。終了は開始および現在より後、最長${MAX_DAYS}日で指定してください。`,
}

const OVERLAPS = {
  code: 'CONFLICT',
  message: 'Disaster mode stands or is announced for this union in that period',
  hint: 'GET /admin/v1/emergency/disasters shows it; end it first',
  ja: 'このユニオンには同じ期間の災害モードが設定されています。先に終了してください。',
}
