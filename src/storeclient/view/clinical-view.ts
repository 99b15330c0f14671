// One document as staff of a facility read it: its entry, its content as the reader of its kind understands it, its bytes.

import { iheError } from '../../../profiles/errors/index.ts'
import type { DataKind } from '../../../profiles/storeclient/index.ts'
import { emergencyOf } from '../../model/access.ts'
import type { Clinical } from '../../model/clinical.ts'
import type { ClinicalView, ViewedDocument, ViewedPatient } from '../../model/clinical-view.ts'
import { IheError } from '../../model/error.ts'
import { type Evidence, NO_EVIDENCE } from '../../model/evidence.ts'
import { type Er7Message, value } from '../../model/hl7v2.ts'
import { namesOfPid } from '../../model/hl7v2-pid.ts'
import { formatCx } from '../../model/identifiers.ts'
import { xdsMoments } from '../../model/jst.ts'
import { birthDigits } from '../demographics.ts'
import { readerOf } from '../kinds/index.ts'
import { FILE_NAME, MESSAGE_CHARSET, MIME_ER7 } from '../metadata.ts'
import { readWrittenTime } from '../written-time.ts'
import { authorsOf, kindNameOf, serviceOf } from './calendar.ts'
import type { ClinicalViewPorts, OpenedDocument, OpenedEntry, StaffReading, Viewer } from './calendar-ports.ts'

/** Messages above this are not interpreted for a page; their bytes can be had. */
const MAX_READ_BYTES = 64 * 1024 * 1024
/** Of a segment, which may hold a file. */
const MAX_SEGMENT_CHARACTERS = 2000

export interface DocumentRequest extends StaffReading {
  readonly uniqueId: string
}

/**
 * What the document says; undefined when there is none that the facility may see.
 * @throws {IheError} DOCUMENT_DAMAGED.
 */
export async function clinicalView(
  request: DocumentRequest,
  ports: ClinicalViewPorts,
): Promise<ClinicalView | undefined> {
  return reading(request, ports, async ({ viewer, opened }, shown) => {
    const message = await messageOf(request, { viewer, opened, ports })
    const document = viewedDocument(opened, ports)
    if (message === undefined) return { document, segments: [] }
    const kind = ports.table.kindOfFormat(opened.entry.formatCode.code)
    const content = kind === undefined ? undefined : contentOf(message, kind, opened.number)
    const former = content === undefined ? undefined : await formerContent(request, { viewer, opened, ports })
    if (former !== undefined && opened.formerUniqueId !== undefined) shown(opened.formerUniqueId)
    return {
      document,
      patient: patientOf(message, opened),
      ...(content === undefined ? {} : { content }),
      ...(former === undefined ? {} : { former }),
      segments: segmentTexts(message),
    }
  })
}

/** A document's bytes with what names them. */
export interface DocumentBytes extends OpenedDocument {
  readonly title: string
  readonly fileName?: string
}

/** Undefined when there is none that the facility may see, or it lies elsewhere. @throws {IheError} DOCUMENT_DAMAGED. */
export async function documentBytes(
  request: DocumentRequest,
  ports: ClinicalViewPorts,
): Promise<DocumentBytes | undefined> {
  return reading(request, ports, async ({ viewer, opened }) => {
    const document = await open(request, { viewer, opened, ports })
    if (document === undefined) return undefined
    const fileName = opened.entry.extraSlots.find(({ name }) => name === FILE_NAME)?.values[0]
    const title = opened.entry.title ?? kindNameOf(opened.entry, ports.table).ja
    return { ...document, title, ...(fileName === undefined ? {} : { fileName }) }
  })
}

interface Allowed {
  readonly viewer: Viewer
  readonly opened: OpenedEntry
}

/** Recorded before anything is answered, also what was refused or is damaged; `shown` names a document that was read besides. */
async function reading<T>(
  request: DocumentRequest,
  ports: ClinicalViewPorts,
  work: (allowed: Allowed, shown: (uniqueId: string) => void) => Promise<T>,
): Promise<T | undefined> {
  const viewer = await ports.viewer(request)
  const opened = viewer === undefined ? undefined : await ports.entry(viewer, request.uniqueId)
  const asked = { documentUniqueId: request.uniqueId, repositoryUniqueId: opened?.entry.repositoryUniqueId ?? '' }
  const evidence: Evidence = { ...NO_EVIDENCE, documents: [asked], staff: request.by }
  if (viewer === undefined || opened === undefined) {
    const reason = viewer === undefined ? 'unknown facility' : 'no such document, or not visible'
    await ports.record(request, {
      result: 'failure',
      errors: [],
      evidence: { ...evidence, decision: { allowed: false, reason } },
    })
    return undefined
  }
  const known: Evidence = { ...evidence, patients: [formatCx(opened.entry.patientId)], ...emergencyOf([opened]) }
  const shown = { ...asked, publisher: opened.publisher.facilityId, kind: opened.entry.classCode.code }
  const documents = [shown]
  try {
    const answer = await work({ viewer, opened }, (uniqueId) =>
      documents.push({ ...shown, documentUniqueId: uniqueId }),
    )
    await ports.record(request, {
      result: 'success',
      errors: [],
      evidence: {
        ...known,
        documents,
        decision: { allowed: true, reason: opened.because ?? 'visible to the facility' },
      },
    })
    return answer
  } catch (error) {
    const told = error instanceof IheError ? error : iheError('INTERNAL', { cause: error })
    await ports.record(request, { result: 'failure', errors: [told], evidence: known })
    throw error
  }
}

interface Opening extends Allowed {
  readonly ports: ClinicalViewPorts
}

async function open(request: DocumentRequest, { viewer, opened, ports }: Opening): Promise<OpenedDocument | undefined> {
  const { uniqueId, repositoryUniqueId } = opened.entry
  if (repositoryUniqueId === undefined) return undefined
  return ports.open(request, viewer, { documentUniqueId: uniqueId, repositoryUniqueId })
}

async function messageOf(request: DocumentRequest, opening: Opening): Promise<Er7Message | undefined> {
  const { opened, ports } = opening
  if (opened.entry.mimeType !== MIME_ER7) return undefined
  if (Number(opened.entry.size ?? 0) > MAX_READ_BYTES) return undefined
  const document = await open(request, opening)
  if (document === undefined) return undefined
  const charset = opened.entry.extraSlots.find(({ name }) => name === MESSAGE_CHARSET)?.values[0]
  return ports.decode(await wholeOf(document.body), charset === undefined ? {} : { charset })
}

async function wholeOf(body: Buffer | AsyncIterable<Buffer>): Promise<Buffer> {
  if (Buffer.isBuffer(body)) return body
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function contentOf(message: Er7Message, kind: DataKind, number: string | undefined): Clinical | undefined {
  const trigger = value(message, 'MSH', 9, 2)
  const event = kind.events.find((one) => one.trigger === trigger) ?? kind.events[0]
  const sentAt = readWrittenTime(value(message, 'MSH', 7))
  if (event === undefined || sentAt === undefined) return undefined
  return readerOf(kind.kind).content(
    message,
    { header: { found: { kind, event, warnings: [] }, sentAt, warnings: [] } },
    number,
  )
}

/** The same order in the document whose place this one took; a former one that cannot be opened is no reason to show nothing. */
async function formerContent(request: DocumentRequest, opening: Opening): Promise<Clinical | undefined> {
  const { viewer, opened, ports } = opening
  if (opened.formerUniqueId === undefined) return undefined
  const former = await ports.entry(viewer, opened.formerUniqueId)
  if (former === undefined) return undefined
  const message = await messageOf(request, { ...opening, opened: former }).catch((error: unknown) => {
    if (error instanceof IheError) return undefined
    throw error
  })
  const kind = ports.table.kindOfFormat(former.entry.formatCode.code)
  return message === undefined || kind === undefined ? undefined : contentOf(message, kind, opened.number)
}

function viewedDocument(opened: OpenedEntry, ports: ClinicalViewPorts): ViewedDocument {
  const { entry, state, publisher, versions, files, formerUniqueId } = opened
  const service = serviceOf(entry)
  const created = xdsMoments(entry.creationTime ?? '')
  const { repositoryUniqueId } = entry
  const kind = kindNameOf(entry, ports.table)
  return {
    uniqueId: entry.uniqueId,
    title: entry.title ?? kind.ja,
    kind,
    state,
    facility: publisher,
    authors: authorsOf(entry.author),
    ...(service === undefined ? {} : { serviceStartMs: service.startMs, serviceStopMs: service.stopMs }),
    ...(created === undefined ? {} : { createdMs: created.startMs }),
    mimeType: entry.mimeType,
    ...(entry.size === undefined ? {} : { sizeBytes: Number(entry.size) }),
    versions,
    ...(formerUniqueId === undefined ? {} : { formerUniqueId }),
    ...(repositoryUniqueId === undefined || repositoryUniqueId === ports.repositoryUniqueId
      ? {}
      : { repositoryUniqueId }),
    files,
  }
}

function patientOf(message: Er7Message, { entry }: OpenedEntry): ViewedPatient {
  const birth = readWrittenTime(value(message, 'PID', 7))
  return {
    number: entry.sourcePatientId.split('^')[0] ?? '',
    names: namesOfPid(message),
    birthTime: birth === undefined ? '' : birthDigits(birth),
    sex: value(message, 'PID', 8),
  }
}

function segmentTexts(message: Er7Message): readonly string[] {
  const { field } = message.delimiters
  return message.segments.map(({ name, fields }) => {
    // MSH-1 is the separator itself.
    const text = name === 'MSH' ? `MSH${field}${fields.slice(1).join(field)}` : [name, ...fields].join(field)
    if (text.length <= MAX_SEGMENT_CHARACTERS) return text
    return `${text.slice(0, MAX_SEGMENT_CHARACTERS)}… (${text.length})`
  })
}
