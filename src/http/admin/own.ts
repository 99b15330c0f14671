// Whose object a route is about: staff of a facility reach what is their facility's, everything else is as if it were not there (idlink A-7).

import type { FastifyReply, FastifyRequest } from 'fastify'
import { findFacility } from '../../access/administration.ts'
import { notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { facilityOf } from './principal.ts'

/** What the path names: a facility or a system by `id`, a patient by `xad`, a consent by `id`, a certificate by `fingerprint`. */
export type Owned = 'facility' | 'system' | 'patient' | 'consent' | 'certificate'

/** Member of a route's schema that says so; OpenAPI shows it. */
export const OWN_MEMBER = 'x-own'

interface Params {
  readonly id?: string
  readonly xad?: string
  readonly fingerprint?: string
}

/** Hook of every admin route, before its handler. */
export async function refuseForeign(
  request: FastifyRequest,
  reply: FastifyReply,
  ports: AdminPorts,
): Promise<FastifyReply | undefined> {
  const schema = request.routeOptions.schema as { readonly [OWN_MEMBER]?: Owned } | undefined
  const owned = schema?.[OWN_MEMBER]
  const facilityId = owned === undefined ? undefined : facilityOf(request)
  if (owned === undefined || facilityId === undefined) return undefined
  return (await isOwn(owned, { params: request.params as Params, facilityId }, ports)) ? undefined : notFound(reply)
}

/** Domains whose numbers staff of a facility may know: its own and the network's; undefined for those who work for all. */
export async function ownDomains(
  request: FastifyRequest,
  { store, transfer }: Pick<AdminPorts, 'store' | 'transfer'>,
): Promise<readonly string[] | undefined> {
  const facilityId = facilityOf(request)
  if (facilityId === undefined) return undefined
  const own = await findFacility(facilityId, store)
  return [transfer.affinityDomain, ...(own === undefined ? [] : [own.patientDomain.oid])]
}

const STAFF = 'staff:'
/** Speaks for a facility of another community. */
const PARTNER = 'partner:'

/** Of these names those of systems and staff of other facilities: who did something to a patient would tell where else the patient is treated. */
export async function othersAmong(
  names: readonly string[],
  request: FastifyRequest,
  { store, accounts }: Pick<AdminPorts, 'store' | 'accounts'>,
): Promise<ReadonlySet<string>> {
  const facilityId = facilityOf(request)
  if (facilityId === undefined) return new Set()
  const systems = new Map((await store.systems()).map((system) => [system.systemId, system.facilityId]))
  const others = new Set<string>()
  for (const name of new Set(names)) {
    const owner = name.startsWith(STAFF)
      ? (await accounts.staff.list({ staffId: name.slice(STAFF.length) }))[0]?.facilityId
      : systems.get(name)
    if (name.startsWith(PARTNER) || (owner !== undefined && owner !== facilityId)) others.add(name)
  }
  return others
}

async function isOwn(
  owned: Owned,
  { params, facilityId }: { readonly params: Params; readonly facilityId: string },
  { store, patients, certificates }: AdminPorts,
): Promise<boolean> {
  const { id = '', xad = '', fingerprint = '' } = params
  switch (owned) {
    case 'facility':
      return id === facilityId
    case 'system':
      return (await store.systems()).some((system) => system.systemId === id && system.facilityId === facilityId)
    case 'patient': {
      const person = await patients.byXad(xad)
      return person !== undefined && (await patients.isOf(person.key, facilityId))
    }
    case 'certificate':
      return (await certificates.register.find(fingerprint))?.facilityId === facilityId
    case 'consent': {
      const person = await store.consentOwner(id)
      return person !== undefined && (await patients.isOf(person, facilityId))
    }
  }
}
