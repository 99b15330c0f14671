// Two networks whose patient indexes are kept alike: each is a facility of the other, with terms, agreement, certificate, authority and subscription.

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { feed } from '../../src/cli/feed.ts'
import type { Oid, PatientId } from '../../src/model/identifiers.ts'
import type { Demographics } from '../../src/model/person.ts'
import { DOMAINS, type Flags, type networkOf } from '../faults/support.ts'

export type Network = ReturnType<typeof networkOf> & { readonly pool: pg.Pool }

export interface Side {
  readonly community: string
  readonly repository: string
  readonly affinity: Oid
}

export const WEST: Side = { community: '2.25.9401', repository: '2.25.9411', affinity: '2.25.9421' as Oid }
export const EAST: Side = { community: '2.25.9402', repository: '2.25.9412', affinity: '2.25.9422' as Oid }

export const flagsOf = ({ community, repository, affinity }: Side): Flags => ({
  'community.homeCommunityId': `urn:oid:${community}`,
  'repository.uniqueId': repository,
  'identity.affinityDomainAuthority': affinity,
  'notifications.timeoutMs': '3000',
})

export interface Neighbour extends Side {
  readonly port: number
  readonly dataDir: string
}

/** The neighbour as `network` knows it, by the name that the demo network has for it. */
export async function introduce(network: Network, neighbour: Neighbour): Promise<void> {
  const { admin, pool } = network
  const { community, affinity, port, dataDir } = neighbour
  const url = (path: string) => `https://localhost:${port}${path}`
  await pool.query(`update identity.domain set oid = $1 where facility_id = 'network-east'`, [affinity])
  await pool.query(
    `update access.system set roles = '{xca-partner,patient-identity-source,pix-consumer}' where system_id = 'network-east'`,
  )
  const pem = await readFile(join(dataDir, 'pki', 'ca.crt'), 'utf8')
  await admin.post('/trust-anchors', { label: 'neighbour', pem, facilityId: 'network-east' })
  const server = await readFile(join(dataDir, 'pki', 'server.crt'), 'utf8')
  await admin.post('/systems/network-east/certificates', { pem: server })
  await admin.post('/agreements', {
    title: '広域的利用に係る合意書',
    partnerCommunity: community,
    direction: 'both',
    validFrom: '2026-01-01T00:00:00+09:00',
    validTo: '2099-01-01T00:00:00+09:00',
  })
  await admin.post('/subscriptions', {
    subscriptionId: 'neighbour',
    systemId: 'network-east',
    transaction: 'ITI-46',
    endpoint: url('/pix/consumer'),
    deviceOid: community,
  })
  await admin.post('/partners', {
    facilityId: 'network-east',
    community,
    queryUrl: url('/xca/responding'),
    retrieveUrl: url('/xca/responding'),
    pixUrl: url('/pix/manager'),
    identity: 'pix',
  })
}

/** Whom nobody could take for somebody else. */
export function personNamed(number: number, more: Partial<Demographics> = {}): Demographics {
  const kana = [...String(number)].map((digit) => 'アカサタナハマヤラワ'[Number(digit)]).join('')
  return {
    names: [
      { representation: 'IDE', family: `架空${number}`, given: `太郎${number}` },
      { representation: 'SYL', family: `カクウ${kana}`, given: `タロウ${kana}` },
    ],
    sex: number % 2 === 0 ? 'M' : 'F',
    birthTime: `19${String(40 + (number % 50)).padStart(2, '0')}0${1 + (number % 9)}${10 + (number % 18)}`,
    addresses: [{ postalCode: String(1000000 + number * 37), text: `架空県仮名市${number}丁目${number}番` }],
    telecoms: [`tel:090${String(10_000_000 + number * 7919).padStart(8, '0')}`],
    ...more,
  }
}

/** ITI-44 of the hospital; the id of the network. */
export async function register(network: Network, value: string, demographics: Demographics): Promise<PatientId> {
  const id = { value, authority: DOMAINS['hospital-a'] }
  await feed(await network.as('hospital-a'), {
    kind: 'add',
    id,
    to: 'PIXManager',
    demographics,
    providerName: 'hospital-a',
  })
  return network.xadForStaff(id)
}

/** @returns the consent. */
export async function consent(network: Network, { value }: PatientId, shares = true): Promise<string> {
  const { body } = await network.admin.post(`/patients/${value}/consents`, {
    kind: 'comprehensive',
    sharesWithCommunities: shares,
    evidence: randomUUID(),
  })
  return String((body as { readonly consentId: unknown }).consentId)
}

/** Pairs of ids, ours first, that the index has as one person, of persons who consent to sharing. */
export async function pairsOf(pool: pg.Pool, ours: Oid, theirs: Oid): Promise<readonly string[]> {
  const { rows } = await pool.query<{ readonly ours: string; readonly theirs: string }>(
    `select a.value as ours, b.value as theirs from identity.identifier a
     join identity.identifier b on b.person_key = a.person_key and b.domain = $2 and b.status = 'active'
     where a.domain = $1 and a.status = 'active'
       and exists (select from access.consent c where c.person_key = a.person_key and c.withdrawn_at is null and c.shares_with_communities)`,
    [ours, theirs],
  )
  return rows.map((row) => `${row.ours} ${row.theirs}`).sort()
}
