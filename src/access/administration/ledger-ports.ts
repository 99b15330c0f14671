// Ledgers of a facility and month (管理台帳): who registered and linked its patient numbers, and who took which consents (idlink C-11).

import type { Change } from '../change.ts'

export const LEDGERS = ['links', 'consents'] as const
export type LedgerKind = (typeof LEDGERS)[number]

/** Cells by the columns of the ledger, in their order; moments are ISO 8601. */
export type LedgerRow = Readonly<Record<string, string>>

export const LEDGER_COLUMNS = {
  links: ['time', 'event', 'patientNumber', 'by', 'reason'],
  consents: [
    'time',
    'event',
    'patientNumber',
    'consentId',
    'kind',
    'relation',
    'form',
    'givenOn',
    'textVersion',
    'takenBy',
    'takenAt',
    'evidence',
    'by',
  ],
} as const satisfies Readonly<Record<LedgerKind, readonly string[]>>

export interface LedgerRequest {
  readonly facilityId: string
  /** YYYY-MM in Japan. */
  readonly month: string
  readonly ledger: LedgerKind
}

export interface LedgerStore {
  /** Audited before the first row is read; pages of rows in the order of time. */
  readonly ledger: (request: LedgerRequest, change: Change) => AsyncIterable<readonly LedgerRow[]>
}
