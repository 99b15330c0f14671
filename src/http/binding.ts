// A transaction bound to its codec pair and actor function: the shape app.ts fills and the SOAP pipeline runs (design §2).

import type { Transaction } from '../../profiles/transactions/index.ts'
import type { Attachment } from '../codec/mtom/write.ts'
import type { XmlElement } from '../codec/xml/read.ts'
import type { Markup } from '../codec/xml/write.ts'
import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { Outcome } from '../model/evidence.ts'
import type { StagedContent } from '../model/staged-document.ts'

/** A message after SOAP and MTOM: its body and the parts that came with it, by Content-ID. */
export interface Incoming {
  /** Every header block of the message. */
  readonly headers: readonly XmlElement[]
  readonly body: XmlElement
  readonly packaging: 'simple' | 'mtom'
  readonly parts: ReadonlyMap<string, StagedContent>
}

export interface AnswerContext {
  readonly incoming: Incoming
  readonly journalId: string
}

/** Known by its digest, so that the journal can name what it does not keep. */
export interface AnsweredPart extends Attachment {
  readonly sizeBytes: number
  readonly sha256: string
}

export interface Encoded {
  readonly body: Markup
  readonly attachments: readonly AnsweredPart[]
  /** Header blocks beside those of WS-Addressing. */
  readonly blocks?: readonly Markup[]
}

/** Which patients a message is about, for assertions that are about one. */
export interface About {
  /** CX of the patients that the message names. */
  readonly patients: (incoming: Incoming) => readonly string[]
  /** What becomes of a message that names none: its answer tells, or nobody can tell before it takes effect. */
  readonly unnamed: 'answer' | 'refuse'
}

export interface Codec<Request, Answer> {
  /** Absent: a message with an assertion about one patient is refused. */
  readonly about?: About
  /** `own`: the actor keeps or removes the parts that came with the message; else they are none of the transaction's. */
  readonly parts?: 'own'
  /** @throws {IheError} what the sender got wrong in the body. */
  readonly decode: (incoming: Incoming) => Request | Promise<Request>
  readonly encode: (
    outcome: Outcome<Answer>,
    context: AnswerContext & { readonly request: Request },
  ) => Encoded | Promise<Encoded>
  /** The transaction's own way to say no, for a body that could not be decoded and for an actor that failed. */
  readonly refuse: (errors: readonly IheError[], context: AnswerContext) => Markup
}

export interface Performed {
  readonly outcome: Outcome<unknown>
  readonly encode: () => Promise<Encoded>
}

/** A binding with its types closed over, so that bindings of all transactions fit in one list. */
export interface Binding {
  readonly transaction: Transaction
  readonly parts: 'own' | 'ignored'
  readonly about: About
  /** Decodes; what it returns calls the actor. @throws {IheError} what the sender got wrong in the body. */
  readonly prepare: (incoming: Incoming) => Promise<(caller: Caller) => Promise<Performed>>
  readonly refuse: Codec<never, never>['refuse']
}

const ABOUT_NOBODY: About = { patients: () => [], unnamed: 'refuse' }

/** Binds a row to a codec pair and an actor function; app.ts is the only caller. */
export function bind<Request, Answer>(
  transaction: Transaction,
  codec: Codec<Request, Answer>,
  actor: (request: Request, caller: Caller) => Promise<Outcome<Answer>>,
): Binding {
  return {
    transaction,
    parts: codec.parts ?? 'ignored',
    about: codec.about ?? ABOUT_NOBODY,
    refuse: codec.refuse,
    prepare: async (incoming) => {
      const request = await codec.decode(incoming)
      return async (caller) => {
        const outcome = await actor(request, caller)
        const context = { incoming, request, journalId: caller.exchange.id }
        return { outcome, encode: async () => codec.encode(outcome, context) }
      }
    },
  }
}
