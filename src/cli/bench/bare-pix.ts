// The bare pipe of patient identity: the statement of a PIX query for random persons, and the bytes of one answer (design §7).

import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import { query, sql } from '../../db/sql.ts'
import type { Oid, PatientId } from '../../model/identifiers.ts'

export interface BarePixOptions {
  readonly pool: pg.Pool
  readonly domain: Oid
  /** Patient numbers of the domain count from 1 to here, ten digits each. */
  readonly count: number
  /** As the real door gave it. */
  readonly answer: { readonly contentType: string; readonly body: Buffer }
}

export function barePix({ pool, domain, count, answer }: BarePixOptions): (app: FastifyInstance) => void {
  return (app) => {
    app.post('/pix', async (_request, reply) => {
      const found = await correspondence(pool, { value: anyNumber(count), authority: domain })
      if (found === 0) throw new Error('the bare pipe asks for numbers that are there')
      return reply.type(answer.contentType).send(answer.body)
    })
  }
}

/** The active identifiers of the person who has this one, with their domains: as a PIX query reads them, without what the access rule needs. */
async function correspondence(pool: pg.Pool, id: PatientId): Promise<number> {
  const rows = await query(
    pool,
    sql`/* bare correspondence */
      select d.oid, d.name, d.kind, d.facility_id, i.value, i.person_key
      from identity.identifier q
      join identity.identifier i on i.person_key = q.person_key and i.status = 'active'
      join identity.domain d on d.oid = i.domain
      where q.domain = ${id.authority} and q.value = ${id.value} and q.status = 'active'
      order by d.oid, i.value`,
  )
  return rows.length
}

const NUMBER_DIGITS = 10

/** A patient number of a hospital that has given out so many. */
export function anyNumber(count: number): string {
  return String(1 + Math.floor(Math.random() * count)).padStart(NUMBER_DIGITS, '0')
}
