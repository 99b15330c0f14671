// Composition root: the only file that knows everyone. It hands each actor its ports and binds each transaction row (design §1).

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import {
  ENDPOINTS,
  iti18,
  iti41,
  iti42,
  iti43,
  iti44Add,
  iti44Revise,
  iti45,
  transactions,
} from '../profiles/transactions/index.ts'
import { admits, mayPublish, scopeOf } from './access/decide.ts'
import { auditEvents } from './audit/event.ts'
import { ensureDevelopmentPki, pkiPaths } from './certificates/pki-directory.ts'
import { tlsOptions } from './certificates/presets.ts'
import { renderAssociationFragment, renderFragment } from './codec/ebxml/registry-object.ts'
import { readEr7 } from './codec/hl7v2/read.ts'
import type { Config } from './config/config.ts'
import { factsOfPatient, factsOfPersons, findDomains, findSystem, type PersonFacts } from './db/access-store.ts'
import { startEmbeddedPostgres } from './db/embedded-postgres.ts'
import { createExchangeRecorder, writeExchangeRows } from './db/exchange-recorder.ts'
import { completeClaim, takeClaim } from './db/idempotency.ts'
import { createIdentityStore } from './db/identity-store.ts'
import { migrate } from './db/migrate.ts'
import { createPool, type DatabaseConnection } from './db/pool.ts'
import { createRegistryStore, findRetrievable } from './db/registry-store.ts'
import type { Queryable } from './db/sql.ts'
import { createStoreClientStore } from './db/storeclient-store.ts'
import { type Binding, bind } from './http/binding.ts'
import type { DoorLog, DoorPorts } from './http/door.ts'
import { createMetrics } from './http/metrics.ts'
import { createHttpsDoor } from './http/server.ts'
import type { SoapEndpoint } from './http/soap-door.ts'
import { createStoreClientListener } from './http/storeclient-mllp.ts'
import { iti44Codec, iti45Codec } from './http/transactions/pix.ts'
import { iti18Codec, iti42Codec } from './http/transactions/registry.ts'
import { iti41Codec, iti43Codec } from './http/transactions/repository.ts'
import { feedAdd, feedRevise, pixQuery } from './identity/pix-manager.ts'
import type { IdentityPorts } from './identity/ports.ts'
import { journalEntry } from './journal/entry.ts'
import type { PatientAccess } from './model/access.ts'
import type { Caller } from './model/caller.ts'
import type { RecordedOutcome, RegistryPorts } from './registry/ports.ts'
import { register } from './registry/register.ts'
import { storedQuery } from './registry/stored-query.ts'
import { openFileBlobStore } from './repository/file-blob-store.ts'
import type { RepositoryPorts } from './repository/ports.ts'
import { provideAndRegister } from './repository/provide-and-register.ts'
import { retrieve } from './repository/retrieve.ts'
import { accept } from './storeclient/accept.ts'
import type { LocalIdForm, StoreClientPorts } from './storeclient/ports.ts'

export interface RunningServer {
  readonly config: Config
  readonly httpsPort: number
  readonly mllpPort: number
  readonly managementPort: number
  readonly adminToken: string
  readonly pool: pg.Pool
  /** Drains, closes the doors, writes what is left and stops the own PostgreSQL; safe to call twice. */
  readonly stop: () => Promise<void>
}

interface Database {
  readonly pool: pg.Pool
  readonly stop: () => Promise<void>
}

/** Start order: database → migrations → certificates → actors → listeners → ready (reliability: lifecycle). */
export async function startServer(config: Config, options: { readonly log: DoorLog }): Promise<RunningServer> {
  const { log } = options
  const database = await openDatabase(config, log)
  const house = await furnish({ config, log, pool: database.pool })
  const tls = await tlsMaterial(config)
  const https = await createHttpsDoor({ ...house.https, tls })
  const mllp = createStoreClientListener({ ...house.mllp, tls })
  const management = await createManagementDoor({ config, house, pool: database.pool })
  const [httpsPort, mllpPort, managementPort] = await Promise.all([
    https.listen(config.https.port, config.https.host),
    mllp.listen(config.mllp.storeclient.port, config.mllp.host),
    management.listen(config.management.port, config.management.host),
  ])
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    management.drain()
    await Promise.all([https.close(), mllp.close()])
    await house.recorder.drain()
    await management.close()
    await database.stop()
  }
  return {
    config,
    httpsPort,
    mllpPort,
    managementPort,
    adminToken: management.adminToken,
    pool: database.pool,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

/** The configured database, or our own below the data directory; brought to the newest schema before anyone uses it. */
async function openDatabase(config: Config, log: DoorLog): Promise<Database> {
  const embedded =
    config.database.url === undefined
      ? await startEmbeddedPostgres({ directory: join(config.dataDir, 'postgres'), log: (line) => log.info({}, line) })
      : undefined
  const connection: DatabaseConnection = embedded?.connection ?? { connectionString: config.database.url ?? '' }
  await migrate(connection, { log: (line) => log.info({}, line) })
  const pool = createPool(connection, config.database.poolSize, (error) =>
    log.warn({ cause: error.name }, 'a database connection broke'),
  )
  return {
    pool,
    stop: async () => {
      await pool.end()
      await embedded?.stop()
    },
  }
}

/** Certificate files as configured; the development PKI is made when they are its own. */
async function tlsMaterial(config: Config) {
  const directory = join(config.dataDir, 'pki')
  const own = pkiPaths(directory)
  if (config.tls.certificate === own.serverCertificate)
    await ensureDevelopmentPki(directory, {
      serverNames: [new URL(config.https.publicUrl).hostname, ...config.tls.serverNames],
    })
  const [cert, key, ca] = await Promise.all(
    [config.tls.certificate, config.tls.key, config.tls.ca].map((path) => readFile(path)),
  )
  return { ...tlsOptions({ preset: config.tls.preset, atnaDhe: config.tls.atnaDhe }), cert, key, ca }
}

interface Given {
  readonly config: Config
  readonly log: DoorLog
  readonly pool: pg.Pool
}

/** Everything between doors and database, put together. */
async function furnish(given: Given) {
  const { config, log, pool } = given
  const metrics = createMetrics()
  const recorder = createExchangeRecorder(pool)
  const doorPorts: DoorPorts = { recorder, log, meter: metrics.meter }
  const blobs = await openFileBlobStore({
    directory: join(config.dataDir, 'documents'),
    maxDocumentBytes: config.limits.documentBytes,
  })
  const registry = registryPorts(given)
  const repository = repositoryPorts(given, { registry, blobs })
  const identity = identityPorts(given)
  const storeClient = storeClientPorts(given, { blobs, registry })
  const find = (fingerprint: string) => findSystem(pool, { fingerprint, networkMode: config.access.mode })
  const door = {
    ports: doorPorts,
    accept: (request: Parameters<typeof accept>[0], caller: Caller) => accept(request, caller, storeClient),
  }
  const endpoints = endpointsOf(given, { registry, repository, identity })
  return {
    metrics,
    recorder,
    identity,
    https: { ports: doorPorts, findSystem: find, endpoints, storeClient: door, limits: config.limits },
    mllp: { ...door, findSystem: find, limits: config.limits },
  }
}

function endpointsOf(
  { config }: Given,
  actors: { readonly registry: RegistryPorts; readonly repository: RepositoryPorts; readonly identity: IdentityPorts },
): readonly SoapEndpoint[] {
  const { registry, repository, identity } = actors
  const bindings: readonly Binding[] = [
    bind(iti18, iti18Codec, (request, caller) => storedQuery(request, caller, registry)),
    bind(iti42, iti42Codec, (request, caller) =>
      register(
        {
          ...request,
          documents: [],
          repositories: caller.accessMode === 'affinity-domain' ? undefined : caller.repositories,
        },
        caller,
        registry,
      ),
    ),
    bind(iti41, iti41Codec(repository.blobs.stage), (request, caller) =>
      provideAndRegister(request, caller, repository),
    ),
    bind(iti43, iti43Codec, (request, caller) => retrieve(request, caller, repository)),
    bind(iti44Add, iti44Codec, (request, caller) => feedAdd(request, caller, identity)),
    bind(iti44Revise, iti44Codec, (request, caller) => feedRevise(request, caller, identity)),
    bind(iti45, iti45Codec, (request, caller) => pixQuery(request, caller, identity)),
  ]
  return Object.entries(ENDPOINTS).map(([actor, path]) => ({
    path,
    bindings: bindings.filter((binding) => binding.transaction.actor === actor),
    wsdl: writeWsdl({
      actor: actor as keyof typeof ENDPOINTS,
      transactions,
      address: `${config.https.publicUrl}${path}`,
    }),
    ...(actor === 'DocumentRepository' ? { staging: repository.blobs } : {}),
  }))
}

function toAccess(caller: Caller, person: PersonFacts): PatientAccess {
  return {
    personKey: person.personKey,
    patientId: person.patientId,
    scope: scopeOf(caller, person.facts),
    publish: mayPublish(caller, person.facts),
  }
}

async function writeExchange(client: Queryable, caller: Caller, outcome: RecordedOutcome): Promise<void> {
  await writeExchangeRows(client, {
    events: auditEvents(caller, outcome),
    entries: [journalEntry(caller.exchange, caller, { ...outcome, now: performance.now() })],
  })
}

function registryPorts({ config, pool }: Given): RegistryPorts {
  const accessOf = async (
    client: Queryable,
    caller: Caller,
    patientId: Parameters<RegistryPorts['access']['ofPatient']>[1],
  ) => {
    const person = await factsOfPatient(client, { patientId, facilityId: caller.facilityId })
    return person === undefined ? undefined : toAccess(caller, person)
  }
  return {
    store: createRegistryStore({ pool, recordExchange: writeExchange, accessOf }),
    access: {
      ofPatient: (caller, patientId) => accessOf(pool, caller, patientId),
      ofPersons: (caller, personKeys) => accessOfPersons(pool, caller, personKeys),
      admits: (access, entry) => admits(access.scope, entry).allowed,
    },
    render: { object: renderFragment, association: renderAssociationFragment },
    limits: config.limits,
  }
}

async function accessOfPersons(
  pool: pg.Pool,
  caller: Caller,
  personKeys: readonly string[],
): Promise<ReadonlyMap<string, PatientAccess>> {
  const persons = await factsOfPersons(pool, { personKeys, facilityId: caller.facilityId })
  return new Map(persons.map((person) => [person.personKey, toAccess(caller, person)]))
}

function repositoryPorts(
  { config, log, pool }: Given,
  given: { readonly registry: RegistryPorts; readonly blobs: RepositoryPorts['blobs'] },
): RepositoryPorts {
  const { registry, blobs } = given
  const repositoryUniqueId = config.repository.uniqueId
  return {
    repositoryUniqueId,
    blobs,
    documents: (uniqueIds) => findRetrievable(pool, { repositoryUniqueId, uniqueIds }),
    access: registry.access,
    register: (request, caller) => register({ ...request, repositories: [repositoryUniqueId] }, caller, registry),
    alarm: (damaged) => log.error({ document: damaged.uniqueId }, 'a stored document does not match its checksum'),
  }
}

function identityPorts({ config, pool }: Given): IdentityPorts {
  const affinityDomain = config.identity.affinityDomainAuthority
  return {
    store: createIdentityStore(pool, { claim: takeClaim, complete: completeClaim, record: writeExchange }),
    affinityDomain,
    visibleDomains: async (caller, person) => {
      const [access] = (await accessOfPersons(pool, caller, [person])).values()
      if (access === undefined || !access.scope.decision.allowed) return new Set<string>()
      const { mode, publishers } = access.scope
      const domains = await findDomains(pool, mode === 'everything' ? undefined : publishers)
      return new Set([affinityDomain, ...domains])
    },
  }
}

function storeClientPorts(
  { config, log, pool }: Given,
  given: { readonly blobs: RepositoryPorts['blobs']; readonly registry: RegistryPorts },
): StoreClientPorts {
  const { blobs, registry } = given
  return {
    settings: {
      namespace: config.storeclient.namespace,
      repositoryUniqueId: config.repository.uniqueId,
      processingIds: ['P'],
    },
    facilitySettings: (caller) => ({
      localIdForm: caller.patientIdForm as LocalIdForm,
      shrinkGuard: 'keep-parts',
      ...(caller.facilityType === undefined ? {} : { facilityType: caller.facilityType }),
    }),
    now: () => new Date(),
    decode: (bytes) => {
      try {
        return readEr7(bytes)
      } catch {
        // Stored bytes were readable when they came; if they are not now, the guard treats them as unknown.
        return undefined
      }
    },
    stage: (bytes) => blobs.stage(chunks(bytes)),
    inTransaction: createStoreClientStore({
      pool,
      mayPublish: (facilityId, facts) => mayPublish({ facilityId, accessMode: 'consent' }, facts).allowed,
      render: registry.render,
      readFile: blobs.read,
      recordExchange: writeExchange,
    }),
    holdForReview: async (item) => {
      log.warn(
        { journal: item.caller.exchange.id, system: item.caller.systemId },
        'identity of a message differs from the link: staff must look at it',
      )
    },
  }
}

async function* chunks(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes
}
