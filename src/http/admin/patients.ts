// Admin routes of patients: registration, and links of facilities' numbers (同意患者登録).

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { findFacility } from '../../access/administration.ts'
import type { PatientId } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import { answerStored, notFound } from './answers.ts'
import { looked } from './looked.ts'
import { ownDomains } from './own.ts'
import type { AdminPorts, PersonAnswer } from './ports.ts'
import { facilityOf, ownFacility, REGISTRARS } from './principal.ts'
import { described, exactly, slug, whoOf, words } from './schemas.ts'

const names = {
  type: 'array',
  minItems: 1,
  maxItems: 10,
  items: exactly({
    representation: { enum: ['IDE', 'SYL', 'ABC'] },
    family: words,
    given: { type: 'string', maxLength: 200 },
  }),
}
export const demographics = exactly(
  {
    names,
    sex: { enum: ['M', 'F', 'UN'] },
    birthTime: { type: 'string', pattern: '^\\d{4}(\\d{2}){0,2}$' },
    addresses: { type: 'array', maxItems: 10, items: exactly({ postalCode: words, text: words }, ['postalCode']) },
    telecoms: { type: 'array', maxItems: 10, items: words },
  },
  ['sex', 'birthTime', 'addresses', 'telecoms'],
)
type Xad = { Params: { xad: string } }

export function registerPatientRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { patients } = ports
  app.get<{ Querystring: { id: string; domain?: string } }>(
    '/patients',
    {
      schema: described('Who has this number', {
        roles: REGISTRARS,
        querystring: exactly({ id: words, domain: words }, ['domain']),
      }),
    },
    async (request) => {
      const { id, domain } = request.query
      const found = await patients.find(id, domain)
      const domains = await ownDomains(request, ports)
      const there = await Promise.all(found.map((person) => isThere(person, request, ports)))
      const known = found
        .filter((_, index) => there[index])
        .flatMap((person) => (domains === undefined ? [shown(person)] : narrowed(shown(person), { id, domains })))
      const what = `patient looked up by number: ${known.length} shown`
      await looked(request, ports, { what, patients: known.flatMap(idsOf) })
      return known
    },
  )
  app.post<{ Body: { demographics: Partial<Demographics> & Pick<Demographics, 'names'> } }>(
    '/patients',
    { schema: described('Register a person', { roles: REGISTRARS, body: exactly({ demographics }) }) },
    async (request, reply) => {
      const given: Demographics = { addresses: [], telecoms: [], ...request.body.demographics }
      return reply.code(201).send(await patients.register(given, whoOf(request)))
    },
  )
  registerLinkRoutes(app, ports)
}

/** The id of the network, or a number of a person who has none. */
function idsOf({ xad, identifiers }: Omit<PersonAnswer, 'key'>): readonly (string | PatientId)[] {
  if (xad !== undefined) return [xad]
  return identifiers.slice(0, 1).map(({ domain, value }) => ({ authority: domain, value }) as PatientId)
}

/** The surrogate key never leaves the server. */
function shown({ key: _key, ...person }: PersonAnswer): Omit<PersonAnswer, 'key'> {
  return person
}

/** Which other facilities know the patient is not for the staff of this one, nor that a number of theirs exists. */
function narrowed(
  person: Omit<PersonAnswer, 'key'>,
  { id, domains }: { readonly id: string; readonly domains: readonly string[] },
): readonly Omit<PersonAnswer, 'key'>[] {
  const identifiers = person.identifiers.filter(({ domain }) => domains.includes(domain))
  return identifiers.some(({ value }) => value === id) ? [{ ...person, identifiers }] : []
}

/** Whom only facilities outside the own unions registered is not there for the staff of this one (idlink U-2). */
async function isThere(
  { identifiers }: PersonAnswer,
  request: FastifyRequest,
  { store }: Pick<AdminPorts, 'store'>,
): Promise<boolean> {
  const facilityId = facilityOf(request)
  if (facilityId === undefined) return true
  const domains = new Set(identifiers.filter(({ status }) => status === 'active').map(({ domain }) => domain))
  const holders = (await store.facilities()).filter(({ patientDomain }) => domains.has(patientDomain.oid))
  const peers = new Set(await store.registrationPeers(facilityId))
  return holders.length === 0 || holders.some((holder) => peers.has(holder.facilityId))
}

interface Named {
  readonly xad: string
  readonly facilityId: string
  readonly id: string
}

function registerLinkRoutes(app: FastifyInstance, { patients, store }: AdminPorts): void {
  /** Absent when facility or person is unknown to the caller. */
  const known = async ({ xad, facilityId, id }: Named, request: FastifyRequest) => {
    if (!ownFacility(request, facilityId)) return undefined
    const facility = await findFacility(facilityId, store)
    const person = await patients.byXad(xad)
    if (facility === undefined || person === undefined || !(await isThere(person, request, { store }))) return undefined
    const { oid } = facility.patientDomain
    // Other facilities may use the same number for somebody else, so the domain decides with the value.
    const isLinked = person.identifiers.some(
      ({ domain, value, status }) => domain === oid && value === id && status === 'active',
    )
    return { isLinked }
  }
  app.post<Xad & { Body: { facilityId: string; id: string; reason: string } }>(
    '/patients/:xad/links',
    {
      schema: described('Link a facility’s patient number to the person', {
        roles: REGISTRARS,
        body: exactly({ facilityId: slug, id: words, reason: words }),
      }),
    },
    async (request, reply) => {
      const { xad } = request.params
      const { facilityId, id, reason } = request.body
      const found = await known({ xad, facilityId, id }, request)
      if (found === undefined) return notFound(reply)
      if (found.isLinked) return answerStored(reply, 'unchanged', { xad, facilityId, id })
      const linked = await patients.link({ xad, facilityId, value: id, reason, ...whoOf(request) })
      return linked === 'linked' ? answerStored(reply, 'created', { xad, facilityId, id }) : notFound(reply)
    },
  )
  app.delete<{ Params: { xad: string; facilityId: string; id: string }; Querystring: { reason?: string } }>(
    '/patients/:xad/links/:facilityId/:id',
    {
      schema: described('The number does not belong to the person, and is never linked to them by similarity again', {
        roles: REGISTRARS,
        querystring: exactly({ reason: words }, ['reason']),
      }),
    },
    async (request, reply) => {
      const { facilityId, id } = request.params
      const { reason = 'unlinked by staff' } = request.query
      const found = await known(request.params, request)
      if (found?.isLinked !== true) return notFound(reply)
      const unlinked = await patients.unlink({ facilityId, value: id, reason, ...whoOf(request) })
      return unlinked === 'linked' ? { status: 'ok' } : notFound(reply)
    },
  )
}
