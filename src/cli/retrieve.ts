// tsunagi retrieve: ITI-43 Retrieve Document Set; documents come out byte for byte as they were stored (ITI TF-2 3.43).

import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { iti43, iti43Initiating } from '../../profiles/transactions/index.ts'
import {
  type ReceivedRetrieveResponse,
  type RetrievedDocument,
  readRetrieveResponse,
  writeRetrieveRequest,
} from '../codec/ebxml/retrieve.ts'
import { decode } from '../codec/hl7v2/charset.ts'
import { charsetLabel } from '../codec/hl7v2/header.ts'
import { type ActingSystem, actingAs, asSystem, homeOf, type SystemOptions } from './as-system.ts'
import type { SoapReply } from './client.ts'
import { type Context, contextOf, type Registration } from './context.ts'
import { RefusedError, UsageError } from './failure.ts'
import { printable, printRows } from './output.ts'
import { requireSuccess } from './registry-answer.ts'

interface RetrieveOptions extends SystemOptions {
  readonly repository?: string
  readonly home?: string
  readonly out?: string
  readonly decode?: true
  readonly raw?: true
}

export interface FetchedDocument {
  readonly repositoryUniqueId: string
  readonly documentUniqueId: string
  readonly mimeType: string
  readonly bytes: Buffer
}

export const registerRetrieve: Registration = (program, terminal) => {
  actingAs(program.command('retrieve <documentUniqueId...>'))
    .description('ITI-43: fetch documents / 文書の取得')
    .option('--repository <oid>', 'repositoryUniqueId; default that of this server')
    .option('--home <oid>', 'community that the documents are of, by /xca/initiating / 隣接ネットワークの文書')
    .option('--out <dir>', 'directory to write the documents to, or - for standard output')
    .option('--decode', 'print HL7 v2 documents as readable text, a segment a line')
    .option('--raw', 'print the root part of the answer as received')
    .action((documentUniqueIds: readonly string[], options: RetrieveOptions, command: Command) => {
      const context = contextOf(command, terminal)
      if (options.out === '-' && documentUniqueIds.length > 1)
        throw new UsageError('--out - takes one document, since nothing would divide several')
      return asSystem(context, options, async (acting) => {
        const fetched = await fetchDocuments(acting, documentUniqueIds, placeOf(options))
        if (options.raw === true) terminal.out(fetched.reply.raw)
        else await deliver(context, options, fetched.documents)
        requireSuccess(terminal, fetched.response)
      })
    })
}

export interface Fetched {
  readonly documents: readonly FetchedDocument[]
  readonly response: ReceivedRetrieveResponse
  readonly reply: SoapReply
}

/** Where documents are: the repository of this server unless one is named, of this network unless a community is. */
interface Place {
  readonly repositoryUniqueId?: string
  readonly homeCommunityId?: string
}

/** @throws {UsageError} for a community without one of its repositories, since ours has none of its documents. */
function placeOf({ repository, home }: RetrieveOptions): Place {
  if (home !== undefined && repository === undefined)
    throw new UsageError('--home needs the --repository that "tsunagi query --neighbours" shows for the document')
  return {
    ...(repository === undefined ? {} : { repositoryUniqueId: repository }),
    ...(home === undefined ? {} : { homeCommunityId: homeOf(home) }),
  }
}

/** Fetches documents of one place; what was not delivered is in the errors of the response. */
export async function fetchDocuments(
  { config, client }: ActingSystem,
  documentUniqueIds: readonly string[],
  place: Place = {},
): Promise<Fetched> {
  const from = { repositoryUniqueId: config.repository.uniqueId, ...place }
  const requests = documentUniqueIds.map((documentUniqueId) => ({ ...from, documentUniqueId }))
  const transaction = place.homeCommunityId === undefined ? iti43 : iti43Initiating
  const reply = await client.call({ transaction, body: writeRetrieveRequest(requests) })
  const response = readRetrieveResponse(reply.body)
  const documents = response.documents.map((document) => ({
    ...document.request,
    mimeType: document.mimeType,
    bytes: bytesOf(document, reply),
  }))
  return { documents, response, reply }
}

function bytesOf({ content, request }: RetrievedDocument, { parts }: SoapReply): Buffer {
  if (content.kind === 'inline') return content.bytes
  const bytes = parts.get(content.contentId)
  if (bytes === undefined) throw new RefusedError(`the answer lacks the part of document ${request.documentUniqueId}`)
  return bytes
}

async function deliver(
  context: Context,
  options: RetrieveOptions,
  documents: readonly FetchedDocument[],
): Promise<void> {
  const { terminal } = context
  if (options.decode === true) {
    for (const document of documents) terminal.out(decodeEr7(document.bytes))
    return
  }
  if (options.out === '-') {
    for (const document of documents) terminal.out(document.bytes)
    return
  }
  const directory = options.out === undefined ? undefined : resolve(terminal.cwd, options.out)
  if (directory !== undefined) await mkdir(directory, { recursive: true })
  const rows = await Promise.all(documents.map((document) => saved(document, directory)))
  printRows(terminal, { rows, columns, empty: 'no document / 文書はありません' }, context.format)
}

interface Row extends Omit<FetchedDocument, 'bytes'> {
  readonly size: number
  readonly sha1: string
  readonly file?: string
}

const columns = [
  { title: 'DOCUMENT', value: (row: Row) => row.documentUniqueId },
  { title: 'TYPE', value: (row: Row) => row.mimeType },
  { title: 'BYTES', value: (row: Row) => String(row.size) },
  { title: 'SHA-1', value: (row: Row) => row.sha1 },
  { title: 'FILE', value: (row: Row) => row.file ?? '(--out <dir> or --decode shows it)' },
]

async function saved({ bytes, ...document }: FetchedDocument, directory: string | undefined): Promise<Row> {
  const row = { ...document, size: bytes.length, sha1: createHash('sha1').update(bytes).digest('hex') }
  if (directory === undefined) return row
  const file = join(directory, fileName(document))
  // Clinical content: its owner alone reads it.
  await writeFile(file, bytes, { mode: 0o600 })
  return { ...row, file }
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'x-application/hl7-v2+er7': '.hl7',
  'application/pdf': '.pdf',
  'text/xml': '.xml',
  'text/plain': '.txt',
  'image/jpeg': '.jpg',
  'image/png': '.png',
}

/** A uniqueId is foreign text: only what cannot leave the directory stays in the name. */
export function fileName({
  documentUniqueId,
  mimeType,
}: Pick<FetchedDocument, 'documentUniqueId' | 'mimeType'>): string {
  const name = documentUniqueId.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_')
  return `${name === '' ? '_' : name}${EXTENSIONS[mimeType] ?? '.bin'}`
}

/** An ER7 message as text with a line feed after each segment, its character set found as the server finds it (HL7 v2.5 2.9.2). */
export function decodeEr7(bytes: Buffer): string {
  const { text } = decode(bytes, charsetLabel(bytes), {})
  return text
    .split(/[\r\n]+/)
    .filter((line) => line !== '')
    .map((line) => `${printable(line)}\n`)
    .join('')
}
