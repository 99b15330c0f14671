// Admin routes of systems (security rules of the network: certificate → system → facility).

import type { FastifyInstance } from 'fastify'
import { switchableRules } from '../../../profiles/metadata/rules.ts'
import type { SystemEdit } from '../../access/administration/revision-ports.ts'
import { editSystem, registerSystem } from '../../access/administration.ts'
import type { SystemRecord } from '../../access/ports.ts'
import { ROLES } from '../../model/caller.ts'
import { CONFIDENTIALITY_ORDER } from '../../model/confidentiality.ts'
import { RULE_SWITCHES, type RuleSwitches } from '../../model/rule-switch.ts'
import { answerChanged, answerFault, answerStored, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { FACILITY_READERS, facilityOf } from './principal.ts'
import { activity, changeOf, described, exactly, oid, slug, words } from './schemas.ts'

const ruleSwitches = exactly(
  Object.fromEntries(switchableRules.map((id) => [id, { enum: RULE_SWITCHES }])),
  switchableRules,
)

const roles = { type: 'array', items: { enum: ROLES }, minItems: 1, uniqueItems: true } as const
const editable = {
  repositories: { type: 'array', items: oid, maxItems: 100 },
  sourceIds: {
    type: 'array',
    items: oid,
    maxItems: 100,
    uniqueItems: true,
    description: 'XDSSubmissionSet.sourceId values that it may send; none: any',
  },
  delegatedFacilities: {
    type: 'array',
    items: slug,
    maxItems: 1000,
    uniqueItems: true,
    description: 'facilities for which it acts besides its own',
  },
  confidentialityCeiling: { enum: CONFIDENTIALITY_ORDER },
} as const

/** What registers a system; an invitation may do so too. */
export const systemMembers = {
  systemId: slug,
  facilityId: slug,
  roles,
  accessMode: { enum: ['consent', 'affinity-domain'] },
  assigningAuthority: oid,
  ...editable,
  ruleSwitches,
} as const

export const OPTIONAL_MEMBERS = ['accessMode', 'assigningAuthority', ...Object.keys(editable), 'ruleSwitches'] as const

const system = exactly(systemMembers, OPTIONAL_MEMBERS)

const edited = { status: activity, roles, ...editable }
const edit = {
  ...exactly({ ...edited, reason: words }, [...Object.keys(edited), 'reason']),
  minProperties: 1,
}

export type SystemBody = Pick<SystemRecord, 'systemId' | 'facilityId' | 'roles'> & Partial<SystemRecord>

/** What was not given is as it usually is. */
export function newSystem(body: SystemBody): SystemRecord {
  return {
    repositories: [],
    sourceIds: [],
    delegatedFacilities: [],
    confidentialityCeiling: 'N',
    ruleSwitches: {},
    ...body,
    status: 'active',
  }
}

interface Id {
  Params: { id: string }
}

export function registerSystemRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { store } = ports
  app.get('/systems', { schema: described('All systems', { roles: FACILITY_READERS }) }, async (request) => {
    const own = facilityOf(request)
    return (await store.systems()).filter(({ facilityId }) => own === undefined || facilityId === own)
  })
  app.get<{ Params: { id: string } }>(
    '/systems/:id',
    { schema: described('One system', { roles: FACILITY_READERS, own: 'system' }) },
    async (request, reply) => {
      const found = (await store.systems()).find((entry) => entry.systemId === request.params.id)
      return found ?? notFound(reply)
    },
  )
  app.post<{ Body: SystemBody }>(
    '/systems',
    { schema: described('Register a system of a facility', { body: system }) },
    async (request, reply) => {
      const given = newSystem(request.body)
      const change = changeOf(request, `system ${given.systemId} registered`)
      const answered = await registerSystem(given, change, store)
      return 'fault' in answered ? answerFault(reply, answered) : answerStored(reply, answered.stored, answered.there)
    },
  )
  registerEdits(app, ports)
}

function registerEdits(app: FastifyInstance, { store }: AdminPorts): void {
  app.patch<Id & { Body: SystemEdit & { reason?: string } }>(
    '/systems/:id',
    {
      schema: described('Suspend or resume a system, or change what it may do; what is left out stays', { body: edit }),
    },
    async (request, reply) => {
      const { id } = request.params
      const { reason, ...given } = request.body
      const change = changeOf(request, `system ${id} ${saidOf(given)}`)
      const edited = { systemId: id, edit: given }
      const changed = await editSystem(edited, reason === undefined ? change : { ...change, reason }, store)
      if (typeof changed === 'object') return answerFault(reply, changed)
      return changed === 'conflict' ? answerStored(reply, 'conflict', undefined) : answerChanged(reply, changed)
    },
  )
  app.get<Id>(
    '/systems/:id/revisions',
    {
      schema: described('When and why a system was suspended, resumed or changed, the newest first', {
        roles: FACILITY_READERS,
        own: 'system',
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const isThere = (await store.systems()).some(({ systemId }) => systemId === id)
      return isThere ? store.revisions('system', id) : notFound(reply)
    },
  )
  app.put<Id & { Body: RuleSwitches }>(
    '/systems/:id/rules',
    {
      schema: described('Switch metadata rules for a system; those not named are as the affinity domain has them', {
        body: ruleSwitches,
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const named = Object.entries(request.body).map(([rule, decided]) => `${rule} ${decided}`)
      const change = changeOf(request, `rules of system ${id}: ${named.join(', ') || 'none switched'}`)
      return answerChanged(reply, await store.editSystem(id, { ruleSwitches: request.body }, change))
    },
  )
}

/** For the audit: a state in one word, the rest as it is now. */
function saidOf({ status, ...rest }: SystemEdit): string {
  const members = Object.entries(rest).map(([name, value]) => `${name}: ${[value].flat().join(' ') || 'none'}`)
  return [...(status === undefined ? [] : [status]), ...members].join('; ')
}
