// tsunagi pdq --v2: ITI-21 Patient Demographics Query over MLLP with TLS, page by page (ITI TF-2 3.21).

import { readAck } from '../codec/hl7v2/ack.ts'
import { type PdqV2Answer, readPdqResponse } from '../codec/hl7v2/read-pdq-response.ts'
import type { QueryEnvelope } from '../codec/hl7v2/write-header.ts'
import { type PdqV2Fields, writePdqCancellation, writePdqQuery } from '../codec/hl7v2/write-pdq-query.ts'
import type { OutgoingDemographicsQuery } from '../codec/hl7v3/write-demographics-query.ts'
import type { Config } from '../config/config.ts'
import { RefusedError, UsageError } from './failure.ts'
import { describeAck, isAccepted, type PushConnection } from './push.ts'
import { envelopeOf, newId, overMllp, type QueryOptions } from './query-v2.ts'
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
export function askPdqV2(
  config: Config,
  options: QueryOptions,
  asking: AskingV2,
): Promise<Pick<Page, 'patients' | 'total'>> {
  return overMllp(config, options, (connection) => allPages(connection, options.as, asking))
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

async function cancel(connection: PushConnection, envelope: QueryEnvelope): Promise<void> {
  const ack = readAck(await connection.send(writePdqCancellation(envelope)))
  if (!isAccepted(ack)) throw new RefusedError(describeAck(ack, 'QCN^J01'))
}

function pageOf(answer: PdqV2Answer): Page {
  if (answer.kind === 'refused') throw new RefusedError(describeAck(answer.ack, 'QBP^Q22'))
  return answer
}
