// The query of a journal search as it stands in a URL, the same at the admin API and at the door of the systems.

import type { AuditEvent } from '../audit/event.ts'
import type { KeptMessage } from '../journal/kept-message.ts'
import type { JournalCriteria, JournalPage, JournalQuery, JournalReader } from '../journal/search.ts'
import { IheError } from '../model/error.ts'
import type { JournalLine } from '../model/journal-view.ts'
import { type Kept, lineOf, type Viewer } from './journal-view.ts'

/** What looking into the journal needs. */
export interface JournalAccess extends JournalReader {
  /** Messages of an exchange, as far as they are kept. */
  readonly kept: (exchangeId: string) => Promise<readonly KeptMessage[]>
  /** Records the look; resolves when it is durable. */
  readonly looked: (event: AuditEvent) => Promise<void>
}

/** An entry says what it says also when its messages cannot be opened: a key may be gone before the days that it sealed. */
export async function keptOf(exchangeId: string, { kept }: Pick<JournalAccess, 'kept'>): Promise<Kept> {
  try {
    return await kept(exchangeId)
  } catch (error) {
    if (error instanceof IheError) throw error
    return 'sealed'
  }
}

const text = { type: 'string', minLength: 1, maxLength: 256, pattern: '^[^\\u0000]+$' } as const
const moment = {
  type: 'string',
  pattern:
    '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,6})?)?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$',
} as const

/** JSON schemas of what may be asked. */
export const journalFilters = {
  from: { ...moment, description: 'not before; ISO 8601 with offset' },
  to: { ...moment, description: 'before; ISO 8601 with offset' },
  transaction: { ...text, description: 'as the journal names it: ITI-18, StoreClient push' },
  result: { enum: ['success', 'partial', 'failure'] },
  patient: { ...text, description: 'id^^^&OID&ISO, or a number, looked for in every domain' },
  document: { ...text, description: 'documentUniqueId' },
  code: { type: 'string', pattern: '^[A-Z0-9_]{1,64}$', description: 'code of docs/errors.md' },
  message: { ...text, description: 'wsa:MessageID, HL7 v3 message id or MSH-10' },
  limit: { type: 'string', pattern: '^([1-9]\\d{0,2}|1000)$', description: '1 to 1000' },
  after: {
    type: 'string',
    pattern: '^\\d{1,17}\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
    description: 'next of the page before',
  },
} as const

export interface AskedJournal {
  readonly from?: string
  readonly to?: string
  readonly system?: string
  readonly facility?: string
  readonly transaction?: string
  readonly result?: 'success' | 'partial' | 'failure'
  readonly patient?: string
  readonly document?: string
  readonly code?: string
  readonly message?: string
  readonly limit?: string
  readonly after?: string
}

const USUAL_PAGE = 50

export function journalQuery(asked: AskedJournal): JournalQuery {
  const { from, to, system, facility, transaction, result, patient, document, code, message, limit, after } = asked
  const criteria: JournalCriteria = {
    ...(from === undefined ? {} : { from: momentOf(from) }),
    ...(to === undefined ? {} : { to: momentOf(to) }),
    ...(system === undefined ? {} : { systemId: system }),
    ...(facility === undefined ? {} : { facilityId: facility }),
    ...(transaction === undefined ? {} : { transaction }),
    ...(result === undefined ? {} : { result }),
    ...(patient === undefined ? {} : { patient }),
    ...(document === undefined ? {} : { documentUniqueId: document }),
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { messageId: message }),
  }
  return {
    criteria,
    limit: limit === undefined ? USUAL_PAGE : Number(limit),
    ...(after === undefined ? {} : { after }),
  }
}

/** An offset leads beyond the years of four digits, which the database reads no moment of. */
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')

/** Nothing is older than 1970, and the database does not know every year of four digits. */
function momentOf(text: string): Date {
  return new Date(Math.min(LAST_MS, Math.max(0, Date.parse(text))))
}

/** Names of the criteria, for the audit; their values may be personal data. */
export function criteriaNames(asked: AskedJournal): string {
  const names = Object.keys(asked).filter((name) => name !== 'limit' && name !== 'after' && name !== 'format')
  return names.length === 0 ? 'everything' : `by ${names.join(', ')}`
}

/** Patients that a search asked for; a number without its domain is none that could be named. */
export function patientsAsked({ patient }: AskedJournal): readonly string[] {
  return patient?.includes('^') === true ? [patient] : []
}

export interface JournalListing {
  readonly entries: readonly JournalLine[]
  readonly next?: string
  /** The search ended for its length; nothing before this was looked at yet. */
  readonly searchedBackTo?: string
}

export function listingOf({ entries, next, searchedBackTo }: JournalPage, viewer: Viewer): JournalListing {
  return {
    entries: entries.map((entry) => lineOf(entry, viewer)),
    ...(next === undefined ? {} : { next }),
    ...(searchedBackTo === undefined ? {} : { searchedBackTo: searchedBackTo.toISOString() }),
  }
}
