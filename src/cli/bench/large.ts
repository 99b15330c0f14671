// One ITI-41 whose document is made while it is sent, and its ITI-43: neither side ever holds it whole.

import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { type Dispatcher, Pool } from 'undici'
import type { Target } from './load.ts'
import { type BenchPatient, provideParts, retrieveShot } from './messages.ts'

const CHUNK = randomBytes(256 * 1024)
const CHUNKS_PER_MIB = 4

export interface LargeOptions {
  readonly patient: BenchPatient
  readonly httpsUrl: string
  readonly tls: Target['tls']
  readonly sizeMiB: number
}

/** @returns the answer as text, and the id of the document. */
export async function provideLarge(options: LargeOptions): Promise<{ answer: string; documentUniqueId: string }> {
  const { contentType, body, documentUniqueId } = provideParts(options.patient, document(options.sizeMiB))
  const given = { contentType, body: Readable.from(body, { objectMode: false }) }
  const answer = await exchange(options, given, async (response) => await response.text())
  return { answer, documentUniqueId }
}

/** @returns the length of the answer in bytes, counted as it comes. */
export function retrieveLarge(
  options: Omit<LargeOptions, 'patient' | 'sizeMiB'>,
  document: { readonly repositoryUniqueId: string; readonly documentUniqueId: string },
): Promise<number> {
  return exchange(options, retrieveShot(document), async (response) => {
    let length = 0
    for await (const chunk of response) length += (chunk as Buffer).length
    return length
  })
}

async function exchange<T>(
  { httpsUrl, tls }: Pick<LargeOptions, 'httpsUrl' | 'tls'>,
  given: { readonly contentType: string; readonly body: Buffer | Readable },
  read: (response: Dispatcher.ResponseData['body']) => Promise<T>,
): Promise<T> {
  const pool = new Pool(httpsUrl, { connections: 1, connect: tls, headersTimeout: 0, bodyTimeout: 0 })
  try {
    const headers = { 'content-type': given.contentType }
    const response = await pool.request({ path: '/xds/repository', method: 'POST', headers, body: given.body })
    return await read(response.body)
  } finally {
    await pool.close()
  }
}

async function* document(sizeMiB: number): AsyncIterable<Buffer> {
  for (let count = 0; count < sizeMiB * CHUNKS_PER_MIB; count++) yield CHUNK
}
