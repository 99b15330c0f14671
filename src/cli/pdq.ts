// tsunagi pdq: ITI-47 Patient Demographics Query, or ITI-21: which patients answer to this description (ITI TF-2 3.21, 3.47)?

import { type Command, InvalidArgumentError } from 'commander'
import { iti47, iti47Cancel, iti47Continue } from '../../profiles/transactions/index.ts'
import { readAcknowledgement } from '../codec/hl7v3/read-acknowledgement.ts'
import {
  type DemographicsAnswer,
  type FoundPatient,
  readDemographicsResponse,
} from '../codec/hl7v3/read-demographics-response.ts'
import {
  type OutgoingDemographicsQuery,
  writeDemographicsCancellation,
  writeDemographicsContinuation,
  writeDemographicsQuery,
} from '../codec/hl7v3/write-demographics-query.ts'
import type { Markup } from '../codec/xml/write.ts'
import { newOid, parseCx } from '../model/identifiers.ts'
import { type ActingSystem, actingAs, asSystem, facilityDomain, serverDevice } from './as-system.ts'
import { collect, contextOf, type Registration } from './context.ts'
import { digitsOf, sexOf } from './demographics-options.ts'
import { RefusedError, UsageError } from './failure.ts'
import { describeDetails } from './feed.ts'
import { printRows } from './output.ts'
import { askPdqV2, v2FieldsOf } from './pdq-v2.ts'
import { asking, type QueryOptions, sourcesOf } from './query-v2.ts'
import type { Terminal } from './terminal.ts'

interface PdqOptions extends QueryOptions {
  readonly family?: string
  readonly given?: string
  readonly mother?: string
  readonly loose?: true
  readonly birth?: string
  readonly sex?: string
  readonly postalCode?: string
  readonly address?: string
  readonly telecom?: string
  readonly id?: readonly string[]
  readonly domain?: string
  readonly minimum?: number
  readonly pageSize?: number
  readonly pages?: number
  readonly raw?: true
}

export const registerPdq: Registration = (program, terminal) => {
  asking(actingAs(program.command('pdq')), { v2: 'ITI-21', v3: 'ITI-47' })
    .description('ITI-47, ITI-21: patients by name, birth date, address or id / 患者の検索')
    .option('--family <name>', 'family name, in kanji, kana or Latin letters')
    .option('--given <name>', 'given name')
    .option('--loose', 'also names that begin alike or sound alike')
    .option('--birth <date>', 'YYYYMMDD, YYYY-MM-DD, a month, a year, or <from>..<to>')
    .option('--sex <code>', 'M, F or UN')
    .option('--postal-code <code>', 'postal code or its beginning')
    .option('--address <text>', 'part of the address')
    .option('--telecom <uri>', 'telephone or mail, tel:000-000-0000')
    .option('--mother <family>', 'family name of the mother')
    .option('--id <value>', 'patient number, or id^^^&OID&ISO (repeatable: all of them)', collect)
    .option('--domain <oid>', 'assigning authority of --id; default that of the system’s facility')
    .option('--minimum <score>', 'least degree of match, 0 to 100', numberFrom(0))
    .option('--page-size <n>', 'patients a page; the pages are asked for one after another', numberFrom(1))
    .option('--pages <n>', 'most pages; the rest is cancelled', numberFrom(1))
    .option('--raw', 'print the answers as received')
    .action((options: PdqOptions, command: Command) => {
      const context = contextOf(command, terminal)
      return asSystem(context, options, async (acting) => {
        const query = await queryOf(acting, options)
        const wanted = {
          pages: options.pages ?? Number.POSITIVE_INFINITY,
          ...(options.raw === true ? { raw: terminal } : {}),
        }
        const { patients, total } = await (options.v2 === true
          ? askPdqV2(acting.config, options, { ...wanted, fields: v2FieldsOf(query) })
          : askPdq(acting, query, wanted))
        if (options.raw === true) return
        const empty = 'no patient / 該当する患者はいません'
        printRows(terminal, { rows: patients, columns, empty }, context.format)
        if (patients.length < total)
          terminal.err(`${patients.length} of ${total} patients / ${total}名中${patients.length}名\n`)
      })
    })
}

function numberFrom(least: number): (text: string) => number {
  return (text) => {
    if (!/^\d{1,6}$/.test(text) || Number(text) < least) throw new InvalidArgumentError(`a number from ${least}`)
    return Number(text)
  }
}

const columns = [
  { title: 'SCORE', value: ({ score }: FoundPatient) => String(score) },
  { title: 'NAME', value: (patient: FoundPatient) => nameOf(patient, 0) },
  { title: 'READING', value: (patient: FoundPatient) => nameOf(patient, 1) },
  { title: 'SEX', value: ({ demographics }: FoundPatient) => demographics.sex ?? '' },
  { title: 'BIRTH', value: ({ demographics }: FoundPatient) => demographics.birthTime ?? '' },
  {
    title: 'IDS',
    value: ({ ids }: FoundPatient) => ids.map(({ id, authorityName }) => `${authorityName} ${id.value}`).join(', '),
  },
]

function nameOf({ demographics }: FoundPatient, place: number): string {
  const name = demographics.names[place]
  return name === undefined ? '' : `${name.family} ${name.given}`.trim()
}

/** @throws {UsageError} for options that say nothing, or nothing that a query can hold. */
async function queryOf({ config }: ActingSystem, options: PdqOptions): Promise<OutgoingDemographicsQuery> {
  const { family, given, postalCode, address, telecom, mother, minimum, pageSize } = options
  const own = await facilityDomain(config, options.as, options.domain)
  const matching = options.loose === true ? 'inexact' : 'exact'
  const name = {
    ...(family === undefined ? {} : { family }),
    ...(given === undefined ? {} : { given }),
    matching,
  } as const
  const sex = sexOf(options.sex)
  return {
    sender: { id: own },
    receiver: serverDevice(config),
    queryId: { root: newOid() },
    names: family === undefined && given === undefined ? [] : [name],
    ...(sex === undefined ? {} : { sex }),
    ...(options.birth === undefined ? {} : { birth: birthOf(options.birth) }),
    ...(postalCode === undefined ? {} : { postalCode }),
    ...(address === undefined ? {} : { address }),
    ...(telecom === undefined ? {} : { telecom }),
    ...(mother === undefined ? {} : { mother: { family: mother, matching } }),
    ids: (options.id ?? []).map((text) => {
      const id = text.includes('^') ? parseCx(text) : { value: text, authority: own }
      if (id === undefined) throw new UsageError(`--id needs a value or id^^^&OID&ISO, not "${text}"`)
      return id
    }),
    domains: sourcesOf(options),
    ...(minimum === undefined ? {} : { minimumScore: minimum }),
    ...(pageSize === undefined ? {} : { initialQuantity: pageSize }),
  }
}

/** `1958`, `1958-04-12`, `1958..1960-03`, `..1960`. */
function birthOf(text: string): NonNullable<OutgoingDemographicsQuery['birth']> {
  const [from = '', to, more] = text.split('..')
  if (more !== undefined) throw new UsageError(`--birth needs a date or <from>..<to>, not "${text}"`)
  if (to === undefined) return { kind: 'date', date: digitsOf(from) }
  return {
    kind: 'range',
    ...(from === '' ? {} : { low: digitsOf(from) }),
    ...(to === '' ? {} : { high: digitsOf(to) }),
  }
}

interface Asking {
  readonly pages: number
  /** Where answers are printed as received. */
  readonly raw?: Terminal
}

/** Asks page by page; what is left after the last page wanted is cancelled. @throws {RefusedError} */
async function askPdq(
  acting: ActingSystem,
  query: OutgoingDemographicsQuery,
  { pages, raw }: Asking,
): Promise<{ readonly patients: readonly FoundPatient[]; readonly total: number }> {
  const call = async (transaction: Call['transaction'], body: Markup) => {
    const reply = await acting.client.call({ transaction, body })
    raw?.out(reply.raw)
    return pageOf(readDemographicsResponse(reply.body))
  }
  let page = await call(iti47, writeDemographicsQuery(query))
  const patients = [...page.patients]
  const { total } = page
  for (let number = 1; page.remaining > 0; number += 1) {
    const continuation = { ...query, answered: page.message }
    if (number === pages) {
      await cancel(acting, writeDemographicsCancellation(continuation))
      break
    }
    page = await call(iti47Continue, writeDemographicsContinuation(continuation))
    patients.push(...page.patients)
  }
  return { patients, total }
}

type Call = Parameters<ActingSystem['client']['call']>[0]

async function cancel({ client }: ActingSystem, body: Markup): Promise<void> {
  const { code, details } = readAcknowledgement((await client.call({ transaction: iti47Cancel, body })).body)
  if (code !== 'CA') throw new RefusedError(describeDetails(details))
}

function pageOf(answer: DemographicsAnswer): Extract<DemographicsAnswer, { kind: 'page' }> {
  if (answer.kind === 'refused') throw new RefusedError(describeDetails(answer.details))
  return answer
}
