// Load generator of the bench: a fixed number of callers, each sending its next request when the former is answered.

import { type Dispatcher, Pool } from 'undici'

export interface Target {
  readonly origin: string
  readonly path: string
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string }
}

export interface Shot {
  readonly contentType: string
  readonly body: Buffer
}

export interface LoadOptions {
  readonly callers: number
  readonly durationMs: number
  /** The request of one shot; numbered, so that each can be a new message. */
  readonly shot: (number: number) => Shot
  /** False counts the answer as a failure, and a run with failures is no measurement. */
  readonly accepts: (answer: Buffer, status: number) => boolean
}

export interface Figures {
  readonly requests: number
  readonly failures: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

export interface Answered {
  readonly status: number
  readonly contentType: string
  readonly answer: Buffer
}

export interface Gun {
  readonly fire: (shot: Shot) => Promise<Answered>
  readonly run: (options: LoadOptions) => Promise<Figures>
  readonly close: () => Promise<void>
}

/** Keeps connections open between runs, so that handshakes are not measured. */
export function createGun(target: Target, connections: number): Gun {
  const pool = new Pool(target.origin, { connections, pipelining: 1, connect: target.tls })
  return {
    fire: (shot) => fire(pool, target.path, shot),
    run: (options) => run(pool, target.path, options),
    close: () => pool.close(),
  }
}

function run(pool: Pool, path: string, options: LoadOptions): Promise<Figures> {
  const call = async (number: number): Promise<boolean> => {
    const { status, answer } = await fire(pool, path, options.shot(number))
    return options.accepts(answer, status)
  }
  return repeat(call, options)
}

/** Calls again and again for a while, each caller, from 0, one after the other; a call that answers false is a failure. */
export async function repeat(
  call: (number: number, caller: number) => Promise<boolean>,
  options: Pick<LoadOptions, 'callers' | 'durationMs'>,
): Promise<Figures> {
  const latencies: number[] = []
  let failures = 0
  let number = 0
  const startedMs = performance.now()
  const endMs = startedMs + options.durationMs
  const caller = async (_: unknown, place: number): Promise<void> => {
    while (performance.now() < endMs) {
      const sentMs = performance.now()
      const isAccepted = await call(number++, place)
      latencies.push(performance.now() - sentMs)
      if (!isAccepted) failures += 1
    }
  }
  await Promise.all(Array.from({ length: options.callers }, caller))
  return figures(latencies, { failures, elapsedMs: performance.now() - startedMs })
}

async function fire(pool: Pool, path: string, shot: Shot): Promise<Answered> {
  const request: Dispatcher.RequestOptions = {
    origin: '',
    path,
    method: 'POST',
    headers: { 'content-type': shot.contentType },
    body: shot.body,
  }
  const response = await pool.request(request)
  return {
    status: response.statusCode,
    contentType: String(response.headers['content-type'] ?? ''),
    answer: Buffer.from(await response.body.arrayBuffer()),
  }
}

/** The value below which a share of them lies. */
export function quantiles(values: readonly number[]): (share: number) => number {
  const sorted = values.toSorted((a, b) => a - b)
  return (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function figures(latencies: readonly number[], given: { failures: number; elapsedMs: number }): Figures {
  const at = quantiles(latencies)
  return {
    requests: latencies.length,
    failures: given.failures,
    perSecond: (latencies.length / given.elapsedMs) * 1000,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
  }
}
