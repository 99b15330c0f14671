// tsunagi query: ITI-18 Registry Stored Query, FindDocuments or GetDocuments (ITI TF-2 3.18.4.1.2.3.7).

import type { Command } from 'commander'
import { readDocumentEntry } from '../../profiles/metadata/read.ts'
import { iti18 } from '../../profiles/transactions/index.ts'
import { writeFindDocuments, writeGetDocuments } from '../codec/ebxml/query-request.ts'
import { type ReceivedQueryResponse, readQueryResponse } from '../codec/ebxml/query-response.ts'
import type { Markup } from '../codec/xml/write.ts'
import type { DocumentEntry } from '../model/document-entry.ts'
import type { Slot } from '../model/ebrim.ts'
import type { PatientId } from '../model/identifiers.ts'
import type { ReturnType } from '../model/stored-query.ts'
import { STATUS_APPROVED, STATUS_DEPRECATED } from '../model/xds.ts'
import { type ActingSystem, actingAs, asSystem, facilityDomain, patientOf, type SystemOptions } from './as-system.ts'
import type { SoapReply } from './client.ts'
import { type Context, collect, contextOf, listOf, type Registration } from './context.ts'
import { RefusedError, UsageError } from './failure.ts'
import { printRows } from './output.ts'
import { askPix, foundIds } from './pix.ts'
import { requireSuccess } from './registry-answer.ts'

interface QueryOptions extends SystemOptions {
  readonly patient?: string
  readonly id?: string
  readonly domain?: string
  readonly uuid?: readonly string[]
  readonly uniqueId?: readonly string[]
  readonly return: string
  readonly param?: readonly string[]
  readonly status: string
  readonly raw?: true
}

export const registerQuery: Registration = (program, terminal) => {
  actingAs(program.command('query'))
    .description('ITI-18: documents of a patient / 文書の検索')
    .option('--patient <id>', 'affinity-domain id of the patient, a bare value or id^^^&OID&ISO')
    .option('--id <value>', 'instead: patient number of the facility, looked up by ITI-45 first')
    .option('--domain <oid>', 'assigning authority of --id; default that of the system’s facility')
    .option('--uuid <entryUUID>', 'GetDocuments by entryUUID (repeatable)', collect)
    .option('--unique-id <uniqueId>', 'GetDocuments by uniqueId (repeatable)', collect)
    .option('--return <type>', 'LeafClass or ObjectRef', 'LeafClass')
    .option('--status <status>', 'approved, deprecated, or both separated by a comma', 'approved')
    .option('--param <name=value>', 'further parameter in wire syntax (repeatable)', collect)
    .option('--raw', 'print the answer as received')
    .action((options: QueryOptions, command: Command) => {
      const context = contextOf(command, terminal)
      return asSystem(context, options, async (acting) => {
        const { response, reply } = await ask(acting, await requestOf(acting, options))
        if (options.raw === true) terminal.out(reply.raw)
        else if (returnTypeOf(options) === 'LeafClass') showEntries(context, response)
        else showReferences(context, response)
        requireSuccess(terminal, response)
      })
    })
}

/** Sends a stored query and reads the answer, whatever its status. */
export async function ask(
  { client }: ActingSystem,
  body: Markup,
): Promise<{ readonly response: ReceivedQueryResponse; readonly reply: SoapReply }> {
  const reply = await client.call({ transaction: iti18, body })
  return { response: readQueryResponse(reply.body), reply }
}

/** The request that the options describe. @throws {UsageError} */
async function requestOf(acting: ActingSystem, options: QueryOptions): Promise<Markup> {
  const returnType = returnTypeOf(options)
  const { uuid, uniqueId } = options
  const asked = [options.patient, options.id, uuid, uniqueId].filter((option) => option !== undefined)
  if (asked.length !== 1) throw new UsageError('give one of --patient, --id, --uuid and --unique-id')
  if (uuid !== undefined) return writeGetDocuments({ returnType, by: 'entryUUID', values: uuid })
  if (uniqueId !== undefined) return writeGetDocuments({ returnType, by: 'uniqueId', values: uniqueId })
  const slots = parameterSlots(options.param ?? [])
  const status = statusesOf(options.status)
  return writeFindDocuments({ patientId: await patientIdOf(acting, options), returnType, status, slots })
}

function returnTypeOf(options: Pick<QueryOptions, 'return'>): ReturnType {
  if (options.return === 'LeafClass' || options.return === 'ObjectRef') return options.return
  throw new UsageError('--return needs LeafClass or ObjectRef')
}

async function patientIdOf(acting: ActingSystem, options: QueryOptions): Promise<PatientId> {
  if (options.patient !== undefined) return patientOf(acting.config, options.patient)
  const authority = await facilityDomain(acting.config, options.as, options.domain)
  const community = acting.config.identity.affinityDomainAuthority
  const { answer } = await askPix(acting, { value: options.id ?? '', authority }, [community])
  const found = foundIds(answer).find(({ id }) => id.authority === community)
  if (found === undefined)
    throw new RefusedError(`the number ${options.id} has no affinity-domain id / この番号は名寄せされていません`)
  return found.id
}

/** Statuses by their last word. @throws {UsageError} */
export function statusesOf(text: string): readonly string[] {
  return listOf(text).map((word) => {
    switch (word.toLowerCase()) {
      case 'approved':
        return STATUS_APPROVED
      case 'deprecated':
        return STATUS_DEPRECATED
    }
    throw new UsageError(`--status knows approved and deprecated, not "${word}"`)
  })
}

/** `$Name=value` as slots; the same name again is a second slot, which means AND. @throws {UsageError} without `=`. */
export function parameterSlots(parameters: readonly string[]): readonly Slot[] {
  return parameters.map((parameter) => {
    const at = parameter.indexOf('=')
    const name = parameter.slice(0, at).trim()
    if (at <= 0 || name === '') throw new UsageError(`--param needs name=value, not "${parameter}"`)
    return { name: name.startsWith('$') ? name : `$${name}`, values: [wireQuotes(parameter.slice(at + 1).trim())] }
  })
}

/** A shell makes single quotes hard to write, so double ones around a value are taken for them (ITI TF-2 3.18.4.1.2.3.5). */
function wireQuotes(value: string): string {
  return value.includes("'") ? value : value.replaceAll('"', "'")
}

function showEntries({ terminal, format }: Context, response: ReceivedQueryResponse): void {
  const rows = response.objects.flatMap((object) => {
    const entry = readDocumentEntry(object).value
    return entry === undefined ? [] : [{ ...entry, availabilityStatus: object.status ?? '' }]
  })
  printRows(terminal, { rows, columns: entryColumns, empty: 'no document / 文書はありません' }, format)
}

const entryColumns: readonly { readonly title: string; readonly value: (entry: DocumentEntry) => string }[] = [
  { title: 'TITLE', value: (entry) => entry.title ?? '' },
  { title: 'CLASS', value: (entry) => entry.classCode.code },
  { title: 'CREATED', value: (entry) => readableTime(entry.creationTime ?? '') },
  { title: 'REPOSITORY', value: (entry) => entry.repositoryUniqueId ?? '' },
  { title: 'DOCUMENT', value: (entry) => entry.uniqueId },
]

function showReferences({ terminal, format }: Context, response: ReceivedQueryResponse): void {
  const columns = [{ title: 'ENTRY', value: (id: string) => id }]
  printRows(terminal, { rows: response.references, columns, empty: 'no document / 文書はありません' }, format)
}

/** DTM in UTC as `2026-01-20 05:30:00Z`, in the precision it has. */
export function readableTime(dtm: string): string {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?$/.exec(dtm) ?? []
  if (year === undefined) return dtm
  const date = [year, month, day].filter((part) => part !== undefined).join('-')
  if (hour === undefined) return date
  return `${date} ${[hour, minute ?? '00', second].filter((part) => part !== undefined).join(':')}Z`
}
