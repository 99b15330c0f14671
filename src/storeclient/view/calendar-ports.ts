// What the calendar and the view of one document ask of their surroundings, and the documents that they hear of.

import type { CalendarRows } from '../../../profiles/storeclient/calendar.ts'
import type { PatientAccess, Reason } from '../../model/access.ts'
import type { CallingSystem, Exchange } from '../../model/caller.ts'
import type { DocumentEntry } from '../../model/document-entry.ts'
import type { DocumentReference, Outcome } from '../../model/evidence.ts'
import type { Er7Message } from '../../model/hl7v2.ts'
import type { PatientId } from '../../model/identifiers.ts'
import type { User } from '../../model/user.ts'

/** A facility as its staff see the network: with the rights of the facility and of who reads, and of none of its systems. */
export type Viewer = CallingSystem & { readonly user?: User }

/** A file that a message held, as a document of its own. */
export interface FileOfDocument {
  readonly uniqueId: string
  readonly title: string
  readonly mimeType: string
  readonly sizeBytes: number
  /** SHA-1, hex. */
  readonly hash: string
}

/** `former`: another document took its place; `cancelled`: nothing did. */
export type DocumentState = 'current' | 'former' | 'cancelled'

/** A registered document that the viewer may see. */
export interface VisibleDocument {
  readonly entry: DocumentEntry
  readonly state: DocumentState
  readonly publisher: { readonly facilityId: string; readonly name: string }
  /** 1 for a document that replaced none. */
  readonly versions: number
  readonly files: readonly FileOfDocument[]
}

export interface OpenedEntry extends VisibleDocument {
  /** Order or document number of a document that came by StoreClient, normalised. */
  readonly number?: string
  /** uniqueId of the document whose place this one took, when the viewer may see it. */
  readonly formerUniqueId?: string
  /** Grants of emergency access under which it is seen. */
  readonly emergency?: readonly string[]
  /** What the access decision let it be seen for, for the audit. */
  readonly because?: Reason
}

/** A document that was asked for by somebody who may see it. */
export interface OpenedDocument {
  readonly mimeType: string
  readonly body: Buffer | AsyncIterable<Buffer>
}

export interface Period {
  /** First moment, YYYYMMDDhhmmss in UTC. */
  readonly start: string
  /** First moment after it. */
  readonly end: string
}

/** Who of the staff reads for which facility; the facility need not exist. */
export interface StaffReading {
  readonly exchange: Exchange
  readonly facilityId: string
  readonly by: string
  /** With job and purpose, for the access decision and the audit. */
  readonly user: User
}

export interface ViewPorts {
  /** Rows and kinds as the site has them. */
  readonly table: CalendarRows
  /** The affinity domain's assigning authority: a number without one belongs to it. */
  readonly affinityDomain: string
  /** Undefined for a facility that is not there or not active. */
  readonly viewer: (reading: Pick<StaffReading, 'facilityId' | 'user'>) => Promise<Viewer | undefined>
  /** Audit event and journal row, durable before anything is answered. */
  readonly record: (
    reading: StaffReading,
    outcome: Pick<Outcome<unknown>, 'result' | 'errors' | 'evidence'>,
  ) => Promise<void>
}

export interface CalendarPorts extends ViewPorts {
  /** The person who has this number, when the viewer may know that they have it; undefined otherwise. */
  readonly patient: (viewer: Viewer, id: PatientId) => Promise<PatientAccess | undefined>
  /** What the viewer may see of a person with a service in the period, and the standing lists; the newest first, at most `limit`. */
  readonly documents: (asked: {
    readonly access: PatientAccess
    readonly period: Period
    readonly cancelled: 'hidden' | 'shown'
    readonly limit: number
  }) => Promise<readonly VisibleDocument[]>
}

export interface ClinicalViewPorts extends ViewPorts {
  /** Ours; documents of other repositories are known by their entries only. */
  readonly repositoryUniqueId: string
  /** The document's entry, under the access rule. */
  readonly entry: (viewer: Viewer, uniqueId: string) => Promise<OpenedEntry | undefined>
  /**
   * As ITI-43 hands it out, checked against its checksum; undefined when it lies in another repository or may not be seen.
   * @throws {IheError} DOCUMENT_DAMAGED.
   */
  readonly open: (
    reading: StaffReading,
    viewer: Viewer,
    document: DocumentReference,
  ) => Promise<OpenedDocument | undefined>
  /** Reads a message, in the set that is named where its bytes are valid in two; undefined when it cannot be read. */
  readonly decode: (bytes: Buffer, hints?: { readonly charset?: string }) => Er7Message | undefined
}
