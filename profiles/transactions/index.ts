// Every transaction this server offers; a transaction that is not in this list answers ActionNotSupported.

import type { AuditRow, Transaction } from './define.ts'
import { ITI8_EVENTS, ITI8_FEEDS, iti8Add } from './iti-8.ts'
import { iti9 } from './iti-9.ts'
import { iti10 } from './iti-10.ts'
import { iti18, iti18Initiating } from './iti-18.ts'
import { iti21, iti21Cancel } from './iti-21.ts'
import { iti38 } from './iti-38.ts'
import { iti39 } from './iti-39.ts'
import { iti41 } from './iti-41.ts'
import { iti42 } from './iti-42.ts'
import { iti43, iti43Initiating } from './iti-43.ts'
import {
  iti44Add,
  iti44Merge,
  iti44RegistryAdd,
  iti44RegistryMerge,
  iti44RegistryRevise,
  iti44Revise,
} from './iti-44.ts'
import { iti45 } from './iti-45.ts'
import { iti46, iti46Consumer } from './iti-46.ts'
import { iti47, iti47Cancel, iti47Continue } from './iti-47.ts'
import { iti51 } from './iti-51.ts'
import { iti55, iti55Deferred } from './iti-55.ts'
import { iti57 } from './iti-57.ts'
import { iti61 } from './iti-61.ts'
import { iti62 } from './iti-62.ts'
import { iti86 } from './iti-86.ts'
import { iti92 } from './iti-92.ts'
import { staffCalendar, staffContent } from './staff.ts'
import { storeClientDemographics, storeClientPush } from './storeclient.ts'

export {
  type AuditRow,
  ENDPOINTS,
  type Hl7v2Query,
  type Hl7v2Transaction,
  NS,
  type QName,
  type Transaction,
} from './define.ts'
export {
  ITI8_EVENTS,
  iti8Add,
  iti9,
  iti10,
  iti18,
  iti18Initiating,
  iti21,
  iti21Cancel,
  iti38,
  iti39,
  iti41,
  iti42,
  iti43,
  iti43Initiating,
  iti44Add,
  iti44Merge,
  iti44RegistryAdd,
  iti44RegistryMerge,
  iti44RegistryRevise,
  iti44Revise,
  iti45,
  iti46,
  iti46Consumer,
  iti47,
  iti47Cancel,
  iti47Continue,
  iti51,
  iti55,
  iti55Deferred,
  iti57,
  iti61,
  iti62,
  iti86,
  iti92,
  staffCalendar,
  staffContent,
  storeClientDemographics,
  storeClientPush,
}

export const transactions: readonly Transaction[] = [
  iti18,
  iti18Initiating,
  iti38,
  iti39,
  iti41,
  iti42,
  iti43,
  iti43Initiating,
  iti44Add,
  iti44Revise,
  iti44Merge,
  iti44RegistryAdd,
  iti44RegistryRevise,
  iti44RegistryMerge,
  iti45,
  iti46Consumer,
  iti47,
  iti47Continue,
  iti47Cancel,
  iti51,
  iti55,
  iti55Deferred,
  iti57,
  iti61,
  iti62,
  iti86,
  iti92,
]

/**
 * Audit row by transaction id, where this server is the client: a repository exports what the registry imports (ITI TF-2 3.42.5), a
 * gateway imports what another one exports (3.39.5), a document consumer what a repository does (3.43.5).
 */
export const clientAuditRows: ReadonlyMap<string, AuditRow> = new Map<string, AuditRow>([
  [iti38.id, iti38.audit],
  [iti39.id, { ...iti39.audit, eventId: '110107', eventName: 'Import', action: 'C' }],
  [iti43.id, { ...iti43.audit, eventId: '110107', eventName: 'Import', action: 'C' }],
  [iti55.id, iti55.audit],
  [iti42.id, { ...iti42.audit, eventId: '110106', eventName: 'Export', action: 'R' }],
])

/** Audit row by transaction id, for every door. */
export const auditRows: ReadonlyMap<string, AuditRow> = new Map(
  [
    ...transactions,
    ...ITI8_FEEDS,
    iti9,
    iti21,
    iti21Cancel,
    iti46,
    iti10,
    storeClientPush,
    storeClientDemographics,
    staffCalendar,
    staffContent,
  ].map((transaction) => [transaction.id, transaction.audit]),
)
