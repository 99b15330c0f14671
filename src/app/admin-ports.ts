// Composition root, part two: administration, readiness and the admin token (design §5).

import { randomBytes, randomUUID } from 'node:crypto'
import type { StatsFs } from 'node:fs'
import { mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { ENDPOINTS } from '../../profiles/transactions/index.ts'
import { createAtomically, readPublic } from '../certificates/files.ts'
import type { Config } from '../config/config.ts'
import { loadFees } from '../config/site-data.ts'
import { createIssuerStore } from '../db/access/issuers.ts'
import { isPatientOf } from '../db/access/own-patient.ts'
import { createRightsStore } from '../db/access/rights.ts'
import { createAdministrationStore } from '../db/administration-store.ts'
import { createAuditTargetStore } from '../db/audit/targets.ts'
import { clockOffsetMs } from '../db/clock.ts'
import { createIndexAdministration } from '../db/identity/administration.ts'
import { execute, sql } from '../db/sql.ts'
import { createContractStore } from '../db/storeclient/contract.ts'
import type { ToleranceStore } from '../db/storeclient/tolerances.ts'
import { createUsageReader } from '../db/storeclient/usage.ts'
import { createSubscriptionStore } from '../db/subscription-store.ts'
import { createSynchronisationStore } from '../db/synchronisation/administration.ts'
import type { AdminPorts, PatientPorts, PersonAnswer } from '../http/admin/ports.ts'
import { linkRecord, unlinkRecord } from '../identity/linking.ts'
import type { IdentityPorts } from '../identity/ports.ts'
import { findPersons, type PersonView, registerPerson } from '../identity/registration.ts'
import { exportPatients } from '../identity/transfer/export.ts'
import { importPatients } from '../identity/transfer/import.ts'
import type { TransferPorts } from '../identity/transfer/ports.ts'
import { parseOid } from '../model/identifiers.ts'
import type { RegistryPorts } from '../registry/ports.ts'
import type { BlobStore } from '../repository/ports.ts'
import type { ReleasePorts } from '../storeclient/hold/hold-ports.ts'
import { type Given, transferPorts } from './actor-ports.ts'
import { checkAuthorities } from './audit-sending.ts'
import { viewingPorts } from './calendar-ports.ts'
import { certificatePorts } from './certificates.ts'
import { emergencyAdministration } from './emergency.ts'
import { explainingPorts, simulationPorts } from './explaining.ts'
import { certificateOf } from './issuing-authority.ts'
import { recordPorts } from './records.ts'
import { trainApart } from './training.ts'
import { anchorPorts } from './trust.ts'

const TOKEN_BYTES = 32
/** Below this a document might not fit. */
const MIN_FREE_BYTES = 1024 ** 3
/** Of a disk that is nearly full, file systems get slow. */
const MIN_FREE_PART = 0.05
/** Servers of a network whose clocks differ more say different things of what is valid. */
const CLOCK_MS = 1000

/** The token of the admin API, made at the first start, readable by the server's own user only. */
export async function ensureAdminToken(config: Config): Promise<string> {
  const directory = join(config.dataDir, 'config')
  const path = join(directory, 'admin-token')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if ((await readPublic(path)) === undefined)
    await createAtomically(path, `${randomBytes(TOKEN_BYTES).toString('base64url')}\n`)
  const token = (await readFile(path, 'utf8')).trim()
  if (token.length < TOKEN_BYTES) throw new Error(`${path} holds no token; delete it and start again`)
  return token
}

/** Can we take a message now: is the database writable, and the place of documents, is there room, and is it the time that we think? */
export async function readiness(config: Config, pool: pg.Pool): Promise<Readonly<Record<string, string>>> {
  const database = await execute(
    pool,
    sql`/* readiness: the database takes writes */ insert into access.network_setting (name, value)
      values ('last-readiness-check', now()::text) on conflict (name) do update set value = excluded.value, updated_at = now()`,
  ).then(
    () => 'ok',
    () => 'not writable',
  )
  const documents = await isWritable(join(config.dataDir, 'documents', 'incoming'))
  // Each may be a disk of its own. Where there is no place of documents, that is a check of its own.
  const documentDisk = await statfs(join(config.dataDir, 'documents')).catch(() => undefined)
  const disks = [await statfs(config.dataDir), ...(documentDisk === undefined ? [] : [documentDisk])]
  const hasClock = await clockOffsetMs(pool).then(
    (offset) => Math.abs(offset) < CLOCK_MS,
    () => undefined,
  )
  return {
    database,
    documents: documents ? 'ok' : 'not writable',
    disk: disks.every(hasRoom) ? 'ok' : 'less than 1 GiB or 5 % free',
    // A database that cannot be asked is a check of its own.
    clock: hasClock === false ? 'more than a second off that of the database' : 'ok',
  }
}

/** More than either, of what we may use ourselves. */
export function hasRoom({ bavail, blocks, bsize }: Pick<StatsFs, 'bavail' | 'blocks' | 'bsize'>): boolean {
  return bavail * bsize > MIN_FREE_BYTES && bavail > blocks * MIN_FREE_PART
}

/** A file system that has gone read-only, or has no more room for names, has bytes left all the same. */
async function isWritable(directory: string): Promise<boolean> {
  const path = join(directory, `ready-${randomUUID()}`)
  try {
    await writeFile(path, 'x', { flag: 'wx', mode: 0o600 })
    return true
  } catch {
    return false
  } finally {
    await rm(path, { force: true }).catch(() => {})
  }
}

export function adminPorts(
  house: Given,
  given: {
    readonly adminToken: string
    readonly accounts: AdminPorts['accounts']
    readonly identity: IdentityPorts
    readonly registry: RegistryPorts
    readonly blobs: BlobStore
    readonly reloadModel: () => Promise<void>
    readonly tolerances: Pick<ToleranceStore, 'of'>
    readonly exportStorage: AdminPorts['exportStorage']
    readonly chain: AdminPorts['chain']
    readonly ports: () => { https: number; mllp: number }
    readonly release: ReleasePorts
    readonly onboarding: AdminPorts['onboarding']
    readonly discovery: AdminPorts['discovery']
    readonly journal: AdminPorts['journal']
    readonly replays: AdminPorts['replays']
    readonly testPartner: AdminPorts['testPartner']
    /** Called after every change. */
    readonly changed: () => void
  },
): AdminPorts {
  const { config, log, pool, affinityDomain } = house
  const store = createAdministrationStore(pool, config.access.mode)
  return {
    token: given.adminToken,
    log,
    store,
    ownRepository: config.repository.uniqueId,
    accounts: given.accounts,
    rights: createRightsStore(pool),
    documentKinds: affinityDomain.classCode.map(({ code }) => code),
    tolerances: given.tolerances.of,
    readCertificate: certificateOf,
    certificates: certificatePorts(house),
    network: () => ({
      homeCommunityId: config.community.homeCommunityId,
      repositoryUniqueId: config.repository.uniqueId,
      affinityDomainAuthority: config.identity.affinityDomainAuthority,
      accessMode: config.access.mode,
      publicUrl: config.https.publicUrl,
      endpoints: ENDPOINTS,
      httpsPort: given.ports().https,
      mllpPort: given.ports().mllp,
    }),
    anchors: anchorPorts(house),
    testPartner: given.testPartner,
    auditTargets: { store: createAuditTargetStore(pool), checkAuthorities },
    contracts: createContractStore(pool),
    emergency: emergencyAdministration(house),
    explaining: explainingPorts(house),
    simulation: simulationPorts(house),
    records: recordPorts(house),
    release: given.release,
    onboarding: given.onboarding,
    discovery: given.discovery,
    journal: given.journal,
    replays: given.replays,
    usage: { ...createUsageReader(pool), fees: loadFees(config.dataDir) },
    changed: given.changed,
    subscriptions: createSubscriptionStore(pool),
    synchronisation: createSynchronisationStore(pool, config.identity.affinityDomainAuthority),
    issuers: createIssuerStore(pool),
    viewing: viewingPorts(house, given),
    exportStorage: given.exportStorage,
    chain: given.chain,
    patients: patientPorts(house, { identity: given.identity, store }),
    transfer: transferRoutePorts(transferPorts(house, given.identity)),
    index: {
      ...given.identity,
      administration: createIndexAdministration(pool, given.identity.affinityDomain),
      reloadModel: given.reloadModel,
      train: (records, options) => trainApart({ records, ...options }),
    },
  }
}

function transferRoutePorts(ports: TransferPorts): AdminPorts['transfer'] {
  return {
    affinityDomain: ports.affinityDomain,
    import: (batches, given) => importPatients(batches, { ...given, ports, importId: randomUUID() }),
    export: (request) => exportPatients(request, ports),
  }
}

function patientPorts(
  { config, pool }: Pick<Given, 'config' | 'pool'>,
  given: { readonly identity: IdentityPorts; readonly store: AdminPorts['store'] },
): PatientPorts {
  const { identity, store } = given
  const community = config.identity.affinityDomainAuthority
  const find = async (value: string, domain?: string): Promise<readonly PersonAnswer[]> => {
    const oid = domain === undefined ? undefined : parseOid(domain)
    if (domain !== undefined && oid === undefined) return []
    return (await findPersons({ value, ...(oid === undefined ? {} : { domain: oid }) }, identity)).map(toPersonAnswer)
  }
  const domainOf = async (facilityId: string) =>
    parseOid((await store.facilities()).find((facility) => facility.facilityId === facilityId)?.patientDomain.oid ?? '')
  return {
    register: async (demographics, who) => ({
      xad: (await registerPerson({ demographics, ...who }, identity)).xad.value,
    }),
    find,
    byXad: async (xad) => (await find(xad, community))[0],
    isOf: (personKey, facilityId) => isPatientOf(pool, personKey, facilityId),
    link: async ({ xad, facilityId, value, by, peer, reason }) => {
      const domain = await domainOf(facilityId)
      if (domain === undefined) return 'no-domain'
      await linkRecord({ domain, value, person: xad, by, peer, reason }, identity)
      return 'linked'
    },
    unlink: async ({ facilityId, value, by, peer, reason }) => {
      const domain = await domainOf(facilityId)
      if (domain === undefined) return 'no-domain'
      await unlinkRecord({ domain, value, by, peer, reason }, identity)
      return 'linked'
    },
  }
}

function toPersonAnswer(person: PersonView): PersonAnswer {
  return {
    key: person.key,
    ...(person.xad === undefined ? {} : { xad: person.xad }),
    identifiers: person.identifiers.map(({ id, status }) => ({ domain: id.authority, value: id.value, status })),
  }
}
