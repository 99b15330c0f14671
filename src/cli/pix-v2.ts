// tsunagi pix --v2: ITI-9 PIX Query over MLLP with TLS (ITI TF-2 3.9).

import { randomUUID } from 'node:crypto'
import { type PixV2Answer, readPixResponse } from '../codec/hl7v2/read-pix-response.ts'
import { writePixQuery } from '../codec/hl7v2/write-pix-query.ts'
import type { Config } from '../config/config.ts'
import type { Oid, PatientId } from '../model/identifiers.ts'
import type { CorrespondingId } from '../model/pix.ts'
import type { SystemOptions } from './as-system.ts'
import { readCredentials } from './credentials.ts'
import { RefusedError } from './failure.ts'
import { connect, describeAck, type PushConnection } from './push.ts'

export interface PixV2Options extends SystemOptions {
  readonly port?: string
}

export interface PixV2Reply {
  readonly answer: PixV2Answer
  /** The message as received. */
  readonly raw: Buffer
}

/** Asks for the ids of a patient in `sources`, or in all domains when there are none. */
export async function askPixV2(
  config: Config,
  options: PixV2Options,
  asked: { readonly patientId: PatientId; readonly sources: readonly Oid[] },
): Promise<PixV2Reply> {
  const port = options.port ?? config.mllp.pix.port
  const connection = await connect(config, await readCredentials(config, options.as), { ...options, port })
  try {
    return await exchange(connection, options.as, asked)
  } finally {
    await connection.close()
  }
}

const TAG_LENGTH = 20

async function exchange(
  connection: PushConnection,
  as: string,
  asked: { readonly patientId: PatientId; readonly sources: readonly Oid[] },
): Promise<PixV2Reply> {
  const newId = () => randomUUID().replaceAll('-', '').slice(0, TAG_LENGTH)
  const raw = await connection.send(
    writePixQuery({
      sender: [as, as],
      receiver: ['TSUNAGI', ''],
      controlId: newId(),
      tag: newId(),
      now: new Date(),
      patientId: asked.patientId,
      domains: asked.sources,
    }),
  )
  return { answer: readPixResponse(raw), raw }
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
