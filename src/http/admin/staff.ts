// Admin routes of staff persons (利用者): entered and stopped by the administrator of their facility, who sees no other's (idlink ).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { giveAccessCode } from '../../access/accounts/own-account.ts'
import type { StaffRecord } from '../../access/accounts/ports.ts'
import {
  entryFault,
  isSelf,
  mayHave,
  PERSON_JOBS,
  type StaffChange,
  type StaffEntry,
  type StaffFault,
} from '../../access/accounts/staff.ts'
import { STAFF_ROLES } from '../../model/user.ts'
import { answerChanged, answerError, answerStored, invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { ADMINISTRATORS, FACILITY_READERS, facilityOf, ownFacility, principalOf } from './principal.ts'
import { changeOf, described, exactly, MOMENT, moment, slug, words } from './schemas.ts'

const members = {
  name: words,
  nameKana: words,
  job: { enum: PERSON_JOBS },
  roles: { type: 'array', uniqueItems: true, maxItems: STAFF_ROLES.length, items: { enum: STAFF_ROLES } },
  mayUseEms: { type: 'boolean' },
  validFrom: moment,
} as const
const OPTIONAL = ['facilityId', 'nameKana', 'mayUseEms', 'validFrom', 'validTo']
const entry = exactly({ staffId: slug, facilityId: slug, ...members, validTo: moment }, OPTIONAL)
const untilFurther = {
  type: ['string', 'null'],
  ...MOMENT,
  description: 'ISO 8601 with offset; null: no end',
} as const
const changeable = { ...members, validTo: untilFurther, reason: words }
const changes = { ...exactly(changeable, Object.keys(changeable)), minProperties: 1 }
const because = exactly({ reason: words })

type EntryBody = Omit<StaffEntry, 'mayUseEms'> & { readonly mayUseEms?: boolean }
type Id = { Params: { id: string } }

export function registerStaffRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { staff } = ports.accounts
  app.get<{ Querystring: { facility?: string } }>(
    '/staff',
    {
      schema: described('Staff with their roles, states and accounts; of the own facility, for its administrator', {
        roles: FACILITY_READERS,
        querystring: exactly({ facility: slug }, ['facility']),
      }),
    },
    async (request, reply) => {
      const { facility = facilityOf(request) } = request.query
      if (facility === undefined) return staff.list({})
      return ownFacility(request, facility) ? staff.list({ facilityId: facility }) : notFound(reply)
    },
  )
  app.post<{ Body: EntryBody }>(
    '/staff',
    { schema: described('Enter a person', { roles: ADMINISTRATORS, body: entry }) },
    async (request, reply) => {
      const given: StaffEntry = { mayUseEms: false, ...request.body }
      const principal = principalOf(request)
      if (given.facilityId !== undefined && !ownFacility(request, given.facilityId)) return notFound(reply)
      const fault = entryFault(given) ?? mayHave(principal, given)
      if (fault !== undefined) return answerStaffFault(reply, fault)
      const stored = await staff.add(given, changeOf(request, `person ${given.staffId} entered`))
      return answerStored(reply, stored, (await staff.list({ staffId: given.staffId }))[0])
    },
  )
  app.get<Id>(
    '/staff/:id',
    { schema: described('One person', { roles: FACILITY_READERS }) },
    async (request, reply) => (await personOf(request, ports)) ?? notFound(reply),
  )
  app.get<Id>(
    '/staff/:id/history',
    {
      schema: described('What was entered and changed of a person, the newest first', {
        roles: FACILITY_READERS,
      }),
    },
    async (request, reply) => {
      const person = await personOf(request, ports)
      return person === undefined ? notFound(reply) : staff.history(person.staffId)
    },
  )
  registerStaffChanges(app, ports)
  registerStaffAccounts(app, ports)
}

/** Undefined also for staff of another facility: they are not there. */
async function personOf(request: FastifyRequest<Id>, { accounts }: AdminPorts): Promise<StaffRecord | undefined> {
  const [person] = await accounts.staff.list({ staffId: request.params.id })
  if (person === undefined) return undefined
  const principal = principalOf(request)
  const isOfNetwork = principal.kind === 'host' || principal.facilityId === undefined
  return isOfNetwork || (person.facilityId !== undefined && ownFacility(request, person.facilityId))
    ? person
    : undefined
}

type Changed = StaffChange & { readonly reason?: string }

function registerStaffChanges(app: FastifyInstance, ports: AdminPorts): void {
  const { staff } = ports.accounts
  app.patch<Id & { Body: Changed }>(
    '/staff/:id',
    { schema: described('Change a person; what is left out stays', { roles: ADMINISTRATORS, body: changes }) },
    async (request, reply) => {
      const person = await personOf(request, ports)
      if (person === undefined) return notFound(reply)
      const { reason, ...changed } = request.body
      const fault = changeFault(request, person, changed)
      if (fault !== undefined) return answerStaffFault(reply, fault)
      const what = Object.keys(changed).join(', ')
      const change = changeOf(request, `person ${person.staffId} changed: ${what}`)
      return answerPerson(
        reply,
        await staff.change(person.staffId, changed, reason === undefined ? change : { ...change, reason }),
      )
    },
  )
  for (const { act, status, summary } of STATES)
    app.post<Id & { Body: { reason: string } }>(
      `/staff/:id/${act}`,
      { schema: described(summary, { roles: ADMINISTRATORS, body: because }) },
      async (request, reply) => {
        const person = await personOf(request, ports)
        if (person === undefined) return notFound(reply)
        if (isSelf(principalOf(request), person.staffId)) return answerStaffFault(reply, { fault: 'yourself' })
        if (act === 'resume' && (await isStoppedByNetwork(request, person, ports)))
          return answerStaffFault(reply, { fault: 'not yours to give', role: undefined })
        const { reason } = request.body
        const change = { ...changeOf(request, `person ${person.staffId} ${status}`), reason }
        return answerPerson(reply, await staff.setStatus(person.staffId, status, change))
      },
    )
}

const STATES = [
  { act: 'suspend', status: 'suspended', summary: 'Suspend a person: every session ends at once' },
  { act: 'resume', status: 'active', summary: 'Let a suspended person in again' },
  { act: 'end', status: 'ended', summary: 'A person has left, for good; the id is never given again' },
] as const

/** Whom the network stopped, the facility does not let in again (idlink R-7). */
async function isStoppedByNetwork(
  request: FastifyRequest,
  person: StaffRecord,
  { accounts }: AdminPorts,
): Promise<boolean> {
  const principal = principalOf(request)
  if (principal.kind === 'host' || principal.facilityId === undefined || person.status !== 'suspended') return false
  const history = await accounts.staff.history(person.staffId)
  const resumed = history.findIndex(({ state }) => state.status !== 'suspended')
  const stopped = history
    .slice(0, resumed < 0 ? history.length : resumed)
    .filter(({ operation }) => operation.endsWith(' suspended'))
  const colleagues = await accounts.staff.list({ facilityId: principal.facilityId })
  return stopped.some(({ changedBy }) => !colleagues.some(({ staffId }) => changedBy === `staff:${staffId}`))
}

function changeFault(request: FastifyRequest, person: StaffRecord, changed: StaffChange): StaffFault | undefined {
  const principal = principalOf(request)
  const { validTo, ...rest } = { ...person, ...changed }
  const after = { ...rest, ...(validTo === null || validTo === undefined ? {} : { validTo }) }
  // The own name may be put right; what one may do is for another administrator.
  if (isSelf(principal, person.staffId) && Object.keys(changed).some((key) => key !== 'name' && key !== 'nameKana'))
    return { fault: 'yourself' }
  return entryFault(after) ?? mayHave(principal, person) ?? mayHave(principal, after)
}

function registerStaffAccounts(app: FastifyInstance, ports: AdminPorts): void {
  const { accounts } = ports.accounts
  app.post<Id & { Body: { reason: string; secondFactor?: 'keep' | 'reset' } }>(
    '/staff/:id/access-code',
    {
      schema: described(
        'A new access code, for the first log-on or in place of a lost password, which is dead at once',
        {
          roles: ADMINISTRATORS,
          body: exactly({ reason: words, secondFactor: { enum: ['keep', 'reset'] } }, ['secondFactor']),
        },
      ),
    },
    async (request, reply) => {
      const person = await personOf(request, ports)
      if (person === undefined) return notFound(reply)
      const { staffId } = person
      const principal = principalOf(request)
      const fault: StaffFault | undefined = isSelf(principal, staffId)
        ? { fault: 'yourself' }
        : mayHave(principal, person)
      if (fault !== undefined) return answerStaffFault(reply, fault)
      const { reason, secondFactor = 'keep' } = request.body
      const change = { ...changeOf(request, `access code given to ${staffId}, second factor: ${secondFactor}`), reason }
      const code = await giveAccessCode({ staffId, secondFactor, change }, ports.accounts)
      if (code === 'missing') return notFound(reply)
      return code === 'conflict'
        ? answerPerson(reply, 'conflict')
        : reply.code(201).headers({ 'cache-control': 'no-store' }).send({ staffId, accessCode: code })
    },
  )
  app.post<Id & { Body: { reason: string } }>(
    '/staff/:id/unlock',
    { schema: described('End the wait after failed log-ons', { roles: ADMINISTRATORS, body: because }) },
    async (request, reply) => {
      const person = await personOf(request, ports)
      if (person === undefined) return notFound(reply)
      if (isSelf(principalOf(request), person.staffId)) return answerStaffFault(reply, { fault: 'yourself' })
      const change = { ...changeOf(request, `log-on of ${person.staffId} unlocked`), reason: request.body.reason }
      return answerChanged(reply, await accounts.unlock(person.staffId, change))
    },
  )
  registerIdleMinutes(app, ports)
}

function registerIdleMinutes(app: FastifyInstance, { accounts: { accounts } }: AdminPorts): void {
  const minutes = {
    type: ['integer', 'null'],
    minimum: 1,
    maximum: 180,
    description: '1 to 180; null: as the network has it',
  }
  app.get<Id>(
    '/facilities/:id/idle-minutes',
    {
      schema: described('Minutes without a request after which staff of the facility are logged off', {
        roles: FACILITY_READERS,
        own: 'facility',
      }),
    },
    async (request, reply) => (await accounts.idleMinutes(request.params.id)) ?? notFound(reply),
  )
  app.put<Id & { Body: { minutes: number | null } }>(
    '/facilities/:id/idle-minutes',
    { schema: described('Set them', { roles: ADMINISTRATORS, own: 'facility', body: exactly({ minutes }) }) },
    async (request, reply) => {
      const { id } = request.params
      const change = changeOf(
        request,
        `staff of ${id} are logged off after ${request.body.minutes ?? 'the network’s'} minutes`,
      )
      return answerChanged(reply, await accounts.setIdleMinutes(id, request.body.minutes, change))
    },
  )
}

function answerPerson(reply: FastifyReply, changed: Parameters<typeof answerChanged>[1]): FastifyReply {
  if (changed !== 'conflict') return answerChanged(reply, changed)
  return answerError(reply, 409, {
    code: 'CONFLICT',
    message: 'This person has left, which is for good, or was given another access code meanwhile',
    hint: 'Read the person (GET); enter somebody who comes back under a new id',
    ja: 'この利用者は利用終了しているか、別のアクセスコードが発行されています。再び利用する場合は新しい利用者IDで登録してください。',
  })
}

function answerStaffFault(reply: FastifyReply, given: StaffFault): FastifyReply {
  switch (given.fault) {
    case 'role':
      return invalid(reply, {
        message: `roles: "${given.role}" is no role of such a person; these are ${given.allowed.join(', ')}`,
        hint: 'Staff of a facility are administrators, registrars or clinicians of it; staff of the network, who have no facility, run or audit it',
        ja: `この利用者に権限「${given.role}」は付与できません。付与できる権限: ${given.allowed.join(', ')}`,
      })
    case 'ems':
      return invalid(reply, {
        message: 'mayUseEms: emergency access is for clinicians of a facility',
        hint: 'Give the role clinician too, or leave mayUseEms out',
        ja: '緊急時アクセス（EMS）は clinician 権限のある施設職員にのみ付与できます。',
      })
    case 'period':
      return invalid(reply, {
        message: `validTo ${given.validTo} is not later than validFrom`,
        hint: 'Give a later validTo, or leave it out',
        ja: '有効期間の終了は開始より後の日時を指定してください。',
      })
    case 'yourself':
      return answerError(reply, 403, {
        code: 'YOURSELF',
        message: 'Nobody gives roles, access codes or states to the own entry',
        hint: 'Ask another administrator',
        ja: 'ご自身の権限・状態・アクセスコードは変更できません。別の管理者に依頼してください。',
      })
    case 'not yours to give':
      return answerError(reply, 403, {
        code: 'NOT_YOURS',
        message:
          given.role === undefined
            ? 'This person is not yours to enter, change or let in'
            : `The role ${given.role} is given by the administrator of the facility`,
        hint: 'The network enters its own staff and, of a facility, persons who are facility-administrator and nothing else; they enter the others. Whom the network stopped, the network lets in again',
        ja: 'この操作の権限がありません。ネットワーク運用者は運用者と施設管理者のみを、施設管理者は自施設の利用者のみを登録できます。運用者が停止した利用者は運用者のみが再開できます。',
      })
  }
}
