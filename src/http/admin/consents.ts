// Admin routes of consents (同意): recorded, changed by objections, withdrawn whole or for facilities, with all versions readable (idlink C-3 to C-6).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  type ChangedConsent,
  CONSENT_FORMS,
  type ConsentChange,
  type ConsentOrigin,
  type ConsentRecord,
  type NewConsent,
  RELATIONS,
} from '../../access/administration/consent-ports.ts'
import { changeConsent, recordConsent } from '../../access/administration/consents.ts'
import type { Fault } from '../../access/administration.ts'
import { answerChanged, answerError, answerFault, answerStored, notFound } from './answers.ts'
import { looked } from './looked.ts'
import { othersAmong } from './own.ts'
import type { AdminPorts } from './ports.ts'
import { facilityOf, principalOf, REGISTRARS } from './principal.ts'
import { changeOf, day, described, exactly, identity, moment, slug, words } from './schemas.ts'

const facilities = { type: 'array', items: slug, maxItems: 1000 } as const
const kinds = { type: 'array', items: words, maxItems: 100 } as const

/** How a consent or an objection came about. */
const origin = {
  relation: { enum: RELATIONS, description: 'who consents: self, family or guardian; absent: self' },
  consentedBy: { ...words, description: 'name of the person who consented for the patient' },
  form: { enum: CONSENT_FORMS },
  givenOn: day,
  textVersion: { ...words, description: 'version of the text that was read or heard' },
  takenBy: { ...words, description: 'member of staff who took it' },
  takenAt: { ...slug, description: 'facility where it was taken' },
  evidence: { ...words, description: 'where the form is kept' },
} as const

const recorded = {
  facilities,
  excludedFacilities: facilities,
  excludedKinds: kinds,
  sharesWithCommunities: { type: 'boolean', description: 'may go to neighbouring communities; absent: no' },
  validFrom: moment,
  validTo: moment,
  ...origin,
} as const
const consent = exactly({ kind: { enum: ['comprehensive', 'individual'] }, ...recorded }, Object.keys(recorded))

const objection = exactly({ facilities, kinds }, ['facilities', 'kinds'])
const said = {
  exclude: { ...objection, description: 'objections made: facilities and kinds that are excluded from now on' },
  readmit: { ...objection, description: 'objections taken back' },
  facilities: { ...facilities, description: 'facilities that an individual consent names from now on' },
  sharesWithCommunities: { type: 'boolean' },
  ...origin,
} as const
const change = exactly({ ...said, reason: words }, Object.keys(said))
const withdrawal = {
  ...exactly({ facilities: { ...facilities, minItems: 1 }, reason: words }, ['facilities', 'reason']),
  nullable: true,
  description: 'facilities: only these are excluded; absent: the whole consent ends',
}
const params = exactly({ id: identity })

interface Id {
  Params: { id: string }
}

type ConsentBody = Partial<Omit<NewConsent, 'personKey'>> & Pick<NewConsent, 'kind'>

interface ChangeBody extends ConsentOrigin {
  readonly exclude?: { readonly facilities?: readonly string[]; readonly kinds?: readonly string[] }
  readonly readmit?: { readonly facilities?: readonly string[]; readonly kinds?: readonly string[] }
  readonly facilities?: readonly string[]
  readonly sharesWithCommunities?: boolean
  readonly reason: string
}

export function registerConsentRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { patients, store, documentKinds } = ports
  app.get<{ Params: { xad: string } }>(
    '/patients/:xad/consents',
    {
      schema: described('Consents of a person, all versions, the oldest first', { roles: REGISTRARS, own: 'patient' }),
    },
    async (request, reply) => {
      const person = await patients.byXad(request.params.xad)
      if (person === undefined) return notFound(reply)
      const consents = await store.consents(person.key)
      await looked(request, ports, { what: 'consents of a patient shown', patients: [request.params.xad] })
      return shownTo(request, consents, ports)
    },
  )
  app.post<{ Params: { xad: string }; Body: ConsentBody }>(
    '/patients/:xad/consents',
    {
      schema: described('Record a consent (包括同意, 個別同意)', { roles: REGISTRARS, own: 'patient', body: consent }),
    },
    async (request, reply) => {
      const person = await patients.byXad(request.params.xad)
      if (person === undefined) return notFound(reply)
      const complete: NewConsent = {
        facilities: [],
        excludedFacilities: [],
        excludedKinds: [],
        ...takenHere(request, request.body),
        personKey: person.key,
      }
      const answered = await recordConsent(complete, changeOf(request, 'consent recorded'), { store, documentKinds })
      if ('fault' in answered) return answerFault(reply, answered)
      return answerStored(reply, answered.stored, { consentId: answered.consentId })
    },
  )
  registerChanges(app, ports)
}

/** What the patient said is told whole; who took or wrote it down elsewhere would tell where else the patient is treated (idlink A-7). */
async function shownTo(
  request: FastifyRequest,
  consents: readonly ConsentRecord[],
  ports: AdminPorts,
): Promise<readonly object[]> {
  const facilityId = facilityOf(request)
  const names = consents.flatMap(({ recordedBy, withdrawnBy = recordedBy }) => [recordedBy, withdrawnBy])
  const others = await othersAmong(names, request, ports)
  return consents.map(({ takenBy, takenAt, evidence, recordedBy, reason, withdrawnBy, withdrawReason, ...said }) => {
    const isOthers = facilityId !== undefined && takenAt !== undefined && takenAt !== facilityId
    return {
      ...said,
      ...(isOthers ? { evidence: null } : { takenBy, takenAt, evidence }),
      ...(others.has(recordedBy) ? {} : { recordedBy, reason }),
      ...(withdrawnBy === undefined || others.has(withdrawnBy) ? {} : { withdrawnBy, withdrawReason }),
    }
  })
}

function registerChanges(app: FastifyInstance, { store, documentKinds }: AdminPorts): void {
  app.patch<Id & { Body: ChangeBody }>(
    '/consents/:id',
    {
      schema: described('Change what stands of a consent: objections made and taken back, effective at once', {
        roles: REGISTRARS,
        own: 'consent',
        params,
        body: change,
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const { exclude, readmit, ...rest } = takenHere(request, request.body)
      const given = {
        ...rest,
        exclude: { facilities: [], kinds: [], ...exclude },
        readmit: { facilities: [], kinds: [], ...readmit },
      }
      const audited = changeOf(request, `consent ${id} changed`)
      return answerChange(reply, await changeConsent({ consentId: id, said: given }, audited, { store, documentKinds }))
    },
  )
  app.post<Id & { Body: { facilities?: readonly string[]; reason?: string } | null }>(
    '/consents/:id/withdraw',
    {
      schema: described('Withdraw a consent, whole or for facilities; effective at once', {
        roles: REGISTRARS,
        own: 'consent',
        params,
        body: withdrawal,
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const { facilities: withdrawn, reason } = request.body ?? {}
      if (withdrawn === undefined) {
        const audited = changeOf(request, `consent ${id} withdrawn`)
        return answerChanged(
          reply,
          await store.withdrawConsent(id, reason === undefined ? audited : { ...audited, reason }),
        )
      }
      const given = takenHere<ConsentChange>(request, {
        exclude: { facilities: withdrawn, kinds: [] },
        readmit: { facilities: [], kinds: [] },
        reason: reason ?? 'withdrawn for facilities',
      })
      const audited = changeOf(request, `consent ${id} withdrawn for ${withdrawn.join(', ')}`)
      return answerChange(reply, await changeConsent({ consentId: id, said: given }, audited, { store, documentKinds }))
    },
  )
}

/** What a person at a window takes was taken by them, at their facility, whatever else is said. */
function takenHere<T extends ConsentOrigin>(request: FastifyRequest, given: T): T {
  const principal = principalOf(request)
  if (principal.kind === 'host' || principal.facilityId === undefined) return given
  return { ...given, takenAt: principal.facilityId, takenBy: given.takenBy ?? principal.staffId }
}

/** The ids of the versions that stand now. */
function answerChange(reply: FastifyReply, answered: ChangedConsent | Fault): FastifyReply {
  if ('fault' in answered) return answerFault(reply, answered)
  const { changed, consentIds } = answered
  if (changed === 'missing') return notFound(reply)
  if (changed === 'conflict')
    return answerError(reply, 409, {
      code: 'CONFLICT',
      message: 'This consent was withdrawn or has expired: nothing of it stands that could be changed',
      hint: 'Read the consents of the patient, and record a new one',
      ja: 'この同意は撤回済みまたは期限切れです。新しい同意を登録してください。',
    })
  return reply.send({ status: 'ok', consentIds })
}
