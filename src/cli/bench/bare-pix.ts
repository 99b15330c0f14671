// The bare pipe of patient identity: the statement of a PIX query for random persons, and the bytes of one answer (design §7).

import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import { identityReads } from '../../db/identity/reads.ts'
import type { Oid } from '../../model/identifiers.ts'

export interface BarePixOptions {
  readonly pool: pg.Pool
  readonly domain: Oid
  /** Patient numbers of the domain count from 1 to here, ten digits each. */
  readonly count: number
  /** As the real door gave it. */
  readonly answer: { readonly contentType: string; readonly body: Buffer }
}

export function barePix({ pool, domain, count, answer }: BarePixOptions): (app: FastifyInstance) => void {
  const { correspondence } = identityReads(pool)
  return (app) => {
    app.post('/pix', async (_request, reply) => {
      const found = await correspondence({ value: anyNumber(count), authority: domain }, [])
      if (found.person === undefined) throw new Error('the bare pipe asks for numbers that are there')
      return reply.type(answer.contentType).send(answer.body)
    })
  }
}

const NUMBER_DIGITS = 10

/** A patient number of a hospital that has given out so many. */
export function anyNumber(count: number): string {
  return String(1 + Math.floor(Math.random() * count)).padStart(NUMBER_DIGITS, '0')
}
