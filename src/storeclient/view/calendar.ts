// The calendar of a patient: rows of documents by day of service in Japan, as one facility may see them.

import type { CalendarRow, CalendarRows } from '../../../profiles/storeclient/calendar.ts'
import { emergencyOf } from '../../model/access.ts'
import type { Author, DocumentEntry } from '../../model/document-entry.ts'
import { type Evidence, NO_EVIDENCE } from '../../model/evidence.ts'
import { formatCx, type Oid, type PatientId, parseCx } from '../../model/identifiers.ts'
import { jstDay, jstIso, xdsMoments } from '../../model/jst.ts'
import { ORIGINAL_SERVICE_TIME } from '../metadata.ts'
import type { CalendarPorts, DocumentState, FileOfDocument, StaffReading, VisibleDocument } from './calendar-ports.ts'

/** Documents that one calendar holds; for more, the period is too long to be looked at. */
export const MAX_DOCUMENTS = 1000
const JST_HOURS = 9
const DAY_MS = 86_400_000

export interface CalendarRequest extends StaffReading {
  /** CX; a number without authority is one of the affinity domain. */
  readonly patient: string
  /** First and last day, YYYY-MM-DD in Japan. */
  readonly from: string
  readonly to: string
  /** Keys of rows; absent: all. */
  readonly rows?: readonly string[]
  readonly cancelled: 'hidden' | 'shown'
}

export interface CalendarItem {
  readonly documentUniqueId: string
  readonly kind: string
  readonly kindName: { readonly ja: string; readonly en: string }
  readonly title: string
  readonly facility: { readonly facilityId: string; readonly name: string }
  readonly authors: readonly string[]
  /** First and last day in Japan. */
  readonly from: string
  readonly to: string
  readonly start: string
  readonly stop: string
  /** Service times as the message wrote them. */
  readonly written: readonly string[]
  readonly created?: string
  readonly status: DocumentState
  readonly versions: number
  readonly mimeType: string
  readonly files: readonly FileOfDocument[]
}

export interface FilledRow {
  readonly key: string
  readonly name: { readonly ja: string; readonly en: string }
  readonly standing: boolean
  /** Of one day each. */
  readonly days: readonly { readonly day: string; readonly items: readonly CalendarItem[] }[]
  /** Of several days each. */
  readonly spans: readonly CalendarItem[]
}

export interface Calendar {
  readonly rows: readonly FilledRow[]
  /** The period holds more than can be shown: the oldest are left out. */
  readonly more: boolean
}

/** An unknown facility, an unknown patient and one the facility may not see have an empty calendar. */
export async function calendar(request: CalendarRequest, ports: CalendarPorts): Promise<Calendar> {
  const { found, evidence } = await look(request, ports)
  const shown = found.slice(0, MAX_DOCUMENTS).filter(({ entry }) => isAsked(rowOf(entry, ports.table), request))
  const documents = shown.flatMap(({ entry, publisher }) =>
    entry.repositoryUniqueId === undefined
      ? []
      : {
          documentUniqueId: entry.uniqueId,
          repositoryUniqueId: entry.repositoryUniqueId,
          publisher: publisher.facilityId,
          kind: entry.classCode.code,
        },
  )
  await ports.record(request, {
    result: 'success',
    errors: [],
    evidence: { ...evidence, documents, staff: request.by, query: { id: 'calendar', text: asText(request) } },
  })
  return { rows: fill(shown, request, ports.table), more: found.length > MAX_DOCUMENTS }
}

/** Whether what stands in this row is shown: nobody looked at the others. */
function isAsked(row: CalendarRow | undefined, { rows }: CalendarRequest): boolean {
  return row !== undefined && (rows === undefined || rows.includes(row.key))
}

interface Look {
  readonly found: readonly VisibleDocument[]
  readonly evidence: Evidence
}

async function look(request: CalendarRequest, ports: CalendarPorts): Promise<Look> {
  const id = patientIdOf(request.patient, ports.affinityDomain)
  const asked = id === undefined ? [] : [formatCx(id)]
  const nothing = (reason: string): Look => ({
    found: [],
    evidence: { ...NO_EVIDENCE, patients: asked, decision: { allowed: false, reason } },
  })
  const viewer = await ports.viewer(request)
  if (viewer === undefined) return nothing('unknown facility')
  const access = id === undefined ? undefined : await ports.patient(viewer, id)
  if (access === undefined) return nothing('unknown patient')
  const { cancelled } = request
  const found = await ports.documents({ access, period: periodOf(request), cancelled, limit: MAX_DOCUMENTS + 1 })
  const patients = [...new Set([...asked, formatCx(access.patientId)])]
  return { found, evidence: { ...NO_EVIDENCE, patients, decision: access.scope.decision, ...emergencyOf([access]) } }
}

function patientIdOf(text: string, affinityDomain: string): PatientId | undefined {
  if (text.includes('^')) return parseCx(text)
  return text === '' ? undefined : { value: text, authority: affinityDomain as Oid }
}

/** Midnight to midnight in Japan, in UTC. */
function periodOf({ from, to }: CalendarRequest): { readonly start: string; readonly end: string } {
  const midnight = (day: string): number => Date.parse(`${day}T00:00:00Z`) - JST_HOURS * 3_600_000
  const digits = (ms: number): string => new Date(ms).toISOString().replaceAll(/\D/g, '').slice(0, 14)
  return { start: digits(midnight(from)), end: digits(midnight(to) + DAY_MS) }
}

function asText({ facilityId, from, to, rows, cancelled }: CalendarRequest): string {
  const chosen = rows === undefined ? '' : ` rows=${rows.join(',')}`
  return `facility=${facilityId} from=${from} to=${to}${chosen}${cancelled === 'shown' ? ' cancelled=shown' : ''}`
}

/** Every row that was asked for, also an empty one. */
function fill(
  documents: readonly VisibleDocument[],
  { rows }: CalendarRequest,
  table: CalendarRows,
): readonly FilledRow[] {
  const byRow = new Map<string, CalendarItem[]>()
  for (const document of documents) {
    const row = rowOf(document.entry, table)
    if (row === undefined) continue
    const items = byRow.get(row.key) ?? []
    byRow.set(row.key, items)
    items.push(itemOf(document, table))
  }
  const chosen = table.rows.filter(({ key }) => rows === undefined || rows.includes(key))
  return chosen.map((row) => filled(row, byRow.get(row.key) ?? []))
}

function filled(row: CalendarRow, items: readonly CalendarItem[]): FilledRow {
  const ordered = [...items].sort((a, b) => compare(a.start, b.start) || compare(a.title, b.title))
  const days = new Map<string, CalendarItem[]>()
  for (const item of ordered.filter(({ from, to }) => from === to)) {
    const day = days.get(item.from) ?? []
    days.set(item.from, day)
    day.push(item)
  }
  return {
    ...row,
    days: [...days].map(([day, ofDay]) => ({ day, items: ofDay })),
    spans: ordered.filter(({ from, to }) => from !== to),
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function rowOf(entry: DocumentEntry, table: CalendarRows): CalendarRow | undefined {
  return table.rowOf({
    kind: table.kindOfFormat(entry.formatCode.code)?.kind,
    classCode: entry.classCode.code,
    typeCode: entry.typeCode.code,
    eventCodes: entry.eventCodeList.map(({ code }) => code),
  })
}

/** Name of the data kind, or of the type of a document that is of none. */
export function kindNameOf(
  entry: DocumentEntry,
  table: CalendarRows,
): CalendarItem['kindName'] & { readonly code: string } {
  const kind = table.kindOfFormat(entry.formatCode.code)
  if (kind !== undefined) return { ...kind.name, code: kind.kind }
  const { code, display } = entry.typeCode
  return { ja: display === '' ? code : display, en: code, code }
}

/** Name in XCN form, then department; institutions are told by the facility. */
export function authorsOf(authors: readonly Author[]): readonly string[] {
  const names = authors.flatMap(({ authorPerson, authorSpecialty }) => [
    ...(authorPerson === undefined ? [] : [personName(authorPerson)]),
    ...authorSpecialty.map((specialty) => specialty.split('^')[1] ?? specialty),
  ])
  return [...new Set(names.filter((name) => name !== ''))]
}

function personName(xcn: string): string {
  const [id = '', family = '', given = ''] = xcn.split('^')
  return [family, given].filter((part) => part !== '').join(' ') || id
}

/** First and last moment of a service: what has no service time stands under its creation. */
export function serviceOf(entry: DocumentEntry): { readonly startMs: number; readonly stopMs: number } | undefined {
  const start = xdsMoments(entry.serviceStartTime ?? entry.creationTime ?? '')
  if (start === undefined) return undefined
  const stop = xdsMoments(entry.serviceStopTime ?? entry.serviceStartTime ?? entry.creationTime ?? '')
  return { startMs: start.startMs, stopMs: Math.max(start.startMs, stop?.stopMs ?? start.stopMs) }
}

function itemOf(document: VisibleDocument, table: CalendarRows): CalendarItem {
  const { entry, state, publisher, versions, files } = document
  const { startMs, stopMs } = serviceOf(entry) ?? { startMs: 0, stopMs: 0 }
  const { code, ...kindName } = kindNameOf(entry, table)
  const created = xdsMoments(entry.creationTime ?? '')
  return {
    documentUniqueId: entry.uniqueId,
    kind: code,
    kindName,
    title: entry.title ?? kindName.ja,
    facility: publisher,
    authors: authorsOf(entry.author),
    from: jstDay(startMs),
    to: jstDay(stopMs),
    start: jstIso(startMs),
    stop: jstIso(stopMs),
    written: entry.extraSlots.find(({ name }) => name === ORIGINAL_SERVICE_TIME)?.values ?? [],
    ...(created === undefined ? {} : { created: jstIso(created.startMs) }),
    status: state,
    versions,
    mimeType: entry.mimeType,
    files,
  }
}
