// Who asks the admin API, what each route asks of them, and whose objects they may touch (design §4; idlink ).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { SessionView } from '../../access/accounts/ports.ts'
import type { Principal, StaffRole } from '../../model/user.ts'
import { answerError } from './answers.ts'

/** Roles of which a caller needs one; `anyone`: whoever has shown who they are; `public`: those too who are about to. */
export type RouteRoles = readonly StaffRole[] | 'anyone' | 'public'

/** Member of a route's schema that says who may call it; OpenAPI shows it. */
export const ROLES_MEMBER = 'x-roles'

/** A route that says nothing is for those who run the network. */
export const USUAL_ROLES: RouteRoles = ['network-operator']

/** Who looks at how the network is set up. */
export const NETWORK_READERS: RouteRoles = ['network-operator', 'auditor']
/** … and at how the own facility is. */
export const FACILITY_READERS: RouteRoles = ['network-operator', 'auditor', 'facility-administrator']
/** Everybody who administers anything, and needs the names of facilities and unions for it. */
export const OFFICE: RouteRoles = ['network-operator', 'auditor', 'facility-administrator', 'registrar']
export const ADMINISTRATORS: readonly StaffRole[] = ['network-operator', 'facility-administrator']
/** Registration work: numbers, consents, messages that wait for either. */
export const REGISTRARS: RouteRoles = ['network-operator', 'registrar']

const DECORATOR = 'principal'
const SESSION = 'session'

/** The session of a person who is logged on. */
export interface Session {
  readonly digest: Buffer
  readonly view: SessionView
}

/** Once, for all routes of the admin API. */
export function decoratePrincipal(app: FastifyInstance): void {
  app.decorateRequest(DECORATOR, null)
  app.decorateRequest(SESSION, null)
}

export function setPrincipal(request: FastifyRequest, principal: Principal): void {
  request.setDecorator<Principal | null>(DECORATOR, principal)
}

/** Undefined for the host. */
export function sessionOf(request: FastifyRequest): Session | undefined {
  return request.getDecorator<Session | null>(SESSION) ?? undefined
}

export function setSession(request: FastifyRequest, session: Session): void {
  request.setDecorator<Session | null>(SESSION, session)
}

/** @throws {Error} before the request was let in: no route runs without somebody who asks. */
export function principalOf(request: FastifyRequest): Principal {
  const principal = request.getDecorator<Principal | null>(DECORATOR)
  if (principal === null) throw new Error('a route of the admin API ran before anybody was let in')
  return principal
}

/**
 * Is an object of this facility one that the caller may see and change? Staff of a facility have that one, staff of the network and
 * the host have all. To everybody else it is as if it were not there: answer `notFound`.
 */
export function ownFacility(request: FastifyRequest, facilityId: string): boolean {
  const principal = principalOf(request)
  return principal.kind === 'host' || principal.facilityId === undefined || principal.facilityId === facilityId
}

/** Of staff of a facility; undefined for the host and staff of the network. */
export function facilityOf(request: FastifyRequest): string | undefined {
  const principal = principalOf(request)
  return principal.kind === 'host' ? undefined : principal.facilityId
}

/** The roles somebody acts with: whoever holds the token of the host runs the network. */
export function rolesOf(principal: Principal): readonly StaffRole[] {
  return principal.kind === 'host' ? ['network-operator'] : principal.roles
}

/** Who may call the route of this request; an unknown path is for nobody in particular. */
export function routeRolesOf(request: FastifyRequest): RouteRoles {
  const schema = request.routeOptions.schema as { readonly [ROLES_MEMBER]?: RouteRoles } | undefined
  return schema?.[ROLES_MEMBER] ?? USUAL_ROLES
}

/** Hook of every admin route, after the caller is known: 403 for who has none of the roles that its schema names. */
export function refuseRole(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  // What no route answers is told as such, by the handler for that.
  if (request.is404) return undefined
  const wanted = routeRolesOf(request)
  if (wanted === 'anyone' || wanted === 'public') return undefined
  const held = rolesOf(principalOf(request))
  if (wanted.some((role) => held.includes(role))) return undefined
  return answerError(reply, 403, {
    code: 'ROLE_REQUIRED',
    message: `This needs the role ${wanted.join(' or ')}`,
    hint: 'Log on as a person who has it (tsunagi login); the administrator of your facility gives roles',
    ja: `この操作には権限（${wanted.join(' または ')}）が必要です。権限のある利用者でログインしてください（tsunagi login）。`,
  })
}
