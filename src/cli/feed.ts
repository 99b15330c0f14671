// tsunagi feed: ITI-44 Patient Identity Feed, add or revise, as a system of a facility (ITI TF-2 3.44).

import type { Command } from 'commander'
import { iti44Add, iti44Revise } from '../../profiles/transactions/index.ts'
import { readAcknowledgement } from '../codec/hl7v3/read-acknowledgement.ts'
import { writeFeed } from '../codec/hl7v3/write-feed.ts'
import type { AcknowledgementDetail } from '../model/hl7v3.ts'
import { formatCx, type PatientId } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import { type ActingSystem, actingAs, asSystem, facilityDomain, type SystemOptions, serverDevice } from './as-system.ts'
import type { SoapReply } from './client.ts'
import { contextOf, type Registration } from './context.ts'
import { type DemographicsOptions, demographicsOf, describingPerson } from './demographics-options.ts'
import { RefusedError } from './failure.ts'
import { printable, toJson } from './output.ts'

interface FeedOptions extends SystemOptions, DemographicsOptions {
  readonly id: string
  readonly domain?: string
  readonly revise?: true
  readonly raw?: true
}

export const registerFeed: Registration = (program, terminal) => {
  describingPerson(actingAs(program.command('feed')))
    .description('ITI-44: register or revise a patient of the facility / 患者登録')
    .requiredOption('--id <value>', 'patient number of the facility')
    .option('--domain <oid>', 'its assigning authority; default that of the system’s facility')
    .option('--revise', 'replace what is known of the patient instead of adding')
    .option('--raw', 'print the answer as received')
    .action((options: FeedOptions, command: Command) => {
      const context = contextOf(command, terminal)
      const demographics = demographicsOf(options)
      return asSystem(context, options, async (acting) => {
        const authority = await facilityDomain(acting.config, options.as, options.domain)
        const id = { value: options.id, authority }
        const kind = options.revise === true ? 'revise' : 'add'
        const fed = await feed(acting, { kind, id, demographics, providerName: options.as })
        if (options.raw === true) terminal.out(fed.reply.raw)
        else if (context.format === 'json') terminal.out(toJson({ code: fed.code, details: fed.details }))
        requireAccepted(fed)
        if (options.raw === true || context.format === 'json') return
        terminal.out(`${fed.code}  ${kind} ${formatCx(id)}\n`)
        if (fed.details.length > 0) terminal.err(`${describeDetails(fed.details)}\n`)
      })
    })
}

export interface Feeding {
  readonly kind: 'add' | 'revise'
  readonly id: PatientId
  readonly demographics: Demographics
  readonly providerName: string
}

export interface Fed {
  readonly code: 'CA' | 'CE' | 'CR'
  readonly details: readonly AcknowledgementDetail[]
  readonly reply: SoapReply
}

/** Sends one feed. The sending device is the facility's domain, which is what a feed speaks for. */
export async function feed({ config, client }: ActingSystem, feeding: Feeding): Promise<Fed> {
  const { kind, id, demographics, providerName } = feeding
  const sender = { id: id.authority }
  const outgoing = { kind, sender, receiver: serverDevice(config), patientIds: [id], otherIds: [] }
  const body = writeFeed({ ...outgoing, demographics, providerName })
  const reply = await client.call({ transaction: kind === 'add' ? iti44Add : iti44Revise, body })
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
