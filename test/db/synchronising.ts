// A database whose patients are told to a neighbouring community, and that community as far as it matters: it takes, refuses, hangs, answers.

import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import { iheError } from '../../profiles/errors/index.ts'
import { mayTell } from '../../src/access/federation.ts'
import { fragmentForm } from '../../src/codec/ebxml/registry-object.ts'
import { takeClaim } from '../../src/db/idempotency.ts'
import { settle, settleAnswer } from '../../src/db/synchronisation/settle.ts'
import { sweepSynchronisation } from '../../src/db/synchronisation/survey.ts'
import { take } from '../../src/db/synchronisation/take.ts'
import { feedAdd, feedMerge, feedRevise } from '../../src/identity/feed.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../src/identity/matching/model.ts'
import { registerDomain } from '../../src/identity/registration.ts'
import { synchronise } from '../../src/identity/synchronise.ts'
import type { Attempt, Heard } from '../../src/identity/synchronise-ports.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import type { Demographics } from '../../src/model/person.ts'
import { AFFINITY, callerOf, DOMAIN_A, feedOf, HANA, idIn, mergeOf, oid } from '../identity/in-memory.ts'
import { openDatabase } from './database.ts'
import { identityOn } from './identity-on-postgres.ts'

export const EAST = oid('2.25.900.1')
const COMMUNITY = '2.25.900'
const NEVER = new AbortController().signal

/** With the community `east`, whose numbers are of EAST, and a hospital. */
export async function openSynchronised(t: Test) {
  const pool = await openDatabase(t, 10)
  const ports = identityOn(pool, { policy: { ...DEFAULT_POLICY, mode: 'auto' }, model: DEFAULT_MODEL, version: '0' })
  await pool.query(
    `insert into access.facility (facility_id, oid, name, kind) values ('hospital', '2.25.800.1', 'hospital', 'publishing'), ('east', '2.25.800.2', 'east', 'viewing')`,
  )
  await registerDomain({ oid: AFFINITY, name: 'NETWORK', kind: 'community' }, ports)
  await registerDomain({ oid: DOMAIN_A, name: 'A', kind: 'facility', facilityId: 'hospital' }, ports)
  await registerDomain({ oid: EAST, name: 'EAST', kind: 'facility', facilityId: 'east' }, ports)
  await pool.query(
    `insert into access.partner (facility_id, community, pix_url, identity, added_by) values ('east', '${COMMUNITY}', 'https://east.example/pix', 'pix', 'test')`,
  )
  await pool.query(
    `insert into access.agreement (title, partner_community, direction, valid_from, valid_to, recorded_by)
     values ('test', '${COMMUNITY}', 'both', now() - interval '1 day', now() + interval '1 day', 'test')`,
  )
  const neighbour = {
    /** `kind value`, of a merge `merge subsumed value`. */
    heard: [] as string[],
    messages: [] as Attempt['message'][],
    answer: 'accepted' as Heard['answer'],
    /** Its ids by ours. */
    knows: new Map<string, readonly PatientId[]>(),
    /** Called while a message is with the community. */
    meanwhile: async (): Promise<void> => {},
  }
  const send = async ({ message }: Attempt): Promise<Heard> => {
    const { content } = message
    neighbour.heard.push(
      [content.kind, ...(content.kind === 'merge' ? [content.subsumed.value] : []), content.id.value].join(' '),
    )
    neighbour.messages.push(message)
    await neighbour.meanwhile()
    const ids = neighbour.knows.get(content.id.value) ?? []
    const exchange = { ...callerOf('east').exchange, id: randomUUID() }
    const { answer } = neighbour
    return { answer, reason: answer, exchange, ...(content.kind === 'ask' && answer === 'accepted' ? { ids } : {}) }
  }
  const settling: Parameters<typeof settle>[0] = {
    pool,
    writer: { claim: takeClaim, record: async () => {}, announce: async () => {}, ...fragmentForm },
    rowsOf: () => ({ events: [], entries: [] }),
    errorOf: () => iheError('COMMUNITY_UNAVAILABLE'),
  }
  const personOf = async ({ value, authority }: PatientId): Promise<string> =>
    (
      await pool.query('select person_key from identity.identifier where domain = $1 and value = $2', [
        authority,
        value,
      ])
    ).rows[0]?.person_key
  return {
    pool,
    ports,
    neighbour,
    personOf,
    /** Does the job of everyone who is marked. */
    work: async (): Promise<void> => {
      const { rows } = await pool.query(
        `select facility_id as "facilityId", person_key as person from jobs.synchronisation where state = 'waiting' order by marked_at`,
      )
      for (const pair of rows)
        await synchronise(
          pair,
          {
            affinityDomain: AFFINITY,
            take: (one) => take({ pool, affinityDomain: AFFINITY, mayTell }, one),
            send,
            settle: (...ended) => settle(settling, ended),
            settleAnswer: (attempt, heard, follow) => settleAnswer(settling, [attempt, heard], follow),
            alarm: () => {},
          },
          NEVER,
        )
    },
    sweep: () => sweepSynchronisation(pool),
    /** A message of the hospital; the id of the network. */
    add: async (value: string, demographics: Demographics = HANA): Promise<PatientId> => {
      await feedAdd(feedOf([idIn(DOMAIN_A, value)], { demographics }), callerOf('hospital'), ports)
      return xadOf(idIn(DOMAIN_A, value))
    },
    revise: (value: string, demographics: Demographics) =>
      feedRevise(feedOf([idIn(DOMAIN_A, value)], { kind: 'revise', demographics }), callerOf('hospital'), ports),
    merge: (from: string, into: string) =>
      feedMerge(mergeOf(idIn(DOMAIN_A, from), idIn(DOMAIN_A, into)), callerOf('hospital'), ports),
    /** A message of the community. */
    theirAdd: (value: string, demographics: Demographics) =>
      feedAdd(feedOf([idIn(EAST, value)], { demographics }), callerOf('east'), ports),
    consent: async (id: PatientId, shares = true): Promise<void> => {
      await pool.query(
        `insert into access.consent (person_key, kind, recorded_by, shares_with_communities) values ($1, 'comprehensive', 'test', $2)`,
        [await personOf(id), shares],
      )
    },
    withdraw: async (id: PatientId): Promise<void> => {
      await pool.query(`update access.consent set withdrawn_at = now() where person_key = $1`, [await personOf(id)])
    },
    /** Its numbers of whoever has our id. */
    theirsOf: async (id: PatientId): Promise<readonly string[]> =>
      (
        await pool.query(
          `select value from identity.identifier where domain = $1 and person_key = $2 and status = 'active' order by 1`,
          [EAST, await personOf(id)],
        )
      ).rows.map(({ value }) => value),
    conflictOf: async ({ value }: PatientId): Promise<string | null> =>
      (await pool.query('select conflict from identity.synchronised where value = $1', [value])).rows[0]?.conflict,
  }

  async function xadOf(id: PatientId): Promise<PatientId> {
    const { rows } = await pool.query(
      `select value from identity.identifier where domain = $1 and status = 'active' and person_key = $2`,
      [AFFINITY, await personOf(id)],
    )
    return idIn(AFFINITY, rows[0]?.value)
  }
}
