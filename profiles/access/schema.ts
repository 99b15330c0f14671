// JSON Schema of the table that makes asserted roles jobs and asserted purposes purposes (ITI TF-2 3.40.4.1.2; ISO 21298, ISO 14265).

import { JOBS, type Job, PURPOSES, type Purpose } from '../../src/model/user.ts'

export interface RoleRow {
  /** Code system; `*` is any. */
  readonly system: string
  readonly code: string
  readonly job: Job
}

export interface PurposeRow {
  readonly system: string
  readonly code: string
  readonly purpose: Purpose
}

export interface RoleTable {
  /** Code system of this project's own words for jobs, which our assertions use. */
  readonly ownSystem: string
  /** Of a user whose every role is unknown, and of one without a role: the least that a person may have. */
  readonly unknownRole: Job
  readonly withoutRole: Job
  /** Of a user whose assertion says no purpose; an unknown one is `other`. */
  readonly withoutPurpose: Purpose
  readonly roles: readonly RoleRow[]
  readonly purposes: readonly PurposeRow[]
}

const system = { type: 'string', minLength: 1, maxLength: 256 } as const
const code = { type: 'string', minLength: 1, maxLength: 256 } as const

const rowsOf = (properties: Readonly<Record<string, unknown>>) => ({
  type: 'array',
  maxItems: 10_000,
  items: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
})

const properties = {
  ownSystem: system,
  unknownRole: { enum: JOBS },
  withoutRole: { enum: JOBS },
  withoutPurpose: { enum: PURPOSES },
  roles: rowsOf({ system, code, job: { enum: JOBS } }),
  purposes: rowsOf({ system, code, purpose: { enum: PURPOSES } }),
} as const

export const roleTableSchema = {
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
}
