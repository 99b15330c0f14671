import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import type { HasherOptions } from './access/accounts/hasher.ts'
import { accountPorts } from './app/accounts.ts'
import {
  type Given,
  identityPorts,
  pdqPorts,
  pixQueryPorts,
  registryPorts,
  repositoryPorts,
  storeClientPorts,
  storedQueryPorts,
} from './app/actor-ports.ts'
import { adminPorts, ensureAdminToken, readiness } from './app/admin-ports.ts'
import { openAnswers, withAnswers } from './app/answers.ts'
import { beginLife } from './app/application-life.ts'
import { openAuditChain } from './app/audit-chain.ts'
import { openAuditReceiver } from './app/audit-receiving.ts'
import { sendAuditEvents } from './app/audit-sending.ts'
import { meterExpiry, tendCertificates } from './app/certificate-upkeep.ts'
import { withOwnCertificate } from './app/certificates.ts'
import { meterRevocationLists } from './app/crl-upkeep.ts'
import { openDatabase } from './app/database.ts'
import { developmentPki } from './app/development-pki.ts'
import { discoveryAdministration, measureDiscovery } from './app/discovering.ts'
import { type Doors, openDoors } from './app/doors.ts'
import { emergencyWork } from './app/emergency.ts'
import { endpointsOf } from './app/endpoints.ts'
import { openPartners, openRepositories, takingOf } from './app/federation.ts'
import { identityServices } from './app/feed-bindings.ts'
import { startJobs } from './app/jobs.ts'
import { type Journal, openJournal } from './app/journal.ts'
import { journalAccess, withOwnJournal } from './app/journal-access.ts'
import { openMatching } from './app/matching.ts'
import { measureDatabase, openMeasuringPool } from './app/measures/database.ts'
import { measureJournal } from './app/measures/journal.ts'
import { measureProcess } from './app/measures/process.ts'
import { notificationWork } from './app/notifications.ts'
import { type ListeningPorts, openOnboarding } from './app/onboarding.ts'
import { partnerTesting } from './app/partner-testing.ts'
import { openPushDoor } from './app/push-door.ts'
import { replayPorts } from './app/replay.ts'
import { repositoryFor } from './app/repository-apart.ts'
import { refuseOpenSecrets } from './app/secret-files.ts'
import { storageExport } from './app/storage-export.ts'
import { synchronisationWork } from './app/synchronisation.ts'
import { fillRecords, monthsAhead, sweepDaily, tendByTheClock } from './app/upkeep.ts'
import { openWithheld, releasePorts, releaseWork, withheldFiles } from './app/withheld.ts'
import { openXua } from './app/xua.ts'
import type { Config } from './config/config.ts'
import { loadAffinityDomain, loadStoreClientKinds } from './config/site-data.ts'
import { createExchangeRecorder, recordingWhile } from './db/exchange-recorder.ts'
import { keepingWhile } from './db/journal/keeper.ts'
import type { DatabaseConnection } from './db/pool.ts'
import type { DoorLog, DoorPorts } from './http/door.ts'
import { createManagement } from './http/management.ts'
import { createMetrics, type Metrics } from './http/metrics.ts'
import { createMllpListener } from './http/mllp-listener.ts'
import { createReplyDelivery } from './http/reply-delivery.ts'
import { parseAllowedAddress } from './http/reply-route.ts'
import { createHttpsDoor } from './http/server.ts'
import { registerDomain } from './identity/registration.ts'
import { openFileBlobStore } from './repository/file-blob-store.ts'
import { accept } from './storeclient/accept.ts'

export interface RunningServer {
  readonly config: Config
  readonly httpsPort: number
  /** StoreClient. */
  readonly mllpPort: number
  /** Patient identity over HL7 v2: ITI-8, ITI-9, ITI-21. */
  readonly pixPort: number
  readonly managementPort: number
  /** Of audit records of other systems; absent: none are received. */
  readonly auditPort?: number
  readonly adminToken: string
  readonly pool: pg.Pool
  /** What the journal keeps of an exchange. */
  readonly kept: Journal['kept']
  /** Reads certificate, key and authorities again, as it does by itself when they change. */
  readonly reload: () => Promise<void>
  /** /readyz says no from now on; resolves when load balancers have had time to turn away. The doors are still open. */
  readonly drain: () => Promise<void>
  /** Drains, closes the doors, writes what is left and stops the own PostgreSQL; safe to call twice. */
  readonly stop: () => Promise<void>
}

export interface ServerOptions {
  readonly log: DoorLog
  /** Other than usual only in tests, which log on often. */
  readonly passwords?: HasherOptions
  /** Of the bench alone, which measures what recording costs: no audit event and no journal entry of a read while it answers false. */
  readonly recording?: () => boolean
  /** False for those that work beside another process on the same directory: what one of them looks after is not looked after twice. */
  readonly isFirst?: boolean
}

/**
 * Start order: database → migrations → certificates → actors → listeners → ready (reliability: lifecycle). When it cannot start, nothing of
 * it stays behind: a process without its doors would look like a server, and nobody would start another.
 */
export async function startServer(config: Config, options: ServerOptions): Promise<RunningServer> {
  const opened: (() => Promise<unknown>)[] = []
  try {
    return await start(config, options, opened)
  } catch (error) {
    for (const close of opened.reverse()) await close().catch(() => {})
    throw error
  }
}

/** @param opened what is to be closed, the last first, when this fails. */
async function start(
  config: Config,
  options: ServerOptions,
  opened: (() => Promise<unknown>)[],
): Promise<RunningServer> {
  const metrics = createMetrics()
  const log = metrics.counted(options.log)
  await refuseOpenSecrets(config)
  const affinityDomain = loadAffinityDomain(config.dataDir)
  const dataKinds = loadStoreClientKinds(config.dataDir, affinityDomain)
  const database = await openDatabase(config, log)
  opened.push(database.stop)
  await monthsAhead(database.pool, log)
  await developmentPki(config)
  const given: Given = { config, log, pool: database.pool, affinityDomain, dataKinds }
  const auditChain = await openAuditChain(given)
  opened.push(auditChain.stop)
  const doors = await openDoors(given, database)
  opened.push(doors.stop)
  let ports: ListeningPorts = { https: 0, mllp: 0, pix: 0 }
  const recording = options.recording ?? (() => true)
  const house = await furnish(given, doors, {
    metrics,
    recording,
    ports: () => ports,
    connection: database.connection,
    isFirst: options.isFirst ?? true,
  })
  opened.push(house.messages.keeper.stop, house.recorder.drain, house.stop)
  meterRevocationLists(metrics.watch, given)
  const delivery = createReplyDelivery({
    tlsTo: (facilityId) => () => doors.outgoingTo(facilityId),
    ports: house.https.ports,
  })
  const replies = { allowed: config.soap.asyncReplyTo.map(parseAllowedAddress), delivery }
  const https = await createHttpsDoor({ ...house.https, tls: doors.tlsOf('https'), turns: doors.turns, replies })
  const mllp = createMllpListener({ ...house.mllp, ...house.storeClient, tls: doors.tlsOf('mllp/storeclient') })
  const pix = createMllpListener({ ...house.mllp, ...house.pix, tls: doors.tlsOf('mllp/pix') })
  const receiver = openAuditReceiver(given, doors, house.https.ports)
  doors.renewing({
    https,
    'mllp/storeclient': mllp,
    'mllp/pix': pix,
    ...(receiver === undefined ? {} : { syslog: receiver }),
  })
  const adminToken = await ensureAdminToken(config)
  const management = await createManagement({
    metrics: metrics.registry,
    checks: () => readiness(config, database.pool),
    admin: adminPorts(given, {
      ...house.administration,
      adminToken,
      accounts: await accountPorts(given, options.passwords),
      reloadModel: house.reloadModel,
      tolerances: house.tolerances,
      exportStorage: house.exportStorage,
      chain: auditChain.ports,
      ports: () => ports,
    }),
  })
  const life = await beginLife(given)
  const closeHouse = async (): Promise<void> => {
    await doors.stop()
    await house.stop()
    await house.recorder.drain()
    await house.messages.keeper.stop()
    await management.close()
    await life.end()
    await auditChain.stop()
  }
  const listening = [
    https.listen(config.https.port, config.https.host),
    mllp.listen(config.mllp.storeclient.port, config.mllp.host),
    pix.listen(config.mllp.pix.port, config.mllp.host),
    management.listen(config.management.port, config.management.host),
    receiver?.listen(config.audit.receiver.port ?? 0, config.audit.receiver.host),
  ] as const
  const [httpsPort, mllpPort, pixPort, managementPort, auditPort] = await Promise.all(listening).catch(
    async (error: unknown) => {
      // Another process has a port. A door that is closed before it is open would open afterwards.
      await Promise.allSettled(listening)
      await Promise.allSettled([https.close(), mllp.close(), pix.close(), receiver?.close(), delivery.close()])
      opened.splice(0, opened.length, database.stop, closeHouse)
      throw error
    },
  )
  ports = { https: httpsPort, mllp: mllpPort, pix: pixPort }
  const telling = { doors, ports: house.https.ports, watch: metrics.watch }
  const notifications = notificationWork(given, telling)
  const synchronisation = synchronisationWork(given, telling)
  const works = [notifications, synchronisation, house.releasing, house.emergencies]
  const jobs = startJobs(works, { connection: database.connection, log })
  const measuring = openMeasuringPool(database.connection)
  measureDatabase(metrics.watch, measuring)
  measureJournal(metrics.watch, house.messages.keeper)
  measureProcess(metrics.watch, {
    config,
    pools: { messages: database.pool, jobs: jobs.pool, metrics: measuring },
    turns: { soap: doors.turns, ...house.pushTurns },
  })
  const sending = sendAuditEvents({ given, tls: doors.outgoing, watch: metrics.watch })
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    management.drain()
    await Promise.all([https.close(), mllp.close(), pix.close(), receiver?.close()])
    await Promise.all([delivery.close(), jobs.stop()])
    await closeHouse()
    await sending.stop()
    await measuring.end()
    await database.stop()
  }
  return {
    config,
    httpsPort,
    mllpPort,
    pixPort,
    managementPort,
    ...(auditPort === undefined ? {} : { auditPort }),
    adminToken,
    pool: database.pool,
    kept: house.messages.kept,
    reload: doors.reload,
    drain: async () => {
      management.drain()
      await delay(config.drain.delaySeconds * 1000)
    },
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

/** Everything between doors and database, put together. */
async function furnish(
  given: Given,
  doors: Doors,
  {
    metrics,
    ports,
    recording,
    connection,
    isFirst,
  }: {
    readonly metrics: Metrics
    readonly ports: () => ListeningPorts
    readonly recording: () => boolean
    readonly connection: DatabaseConnection
    readonly isFirst: boolean
  },
) {
  const { config, log, pool } = given
  const recorder = recordingWhile(recording, createExchangeRecorder(pool))
  const messages = await openJournal(given)
  const doorPorts: DoorPorts = { recorder, keeper: keepingWhile(recording, messages.keeper), log, meter: metrics.meter }
  const blobs = await openFileBlobStore({
    directory: join(config.dataDir, 'documents'),
    maxDocumentBytes: config.limits.documentBytes,
  })
  const withheld = await openWithheld(given)
  const journal = journalAccess(given, { kept: messages.kept, recorder })
  const xua = openXua(given, { recorder, revision: doors.shared.revision, revocationOf: doors.revocationOf })
  const stopUpkeep = [
    xua.stop,
    ...(isFirst ? [sweepDaily(blobs, given), sweepDaily(withheld.blobs, given, withheldFiles(given))] : []),
    tendByTheClock(given),
  ]
  const stopFilling = fillRecords(given)
  const stopTending = tendCertificates(given)
  meterExpiry(given, metrics.watch)
  measureDiscovery(metrics.watch, given)
  const registry = registryPorts(given)
  const { repository, stop } = await repositoryFor(given, {
    repository: repositoryPorts(given, { registry, blobs }),
    blobs,
    doorPorts,
  })
  const matching = await openMatching(given)
  const identity = identityPorts(given, { matching: matching.current })
  await registerDomain(
    { oid: config.identity.affinityDomainAuthority, name: config.identity.affinityDomainName, kind: 'community' },
    identity,
  )
  const storeClient = storeClientPorts(given, { blobs, registry, withheld })
  const release = releasePorts(given, { options: withheld, storeClient, doorPorts })
  const pushes = openPushDoor(given, (request, caller) => accept(request, caller, storeClient))
  const { administration: onboarding, ...routes } = await openOnboarding(given, { door: doorPorts, ports })
  const answers = openAnswers(given, { connection, blobs })
  const openClient = () => openPartners(given, { doors, ports: doorPorts, blobs, awaiting: answers.awaiting })
  const partners = openClient()
  const repositories = openRepositories(given, { doors, ports: doorPorts, blobs })
  const endpoints = endpointsOf(given, {
    registry,
    queries: storedQueryPorts(given, registry),
    repository,
    identity,
    blobs,
    partners,
    repositories,
  })
  return {
    recorder,
    pushTurns: pushes.turns,
    messages,
    tolerances: pushes.tolerances,
    reloadModel: matching.reload,
    exportStorage: storageExport(given, blobs),
    releasing: releaseWork(release, withheld.blobs),
    emergencies: emergencyWork(given, metrics.watch),
    administration: {
      identity,
      registry,
      blobs,
      release,
      onboarding,
      discovery: discoveryAdministration(given, { partners, ports: doorPorts }),
      journal,
      replays: replayPorts(given, {
        blobs,
        withheld,
        matching: matching.current,
        readingOf: pushes.door.readingOf,
        policyOf: xua.gate.policyOf,
        kept: journal.kept,
      }),
      testPartner: partnerTesting(given, { doors, blobs, openClient }),
      changed: doors.changed,
    },
    stop: async () => {
      for (const stopOne of stopUpkeep) stopOne()
      matching.close()
      await Promise.all([stopFilling(), stopTending(), messages.stopUpkeep()])
      await pushes.tolerances.close()
      await Promise.all([partners.close(), repositories.close()])
      await answers.stop()
      await stop()
    },
    https: {
      ...doors.shared,
      ...(doors.proxy === undefined ? {} : { proxy: doors.proxy }),
      ports: doorPorts,
      xua: xua.gate,
      endpoints,
      storeClient: { ports: doorPorts, ...pushes.door },
      ...routes,
      ownRoutes: withAnswers(
        {
          ports: doorPorts,
          rate: doors.shared.rate,
          awaiting: answers.awaiting,
          ...takingOf(given, blobs),
        },
        withOwnJournal({ door: doorPorts, journal }, withOwnCertificate(given, doorPorts, routes.ownRoutes)),
      ),
      limits: config.limits,
    },
    mllp: { ...doors.shared, ports: doorPorts, limits: config.limits },
    storeClient: { endpoint: 'mllp/storeclient', ...pushes.door } as const,
    pix: {
      endpoint: 'mllp/pix' as const,
      serviceOf: identityServices(identity, { pix: pixQueryPorts(given, identity), pdq: pdqPorts(given, identity) }),
    },
  }
}
