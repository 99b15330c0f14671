// What the StoreClient actor asks of its surroundings: two calls of one transaction on the hot path, and a few functions.

import type { DataKind, KindName } from '../../profiles/storeclient/index.ts'
import type { Caller, FacilityStatus, StoreClientContract } from '../model/caller.ts'
import type { DocumentEntry, SubmissionSet } from '../model/document-entry.ts'
import type { IheError } from '../model/error.ts'
import type { Evidence } from '../model/evidence.ts'
import type { Er7Message } from '../model/hl7v2.ts'
import type { PatientId } from '../model/identifiers.ts'
import type { LocalIdForm } from '../model/patient-number.ts'
import type { Address, Demographics, PersonName } from '../model/person.ts'
import type { StagedContent } from '../model/staged-document.ts'
import type { Withhold } from './hold/hold-ports.ts'

/** The same for every facility of a deployment. */
export interface StoreClientSettings {
  /** Fixed UUID under which all document, series and submission ids are made; changing it makes every resend a new document. */
  readonly namespace: string
  readonly repositoryUniqueId: string
  /** MSH-11 values that are accepted: `P` in a production network, `T` and `D` besides in a test network. */
  readonly processingIds: readonly string[]
  /** Names, codes and calendar rows of the kinds, as the site has them. */
  readonly kinds: ReadonlyMap<KindName, DataKind>
  /** Largest file inside a message, decoded. */
  readonly maxFileBytes: number
}

export interface FacilitySettings extends StoreClientContract {
  readonly localIdForm: LocalIdForm
  /** Code of the affinity domain's healthcareFacilityTypeCode; absent: taken from the facility code. */
  readonly facilityType?: string
}

/**
 * What is known of a message besides its own words: the kind that the transport names, or where the file lay in an SS-MIX2
 * storage. The path is trusted above the message (SS-MIX2 samples differ in patient, date and order number).
 */
export interface Origin {
  readonly kind?: string
  readonly patientId?: string
  /** YYYYMMDD. */
  readonly careDate?: string
  readonly orderNumber?: string
  /** YYYYMMDDhhmmssSSS: when the file was written, which stands for MSH-7 in the order of versions. */
  readonly writtenAt?: string
  /** Condition flag 0: the document is deleted. */
  readonly deleted?: true
  /** MSH-12 besides 2.5, as agreed with the sender: 2.4 stands for 2.4.1 too. */
  readonly versions?: readonly string[]
  /** Identity of the file, or of a sender's message as agreed, instead of MSH-3 and MSH-10. */
  readonly claim?: { readonly scope: string; readonly key: string }
}

/** Identity of one transmission: certificate facility, MSH-3 and MSH-10, with the SHA-256 of the raw bytes. */
export interface Claim {
  readonly scope: string
  readonly key: string
  readonly digest: string
}

export interface Question {
  readonly claim: Claim
  /** Patient number in canonical form; absent when the message is refused for something else anyway. */
  readonly patient?: { readonly facilityId: string; readonly canonicalId: string }
  /** Base series of every document the message makes or names. */
  readonly series: readonly string[]
  /** Those of them whose current documents have to be read again to judge what the message leaves out. */
  readonly guarded: readonly string[]
  /** Orders that the message changes: their documents on other days are wanted too. */
  readonly changed?: { readonly facilityId: string; readonly kind: string; readonly orderNumbers: readonly string[] }
}

export type ClaimState =
  | { readonly kind: 'new' }
  /** Accepted before with the same bytes; `answer` is what `write` was given. */
  | { readonly kind: 'replay'; readonly answer: string }
  /** Accepted before with other bytes. */
  | { readonly kind: 'other-content' }

export interface LinkedPatient {
  readonly personKey: string
  /** The person's id in the affinity domain. */
  readonly affinityId: PatientId
  /** The number as this facility's link holds it, not canonical. */
  readonly localId: string
  /** The person as this facility described it last. */
  readonly demographics: Demographics
  /** Consent to publication by this facility is in force now. */
  readonly consent: boolean
  /** Support was stopped (支援中止): nothing is taken, of trusted systems neither. */
  readonly stopped: boolean
}

/** An Approved document of a series: the main one (`part` 1) or an additional part. */
export interface CurrentDocument {
  readonly seriesId: string
  readonly part: number
  readonly entryUUID: string
  readonly uniqueId: string
  readonly personKey: string
  /** As given to `write`: MSH-7 as 17 digits, `|`, SHA-256. */
  readonly version: string
  /** SHA-256 of everything after the MSH segment. */
  readonly bodyHash: string
  /** The stored message; absent for series that were not asked for as guarded. */
  readonly bytes?: Buffer
}

export interface SeriesState {
  /** The series that a replacement under another document number moved this one to. */
  readonly movedTo?: string
  readonly currents: readonly CurrentDocument[]
  /** The newest documents where their publisher took them back by a change of status (ITI TF-2 3.57); what is older stays behind them. */
  readonly withdrawn?: readonly CurrentDocument[]
  /** Versions, as given to `write`, that are registered where no document is current. */
  readonly registered?: readonly string[]
  /** Highest part number ever used, deprecated ones too; 0 for an unknown series. */
  readonly lastPart: number
  /** MSH-7 (17 digits) of the latest delete. */
  readonly tombstone?: string
  /** The messages that deleted it; absent for series that were not asked for as guarded, and where there are too many. */
  readonly deletions?: readonly { readonly version: string; readonly bytes: Buffer }[]
}

export interface Situation {
  readonly claim: ClaimState
  /** State of the facility at this moment, which the door may not have heard of yet; absent: not asked. */
  readonly facility?: FacilityStatus
  /** Absent: not linked, or not asked. */
  readonly patient?: LinkedPatient
  /** By base series id; a series nobody has written to may be missing. */
  readonly series: ReadonlyMap<string, SeriesState>
  /** By order number as asked: current documents of it under any care date, with their base series. */
  readonly ofOrders: ReadonlyMap<string, readonly (CurrentDocument & { readonly baseSeriesId: string })[]>
}

/** Where a version of a document stands; the same columns for registered, superseded and deleting messages. */
export interface VersionRow {
  readonly baseSeriesId: string
  readonly seriesId: string
  readonly part: number
  readonly version: string
  readonly bodyHash: string
  readonly kind: string
  /** YYYYMMDD in JST; absent for kinds without one. */
  readonly careDate?: string
  /** Order or document number, normalised. */
  readonly number?: string
  readonly document: StagedContent
}

/** A replacement under another number that came after newer versions: it is a number only, but a number that leads on. */
export interface LateTakeover {
  readonly takesOver: string
  /** The former number's current document is the newest of both and becomes current here. */
  readonly adopts?: CurrentDocument
  readonly deprecates: readonly string[]
}

export type Effect =
  /** A new Approved entry; `replaces` get RPLC, `deprecates` (of a person linked before) are deprecated without one. */
  | {
      readonly kind: 'register'
      readonly row: VersionRow
      readonly entry: DocumentEntry
      readonly replaces: readonly string[]
      readonly deprecates: readonly string[]
      /** Series that those documents stand in. */
      readonly retires: readonly string[]
      /** Gets an APND association to these. */
      readonly appendsTo: readonly string[]
      /** Files inside the message, as documents of their own, each a transformation (XFRM) of the message. */
      readonly files: readonly { readonly entry: DocumentEntry; readonly document: StagedContent }[]
      /** A series that this document takes the place of: what comes for it later is meant for this one. */
      readonly takesOver?: string
    }
  /** The current document was sent again later with the same words: it stands as of then, and nothing else changes. */
  | { readonly kind: 'confirm'; readonly seriesId: string; readonly version: string }
  /** An older version that came late: kept with its bytes, never submitted. */
  | { readonly kind: 'supersede'; readonly row: VersionRow; readonly lateTakeover?: LateTakeover }
  /** Delete or cancel: entries become Deprecated, the series gets a tombstone, the message stays as proof. */
  | {
      readonly kind: 'delete'
      readonly row: VersionRow
      readonly deprecates: readonly string[]
      readonly tombstone: string
    }

/** This facility's copy only. Absent: no statement, keep. Empty or null: delete (HL7 null). */
export interface DemographicsChange {
  readonly names?: readonly PersonName[]
  readonly sex?: 'M' | 'F' | 'UN' | null
  readonly birthTime?: string | null
  readonly addresses?: readonly Address[]
  readonly telecoms?: readonly string[]
  readonly mother?: readonly PersonName[] | null
  readonly multipleBirth?: boolean | null
  readonly birthOrder?: number | null
  readonly deceased?: boolean | null
}

/** All that an accepted message changes: data, answer for a resend, audit event and journal row, in one commit. */
export interface Write {
  readonly caller: Caller
  readonly claim: Claim
  /** Opaque; handed back by `situation` on a resend. Kept 400 days. */
  readonly answer: string
  readonly kind: string
  readonly personKey: string
  /** The number of the patient as the facility's link holds it. */
  readonly patientNumber: string
  readonly effects: readonly Effect[]
  /** Present when an effect registers; its HasMember associations go to the registered entries. */
  readonly submissionSet?: SubmissionSet
  readonly demographics?: DemographicsChange
  readonly warnings: readonly IheError[]
  readonly evidence: Evidence
  /** The withheld message that is filed by this: it ends, and is erased, in the same commit. */
  readonly withheldId?: string
}

export interface StoreClientTransaction {
  /**
   * Takes the claim and reads what the decision needs, in one round trip. Locks the person and every series asked for (also
   * one that does not exist yet) until the end of the transaction. A copy of the message that is being processed elsewhere
   * is waited for up to 5 s.
   * @throws {IheError} BUSY when the other copy takes longer.
   */
  readonly situation: (question: Question) => Promise<Situation>
  /** @throws {WithheldEnded} when the withheld message that this files has ended meanwhile. */
  readonly write: (write: Write) => Promise<void>
}

export interface StoreClientPorts {
  readonly settings: StoreClientSettings
  readonly facilitySettings: (caller: Caller) => FacilitySettings
  readonly now: () => Date
  /** Reads a document stored before (the codec's reader), in the set that is named where its bytes are valid in two; undefined when it cannot be read. */
  readonly decode: (bytes: Buffer, hints?: { readonly charset?: string }) => Er7Message | undefined
  /** Keeps a refused message sealed. */
  readonly withhold: Withhold
  /** What a facility stores, a minute old at most, a second near `limitBytes`; asked only where a quota is agreed. */
  readonly storedBytes: (facilityId: string, limitBytes: number) => Promise<number>
  /** Hashes and, above the row limit, writes and syncs a file. Called only when the message will be kept. */
  readonly stage: (bytes: Buffer) => Promise<StagedContent>
  /** Looks for viruses in a file inside a message. */
  readonly scan: (bytes: Buffer) => Promise<'clean' | 'infected' | 'unavailable'>
  /** Commits when `work` resolves, rolls everything back (the claim too) when it throws, and throws the same on. */
  readonly inTransaction: <T>(work: (transaction: StoreClientTransaction) => Promise<T>) => Promise<T>
}
