// The bare pipe of the bench: the same Fastify, the same mutual TLS, the same SQL and bytes, without XML, access and audit (design §7).

import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import fastify, { type FastifyInstance } from 'fastify'
import type pg from 'pg'
import { writeEr7 } from '../../codec/hl7v2/write.ts'
import { writeRelated } from '../../codec/mtom/write.ts'
import { createRegistryQueries } from '../../db/registry-query.ts'
import { execute, queryOne, sql } from '../../db/sql.ts'
import { createMllpServer } from '../../mllp/server.ts'
import type { PatientAccess } from '../../model/access.ts'
import type { FindDocuments, StoredObject } from '../../model/stored-query.ts'

const MAX_RESULTS = 1001

export interface BarePipeOptions {
  readonly pool: pg.Pool
  readonly query: FindDocuments
  readonly patient: PatientAccess
  readonly document: { readonly repositoryUniqueId: string; readonly uniqueId: string }
}

/** Listens on a free loopback port; bodies arrive whole. */
export async function openBareDoor(
  tls: SecureContextOptions,
  routes: (app: FastifyInstance) => void,
): Promise<{ readonly port: number }> {
  const app = fastify({ https: { ...tls, requestCert: true, rejectUnauthorized: false } })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  routes(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port }
}

/** MLLP with the same TLS, which answers when the row is durable. */
export async function openBareMllp(tls: SecureContextOptions, pool: pg.Pool): Promise<{ readonly port: number }> {
  await createMessageTable(pool)
  const answer = writeEr7([
    ['MSH', '', '', '', '', '20260401', '', 'ACK', '1', 'P', '2.5'],
    ['MSA', 'AA', '1'],
  ])
  const server = createMllpServer({
    tls,
    admit: async () => true,
    handler: async (message) => {
      await insertMessage(pool, message)
      return answer
    },
  })
  return { port: await server.listen(0, '127.0.0.1') }
}

async function createMessageTable(pool: pg.Pool): Promise<void> {
  await pool.query('create schema if not exists bench')
  await pool.query('create table if not exists bench.message (id uuid primary key, content bytea not null)')
  await pool.query('alter table bench.message alter column content set storage external')
}

async function insertMessage(pool: pg.Pool, message: unknown): Promise<void> {
  await execute(
    pool,
    sql`/* bare durable insert */ insert into bench.message (id, content) values (${randomUUID()}, ${message})`,
  )
}

/** What a person may be asked without any decision. */
export function bareAccess(person: Pick<PatientAccess, 'personKey' | 'patientId'>): PatientAccess {
  const everything = { allowed: true, reason: 'affinity-domain mode' } as const
  return {
    ...person,
    publish: everything,
    scope: {
      mode: 'everything',
      ownFacility: '',
      openings: [],
      closed: {},
      excludedKinds: [],
      decision: everything,
    },
  }
}

/** FindDocuments as the registry asks the database, and what it finds as bytes. */
export function bareFind(pool: pg.Pool, query: FindDocuments): (patient: PatientAccess) => Promise<Buffer> {
  const queries = createRegistryQueries(pool)
  return async (patient) => listOf(await queries.findDocuments(query, { patient, limit: MAX_RESULTS }))
}

function listOf(objects: readonly StoredObject[]): Buffer {
  let out = ''
  for (const object of objects) out += `<rim:${object.element} status="${object.status}"${object.ebrim}`
  return Buffer.from(`<list>${out}</list>`)
}

/** The table that `/insert` writes to is its own. */
export async function bareTransactions(options: BarePipeOptions): Promise<(app: FastifyInstance) => void> {
  const { pool } = options
  await createMessageTable(pool)
  const find = bareFind(pool, options.query)
  return (app) => {
    app.post('/find', async (_request, reply) =>
      reply.type('application/soap+xml; charset=UTF-8').send(await find(options.patient)),
    )
    app.post('/fetch', async (_request, reply) => {
      const entry = await queryOne<{ readonly content: Buffer }>(
        pool,
        sql`/* bare fetch */ select d.content from registry.document_entry e join repository.document d on d.unique_id = e.unique_id
            where e.unique_id = any(${[options.document.uniqueId]}) and e.repository_unique_id = ${options.document.repositoryUniqueId}`,
      )
      const body = entry?.content ?? Buffer.alloc(0)
      const related = writeRelated('<answer/>', [
        { contentId: 'document@bench', contentType: 'application/octet-stream', body },
      ])
      return reply.type(related.contentType).send(related.body)
    })
    app.post('/insert', async (request, reply) => {
      await insertMessage(pool, request.body)
      return reply.send('ok')
    })
  }
}
