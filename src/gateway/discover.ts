// ITI-55 Cross Gateway Patient Discovery, Initiating Gateway: a community is asked who a patient of ours is there, and nobody is guessed (ITI TF-2 3.55).

import type { Caller } from '../model/caller.ts'
import type { DiscoveredPatient, WantedDatum } from '../model/discovery.ts'
import type { OutgoingCall } from '../model/evidence.ts'
import { formatCx } from '../model/identifiers.ts'
import type { Demographics } from '../model/person.ts'
import type { Answered, Asked, DiscoveryPorts, Finding, Question, QuestionReason, Subject } from './discovery-ports.ts'
import { plainNames } from './plain-names.ts'
import type { Discoverable } from './ports.ts'

export type Discovered =
  | { readonly kind: 'known' | 'unknown' }
  | { readonly kind: 'open'; readonly reason: QuestionReason }
  /** What is known of the person does not make a question, or became something else while the community was asked. */
  | { readonly kind: 'not asked' | 'changed' }
  | { readonly kind: 'unavailable'; readonly reason: string }

export interface Discovery {
  readonly discovered: Discovered
  /** As the audit keeps them; of several who wait for one answer only the first has any. */
  readonly calls: readonly OutgoingCall[]
}

/** Never rejects for what the community does. What it told is kept when this returns. */
export type Discover = (community: Discoverable, caller: Caller) => Promise<Discovery>

const MS_PER_SECOND = 1000
/** What a query found is fetched afterwards: until then the id is used, whatever the community allows. */
const SHORTEST_MS = 15 * 60 * MS_PER_SECOND
/** After that a community is asked, or tells us, anew, whatever it allowed. */
export const LONGEST_MS = 90 * 24 * 60 * 60 * MS_PER_SECOND
/** Ids or homes that are kept for staff. */
const MAX_TOLD = 20

/** A community is asked about a person once at a time. */
export function createDiscovery(ports: DiscoveryPorts): Discover {
  const underWay = new Map<string, Promise<Discovery>>()
  return async (community, caller) => {
    const key = `${community.facilityId} ${community.personKey}`
    const waiting = underWay.get(key)
    if (waiting !== undefined) return { discovered: (await waiting).discovered, calls: [] }
    const asking = discover(community, caller, ports).finally(() => underWay.delete(key))
    underWay.set(key, asking)
    return asking
  }
}

interface Asking {
  readonly community: Discoverable
  readonly caller: Caller
  readonly subject: Subject
  readonly ports: DiscoveryPorts
  /** On the clock of performance.now. */
  readonly until: number
  /** It is another community than the one that was asked. */
  readonly secondHand?: true
}

async function discover(community: Discoverable, caller: Caller, ports: DiscoveryPorts): Promise<Discovery> {
  const until = performance.now() + Math.min(community.queryMs, ports.budgetMs)
  const subject = await ports.subjectOf(community.personKey)
  const first = subject === undefined ? undefined : firstQuestion(subject, community, ports)
  if (subject === undefined || first === undefined) return { discovered: { kind: 'not asked' }, calls: [] }
  const asking = { community, caller, subject, ports, until }
  const asked = await ask(first, asking)
  const more = asked.reply.kind === 'more wanted' ? moreOf(first, subject, asked.reply.wanted) : undefined
  if (more === undefined) return { discovered: await settled(asked, first, asking), calls: [callOf(asked, community)] }
  // The community took its time: who withdrew the consent meanwhile is not described further.
  if ((await ports.subjectOf(community.personKey))?.state !== subject.state)
    return { discovered: { kind: 'changed' }, calls: [callOf(asked, community)] }
  const again = await ask(more, { ...asking, community: { ...community, isCurtailed: true } })
  return {
    discovered: await settled(again, more, asking),
    calls: [callOf(asked, community), callOf(again, community)],
  }
}

async function ask(question: Question, { community, caller, ports, until }: Asking): Promise<Asked> {
  return ports.ask({ ...community, queryMs: Math.max(1, Math.ceil(until - performance.now())) }, question, caller)
}

/** No more than a person is found by: names, birth date, sex. Without name and birth date nobody can be asked for (3.55.4.1.2.1). */
function firstQuestion(subject: Subject, { isTold }: Discoverable, ports: DiscoveryPorts): Question | undefined {
  const { birthTime, sex } = subject.demographics
  const names = plainNames(subject.demographics.names)
  if (names.length === 0 || birthTime === undefined) return undefined
  return {
    demographics: { names, birthTime, ...(sex === undefined ? {} : { sex }), addresses: [], telecoms: [] },
    ...(isTold ? { told: { id: subject.patientId, home: ports.home, forSeconds: ports.toldForSeconds } } : {}),
  }
}

/** With what the community wants besides, as far as it is known here; undefined when nothing of it is. */
function moreOf(first: Question, { demographics }: Subject, wanted: readonly WantedDatum[]): Question | undefined {
  const { addresses, telecoms } = demographics
  const mother = plainNames(demographics.mother ?? [])
  const more: Partial<Demographics> = {
    ...(wanted.includes('address') && addresses.length > 0 ? { addresses } : {}),
    ...(wanted.includes('telecom') && telecoms.length > 0 ? { telecoms } : {}),
    ...(wanted.includes('mother') && mother.length > 0 ? { mother } : {}),
  }
  return Object.keys(more).length === 0 ? undefined : { ...first, demographics: { ...first.demographics, ...more } }
}

/** The initiating side names no patient in its audit event (3.55.6). */
function callOf({ reply, query }: Asked, { home, discoveryUrl, queryUrl }: Discoverable): OutgoingCall {
  const call = { transaction: 'ITI-55', endpoint: discoveryUrl ?? queryUrl, query: { ...query, home }, patients: [] }
  const reason = reply.kind === 'unavailable' ? reply.reason : reply.kind === 'unable' ? reasonOf(reply) : undefined
  return reason === undefined ? { ...call, result: 'success' } : { ...call, result: 'failure', reason }
}

/** Codes of code systems; nothing that the community wrote in words. */
function reasonOf({ reasons, details }: Extract<Asked['reply'], { readonly kind: 'unable' }>): string {
  const codes = reasons.length > 0 ? reasons : details.map(({ code }) => code)
  return codes.length === 0 ? 'it cannot answer' : codes.join(', ')
}

async function settled(asked: Asked, question: Question, asking: Asking): Promise<Discovered> {
  if (asked.reply.kind === 'unavailable') return { kind: 'unavailable', reason: asked.reply.reason }
  return answered({ ...asked, reply: asked.reply } as Answered, question, asking)
}

async function answered(asked: Answered, question: Question, asking: Asking): Promise<Discovered> {
  const { reply } = asked
  switch (reply.kind) {
    case 'found':
      return among(reply.patients, { asked, question, asking })
    case 'not found':
      return kept({ kind: 'unknown' }, { asked, asking })
    case 'more wanted':
      return kept({ kind: 'open', reason: 'more wanted', told: reply.wanted }, { asked, asking })
    case 'unable':
      // Somebody there would have to look: asking again at once would not help.
      return reply.reasons.includes('AnswerNotAvailable')
        ? kept({ kind: 'open', reason: 'not answered', told: reply.reasons }, { asked, asking })
        : { kind: 'unavailable', reason: reasonOf(reply) }
  }
  reply satisfies never
}

interface Told {
  readonly asked: Answered
  readonly asking: Asking
}

/** Several persons of one home are several matches, those of others other sources of documents (3.55.4.2.2.4). */
async function among(
  patients: readonly DiscoveredPatient[],
  { asked, question, asking }: Told & { readonly question: Question },
): Promise<Discovered> {
  const { community, subject } = asking
  const there = distinct(patients.filter(({ home }) => `urn:oid:${home}` === community.home))
  const elsewhere = await elsewhereOf(patients, { asked, asking })
  if (there.length === 0 && elsewhere.unknown.length > 0)
    return kept({ kind: 'open', reason: 'unknown home', told: elsewhere.unknown }, { asked, asking })
  const found = judged(there, subject)
  const { told } = question
  return kept(found.kind === 'known' && told !== undefined ? { ...found, told } : found, { asked, asking })
}

/** The one, nobody, or somebody to be found out: a match that says otherwise in what hardly ever changes is none (docs/adr/0042). */
function judged(patients: readonly DiscoveredPatient[], { demographics }: Subject): Finding['found'] {
  const told = patients.slice(0, MAX_TOLD).map(({ id }) => formatCx(id.id))
  const [only, second] = patients
  if (only === undefined) return { kind: 'unknown' }
  if (second !== undefined) return { kind: 'open', reason: 'several', told }
  if (contradicts(only.demographics, demographics)) return { kind: 'open', reason: 'contradiction', told }
  return { kind: 'known', id: only.id.id }
}

/** Ids of communities that are known here are theirs; homes that nobody here knows are not followed. */
async function elsewhereOf(
  patients: readonly DiscoveredPatient[],
  { asked, asking }: Told,
): Promise<{ readonly unknown: readonly string[] }> {
  const { community, caller, ports, subject } = asking
  const homes = [...new Set(patients.map(({ home }) => `urn:oid:${home}`))].filter((home) => home !== community.home)
  const unknown: string[] = []
  for (const home of homes.slice(0, MAX_TOLD)) {
    const other = await ports.ofHome(home, caller)
    const there = distinct(patients.filter((patient) => `urn:oid:${patient.home}` === home))
    if (other === undefined) unknown.push(home)
    else {
      const instead = { ...asking, community: { ...asking.community, ...other }, secondHand: true } as const
      await kept(judged(there, subject), { asked, asking: instead })
    }
  }
  return { unknown }
}

function distinct(patients: readonly DiscoveredPatient[]): readonly DiscoveredPatient[] {
  return [...new Map(patients.map((patient) => [formatCx(patient.id.id), patient])).values()]
}

const DATE_DIGITS = 8

/** Names are written in many ways; a birth date, as far as both say it, and a sex are not. */
function contradicts(a: Demographics, b: Demographics): boolean {
  const [one = '', other = ''] = [a.birthTime, b.birthTime].map((time) => time?.slice(0, DATE_DIGITS))
  const common = Math.min(one.length, other.length)
  const isSexOther = a.sex !== undefined && b.sex !== undefined && a.sex !== b.sex && a.sex !== 'UN' && b.sex !== 'UN'
  return isSexOther || one.slice(0, common) !== other.slice(0, common)
}

async function kept(found: Finding['found'], { asked, asking }: Told): Promise<Discovered> {
  const { ports, subject, secondHand } = asking
  const { facilityId } = asking.community
  const lifeMs = lifeOf(found, asked, ports)
  const finding: Finding = {
    facilityId,
    subject,
    exchangeId: asked.exchangeId,
    found,
    ...(secondHand ? { secondHand, forMs: Math.min(lifeMs, ports.keptForMs) } : { forMs: lifeMs }),
  }
  const ended = await ports.keep(finding)
  if (ended === 'stale') return { kind: 'changed' }
  if (ended === 'kept') return found.kind === 'open' ? { kind: 'open', reason: found.reason } : { kind: found.kind }
  const told = found.kind === 'known' ? [formatCx(found.id)] : []
  return kept({ kind: 'open', reason: 'another person', told }, { asked, asking })
}

function lifeOf({ kind }: Finding['found'], { keptForMs }: Answered, ports: DiscoveryPorts): number {
  if (kind === 'known') return Math.min(Math.max(keptForMs ?? ports.keptForMs, SHORTEST_MS), LONGEST_MS)
  return Math.min(keptForMs ?? ports.unknownForMs, ports.unknownForMs)
}
