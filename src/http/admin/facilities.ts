// Admin routes of facilities (施設) and of the network's settings.

import type { FastifyInstance, FastifyReply } from 'fastify'
import { FACILITY_KINDS } from '../../access/administration/revision-ports.ts'
import { findFacility, registerFacility } from '../../access/administration.ts'
import type { Facility } from '../../access/ports.ts'
import { answerChanged, answerError, answerStored, notFound } from './answers.ts'
import { facilityCode, profile } from './facility-profile.ts'
import type { AdminPorts } from './ports.ts'
import { FACILITY_READERS, OFFICE } from './principal.ts'
import { changeOf, described, exactly, oid, slug, words } from './schemas.ts'

const facility = exactly(
  {
    facilityId: slug,
    oid,
    code: facilityCode,
    name: words,
    nameKana: words,
    kind: { enum: FACILITY_KINDS },
    patientIdForm: {
      type: 'string',
      pattern: '^(exact|strip|pad:([1-9]|1\\d|2\\d|30))$',
      description: 'exact, strip or pad:<digits>',
    },
    facilityType: words,
    ...profile,
    patientDomain: exactly({ oid, name: words }),
  },
  ['code', 'nameKana', 'patientIdForm', 'facilityType', ...Object.keys(profile)],
)

const statusChange = exactly({ status: { enum: ['active', 'suspended', 'ended'] }, reason: words }, ['reason'])

type Body = Omit<Facility, 'status' | 'patientIdForm'> & { readonly patientIdForm?: string }

export function registerFacilityRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { store } = ports
  app.get('/facilities', { schema: described('All facilities', { roles: OFFICE }) }, () => store.facilities())
  app.get<{ Params: { id: string } }>(
    '/facilities/:id',
    { schema: described('One facility', { roles: OFFICE }) },
    async (request, reply) => {
      return (await findFacility(request.params.id, store)) ?? notFound(reply)
    },
  )
  app.post<{ Body: Body }>(
    '/facilities',
    { schema: described('Register a facility', { body: facility }) },
    async (request, reply) => {
      const given: Facility = { patientIdForm: 'exact', ...request.body, status: 'active' }
      const change = changeOf(request, `facility ${given.facilityId} registered`)
      const { stored, there } = await registerFacility(given, change, store)
      return answerStored(reply, stored, there)
    },
  )
  app.patch<{ Params: { id: string }; Body: { status: Facility['status']; reason?: string } }>(
    '/facilities/:id',
    { schema: described('Suspend, resume or end a facility; ended is for good', { body: statusChange }) },
    async (request, reply) => {
      const { id } = request.params
      const { status, reason } = request.body
      const why = reason === undefined ? '' : `: ${reason}`
      const alert = `facility ${id} ${status}`
      const change = { ...changeOf(request, `${alert}${why}`), alert }
      const changed = await store.setFacilityStatus(id, status, reason === undefined ? change : { ...change, reason })
      return changed === 'conflict' ? hasEnded(reply, id) : answerChanged(reply, changed)
    },
  )
  app.get<{ Params: { id: string } }>(
    '/facilities/:id/statuses',
    {
      schema: described('When and why a facility was suspended, resumed or ended, the newest first', {
        roles: FACILITY_READERS,
        own: 'facility',
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      return (await findFacility(id, store)) === undefined ? notFound(reply) : store.facilityStatuses(id)
    },
  )
  registerSettingRoutes(app, ports)
}

function hasEnded(reply: FastifyReply, id: string): FastifyReply {
  return answerError(reply, 409, {
    code: 'CONFLICT',
    message: `The contract of facility ${id} has ended, which is for good`,
    hint: 'Register it as a new facility',
    ja: `施設「${id}」の契約は終了しています。元に戻せません。新しい施設として登録してください。`,
  })
}

function registerSettingRoutes(app: FastifyInstance, { store }: AdminPorts): void {
  app.get<{ Params: { name: string } }>(
    '/settings/:name',
    { schema: described('A note of the operator’s tools') },
    async (request, reply) => {
      const value = await store.setting(request.params.name)
      return value === undefined ? notFound(reply) : { name: request.params.name, value }
    },
  )
  app.put<{ Params: { name: string }; Body: { value: string } }>(
    '/settings/:name',
    { schema: described('Keep a note', { params: exactly({ name: slug }), body: exactly({ value: words }) }) },
    async (request) => {
      const { name } = request.params
      await store.putSetting(name, request.body.value, changeOf(request, `setting ${name} written`))
      return { name, value: request.body.value }
    },
  )
}
