// tsunagi pix: ITI-45 PIXV3 Query, or ITI-9 PIX Query: which numbers does this patient have elsewhere (ITI TF-2 3.9, 3.45)?

import type { Command } from 'commander'
import { iti45 } from '../../profiles/transactions/index.ts'
import { readQueryResponse } from '../codec/hl7v3/read-query-response.ts'
import { writeQuery } from '../codec/hl7v3/write-query.ts'
import type { PixV3Answer } from '../model/hl7v3.ts'
import { formatCx, newOid, type Oid, type PatientId } from '../model/identifiers.ts'
import type { CorrespondingId } from '../model/pix.ts'
import { type ActingSystem, actingAs, asSystem, facilityDomain, serverDevice } from './as-system.ts'
import type { SoapReply } from './client.ts'
import { contextOf, type Registration } from './context.ts'
import { RefusedError } from './failure.ts'
import { describeDetails } from './feed.ts'
import { printRows } from './output.ts'
import { askPixV2, foundByV2 } from './pix-v2.ts'
import { asking, type QueryOptions, sourcesOf } from './query-v2.ts'

interface PixOptions extends QueryOptions {
  readonly id: string
  readonly domain?: string
  readonly raw?: true
}

export const registerPix: Registration = (program, terminal) => {
  asking(actingAs(program.command('pix')), { v2: 'ITI-9', v3: 'ITI-45' })
    .description('ITI-45, ITI-9: other ids of a patient / 患者番号の照会')
    .requiredOption('--id <value>', 'patient number')
    .option('--domain <oid>', 'its assigning authority; default that of the system’s facility')
    .option('--raw', 'print the answer as received')
    .action((options: PixOptions, command: Command) => {
      const context = contextOf(command, terminal)
      return asSystem(context, options, async (acting) => {
        const authority = await facilityDomain(acting.config, options.as, options.domain)
        const asked = {
          patientId: { value: options.id, authority },
          sources: sourcesOf(options),
        }
        const { raw, ids } = await (options.v2 === true ? byV2(acting, options, asked) : byV3(acting, asked))
        if (options.raw === true) terminal.out(raw)
        const found = ids()
        if (options.raw === true) return
        const empty = 'no other id / 他の番号はありません'
        printRows(terminal, { rows: found, columns, empty }, context.format)
      })
    })
}

interface Asked {
  readonly patientId: PatientId
  readonly sources: readonly Oid[]
}

/** An answer as received, and what it found. @throws {RefusedError} from `ids`. */
interface Told {
  readonly raw: Buffer
  readonly ids: () => readonly CorrespondingId[]
}

async function byV3(acting: ActingSystem, { patientId, sources }: Asked): Promise<Told> {
  const { answer, reply } = await askPix(acting, patientId, sources)
  return { raw: reply.raw, ids: () => foundIds(answer) }
}

async function byV2({ config }: ActingSystem, options: PixOptions, asked: Asked): Promise<Told> {
  const { answer, raw } = await askPixV2(config, options, asked)
  return { raw, ids: () => foundByV2(answer) }
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
): Promise<{ readonly answer: PixV3Answer; readonly reply: SoapReply }> {
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
export function foundIds(answer: PixV3Answer): readonly CorrespondingId[] {
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
