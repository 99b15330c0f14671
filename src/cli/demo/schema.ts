// JSON Schema of fixtures/demo/network.yaml and east.yaml; what refers to what is checked by the test beside it.

import { ROLES } from '../../model/caller.ts'
import { JOBS, STAFF_ROLES } from '../../model/user.ts'

const text = { type: 'string', minLength: 1 } as const
const demoOid = { type: 'string', pattern: '^2\\.25\\.(0|[1-9][0-9]*)$', maxLength: 64 } as const
const texts = { type: 'array', items: text } as const

function object(properties: Readonly<Record<string, unknown>>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false } as const
}

function listOf(items: unknown) {
  return { type: 'array', minItems: 1, items } as const
}

const facility = object(
  {
    facilityId: text,
    oid: demoOid,
    code: { type: 'string', pattern: '^\\d{10}$' },
    name: text,
    nameKana: text,
    kind: { enum: ['gateway', 'store-client', 'manual', 'viewing'] },
    facilityType: text,
    patientIdForm: { type: 'string', pattern: '^(exact|strip|pad:\\d{1,2})$' },
    patientDomain: object({ oid: demoOid, name: text }),
  },
  ['code', 'patientIdForm'],
)

const system = object(
  {
    systemId: text,
    facilityId: text,
    roles: listOf({ enum: ROLES }),
    accessMode: { enum: ['consent', 'affinity-domain'] },
    assigningAuthority: demoOid,
    repositories: listOf(demoOid),
    confidentialityCeiling: { enum: ['U', 'L', 'M', 'N', 'R', 'V'] },
  },
  ['accessMode', 'assigningAuthority', 'repositories', 'confidentialityCeiling'],
)

const patient = object(
  {
    name: object({ kanji: text, kana: text, romaji: text }),
    birthTime: { type: 'string', pattern: '^\\d{8}$' },
    sex: { enum: ['M', 'F'] },
    address: object({ postalCode: text, text }),
    telecom: { type: 'string', pattern: '^tel:' },
    numbers: listOf(object({ facilityId: text, id: text, feed: { enum: ['yes', 'no'] } })),
    consent: object(
      {
        kind: { enum: ['comprehensive', 'individual'] },
        facilities: texts,
        excludedFacilities: texts,
        excludedKinds: texts,
        evidence: text,
      },
      ['facilities', 'excludedFacilities', 'excludedKinds'],
    ),
  },
  ['consent'],
)

const person = object(
  {
    staffId: text,
    facilityId: text,
    name: text,
    nameKana: text,
    job: { enum: JOBS },
    roles: listOf({ enum: STAFF_ROLES }),
    mayUseEms: { type: 'boolean' },
  },
  ['mayUseEms'],
)

const message = object({ systemId: text, file: { type: 'string', pattern: '^[a-z0-9-]+\\.hl7$' } })

const parts = {
  facilities: listOf(facility),
  systems: listOf(system),
  unions: listOf(object({ unionId: text, name: text, kind: { enum: ['open', 'closed'] }, members: listOf(text) })),
  people: listOf(person),
  patients: listOf(patient),
  messages: listOf(message),
} as const
const shown = { patient: object({ facilityId: text, id: text }), push: message } as const

export const neighbourSchema = object({ ...parts, tour: object(shown) })

export const demoSchema = object({
  ...parts,
  tour: object({
    ...shown,
    viewer: object({ systemId: text, id: text, staffId: text }),
    stranger: object({ systemId: text }),
  }),
})
