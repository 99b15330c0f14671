// Who sees what of a journal entry: the facility and the system that sent a message see it whole, everybody else masked (docs/adr/0039).

import { errorRow } from '../../profiles/errors/index.ts'
import { shownAt, shownRule, shownValue } from '../../profiles/inspection/errors.ts'
import { shown } from '../../profiles/inspection/values.ts'
import { inspect } from '../codec/inspect/inspect.ts'
import type { JournalError } from '../journal/entry.ts'
import type { KeptMessage, KeptPart } from '../journal/kept-message.ts'
import type { JournalRecord } from '../journal/search.ts'
import type { Sight } from '../model/inspection.ts'
import type { ExplainedError, JournalLine, JournalView, MessageView, PartView } from '../model/journal-view.ts'

/** `facility`, `system`: sees what this one sent. `office`: runs or audits the network, and sent nothing. */
export type Viewer =
  | { readonly kind: 'office' }
  | { readonly kind: 'facility'; readonly facilityId: string }
  | { readonly kind: 'system'; readonly systemId: string }

/** May the viewer know of the entry at all? */
export function isVisible(record: JournalRecord, viewer: Viewer): boolean {
  switch (viewer.kind) {
    case 'office':
      return true
    case 'facility':
      return record.facilityId === viewer.facilityId
    case 'system':
      return record.systemId === viewer.systemId
  }
  return viewer satisfies never
}

/** What a vendor's system is told of patients is in its own messages; what the network knows of them is not for it. */
export function lineOf(record: JournalRecord, viewer: Viewer): JournalLine {
  const { exchangeId, at, door, endpoint, transaction, result, errors, durationMs, requestBytes, documents } = record
  const { messageId, systemId, facilityId, responseBytes } = record
  return {
    journalId: exchangeId,
    at: at.toISOString(),
    door,
    endpoint,
    transaction,
    result,
    codes: errors.map(({ code }) => code),
    patients: viewer.kind === 'system' ? record.patients.map((patient) => shown('CX', patient)) : record.patients,
    documents,
    durationMs,
    requestBytes,
    ...(messageId === undefined ? {} : { messageId }),
    ...(systemId === undefined ? {} : { systemId }),
    ...(facilityId === undefined ? {} : { facilityId }),
    ...(responseBytes === undefined ? {} : { responseBytes }),
  }
}

/** Messages of an exchange; `sealed` when there are some that no key of ours opens. */
export type Kept = readonly KeptMessage[] | 'sealed'

export function viewOf(record: JournalRecord, kept: Kept, viewer: Viewer): JournalView {
  const own: Sight = viewer.kind !== 'office' && isVisible(record, viewer) ? 'open' : 'masked'
  return {
    ...lineOf(record, viewer),
    ...(viewer.kind === 'system' ? {} : { peer: record.peer }),
    errors: record.errors.map((error) => explained(error, own)),
    waivedRules: record.waived,
    ...(record.timings === undefined ? {} : { timings: record.timings }),
    messagesAre: kept === 'sealed' ? 'sealed' : kept.length === 0 ? 'not kept' : 'kept',
    messages: kept === 'sealed' ? [] : kept.map((message) => messageView(message, { record, own })),
  }
}

/** Values in errors are the sender's own. */
function explained({ code, at, value, rule, blame, retry }: JournalError, own: Sight): ExplainedError {
  const row = errorRow(code)
  const isOpen = own === 'open'
  return {
    code,
    blame,
    retry,
    ...(at === undefined ? {} : { at: isOpen ? at : shownAt(at) }),
    ...(value === undefined ? {} : { value: isOpen ? value : shownValue(at ?? '', value) }),
    ...(rule === undefined ? {} : { rule: isOpen ? rule : shownRule(code, rule) }),
    ...(row === undefined ? {} : { message: row.message, hint: row.hint, ja: row.ja }),
  }
}

function messageView(
  message: KeptMessage,
  { record, own }: { readonly record: JournalRecord; readonly own: Sight },
): MessageView {
  const { direction, sizeBytes, isWhole, bytes, contentType, parts } = message
  const isTheirs = isFromOther(record, direction)
  const sight: Sight = isTheirs ? own : 'masked'
  const type = contentType === undefined ? undefined : sight === 'open' ? contentType : shown('mime', contentType)
  return {
    ...inspect(message, sight),
    direction,
    sentBy: isTheirs ? 'the other system' : 'this server',
    sight,
    sizeBytes,
    isWhole,
    parts: parts.map((part, index) => partView(part, { number: index + 1, sight })),
    ...(type === undefined ? {} : { contentType: type }),
    ...(sight === 'open' ? { raw: bytes.toString('base64') } : {}),
  }
}

/** Of a call that this server made, to an address instead of a path of its own, the other one sent the answer. */
function isFromOther({ endpoint }: JournalRecord, direction: KeptMessage['direction']): boolean {
  return endpoint.includes('://') ? direction === 'answer' : direction === 'request'
}

function partView(part: KeptPart, { number, sight }: { readonly number: number; readonly sight: Sight }): PartView {
  const { contentId, contentType, sizeBytes, sha256, bytes } = part
  const isOpen = sight === 'open'
  return {
    contentId: isOpen ? contentId : `part ${number}`,
    contentType: isOpen ? contentType : shown('mime', contentType),
    sizeBytes,
    sha256,
    kept: bytes === undefined ? 'no' : 'yes',
  }
}
