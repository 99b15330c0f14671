// Queries over HL7 v2 as services of a door, with the actors of HL7 v3: ITI-9 PIX Query, ITI-21 Patient Demographics Query (ITI TF-2 3.9, 3.21).

import { iheError } from '../../profiles/errors/index.ts'
import { iti9, iti21, iti21Cancel } from '../../profiles/transactions/index.ts'
import { QUERY_VERSIONS } from '../../profiles/transactions/iti-9.ts'
import { readHeader } from '../codec/hl7v2/header.ts'
import { readPdqCancellation, readPdqQuery } from '../codec/hl7v2/read-pdq-query.ts'
import { readPixQuery } from '../codec/hl7v2/read-pix-query.ts'
import { pdqContent } from '../codec/hl7v2/write-patients.ts'
import { pixContent } from '../codec/hl7v2/write-response.ts'
import type { Caller } from '../model/caller.ts'
import type { Outcome } from '../model/evidence.ts'
import type { PdqAnswer, PdqCancelAnswer, PdqCancellation, PdqContinuation } from '../model/pdq.ts'
import type { PdqV2Query } from '../model/pdq-v2.ts'
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

/** The Patient Demographics Supplier, as it is asked over HL7 v2. */
export interface DemographicsSupplier {
  readonly ask: (query: PdqV2Query, caller: Caller) => Promise<Outcome<PdqAnswer>>
  readonly proceed: (continuation: PdqContinuation, caller: Caller) => Promise<Outcome<PdqAnswer>>
  readonly cancel: (cancellation: PdqCancellation, caller: Caller) => Promise<Outcome<PdqCancelAnswer>>
}

export function pdqQueryService({ ask, proceed }: Omit<DemographicsSupplier, 'cancel'>): Hl7v2Service {
  return {
    query: iti21,
    transactionOf: () => iti21,
    perform: async (bytes, caller) => {
      const request = readPdqQuery(bytes)
      const outcome =
        request.kind === 'query' ? await ask(request.query, caller) : await proceed(request.continuation, caller)
      return { ...outcome, errors: [...outcome.errors, ...request.warnings], found: pdqContent(outcome.answer) }
    },
    versions: QUERY_VERSIONS,
  }
}

/** QCN^J01 is acknowledged (3.21.4.1.2.3). */
export function pdqCancelService({ cancel }: Pick<DemographicsSupplier, 'cancel'>): Hl7v2Service {
  return {
    transactionOf: () => iti21Cancel,
    perform: async (bytes, caller) => {
      const { cancellation, warnings } = readPdqCancellation(bytes)
      const outcome = await cancel(cancellation, caller)
      return { ...outcome, errors: [...outcome.errors, ...warnings] }
    },
    versions: QUERY_VERSIONS,
  }
}

/** A query that is none of `known`: what would answer it is not known either, so it is acknowledged. */
export function unknownQueryService(known: readonly string[]): Hl7v2Service {
  return {
    transactionOf: () => iti9,
    perform: async (bytes) => {
      const rule = known.join(', ')
      throw iheError('HL7_TRIGGER', { at: 'MSH-9.2', value: readHeader(bytes).trigger, rule })
    },
    versions: QUERY_VERSIONS,
  }
}
