// Sends one file of an SS-MIX2 storage through the door of StoreClient, and waits where the server has no room for it.

import { setTimeout as delay } from 'node:timers/promises'
import { type ReadAck, readAck } from '../../codec/hl7v2/ack.ts'
import type { SystemClient } from '../client.ts'
import { refusedByDoor } from '../client.ts'
import { RefusedError } from '../failure.ts'
import { ER7_TYPE, isAccepted } from '../push.ts'

export interface Delivery {
  /** Name of the storage. */
  readonly label: string
  /** Relative to its root. */
  readonly path: string
  readonly message: Buffer
}

export type Verdict =
  | { readonly kind: 'accepted'; readonly warnings: readonly Finding[] }
  | ({ readonly kind: 'refused' } & Finding)

export interface Finding {
  /** Application code (SC-…), else the code of HL7 table 0357, MSA-1 or the HTTP status. */
  readonly code: string
  /** ERR-8 and ERR-7: Japanese and English. */
  readonly text: string
}

export interface Patience {
  /** How long the server may be away or busy before the work is given up. */
  readonly giveUpMs: number
  readonly firstWaitMs: number
  readonly signal?: AbortSignal
}

export const PATIENCE: Patience = { giveUpMs: 5 * 60_000, firstWaitMs: 200 }
const LONGEST_WAIT_MS = 15_000
/** The server failed on this very message: it is asked again, but not as long as one that is away. */
const FAILURES = 3
const RETRY_CODE = 'SC-RETRY'

/**
 * The verdict on one file. Waits and asks again while the server is busy, away or failing.
 * @throws {RefusedError} when it stays so, or takes nothing from this system at all.
 */
export async function deliver(client: SystemClient, delivery: Delivery, patience = PATIENCE): Promise<Verdict> {
  const deadline = performance.now() + patience.giveUpMs
  for (let attempt = 1; ; attempt++) {
    const said = await ask(client, delivery)
    if (said.kind === 'verdict') return said.verdict
    if (said.kind === 'failing' && attempt >= FAILURES) return { kind: 'refused', ...said.finding }
    const waitMs = Math.max(said.afterMs, Math.min(patience.firstWaitMs * 2 ** (attempt - 1), LONGEST_WAIT_MS))
    if (performance.now() + waitMs > deadline)
      throw new RefusedError(
        'the server could not take the files in time; run the same command again, what it has taken stays / サーバが応答しないため中断しました。同じコマンドで再実行できます。',
        { cause: said.cause },
      )
    await delay(waitMs, undefined, patience.signal === undefined ? {} : { signal: patience.signal })
  }
}

type Said =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'away'; readonly afterMs: number; readonly cause?: unknown }
  | { readonly kind: 'failing'; readonly afterMs: number; readonly finding: Finding; readonly cause?: unknown }

async function ask(client: SystemClient, { label, path, message }: Delivery): Promise<Said> {
  let answer: Awaited<ReturnType<SystemClient['deliver']>>
  try {
    answer = await client.deliver('/storeclient', {
      contentType: ER7_TYPE,
      headers: { 'x-storeclient-storage': encodeURIComponent(label), 'x-storeclient-path': encodePath(path) },
      body: message,
    })
  } catch (cause) {
    return { kind: 'away', afterMs: 0, cause }
  }
  const { status, contentType, body, retryAfter } = answer
  const away: Said = { kind: 'away', afterMs: Number(retryAfter ?? 0) * 1000 || 0 }
  if (status === 403) throw refusedByDoor(status, body)
  // Files may ask for an acknowledgement of errors alone (MSH-15, MSH-16).
  if (status === 202) return { kind: 'verdict', verdict: { kind: 'accepted', warnings: [] } }
  const ack = contentType.startsWith(ER7_TYPE) ? lastAck(body) : undefined
  if (ack === undefined) return status === 503 || status === 429 ? away : withoutAck(status, body)
  if (isAccepted(ack)) return { kind: 'verdict', verdict: { kind: 'accepted', warnings: ack.errors.map(findingOf) } }
  const finding = reasonOf(ack)
  if (ack.code === 'AR' && finding.code === RETRY_CODE)
    return status === 503 ? away : { kind: 'failing', afterMs: 0, finding }
  return { kind: 'verdict', verdict: { kind: 'refused', ...finding } }
}

/** Where a file asks for both, the acknowledgement of the application comes behind that of the commit. Undefined for no message. */
function lastAck(body: Buffer): ReadAck | undefined {
  try {
    return readAck(body.subarray(body.lastIndexOf('\rMSH') + 1))
  } catch {
    return undefined
  }
}

function withoutAck(status: number, body: Buffer): Said {
  const finding = { code: `HTTP ${status}`, text: body.toString('utf8', 0, 500).trim() }
  if (status >= 500) return { kind: 'failing', afterMs: 0, finding }
  return { kind: 'verdict', verdict: { kind: 'refused', ...finding } }
}

function reasonOf(ack: ReadAck): Finding {
  const error = ack.errors.find(({ severity }) => severity === 'E') ?? ack.errors[0]
  return error === undefined ? { code: ack.code, text: ack.text } : findingOf(error)
}

/** ERR-8 says it in both languages, ERR-7 in English with place, value and rule: the Japanese of the one, the English of the other. */
function findingOf({ application, code, location, userText, diagnostic }: ReadAck['errors'][number]): Finding {
  const [ja = ''] = userText.split(' / ')
  const place = location === '' ? '' : `${location}: `
  const words = diagnostic === '' ? userText : [ja, diagnostic].filter((part) => part !== '').join(' / ')
  return { code: application === '' ? code : application, text: `${place}${words}` }
}

/** HTTP headers are ASCII; folders of the extended storage are not. */
function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
