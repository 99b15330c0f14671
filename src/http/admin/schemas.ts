// JSON schemas shared by the admin routes.

const OID = '^[0-2](\\.(0|[1-9][0-9]*))+$'

export const slug = {
  type: 'string',
  pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
  description: 'lower-case letters, digits, dots, hyphens',
} as const
export const oid = { type: 'string', pattern: OID, maxLength: 64, description: 'OID without urn:oid:' } as const
export const words = { type: 'string', minLength: 1, maxLength: 200 } as const
export const moment = { type: 'string', format: 'date-time' } as const
export const activity = { enum: ['active', 'suspended'] } as const

/** An object of exactly these members; those named optional may be absent. */
export function exactly(
  properties: Readonly<Record<string, unknown>>,
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}
