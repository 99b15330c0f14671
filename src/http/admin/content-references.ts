// Admin routes of the content-reference records (コンテンツ参照記録) and of what proves fees: CSV of a facility and month, streamed (idlink L-1, L-2, L-6).

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CLAIM_COLUMNS, claimLine } from '../../audit/records/claim-lines.ts'
import { REFERENCE_KINDS, type ReferenceKind } from '../../audit/records/ports.ts'
import { type ReferenceForm, referenceColumns, referenceLine } from '../../audit/records/reference-lines.ts'
import { CSV_ENCODINGS, type CsvEncoding, csvBegin, csvBytes } from '../../codec/csv/encode.ts'
import { csvLine } from '../../codec/csv/write.ts'
import { answerError, invalid, notFound } from './answers.ts'
import {
  isKnown,
  LOG_READERS,
  NOBODY_OF_THAT_NUMBER,
  patient,
  patientIds,
  recordUse,
  sendFile,
} from './audit-period.ts'
import type { AdminPorts } from './ports.ts'
import { facilityOf } from './principal.ts'
import { described, exactly, month, slug } from './schemas.ts'

const common = {
  month,
  facility: { ...slug, description: 'whose record it is; the own facility when left out' },
  patient,
  encoding: { enum: CSV_ENCODINGS, description: 'utf-8 with byte order mark when left out' },
}
const OPTIONAL = ['facility', 'patient', 'encoding', 'extended']

interface CommonQuery {
  readonly month: string
  readonly facility?: string
  readonly patient?: string
  readonly encoding?: CsvEncoding
}

interface ReferencesQuery extends CommonQuery {
  readonly of: ReferenceKind
  readonly extended?: 'true' | 'false'
}

export function registerContentReferences(app: FastifyInstance, ports: AdminPorts): void {
  app.get<{ Querystring: ReferencesQuery }>(
    '/audit/content-references',
    {
      schema: described(
        'Content-reference record of a facility and month as CSV: content of others that it looked at (own-views), or its content that others looked at (own-content). Audited',
        {
          roles: LOG_READERS,
          querystring: exactly(
            {
              ...common,
              of: { enum: REFERENCE_KINDS },
              extended: { enum: ['true', 'false'], description: 'true: with further columns' },
            },
            OPTIONAL,
          ),
        },
      ),
    },
    async (request, reply) => {
      const { of, extended } = request.query
      const prepared = await prepare(request, reply, ports, { typeCode: 'content-references', what: of })
      if ('answered' in prepared) return prepared.answered
      const form: ReferenceForm = extended === 'true' ? 'extended' : 'usual'
      const pages = ports.records.store.references({ ...prepared.asked, of })
      const lines = linesOf(pages, (page) => page.map((row) => referenceLine(row, form, ports.records.kindName)))
      return sendCsv({ name: of, columns: referenceColumns(form), lines }, { request, reply, ports, ...prepared })
    },
  )
  app.get<{ Querystring: CommonQuery }>(
    '/audit/claims',
    {
      schema: described(
        'What proves the fees for sharing results electronically (検査・画像情報提供加算, 電子的診療情報評価料): by day and patient, documents of others that were read and own ones that were sent, as CSV. Audited',
        { roles: LOG_READERS, querystring: exactly(common, OPTIONAL) },
      ),
    },
    async (request, reply) => {
      const prepared = await prepare(request, reply, ports, { typeCode: 'claims', what: 'claims' })
      if ('answered' in prepared) return prepared.answered
      const days = ports.records.store.claims(prepared.asked)
      const lines = linesOf(days, ({ day, rows }) => rows.map((row) => claimLine(day, row, ports.records.kindName)))
      return sendCsv({ name: 'claims', columns: CLAIM_COLUMNS, lines }, { request, reply, ports, ...prepared })
    },
  )
}

interface Prepared {
  readonly asked: { readonly facilityId: string; readonly month: string; readonly patients?: readonly string[] }
}

/** Whose record it is, and the audit event; answered already when there is none. */
async function prepare(
  request: FastifyRequest<{ Querystring: CommonQuery }>,
  reply: FastifyReply,
  ports: AdminPorts,
  use: { readonly typeCode: 'content-references' | 'claims'; readonly what: string },
): Promise<Prepared | { readonly answered: FastifyReply }> {
  const { month, facility, patient } = request.query
  const own = facilityOf(request)
  const facilityId = facility ?? own
  if (facilityId === undefined) return { answered: invalid(reply, WHOSE) }
  if (own !== undefined && own !== facilityId) return { answered: notFound(reply) }
  if ((await ports.records.store.facilityName(facilityId)) === undefined) return { answered: notFound(reply) }
  if (await ports.records.store.isDropped(month)) return { answered: answerError(reply, 409, DROPPED) }
  const { patients, asked } = await patientIds(patient, facilityId, ports)
  const operation = `${use.what} of facility ${facilityId}, ${month}`
  await recordUse(request, ports, { typeCode: use.typeCode, operation, patients: asked })
  return { asked: { facilityId, month, ...(patients === undefined ? {} : { patients }) } }
}

const DROPPED = {
  code: 'MONTH_DROPPED',
  message: 'The audit events of this month were exported and dropped: an empty record would be wrong',
  hint: 'Ask the operator of the network for the export of the month',
  ja: 'この月の監査記録は出力後に削除されています。ネットワークの運用者に、保管されている出力ファイルを依頼してください。',
}

const WHOSE = {
  message: 'facility: staff of the network name the facility whose record it is',
  hint: 'Give facility=<facility id>; GET /admin/v1/facilities lists them',
  ja: 'ネットワークの職員は、対象の施設（facility）を指定してください。',
}

async function* linesOf<Page>(
  pages: AsyncIterable<Page>,
  toLines: (page: Page) => readonly (readonly string[])[],
): AsyncGenerator<string> {
  for await (const page of pages) yield toLines(page).map(csvLine).join('')
}

interface Sending extends Prepared {
  readonly request: FastifyRequest<{ Querystring: CommonQuery }>
  readonly reply: FastifyReply
  readonly ports: AdminPorts
}

async function sendCsv(
  file: { readonly name: string; readonly columns: readonly string[]; readonly lines: AsyncGenerator<string> },
  { request, reply, ports, asked }: Sending,
): Promise<FastifyReply> {
  const { encoding = 'utf-8' } = request.query
  const lines = await begun(file.lines)
  // A file without lines would say that nobody looked, of a patient whose number was mistyped. Whom the facility does not know is no other case.
  if (lines === undefined && asked.patients !== undefined && !(await isKnown(asked.patients, request, ports)))
    return answerError(reply, 404, NOBODY_OF_THAT_NUMBER)
  return sendFile(
    reply,
    {
      name: `${file.name}-${asked.facilityId}-${asked.month}.csv`,
      type: `text/csv; charset=${encoding}; header=present`,
      body: encoded({ columns: file.columns, lines: lines ?? file.lines }, encoding),
    },
    { request, ports },
  )
}

/** The lines, read until there is one; undefined when there is none. */
async function begun(lines: AsyncGenerator<string>): Promise<AsyncIterable<string> | undefined> {
  for (let read = await lines.next(); read.done !== true; read = await lines.next())
    if (read.value !== '') return after(read.value, lines)
  return undefined
}

async function* after(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first
  yield* rest
}

async function* encoded(
  { columns, lines }: { readonly columns: readonly string[]; readonly lines: AsyncIterable<string> },
  encoding: CsvEncoding,
): AsyncGenerator<Buffer> {
  yield Buffer.concat([csvBegin(encoding), csvBytes(csvLine(columns), encoding)])
  for await (const text of lines) yield csvBytes(text, encoding)
}
