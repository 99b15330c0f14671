// ITI-43 Retrieve Document Set under the access rule, bytes checked before they leave (ITI TF-2 3.43.4.2).

import { createHash } from 'node:crypto'
import { iheError } from '../../profiles/errors/index.ts'
import { type DocumentTraits, emergencyOf, type PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import type { DocumentReference, Evidence, Outcome } from '../model/evidence.ts'
import { formatCx } from '../model/identifiers.ts'
import type { RepositoryPorts, RetrievableEntry } from './ports.ts'

export interface DocumentRequest {
  readonly homeCommunityId?: string
  readonly repositoryUniqueId: string
  readonly documentUniqueId: string
}

export interface DeliveredDocument {
  readonly request: DocumentRequest
  readonly mimeType: string
  /** Of what another community gave for an On-Demand entry (ITI TF-2 3.43.4.2.2). */
  readonly snapshot?: { readonly repositoryUniqueId?: string; readonly documentUniqueId: string }
  readonly body: Buffer | AsyncIterable<Buffer>
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** Hidden and absent look alike: XDSDocumentUniqueIdError with the documentUniqueId as location. */
export async function retrieve(
  requests: readonly DocumentRequest[],
  caller: Caller,
  ports: RepositoryPorts,
): Promise<Outcome<readonly DeliveredDocument[]>> {
  return outcomeOf(await answersOf(requests, caller, ports))
}

/** What came of one request. */
export interface Answered {
  readonly request: DocumentRequest
  readonly reason: string
  readonly patient?: string
  /** Of every entry that the decision was about. */
  readonly accesses: readonly PatientAccess[]
  readonly entry?: DocumentTraits
  readonly document?: DeliveredDocument
  readonly error?: IheError
}

/** One for each request, in their order. */
export async function answersOf(
  requests: readonly DocumentRequest[],
  caller: Caller,
  ports: RepositoryPorts,
): Promise<readonly Answered[]> {
  const ours = requests.filter((request) => request.repositoryUniqueId === ports.repositoryUniqueId)
  const entries = await ports.documents(caller, [...new Set(ours.map((request) => request.documentUniqueId))])
  return requests.map((request) => answerOne(request, { entries, ports }))
}

/** One answer of all of them. */
export function outcomeOf(answers: readonly Answered[]): Outcome<readonly DeliveredDocument[]> {
  const delivered = answers.flatMap((answer) => (answer.document === undefined ? [] : [answer]))
  const errors = answers.flatMap((answer) => (answer.error === undefined ? [] : [answer.error]))
  const refusedOnly = answers.filter((answer) => answer.document === undefined)
  return {
    answer: delivered.flatMap((answer) => answer.document ?? []),
    result: errors.length === 0 ? 'success' : delivered.length === 0 ? 'failure' : 'partial',
    errors,
    evidence: {
      ...evidenceOf(delivered, refusedOnly),
      decision: { allowed: delivered.length > 0, reason: (delivered[0] ?? refusedOnly[0])?.reason ?? '' },
      ...(refusedOnly[0] === undefined ? {} : { refusal: refusedOnly[0].reason }),
      ...emergencyOf(answers.flatMap(({ accesses }) => accesses)),
    },
    recorded: false,
  }
}

/**
 * Whose content went out is told by the event itself: the entry may be gone when it is asked (idlink L-1). Where the documents are of
 * several patients, each says of whom it is: a message of ITI-20 is about one.
 */
function evidenceOf(delivered: readonly Answered[], refused: readonly Answered[]): Evidence {
  const patients = [...new Set([...delivered, ...refused].flatMap((answer) => answer.patient ?? []))]
  const referenced = ({ request, patient, entry }: Answered): DocumentReference => ({
    ...request,
    ...(patients.length < 2 || patient === undefined ? {} : { patient }),
    ...(entry === undefined ? {} : { publisher: entry.publisher, kind: entry.kind }),
  })
  return { patients, documents: delivered.map(referenced), undelivered: refused.map(referenced) }
}

/** What an entry says for the access decision. */
interface JudgedEntry extends DocumentTraits {
  readonly uniqueId: string
  readonly access: PatientAccess
}

export interface Judged<Entry> {
  /** The answer when nothing is shown. */
  readonly hidden: Answered
  /** What the caller may have; undefined: hidden, or absent. */
  readonly visible?: { readonly entry: Entry; readonly about: Omit<Answered, 'document' | 'error'> }
}

/** May the caller have the document by one of its entries? */
export function judge<Entry extends JudgedEntry>(
  request: DocumentRequest,
  entries: readonly Entry[],
  admits: RepositoryPorts['admits'],
): Judged<Entry> {
  const candidates = entries.filter((entry) => entry.uniqueId === request.documentUniqueId)
  const judged = candidates.map((entry) => ({ entry, decision: admits(entry.access, entry) }))
  const shown = judged.find(({ decision }) => decision.allowed) ?? judged[0]
  const about = {
    request,
    reason: shown?.decision.reason ?? 'no such document',
    accesses: candidates.map(({ access }) => access),
    ...(shown === undefined ? {} : { patient: formatCx(shown.entry.access.patientId) }),
  }
  const error = iheError('DOCUMENT_UNAVAILABLE', {
    at: 'DocumentUniqueId',
    value: request.documentUniqueId,
    location: request.documentUniqueId,
  })
  const hidden = { ...about, error }
  if (shown?.decision.allowed !== true) return { hidden }
  return { hidden, visible: { entry: shown.entry, about } }
}

function answerOne(
  request: DocumentRequest,
  { entries, ports }: { readonly entries: readonly RetrievableEntry[]; readonly ports: RepositoryPorts },
): Answered {
  const location = request.documentUniqueId
  if (request.repositoryUniqueId !== ports.repositoryUniqueId)
    return {
      request,
      reason: 'unknown repository',
      accesses: [],
      error: iheError('UNKNOWN_REPOSITORY', { at: 'RepositoryUniqueId', value: request.repositoryUniqueId, location }),
    }
  const { hidden, visible } = judge(request, entries, ports.admits)
  if (visible === undefined) return hidden
  const { entry, about } = visible
  const { mimeType, sizeBytes, sha256 } = entry
  const body = bodyOf(entry, ports)
  if (body === undefined) {
    ports.alarm({ uniqueId: entry.uniqueId })
    return {
      ...about,
      error: iheError('DOCUMENT_DAMAGED', { at: 'DocumentUniqueId', value: request.documentUniqueId, location }),
    }
  }
  return { ...about, entry, document: { request, mimeType, body, sizeBytes, sha256 } }
}

/** Small documents are checked here; files are checked while they stream, and cut before their end when damaged. */
function bodyOf(entry: RetrievableEntry, ports: RepositoryPorts): Buffer | AsyncIterable<Buffer> | undefined {
  if (entry.fileKey !== undefined)
    return watched(ports.blobs.read(entry.fileKey, { sizeBytes: entry.sizeBytes, sha256: entry.sha256 }), () =>
      ports.alarm({ uniqueId: entry.uniqueId }),
    )
  if (entry.bytes === undefined) return watched(loaded(entry, ports), () => ports.alarm({ uniqueId: entry.uniqueId }))
  return isIntact(entry.bytes, entry) ? entry.bytes : undefined
}

function isIntact(bytes: Buffer, entry: RetrievableEntry): boolean {
  return bytes.length === entry.sizeBytes && createHash('sha256').update(bytes).digest('hex') === entry.sha256
}

async function* loaded(entry: RetrievableEntry, ports: RepositoryPorts): AsyncGenerator<Buffer> {
  const bytes = await ports.load(entry.uniqueId)
  if (bytes === undefined || !isIntact(bytes, entry)) throw iheError('DOCUMENT_DAMAGED', { at: 'document' })
  yield bytes
}

/** That a file is damaged or gone shows only while it is sent: the answer is cut, and the operator is told as well. */
async function* watched(body: AsyncIterable<Buffer>, alarm: () => void): AsyncGenerator<Buffer> {
  try {
    yield* body
  } catch (error) {
    alarm()
    throw error
  }
}
