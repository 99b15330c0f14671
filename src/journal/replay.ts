// A message of the journal performed again: shown first without any effect, done when the same person says so (docs/adr/0038).

import { createHash, randomBytes } from 'node:crypto'
import { auditRows } from '../../profiles/transactions/index.ts'
import type { KeptMessage } from './kept-message.ts'
import type {
  Asking,
  Attempt,
  Confirmation,
  Exchanged,
  NamedChange,
  Obstacle,
  Replayable,
  ReplayPorts,
  TableChange,
} from './replay-ports.ts'

export interface AskedReplay extends Asking {
  readonly exchangeId: string
  /** Staff of a facility replay what that facility sent; absent: of any. */
  readonly facilityId?: string
  /** Token of a dry run with the reason; absent: a dry run. */
  readonly confirmed?: { readonly token: string; readonly reason: string }
}

/**
 * `changes`: it would be done. `none`: it is accepted, and was done before or is what is there already. `refused`: it is refused now too.
 * `read`: a query or retrieval, which changes nothing.
 */
export type Effect = 'changes' | 'none' | 'refused' | 'read'

export interface Report {
  readonly former: Exchanged
  readonly now: Exchanged
  readonly effect: Effect
  /** How much a query finds. */
  readonly found?: number
  readonly changes: readonly NamedChange[]
  readonly isNamed: boolean
  /** Without the tables that every exchange leaves a row in. */
  readonly tables: readonly TableChange[]
}

export interface Confirmable {
  readonly token: string
  readonly expiresAt: Date
}

export type Replayed =
  | { readonly kind: 'missing' }
  | { readonly kind: 'impossible'; readonly obstacle: Obstacle }
  /** The token is unknown, over, of another exchange or another person. */
  | { readonly kind: 'unconfirmed' }
  /** `confirmable` where there is something to do. `changed`: not what was confirmed; nothing was done. */
  | {
      readonly kind: 'dry run' | 'changed'
      readonly report: Report
      readonly confirmable: Confirmable | undefined
    }
  | { readonly kind: 'done'; readonly report: Report }
  /** Done before with this token. */
  | { readonly kind: 'done before'; readonly replayedAs: string }

const CONFIRM_WITHIN_MS = 10 * 60 * 1000
const TOKEN_BYTES = 24

/**
 * Performs the message of an exchange again, as its system is registered now. Without a confirmation everything is undone. With one it is
 * kept if it does what the dry run showed, in the transaction that uses the confirmation up: twice is once.
 * @throws {IheError} BUSY, OUTCOME_UNKNOWN: a dry run tells what stands.
 */
export async function replay(asked: AskedReplay, ports: ReplayPorts): Promise<Replayed> {
  const former = await ports.exchange(asked.exchangeId)
  if (former === undefined || (asked.facilityId !== undefined && asked.facilityId !== former.facilityId))
    return { kind: 'missing' }
  const { confirmed } = asked
  if (confirmed === undefined) return dryRun(asked, former, ports)
  const confirmation = await ports.confirmations.find(digestOf(confirmed.token))
  if (confirmation === undefined || confirmation.by !== asked.by || confirmation.exchangeId !== former.exchangeId)
    return { kind: 'unconfirmed' }
  if (confirmation.replayedAs !== undefined) return { kind: 'done before', replayedAs: confirmation.replayedAs }
  if (confirmation.expiresAt <= ports.now()) return { kind: 'unconfirmed' }
  return perform({ asked, reason: confirmed.reason, confirmation }, former, ports)
}

async function dryRun(asked: AskedReplay, former: Exchanged, ports: ReplayPorts): Promise<Replayed> {
  const ready = await prepare(former, ports)
  if ('obstacle' in ready) return { kind: 'impossible', obstacle: ready.obstacle }
  const report = await ports.perform(ready, async (attempt) => ({ result: reportOf(former, attempt), end: 'rollback' }))
  await ports.looked(asked, former)
  return { kind: 'dry run', report, confirmable: await confirmable(asked, report, ports) }
}

async function perform(
  given: { readonly asked: AskedReplay; readonly reason: string; readonly confirmation: Confirmation },
  former: Exchanged,
  ports: ReplayPorts,
): Promise<Replayed> {
  const { asked, reason, confirmation } = given
  const ready = await prepare(former, ports)
  if ('obstacle' in ready) return { kind: 'impossible', obstacle: ready.obstacle }
  const { tokenDigest } = confirmation
  const attempted = await ports.perform<Attempted>(ready, async (attempt, transaction) => {
    const report = reportOf(former, attempt)
    if (!outcomeOf(report).equals(confirmation.outcome)) return { result: { kind: 'changed', report }, end: 'rollback' }
    const asking = { by: asked.by, peer: asked.peer, reason }
    const used = await transaction.confirm({ tokenDigest, asking, former, now: report.now })
    return used === 'used'
      ? { result: { kind: 'used' }, end: 'rollback' }
      : { result: { kind: 'done', report }, end: 'commit' }
  })
  if (attempted.kind === 'done') return attempted
  // Another one with the same confirmation may have been first: then this is its work, whatever is there to do now.
  const replayedAs = (await ports.confirmations.find(tokenDigest))?.replayedAs
  if (replayedAs !== undefined) return { kind: 'done before', replayedAs }
  if (attempted.kind === 'used') return { kind: 'unconfirmed' }
  await ports.looked(asked, former)
  return { ...attempted, confirmable: await confirmable(asked, attempted.report, ports) }
}

type Attempted =
  | { readonly kind: 'done'; readonly report: Report }
  | { readonly kind: 'changed'; readonly report: Report }
  | { readonly kind: 'used' }

async function prepare(former: Exchanged, ports: ReplayPorts): Promise<Replayable | { readonly obstacle: Obstacle }> {
  if (former.door !== 'https' && former.door !== 'mllp') return { obstacle: 'no message' }
  if (former.systemId === undefined) return { obstacle: 'unknown sender' }
  const request = (await ports.kept(former.exchangeId)).find(({ direction }) => direction === 'request')
  if (request === undefined) return { obstacle: 'not kept' }
  const message = await withStored(request, former, ports)
  const missing = missingOf(message)
  if (missing !== undefined) return { obstacle: missing }
  const system = await ports.systemOf(former.systemId)
  if (system === undefined) return { obstacle: 'system not active' }
  const replayable = { former, message, system }
  const obstacle = await ports.obstacle(replayable)
  return obstacle === undefined ? replayable : { obstacle }
}

/** With the documents that the repository holds since the message was accepted. */
async function withStored(message: KeptMessage, { documents }: Exchanged, ports: ReplayPorts): Promise<KeptMessage> {
  if (message.parts.every(({ bytes }) => bytes !== undefined)) return message
  const stored = await ports.stored(documents)
  const parts = message.parts.map((part) => {
    const bytes = part.bytes ?? stored.get(part.sha256)
    return bytes === undefined ? part : { ...part, bytes }
  })
  return { ...message, parts }
}

function missingOf({ isWhole, parts }: KeptMessage): Obstacle | undefined {
  if (!isWhole) return 'cut'
  return parts.some(({ bytes }) => bytes === undefined) ? 'part not kept' : undefined
}

/** Every exchange leaves rows in them, whatever it is about: its records, the claim of its message, jobs that look what there is to do. */
const TRACES = /^(audit\.|journal\.(?!withheld$)|graphile_worker\.)/

function reportOf(former: Exchanged, attempt: Attempt): Report {
  const { exchange: now, changes, isNamed, found } = attempt
  const tables = attempt.tables.filter(({ table }) => !TRACES.test(table))
  const effect = effectOf(now, tables)
  return {
    former,
    now,
    effect,
    ...(effect === 'read' && found !== undefined ? { found } : {}),
    changes,
    isNamed,
    tables,
  }
}

function effectOf({ transaction, result }: Exchanged, tables: readonly TableChange[]): Effect {
  if (isReading(transaction)) return result === 'failure' ? 'refused' : 'read'
  if (tables.length > 0) return 'changes'
  return result === 'failure' ? 'refused' : 'none'
}

/** Query and Export of DICOM PS3.15: what the answer holds leaves, and nothing changes. */
function isReading(transaction: string): boolean {
  const eventId = auditRows.get(transaction)?.eventId
  return eventId === '110112' || eventId === '110106'
}

async function confirmable(asked: AskedReplay, report: Report, ports: ReplayPorts): Promise<Confirmable | undefined> {
  if (report.effect !== 'changes') return undefined
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const expiresAt = new Date(ports.now().getTime() + CONFIRM_WITHIN_MS)
  await ports.confirmations.keep({
    tokenDigest: digestOf(token),
    exchangeId: report.former.exchangeId,
    by: asked.by,
    outcome: outcomeOf(report),
    expiresAt,
  })
  return { token, expiresAt }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** What has to be the same when it is done; ids that the server makes are new each time. */
function outcomeOf({ now, effect, tables, changes }: Report): Buffer {
  const same = [
    now.transaction,
    now.result,
    now.errors.map(({ code, at }) => [code, at]),
    effect,
    tables,
    changes.map((change) => (isNew(change) ? [change.about, change.change] : change)),
  ]
  return createHash('sha256').update(JSON.stringify(same)).digest()
}

/** Its id or value may be a new one each time. */
function isNew(change: NamedChange): boolean {
  return change.change === 'registered'
}
