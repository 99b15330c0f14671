// Several communities as processes of their own, each with its database and its authority, and a patient whom all of them know.

import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { Test } from 'tap'
import { iti18Initiating, iti43Initiating } from '../../../profiles/transactions/index.ts'
import { introduce, type Member } from '../../../src/cli/demo/federation/introduce.ts'
import type { Side } from '../../../src/cli/demo/federation/side.ts'
import { loadNetwork, patientOf } from '../../../src/cli/demo/load.ts'
import type { DemoNeighbour } from '../../../src/cli/demo/network.ts'
import { writeFindDocuments } from '../../../src/codec/ebxml/query-request.ts'
import { writeRetrieveRequest } from '../../../src/codec/ebxml/retrieve.ts'
import { startEmbeddedPostgres } from '../../../src/db/embedded-postgres.ts'
import type { Oid, PatientId } from '../../../src/model/identifiers.ts'
import { errorCodesOf, isSuccess, submissionOf } from '../../faults/messages.ts'
import { networkOf, startChild, temporaryDirectory } from '../../faults/support.ts'
import { fillPrepared } from '../../prepared/prepared.ts'
import { type FaultyGateway, openFaultyGateway } from './faulty-gateway.ts'

/** The one system of a community: it publishes and asks. */
export const HOSPITAL = 'hospital'

/** As short as a healthy neighbour on a busy machine allows: whoever hangs is waited for. */
export const BUDGET_MS = 2500

const FIRST_OID = 9200

export interface Document {
  readonly home: string
  readonly repositoryUniqueId: string
  readonly uniqueId: string
  readonly text: string
}

export type TestCommunity = Awaited<ReturnType<typeof startCommunities>>[number]

const oid = (place: number, what: number) => `2.25.${FIRST_OID + place * 10 + what}` as Oid

function sideOf(directory: string, place: number): Side {
  return {
    name: `community ${place}`,
    title: `架空地域${place}`,
    facilityId: `network-${place}`,
    directory,
    configFile: '',
    port: 0,
    identifiers: {
      'community.homeCommunityId': `urn:oid:${oid(place, 0)}`,
      'repository.uniqueId': oid(place, 1),
      'identity.affinityDomainAuthority': oid(place, 2),
      'identity.affinityDomainName': `NETWORK-${place}`,
    },
  }
}

function networkOfSide(place: number, count: number): DemoNeighbour {
  const facility = { kind: 'gateway', facilityType: 'HOSPITAL' } as const
  const others = Array.from({ length: count }, (_, other) => other).filter((other) => other !== place)
  return {
    facilities: [
      {
        ...facility,
        facilityId: HOSPITAL,
        oid: oid(place, 3),
        name: `架空病院${place}`,
        nameKana: 'カクウビョウイン',
        patientDomain: { oid: oid(place, 4), name: `HOSPITAL-${place}` },
      },
      ...others.map((other) => ({
        ...facility,
        facilityId: `network-${other}`,
        oid: oid(other, 5),
        name: `架空地域${other}`,
        nameKana: 'カクウチイキ',
        patientDomain: { oid: oid(other, 2), name: `NETWORK-${other}` },
      })),
    ],
    systems: [
      {
        systemId: HOSPITAL,
        facilityId: HOSPITAL,
        roles: ['document-source', 'document-consumer', 'patient-identity-source', 'pix-consumer'],
      },
    ],
    unions: [{ unionId: `union-${place}`, name: `架空連携${place}`, kind: 'open', members: [HOSPITAL] }],
    people: [],
    patients: [
      {
        name: { kanji: '架空 太郎', kana: 'カクウ タロウ', romaji: 'KAKUU TARO' },
        birthTime: '19580412',
        sex: 'M',
        address: { postalCode: '000-0001', text: '架空県見本市一丁目１番１号' },
        telecom: 'tel:000-000-0001',
        numbers: [{ facilityId: HOSPITAL, id: `H-${place}`, feed: 'yes' }],
        consent: { kind: 'comprehensive', evidence: '同意書' },
      },
    ],
    messages: [],
    tour: {
      patient: { facilityId: HOSPITAL, id: `H-${place}` },
      push: { systemId: HOSPITAL, file: 'oul-r22-taro-east.hl7' },
    },
  }
}

/** So many, each knowing all others, and between each two of them a gateway that may be told to fail. */
export async function startCommunities(t: Test, count: number) {
  const directory = await temporaryDirectory(t)
  // As whom PostgreSQL runs for root has to get to its files.
  await chmod(directory, 0o711)
  const databases = join(directory, 'databases')
  await mkdir(databases)
  await fillPrepared('database', databases)
  const postgres = await startEmbeddedPostgres({ directory: databases })
  t.teardown(postgres.stop)
  const places = Array.from({ length: count }, (_, place) => place)
  const admin = new pg.Client(postgres.connection)
  await admin.connect()
  for (const place of places) await admin.query(`create database c${place} template tsunagi`)
  await admin.end()
  const members = await Promise.all(
    places.map((place) =>
      startMember(t, {
        place,
        network: networkOfSide(place, count),
        directory: join(directory, String(place)),
        url: postgres.url.replace('/tsunagi?', `/c${place}?`),
      }),
    ),
  )
  return Promise.all(
    members.map(async (member) => {
      const others = members.filter((other) => other !== member)
      const gateways = new Map<string, FaultyGateway>()
      for (const other of others) gateways.set(other.home, await between(t, member, other))
      return { ...member, ...documentsOf(member), gateways }
    }),
  )
}

interface Started extends Member {
  readonly home: string
  readonly patientId: PatientId
  readonly pool: pg.Pool
  readonly network: ReturnType<typeof networkOf>
}

async function startMember(
  t: Test,
  given: {
    readonly place: number
    readonly network: DemoNeighbour
    readonly directory: string
    readonly url: string
  },
): Promise<Started> {
  const side = sideOf(given.directory, given.place)
  const { server } = await startChild(given.directory, {
    ...side.identifiers,
    'database.url': given.url,
    'database.poolSize': '6',
    'gateway.queryBudgetMs': String(BUDGET_MS),
  })
  t.teardown(server.stop)
  const network = networkOf(server)
  const pool = new pg.Pool({ connectionString: given.url, max: 2 })
  t.teardown(async () => {
    await network.close()
    await pool.end()
  })
  const run = await loadNetwork(server, given.network, () => {})
  // Without a certificate of ours, which the demo would issue: its gateway shows its own.
  for (const { facilityId } of given.network.facilities.filter(({ facilityId }) => facilityId !== HOSPITAL))
    await run.admin.post('/systems', { systemId: facilityId, facilityId, roles: ['xca-partner'] })
  const xad = await patientOf(run)
  const { 'community.homeCommunityId': home, 'identity.affinityDomainAuthority': authority } = side.identifiers
  return { side, run, xad, home, pool, network, patientId: { value: xad, authority: authority as Oid } }
}

/** `here` asks `there` through a gateway that may fail. */
async function between(t: Test, here: Started, there: Started): Promise<FaultyGateway> {
  const gateway = await openFaultyGateway({
    here: join(here.side.directory, 'pki'),
    there: join(there.side.directory, 'pki'),
    port: there.run.server.httpsPort,
  })
  t.teardown(gateway.close)
  const behind = { ...there, run: { ...there.run, server: { ...there.run.server, httpsPort: gateway.port } } }
  await introduce(here, behind)
  await here.run.admin.patch(`/partners/${there.side.facilityId}`, { queryMs: BUDGET_MS, retrieveMs: BUDGET_MS })
  return gateway
}

function documentsOf({ network, patientId, home, side }: Started) {
  const repositoryUniqueId = side.identifiers['repository.uniqueId']
  return {
    provide: async (text: string): Promise<Document> => {
      const { provide, entry } = submissionOf({ patientId, bytes: Buffer.from(text), codes: {} })
      const answer = await network.soap(HOSPITAL, provide)
      if (!isSuccess(answer.text)) throw new Error(errorCodesOf(answer.text).join())
      return { home, repositoryUniqueId, uniqueId: entry.uniqueId, text }
    },
    /** FindDocuments at the own Initiating Gateway. */
    find: async (): Promise<string> =>
      (
        await network.soap(HOSPITAL, {
          transaction: iti18Initiating,
          body: writeFindDocuments({ patientId, returnType: 'LeafClass' }),
        })
      ).text,
    fetch: async (documents: readonly Pick<Document, 'home' | 'repositoryUniqueId' | 'uniqueId'>[]): Promise<string> =>
      (
        await network.soap(HOSPITAL, {
          transaction: iti43Initiating,
          body: writeRetrieveRequest(
            documents.map(({ home, repositoryUniqueId, uniqueId }) => ({
              homeCommunityId: home,
              repositoryUniqueId,
              documentUniqueId: uniqueId,
            })),
          ),
        })
      ).text,
  }
}

export function statusOf(text: string): string {
  return /ResponseStatusType:(\w+)"/.exec(text)?.[1] ?? ''
}

export function has(text: string, { uniqueId }: Document): boolean {
  return text.includes(`value="${uniqueId}"`)
}

/** Errors of an answer as they were written. */
export function errorsOf(text: string): readonly { code: string; location: string; context: string }[] {
  return [...text.matchAll(/<(?:\w+:)?RegistryError [^>]*>/g)].map(([element]) => {
    const attribute = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(element)?.[1] ?? ''
    return { code: attribute('errorCode'), location: attribute('location'), context: attribute('codeContext') }
  })
}
