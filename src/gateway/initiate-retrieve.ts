// ITI-43 at the Initiating Gateway: each community is asked for its own documents, and what came of it is one answer (ITI TF-2 3.39, 3.43).

import { iheError, relayed } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import { type IheError, located } from '../model/error.ts'
import {
  type AuditedQuery,
  type DocumentReference,
  type Evidence,
  NO_EVIDENCE,
  type Outcome,
  type OutgoingCall,
  type Result,
} from '../model/evidence.ts'
import { documentLocation, locationOf } from './home.ts'
import type { AskCommunity, Community, Directory, FetchFromCommunity, ForeignDocument } from './ports.ts'
import type { CrossGatewayRetrieve, RespondingRetrievePorts } from './respond-retrieve.ts'
import { type About, patientsOf } from './whose-documents.ts'

export interface InitiatingRetrievePorts<Document> extends RespondingRetrievePorts<Document> {
  /** Those of the repositories that are of this community. */
  readonly repositoriesHere: (repositoryUniqueIds: readonly string[]) => Promise<ReadonlySet<string>>
  readonly directory: Directory
  readonly ask: AskCommunity
  /** A GetDocuments query for the community, by uniqueIds, as it is sent and audited. */
  readonly documentsQuery: (home: string, uniqueIds: readonly string[]) => AuditedQuery
  readonly fetch: FetchFromCommunity
  readonly discard: (document: ForeignDocument) => Promise<void>
  readonly deliver: (request: CrossGatewayRetrieve, document: ForeignDocument) => Document
  readonly requestOf: (document: Document) => CrossGatewayRetrieve
}

type Requests = readonly CrossGatewayRetrieve[]

/** What came of one destination. */
interface Part<Document> {
  readonly documents: readonly Document[]
  readonly errors: readonly IheError[]
  readonly patients: readonly string[]
  readonly calls?: readonly OutgoingCall[]
  /** What lies here for these documents until they are passed on. */
  readonly received?: readonly ForeignDocument[]
  /** What the repositories of this community say of what they gave: who published it, why it was shown, under which emergency. */
  readonly own?: Evidence
}

export async function initiateRetrieve<Document>(
  requests: Requests,
  caller: Caller,
  ports: InitiatingRetrievePorts<Document>,
): Promise<Outcome<readonly Document[]>> {
  const here = await repositoriesHere(requests, ports)
  const homeOf = ({ homeCommunityId, repositoryUniqueId }: CrossGatewayRetrieve) =>
    homeCommunityId ?? (here.has(repositoryUniqueId) ? ports.home : undefined)
  const homes = [...new Set(requests.map(homeOf))]
  const parts = homes.map((home) => {
    const asked = requests.filter((request) => homeOf(request) === home)
    if (home === undefined) return withoutHome<Document>(asked)
    return home === ports.home ? own(asked, caller, ports) : elsewhere({ home, asked, caller, ports })
  })
  return merged(requests, await allOf(parts, ports), ports)
}

/** When the answer cannot be made, nothing stays of what came for it. @throws {Error} the first failure */
async function allOf<Document>(
  parts: readonly Promise<Part<Document>>[],
  { discard }: InitiatingRetrievePorts<Document>,
): Promise<readonly Part<Document>[]> {
  const ended = await Promise.allSettled(parts)
  const came = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failure = ended.find((one) => one.status === 'rejected')
  if (failure === undefined) return came
  await Promise.all(came.flatMap(({ received = [] }) => received).map(discard))
  throw failure.reason
}

/** Of documents that are asked for without a home. */
async function repositoriesHere<Document>(
  requests: Requests,
  ports: InitiatingRetrievePorts<Document>,
): Promise<ReadonlySet<string>> {
  const ids = requests.flatMap((request) => (request.homeCommunityId === undefined ? request.repositoryUniqueId : []))
  return ids.length === 0 ? new Set() : ports.repositoriesHere([...new Set(ids)])
}

async function withoutHome<Document>(asked: Requests): Promise<Part<Document>> {
  const errors = asked.map(({ documentUniqueId: location }) =>
    iheError('HOME_MISSING', { at: 'DocumentRequest/HomeCommunityId', location }),
  )
  return { documents: [], errors, patients: [] }
}

async function own<Document>(
  asked: Requests,
  caller: Caller,
  { home, retrieve }: InitiatingRetrievePorts<Document>,
): Promise<Part<Document>> {
  const { answer, errors, evidence } = await retrieve(asked, caller)
  const located = errors.map((error) => atHome(error, home))
  const { patients, calls = [] } = evidence
  return { documents: answer, errors: located, patients, calls, own: evidence }
}

interface Elsewhere<Document> {
  readonly home: string
  readonly asked: Requests
  readonly caller: Caller
  readonly ports: InitiatingRetrievePorts<Document>
}

async function elsewhere<Document>(given: Elsewhere<Document>): Promise<Part<Document>> {
  const { home, asked, caller, ports } = given
  const community = await ports.directory.ofHome(home, caller)
  if (community === undefined) {
    const unknown = (location: string) =>
      iheError('HOME_UNKNOWN', { at: 'DocumentRequest/HomeCommunityId', value: home, location })
    return { documents: [], errors: ofEach(asked, home, unknown), patients: [] }
  }
  const abouts = await patientsOf(community, given)
  const calls = abouts.flatMap(({ call }) => call ?? [])
  const errors = abouts.flatMap((about) => notOpened(about, given))
  const patients = [...new Set(abouts.flatMap((about) => (about.kind === 'known' ? about.patients : [])))]
  const open = asked.filter((request) => abouts.some((about) => isOpened(about, request)))
  if (open.length === 0) return { documents: [], errors, patients, calls }
  const fetched = await fetchOpen(community, open, given)
  return {
    documents: fetched.documents,
    received: fetched.received,
    errors: [...errors, ...fetched.errors],
    patients,
    calls: [...calls, ...fetched.calls],
  }
}

function isOpened(about: About, { documentUniqueId }: CrossGatewayRetrieve): boolean {
  return about.kind === 'known' && about.ids.has(documentUniqueId) && about.open.has(documentUniqueId)
}

/** Why some of the documents that one question was about are not fetched. */
function notOpened<Document>(about: About, given: Elsewhere<Document>): readonly IheError[] {
  const { home } = given
  const asked = given.asked.filter(({ documentUniqueId }) => about.ids.has(documentUniqueId))
  switch (about.kind) {
    case 'unavailable':
      return unavailable({ ...given, asked }, about.reason)
    case 'refused':
      return about.errors.flatMap((error) => ofEach(asked, home, (location) => located(error, location)))
    case 'known': {
      const hidden = asked.filter((request) => !isOpened(about, request))
      const said = hidden.length === 0 ? [] : about.errors
      return [...said, ...ofEach(hidden, home, (location) => iheError('DOCUMENT_UNAVAILABLE', { location }))]
    }
  }
  about satisfies never
}

async function fetchOpen<Document>(
  community: Community,
  open: Requests,
  given: Elsewhere<Document>,
): Promise<Required<Omit<Part<Document>, 'patients' | 'own'>>> {
  const { home, caller, ports } = given
  const call = { transaction: 'ITI-39', endpoint: community.retrieveUrl }
  const requests = open.map((request) => ({ ...request, homeCommunityId: home }))
  const reply = await ports.fetch(community, requests, caller)
  if (reply.kind === 'unavailable') {
    const { reason } = reply
    const errors = unavailable({ ...given, asked: open }, reason)
    return { documents: [], received: [], errors, calls: [{ ...call, documents: requests, result: 'failure', reason }] }
  }
  const taken = new Set<ForeignDocument>()
  const documents = open.flatMap((request) => {
    const isTheirs = ({ homeCommunityId = home }: ForeignDocument) => homeCommunityId === home
    const found = reply.documents.find((one) => !taken.has(one) && isTheirs(one) && isOf(one, request))
    if (found === undefined) return []
    taken.add(found)
    return [ports.deliver(request, found)]
  })
  await Promise.all(reply.documents.filter((document) => !taken.has(document)).map(ports.discard))
  const isGiven = (request: CrossGatewayRetrieve) => documents.some((one) => isOf(ports.requestOf(one), request))
  const missing = requests.filter((request) => !isGiven(request))
  const theirs = reply.errors.map((error) => located(relayed(error), locationOf(error.location, home)))
  const errors = [...theirs, ...ofEach(unexplained(missing, theirs), home, notGiven)]
  const delivered = requests.filter(isGiven)
  return { documents, received: [...taken], errors, calls: callsOf(call, { delivered, missing, errors }) }
}

/** A community that gives neither document nor error leaves nobody in doubt; an error that names no document may be about each. */
function unexplained(missing: Requests, errors: readonly IheError[]): Requests {
  const faults = errors.filter(({ row }) => row.severity === 'Error')
  const names = ({ location = '' }: IheError, { documentUniqueId: id }: CrossGatewayRetrieve) =>
    location === id || location.endsWith(`:${id}`) || location.startsWith(`${id}:`)
  if (faults.some((error) => !missing.some((request) => names(error, request)))) return []
  return missing.filter((request) => !faults.some((error) => names(error, request)))
}

/** A PartialSuccess is two: what was delivered, and what was not (ITI TF-2 3.43.6). */
function callsOf(
  call: Pick<OutgoingCall, 'transaction' | 'endpoint'>,
  {
    delivered,
    missing,
    errors,
  }: { readonly delivered: Requests; readonly missing: Requests; readonly errors: readonly IheError[] },
): readonly OutgoingCall[] {
  const [first] = errors
  const reason = first === undefined ? {} : { reason: first.row.ihe }
  const calls: OutgoingCall[] = []
  if (delivered.length > 0) calls.push({ ...call, documents: delivered, result: 'success' })
  if (missing.length > 0) calls.push({ ...call, documents: missing, result: 'failure', ...reason })
  return calls
}

function notGiven(location: string): IheError {
  return iheError('COMMUNITY_ANSWER_INVALID', { rule: 'a document for each that was asked, or an error', location })
}

function isOf(one: CrossGatewayRetrieve, request: CrossGatewayRetrieve): boolean {
  return one.documentUniqueId === request.documentUniqueId && one.repositoryUniqueId === request.repositoryUniqueId
}

/** Each document that cannot be had is named with the community that did not answer. */
function unavailable<Document>({ asked, home }: Elsewhere<Document>, reason: string): readonly IheError[] {
  return ofEach(asked, home, (location) => iheError('COMMUNITY_UNAVAILABLE', { at: home, rule: reason, location }))
}

function ofEach(asked: Requests, home: string, error: (location: string) => IheError): readonly IheError[] {
  return asked.map(({ documentUniqueId }) => error(documentLocation(home, documentUniqueId)))
}

function atHome(error: IheError, home: string): IheError {
  return located(error, locationOf(error.location, home))
}

/** Documents in the order in which they were asked for. */
function merged<Document>(
  requests: Requests,
  parts: readonly Part<Document>[],
  { requestOf }: InitiatingRetrievePorts<Document>,
): Outcome<readonly Document[]> {
  const rest = parts.flatMap(({ documents }) => documents)
  const answer: Document[] = []
  const undelivered: CrossGatewayRetrieve[] = []
  for (const request of requests) {
    const isAnswer = (document: Document) =>
      isOf(requestOf(document), request) && requestOf(document).homeCommunityId === request.homeCommunityId
    const place = rest.findIndex(isAnswer)
    if (place >= 0) answer.push(...rest.splice(place, 1))
    // Who asks twice and is answered once has it.
    else if (!answer.some(isAnswer)) undelivered.push(request)
  }
  const errors = parts.flatMap((part) => part.errors)
  const calls = parts.flatMap((part) => part.calls ?? [])
  const [told] = parts.flatMap(({ own }) => own ?? [])
  return {
    answer,
    result: resultOf(answer.length, errors),
    errors,
    evidence: {
      ...NO_EVIDENCE,
      patients: [...new Set(parts.flatMap(({ patients }) => patients))],
      documents: answer.map((document) => asTold(requestOf(document), told?.documents)),
      undelivered: undelivered.map((request) => asTold(request, told?.undelivered)),
      ...decidedBy(told, answer.length > 0),
      ...(calls.length === 0 ? {} : { calls }),
    },
    recorded: false,
  }
}

/** A document of this community as its repositories told of it. */
function asTold(request: CrossGatewayRetrieve, told: readonly DocumentReference[] = []): DocumentReference {
  return told.find((one) => isOf(one, request) && one.homeCommunityId === request.homeCommunityId) ?? request
}

/** That this community gave nothing is no decision about what others gave. */
function decidedBy(
  told: Evidence | undefined,
  isDelivered: boolean,
): Pick<Evidence, 'decision' | 'refusal' | 'emergency'> {
  const { decision, refusal, emergency } = told ?? {}
  return {
    ...(decision === undefined || decision.allowed !== isDelivered ? {} : { decision }),
    ...(refusal === undefined ? {} : { refusal }),
    ...(emergency === undefined ? {} : { emergency }),
  }
}

/** A warning alone makes nothing partial (ITI TF-3 4.2.4.2). */
function resultOf(delivered: number, errors: readonly IheError[]): Result {
  if (!errors.some(({ row }) => row.severity === 'Error')) return 'success'
  return delivered === 0 ? 'failure' : 'partial'
}
