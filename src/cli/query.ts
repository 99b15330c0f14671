// tsunagi query: any stored query of ITI-18 and ITI-51, by its name (ITI TF-2 3.18.4.1.2.3.7, 3.51.4.1.2).

import type { Command } from 'commander'
import { type QueryParameter, type StoredQueryRow, storedQueries } from '../../profiles/queries/index.ts'
import { iti18, iti18Initiating, iti51, type Transaction } from '../../profiles/transactions/index.ts'
import { writeStoredQuery } from '../codec/ebxml/query-request.ts'
import { type ReceivedQueryResponse, readQueryResponse } from '../codec/ebxml/query-response.ts'
import { listValue, stringValue } from '../codec/ebxml/query-value.ts'
import type { Markup } from '../codec/xml/write.ts'
import type { Slot } from '../model/ebrim.ts'
import { formatCx, type PatientId } from '../model/identifiers.ts'
import type { ReturnType } from '../model/stored-query.ts'
import { STATUS_APPROVED, STATUS_DEPRECATED } from '../model/xds.ts'
import {
  type ActingSystem,
  actingAs,
  asSystem,
  facilityDomain,
  homeOf,
  patientOf,
  type SystemOptions,
} from './as-system.ts'
import type { SoapReply } from './client.ts'
import { collect, contextOf, listOf, type Registration } from './context.ts'
import { RefusedError, UsageError } from './failure.ts'
import { askPix, foundIds } from './pix.ts'
import { showObjects, showReferences } from './query-answer.ts'
import { requireSuccess } from './registry-answer.ts'

interface QueryOptions extends SystemOptions {
  readonly query?: string
  readonly patient?: string
  readonly id?: string
  readonly domain?: string
  readonly uuid?: readonly string[]
  readonly uniqueId?: readonly string[]
  readonly return: string
  readonly param?: readonly string[]
  readonly status: string
  readonly raw?: true
  readonly neighbours?: true
  readonly home?: string
}

export const registerQuery: Registration = (program, terminal) => {
  actingAs(program.command('query'))
    .description('ITI-18, ITI-51: documents, submission sets, folders and associations / 文書の検索')
    .option('--query <name>', 'stored query, e.g. GetFolderAndContents; default FindDocuments, or GetDocuments by id')
    .option('--patient <id>', 'affinity-domain id of the patient, a bare value or id^^^&OID&ISO')
    .option('--id <value>', 'instead: patient number of the facility, looked up by ITI-45 first')
    .option('--domain <oid>', 'assigning authority of --id; default that of the system’s facility')
    .option('--uuid <entryUUID>', 'objects by entryUUID (repeatable)', collect)
    .option('--unique-id <uniqueId>', 'objects by uniqueId (repeatable)', collect)
    .option('--return <type>', 'LeafClass or ObjectRef', 'LeafClass')
    .option('--status <status>', 'approved, deprecated, or both separated by a comma', 'approved')
    .option('--param <name=value>', 'further parameter, a value or wire syntax (repeatable)', collect)
    .option('--neighbours', 'of this network and of its neighbours, at /xca/initiating / 隣接ネットワークも含めて検索')
    .option('--home <oid>', 'of one community only, at /xca/initiating / ホームコミュニティIDで指定')
    .option('--raw', 'print the answer as received')
    .action((options: QueryOptions, command: Command) => {
      const context = contextOf(command, terminal)
      return asSystem(context, options, async (acting) => {
        const row = rowOf(options)
        const body = await requestOf(acting, options, row)
        const { response, reply } = await ask(acting, body, transactionOf(options, row))
        if (options.raw === true) terminal.out(reply.raw)
        else if (returnTypeOf(options) === 'LeafClass') showObjects(context, response, row.returns)
        else showReferences(context, response)
        requireSuccess(terminal, response)
      })
    })
}

/** Sends a stored query and reads the answer, whatever its status. */
export async function ask(
  { client }: ActingSystem,
  body: Markup,
  transaction: Transaction = iti18,
): Promise<{ readonly response: ReceivedQueryResponse; readonly reply: SoapReply }> {
  const reply = await client.call({ transaction, body })
  return { response: readQueryResponse(reply.body), reply }
}

/** The query named, or the one that the other options mean. @throws {UsageError} */
function rowOf(options: QueryOptions): StoredQueryRow {
  const { query, patient, id, uuid, uniqueId } = options
  const given = [patient, id, uuid, uniqueId].filter((option) => option !== undefined)
  if (query === undefined && given.length !== 1)
    throw new UsageError('give one of --patient, --id, --uuid and --unique-id, or a --query')
  const name = query ?? (uuid === undefined && uniqueId === undefined ? 'FindDocuments' : 'GetDocuments')
  const row = storedQueries.find((candidate) => candidate.name === name)
  if (row !== undefined) return row
  throw new UsageError(`--query knows ${storedQueries.map((known) => known.name).join(', ')}, not "${name}"`)
}

/** @throws {UsageError} for a query that neighbouring networks are not asked. */
function transactionOf({ neighbours, home }: QueryOptions, row: StoredQueryRow): Transaction {
  const isFederated = neighbours === true || home !== undefined
  if (row.transaction === 'ITI-18') return isFederated ? iti18Initiating : iti18
  if (isFederated) throw new UsageError(`${row.name} (ITI-51) is not asked of neighbouring networks`)
  return iti51
}

/** The request that the options describe. @throws {UsageError} */
async function requestOf(acting: ActingSystem, options: QueryOptions, row: StoredQueryRow): Promise<Markup> {
  const own = parameterSlots(options.param ?? []).map((slot) => inWireSyntax(slot, row))
  const patient = options.patient ?? options.id
  const about = patient === undefined ? [] : [formatCx(await patientIdOf(acting, options))]
  const slots = [
    ...optionSlots(row, { option: '--patient', ending: /[pP]atientId$/, values: about }),
    ...optionSlots(row, { option: '--uuid', ending: /EntryUUID$|^\$uuid$/, values: options.uuid ?? [] }),
    ...optionSlots(row, { option: '--unique-id', ending: /UniqueId$/, values: options.uniqueId ?? [] }),
    ...row.parameters
      .filter(({ name, required }) => required === 'yes' && name.endsWith('Status'))
      .filter(({ name }) => own.every((slot) => slot.name !== name))
      .map((parameter) => slotOf(parameter, statusesOf(options.status))),
    ...own,
  ]
  const home = options.home === undefined ? {} : { home: homeOf(options.home) }
  return writeStoredQuery({ id: row.id, returnType: returnTypeOf(options), slots, ...home })
}

/** The parameter of the query that an option stands for. @throws {UsageError} when it has none. */
function optionSlots(
  row: StoredQueryRow,
  given: { readonly option: string; readonly ending: RegExp; readonly values: readonly string[] },
): readonly Slot[] {
  if (given.values.length === 0) return []
  const parameter = row.parameters.find(({ name }) => given.ending.test(name))
  if (parameter === undefined) throw new UsageError(`${given.option} is no parameter of ${row.name}`)
  return [slotOf(parameter, given.values)]
}

function slotOf(parameter: QueryParameter, values: readonly string[]): Slot {
  const wire = parameter.list === 'yes' ? [listValue(values)] : values.map(stringValue)
  return { name: parameter.name, values: wire }
}

/** A bare value gets the quotes and parentheses of its parameter; what has quotes or parentheses is sent as it is. */
function inWireSyntax(slot: Slot, row: StoredQueryRow): Slot {
  const parameter = row.parameters.find(({ name }) => name === slot.name)
  const [value] = slot.values
  if (parameter === undefined || value === undefined || /^[('"]/.test(value)) return slot
  return parameter.value === 'time' || parameter.value === 'number' ? slot : slotOf(parameter, [value])
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
