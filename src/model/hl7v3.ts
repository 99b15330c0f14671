// PIXv3 messages as values: identity feed, PIX query and acknowledgements (ITI TF-2 3.44 and 3.45; HL7 v3 MCCI and QUQI wrappers).

import { explain, type IheError } from './error.ts'
import type { Oid, PatientId } from './identifiers.ts'
import type { MergeFeed, RecordFeed } from './identity-feed.ts'
import type { PixAnswer, PixQuery } from './pix.ts'

/** HL7 data type II: a message, query or patient identifier as it travels. */
export interface InstanceIdentifier {
  readonly root: string
  readonly extension?: string
}

/** A communicating device, identified by a bare OID (ITI TF-2 Appendix O.1.2). */
export interface Device {
  readonly id: Oid
  readonly organization?: Oid
}

/** The transmission wrapper of a message (MCCI_MT000100UV01), as far as an answer needs it. */
export interface Transmission {
  /** Interaction name, equal to the root element, e.g. `PRPA_IN201301UV02`. */
  readonly interaction: string
  readonly id: InstanceIdentifier
  /** HL7 TS as sent. */
  readonly creationTime: string
  readonly sender: Device
  readonly receiver: Device
}

/** PRPA_IN201301UV02 (add) or PRPA_IN201302UV02 (revise). */
export interface PatientFeed extends RecordFeed {
  readonly kind: 'add' | 'revise'
  readonly transmission: Transmission
  readonly custodian: InstanceIdentifier
  readonly provider?: InstanceIdentifier
}

/** PRPA_IN201304UV02 (duplicates resolved). */
export interface PatientMerge extends MergeFeed {
  readonly transmission: Transmission
}

/** PRPA_IN201302UV02 to a PIX Consumer: all ids of a person that it is told of, in whatever role they stand (ITI TF-2 3.46.4.1.2). */
export interface UpdateNotification {
  readonly transmission: Transmission
  readonly ids: readonly PatientId[]
}

/** PRPA_IN201309UV02; `asked.text` is the queryByParameter element, serialized, and is echoed in the answer. */
export interface PixV3Query extends PixQuery {
  readonly transmission: Transmission
  readonly queryId: InstanceIdentifier
}

export interface AcknowledgementDetail {
  readonly type: 'E' | 'W' | 'I'
  readonly code: string
  readonly codeSystem: string
  readonly text: string
  readonly locations: readonly string[]
}

/** The content of MCCI_IN000002UV01: CA commit accept, CE commit error, CR commit reject. Plain JSON, so that it can be stored and replayed. */
export interface FeedAcknowledgement {
  readonly code: 'CA' | 'CE' | 'CR'
  readonly details: readonly AcknowledgementDetail[]
}

/** PRPA_IN201310UV02 as a client reads it. */
export type PixV3Answer =
  | Exclude<PixAnswer, { readonly kind: 'unknown' }>
  | { readonly kind: 'unknown'; readonly details: readonly AcknowledgementDetail[] }

/** The acknowledgement detail of an error or warning; its text is the sentence every door shows. */
export function acknowledgementDetail(error: IheError): AcknowledgementDetail {
  return {
    type: error.row.severity === 'Error' ? 'E' : 'W',
    code: error.row.v3.code,
    codeSystem: error.row.v3.codeSystem,
    text: explain(error),
    locations: error.at === undefined ? [] : [error.at],
  }
}

/** `root` or `root^extension`: the form of a message id in keys, journal and audit detail. */
export function formatIdentifier(id: InstanceIdentifier): string {
  return id.extension === undefined ? id.root : `${id.root}^${id.extension}`
}
