// ITI-18 at the Initiating Gateway: the own registry and the communities that know the patient are asked at once, and answer as one (ITI TF-2 3.18, 3.38).

import { iheError, relayed } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import { type IheError, located } from '../model/error.ts'
import { type Evidence, NO_EVIDENCE, type Outcome, type OutgoingCall, type Result } from '../model/evidence.ts'
import type { ForeignObject } from '../model/foreign-object.ts'
import { formatCx, type PatientId } from '../model/identifiers.ts'
import type { StoredQuery } from '../model/stored-query.ts'
import type { Discover, Discovery } from './discover.ts'
import type { AskCommunity, Community, Directory, Discoverable, Knowing, QueryReply, Rewriting } from './ports.ts'
import { fit } from './received-objects.ts'
import type { CrossGatewayAnswer, CrossGatewayQuery, RespondingQueryPorts } from './respond-query.ts'

export interface InitiatedQuery extends CrossGatewayQuery {
  /** The request as another community gets it: everything that is not named stays as it came, unknown parameters too. */
  readonly rewritten: (change: Rewriting) => string
}

export interface InitiatedAnswer extends CrossGatewayAnswer {
  /** Of other communities, as they came. */
  readonly foreign: readonly ForeignObject[]
}

export interface InitiatingQueryPorts extends RespondingQueryPorts {
  readonly directory: Directory
  readonly ask: AskCommunity
  /** Absent: patients are known to communities by linked numbers alone. */
  readonly discovery?: Discovering
}

export interface Discovering {
  /** Communities of which it is not known who the patient is there, and that may be asked, for this caller. */
  readonly undiscovered: (patientId: PatientId, caller: Caller) => Promise<readonly Discoverable[]>
  readonly discover: Discover
  /** For all communities of one query together, milliseconds. */
  readonly budgetMs: number
}

/** What one destination contributed. */
interface Part {
  readonly objects: readonly ForeignObject[]
  readonly errors: readonly IheError[]
  readonly isAnswered: boolean
  readonly calls: readonly OutgoingCall[]
}

/** With a patient id all who know the patient are asked; without one the home says whom (ITI TF-2 3.18.4.1.3, 3.38.4.1.2). */
export async function initiateQuery(
  request: InitiatedQuery,
  caller: Caller,
  ports: InitiatingQueryPorts,
): Promise<Outcome<InitiatedAnswer>> {
  const { home, query } = request
  if (home === ports.home) return locally(request, caller, ports)
  if ('patientId' in query) return about({ ...request, query }, caller, ports)
  if (home !== undefined) return atOne(request, caller, { ports, home })
  return refused(request, iheError('HOME_MISSING', { at: 'AdhocQuery/@home' }))
}

async function locally(
  request: InitiatedQuery,
  caller: Caller,
  ports: InitiatingQueryPorts,
): Promise<Outcome<InitiatedAnswer>> {
  const outcome = await ports.query(request, caller)
  return { ...outcome, answer: { ...outcome.answer, foreign: [] } }
}

type AboutPatient = InitiatedQuery & { readonly query: Extract<StoredQuery, { readonly patientId: unknown }> }

/**
 * Everywhere, or at the community that is named: also that one hears of the patient only when it may be asked about it, and by its own
 * number of it; where that is not known it is asked for it first, while the others answer.
 */
async function about(
  request: AboutPatient,
  caller: Caller,
  ports: InitiatingQueryPorts,
): Promise<Outcome<InitiatedAnswer>> {
  const { home, query } = request
  const { directory, discovery } = ports
  if (home !== undefined && (await directory.ofHome(home, caller)) === undefined)
    return refused(request, unknownHome(home))
  // In this order: what another query learns in between is known, or learned twice, but not missed.
  const undiscovered = discovery === undefined ? [] : await discovery.undiscovered(query.patientId, caller)
  const knowing = await directory.knowing(query.patientId, caller)
  const isWanted = (community: Community) => home === undefined || community.home === home
  const asked = knowing.filter(isWanted)
  const isNew = unseen(asked)
  const isNotAsked = ({ facilityId }: Community) => !asked.some((one) => one.facilityId === facilityId)
  const knowingNow = async () => (await directory.knowing(query.patientId, caller)).filter(isWanted).filter(isNew)
  const given = { request, caller, ports }
  const [own, others, discovered] = await Promise.all([
    home === undefined ? ports.query(request, caller) : undefined,
    Promise.all(asked.map((community) => askAbout(community, given))),
    Promise.all(
      undiscovered
        .filter(isWanted)
        .filter(isNotAsked)
        .map((community) => discoverAndAsk(community, knowingNow, given)),
    ),
  ])
  return merged(request, own, [...others, ...discovered.flat()])
}

interface About {
  readonly request: AboutPatient
  readonly caller: Caller
  readonly ports: InitiatingQueryPorts
}

/** In the time that each community has: what became known is asked with what is left of its own, whoever told of it. */
async function discoverAndAsk(
  community: Discoverable,
  knowingNow: () => Promise<readonly Knowing[]>,
  given: About,
): Promise<readonly Part[]> {
  const { ports } = given
  if (ports.discovery === undefined) return []
  const { budgetMs } = ports.discovery
  const began = performance.now()
  const leftOf = ({ queryMs }: Community): number =>
    Math.max(1, Math.ceil(began + Math.min(queryMs, budgetMs) - performance.now()))
  const discovery = await discovered(community, { ...given, discovering: ports.discovery, leftOf })
  const found = await knowingNow()
  const asked = found.map((one) => askAbout({ ...one, queryMs: leftOf(one), isCurtailed: true }, given))
  return [partOfDiscovery(community, discovery), ...(await Promise.all(asked))]
}

/**
 * A patient who became another while the community was asked, as by a registration of the same minute, is asked for once more as it is now
 * known, if the community may still be asked; without that its documents would be missing, and nothing would say so.
 */
async function discovered(
  community: Discoverable,
  given: About & { readonly discovering: Discovering; readonly leftOf: (community: Community) => number },
): Promise<Discovery> {
  const { request, caller, discovering, leftOf } = given
  const first = await discovering.discover(community, caller)
  if (first.discovered.kind !== 'changed') return first
  const now = await discovering.undiscovered(request.query.patientId, caller)
  const anew = now.find(({ facilityId }) => facilityId === community.facilityId)
  if (anew === undefined) return first
  const second = await discovering.discover({ ...anew, queryMs: leftOf(anew), isCurtailed: true }, caller)
  const calls = [...first.calls, ...second.calls]
  if (second.discovered.kind !== 'changed') return { ...second, calls }
  return { discovered: { kind: 'unavailable', reason: 'the patient was changed while it was asked' }, calls }
}

/** True of a community the first time that it is seen. */
function unseen(asked: readonly Community[]): (community: Community) => boolean {
  const seen = new Set(asked.map(({ facilityId }) => facilityId))
  return ({ facilityId }) => {
    const isNew = !seen.has(facilityId)
    seen.add(facilityId)
    return isNew
  }
}

async function askAbout(community: Knowing, { request, caller, ports }: About): Promise<Part> {
  const { patientId } = community
  const { home } = request
  // Of a reference it cannot be seen whether it is of a kind that is agreed.
  const asObjects = community.kinds === undefined ? {} : ({ objects: true } as const)
  const text = request.rewritten({ patientId, ...(home === undefined ? {} : { home }), ...asObjects })
  const reply = await ports.ask(community, text, caller)
  const isAbout = (object: ForeignObject) => tellsNobody(object) || object.patientId === formatCx(patientId)
  const audited = { query: { ...request.audit, text, home: community.home }, patients: [formatCx(patientId)] }
  return partOf(community, { reply, isAbout, audited })
}

/** A community that could not be asked who the patient is may have something; who is unknown there, or not told apart, is no error. */
function partOfDiscovery({ home }: Discoverable, { discovered, calls }: Discovery): Part {
  if (discovered.kind !== 'unavailable')
    return { objects: [], errors: [], isAnswered: discovered.kind !== 'known', calls }
  const error = iheError('COMMUNITY_UNAVAILABLE', { at: home, rule: discovered.reason, location: home })
  return { objects: [], errors: [error], isAnswered: false, calls }
}

/** Of whom the answer is shows only in it: what is of persons about whom the caller may not ask is left out, as if it were not there. */
async function atOne(
  request: InitiatedQuery,
  caller: Caller,
  { ports, home }: { readonly ports: InitiatingQueryPorts; readonly home: string },
): Promise<Outcome<InitiatedAnswer>> {
  const community = await ports.directory.ofHome(home, caller)
  if (community === undefined) return refused(request, unknownHome(home))
  const text = request.rewritten({ home, objects: true })
  const reply = await ports.ask(community, text, caller)
  const audited = { query: { ...request.audit, text, home } }
  const part = partOf(community, { reply, isAbout: () => true, audited })
  const named = part.objects.flatMap(({ patientId }) => patientId ?? [])
  const known = await ports.directory.mayKnow(community, [...new Set(named)], caller)
  const visible = part.objects.filter((object) => tellsNobody(object) || known.has(object.patientId ?? ''))
  // Associations alone tell no more than ids to whoever had ids to ask by.
  const shown = request.query.kind === 'GetAssociations' ? visible : withEnds(visible)
  return merged(request, undefined, [{ ...part, objects: shown }])
}

/** Associations and references have no patient id; of what else has none it cannot be seen whether the caller may have it. */
function tellsNobody({ element }: ForeignObject): boolean {
  return element === 'Association' || element === 'ObjectRef'
}

/** Objects about patients, and the associations between those of them that are shown. */
function withEnds(objects: readonly ForeignObject[]): readonly ForeignObject[] {
  const ids = new Set(objects.filter(({ element }) => element !== 'Association').map(({ id }) => id))
  return objects.filter(({ element, ends }) => element !== 'Association' || ends.some((end) => ids.has(end)))
}

interface Replied {
  readonly reply: QueryReply
  readonly isAbout: (object: ForeignObject) => boolean
  /** What was sent there, with the patient's id there (ITI TF-2 3.38.6). */
  readonly audited: Pick<OutgoingCall, 'query' | 'patients'>
}

function partOf(community: Community, { reply, isAbout, audited }: Replied): Part {
  const { home, queryUrl: endpoint } = community
  const call = { transaction: 'ITI-38', endpoint, ...audited }
  if (reply.kind === 'unavailable') {
    const { reason } = reply
    const error = iheError('COMMUNITY_UNAVAILABLE', { at: home, rule: reason, location: home })
    return { objects: [], errors: [error], isAnswered: false, calls: [{ ...call, result: 'failure', reason }] }
  }
  const { objects, errors: faults } = fit(community, reply.objects, isAbout)
  // A patient whom a community does not know is no error of the whole (ITI TF-2 3.38.4.1.3).
  const theirs = reply.errors.filter(({ errorCode }) => errorCode !== 'XDSUnknownPatientId')
  const isAnswered = reply.result !== 'failure' || (reply.errors.length > 0 && theirs.length === 0)
  const errors = [...theirs.map((error) => atHome(relayed(error), home)), ...faults]
  // A refusal that does not say why must not look like an answer without results.
  if (reply.result === 'failure' && reply.errors.length === 0)
    errors.push(iheError('COMMUNITY_ANSWER_INVALID', { at: home, rule: 'a Failure names its errors', location: home }))
  const [first] = errors
  const ended = isAnswered ? 'success' : 'failure'
  return {
    // What a Failure carries beside its errors is no result (ITI TF-3 4.2.4.2).
    objects: isAnswered ? objects : [],
    errors,
    isAnswered,
    calls: [{ ...call, result: ended, ...(isAnswered || first === undefined ? {} : { reason: first.row.ihe }) }],
  }
}

/** A location that the community gave stays; else its home is named. */
function atHome(error: IheError, home: string): IheError {
  const { location = '' } = error.relayed ?? {}
  return location === '' ? located(error, home) : error
}

function merged(
  request: InitiatedQuery,
  own: Outcome<CrossGatewayAnswer> | undefined,
  others: readonly Part[],
): Outcome<InitiatedAnswer> {
  const ownErrors = own?.errors ?? []
  const errors = [...ownErrors, ...others.flatMap((part) => part.errors)]
  const isAnswered = (own !== undefined && own.result !== 'failure') || others.some((part) => part.isAnswered)
  const result = resultOf(isAnswered, errors)
  const calls = others.flatMap((part) => part.calls)
  const evidence: Evidence = own?.evidence ?? { ...NO_EVIDENCE, patients: patientsIn(request), query: request.audit }
  return {
    answer: {
      returnType: request.query.returnType,
      objects: result === 'failure' ? [] : (own?.answer.objects ?? []),
      foreign: result === 'failure' ? [] : others.flatMap((part) => part.objects),
    },
    result,
    errors,
    evidence: calls.length === 0 ? evidence : { ...evidence, calls },
    recorded: false,
  }
}

/** ITI TF-2 3.18.4.1.3: what is there is given, with what is missing named; a warning alone makes nothing partial. */
function resultOf(isAnswered: boolean, errors: readonly IheError[]): Result {
  if (!errors.some(({ row }) => row.severity === 'Error')) return 'success'
  return isAnswered ? 'partial' : 'failure'
}

function unknownHome(home: string): IheError {
  return iheError('HOME_UNKNOWN', { at: 'AdhocQuery/@home', value: home, location: home })
}

function refused(request: InitiatedQuery, error: IheError): Outcome<InitiatedAnswer> {
  const { query, audit } = request
  return {
    answer: { returnType: query.returnType, objects: [], foreign: [] },
    result: 'failure',
    errors: [error],
    evidence: { ...NO_EVIDENCE, patients: patientsIn(request), query: audit },
    recorded: false,
  }
}

function patientsIn({ query }: InitiatedQuery): readonly string[] {
  return 'patientId' in query ? [formatCx(query.patientId)] : []
}
