// Queries over HL7 v2 as services of a door: ITI-9 PIX Query, with the same actor as ITI-45 (ITI TF-2 3.9).

import { iheError } from '../../profiles/errors/index.ts'
import { iti9 } from '../../profiles/transactions/index.ts'
import { QUERY_VERSIONS } from '../../profiles/transactions/iti-9.ts'
import { readHeader } from '../codec/hl7v2/header.ts'
import { readPixQuery } from '../codec/hl7v2/read-pix-query.ts'
import { pixContent } from '../codec/hl7v2/write-response.ts'
import type { Caller } from '../model/caller.ts'
import type { Outcome } from '../model/evidence.ts'
import type { PixAnswer, PixQuery } from '../model/pix.ts'
import type { Hl7v2Service } from './hl7v2-door.ts'

export function pixQueryService(ask: (query: PixQuery, caller: Caller) => Promise<Outcome<PixAnswer>>): Hl7v2Service {
  return {
    query: iti9,
    transactionOf: () => iti9,
    perform: async (bytes, caller) => {
      const outcome = await ask(readPixQuery(bytes), caller)
      return { ...outcome, found: pixContent(outcome.answer) }
    },
    versions: QUERY_VERSIONS,
  }
}

/** A query that is none of `known`: what would answer it is not known either, so it is acknowledged. */
export function unknownQueryService(known: readonly string[]): Hl7v2Service {
  return {
    transactionOf: () => iti9,
    perform: async (bytes) => {
      const rule = `QBP: ${known.join(', ')}`
      throw iheError('HL7_TRIGGER', { at: 'MSH-9.2', value: readHeader(bytes).trigger, rule })
    },
    versions: QUERY_VERSIONS,
  }
}
