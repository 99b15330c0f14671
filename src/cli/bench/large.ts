// One ITI-41 whose document is made while it is sent: neither side ever holds it whole.

import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { Pool } from 'undici'
import type { Target } from './load.ts'
import { type BenchPatient, provideParts } from './messages.ts'

const CHUNK = randomBytes(256 * 1024)
const CHUNKS_PER_MIB = 4

export interface LargeOptions {
  readonly patient: BenchPatient
  readonly httpsUrl: string
  readonly tls: Target['tls']
  readonly sizeMiB: number
}

/** @returns the answer as text. */
export async function provideLarge(options: LargeOptions): Promise<string> {
  const { contentType, body } = provideParts(options.patient, document(options.sizeMiB))
  const pool = new Pool(options.httpsUrl, { connections: 1, connect: options.tls, headersTimeout: 0, bodyTimeout: 0 })
  try {
    const response = await pool.request({
      path: '/xds/repository',
      method: 'POST',
      headers: { 'content-type': contentType },
      body: Readable.from(body, { objectMode: false }),
    })
    return await response.body.text()
  } finally {
    await pool.close()
  }
}

async function* document(sizeMiB: number): AsyncIterable<Buffer> {
  for (let count = 0; count < sizeMiB * CHUNKS_PER_MIB; count++) yield CHUNK
}
