// ITI-55 Cross Gateway Patient Discovery, Responding Gateway: is the person whom a community asks about known here? (ITI TF-2 3.55)

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { DiscoveredPatient, DiscoveryAnswer, DiscoveryQuery, WantedDatum } from '../model/discovery.ts'
import type { IheError } from '../model/error.ts'
import type { Outcome } from '../model/evidence.ts'
import { formatCx, type Oid, type PatientId } from '../model/identifiers.ts'
import type { SoughtName } from '../model/pdq.ts'
import type { Demographics, PersonName } from '../model/person.ts'
import type { CorrespondingId } from '../model/pix.ts'
import { LONGEST_MS } from './discover.ts'
import { plainNames } from './plain-names.ts'

/** What a community asks about a person, as the index is searched by it. */
export interface Sought {
  readonly demographics: Demographics
  readonly ids: readonly PatientId[]
  readonly minimumScore: number
  readonly facilityId: string
}

/** What the index finds among those whom the community may find. */
export type Finding =
  | {
      readonly kind: 'one'
      readonly found: {
        /** Surrogate key; never leaves the server. */
        readonly person: string
        readonly patientId: PatientId
        readonly ids: readonly CorrespondingId[]
        readonly demographics: Demographics
        readonly score: number
      }
    }
  | { readonly kind: 'unclear'; readonly count: number }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'by staff' }

/** Ids that the two communities told each other of one person. */
export interface Correlated {
  readonly person: string
  /** The facility that stands for the community. */
  readonly facilityId: string
  readonly exchangeId: string
  /** Our id, by which it asks from now on. */
  readonly ours: { readonly id: PatientId; readonly home: Oid; readonly forSeconds: number }
  /** Its own id, as long as it allows that to be kept. */
  readonly theirs?: { readonly id: PatientId; readonly home: Oid; readonly forMs: number }
}

export interface RespondingDiscoveryPorts {
  /** Our homeCommunityId, without urn:oid:. */
  readonly home: Oid
  /** How long an id that was told holds, seconds. */
  readonly keptForSeconds: number
  readonly authorityName: string
  readonly find: (sought: Sought, caller: Caller) => Promise<Finding>
  /** Durable when it resolves. */
  readonly keep: (correlated: Correlated) => Promise<void>
}

/** Names that are alternatives, ids. */
const MOST_REPEATED = 20

/**
 * Case 1: one person, with the id by which to ask for documents; what was told is kept, and opens ITI-38 to the community as a linked
 * number does. Case 2 is never answered: one list of persons who are alike is one too many. Cases 3, 4 and 5 say nothing of whom the
 * community may not find.
 */
export async function respondToDiscovery(
  query: DiscoveryQuery,
  caller: Caller,
  ports: RespondingDiscoveryPorts,
): Promise<Outcome<DiscoveryAnswer>> {
  const fault = faultOf(query, caller)
  if (fault !== undefined) return ended(query, ports, { answer: { kind: 'refused' }, errors: [fault] })
  const finding = await ports.find(soughtIn(query, caller), caller)
  switch (finding.kind) {
    case 'one': {
      const { found } = finding
      await keep({ query, found, caller, ports })
      const patient: DiscoveredPatient = {
        id: { id: found.patientId, authorityName: ports.authorityName },
        home: ports.home,
        otherIds: found.ids.filter(({ id }) => formatCx(id) !== formatCx(found.patientId)),
        // What staff noted beside a name is for this house.
        demographics: { ...found.demographics, names: plainNames(found.demographics.names) },
        score: found.score,
      }
      const answer = { kind: 'found', patients: [patient], keptForSeconds: ports.keptForSeconds } as const
      return ended(query, ports, { answer, patients: [formatCx(found.patientId)] })
    }
    case 'unclear':
      return ended(query, ports, { answer: unclear(query, finding.count) })
    case 'nobody':
      return ended(query, ports, { answer: { kind: 'not found' } })
    case 'by staff':
      return ended(query, ports, { answer: { kind: 'unable', reason: 'AnswerNotAvailable' } })
  }
  finding satisfies never
}

function faultOf({ home, names, ids, telecoms, birth }: DiscoveryQuery, { community }: Caller): IheError | undefined {
  const excess = names[MOST_REPEATED] ?? ids[MOST_REPEATED] ?? telecoms[MOST_REPEATED]
  if (excess !== undefined)
    return iheError('V3_TOO_MANY', { at: excess.at, rule: `at most ${MOST_REPEATED} of a parameter` })
  if (home !== undefined && community !== undefined && `urn:oid:${home.oid}` !== community)
    return iheError('V3_VALUE', {
      at: home.at,
      value: home.oid,
      rule: `the community of the certificate, ${community}`,
    })
  if (birth?.kind === 'range')
    return iheError('V3_VALUE', { at: birth.at, rule: 'a date (value): one person is looked for, not an age' })
  return undefined
}

function soughtIn(query: DiscoveryQuery, { facilityId }: Caller): Sought {
  const { sex, birth, address, telecoms, mother, minimumScore = 0 } = query
  return {
    facilityId,
    ids: query.ids.map(({ id }) => id),
    minimumScore,
    demographics: {
      names: query.names.map(personName),
      ...(sex === undefined ? {} : { sex }),
      ...(birth?.kind === 'date' ? { birthTime: birth.date } : {}),
      ...(mother === undefined ? {} : { mother: [personName(mother)] }),
      addresses: address === undefined ? [] : [lineOf(address)],
      telecoms: telecoms.map(({ value }) => value),
    },
  }
}

/** By what the characters are the index knows how a name is to be compared. */
function personName({ family = '', given = '' }: SoughtName): PersonName {
  return { representation: 'IDE', family, given }
}

function lineOf({ postalCode, parts }: NonNullable<DiscoveryQuery['address']>): Demographics['addresses'][number] {
  return { ...(postalCode === undefined ? {} : { postalCode }), text: parts.join('') }
}

/** What was not said yet may tell; when all was said, it takes people of both sides to say who of several it is. */
function unclear(query: DiscoveryQuery, count: number): DiscoveryAnswer {
  const unsaid: readonly (readonly [WantedDatum, boolean])[] = [
    ['sex', query.sex === undefined],
    ['address', query.address === undefined],
    ['telecom', query.telecoms.length === 0],
    ['mother', query.mother === undefined],
  ]
  const wanted = unsaid.flatMap(([datum, isUnsaid]) => (isUnsaid ? datum : []))
  if (wanted.length > 0) return { kind: 'more wanted', wanted }
  return count > 1 ? { kind: 'unable', reason: 'AnswerNotAvailable' } : { kind: 'not found' }
}

interface Telling {
  readonly query: DiscoveryQuery
  readonly found: Extract<Finding, { readonly kind: 'one' }>['found']
  readonly caller: Caller
  readonly ports: RespondingDiscoveryPorts
}

/** A caller that stands for no community (a conformance tester) has nothing that could be kept of it. */
async function keep({ query, found, caller, ports }: Telling): Promise<void> {
  const { community, facilityId, exchange } = caller
  if (community === undefined) return
  const { home, reverse, keptForMs = 0 } = query
  const theirs =
    home === undefined || reverse === undefined || keptForMs === 0
      ? undefined
      : { id: reverse, home: home.oid, forMs: Math.min(keptForMs, LONGEST_MS) }
  await ports.keep({
    person: found.person,
    facilityId,
    exchangeId: exchange.id,
    ours: { id: found.patientId, home: ports.home, forSeconds: ports.keptForSeconds },
    ...(theirs === undefined ? {} : { theirs }),
  })
}

interface Ending {
  readonly answer: DiscoveryAnswer
  readonly errors?: readonly IheError[]
  readonly patients?: readonly string[]
}

function ended(
  query: DiscoveryQuery,
  { home }: RespondingDiscoveryPorts,
  { answer, errors = [], patients = [] }: Ending,
): Outcome<DiscoveryAnswer> {
  return {
    answer,
    result: errors.length > 0 ? 'failure' : 'success',
    errors,
    evidence: { patients, documents: [], query: { id: query.message, text: query.text, home: `urn:oid:${home}` } },
    recorded: false,
  }
}

const PRIORITY = '/PRPA_IN201305UV02/controlActProcess/queryByParameter/responsePriorityCode/@code'

/** Deferred: the answer would come when somebody had time for it. Here an answer is there at once, or not at all. */
export async function respondToDeferred(query: DiscoveryQuery): Promise<Outcome<{ readonly kind: 'refused' }>> {
  return {
    answer: { kind: 'refused' },
    result: 'failure',
    errors: [iheError('XCPD_DEFERRED', { at: PRIORITY })],
    evidence: { patients: [], documents: [], query: { id: query.message, text: query.text } },
    recorded: false,
  }
}
