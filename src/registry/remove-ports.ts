// What Remove Metadata needs from the rest of the house; db implements it, app.ts hands it in.

import type { Caller } from '../model/caller.ts'
import type { DocumentReference } from '../model/evidence.ts'
import type { Claim, RecordedOutcome } from './ports.ts'

/** A registered object that a removal names. An association belongs to the facility, and is about the patient, of its source. */
export interface RemovableObject {
  readonly id: string
  readonly kind: 'DocumentEntry' | 'SubmissionSet' | 'Folder' | 'Association'
  readonly publisher: string
  /** In CX form. */
  readonly patient?: string
  /** Of a SubmissionSet or Folder. */
  readonly uniqueId?: string
  readonly document?: DocumentReference
  /** Support of the patient was stopped: to nobody is it there. */
  readonly stopped: boolean
}

export interface RemovalFacts {
  readonly objects: readonly RemovableObject[]
  /** Listed objects that an association outside the list has as source or target. */
  readonly referenced: readonly { readonly id: string; readonly by: string }[]
  /** Objects outside the list that would lose their last association, or their last SubmissionSet. */
  readonly unreferenced: readonly string[]
}

export interface Removal {
  readonly ids: readonly string[]
  readonly claim: Claim | undefined
  readonly caller: Caller
  readonly outcome: RecordedOutcome
}

export interface RemovalTransaction {
  /**
   * Locks the persons of the objects, so that submissions about them come before or after; `replayed` when this very message
   * was carried out before.
   */
  readonly open: (request: {
    readonly ids: readonly string[]
    readonly claim: Claim | undefined
  }) => Promise<{ readonly replayed: boolean }>
  /** Read after the lock. */
  readonly facts: (ids: readonly string[]) => Promise<RemovalFacts>
  readonly write: (removal: Removal) => Promise<void>
}

export interface RemovalPorts {
  /** One transaction, run again when it loses a race; work that has written nothing leaves nothing. */
  readonly inTransaction: <T>(work: (tx: RemovalTransaction) => Promise<T>) => Promise<T>
}
