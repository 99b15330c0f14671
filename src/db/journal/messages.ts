// Kept messages on PostgreSQL: blocks, compressed, sealed, and found by the id of an exchange (docs/adr/0035).

import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliCompress, brotliDecompress, constants } from 'node:zlib'
import type pg from 'pg'
import { unpack } from '../../journal/block.ts'
import type { KeptMessage } from '../../journal/kept-message.ts'
import { journalIdTime, parseJournalId } from '../../model/journal-id.ts'
import { type KeyRing, type SealKey, seal, unseal } from '../../model/seal.ts'
import { execute, query, sql } from '../sql.ts'

const compress = promisify(brotliCompress)
const decompress = promisify(brotliDecompress)

/**
 * Messages repeat one another: the fastest level makes a tenth of them, in less time than deflate. The window is that of a quarter of a block:
 * the usual one takes two milliseconds of the main thread to be set up, and gains nothing.
 */
const FASTEST = {
  chunkSize: 256 * 1024,
  params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 18 },
}

const MINUTE_MS = 60_000
/** Clocks that are set back between an exchange and its block. */
const CLOCK_MS = 5 * MINUTE_MS
/** From the beginning of an exchange to its block: uploads and deliveries take minutes, a database that is away hours. */
const LONGEST_MS = 24 * 60 * MINUTE_MS

export interface Block {
  readonly bytes: Buffer
  readonly at: Date
  readonly firstExchange: string
  readonly lastExchange: string
  readonly messages: number
}

/**
 * Writes a block without waiting for the disk: what a power cut takes is the last moment of the kept messages, never an entry.
 * @throws as query.
 */
export async function writeBlock(pool: pg.Pool, key: SealKey, block: Block): Promise<void> {
  const blockId = randomUUID()
  const sealed = seal(await compress(block.bytes, FASTEST), key, blockId)
  await execute(
    pool,
    sql`/* kept messages */
      insert into journal.kept (block_id, at, first_exchange, last_exchange, messages, key_id, sealed)
      select ${blockId}::uuid, ${block.at}::timestamptz, ${block.firstExchange}::uuid, ${block.lastExchange}::uuid, ${block.messages}::int,
             ${key.keyId}, ${sealed}::bytea
      where set_config('synchronous_commit', 'off', true) is not null`,
  )
}

interface Row {
  readonly block_id: string
  readonly key_id: string
  readonly sealed: Buffer
}

/**
 * What is kept of an exchange, the request before the answer; nothing when it is not kept, or not any more.
 * @throws {Error} when a key is unknown, or a block is not what was sealed.
 */
export async function findKept(pool: pg.Pool, keys: KeyRing, exchangeId: string): Promise<readonly KeptMessage[]> {
  const id = parseJournalId(exchangeId)
  const beganAt = id === undefined ? undefined : journalIdTime(id)
  if (id === undefined || beganAt === undefined) return []
  const rows = await query<Row>(
    pool,
    sql`/* blocks that may hold messages of an exchange */
      select block_id, key_id, sealed from journal.kept
      where at >= ${new Date(beganAt.getTime() - CLOCK_MS)} and at < ${new Date(beganAt.getTime() + LONGEST_MS)}
        and last_exchange >= ${id}::uuid and first_exchange <= ${id}::uuid
      order by at`,
  )
  const found: KeptMessage[] = []
  for (const { block_id: boundTo, key_id: keyId, sealed } of rows)
    found.push(...unpack(await decompress(unseal(sealed, keys, { keyId, boundTo })), id))
  return found.sort((one, other) => order(one) - order(other))
}

function order({ direction }: KeptMessage): number {
  return direction === 'request' ? 0 : 1
}
