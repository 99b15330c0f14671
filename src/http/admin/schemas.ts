// What the admin routes share: JSON schemas, and the change that each write records.

import type { FastifyRequest } from 'fastify'
import type { Change } from '../../access/ports.ts'

const OID = '^[0-2](\\.(0|[1-9][0-9]*))+$'

export const slug = {
  type: 'string',
  pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
  description: 'lower-case letters, digits, dots, hyphens',
} as const
export const oid = { type: 'string', pattern: OID, maxLength: 64, description: 'OID without urn:oid:' } as const
export const words = { type: 'string', minLength: 1, maxLength: 200 } as const
export const moment = { type: 'string', format: 'date-time', description: 'ISO 8601 with offset' } as const
export const activity = { enum: ['active', 'suspended'] } as const

/** An object of exactly these members; those named optional may be absent. */
export function exactly(
  properties: Readonly<Record<string, unknown>>,
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

/** A schema with a summary and the security every route has. */
export function described(
  summary: string,
  parts: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return { summary, security: [{ token: [] }], ...parts }
}

/** Who asks and from where. */
export function whoOf(request: FastifyRequest): Pick<Change, 'by' | 'peer'> {
  return { by: 'admin-token', peer: `${request.socket.remoteAddress}:${request.socket.remotePort}` }
}

/** Who changes what from where, for the audit event of the change. */
export function changeOf(request: FastifyRequest, operation: string): Change {
  return { ...whoOf(request), operation }
}
