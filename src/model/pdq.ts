// A patient demographics query and its answer, whatever their wire form: ITI-47 in HL7 v3, ITI-21 in HL7 v2 (ITI TF-2 3.21, 3.47).

import type { Oid } from './identifiers.ts'
import type { Demographics } from './person.ts'
import type { CorrespondingId } from './pix.ts'

/** `inexact`: the text may be the beginning only, and readings are compared loosely (v3 use SRCH; v2 a trailing `*`). */
export type NameMatching = 'exact' | 'inexact'

/** One of the names asked for; a part that is absent is not compared. In kanji, kana or romaji, in any width. */
export interface SoughtName {
  readonly family?: string
  readonly given?: string
  readonly matching: NameMatching
  /** XPath of the value, or `QPD-3[2]`. */
  readonly at: string
}

/** Digits YYYY[MM[DD]]; a date that is not full stands for its whole month or year. Ranges include both ends. */
export type SoughtBirth =
  | { readonly kind: 'date'; readonly date: string; readonly at: string }
  | { readonly kind: 'range'; readonly low?: string; readonly high?: string; readonly at: string }

/** Every part must stand in the address; the postal code may be its beginning. */
export interface SoughtAddress {
  readonly postalCode?: string
  readonly parts: readonly string[]
  readonly at: string
}

/** An id the person must have; without a value any id of the domain will do. */
export interface SoughtId {
  readonly authority: Oid
  readonly value?: string
  readonly at: string
}

/** What the continuation, the cancellation and the audit need of any message of the query. */
interface PdqMessage {
  /**
   * What the sender names when it continues or cancels, with its transaction before it: `ITI-47 <queryId>`, `ITI-21 <query tag>`.
   * Kept per system: nobody else's key finds the query.
   */
  readonly key: string
  /** Where the key stands. */
  readonly keyAt: string
  /** Message id or MSH-10, and the query as it came: the audit event holds both. */
  readonly message: string
  readonly text: string
}

export interface PdqQuery extends PdqMessage {
  /** Any of them; empty: not asked. */
  readonly names: readonly SoughtName[]
  readonly sex?: 'M' | 'F' | 'UN'
  readonly birth?: SoughtBirth
  readonly address?: SoughtAddress
  /** All of them. */
  readonly ids: readonly SoughtId[]
  /** Name of the mother. */
  readonly mother?: SoughtName
  readonly telecom?: { readonly value: string; readonly at: string }
  /** Domains wanted in the answer; empty means all that the caller may see. */
  readonly domains: readonly { readonly domain: Oid; readonly at: string }[]
  /** What of a person who has no id in the domains wanted: v3 says so in the answer, v2 leaves the person out. */
  readonly withoutWantedIds: 'kept' | 'left out'
  /** Size of the first page; absent: everything at once. */
  readonly initialQuantity?: number
  /** minimumDegreeMatch, 0 to 100. */
  readonly minimumScore?: number
}

export interface PdqContinuation extends PdqMessage, Pick<PdqQuery, 'withoutWantedIds'> {
  /** First result of the page, from 1; absent: the one after the last page. */
  readonly start?: number
  /** Size of this page and of those that follow; absent: as before. */
  readonly quantity?: number
  /** A line of the query's text, said again; absent: the key alone says which query it is. */
  readonly again?: string
}

export type PdqCancellation = PdqMessage

/** A person as the caller may know them. */
export interface PdqPatient {
  /** Ids in the domains wanted, or all that the caller may see, those of one domain together. Never obsolete ones. */
  readonly ids: readonly CorrespondingId[]
  /** Ids of the source that speaks for the person, most often of the caller's own facility; among `ids` when its domain is wanted. */
  readonly primary: readonly CorrespondingId[]
  /** Domains wanted in which the person has no id. */
  readonly missing: readonly Oid[]
  readonly demographics: Demographics
  /** How well the person agrees with what was asked, 0 to 100. */
  readonly score: number
}

/**
 * `refused`: what is wrong stands in the errors of the outcome (unknown domain or key, no usable parameter, too many results).
 * In a page `next` is the number of the result that the following page begins with; absent when there is none.
 */
export type PdqAnswer =
  | {
      readonly kind: 'page'
      readonly patients: readonly PdqPatient[]
      readonly total: number
      readonly remaining: number
      readonly next?: number
      /** Text of the query itself, also in the answer to a continuation. */
      readonly query: string
    }
  | { readonly kind: 'refused' }

export type PdqCancelAnswer = { readonly kind: 'cancelled' } | { readonly kind: 'refused' }
