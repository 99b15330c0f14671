// tsunagi pix: ITI-45 PIXV3 Query: which numbers does this patient have elsewhere (ITI TF-2 3.45)?

import type { Command } from 'commander'
import { iti45 } from '../../profiles/transactions/index.ts'
import { readQueryResponse } from '../codec/hl7v3/read-query-response.ts'
import { writeQuery } from '../codec/hl7v3/write-query.ts'
import type { CorrespondingId, PixAnswer } from '../model/hl7v3.ts'
import { formatCx, newOid, type Oid, type PatientId } from '../model/identifiers.ts'
import {
  type ActingSystem,
  actingAs,
  asSystem,
  facilityDomain,
  oidOf,
  type SystemOptions,
  serverDevice,
} from './as-system.ts'
import type { SoapReply } from './client.ts'
import { collect, contextOf, type Registration } from './context.ts'
import { RefusedError } from './failure.ts'
import { describeDetails } from './feed.ts'
import { printRows } from './output.ts'

interface PixOptions extends SystemOptions {
  readonly id: string
  readonly domain?: string
  readonly source?: readonly string[]
  readonly raw?: true
}

export const registerPix: Registration = (program, terminal) => {
  actingAs(program.command('pix'))
    .description('ITI-45: other ids of a patient / 患者番号の照会')
    .requiredOption('--id <value>', 'patient number')
    .option('--domain <oid>', 'its assigning authority; default that of the system’s facility')
    .option('--source <oid>', 'domain wanted in the answer; default all (repeatable)', collect)
    .option('--raw', 'print the answer as received')
    .action((options: PixOptions, command: Command) => {
      const context = contextOf(command, terminal)
      return asSystem(context, options, async (acting) => {
        const authority = await facilityDomain(acting.config, options.as, options.domain)
        const sources = (options.source ?? []).map((oid) => oidOf(oid, '--source'))
        const { answer, reply } = await askPix(acting, { value: options.id, authority }, sources)
        if (options.raw === true) terminal.out(reply.raw)
        const ids = foundIds(answer)
        if (options.raw === true) return
        const empty = 'no other id / 他の番号はありません'
        printRows(terminal, { rows: ids, columns, empty }, context.format)
      })
    })
}

const columns = [
  { title: 'DOMAIN', value: ({ authorityName }: CorrespondingId) => authorityName },
  { title: 'ID', value: ({ id }: CorrespondingId) => id.value },
  { title: 'CX', value: ({ id }: CorrespondingId) => formatCx(id) },
]

/** Asks for the ids of a patient in `sources`, or in all domains when there are none. */
export async function askPix(
  { config, client }: ActingSystem,
  patientId: PatientId,
  sources: readonly Oid[],
): Promise<{ readonly answer: PixAnswer; readonly reply: SoapReply }> {
  const body = writeQuery({
    sender: { id: patientId.authority },
    receiver: serverDevice(config),
    queryId: { root: newOid() },
    patientId,
    dataSources: sources,
  })
  const reply = await client.call({ transaction: iti45, body })
  return { answer: readQueryResponse(reply.body), reply }
}

/** @throws {RefusedError} for an id that the server does not know, or not to this system. */
export function foundIds(answer: PixAnswer): readonly CorrespondingId[] {
  switch (answer.kind) {
    case 'found':
      return answer.ids
    case 'nothing':
      return []
    case 'unknown':
      throw new RefusedError(describeDetails(answer.details))
  }
  return answer satisfies never
}
