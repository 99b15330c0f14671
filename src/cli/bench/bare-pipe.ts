// The bare pipe of the bench: the same Fastify, the same mutual TLS, the same SQL and bytes, without XML, access and audit (design §7).

import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import fastify from 'fastify'
import type pg from 'pg'
import { writeRelated } from '../../codec/mtom/write.ts'
import { createRegistryQueries } from '../../db/registry-query.ts'
import { execute, queryOne, sql } from '../../db/sql.ts'
import type { PatientAccess } from '../../model/access.ts'
import type { FindDocuments } from '../../model/stored-query.ts'

export interface BarePipeOptions {
  readonly pool: pg.Pool
  readonly tls: SecureContextOptions
  readonly query: FindDocuments
  readonly patient: PatientAccess
  readonly document: { readonly repositoryUniqueId: string; readonly uniqueId: string }
}

/** Listens on a free loopback port; the table it writes to is its own. */
export async function startBarePipe(options: BarePipeOptions): Promise<{ port: number; stop: () => Promise<void> }> {
  const { pool } = options
  await pool.query('create schema if not exists bench')
  await pool.query('create table if not exists bench.message (id uuid primary key, content bytea not null)')
  await pool.query('alter table bench.message alter column content set storage external')
  const app = fastify({ https: { ...options.tls, requestCert: true, rejectUnauthorized: false } })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  const queries = createRegistryQueries(pool)
  app.post('/find', async (_request, reply) => {
    const objects = await queries.findDocuments(options.query, { patient: options.patient, limit: 1001 })
    let out = ''
    for (const object of objects) out += `<rim:${object.element} status="${object.status}"${object.ebrim}`
    return reply.type('application/soap+xml; charset=UTF-8').send(Buffer.from(`<list>${out}</list>`))
  })
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
    await execute(
      pool,
      sql`/* bare durable insert */ insert into bench.message (id, content) values (${randomUUID()}, ${request.body})`,
    )
    return reply.send('ok')
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port, stop: () => app.close() }
}
