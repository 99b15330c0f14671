// tsunagi feed: ITI-44 Patient Identity Feed, add, revise or merge, as a system of a facility (ITI TF-2 3.44).

import type { Command } from 'commander'
import {
  iti44Add,
  iti44Merge,
  iti44RegistryAdd,
  iti44RegistryMerge,
  iti44RegistryRevise,
  iti44Revise,
} from '../../profiles/transactions/index.ts'
import { readAcknowledgement } from '../codec/hl7v3/read-acknowledgement.ts'
import { writeFeed } from '../codec/hl7v3/write-feed.ts'
import type { AcknowledgementDetail } from '../model/hl7v3.ts'
import { formatCx, type Oid, type PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import { type ActingSystem, actingAs, asSystem, facilityDomain, type SystemOptions, serverDevice } from './as-system.ts'
import type { SoapReply } from './client.ts'
import { contextOf, type Registration } from './context.ts'
import { type DemographicsOptions, demographicsOf, describingPerson } from './demographics-options.ts'
import { RefusedError, UsageError } from './failure.ts'
import { printable, toJson } from './output.ts'

interface FeedOptions extends SystemOptions, DemographicsOptions {
  readonly id: string
  readonly domain?: string
  readonly revise?: true
  readonly merge?: string
  readonly registry?: true
  readonly raw?: true
}

export const registerFeed: Registration = (program, terminal) => {
  describingPerson(actingAs(program.command('feed')))
    .description('ITI-44: register, revise or merge a patient of the facility / 患者登録・統合')
    .requiredOption('--id <value>', 'patient number of the facility')
    .option('--domain <oid>', 'its assigning authority; default that of the system’s facility')
    .option('--revise', 'replace what is known of the patient instead of adding')
    .option('--merge <value>', 'resolve a duplicate: this number of the same authority goes, --id stays')
    .option('--registry', 'to the Document Registry instead of the PIX Manager')
    .option('--raw', 'print the answer as received')
    .action((options: FeedOptions, command: Command) => {
      const context = contextOf(command, terminal)
      const demographics = demographicsOf(options)
      if (options.merge !== undefined && demographics.names.length === 0)
        throw new UsageError('--merge needs a name of the patient, for example --name-kana')
      return asSystem(context, options, async (acting) => {
        const authority = await facilityDomain(acting.config, options.as, options.domain)
        const id = { value: options.id, authority }
        const fed = await feed(acting, { ...eventOf(options, authority), id, demographics, providerName: options.as })
        if (options.raw === true) terminal.out(fed.reply.raw)
        else if (context.format === 'json') terminal.out(toJson({ code: fed.code, details: fed.details }))
        requireAccepted(fed)
        if (options.raw === true || context.format === 'json') return
        terminal.out(`${fed.code}  ${eventOf(options, authority).kind} ${formatCx(id)}\n`)
        if (fed.details.length > 0) terminal.err(`${describeDetails(fed.details)}\n`)
      })
    })
}

type Event =
  | { readonly kind: 'add' | 'revise' }
  /** `subsumed` is not used any more; the id of the feed stands for both. */
  | { readonly kind: 'merge'; readonly subsumed: PatientId }

export type Feeding = Event & {
  readonly id: PatientId
  readonly demographics: Demographics
  readonly providerName: string
  readonly to?: 'PIXManager' | 'DocumentRegistry'
}

/** @throws {UsageError} when options exclude one another. */
function eventOf({ revise, merge, registry }: FeedOptions, authority: Oid): Event & Pick<Feeding, 'to'> {
  if (revise === true && merge !== undefined) throw new UsageError('--revise and --merge exclude each other')
  const to = registry === true ? 'DocumentRegistry' : 'PIXManager'
  if (merge !== undefined) return { kind: 'merge', subsumed: { value: merge, authority }, to }
  return { kind: revise === true ? 'revise' : 'add', to }
}

const TRANSACTIONS = {
  PIXManager: { add: iti44Add, revise: iti44Revise, merge: iti44Merge },
  DocumentRegistry: { add: iti44RegistryAdd, revise: iti44RegistryRevise, merge: iti44RegistryMerge },
} as const

export interface Fed {
  readonly code: 'CA' | 'CE' | 'CR'
  readonly details: readonly AcknowledgementDetail[]
  readonly reply: SoapReply
}

/** Sends one feed. The sending device is the facility's domain, which is what a feed speaks for. */
export async function feed({ config, client }: ActingSystem, feeding: Feeding): Promise<Fed> {
  const { id, to = 'PIXManager', ...said } = feeding
  const sender = { id: id.authority }
  const body = writeFeed({ ...said, sender, receiver: serverDevice(config), patientIds: [id], otherIds: [] })
  const reply = await client.call({ transaction: TRANSACTIONS[to][feeding.kind], body })
  const { code, details } = readAcknowledgement(reply.body)
  return { code, details, reply }
}

/** @throws {RefusedError} unless the acknowledgement is CA. */
export function requireAccepted(fed: Fed): void {
  if (fed.code !== 'CA') throw new RefusedError(`${fed.code}\n${describeDetails(fed.details)}`)
}

export function describeDetails(details: readonly AcknowledgementDetail[]): string {
  return details
    .map(({ type, code, text, locations }) => {
      const label = { E: 'error', W: 'warning', I: 'information' }[type]
      return [`${label} ${code}: ${printable(text.trim())}`, ...locations.map((at) => `  at ${printable(at)}`)].join(
        '\n',
      )
    })
    .join('\n')
}
