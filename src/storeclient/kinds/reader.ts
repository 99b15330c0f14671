// What the reader of a data kind makes of a message: its documents-to-be, without a thought of what is stored, and its clinical content.

import type { Clinical, EmbeddedFile } from '../../model/clinical.ts'
import type { Code } from '../../model/code.ts'
import type { IheError } from '../../model/error.ts'
import type { Hl7Time } from '../../model/hl7-time.ts'
import type { Er7Message, Segment } from '../../model/hl7v2.ts'
import type { Header } from '../header.ts'
import type { ResultKey } from './observations.ts'

export interface ReadingContext {
  /** Kind and event as decided, and MSH-7. */
  readonly header: Header
}

/** Order number (ORC-2, OBR-2) or document number (TXA-12). */
export interface DocumentNumber {
  readonly normalised: string
  readonly received: string
}

/** `no`; `whole`: the document is cancelled; `results`: the results that are named are. */
export type Deletion = 'no' | 'whole' | 'results'

/** One document that the message makes. Key parts that its kind does not have are left out. */
export interface Reading {
  readonly number?: DocumentNumber
  /** Placer order number, where the document has a number of its own (reports; TXA-14 of documents): it stands in its references. */
  readonly orderNumber?: string
  /** 診療日, YYYYMMDD in JST. */
  readonly careDate?: string
  /** What else parts two documents of one day: time of an event, department. */
  readonly extra?: string
  /** All times of the service: the earliest start and the latest stop become serviceStartTime and serviceStopTime. At least one. */
  readonly service: readonly Hl7Time[]
  /** Segments of this document, in message order: author and department are looked up in them. */
  readonly segments: readonly Segment[]
  /** Main codes of the content, at most 20, each once. */
  readonly eventCodes: readonly Code[]
  readonly deletes: Deletion
  /**
   * Shrink guard: keys of all results or administrations in the message, and those of a stored message of the same key.
   * Absent for kinds where the newest message always replaces the whole document.
   */
  readonly guard?: {
    readonly results: ReadonlySet<string>
    readonly resultsIn: (stored: Er7Message) => readonly ResultKey[]
    /** What a stored message that deleted the document took back: some results, or the document. */
    readonly withdrawnBy: (stored: Er7Message) => ReadonlySet<string> | 'document'
  }
  /** ORC-1 says that an order is changed: a document of the same number on another day is the former one of it. */
  readonly corrects?: true
  readonly warnings: readonly IheError[]
  /** What the message says better than the row of its kind. */
  readonly typeCode?: Code
  readonly classCode?: Code
  readonly title?: string
  /** Codes of the affinity domain's confidentialityCode (N, R, V); N when left out. */
  readonly confidentiality?: readonly string[]
  /** The author has legally signed (TXA-17 LA). */
  readonly signed?: true
  /** referenceIdList values in CXi form besides the order number (Study Instance UID, accession number). */
  readonly references?: readonly string[]
  /** Become documents of their own, transformations of the message. */
  readonly files?: readonly EmbeddedFile[]
  /** TXA-13: the document of that number is replaced by this one, or this one is appended to it. */
  readonly parent?: { readonly number: DocumentNumber; readonly relation: 'replaces' | 'appends' }
}

export interface KindReader {
  /**
   * The documents of a message, in message order; at least one.
   * @throws {IheError} HL7_FIELD_MISSING, HL7_ORDER_NUMBER, HL7_TIME and whatever the kind refuses, at the first place.
   */
  readonly documents: (message: Er7Message, context: ReadingContext) => readonly Reading[]
  /** What the message says, as far as it can be read; of the order `number` (normalised) where it holds several. Never throws. */
  readonly content: (message: Er7Message, context: ReadingContext, number?: string) => Clinical
}
