// Who is calling, as the door established it from the client certificate, and the exchange the call belongs to.

import type { Confidentiality } from './confidentiality.ts'
import type { Oid } from './identifiers.ts'
import type { AccessRules } from './rights.ts'
import type { RuleSwitches } from './rule-switch.ts'
import type { Stations } from './stations.ts'
import type { User } from './user.ts'

/** Roles a system can hold (the IHE actor it plays towards us). */
export const ROLES = [
  'document-source',
  'document-consumer',
  'document-repository',
  'on-demand-document-source',
  'document-administrator',
  'update-initiator',
  'patient-identity-source',
  /** With patient-identity-source: feeds and merges the affinity domain's own patient ids; of one facility at most. */
  'affinity-domain-source',
  'pix-consumer',
  'patient-demographics-consumer',
  'store-client',
  /** With store-client: sends files of SS-MIX2 storages, whose paths say what they are. */
  'storage-importer',
  'xca-partner',
  /** Sends its audit records to this network (ITI-20). */
  'audit-source',
] as const
export type Role = (typeof ROLES)[number]

/** `consent`: design rule of union, consent and link. `affinity-domain`: every authenticated system is trusted, as plain XDS.b assumes. */
export type AccessMode = 'consent' | 'affinity-domain'

/** `suspended`: nothing is taken until it is active again. `ended`: for good. */
export type FacilityStatus = 'active' | 'suspended' | 'ended'

/** What a facility agreed about the messages that it pushes (docs/storeclient/contract.md). */
export interface StoreClientContract {
  /** Data kinds that are taken. */
  readonly kinds: 'all' | readonly string[]
  /** A message for a patient number that is not linked: refused, or kept sealed until it is. */
  readonly unlinked: 'refuse' | 'hold'
  /** `keep-parts`: fewer results than before never hide the former ones. `replace`: the newest message replaces all. */
  readonly shrinkGuard: 'keep-parts' | 'replace'
  /** Bytes that it may store; absent: no limit. */
  readonly quotaBytes?: number
}

/** Of a facility for which nothing else was set. */
export const DEFAULT_CONTRACT: StoreClientContract = { kinds: 'all', unlinked: 'refuse', shrinkGuard: 'keep-parts' }

export interface CallingSystem {
  readonly systemId: string
  readonly facilityId: string
  readonly facilityOid: Oid
  readonly facilityName: string
  /** 10-digit insurance institution code (保険医療機関コード), absent for bodies without one. */
  readonly facilityCode?: string
  /** How the facility writes its patient numbers: `exact`, `pad:n` or `strip`. */
  readonly patientIdForm: string
  /** Code of healthcareFacilityTypeCode; absent: derived from the facility code. */
  readonly facilityType?: string
  readonly roles: ReadonlySet<Role>
  readonly accessMode: AccessMode
  /** The system's own assigning authority; set for a conformance tester whose ids are affinity-domain ids as they are. */
  readonly assigningAuthority?: Oid
  /** repositoryUniqueIds of which the system is the Document Repository (ITI-42). */
  readonly repositories: readonly string[]
  /** XDSSubmissionSet.sourceId values that it may send; none: any. */
  readonly sourceIds?: readonly string[]
  /** Facilities for which it acts besides its own. */
  readonly delegatedFacilities?: readonly string[]
  /** Active facilities that share a union with this one, itself included. */
  readonly unionFacilities: readonly string[]
  /** The most restricted documents of other facilities this system may see without a named user. */
  readonly confidentialityCeiling: Confidentiality
  /** What is set about the facility as viewer; absent: nothing. */
  readonly rules?: AccessRules
  /** homeCommunityId, with urn:oid:, of the neighbouring community for which its facility stands; absent: of this network. */
  readonly community?: string
  /** Absent: active. */
  readonly facilityStatus?: FacilityStatus
  /** Absent: DEFAULT_CONTRACT. */
  readonly contract?: StoreClientContract
  /** Metadata rules that are switched for this system; absent: as the affinity domain has it. */
  readonly ruleSwitches?: RuleSwitches
}

/** One message and its answer, from the first byte to the last; `id` is the journal id that every refusal names. */
export interface Exchange {
  readonly id: string
  readonly door: 'https' | 'mllp' | 'syslog' | 'admin' | 'job'
  readonly endpoint: string
  readonly peer: string
  readonly receivedAt: Date
  readonly requestBytes: number
  /** Monotonic start, milliseconds (performance.now). */
  readonly startedMs: number
  /** Absent: nobody asks where the time went. */
  readonly stations?: Stations
  readonly transaction: string
  /** wsa:MessageID, HL7 v3 message id or MSH-10. */
  readonly messageId?: string
  /** wsa:ReplyTo, where the answer goes to an address of its own. */
  readonly replyTo?: string
  readonly hl7v2?: Hl7v2Parties
}

/** What MSH says of a message of HL7 v2, as it came. */
export interface Hl7v2Parties {
  /** MSH-4 and MSH-3, `facility|application` (ITI TF-2 3.8.5). */
  readonly sender: string
  /** MSH-6 and MSH-5. */
  readonly receiver: string
  /** MSH-9. */
  readonly type?: string
}

export interface Caller extends CallingSystem {
  readonly exchange: Exchange
  /** The person behind the call; absent: the system speaks for itself. */
  readonly user?: User
}
