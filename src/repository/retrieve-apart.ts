// Documents of this community by repository: our own here, those of repositories and On-Demand Document Sources apart fetched from there by
// ITI-43, under the same access rule (ITI TF-2 3.39.4.1.3, 3.43.4).

import { iheError, relayed } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import { type IheError, located, type RelayedError } from '../model/error.ts'
import type { DocumentReference, Outcome, OutgoingCall } from '../model/evidence.ts'
import type { FetchedDocument } from '../model/staged-document.ts'
import { SEVERITY_WARNING } from '../model/xds.ts'
import type { EntryApart, FetchFromRepository, RepositoryApart, RepositoryPorts } from './ports.ts'
import {
  type Answered,
  answersOf,
  type DeliveredDocument,
  type DocumentRequest,
  type Judged,
  judge,
  outcomeOf,
} from './retrieve.ts'

export interface ApartPorts {
  /** Those of the repositories that are registered. */
  readonly repositories: (repositoryUniqueIds: readonly string[]) => Promise<readonly RepositoryApart[]>
  /** What our registry says of documents of one of them. */
  readonly entries: (
    caller: Caller,
    asked: { readonly repositoryUniqueId: string; readonly uniqueIds: readonly string[] },
  ) => Promise<readonly EntryApart[]>
  readonly fetch: FetchFromRepository
  readonly deliver: (request: DocumentRequest, document: FetchedDocument) => DeliveredDocument
  readonly discard: (document: FetchedDocument) => Promise<void>
}

interface Ports {
  readonly repository: RepositoryPorts
  readonly apart: ApartPorts
}

interface Part {
  readonly answers: readonly Answered[]
  readonly calls: readonly OutgoingCall[]
  /** What lies here for these answers until they are passed on. */
  readonly received?: readonly FetchedDocument[]
}

/** As `retrieve`, for every repository of this community; each document by itself, in the order in which they were asked for. */
export async function retrieveHere(
  requests: readonly DocumentRequest[],
  caller: Caller,
  ports: Ports,
): Promise<Outcome<readonly DeliveredDocument[]>> {
  const known = await repositoriesOf(requests, ports)
  const isOf = (repository: RepositoryApart) => (request: DocumentRequest) =>
    request.repositoryUniqueId === repository.repositoryUniqueId
  const others = requests.filter((request) => !known.some((repository) => isOf(repository)(request)))
  const parts = await allOf(
    [
      answersOf(others, caller, ports.repository).then((answers) => ({ answers, calls: [] })),
      ...known.map((repository) => answersApart(requests.filter(isOf(repository)), { repository, caller, ports })),
    ],
    ports,
  )
  const byRequest = new Map(parts.flatMap(({ answers }) => answers.map((answer) => [answer.request, answer] as const)))
  const outcome = outcomeOf(requests.flatMap((request) => byRequest.get(request) ?? []))
  const calls = parts.flatMap((part) => part.calls)
  return calls.length === 0 ? outcome : { ...outcome, evidence: { ...outcome.evidence, calls } }
}

/** When the answer cannot be made, nothing stays of what came for it. @throws {Error} the first failure */
async function allOf(parts: readonly Promise<Part>[], { apart }: Ports): Promise<readonly Part[]> {
  const ended = await Promise.allSettled(parts)
  const came = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failure = ended.find((one) => one.status === 'rejected')
  if (failure === undefined) return came
  await Promise.all(came.flatMap(({ received = [] }) => received).map(apart.discard))
  throw failure.reason
}

async function repositoriesOf(
  requests: readonly DocumentRequest[],
  { repository, apart }: Ports,
): Promise<readonly RepositoryApart[]> {
  const ids = new Set(requests.map(({ repositoryUniqueId }) => repositoryUniqueId))
  ids.delete(repository.repositoryUniqueId)
  return ids.size === 0 ? [] : apart.repositories([...ids])
}

interface Asking {
  readonly repository: RepositoryApart
  readonly caller: Caller
  readonly ports: Ports
}

type Open = NonNullable<Judged<EntryApart>['visible']>

/** The decision is made here, by our registry: the repository is asked only for what the caller may have. */
async function answersApart(requests: readonly DocumentRequest[], asking: Asking): Promise<Part> {
  const { repository, caller, ports } = asking
  const { repositoryUniqueId } = repository
  const uniqueIds = [...new Set(requests.map(({ documentUniqueId }) => documentUniqueId))]
  const entries = await ports.apart.entries(caller, { repositoryUniqueId, uniqueIds })
  const judged = requests.map((request) => judge(request, entries, ports.repository.admits))
  const hidden = judged.flatMap((one) => (one.visible === undefined ? [one.hidden] : []))
  const open = judged.flatMap(({ visible }) => visible ?? [])
  if (open.length === 0) return { answers: hidden, calls: [] }
  if (repository.isPaused) {
    const answers = open.map((one) => unavailable(one, repository, 'it is paused here'))
    return { answers: [...hidden, ...answers], calls: [] }
  }
  const { answers, received } = await fetchOpen(open, asking)
  return { answers: [...hidden, ...answers], calls: callsOf(answers, repository), received }
}

async function fetchOpen(open: readonly Open[], asking: Asking): Promise<Required<Pick<Part, 'answers' | 'received'>>> {
  const { repository, caller, ports } = asking
  const wanted = open.map(({ about: { request } }) => referenceTo(request))
  const reply = await ports.apart.fetch(repository, wanted, caller)
  if (reply.kind === 'unavailable')
    return { answers: open.map((one) => unavailable(one, repository, reply.reason)), received: [] }
  const [taken, kept] = [new Set<FetchedDocument>(), new Set<FetchedDocument>()]
  const answers = open.flatMap((one): readonly Answered[] => {
    const { about, entry } = one
    const given = reply.documents.filter((document) => isSame(document, about.request))
    const found = given.find((document) => !taken.has(document))
    // Asked for twice and given once: the standard lets a repository answer so, and it is answered so here (ITI TF-2 3.43.4.2).
    if (found === undefined && given.length > 0) return []
    if (found === undefined) return [{ ...about, error: missing(about.request, reply.errors, repository) }]
    taken.add(found)
    const error = faultOf(found, one, asking)
    if (error !== undefined) return [{ ...about, error }]
    kept.add(found)
    return [{ ...about, entry, document: ports.apart.deliver(about.request, asRegistered(found, entry)) }]
  })
  await Promise.all(reply.documents.filter((document) => !kept.has(document)).map(ports.apart.discard))
  return { answers, received: [...kept] }
}

function referenceTo({ repositoryUniqueId, documentUniqueId }: DocumentRequest): DocumentReference {
  return { repositoryUniqueId, documentUniqueId }
}

function isSame(one: DocumentReference, other: DocumentReference): boolean {
  return one.documentUniqueId === other.documentUniqueId && one.repositoryUniqueId === other.repositoryUniqueId
}

/** What a stable document is called is known by its entry. */
function asRegistered({ snapshot, ...document }: FetchedDocument, { stable, mimeType }: EntryApart): FetchedDocument {
  if (stable !== undefined) return { ...document, mimeType }
  return snapshot === undefined ? document : { ...document, snapshot }
}

function unavailable({ about }: Open, { repositoryUniqueId }: RepositoryApart, rule: string): Answered {
  return { ...about, error: notGiven(about.request, repositoryUniqueId, rule) }
}

function notGiven({ documentUniqueId: location }: DocumentRequest, value: string, rule: string): IheError {
  return iheError('REPOSITORY_UNAVAILABLE', { at: 'RepositoryUniqueId', value, rule, location })
}

/** What the repository said of the document; an error that names none may be about each. */
function missing(
  request: DocumentRequest,
  errors: readonly RelayedError[],
  { repositoryUniqueId }: RepositoryApart,
): IheError {
  const { documentUniqueId } = request
  const faults = errors.filter(({ severity }) => severity !== SEVERITY_WARNING)
  const own = faults.find(
    ({ location = '' }) => location === documentUniqueId || location.endsWith(`:${documentUniqueId}`),
  )
  const said = own ?? faults.find(({ location = '' }) => location === '')
  if (said === undefined)
    return notGiven(request, repositoryUniqueId, 'neither the document nor an error about it came')
  return located(relayed(said), documentUniqueId)
}

function faultOf({ staged, snapshot }: FetchedDocument, { entry, about }: Open, asking: Asking): IheError | undefined {
  const { repository, ports } = asking
  const { repositoryUniqueId } = repository
  const { documentUniqueId } = about.request
  if (entry.stable === undefined) {
    const isNamed = snapshot !== undefined && snapshot.documentUniqueId !== documentUniqueId
    const rule = 'an On-Demand document comes with a NewDocumentUniqueId of its own (ITI TF-2 3.43.4.2.2)'
    return isNamed ? undefined : notGiven(about.request, repositoryUniqueId, rule)
  }
  if (isIntact(staged, entry.stable)) return undefined
  ports.repository.alarm({ uniqueId: documentUniqueId })
  return iheError('DOCUMENT_DAMAGED', {
    at: 'DocumentUniqueId',
    value: documentUniqueId,
    rule: `size and hash of its DocumentEntry, from repository ${repositoryUniqueId}`,
    location: documentUniqueId,
  })
}

/** SHA-1 of nothing, with the size 0: the document is assembled later (Delayed Document Assembly), and nobody can check it. */
const ASSEMBLED_LATER = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'

function isIntact(staged: FetchedDocument['staged'], { hash, sizeBytes }: NonNullable<EntryApart['stable']>): boolean {
  const expected = hash.toLowerCase()
  if (sizeBytes === 0 && expected === ASSEMBLED_LATER) return true
  return staged.sizeBytes === sizeBytes && staged.sha1 === expected
}

/** What was delivered and what was not are two (ITI TF-2 3.43.6). */
function callsOf(answers: readonly Answered[], { url: endpoint }: RepositoryApart): readonly OutgoingCall[] {
  const patients = [...new Set(answers.flatMap(({ patient }) => patient ?? []))]
  const documentsOf = (some: readonly Answered[]): readonly DocumentReference[] =>
    some.map(({ request, patient }) => ({
      ...referenceTo(request),
      ...(patients.length < 2 || patient === undefined ? {} : { patient }),
    }))
  const given = answers.filter(({ document }) => document !== undefined)
  const refused = answers.filter(({ document }) => document === undefined)
  const call = { transaction: 'ITI-43', endpoint, patients } as const
  const error = refused[0]?.error
  return [
    ...(given.length === 0 ? [] : [{ ...call, documents: documentsOf(given), result: 'success' } as const]),
    ...(error === undefined
      ? []
      : [{ ...call, documents: documentsOf(refused), result: 'failure', reason: reasonOf(error) } as const]),
  ]
}

/** What a certificate's refusal is called tells the audit that it was one. */
function reasonOf({ row, rule }: IheError): string {
  return row.code === 'REPOSITORY_UNAVAILABLE' && rule !== undefined ? rule : row.ihe
}
