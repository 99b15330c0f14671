// Admin routes of bulk import and export: NDJSON in and out, streamed; an import tells how far it is while it goes on.

import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { findFacility } from '../../access/administration.ts'
import { lineBatches } from '../../codec/ndjson/lines.ts'
import { readPersonRecord, writePersonRecord } from '../../codec/ndjson/person-record.ts'
import type { ImportLine, ImportProgress } from '../../identity/transfer/import.ts'
import { explain, IheError } from '../../model/error.ts'
import { type Oid, parseOid } from '../../model/identifiers.ts'
import type { PersonRecord, RecordFault, RefusedRecord } from '../../model/person-record.ts'
import { nameOf } from '../failure.ts'
import { invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { described, exactly, oid, slug, whoOf } from './schemas.ts'

/** Records of one transaction: feeds that want to be matched wait for it, so it ends within a second. */
const BATCH_RECORDS = 500
const NDJSON = 'application/x-ndjson'

interface ImportQuery {
  readonly facility?: string
  readonly domain?: string
  readonly dryRun?: 'true' | 'false'
}

export function registerTransferRoutes(app: FastifyInstance, ports: AdminPorts): void {
  app.addContentTypeParser(NDJSON, (_request, payload, done) => done(null, payload))
  app.post<{ Querystring: ImportQuery; Body: AsyncIterable<Buffer> }>(
    '/patients/import',
    {
      schema: described('Add many patient numbers, one JSON object a line', {
        consumes: [NDJSON],
        querystring: exactly({ facility: slug, domain: oid, dryRun: { enum: ['true', 'false'] } }, [
          'facility',
          'domain',
          'dryRun',
        ]),
      }),
    },
    async (request, reply) => {
      if (request.headers['content-type']?.startsWith(NDJSON) !== true) return wrongType(reply)
      const { facility, domain: named, dryRun } = request.query
      if (facility !== undefined && named !== undefined) return bothNamed(reply)
      const domain = facility === undefined ? named : await domainOf(facility, ports)
      if (facility !== undefined && domain === undefined) return notFound(reply)
      const lines = readLines(request.body, { ports, domain: domain === undefined ? undefined : parseOid(domain) })
      const progress = ports.transfer.import(lines, { ...whoOf(request), isDryRun: dryRun === 'true' })
      return reply.type(NDJSON).send(streamed(told(progress, { request, ports })))
    },
  )
  app.get<{ Querystring: { domain?: string } }>(
    '/patients/export',
    {
      schema: described('All patient numbers and what is said of them, one JSON object a line', {
        querystring: exactly({ domain: oid }, ['domain']),
      }),
    },
    async (request, reply) => {
      const domain = request.query.domain === undefined ? undefined : parseOid(request.query.domain)
      const pages = ports.transfer.export({ ...whoOf(request), ...(domain === undefined ? {} : { domain }) })
      return reply.type(NDJSON).send(streamed(written(pages, { request, ports })))
    },
  )
}

async function domainOf(facilityId: string, { store }: AdminPorts): Promise<string | undefined> {
  return (await findFacility(facilityId, store))?.patientDomain.oid
}

function wrongType(reply: FastifyReply): FastifyReply {
  return invalid(reply, {
    message: 'The body of an import is one JSON object a line',
    hint: `Send it as Content-Type: ${NDJSON}`,
    ja: `取り込みデータは1行1件のJSONです。Content-Type: ${NDJSON} で送信してください。`,
  })
}

function bothNamed(reply: FastifyReply): FastifyReply {
  return invalid(reply, {
    message: 'facility and domain: an import names one of them',
    hint: 'The facility has one domain of patient numbers; name the one or the other',
    ja: 'facility と domain はどちらか一方を指定してください。',
  })
}

function streamed(lines: AsyncIterable<string>): Readable {
  return Readable.from(lines, { objectMode: false })
}

async function* readLines(
  body: AsyncIterable<Buffer>,
  { ports, domain }: { readonly ports: AdminPorts; readonly domain: Oid | undefined },
): AsyncGenerator<readonly ImportLine[]> {
  const { affinityDomain } = ports.transfer
  const context = { affinityDomain, ...(domain === undefined ? {} : { domain }) }
  for await (const batch of lineBatches(body, BATCH_RECORDS))
    yield batch.map(
      (read): ImportLine => ('fault' in read ? read : { line: read.line, ...readPersonRecord(read.text, context) }),
    )
}

interface Exchange {
  readonly request: FastifyRequest
  readonly ports: AdminPorts
}

/** The status is sent before the work begins, so the end of the stream says how it went: `done`, `failed`, or neither. */
async function* told(progress: AsyncIterable<ImportProgress>, exchange: Exchange): AsyncGenerator<string> {
  let last: ImportProgress | undefined
  yield line({ state: 'started' })
  try {
    for await (const one of progress) {
      last = one
      const { importId, lines, counts } = one
      yield line({ state: 'going on', importId, lines, ...counts, refusals: one.refused.map(refusal) })
    }
    yield line({ state: 'done', importId: last?.importId, lines: last?.lines ?? 0, ...last?.counts })
  } catch (error) {
    yield line({ state: 'failed', ...failureOf(error, exchange) })
  }
}

function failureOf(error: unknown, { request, ports }: Exchange): object {
  if (error instanceof IheError) {
    const { code, hint, ja } = error.row
    return { code, message: explain(error), hint, ja }
  }
  ports.log.error({ cause: nameOf(error), route: request.routeOptions.url }, 'an import failed')
  return {
    code: 'INTERNAL',
    message: 'The server failed on this import',
    hint: 'See the log of the server; import the same again: what is there already stays as it is',
    ja: 'サーバ内部の障害です。ログを確認し、同じファイルで再実行してください。取り込み済みの行は変わりません。',
  }
}

/** A stream that ends early is cut off, so that nobody takes a part for the whole. */
async function* written(
  pages: AsyncIterable<readonly PersonRecord[]>,
  { request, ports }: Exchange,
): AsyncGenerator<string> {
  try {
    for await (const page of pages)
      yield page.map((record) => writePersonRecord(record, ports.transfer.affinityDomain)).join('')
  } catch (error) {
    ports.log.error({ cause: nameOf(error), route: request.routeOptions.url }, 'an export failed')
    throw error
  }
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}

function refusal({ line: number, fault, at }: RefusedRecord): object {
  const { message, ja } = FAULTS[fault]
  return { line: number, code: fault, ...(at === undefined ? {} : { at }), message, ja }
}

const FAULTS: Readonly<Record<RecordFault, { readonly message: string; readonly ja: string }>> = {
  'too-long': {
    message: 'the line is longer than 64 KiB; one line describes one patient number',
    ja: '行が64KiBを超えています。1行に1件を記載してください。',
  },
  'not-utf-8': {
    message: 'the line is not in UTF-8; convert the file, for example with iconv -f CP932 -t UTF-8',
    ja: '行の文字コードがUTF-8ではありません。ファイルをUTF-8に変換してください（例: iconv -f CP932 -t UTF-8）。',
  },
  'not-json': {
    message: 'the line is no JSON object, such as {"value": "1", "demographics": {"names": [...]}}',
    ja: '行がJSONオブジェクトではありません。',
  },
  'wrong-member': {
    message: 'the member is missing, unknown or of another form; "tsunagi patient import --help" names the members',
    ja: '項目が不足しているか、形式が異なります。',
  },
  'bad-date': {
    message: 'birthTime is digits YYYY, YYYYMM or YYYYMMDD of a day from 1850 to today',
    ja: '生年月日は1850年から本日までの実在する日付を YYYYMMDD の形式で指定してください。',
  },
  'no-domain': {
    message: 'the line names no domain; name it in the line, or import with --facility or --domain',
    ja: 'ドメインがありません。行に domain を記載するか、--facility または --domain を指定してください。',
  },
  'other-domain': {
    message: 'the line names another domain than the import',
    ja: '行のドメインが、取り込みで指定したドメインと異なります。',
  },
  'unknown-domain': {
    message: 'the domain is no patient number domain of a facility of this network; register the facility first',
    ja: 'ドメインが登録されていません。先に施設を登録してください。',
  },
  'no-demographics': {
    message: 'a number needs demographics with a name, or the person whose it is',
    ja: '氏名を含む demographics が必要です。',
  },
  'foreign-person': {
    message: 'person is an id of this network, as value^^^&OID&ISO; leave it out to have the record matched',
    ja: 'person には本ネットワークの地域患者IDを指定してください。省略すると照合により判定します。',
  },
  differs: {
    message: 'the number is known with other content; its source corrects it by a revise (ITI-44, ADT^A08)',
    ja: '患者番号は別の内容で登録済みです。施設からの更新（ITI-44 Revise、ADT^A08）で訂正してください。',
  },
  elsewhere: {
    message: 'the number is known as another person’s; staff link, unlink or split',
    ja: '患者番号は別の患者のものとして登録済みです。名寄せを確認してください。',
  },
  obsolete: {
    message: 'the number was replaced by a merge and is never used again',
    ja: '患者番号は統合により無効です。再使用できません。',
  },
  'obsolete-person': {
    message: 'the person was merged into another one; name that one',
    ja: '患者は別の患者に統合済みです。統合先の患者を指定してください。',
  },
  'second-number': {
    message: 'the person has another number of this domain; the facility merges the two (ITI-44, ADT^A40)',
    ja: '同じドメインの患者番号が登録済みです。施設からの統合（ITI-44 Merge、ADT^A40）で統合してください。',
  },
}
