// Composition root: sealed audit events go to audit repositories; one process sends to each (ITI TF-2 3.20; docs/adr/0037).

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { nodeAuthenticationFailure } from '../audit/event.ts'
import { withoutQueries } from '../audit/fitting.ts'
import { auditMessages } from '../audit/message.ts'
import { type Noted, type SendPorts, sendAll } from '../audit/send.ts'
import type { AuditSource } from '../audit/source.ts'
import type { StoredEvent } from '../audit/stored-event.ts'
import { concernOf } from '../audit/target-concern.ts'
import type { ClaimedTarget, TargetView } from '../audit/targets.ts'
import { writeAuditMessage } from '../codec/atna/write.ts'
import { MAX_SYSLOG_BYTES } from '../codec/syslog/frame.ts'
import { NOTICE, type SyslogOrigin, WARNING, writeAuditRecord } from '../codec/syslog/message.ts'
import { refuseOpenFile } from '../config/secret-file.ts'
import { readSealed } from '../db/audit/sealed-events.ts'
import { claimTargets, LEASE_MS, listTargets, noteState, releaseTargets, saveProgress } from '../db/audit/targets.ts'
import { writeExchangeRows } from '../db/exchange-recorder.ts'
import { transaction } from '../db/pool.ts'
import { openAuditLine } from '../http/audit-line.ts'
import { watchAuditTargets } from '../http/audit-metrics.ts'
import { newExchange } from '../http/door.ts'
import { nameOf } from '../http/failure.ts'
import type { Watch } from '../http/metrics/gauges.ts'
import type { OutgoingTls } from '../http/outgoing-tls.ts'
import { certificatesOf } from '../http/shown-certificate.ts'
import type { AuditMessage } from '../model/audit-message.ts'
import type { Given } from './actor-ports.ts'
import { auditSource } from './audit-source.ts'

/** Leases are renewed, and targets that nobody has are taken, so often. */
const CLAIM_MS = 2000
/** How things stand is looked at so often, for the log. */
const LOOK_MS = 10_000

export interface AuditSending {
  /** Ends connections in good order; another process may go on at once. */
  readonly stop: () => Promise<void>
}

interface House {
  readonly given: Given
  readonly tls: OutgoingTls
  readonly watch: Watch
}

interface Working {
  readonly version: number
  readonly stopping: AbortController
  readonly done: Promise<void>
}

export function sendAuditEvents(house: House): AuditSending {
  const { given, watch } = house
  watchAuditTargets(watch, () => listTargets(given.pool))
  const stopping = new AbortController()
  const working = keepSending(house, stopping.signal)
  const watching = keepWatching(given, stopping.signal)
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all([working, watching])
    },
  }
}

async function keepSending(house: House, signal: AbortSignal): Promise<void> {
  const { pool, log } = house.given
  const owner = randomUUID()
  const working = new Map<string, Working>()
  let leasedMs = performance.now()
  while (!signal.aborted) {
    const askedMs = performance.now()
    try {
      employ(house, { working, owner, claimed: await claimTargets(pool, owner) })
      leasedMs = askedMs
    } catch (error) {
      log.warn({ cause: nameOf(error) }, 'audit targets cannot be looked after now')
      // Who cannot say that it is there must not send beside the one that takes over.
      if (performance.now() - leasedMs > LEASE_MS - CLAIM_MS) dismiss(working)
    }
    await rest(CLAIM_MS, signal)
  }
  dismiss(working)
  await Promise.all([...working.values()].map(({ done }) => done))
  await releaseTargets(pool, owner).catch((error: unknown) =>
    log.warn({ cause: nameOf(error) }, 'audit targets stay taken for some seconds'),
  )
}

interface Employed {
  readonly working: Map<string, Working>
  readonly owner: string
  readonly claimed: readonly ClaimedTarget[]
}

/**
 * Whoever works for a target that is not ours any more, or has been changed, ends in good order, which may take a while; somebody else
 * begins at a later look.
 */
function employ(house: House, { working, owner, claimed }: Employed): void {
  const versions = new Map(claimed.map(({ name, version }) => [name, version]))
  for (const [name, { version, stopping }] of working) if (versions.get(name) !== version) stopping.abort()
  for (const target of claimed) {
    if (working.has(target.name)) continue
    const stopping = new AbortController()
    const done = sendAll(target, sendPorts(house, target, owner), stopping.signal)
      .catch((error: unknown) =>
        house.given.log.error({ target: target.name, cause: nameOf(error) }, 'the sender of an audit target failed'),
      )
      .finally(() => working.delete(target.name))
    working.set(target.name, { version: target.version, stopping, done })
  }
}

function dismiss(working: ReadonlyMap<string, Working>): void {
  for (const { stopping } of working.values()) stopping.abort()
}

function sendPorts({ given, tls }: House, target: ClaimedTarget, owner: string): SendPorts {
  const { config, log, pool } = given
  const source = auditSource(config)
  const held = { name: target.name, owner, version: target.version }
  const origin = { hostName: source.hostName, appName: 'tsunagi', processId: String(source.pid) }
  return {
    read: (after) => readSealed(pool, after),
    render: (event) => recordsOf(event, { target, origin, source }),
    open: async (signal) => openAuditLine({ ...target, tls: await tlsOf(target, tls) }, signal),
    save: (progress) => saveProgress(pool, held, progress),
    note: (noted) => note(given, { target, held, noted }),
    rest,
    nowMs: () => performance.now(),
    log,
  }
}

interface Rendering {
  readonly target: ClaimedTarget
  readonly origin: SyslogOrigin
  readonly source: AuditSource
}

/** Records of other systems go on as they came, under our name as that of who sends them. */
function recordsOf(event: StoredEvent, { target, origin, source }: Rendering): readonly Buffer[] {
  const severity = event.outcome === 0 ? NOTICE : WARNING
  if (event.received !== undefined)
    return target.withReceived ? [writeAuditRecord(origin, { at: event.at, severity, xml: event.received })] : []
  const written = (message: AuditMessage): Buffer =>
    writeAuditRecord(origin, { at: message.at, severity, xml: writeAuditMessage(message) })
  return auditMessages(event, source).map((message) => {
    const record = written(message)
    return record.length <= MAX_SYSLOG_BYTES ? record : written(withoutQueries(message))
  })
}

/** @throws {Error} with the reason when the PEM holds nothing by which a repository could be known. */
export function checkAuthorities(pem: string): void {
  const certificates = certificatesOf(pem)
  if (certificates.length === 0) throw new Error('no certificate can be read from it')
  for (const { validTo } of certificates) if (Date.parse(validTo) < Date.now()) throw new Error('CERT_HAS_EXPIRED')
}

/** Read at each connection: certificates are renewed while senders live on. @throws {ConfigError} when others can read the key. */
async function tlsOf({ ca, certificate, key }: ClaimedTarget, tls: OutgoingTls) {
  return { ...tls(), ...(await shownTo(certificate, key)), ...(ca === undefined ? {} : { ca }) }
}

async function shownTo(certificate: string | undefined, key: string | undefined) {
  if (certificate === undefined || key === undefined) return {}
  refuseOpenFile(key, 'key of an audit target')
  return { cert: await readFile(certificate), key: await readFile(key) }
}

interface Noting {
  readonly target: ClaimedTarget
  readonly held: Parameters<typeof noteState>[1]
  readonly noted: Noted
}

/**
 * A certificate that is not accepted is an event of its own, written once until the target works again: it goes to the target too, and
 * must not call forth the next one.
 */
async function note({ pool }: Pick<Given, 'pool'>, { target, held, noted }: Noting): Promise<void> {
  await transaction(pool, async (client) => {
    if (!(await noteState(client, held, noted))) return
    const peer = `${target.host}:${target.port}`
    const exchange = newExchange({ door: 'job', endpoint: `tls://${peer}`, peer, transaction: 'ITI-20' })
    const failure = nodeAuthenticationFailure(exchange, `audit target ${target.name}: ${noted.error ?? 'refused'}`)
    await writeExchangeRows(client, { events: [failure], entries: [] })
  })
}

/** Says it when the concern about a target changes, not at every look. */
async function keepWatching({ pool, log }: Given, signal: AbortSignal): Promise<void> {
  const known = new Map<string, string>()
  while (!signal.aborted) {
    const targets: readonly TargetView[] = await listTargets(pool).catch(() => [])
    for (const target of targets) {
      const concern = concernOf(target, Date.now())
      if (concern === (known.get(target.name) ?? 'none')) continue
      known.set(target.name, concern)
      const fields = { target: target.name, concern, waiting: target.waiting, reason: target.lastError }
      if (concern === 'none') log.info(fields, 'audit events reach the audit repository again')
      else log.error(fields, 'audit events wait for an audit repository')
    }
    await rest(LOOK_MS, signal)
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {})
}
