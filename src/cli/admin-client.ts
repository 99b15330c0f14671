// The admin API as the command line uses it: HTTP on the management port with the token of the data directory (design §5).

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { request } from 'undici'
import { RefusedError, UsageError, wordsOf } from './failure.ts'

export type Json = Readonly<Record<string, unknown>>

export interface AdminAnswer {
  readonly status: number
  readonly body: unknown
}

/** Every method throws {RefusedError} for an answer of 400 and more; paths are below /admin/v1. */
export interface AdminClient {
  readonly get: (path: string) => Promise<AdminAnswer>
  readonly post: (path: string, body: Json) => Promise<AdminAnswer>
  readonly put: (path: string, body: Json) => Promise<AdminAnswer>
  readonly patch: (path: string, body: Json) => Promise<AdminAnswer>
  readonly delete: (path: string, body?: Json) => Promise<AdminAnswer>
  /** What is answered as it is: a text, a page. */
  readonly text: (path: string) => Promise<string>
  /** For what reads the whole index, or learns from it: the answer may take minutes. */
  readonly slow: Pick<AdminClient, 'get' | 'post'>
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

const TIMEOUT_MS = 60_000
const SLOW_TIMEOUT_MS = 30 * 60_000

/** @throws {UsageError} when the data directory holds no token. */
export async function readAdminToken(dataDir: string): Promise<string> {
  const path = join(dataDir, 'config', 'admin-token')
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    throw new UsageError(
      `the token of the admin API cannot be read from ${path}; run this where the server runs, with its --data-dir`,
      { cause },
    )
  }
}

/** The admin API of one server. */
export interface AdminTarget {
  readonly baseUrl: string
  readonly token: string
  /** Who of the staff does it, for history and audit. */
  readonly staff?: string
}

export function createAdminClient({ baseUrl, token, staff }: AdminTarget): AdminClient {
  const answerWithin = async (
    timeoutMs: number,
    { method, path, body }: { readonly method: Method; readonly path: string; readonly body?: Json | undefined },
  ): Promise<{ readonly status: number; readonly text: string }> => {
    // undici and not fetch, which refuses ports it thinks bad.
    const response = await request(`${baseUrl}/admin/v1${path}`, {
      method,
      headers: {
        // Logging on needs none.
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(staff === undefined ? {} : { 'x-staff': staff }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
    const text = await response.body.text()
    if (response.statusCode >= 400) throw refusedError(response.statusCode, text)
    return { status: response.statusCode, text }
  }
  const callWithin = async (
    timeoutMs: number,
    asked: { readonly method: Method; readonly path: string; readonly body?: Json | undefined },
  ): Promise<AdminAnswer> => {
    const { status, text } = await answerWithin(timeoutMs, asked)
    return { status, body: parse(text) }
  }
  const call = (method: Method, path: string, body?: Json) => callWithin(TIMEOUT_MS, { method, path, body })
  return {
    slow: {
      get: (path) => callWithin(SLOW_TIMEOUT_MS, { method: 'GET', path }),
      post: (path, body) => callWithin(SLOW_TIMEOUT_MS, { method: 'POST', path, body }),
    },
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    put: (path, body) => call('PUT', path, body),
    patch: (path, body) => call('PATCH', path, body),
    delete: (path, body) => call('DELETE', path, body),
    text: async (path) => (await answerWithin(TIMEOUT_MS, { method: 'GET', path })).text,
  }
}

/** An answer of 400 and more in words. */
export function refusedError(status: number, text: string): RefusedError {
  const body = parse(text)
  const code = isObject(body) ? textOf(body.code) : ''
  return new RefusedError(describeRefusal({ status, body }, text), code === '' ? {} : { code })
}

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Code, text, hint and journal id of a refusal, in the order a person needs them. */
function describeRefusal({ status, body }: AdminAnswer, text: string): string {
  const given = isObject(body) ? (isObject(body.error) ? body.error : body) : {}
  const code = textOf(given.code)
  const words = wordsOf(code)
  const message = textOf(given.message) || words?.message || text.trim().slice(0, 500)
  const journal = textOf(given.journalId) || textOf(given.journal)
  return [
    `${code === '' ? `HTTP ${status}` : code}: ${message}`,
    placeOf(given),
    textOf(given.hint) || words?.hint || '',
    textOf(given.ja) || words?.ja || '',
    journal === '' ? '' : `journal ${journal}`,
  ]
    .filter((line) => line !== '')
    .join('\n')
}

function placeOf(given: Json): string {
  const at = textOf(given.at)
  const value = textOf(given.value)
  return [at === '' ? '' : `at ${at}`, value === '' ? '' : `value ${value}`].filter((part) => part !== '').join(', ')
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Text of a JSON member; '' for what is no text or number. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** The objects of a list answer: an array, or an object with the array as its only list. */
export function rowsOf(body: unknown): readonly Json[] {
  const list = isObject(body) ? Object.values(body).find((value) => Array.isArray(value)) : body
  return Array.isArray(list) ? list.filter(isObject) : []
}
