// Admin route of ledgers (管理台帳, idlink C-11): links and consents of a facility and month, streamed as CSV or JSON, every hand-out audited.

import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  LEDGER_COLUMNS,
  LEDGERS,
  type LedgerKind,
  type LedgerRequest,
  type LedgerRow,
} from '../../access/administration/ledger-ports.ts'
import { findFacility } from '../../access/administration.ts'
import { CSV_MARK, csvLine } from '../../codec/csv/write.ts'
import { jstIso } from '../../model/jst.ts'
import { nameOf } from '../failure.ts'
import { notFound } from './answers.ts'
import { othersAmong } from './own.ts'
import type { AdminPorts } from './ports.ts'
import { ADMINISTRATORS, facilityOf } from './principal.ts'
import { changeOf, described, exactly, month, slug } from './schemas.ts'

const FORMATS = { csv: 'text/csv; charset=utf-8', json: 'application/json; charset=utf-8' } as const

interface Asked {
  readonly month: string
  readonly ledger: LedgerKind
  readonly format?: keyof typeof FORMATS
}

const querystring = exactly(
  { month, ledger: { enum: LEDGERS }, format: { enum: Object.keys(FORMATS), description: 'csv when left out' } },
  ['format'],
)

export function registerLedgerRoutes(app: FastifyInstance, ports: AdminPorts): void {
  app.get<{ Params: { id: string }; Querystring: Asked }>(
    '/facilities/:id/ledger',
    {
      schema: described('Ledger of links or consents of a facility and month: who registered, linked, consented', {
        roles: ADMINISTRATORS,
        own: 'facility',
        params: exactly({ id: slug }),
        querystring,
      }),
    },
    async (request, reply) => {
      const { id: facilityId } = request.params
      const { format = 'csv', ...asked } = request.query
      if ((await findFacility(facilityId, ports.store)) === undefined) return notFound(reply)
      const change = changeOf(request, `ledger of ${asked.ledger} of facility ${facilityId}, ${asked.month}`)
      const pages = shownTo(request, ports.store.ledger({ facilityId, ...asked }, change), ports)
      const rendered = format === 'csv' ? csv(pages, asked) : json(pages)
      return reply
        .type(FORMATS[format])
        .header('content-disposition', `attachment; filename="${asked.ledger}-${facilityId}-${asked.month}.${format}"`)
        .send(Readable.from(watched(rendered, { request, ports }), { objectMode: false }))
    },
  )
}

/** Of what was taken or written down elsewhere staff of the facility are told that it is there: by whom would tell where else a patient is treated. */
async function* shownTo(
  request: FastifyRequest,
  pages: AsyncIterable<readonly LedgerRow[]>,
  ports: AdminPorts,
): AsyncGenerator<readonly LedgerRow[]> {
  const facilityId = facilityOf(request)
  for await (const page of pages) {
    const others = await othersAmong(
      page.flatMap(({ by }) => by ?? []),
      request,
      ports,
    )
    yield page.map((row) => ({
      ...row,
      ...(facilityId === undefined || ['', facilityId].includes(row.takenAt ?? '') ? {} : NOT_TOLD),
      ...(others.has(row.by ?? '') ? { by: '' } : {}),
    }))
  }
}

const NOT_TOLD = { takenBy: '', takenAt: '', evidence: '' } as const

/** A stream that ends early is cut off, so that nobody takes a part for the whole. */
async function* watched(
  lines: AsyncIterable<string>,
  { request, ports }: { readonly request: FastifyRequest; readonly ports: AdminPorts },
): AsyncGenerator<string> {
  try {
    yield* lines
  } catch (error) {
    ports.log.error({ cause: nameOf(error), route: request.routeOptions.url }, 'an export failed')
    throw error
  }
}

async function* csv(
  pages: AsyncIterable<readonly LedgerRow[]>,
  { ledger }: Pick<LedgerRequest, 'ledger'>,
): AsyncGenerator<string> {
  const columns = LEDGER_COLUMNS[ledger]
  yield `${CSV_MARK}${csvLine(columns.map((name) => `${name[0]?.toUpperCase()}${name.slice(1)}`))}`
  for await (const page of pages) yield page.map((row) => csvLine(columns.map((name) => cellOf(row, name)))).join('')
}

/** Moments as the other files of the network have them: YYYY/MM/DD hh:mm:ss in Japan. */
function cellOf(row: LedgerRow, name: string): string {
  const value = row[name] ?? ''
  if (name !== 'time') return value
  return jstIso(Date.parse(value)).slice(0, 19).replace('T', ' ').replaceAll('-', '/')
}

async function* json(pages: AsyncIterable<readonly LedgerRow[]>): AsyncGenerator<string> {
  let separator = ''
  yield '['
  for await (const page of pages) {
    if (page.length === 0) continue
    yield `${separator}${page.map((row) => JSON.stringify(row)).join(',\n')}`
    separator = ',\n'
  }
  yield ']\n'
}
