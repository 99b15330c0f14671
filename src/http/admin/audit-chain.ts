// Admin routes of the audit log as a whole: months and their state, the export of a month with its proof, the end of a month (docs/audit.md).

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { DropAnswer, NotDropped } from '../../audit/chain-ports.ts'
import { type ExportRecord, recordLine } from '../../audit/export.ts'
import { nameOf } from '../failure.ts'
import { answerError, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { NETWORK_READERS, type RouteRoles } from './principal.ts'
import { described, exactly, month, whoOf } from './schemas.ts'

const NDJSON = 'application/x-ndjson; charset=utf-8'
/** Lines go out by the chunk. */
const CHUNK_LENGTH = 65_536

/** It holds everybody's access log: running the network gives no right to it (docs/access-log.md). */
const LOG_EXPORTERS: RouteRoles = ['auditor']

const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the export, hex' } as const

type OfMonth = { Params: { month: string } }

export function registerAuditChainRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { chain } = ports
  app.get(
    '/audit/months',
    {
      schema: described('Months of the audit log: how far sealed, signed, verified, exported', {
        roles: NETWORK_READERS,
      }),
    },
    async () => ({ months: await chain.months() }),
  )
  app.get(
    '/audit/key',
    { schema: described('Public keys that verify the audit log, PEM', { roles: 'anyone' }) },
    async (_request, reply) => reply.type('application/x-pem-file').send(await chain.publicKeys()),
  )
  app.get<{ Querystring: { month: string } }>(
    '/audit/export',
    {
      schema: described(
        'A month of the audit log with the chain and signatures that prove it, one JSON object a line',
        {
          roles: LOG_EXPORTERS,
          querystring: exactly({ month }),
        },
      ),
    },
    async (request, reply) => {
      const { month } = request.query
      const records = await chain.exportChain({ chain: month })
      if (records === undefined) return notFound(reply)
      await chain.recordExport(month, whoOf(request))
      return reply
        .type(NDJSON)
        .header('content-disposition', `attachment; filename="audit-${month}.ndjson"`)
        .send(Readable.from(written(records, { request, ports }), { objectMode: false }))
    },
  )
  app.post<OfMonth & { Body: { sha256: string } }>(
    '/audit/months/:month/drop',
    {
      schema: described(
        'An export of the month is kept: the month is dropped when audit.retentionMonths are over, at once if they are',
        { params: exactly({ month }), body: exactly({ sha256 }) },
      ),
    },
    async (request, reply) =>
      answerDrop(reply, await chain.drop(request.params.month, request.body.sha256, whoOf(request))),
  )
}

/** A stream that ends early is cut off and is no export: only one that was sent whole is noted as such. */
async function* written(
  records: AsyncIterable<ExportRecord>,
  { request, ports }: { readonly request: FastifyRequest; readonly ports: AdminPorts },
): AsyncGenerator<string> {
  const digest = createHash('sha256')
  let chunk = ''
  let head: { readonly chain: string; readonly seq: number } | undefined
  try {
    for await (const record of records) {
      if (record.kind === 'tsunagi-audit-export') head = record
      chunk += `${recordLine(record)}\n`
      if (chunk.length < CHUNK_LENGTH) continue
      digest.update(chunk)
      yield chunk
      chunk = ''
    }
    digest.update(chunk)
    if (head !== undefined)
      await ports.chain.noteExport({ chain: head.chain, seq: head.seq, sha256: digest.digest('hex') }, whoOf(request))
    yield chunk
  } catch (error) {
    ports.log.error({ cause: nameOf(error), route: request.routeOptions.url }, 'an export failed')
    throw error
  }
}

const OBSTACLES: Readonly<
  Record<Exclude<NotDropped, 'unknown'>, { readonly message: string; hint: string; ja: string }>
> = {
  'already dropped': {
    message: 'The month was dropped before',
    hint: 'GET /admin/v1/audit/months says when',
    ja: 'この月の監査証跡は既に削除されています。',
  },
  'not over': {
    message: 'The month is not over',
    hint: 'A month (Japan) is exported for good when it is over and closed',
    ja: 'この月はまだ終わっていません。月が終わり、確定してから出力してください。',
  },
  'not closed': {
    message: 'The month has no closing checkpoint that covers its last event',
    hint: 'The server signs it within two hours after the end of the month; then export it again',
    ja: 'この月の最終チェックポイントがまだありません。月末の2時間後以降に、もう一度出力してください。',
  },
  'not verified': {
    message: 'The month was not found whole since its last event',
    hint: 'The server verifies it by itself (audit.verifyWholeDays); GET /admin/v1/audit/months shows what it found',
    ja: 'この月の完全性がまだ確認されていません。検証結果を確認してください（tsunagi audit months）。',
  },
  'no such export': {
    message: 'No export with this SHA-256 covers the whole month',
    hint: 'Export the month again, keep the file, and send its SHA-256',
    ja: 'このSHA-256に一致する、月全体の出力記録がありません。もう一度出力し、そのファイルの値を指定してください。',
  },
  'no month of its own': {
    message:
      'Events of the month lie among those of other months, since the server was not running when the month was made',
    hint: 'docs/audit.md says how a database administrator moves them',
    ja: 'この月の記録が月別の領域の外にあります。docs/audit.md の手順で移してください。',
  },
  'not sent': {
    message: 'An audit repository does not have all of the month yet',
    hint: 'tsunagi audit target list shows which one and why; remove it when it shall not have the month',
    ja: 'この月の記録をまだ受け取っていない監査リポジトリがあります。tsunagi audit target list で確認し、不要なものは削除してください。',
  },
}

function answerDrop(reply: FastifyReply, answer: DropAnswer): FastifyReply {
  switch (answer.done) {
    case 'dropped':
    case 'noted':
      return reply.send(answer)
    case 'refused':
      if (answer.because === 'unknown') return notFound(reply)
      return answerError(reply, 409, { code: 'NOT_DROPPED', ...OBSTACLES[answer.because] })
  }
}
