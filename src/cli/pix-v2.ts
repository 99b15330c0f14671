// tsunagi pix --v2: ITI-9 PIX Query over MLLP with TLS (ITI TF-2 3.9).

import { type PixV2Answer, readPixResponse } from '../codec/hl7v2/read-pix-response.ts'
import { writePixQuery } from '../codec/hl7v2/write-pix-query.ts'
import type { Config } from '../config/config.ts'
import type { Oid, PatientId } from '../model/identifiers.ts'
import type { CorrespondingId } from '../model/pix.ts'
import { RefusedError } from './failure.ts'
import { describeAck } from './push.ts'
import { envelopeOf, newId, overMllp, type QueryOptions } from './query-v2.ts'

export interface PixV2Reply {
  readonly answer: PixV2Answer
  /** The message as received. */
  readonly raw: Buffer
}

/** Asks for the ids of a patient in `sources`, or in all domains when there are none. */
export function askPixV2(
  config: Config,
  options: QueryOptions,
  { patientId, sources }: { readonly patientId: PatientId; readonly sources: readonly Oid[] },
): Promise<PixV2Reply> {
  return overMllp(config, options, async (connection) => {
    const raw = await connection.send(
      writePixQuery({ ...envelopeOf(options.as, newId()), patientId, domains: sources }),
    )
    return { answer: readPixResponse(raw), raw }
  })
}

/** @throws {RefusedError} for an id that the server does not know, or not to this system. */
export function foundByV2(answer: PixV2Answer): readonly CorrespondingId[] {
  switch (answer.kind) {
    case 'found':
      return answer.ids
    case 'nothing':
      return []
    case 'refused':
      throw new RefusedError(describeAck(answer.ack, 'QBP^Q23'))
  }
  return answer satisfies never
}
