// The network the bench measures in: two facilities in a union, patients with consent and links, made through the real doors.

import { readFile } from 'node:fs/promises'
import { iti44Add } from '../../../profiles/transactions/index.ts'
import { readAcknowledgement } from '../../codec/hl7v3/read-acknowledgement.ts'
import { writeFeed } from '../../codec/hl7v3/write-feed.ts'
import { type Config, loadConfig } from '../../config/config.ts'
import { newOid, type Oid } from '../../model/identifiers.ts'
import { type AdminClient, createAdminClient, rowsOf, textOf } from '../admin-client.ts'
import { serverDevice } from '../as-system.ts'
import { issue } from '../cert.ts'
import { createSystemClient } from '../client.ts'
import { type Credentials, readCredentials } from '../credentials.ts'
import type { BenchPatient } from './messages.ts'
import type { Settings } from './subject.ts'
import type { Subject } from './subject-process.ts'

export const FACILITY_CODE = '1399100015'

export interface World {
  readonly hospital: Credentials
  readonly clinic: Credentials
  /** Another repository, for which the hospital registers (ITI-42). */
  readonly repositoryUniqueId: Oid
  readonly patients: readonly BenchPatient[]
}

/** A server to make a network in. */
export interface WorldOptions {
  readonly config: Config
  readonly admin: AdminClient
}

/** The server as the bench administers it. */
export function worldOptions(
  { ready }: Pick<Subject, 'ready'>,
  { directory, settings = {} }: { readonly directory: string; readonly settings?: Settings },
): WorldOptions {
  const { managementPort, adminToken } = ready
  return {
    config: loadConfig({ flags: { ...settings, dataDir: directory }, env: {} }),
    admin: createAdminClient({ baseUrl: `http://127.0.0.1:${managementPort}`, token: adminToken }),
  }
}

/** Makes the network in a server that has just been started for the first time. */
export async function openWorld(
  subject: Pick<Subject, 'ready' | 'httpsUrl'>,
  given: { readonly directory: string; readonly patients: number; readonly settings?: Settings },
): Promise<World> {
  const options = worldOptions(subject, given)
  const repositoryUniqueId = newOid()
  const hospitalDomain = newOid()
  await facility(options, {
    facilityId: 'bench-hospital',
    domain: hospitalDomain,
    code: FACILITY_CODE,
    repositoryUniqueId,
  })
  await facility(options, { facilityId: 'bench-clinic', domain: newOid() })
  await options.admin.post('/unions', { unionId: 'bench', name: 'bench', kind: 'closed' })
  for (const facilityId of ['bench-hospital', 'bench-clinic'])
    await options.admin.post('/unions/bench/members', { facilityId })
  const hospital = await readCredentials(options.config, 'bench-hospital')
  const clinic = await readCredentials(options.config, 'bench-clinic')
  const patients: BenchPatient[] = []
  const client = createSystemClient({ baseUrl: subject.httpsUrl, credentials: hospital })
  try {
    for (let number = 1; number <= given.patients; number++)
      patients.push(await patient(options, { number, domain: hospitalDomain, client }))
  } finally {
    await client.close()
  }
  return { hospital, clinic, repositoryUniqueId, patients }
}

export interface Joining {
  readonly facilityId: string
  readonly domain: Oid
  readonly code?: string
  readonly repositoryUniqueId?: Oid
}

const ROLES = ['store-client', 'document-source', 'document-consumer', 'patient-identity-source', 'pix-consumer']

/** A facility with one system of its name, and a certificate for it. */
export async function facility({ admin, config }: WorldOptions, given: Joining): Promise<void> {
  const { facilityId, domain, code, repositoryUniqueId } = given
  const oid = newOid()
  const roles = repositoryUniqueId === undefined ? ROLES : [...ROLES, 'document-repository']
  const repositories = repositoryUniqueId === undefined ? [] : [repositoryUniqueId]
  await admin.post('/facilities', {
    facilityId,
    oid,
    name: facilityId,
    kind: 'store-client',
    facilityType: 'HOSPITAL',
    patientDomain: { oid: domain, name: facilityId },
    ...(code === undefined ? {} : { code }),
  })
  await admin.post('/systems', { systemId: facilityId, facilityId, roles, repositories })
  const { paths } = await issue(config, { systemId: facilityId, facilityOid: oid })
  await admin.post(`/systems/${facilityId}/certificates`, { pem: await readFile(paths.certificate, 'utf8') })
}

/** Of every patient of the bench. */
export const DEMOGRAPHICS = {
  names: [
    { representation: 'IDE', family: '架空', given: '太郎' },
    { representation: 'SYL', family: 'カクウ', given: 'タロウ' },
  ],
  sex: 'M',
  birthTime: '19580412',
  addresses: [],
  telecoms: [],
} as const

async function patient(
  { admin, config }: WorldOptions,
  given: { readonly number: number; readonly domain: Oid; readonly client: ReturnType<typeof createSystemClient> },
): Promise<BenchPatient> {
  const localId = String(given.number).padStart(10, '0')
  const body = writeFeed({
    kind: 'add',
    sender: { id: given.domain },
    receiver: serverDevice(config),
    patientIds: [{ value: localId, authority: given.domain }],
    otherIds: [],
    demographics: DEMOGRAPHICS,
    providerName: 'bench-hospital',
  })
  const acknowledgement = readAcknowledgement((await given.client.call({ transaction: iti44Add, body })).body)
  if (acknowledgement.code !== 'CA') throw new Error(`ITI-44 was answered ${acknowledgement.code}`)
  const [person] = rowsOf((await admin.get(`/patients?id=${localId}&domain=${given.domain}`)).body)
  const xad = textOf(person?.xad)
  await admin.post(`/patients/${xad}/consents`, { kind: 'comprehensive' })
  await admin.post(`/patients/${xad}/links`, { facilityId: 'bench-clinic', id: `C${localId}`, reason: 'bench' })
  return {
    patientId: { value: xad, authority: config.identity.affinityDomainAuthority },
    localId,
    localAuthority: given.domain,
    facilityCode: FACILITY_CODE,
    sourceId: given.domain,
  }
}
