// Reads the answer to a Patient Demographics Query, RSP^K22, for our own command line; errors may come as ACK (ITI TF-2 3.21.4.1.3).

import { type Er7Message, type Segment, value } from '../../model/hl7v2.ts'
import { addressesOfPid, circumstancesOfPid, namesOfPid, SEX_OF_PID, telecomsOfPid } from '../../model/hl7v2-pid.ts'
import type { PdqPatient } from '../../model/pdq.ts'
import type { Demographics } from '../../model/person.ts'
import { type ReadAck, readAck } from './ack.ts'
import { readEr7 } from './read.ts'
import { readIdentifiers } from './read-pix-response.ts'

export type PdqV2Answer =
  | {
      readonly kind: 'page'
      readonly patients: readonly Pick<PdqPatient, 'ids' | 'demographics' | 'score'>[]
      readonly total: number
      readonly remaining: number
      /** DSC-1; absent on the last page. */
      readonly pointer?: string
    }
  | { readonly kind: 'refused'; readonly ack: ReadAck }

/**
 * The answer as a value. A server need not count its hits, nor score them: what is there is all then, and agrees.
 * @throws {IheError} as `readEr7`.
 */
export function readPdqResponse(bytes: Uint8Array): PdqV2Answer {
  const ack = readAck(bytes)
  if (ack.code !== 'AA') return { kind: 'refused', ack }
  const message = readEr7(bytes)
  const patients = patientsOf(message)
  const pointer = value(message, 'DSC', 1)
  return {
    kind: 'page',
    patients,
    total: numberOf(value(message, 'QAK', 4)) ?? patients.length,
    remaining: numberOf(value(message, 'QAK', 6)) ?? 0,
    ...(pointer === '' ? {} : { pointer }),
  }
}

const FULL_SCORE = 100

/** Each PID with the QRI that follows it. */
function patientsOf(message: Er7Message): readonly Pick<PdqPatient, 'ids' | 'demographics' | 'score'>[] {
  return message.segments.flatMap((segment, index) => {
    if (segment.name !== 'PID') return []
    const rest = message.segments.slice(index + 1)
    const end = rest.findIndex(({ name }) => name === 'PID')
    const own = [segment, ...(end < 0 ? rest : rest.slice(0, end))]
    return patientOf({ ...message, segments: own }, segment)
  })
}

function patientOf(message: Er7Message, pid: Segment): Pick<PdqPatient, 'ids' | 'demographics' | 'score'> {
  const sex = SEX_OF_PID.get(value(message, 'PID', 8))
  const birthTime = value(message, 'PID', 7)
  const demographics: Demographics = {
    names: namesOfPid(message),
    ...(sex === undefined ? {} : { sex }),
    ...(birthTime === '' ? {} : { birthTime }),
    addresses: addressesOfPid(message),
    telecoms: telecomsOfPid(message),
    ...circumstancesOfPid(message),
  }
  return {
    ids: readIdentifiers(message, pid),
    demographics,
    score: numberOf(value(message, 'QRI', 1)) ?? FULL_SCORE,
  }
}

function numberOf(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
