// Writing statements of real submissions, recorded while they pass and run again with fresh ids: the same rows without the work before.

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { newOid } from '../../model/identifiers.ts'
import type { SubmissionIds } from './messages.ts'

/** A statement as the pool's connections are given it. */
export interface Recorded {
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
}

export interface Recording {
  /** Ends it. */
  readonly stop: () => readonly Recorded[]
}

/** Records what every connection of the pool is asked from now on. */
export function record(pool: pg.Pool): Recording {
  const recorded: Recorded[] = []
  const listenedTo = new Set<pg.PoolClient>()
  const acquired = (client: pg.PoolClient): void => {
    const query = client.query.bind(client) as (...given: readonly unknown[]) => unknown
    const recording = (...given: readonly unknown[]): unknown => {
      if (isNamed(given[0])) recorded.push(given[0])
      return query(...given)
    }
    if (!listenedTo.has(client)) Object.assign(client, { query: recording })
    listenedTo.add(client)
  }
  pool.on('acquire', acquired)
  return {
    stop: () => {
      pool.off('acquire', acquired)
      // Without the own property a connection has its class's method again.
      for (const client of listenedTo) Reflect.deleteProperty(client, 'query')
      return recorded
    },
  }
}

function isNamed(given: unknown): given is Recorded {
  return typeof given === 'object' && given !== null && 'name' in given && 'text' in given && 'values' in given
}

/** The statement of a submission that writes its rows; what the server seals and keeps meanwhile is not it. @throws when there is not exactly one. */
export function writingStatement(recorded: readonly Recorded[]): Recorded {
  const [first, ...others] = recorded.filter(({ text }) => text.includes('insert into registry.'))
  if (first === undefined || others.length > 0)
    throw new Error(
      `a registration writes by one statement; ${others.length + (first === undefined ? 0 : 1)} were seen`,
    )
  return first
}

/** A patient as the rows of a submission name them. */
export interface RowPatient {
  readonly personKey: string
  readonly xad: string
  readonly localId: string
}

/** @returns the statement for another submission of a patient, every id in it fresh. */
export function replayOf(
  recorded: Recorded,
  was: { readonly ids: SubmissionIds; readonly patient: RowPatient },
): (patient: RowPatient) => pg.QueryConfig & { readonly values: unknown[] } {
  const exchangeId = recorded.values.map((value) => /"exchangeId":"([0-9a-f-]{36})"/.exec(String(value))?.[1])
  const { ids, patient } = was
  const fresh = new Map<string, (patient: RowPatient) => string>([
    ...[ids.messageId, ids.entryUuid, ids.setUuid, ids.associationUuid].map(
      (id) => [bare(id), () => randomUUID()] as const,
    ),
    ...exchangeId.flatMap((id) => (id === undefined ? [] : ([[id, () => randomUUID()]] as const))),
    [ids.entryUniqueId, newOid],
    [ids.setUniqueId, newOid],
    [`"person_key":"${patient.personKey}"`, ({ personKey }) => `"person_key":"${personKey}"`],
    [patient.xad, ({ xad }) => xad],
    [patient.localId, ({ localId }) => localId],
  ])
  const pattern = new RegExp(`(${[...fresh.keys()].map(escaped).join('|')})`)
  const renewal = (value: unknown): Renewal => {
    if (Array.isArray(value)) {
      const elements = value.map((one) => (one === patient.personKey ? ownKey : renewal(one)))
      return (now) => elements.map((element) => element(now))
    }
    return typeof value === 'string' ? renewable(value.split(pattern)) : () => value
  }
  const values = recorded.values.map(renewal)
  return (given) => {
    const now = { ids: new Map([...fresh].map(([token, make]) => [token, make(given)])), patient: given }
    return { name: recorded.name, text: recorded.text, values: values.map((value) => value(now)) }
  }
}

/** A value of the statement for the present run. */
type Renewal = (now: { readonly ids: ReadonlyMap<string, string>; readonly patient: RowPatient }) => unknown

/** Persons stand in a list of their own beside the rows. */
const ownKey: Renewal = ({ patient }) => patient.personKey

/** @param pieces what stands between tokens at even places, tokens at odd ones. */
function renewable(pieces: readonly string[]): Renewal {
  return ({ ids }) => pieces.map((piece, index) => (index % 2 === 0 ? piece : (ids.get(piece) ?? piece))).join('')
}

function escaped(token: string): string {
  return token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** UUID of `urn:uuid:…`. */
export function bare(id: string): string {
  return id.slice('urn:uuid:'.length)
}
