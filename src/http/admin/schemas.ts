// What the admin routes share: JSON schemas, and the change that each write records.

import type { FastifyRequest } from 'fastify'
import type { Change } from '../../access/ports.ts'
import { OWN_MEMBER, type Owned } from './own.ts'
import { principalOf, ROLES_MEMBER, type RouteRoles, USUAL_ROLES } from './principal.ts'

const OID = '^[0-2](\\.(0|[1-9][0-9]*))+$'

export const slug = {
  type: 'string',
  pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
  description: 'lower-case letters, digits, dots, hyphens',
} as const
export const oid = { type: 'string', pattern: OID, maxLength: 64, description: 'OID without urn:oid:' } as const
/** PostgreSQL keeps no zero character. */
export const NO_ZERO = '^[^\\u0000]*$'
export const words = { type: 'string', minLength: 1, maxLength: 200, pattern: NO_ZERO } as const
/** Of a year and with an offset that PostgreSQL knows. */
export const MOMENT = {
  format: 'date-time',
  pattern: '^(?!0000).*([zZ]|[+-](0\\d|1[0-5])(:?\\d\\d)?)$',
  description: 'ISO 8601 with offset',
} as const
export const moment = { type: 'string', ...MOMENT } as const
/** In Japan; that there is such a day is judged by the rules. */
export const day = { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'YYYY-MM-DD' } as const
/** Of a year that the database and the calendar of four digits have in every time zone. */
export const month = {
  type: 'string',
  pattern: '^[12]\\d{3}-(0[1-9]|1[0-2])$',
  description: 'YYYY-MM in Japan',
} as const
export const activity = { enum: ['active', 'suspended'] } as const

export const identity = { type: 'string', pattern: '^\\d{1,18}$', description: 'number of the row' } as const
/** Texts of a query are no numbers yet. */
const count = { type: 'string', pattern: '^([1-9]\\d{0,2}|1000)$', description: '1 to 1000' } as const

/** An object of exactly these members; those named optional may be absent. */
export function exactly(
  properties: Readonly<Record<string, unknown>>,
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

/** A schema with a summary, the security every route has, and who may call it (`network-operator` when nothing is said), whose object it is about. */
export function described(
  summary: string,
  {
    roles = USUAL_ROLES,
    own,
    ...parts
  }: Readonly<Record<string, unknown>> & { readonly roles?: RouteRoles; readonly own?: Owned } = {},
): Readonly<Record<string, unknown>> {
  return {
    summary,
    security: roles === 'public' ? [] : [{ token: [] }],
    [ROLES_MEMBER]: roles,
    ...(own === undefined ? {} : { [OWN_MEMBER]: own }),
    ...parts,
  }
}

/** Schema of a list that is read page by page; `filters` are optional too. */
export function paging(filters: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const all = { limit: count, after: identity, ...filters }
  return { querystring: exactly(all, Object.keys(all)) }
}

export interface Paged {
  readonly limit?: string
  /** Id of the last row of the page before. */
  readonly after?: string
}

export function pageOf({ limit, after }: Paged, usual: number): { readonly limit: number; readonly after?: string } {
  return { limit: limit === undefined ? usual : Number(limit), ...(after === undefined ? {} : { after }) }
}

/** Header that names the member of staff; whoever holds the token vouches for it. */
export const STAFF_HEADER = 'x-staff'
const STAFF = /^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/

export function isStaffName(name: unknown): boolean {
  return typeof name === 'string' && STAFF.test(name)
}

/** Who asks and from where. A person logged on is who they are; on behalf of the host the header may name somebody. */
export function whoOf(request: FastifyRequest): Pick<Change, 'by' | 'peer'> {
  return { by: nameOf(request), peer: peerOf(request) }
}

export function peerOf({ socket }: FastifyRequest): string {
  return `${socket.remoteAddress}:${socket.remotePort}`
}

function nameOf(request: FastifyRequest): string {
  const principal = principalOf(request)
  if (principal.kind === 'staff') return `staff:${principal.staffId}`
  const name = request.headers[STAFF_HEADER]
  return name === undefined ? 'admin-token' : `admin-token:${String(name)}`
}

/** Who changes what from where, for the audit event of the change. */
export function changeOf(request: FastifyRequest, operation: string): Change {
  return { ...whoOf(request), operation }
}
