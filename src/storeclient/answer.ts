// What the StoreClient answers, and the form in which a positive answer is remembered for a resend (HL7 v2.5 2.15.8 MSA, ERR).

import { iheError } from '../../profiles/errors/index.ts'
import { type IheError, type Note, noteOf } from '../model/error.ts'

export type StoreClientAnswer =
  | {
      readonly kind: 'accepted'
      readonly warnings: readonly IheError[]
      /** The first document the message made or matched; absent for deletes and late versions. */
      readonly documentUniqueId?: string
      readonly replayed: boolean
    }
  | {
      readonly kind: 'refused'
      readonly error: IheError
      readonly warnings: readonly IheError[]
    }

interface StoredAnswer {
  readonly warnings: readonly Note[]
  readonly documentUniqueId?: string
}

export interface PositiveAnswer {
  readonly warnings: readonly IheError[]
  readonly documentUniqueId: string | undefined
}

/** JSON of a positive answer. */
export function storeAnswer(answer: PositiveAnswer): string {
  const stored: StoredAnswer = {
    warnings: answer.warnings.map(noteOf),
    ...(answer.documentUniqueId === undefined ? {} : { documentUniqueId: answer.documentUniqueId }),
  }
  return JSON.stringify(stored)
}

/** The answer that `storeAnswer` wrote. */
export function storedAnswer(json: string): PositiveAnswer {
  const stored = JSON.parse(json) as StoredAnswer
  return {
    warnings: stored.warnings.map(({ code, ...details }) => iheError(code, details)),
    documentUniqueId: stored.documentUniqueId,
  }
}
