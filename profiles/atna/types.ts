// EventTypeCode of every event of this server by its code: transactions, security events, and what only this product has.

import type { AuditCode } from '../../src/model/audit-message.ts'
import { auditRows } from '../transactions/index.ts'
import { EVENT_TYPES, IHE_TRANSACTIONS, OWN_SYSTEM } from './codes.ts'

/** What staff do that no transaction and no standard has a code for; calendar and content have rows among the transactions. */
const OWN_TYPES: ReadonlyMap<string, string> = new Map([
  ['patient-search', 'Search for patients by staff'],
  ['ssmix-export', 'SS-MIX2 export'],
  ['ledger', 'Ledger of consents or links'],
  ['access-explain', 'Explanation of access'],
  ['audit-checkpoint', 'Signed state of the audit log'],
  ['audit-chain', 'The audit log is not whole'],
])

const TRANSACTION_TYPES: ReadonlyMap<string, AuditCode> = new Map(
  [...auditRows.values()].map(({ typeCode, typeName }) => [
    typeCode,
    { code: typeCode, system: isIhe(typeCode) ? IHE_TRANSACTIONS : OWN_SYSTEM, text: typeName },
  ]),
)

/** A code that is in no table is one of ours, from a newer release perhaps. */
export function eventTypeOf(typeCode: string): AuditCode {
  return (
    TRANSACTION_TYPES.get(typeCode) ??
    EVENT_TYPES.get(typeCode) ?? { code: typeCode, system: OWN_SYSTEM, text: OWN_TYPES.get(typeCode) ?? typeCode }
  )
}

/** Transactions of the doors, as opposed to what staff do. */
export function isTransaction(typeCode: string): boolean {
  return isIhe(typeCode) || typeCode === 'StoreClient'
}

function isIhe(typeCode: string): boolean {
  return typeCode.startsWith('ITI-')
}
