// Streams to and from the admin API: bodies that are never held as a whole, answers that are read line by line.

import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { Client } from 'undici'
import { type AdminTarget, type Json, refusedError } from './admin-client.ts'

const NDJSON = 'application/x-ndjson'
/** An import that waits for others says nothing meanwhile. */
const SILENCE_MS = 300_000

/** Sends the body while the answer is read, one JSON object a line. @throws {RefusedError} for an answer of 400 and more. */
export async function* sendStream(
  target: AdminTarget,
  path: string,
  body: Readable,
): AsyncGenerator<Json, void, undefined> {
  let rest = ''
  // A character may come in two chunks.
  const decoder = new StringDecoder('utf8')
  for await (const chunk of exchange(target, { method: 'POST', path, body })) {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
}

/** The bytes of an answer as they come. @throws as sendStream. */
export function receiveStream(target: AdminTarget, path: string): AsyncIterable<Buffer> {
  return exchange(target, { method: 'GET', path })
}

async function* exchange(
  { baseUrl, token, staff }: AdminTarget,
  request: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: Readable },
): AsyncGenerator<Buffer> {
  const client = new Client(baseUrl, { headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS })
  try {
    const { statusCode, body } = await client.request({
      method: request.method,
      path: `/admin/v1${request.path}`,
      headers: {
        authorization: `Bearer ${token}`,
        accept: NDJSON,
        ...(staff === undefined ? {} : { 'x-staff': staff }),
        ...(request.body === undefined ? {} : { 'content-type': NDJSON }),
      },
      body: request.body ?? null,
    })
    if (statusCode >= 400) throw refusedError(statusCode, await body.text())
    yield* body
  } finally {
    await client.destroy()
  }
}
