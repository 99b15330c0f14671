// The bare pipe of the registry at size: random patients, the very rows of a registration, a document's file as it lies (design §7).

import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import { queryOne, sql } from '../../db/sql.ts'
import type { Oid } from '../../model/identifiers.ts'
import type { FindDocuments } from '../../model/stored-query.ts'
import { bareAccess, bareFind } from './bare-pipe.ts'
import type { RowPatient, replayOf } from './replay.ts'

const READ_CHUNK_BYTES = 256 * 1024

export interface BareRegistryOptions {
  readonly pool: pg.Pool
  readonly query: FindDocuments
  readonly affinityDomain: Oid
  /** Everyone loaded so far. */
  readonly patients: readonly RowPatient[]
  readonly documentsDirectory: string
  /** Of each path that writes: the statement, and the answer that the real one got. */
  readonly writes: ReadonlyMap<string, BareWrite>
}

export interface BareWrite {
  readonly statement: ReturnType<typeof replayOf>
  readonly answer: { readonly contentType: string; readonly body: Buffer }
}

export function bareRegistry(options: BareRegistryOptions): (app: FastifyInstance) => void {
  const { pool, affinityDomain } = options
  const find = bareFind(pool, options.query)
  return (app) => {
    app.post('/find', async (_request, reply) => {
      const { personKey, xad } = anyOf(options.patients)
      const patientId = { value: xad, authority: affinityDomain }
      return reply.type('application/soap+xml; charset=UTF-8').send(await find(bareAccess({ personKey, patientId })))
    })
    for (const [path, { statement, answer }] of options.writes)
      app.post(path, async (_request, reply) => {
        await pool.query(statement(anyOf(options.patients)))
        return reply.type(answer.contentType).send(answer.body)
      })
    app.post<{ Params: { uniqueId: string } }>('/file/:uniqueId', async (request, reply) => {
      const file = await queryOne<{ readonly file_key: string }>(
        pool,
        sql`/* bare file */ select file_key from repository.document where unique_id = ${request.params.uniqueId}`,
      )
      if (file === undefined) return reply.code(404).send()
      const { file_key: key } = file
      const path = join(options.documentsDirectory, key.slice(0, 2), key.slice(2, 4), key)
      return reply.type('application/octet-stream').send(createReadStream(path, { highWaterMark: READ_CHUNK_BYTES }))
    })
  }
}

export function anyOf<T>(choices: readonly T[]): T {
  const chosen = choices[Math.floor(Math.random() * choices.length)]
  if (chosen === undefined) throw new Error('there is nothing to choose from')
  return chosen
}
