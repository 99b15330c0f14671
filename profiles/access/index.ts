// Asserted roles and purposes → jobs and purposes of this network, with a site's rows before ours, checked once at start (ITI TF-2 3.40).

import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject } from 'ajv'
import type { Code } from '../../src/model/code.ts'
import { OWN_SCHEMAS } from '../own-schemas.ts'
import { type RoleTable, roleTableSchema } from './schema.ts'

export type { PurposeRow, RoleRow, RoleTable } from './schema.ts'

const validate = new Ajv({ ...OWN_SCHEMAS, allErrors: true, verbose: true }).compile<RoleTable>(roleTableSchema)

/** A checked table, or everything that is wrong, each with key and value. */
export type CheckedRoles = { readonly roles: RoleTable } | { readonly problems: readonly string[] }

function check(json: unknown): CheckedRoles {
  return validate(json) ? { roles: json } : { problems: (validate.errors ?? []).map(problemOf) }
}

const MAX_SHOWN = 80

function problemOf({ instancePath, keyword, params, message, data }: ErrorObject): string {
  const key = instancePath.slice(1).replaceAll('/', '.') || 'the file'
  if (keyword === 'additionalProperties') return `${key}: ${params.additionalProperty} is not known here`
  const wanted = keyword === 'enum' ? `must be one of ${params.allowedValues.join(', ')}` : message
  return `${key}: ${wanted}, not ${(JSON.stringify(data) ?? '').slice(0, MAX_SHOWN)}`
}

/** The table with a site's file over it: the site's rows come first, so that one of the same system and code replaces ours. */
export function withSiteRoles(site: unknown, base: RoleTable = roleTable): CheckedRoles {
  if (typeof site !== 'object' || site === null || Array.isArray(site))
    return { problems: [`the file: must be an object, not ${JSON.stringify(site)}`] }
  const given = site as Partial<RoleTable>
  const before = (rows: unknown, ours: readonly unknown[]): unknown =>
    rows === undefined ? ours : Array.isArray(rows) ? [...rows, ...ours] : rows
  return check({
    ...base,
    ...given,
    roles: before(given.roles, base.roles),
    purposes: before(given.purposes, base.purposes),
  })
}

function own(): RoleTable {
  const checked = check(JSON.parse(readFileSync(new URL('./roles.json', import.meta.url), 'utf8')))
  if ('problems' in checked) throw new Error(`roles.json: ${checked.problems.join('; ')}`)
  return checked.roles
}

/** What comes with the server. */
export const roleTable: RoleTable = own()

/** By which a gateway says that nobody in person asks, but a system. */
export const SYSTEM_ROLE: Code = { code: 'system', scheme: roleTable.ownSystem, display: 'system' }

/** The table for users of a neighbouring community, where systems speak for themselves; an issuer of persons cannot make one a system. */
export function withSystemRole(table: RoleTable): RoleTable {
  const { code, scheme: system } = SYSTEM_ROLE
  return { ...table, roles: [...table.roles, { system, code, job: 'system' }] }
}
