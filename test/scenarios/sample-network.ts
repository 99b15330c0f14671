// The facilities, patients, links and consents that StoreClient messages of other stacks presume, made through the admin API.

import { readFile } from 'node:fs/promises'
import { isObject, textOf } from '../../src/cli/admin-client.ts'
import { issue } from '../../src/cli/cert.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import type { TestNetwork } from '../faults/support.ts'

interface SampleFacility {
  readonly code: string
  readonly kind: 'store-client' | 'viewing'
  readonly patientIdForm: string
}

/** One hospital lost its leading zeros somewhere: its numbers are padded again. */
const FACILITIES: readonly SampleFacility[] = [
  { code: '1311234567', kind: 'store-client', patientIdForm: 'pad:10' },
  { code: '0119999991', kind: 'store-client', patientIdForm: 'exact' },
  { code: '0149999999', kind: 'store-client', patientIdForm: 'exact' },
  { code: '1369999995', kind: 'store-client', patientIdForm: 'exact' },
]

interface SamplePatient {
  readonly name: readonly [family: string, given: string, kana: string, kanaGiven: string]
  readonly birthTime: string
  readonly sex: 'M' | 'F'
  readonly links: Readonly<Record<string, string>>
  /** Recorded later by `consent`. */
  readonly consents: 'now' | 'later'
}

const PATIENTS: readonly SamplePatient[] = [
  {
    name: ['試験', '花子', 'シケン', 'ハナコ'],
    birthTime: '19551203',
    sex: 'F',
    links: { '1311234567': '0001234567', '0119999991': '123', '0149999999': 'P-000123' },
    consents: 'now',
  },
  {
    name: ['見本', '太郎', 'ミホン', 'タロウ'],
    birthTime: '19700101',
    sex: 'M',
    links: { '1311234567': '0000000010', '1369999995': '0000000010' },
    consents: 'now',
  },
  {
    name: ['例示', '次郎', 'レイジ', 'ジロウ'],
    birthTime: '20100515',
    sex: 'M',
    links: { '1311234567': '0007654321' },
    consents: 'later',
  },
]

/** The system of a facility that sends and reads. */
export function systemOf(facilityCode: string): string {
  return `sample-${facilityCode}`
}

export interface SampleNetwork {
  /** Affinity-domain ids in the order of the patients. */
  readonly patients: readonly PatientId[]
  /** The consent that is missing at first. */
  readonly consent: () => Promise<void>
}

/** Registers everything; the last patient's consent is recorded only by `consent`. */
export async function registerSamples({ admin, server }: TestNetwork): Promise<SampleNetwork> {
  for (const [index, { code, kind, patientIdForm }] of FACILITIES.entries()) {
    const facilityId = `facility-${code}`
    const oid = `2.25.27182818284590452353602874713526624977${index}`
    const patientDomain = { oid: `${oid}.1`, name: `NUMBERS-${code}` }
    await admin.post('/facilities', {
      facilityId,
      oid,
      code,
      name: `架空施設${index}`,
      kind,
      patientIdForm,
      patientDomain,
    })
    const systemId = systemOf(code)
    await admin.post('/systems', {
      systemId,
      facilityId,
      roles: ['store-client', 'storage-importer', 'document-consumer'],
    })
    const { paths } = await issue(server.config, { systemId, facilityOid: oid })
    await admin.post(`/systems/${systemId}/certificates`, { pem: await readFile(paths.certificate, 'utf8') })
  }
  const made: string[] = []
  for (const patient of PATIENTS) made.push(await registerPatient(admin, patient))
  const consent = (xad: string) => admin.post(`/patients/${xad}/consents`, { kind: 'comprehensive' })
  for (const [index, xad] of made.entries()) if (PATIENTS[index]?.consents === 'now') await consent(xad)
  const authority = server.config.identity.affinityDomainAuthority
  return {
    patients: made.map((value) => ({ value, authority })),
    consent: async () => {
      for (const [index, xad] of made.entries()) if (PATIENTS[index]?.consents === 'later') await consent(xad)
    },
  }
}

async function registerPatient(admin: TestNetwork['admin'], patient: SamplePatient): Promise<string> {
  const [family, given, kanaFamily, kanaGiven] = patient.name
  const names = [
    { representation: 'IDE', family, given },
    { representation: 'SYL', family: kanaFamily, given: kanaGiven },
  ]
  const { sex, birthTime } = patient
  const { body } = await admin.post('/patients', { demographics: { names, sex, birthTime } })
  const xad = isObject(body) ? textOf(body.xad) : ''
  for (const [code, id] of Object.entries(patient.links))
    await admin.post(`/patients/${xad}/links`, { facilityId: `facility-${code}`, id, reason: 'registration' })
  return xad
}
