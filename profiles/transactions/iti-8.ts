// ITI-8 Patient Identity Feed over HL7 v2: which event is which interaction of ITI-44, and how it is audited (ITI TF-2 3.8).

import type { Hl7v2Transaction } from './define.ts'
import { iti44Add } from './iti-44.ts'

const audit = { ...iti44Add.audit, typeCode: 'ITI-8' } as const

export const iti8Add: Hl7v2Transaction = {
  id: 'ITI-8 add',
  name: 'Patient Identity Feed',
  section: 'ITI TF-2 3.8.4.1',
  roles: iti44Add.roles,
  audit,
}
export const iti8Revise: Hl7v2Transaction = { ...iti8Add, id: 'ITI-8 revise', audit: { ...audit, action: 'U' } }
export const iti8Merge: Hl7v2Transaction = { ...iti8Revise, id: 'ITI-8 merge', section: 'ITI TF-2 3.8.4.2' }

export const ITI8_FEEDS: readonly Hl7v2Transaction[] = [iti8Add, iti8Revise, iti8Merge]

export type FeedKind = 'visit' | 'revise' | 'merge'

/** Events of the feed; A28 and A31 belong to other transactions. A visit (A01, A04, A05) comes again for a known patient. */
export const ITI8_EVENTS: ReadonlyMap<string, { readonly kind: FeedKind; readonly feed: Hl7v2Transaction }> = new Map([
  ['A01', { kind: 'visit', feed: iti8Add }],
  ['A04', { kind: 'visit', feed: iti8Add }],
  ['A05', { kind: 'visit', feed: iti8Add }],
  ['A08', { kind: 'revise', feed: iti8Revise }],
  ['A40', { kind: 'merge', feed: iti8Merge }],
])

/** HL7 versions that differ in nothing the feed reads. */
export const ITI8_VERSIONS: ReadonlySet<string> = new Set(['2.3.1', '2.4', '2.5', '2.5.1'])
export const ITI8_PROCESSING_IDS: ReadonlySet<string> = new Set(['P', 'T', 'D'])
