// Sends the sealed events to one audit repository, in the order of their seals, for as long as it takes (ITI TF-2 3.20; RFC 5425; docs/adr/0037).

import { createSentWindow, SETTLED_MS, type SentWindow } from './sent-window.ts'
import type { StoredEvent } from './stored-event.ts'
import type { ClaimedTarget, Progress, TargetState } from './targets.ts'

/** An event and the position of its seal. */
export interface SealedEvent {
  readonly position: number
  readonly event: StoredEvent
}

/** A connection to an audit repository. */
export interface RecordLine {
  /** Resolves when the kernel took all of it. @throws {Error} when the connection broke, or nobody reads. */
  readonly write: (records: readonly Buffer[]) => Promise<void>
  /** Ends the connection and waits until the other side has read all. @throws {Error} when it does not say so. */
  readonly finish: () => Promise<void>
  /** Cuts it. */
  readonly destroy: () => void
  /** Settles when the connection broke; never rejects. */
  readonly broken: Promise<Error>
}

export interface SendPorts {
  /** The next events after a position, in order. @throws {Error} when the database cannot tell now. */
  readonly read: (after: number) => Promise<readonly SealedEvent[]>
  /** Whole syslog messages of an event, in order; none for what the target does not get. */
  readonly render: (event: StoredEvent) => readonly Buffer[]
  /** @throws {Error} when there is no connection to be had. */
  readonly open: (signal: AbortSignal) => Promise<RecordLine>
  /** False when the target is not ours any more. @throws as read. */
  readonly save: (progress: Progress) => Promise<boolean>
  /** The target is in another state, or an attempt more has failed. @throws as read. */
  readonly note: (noted: Noted) => Promise<void>
  /** Waits; ends early, without an error, when the signal is raised. */
  readonly rest: (ms: number, signal: AbortSignal) => Promise<void>
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
  readonly log: { readonly warn: (fields: object, message: string) => void }
}

export interface Noted {
  readonly state: TargetState
  readonly attempts: number
  readonly error?: string
}

/** How often is looked for new seals when there were none. */
const LOOK_MS = 1000
const SAVE_MS = 1000
/** A connection is ended in good order after this time, or when there was nothing to send for so long: only that shows that all was read. */
const CONNECTION_MS = 60_000
/** … and sooner after one that broke: where connections never live so long, all would be sent again for ever. */
const SHORTEST_CONNECTION_MS = 500
const FIRST_BACKOFF_MS = 1000
const LAST_BACKOFF_MS = 5 * 60_000

interface Sender {
  readonly target: ClaimedTarget
  readonly ports: SendPorts
  readonly window: SentWindow
  readonly signal: AbortSignal
  line: RecordLine | undefined
  openedMs: number
  /** How long the next connection is to live. */
  lifeMs: number
  savedMs: number
  attempts: number
  state: TargetState
}

/** Works until the signal is raised, or the target is not ours any more. Never rejects for what happens on the way. */
export async function sendAll(target: ClaimedTarget, ports: SendPorts, signal: AbortSignal): Promise<void> {
  const sender: Sender = {
    target,
    ports,
    window: createSentWindow(target.resendFrom),
    signal,
    line: undefined,
    openedMs: 0,
    lifeMs: CONNECTION_MS,
    savedMs: Number.NEGATIVE_INFINITY,
    attempts: target.attempts,
    state: 'waiting',
  }
  while (!signal.aborted) {
    const batch = await next(sender)
    if (batch === undefined) continue
    const failure = await (batch.length === 0 ? idle(sender) : send(sender, batch)).catch(failureOf)
    if (failure instanceof Error) await fail(sender, failure)
    else if (!(await saved(sender))) break
  }
  await end(sender)
}

function failureOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** The next events; undefined when the database cannot tell, which is not the target's fault. */
async function next({ ports, window, target, signal }: Sender): Promise<readonly SealedEvent[] | undefined> {
  try {
    return await ports.read(window.position())
  } catch (error) {
    ports.log.warn({ target: target.name, cause: failureOf(error).name }, 'audit events to send cannot be read now')
    await ports.rest(LOOK_MS, signal)
    return undefined
  }
}

/** Nothing is to be sent: an open connection is watched, and ended when it has nothing to bring for long. */
async function idle(sender: Sender): Promise<void> {
  const { line, ports, signal } = sender
  if (line !== undefined && isOld(sender)) return close(sender)
  const resting = new AbortController()
  const stop = (): void => resting.abort()
  signal.addEventListener('abort', stop, { once: true })
  const rested = ports.rest(LOOK_MS, resting.signal)
  const broken = line === undefined ? undefined : await Promise.race([line.broken, rested])
  stop()
  signal.removeEventListener('abort', stop)
  await rested
  if (broken instanceof Error) throw broken
}

async function send(sender: Sender, batch: readonly SealedEvent[]): Promise<void> {
  const { ports, window, signal } = sender
  const begunMs = ports.nowMs()
  const { records, to } = rendered(ports, batch)
  const tookMs = ports.nowMs() - begunMs
  if (sender.line !== undefined && isOld(sender)) await close(sender)
  // What the target does not get needs no connection.
  if (records.length > 0) await (await lineOf(sender)).write(records)
  window.wrote(to, records.length, ports.nowMs())
  // Whatever waits, messages have at least as much of the process as this has.
  if (tookMs >= 1) await ports.rest(tookMs, signal)
}

/**
 * Up to an event that cannot be rendered: it is never passed over by itself, whatever waits behind it.
 * @throws {Error} when that is the first one.
 */
function rendered(
  ports: SendPorts,
  batch: readonly SealedEvent[],
): { readonly records: readonly Buffer[]; readonly to: number } {
  const records: Buffer[] = []
  let to: number | undefined
  for (const { event, position } of batch) {
    try {
      records.push(...ports.render(event))
    } catch (cause) {
      if (to === undefined) throw new Error(`audit event ${event.eventId} cannot be rendered`, { cause })
      break
    }
    to = position
  }
  if (to === undefined) throw new Error('a batch holds no event')
  return { records, to }
}

function isOld({ openedMs, lifeMs, ports }: Sender): boolean {
  return ports.nowMs() - openedMs >= lifeMs
}

async function lineOf(sender: Sender): Promise<RecordLine> {
  const { ports, window, signal } = sender
  if (sender.line !== undefined) return sender.line
  const line = await ports.open(signal)
  sender.line = line
  sender.openedMs = ports.nowMs()
  window.opened()
  return line
}

async function close(sender: Sender): Promise<void> {
  await sender.line?.finish()
  sender.line = undefined
  sender.lifeMs = Math.min(sender.lifeMs * 2, CONNECTION_MS)
  sender.window.closed()
  await works(sender)
}

/** Says so once; a failure to say it is no failure to send. */
async function works(sender: Sender): Promise<void> {
  if (sender.state === 'up') return
  sender.attempts = 0
  sender.state = 'up'
  await note(sender, { state: 'up', attempts: 0 })
}

async function saved(sender: Sender): Promise<boolean> {
  const { ports, line, openedMs } = sender
  const nowMs = ports.nowMs()
  if (line !== undefined && nowMs - openedMs >= SETTLED_MS) await works(sender)
  if (nowMs - sender.savedMs < SAVE_MS) return true
  return save(sender)
}

async function save(sender: Sender): Promise<boolean> {
  const { ports, window, target } = sender
  try {
    const isOurs = await ports.save(window.progress(ports.nowMs()))
    sender.savedMs = ports.nowMs()
    return isOurs
  } catch (error) {
    // What was sent is sent again, should we end before it can be saved.
    ports.log.warn(
      { target: target.name, cause: failureOf(error).name },
      'how far audit events are sent cannot be kept now',
    )
    return true
  }
}

async function fail(sender: Sender, error: Error): Promise<void> {
  const { ports, window, target, signal } = sender
  if (sender.line !== undefined) sender.lifeMs = Math.max(sender.lifeMs / 2, SHORTEST_CONNECTION_MS)
  sender.line?.destroy()
  sender.line = undefined
  window.broke(ports.nowMs())
  if (signal.aborted) return
  sender.attempts += 1
  sender.state = isRefusal(error) ? 'refused' : 'unreachable'
  const { attempts, state } = sender
  const reason = wordsOf(error)
  ports.log.warn({ target: target.name, attempts, reason }, 'audit events cannot be sent; trying again')
  await note(sender, { state, attempts, error: reason })
  const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** (attempts - 1), LAST_BACKOFF_MS)
  await ports.rest(backoff, signal)
}

async function note({ ports, target }: Sender, noted: Noted): Promise<void> {
  await ports
    .note(noted)
    .catch((error: unknown) =>
      ports.log.warn(
        { target: target.name, cause: failureOf(error).name },
        'the state of an audit target cannot be kept now',
      ),
    )
}

/** In good order: what was read by the other side is not sent again by whoever comes next. */
async function end(sender: Sender): Promise<void> {
  try {
    if (sender.line !== undefined) await close(sender)
  } catch {
    sender.line?.destroy()
    sender.window.broke(sender.ports.nowMs())
  }
  await save(sender)
}

/** The other side's certificate is not one we believe, or it does not believe ours (ITI TF-2 3.19.6). */
const CERTIFICATE_FAULT =
  /CERT|SELF_SIGNED|UNABLE_TO_|INVALID_PURPOSE|HOSTNAME|ALERT_(UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|DECRYPT_ERROR)|UNKNOWN_CA/

function isRefusal(error: Error): boolean {
  return CERTIFICATE_FAULT.test((error as NodeJS.ErrnoException).code ?? '')
}

const MAX_REASON = 200

/** Errors of sockets and TLS: addresses and codes, never content. */
function wordsOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  return (code === undefined ? error.message : `${code}: ${error.message}`).slice(0, MAX_REASON)
}
