// Every parameter of a query of the admin API with every value at an edge that its schema lets in: never a failure, always words (security e.36).

import t from 'tap'
import { openAdministration, TOKEN } from './administration.ts'
import { type Call, enterPerson } from './persons.ts'

t.setTimeout(120_000)

const { call: send, url } = await openAdministration(t)
const call: Call = (method, path, { body, session } = {}) =>
  send(method, path, body, session === undefined ? {} : { authorization: `Bearer ${session}` })

interface Parameter {
  readonly in: string
  readonly name: string
  readonly required?: boolean
  readonly schema: { readonly pattern?: string; readonly maxLength?: number; readonly enum?: readonly string[] }
}

interface Operation {
  readonly 'x-roles': readonly string[] | string
  readonly parameters?: readonly Parameter[]
}

/** Names, numbers, days, months and moments, each also at the ends of what a calendar, a database or a spreadsheet knows. */
const TEXTS = [
  'a',
  'clinic-a',
  '0',
  '1',
  '1000',
  '999999999999999999',
  'あ'.repeat(200),
  '<&>"\'',
  '=1+1',
  '\u202e𠮷',
  '0000-01',
  '1000-01',
  '2999-12',
  '9999-12',
  '0000-01-01',
  '0001-01-01',
  '1962-02-30',
  '9999-12-31',
  '19620230',
  '0001-01-01T00:00:00+15:59',
  '2024-02-29T23:59:59+09:00',
  '9999-12-31T23:59:59-15:00',
  '9999-12-31T23:59:59.999999Z_999999999999999999',
  '1.2.3',
  '2.25.1',
  'https://[::1]:99999/',
  'AA:'.repeat(31).concat('AA'),
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
] as const
const management = new URL('/admin/v1/openapi.json', url)
const document = await fetch(management, { headers: { authorization: `Bearer ${TOKEN}` } })
const { paths } = (await document.json()) as { paths: Record<string, { readonly get?: Operation }> }

const patientDomain = { oid: '2.25.2001', name: 'CLINIC-A' }
await send('POST', '/facilities', {
  facilityId: 'clinic-a',
  oid: '2.25.1001',
  name: 'clinic-a',
  kind: 'store-client',
  patientDomain,
})
const administrator = await enterPerson(call, {
  staffId: 'a',
  facilityId: 'clinic-a',
  roles: ['facility-administrator'],
})
const by = { by: administrator.session }
const registrar = await enterPerson(call, { staffId: 'r', facilityId: 'clinic-a', roles: ['registrar'] }, by)
const auditor = await enterPerson(call, { staffId: 'l', roles: ['auditor'] })
const SESSIONS: Readonly<Record<string, string>> = {
  'network-operator': TOKEN,
  auditor: auditor.session,
  'facility-administrator': administrator.session,
  registrar: registrar.session,
}
/** They have no ports in this test. */
const LEFT_OUT = /discovery|trust-anchors/

function isLetIn(text: string, { pattern, maxLength = text.length, enum: choice }: Parameter['schema']): boolean {
  if (choice !== undefined) return false
  return text.length <= maxLength && (pattern === undefined || new RegExp(pattern, 'u').test(text))
}

function valuesOf({ schema }: Parameter): readonly string[] {
  return [...(schema.enum ?? []), ...TEXTS.filter((text) => isLetIn(text, schema))]
}

/** What is wrong with the answer; '' when nothing is. */
async function faultOf(path: string, session: string): Promise<string> {
  const response = await fetch(new URL(path, management), { headers: { authorization: `Bearer ${session}` } })
  const text = await response.text()
  if (response.status < 400) return ''
  const { code, message, hint, ja } = JSON.parse(text) as Record<string, unknown>
  const isInWords = [message, hint, ja].every((one) => typeof one === 'string' && one !== '')
  return isInWords && code !== 'INTERNAL' ? '' : `${path}: ${response.status} ${text}`
}

for (const [path, { get }] of Object.entries(paths)) {
  const asked = (get?.parameters ?? []).filter((parameter) => parameter.in === 'query')
  const roles = [get?.['x-roles'] ?? []].flat()
  const session = roles.map((role) => SESSIONS[role]).find((one) => one !== undefined)
  if (asked.length === 0 || session === undefined || LEFT_OUT.test(path) || path.includes('{')) continue
  t.test(path, async (t) => {
    const needed = asked.filter(({ required = false }) => required)
    for (const parameter of asked)
      for (const value of valuesOf(parameter)) {
        const query = new URLSearchParams()
        for (const one of needed) query.set(one.name, valuesOf(one).at(-1) ?? '')
        query.set(parameter.name, value)
        t.equal(await faultOf(`${path}?${query}`, session), '')
      }
  })
}
