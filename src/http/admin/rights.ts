// Admin routes of access rights (アクセス権) and of what a facility publishes to whom (security b.2, b.3; idlink R-2, U-7).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type RightFault, setAudience, setRight } from '../../access/rights/administration.ts'
import { DEFAULT_CEILINGS } from '../../access/rights/matrix.ts'
import type { NewAudience, NewRight } from '../../access/rights/ports.ts'
import { CONFIDENTIALITY_ORDER } from '../../model/confidentiality.ts'
import type { RightHolder } from '../../model/rights.ts'
import { JOBS, type Job } from '../../model/user.ts'
import { answerChanged, answerFault, answerStored, invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { ownFacility, type RouteRoles } from './principal.ts'
import { changeOf, described, exactly, moment, slug, words } from './schemas.ts'

const READERS: RouteRoles = ['network-operator', 'auditor']
/** A facility narrows the rights of its own staff, and says what it publishes. */
const OF_FACILITY: RouteRoles = ['network-operator', 'facility-administrator']
const READERS_OF_FACILITY: RouteRoles = [...OF_FACILITY, 'auditor']

const job = { enum: JOBS, description: 'job category (職種)' } as const
const kind = { type: 'string', minLength: 1, maxLength: 64, description: 'classCode' } as const
const ceiling = {
  enum: ['none', ...CONFIDENTIALITY_ORDER],
  description: 'the strictest confidentiality that may be seen; none: nothing',
} as const
const staffId = { type: 'string', minLength: 1, maxLength: 64 } as const
const period = { validFrom: moment, validTo: moment, reason: words } as const
const PERIOD = ['validFrom', 'validTo', 'reason'] as const

const HOLDERS = { unionId: slug, facilityId: slug, staffId } as const
const right = {
  ...exactly({ ...HOLDERS, job, kind, ceiling, ...period }, [...Object.keys(HOLDERS), 'job', 'kind', ...PERIOD]),
  description: 'of the network, or of the union, facility or person that is named',
}
const key = exactly({ ...HOLDERS, job, kind }, [...Object.keys(HOLDERS), 'job', 'kind'])
const ownRight = exactly({ job, kind, ceiling, ...period }, ['job', 'kind', ...PERIOD])
const ownKey = exactly({ job, kind }, ['job', 'kind'])
const jobs = {
  anyOf: [{ const: 'all' }, { type: 'array', items: job, uniqueItems: true }],
  description: 'all, or a list of jobs; none of them: nobody outside the facility',
} as const
const audience = exactly({ kind, jobs, ...period }, ['kind', ...PERIOD])
const audienceKey = exactly({ kind }, ['kind'])

export interface Holders {
  readonly unionId?: string
  readonly facilityId?: string
  readonly staffId?: string
}
interface Key {
  readonly job?: Job
  readonly kind?: string
}
type Given = Key & Pick<NewRight, 'ceiling' | 'validFrom' | 'validTo'> & { readonly reason?: string }
interface OfFacility {
  readonly id: string
}

export function registerRightsRoutes(app: FastifyInstance, ports: AdminPorts): void {
  networkRoutes(app, ports)
  facilityRoutes(app, ports)
  audienceRoutes(app, ports)
  app.put<{ Params: OfFacility; Body: { readonly opensV: boolean } }>(
    '/unions/:id/emergency-confidentiality',
    {
      schema: described('Whether emergency access opens what is very restricted (V) among facilities of the union', {
        body: exactly({ opensV: { type: 'boolean' } }),
      }),
    },
    async (request, reply) => {
      const { params, body } = request
      const said = body.opensV ? 'opens' : 'does not open'
      const change = changeOf(request, `emergency access ${said} confidentiality V in union ${params.id}`)
      return answerChanged(reply, await ports.rights.setEmergencyOpensV(params.id, body.opensV, change))
    },
  )
}

function networkRoutes(app: FastifyInstance, ports: AdminPorts): void {
  app.get<{ Querystring: Holders }>(
    '/rights',
    {
      schema: described('Access rights, the newest first, and what holds where none is set', {
        roles: READERS,
        querystring: exactly(HOLDERS, Object.keys(HOLDERS)),
      }),
    },
    async (request, reply) => {
      const holders = Object.keys(request.query)
      const holder = holders.length === 0 ? undefined : holderOf(request.query)
      if (holders.length > 1 || holder === 'several') return severalHolders(reply)
      return { defaults: DEFAULT_CEILINGS, rights: await ports.rights.rights(holder) }
    },
  )
  app.put<{ Body: Holders & Given }>(
    '/rights',
    { schema: described('Set a right; it goes before what was set earlier', { body: right }) },
    (request, reply) => keepRight(request, reply, ports),
  )
  app.delete<{ Querystring: Holders & Key }>(
    '/rights',
    { schema: described('Take a right back; its history stays', { querystring: key }) },
    async (request, reply) => {
      const { unionId, facilityId, staffId: person, ...rest } = request.query
      const holder = holderOf(request.query)
      if (holder === 'several') return severalHolders(reply)
      const change = changeOf(request, `${wordsOf(holder)} taken back${wordsOfKey(rest)}`)
      return answerChanged(reply, await ports.rights.removeRight({ holder, ...rest }, change))
    },
  )
}

async function keepRight(
  request: FastifyRequest<{ Body: Holders & Given }>,
  reply: FastifyReply,
  ports: AdminPorts,
): Promise<FastifyReply> {
  const { unionId, facilityId, staffId: person, reason, ...given } = request.body
  const holder = holderOf(request.body)
  if (holder === 'several') return severalHolders(reply)
  const wanted = { holder, ...given }
  return kept(reply, request.body, await setRight(wanted, settingOf(request, wanted, reason), portsOf(ports)))
}

function facilityRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const path = '/facilities/:id/rights'
  app.get<{ Params: OfFacility }>(
    path,
    { schema: described('How a facility narrows the rights of its staff', { roles: READERS_OF_FACILITY }) },
    async (request, reply) => {
      const { id: facilityId } = request.params
      if (!ownFacility(request, facilityId)) return notFound(reply)
      return { defaults: DEFAULT_CEILINGS, rights: await ports.rights.rights({ of: 'facility', facilityId }) }
    },
  )
  app.put<{ Params: OfFacility; Body: Given }>(
    path,
    { schema: described('Narrow the rights of the staff of a facility', { roles: OF_FACILITY, body: ownRight }) },
    async (request, reply) => {
      const { id: facilityId } = request.params
      if (!ownFacility(request, facilityId)) return notFound(reply)
      const { reason, ...given } = request.body
      const wanted: NewRight = { holder: { of: 'facility', facilityId }, ...given }
      return kept(reply, request.body, await setRight(wanted, settingOf(request, wanted, reason), portsOf(ports)))
    },
  )
  app.delete<{ Params: OfFacility; Querystring: Key }>(
    path,
    { schema: described('Narrow them no more; history stays', { roles: OF_FACILITY, querystring: ownKey }) },
    async (request, reply) => {
      const { id: facilityId } = request.params
      if (!ownFacility(request, facilityId)) return notFound(reply)
      const change = changeOf(request, `right of facility ${facilityId} taken back${wordsOfKey(request.query)}`)
      const right = { holder: { of: 'facility', facilityId }, ...request.query } as const
      return answerChanged(reply, await ports.rights.removeRight(right, change))
    },
  )
}

function audienceRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const path = '/facilities/:id/audience'
  app.get<{ Params: OfFacility }>(
    path,
    { schema: described('To whom a facility publishes what, the newest first', { roles: READERS_OF_FACILITY }) },
    async (request, reply) => {
      const { id } = request.params
      const found = ownFacility(request, id) ? await ports.rights.audiences(id) : undefined
      return found ?? notFound(reply)
    },
  )
  app.put<{ Params: OfFacility; Body: Omit<NewAudience, 'facilityId'> & { readonly reason?: string } }>(
    path,
    {
      schema: described('Say to whom a facility publishes a kind, or all kinds; felt at once', {
        roles: OF_FACILITY,
        body: audience,
      }),
    },
    async (request, reply) => {
      const { id: facilityId } = request.params
      if (!ownFacility(request, facilityId)) return notFound(reply)
      const { reason, ...given } = request.body
      const to = given.jobs === 'all' ? 'all' : given.jobs.join(', ') || 'nobody'
      const change = changeOf(request, `facility ${facilityId} publishes${wordsOfKey(given)} to ${to}`)
      const setting = reason === undefined ? change : { ...change, reason }
      return kept(reply, request.body, await setAudience({ facilityId, ...given }, setting, portsOf(ports)))
    },
  )
  app.delete<{ Params: OfFacility; Querystring: { readonly kind?: string } }>(
    path,
    { schema: described('Publish as if nothing had been said', { roles: OF_FACILITY, querystring: audienceKey }) },
    async (request, reply) => {
      const { id: facilityId } = request.params
      if (!ownFacility(request, facilityId)) return notFound(reply)
      const change = changeOf(request, `audience of facility ${facilityId} taken back${wordsOfKey(request.query)}`)
      return answerChanged(reply, await ports.rights.removeAudience({ facilityId, ...request.query }, change))
    },
  )
}

function portsOf({ rights, documentKinds }: AdminPorts) {
  return { store: rights, documentKinds }
}

/** Nobody named is the network. */
export function holderOf({ unionId, facilityId, staffId: person }: Holders): RightHolder | 'several' {
  const holders: readonly RightHolder[] = [
    ...(unionId === undefined ? [] : [{ of: 'union', unionId } as const]),
    ...(facilityId === undefined ? [] : [{ of: 'facility', facilityId } as const]),
    ...(person === undefined ? [] : [{ of: 'person', staffId: person } as const]),
  ]
  return holders.length > 1 ? 'several' : (holders[0] ?? { of: 'network' })
}

function wordsOf(holder: RightHolder): string {
  switch (holder.of) {
    case 'network':
      return 'right of the network'
    case 'union':
      return `right of union ${holder.unionId}`
    case 'facility':
      return `right of facility ${holder.facilityId}`
    case 'person':
      return `right of staff ${holder.staffId}`
  }
  return holder satisfies never
}

function wordsOfKey({ job: named, kind: of }: Key): string {
  return `${named === undefined ? '' : `, job ${named}`}${of === undefined ? '' : `, kind ${of}`}`
}

function settingOf(request: FastifyRequest, wanted: NewRight, reason: string | undefined) {
  const operation = `${wordsOf(wanted.holder)}: ${wanted.ceiling}${wordsOfKey(wanted)}`
  const change = changeOf(request, operation)
  return reason === undefined ? change : { ...change, reason }
}

function kept(reply: FastifyReply, body: unknown, outcome: Awaited<ReturnType<typeof setRight>>): FastifyReply {
  return typeof outcome === 'string' ? answerStored(reply, outcome, body) : answerRightFault(reply, outcome)
}

export function severalHolders(reply: FastifyReply): FastifyReply {
  return invalid(reply, {
    message: 'unionId, facilityId, staffId: a right is of one of them',
    hint: 'Name one, or none for a right of the whole network',
    ja: 'ユニオン・施設・職員のいずれか1つを指定してください。ネットワーク全体の場合はどれも指定しません。',
  })
}

function answerRightFault(reply: FastifyReply, given: RightFault): FastifyReply {
  switch (given.fault) {
    case 'period ends before it begins':
    case 'unknown kind':
      return answerFault(reply, given)
    case 'very restricted for a whole job':
      return invalid(reply, {
        message: 'ceiling V: what is very restricted is for the author facility and for persons who are named',
        hint: 'Name the person (staffId), or set R',
        ja: '機密区分Vは作成施設と個別に指定した職員だけが閲覧できます。職員を指定するか、Rまでとしてください。',
      })
    case 'a person with a job':
      return invalid(reply, {
        message: 'job: the right of a person does not depend on a job',
        hint: 'Leave job out where staffId is given',
        ja: '職員を指定する場合は職種を指定しないでください。',
      })
  }
  return given satisfies never
}
