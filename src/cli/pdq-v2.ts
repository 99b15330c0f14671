// tsunagi pdq --v2: ITI-21 Patient Demographics Query over MLLP with TLS, page by page (ITI TF-2 3.21).

import { randomUUID } from 'node:crypto'
import { readAck } from '../codec/hl7v2/ack.ts'
import { type PdqV2Answer, readPdqResponse } from '../codec/hl7v2/read-pdq-response.ts'
import {
  type PdqEnvelope,
  type PdqV2Fields,
  writePdqCancellation,
  writePdqQuery,
} from '../codec/hl7v2/write-pdq-query.ts'
import type { OutgoingDemographicsQuery } from '../codec/hl7v3/write-demographics-query.ts'
import type { Config } from '../config/config.ts'
import type { SystemOptions } from './as-system.ts'
import { readCredentials } from './credentials.ts'
import { RefusedError, UsageError } from './failure.ts'
import { connect, describeAck, isAccepted, type PushConnection } from './push.ts'
import type { Terminal } from './terminal.ts'

type Page = Extract<PdqV2Answer, { readonly kind: 'page' }>

export interface AskingV2 {
  readonly fields: PdqV2Fields
  /** Most pages; what is left after the last one is cancelled. */
  readonly pages: number
  /** Where answers are printed as received. */
  readonly raw?: Terminal
}

/** @throws {UsageError} for what HL7 v2 has no parameter for. */
export function v2FieldsOf(query: OutgoingDemographicsQuery): PdqV2Fields {
  const { birth, initialQuantity, minimumScore, ...fields } = query
  if (birth?.kind === 'range') throw new UsageError('--birth cannot be a range with --v2')
  if (minimumScore !== undefined) throw new UsageError('--minimum and --v2 exclude each other')
  return {
    ...fields,
    ...(birth === undefined ? {} : { birthDate: birth.date }),
    ...(initialQuantity === undefined ? {} : { pageSize: initialQuantity }),
  }
}

/** @throws {RefusedError} what the server says no to. */
export async function askPdqV2(
  config: Config,
  options: SystemOptions & { readonly port?: string },
  asking: AskingV2,
): Promise<Pick<Page, 'patients' | 'total'>> {
  const port = options.port ?? config.mllp.pix.port
  const connection = await connect(config, await readCredentials(config, options.as), { ...options, port })
  try {
    return await allPages(connection, options.as, asking)
  } finally {
    await connection.close()
  }
}

async function allPages(
  connection: PushConnection,
  as: string,
  { fields, pages, raw }: AskingV2,
): Promise<Pick<Page, 'patients' | 'total'>> {
  const tag = newId()
  const ask = async (pointer?: string) => {
    const answer = await connection.send(writePdqQuery(envelopeOf(as, tag), fields, pointer))
    raw?.out(answer)
    return pageOf(readPdqResponse(answer))
  }
  let page = await ask()
  const patients = [...page.patients]
  const { total } = page
  for (let number = 1; page.pointer !== undefined; number += 1) {
    if (number === pages) {
      await cancel(connection, envelopeOf(as, tag))
      break
    }
    page = await ask(page.pointer)
    patients.push(...page.patients)
  }
  return { patients, total }
}

const ID_LENGTH = 20

function newId(): string {
  return randomUUID().replaceAll('-', '').slice(0, ID_LENGTH)
}

/** A new MSH-10 for every message of the query. */
function envelopeOf(as: string, tag: string): PdqEnvelope {
  return { sender: [as, as], receiver: ['TSUNAGI', ''], controlId: newId(), tag, now: new Date() }
}

async function cancel(connection: PushConnection, envelope: PdqEnvelope): Promise<void> {
  const ack = readAck(await connection.send(writePdqCancellation(envelope)))
  if (!isAccepted(ack)) throw new RefusedError(describeAck(ack, 'QCN^J01'))
}

function pageOf(answer: PdqV2Answer): Page {
  if (answer.kind === 'refused') throw new RefusedError(describeAck(answer.ack, 'QBP^Q22'))
  return answer
}
