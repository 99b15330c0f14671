// Admin routes of what a facility says of itself (施設情報), its revisions and its live counts (idlink ).

import type { FastifyInstance } from 'fastify'
import { FACILITY_KINDS, type FacilityEdit } from '../../access/administration/revision-ports.ts'
import { findFacility } from '../../access/administration.ts'
import { answerStored, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { FACILITY_READERS } from './principal.ts'
import { changeOf, described, exactly, slug, words } from './schemas.ts'

/** Insurance institution code (保険医療機関コード): prefecture, 点数表番号, seven digits; others 9 and nine digits. */
const CODE = '^((0[1-9]|[1-3]\\d|4[0-7])\\d\\d{7}|9\\d{9})$'

export const facilityCode = {
  type: 'string',
  pattern: CODE,
  description: 'ten digits: prefecture, 点数表番号, seven digits; or 9 and nine digits',
} as const

const orNull = <T extends object>(schema: T) => ({ ...schema, nullable: true })

/** Members that only a profile has. */
export const profile = {
  nameEnglish: words,
  postalCode: { type: 'string', pattern: '^\\d{3}-?\\d{4}$', description: 'seven digits' },
  address: words,
  phone: { type: 'string', pattern: '^[0-9+() -]{3,30}$', description: 'digits, +, brackets, hyphens' },
  email: { type: 'string', format: 'email', maxLength: 254 },
  area: slug,
  beds: { type: 'integer', minimum: 0, maximum: 100_000, description: 'licensed general beds (一般病床)' },
} as const

const edit = {
  name: words,
  kind: { enum: FACILITY_KINDS },
  code: orNull(facilityCode),
  facilityType: orNull(words),
  nameKana: orNull(words),
  ...Object.fromEntries(Object.entries(profile).map(([name, schema]) => [name, orNull(schema)])),
}
const body = {
  ...exactly({ ...edit, reason: words }, [...Object.keys(edit), 'reason']),
  minProperties: 1,
  description: 'what is left out stays, null takes away',
}

interface Id {
  Params: { id: string }
}

export function registerProfileRoutes(app: FastifyInstance, { store }: AdminPorts): void {
  app.patch<Id & { Body: FacilityEdit & { reason?: string } }>(
    '/facilities/:id/profile',
    {
      schema: described('Change the profile or the kind of a facility; what was there before stays readable', { body }),
    },
    async (request, reply) => {
      const { id } = request.params
      const { reason, ...given } = request.body
      const members = Object.keys(given).join(', ')
      const change = changeOf(request, `profile of facility ${id} changed: ${members}`)
      const changed = await store.editFacility(id, given, reason === undefined ? change : { ...change, reason })
      const stored = changed === 'changed' ? 'unchanged' : changed
      return answerStored(reply, stored, await findFacility(id, store))
    },
  )
  app.get<Id>(
    '/facilities/:id/revisions',
    {
      schema: described('What was changed of a facility, by whom, from what to what; the newest first', {
        roles: FACILITY_READERS,
        own: 'facility',
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      return (await findFacility(id, store)) === undefined ? notFound(reply) : store.revisions('facility', id)
    },
  )
  app.get<Id>(
    '/facilities/:id/counts',
    {
      schema: described('Patients registered at a facility (患者登録数), and those linked with others (連携患者数)', {
        roles: FACILITY_READERS,
        own: 'facility',
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      return (await findFacility(id, store)) === undefined ? notFound(reply) : store.facilityCounts(id)
    },
  )
}
