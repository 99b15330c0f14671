// Documents of the own community that lie in another repository, or are made on demand, through both gateways (ITI TF-2 3.39.4.1.3, 3.43, 3.61).

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { documentEntryObject, memberAssociation, submissionSetObject } from '../../profiles/metadata/write.ts'
import { iti39, iti43, iti43Initiating, iti61, type Transaction } from '../../profiles/transactions/index.ts'
import { createAuthority } from '../../src/certificates/authority.ts'
import { issueClientInto, readAuthority } from '../../src/certificates/pki-directory.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { writeSubmitObjects } from '../../src/codec/ebxml/submit.ts'
import { findReferences } from '../../src/db/audit/references.ts'
import { newOid } from '../../src/model/identifiers.ts'
import { OBJECT_ON_DEMAND, STATUS_DEPRECATED } from '../../src/model/xds.ts'
import { errorCodesOf, isSuccess, submissionOf } from '../faults/messages.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'
import { openSmallRepository, type SmallDocument } from './small-repository.ts'

t.setTimeout(120_000)

const COMMUNITY = '2.25.9001'
const [STABLE, ON_DEMAND] = ['2.25.9301', '2.25.9302']
const SYSTEM = 'repository-x'
const FELT_WITHIN_MS = 20_000

const network = await startNetwork(t)
const { server, admin, pool } = network
const { homeCommunityId } = server.config.community
const pki = join(server.config.dataDir, 'pki')
const hanako = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })

const held = new Map<string, SmallDocument>()
const holds = (documentUniqueId: string) => held.get(documentUniqueId)
const clients = await readFile(join(pki, 'ca.crt'), 'utf8')
const repository = await openSmallRepository(t, { authority: await readAuthority(pki), clients, holds })
const otherAuthority = await createAuthority()
const source = await openSmallRepository(t, { authority: otherAuthority, clients, holds })

/** Registers what lies in both of them, for hospital-a. */
const { paths } = await issueClientInto(pki, { systemId: SYSTEM, facilityOid: newOid() })
await admin.post('/systems', {
  systemId: SYSTEM,
  facilityId: 'hospital-a',
  roles: ['document-repository', 'on-demand-document-source'],
  repositories: [STABLE, ON_DEMAND],
})
await admin.post(`/systems/${SYSTEM}/certificates`, { pem: await readFile(paths.certificate, 'utf8') })

async function registered(call: Parameters<typeof network.soap>[1]): Promise<void> {
  const { text } = await network.soap(SYSTEM, call)
  if (!isSuccess(text)) throw new Error(errorCodesOf(text).join())
}

const textOf = (uniqueId: string): string => `別置きの文書 ${uniqueId}`

/** A document that the repository has; the repository sends `bytes`. */
async function stable(bytes?: Buffer): Promise<string> {
  const uniqueId = newOid()
  const registeredBytes = Buffer.from(textOf(uniqueId))
  const given = { patientId: hanako, bytes: registeredBytes, uniqueId, repositoryUniqueId: STABLE }
  await registered(submissionOf(given).register)
  held.set(uniqueId, { bytes: bytes ?? registeredBytes, mimeType: 'its/own' })
  return uniqueId
}

async function onDemand(): Promise<string> {
  const { entry, set } = submissionOf({ patientId: hanako, bytes: Buffer.from(''), repositoryUniqueId: ON_DEMAND })
  const { creationTime: _time, hash: _hash, size: _size, ...rest } = entry
  const objects = [submissionSetObject(set), documentEntryObject({ ...rest, objectType: OBJECT_ON_DEMAND })]
  const associations = [memberAssociation(set.entryUUID, entry.entryUUID)]
  await registered({ transaction: iti61, body: writeSubmitObjects({ objects, associations }) })
  held.set(entry.uniqueId, {
    bytes: Buffer.from(textOf(entry.uniqueId)),
    snapshot: { documentUniqueId: `${entry.uniqueId}.1`, repositoryUniqueId: ON_DEMAND },
  })
  return entry.uniqueId
}

async function ownDocument(): Promise<string> {
  const uniqueId = newOid()
  const { provide } = submissionOf({ patientId: hanako, bytes: Buffer.from(textOf(uniqueId)), uniqueId })
  const { text } = await network.soap('hospital-a', provide)
  if (!isSuccess(text)) throw new Error(errorCodesOf(text).join())
  return uniqueId
}

const GATEWAYS = [
  ['network-east', iti39],
  ['clinic-b', iti43Initiating],
] as const

type Wanted = readonly [repositoryUniqueId: string, documentUniqueId: string]

async function fetched(system: string, transaction: Transaction, wanted: readonly Wanted[]): Promise<string> {
  const requests = wanted.map(([repositoryUniqueId, documentUniqueId]) => ({
    homeCommunityId,
    repositoryUniqueId,
    documentUniqueId,
  }))
  return (await network.soap(system, { transaction, body: writeRetrieveRequest(requests) })).text
}

async function consentChanges(change: object): Promise<void> {
  const consents = (await admin.get(`/patients/${hanako.value}/consents`)).body as readonly {
    consentId: string
    withdrawnAt?: string | null
  }[]
  const standing = consents.filter(({ withdrawnAt }) => withdrawnAt === undefined || withdrawnAt === null).at(-1)
  await admin.patch(`/consents/${standing?.consentId}`, { ...change, reason: '本人の申し出' })
}

await admin.post('/partners', { facilityId: 'network-east', community: COMMUNITY })
await admin.post('/agreements', {
  title: '広域的利用に係る合意書',
  partnerCommunity: COMMUNITY,
  direction: 'both',
  validFrom: '2026-01-01T00:00:00+09:00',
  validTo: '2099-01-01T00:00:00+09:00',
})
await admin.post(`/patients/${hanako.value}/links`, { facilityId: 'network-east', id: 'E-1', reason: '窓口で確認' })
await consentChanges({ sharesWithCommunities: true })

const [document, dynamic, own] = [await stable(), await onDemand(), await ownDocument()]
const ofOurs: Wanted = [server.config.repository.uniqueId, own]
const ofRepository: Wanted = [STABLE, document]
const ofSource: Wanted = [ON_DEMAND, dynamic]

t.test('a repository that nobody registered is unknown, as before (3.43.4.2)', async (t) => {
  for (const [system, transaction] of GATEWAYS)
    t.same(errorCodesOf(await fetched(system, transaction, [ofRepository])), ['XDSUnknownRepositoryId'], system)
  t.same(repository.asked, [])
})

t.test(
  'its server certificate is of an authority of the network, or of the facility that it is registered with',
  async (t) => {
    await admin.post('/repositories', { repositoryUniqueId: STABLE, url: repository.url })
    await admin.post('/repositories', { repositoryUniqueId: ON_DEMAND, url: source.url })
    const text = await fetched('clinic-b', iti43Initiating, [ofSource, ofRepository])
    t.same(errorCodesOf(text), ['XDSRepositoryError'])
    t.match(text, /UNABLE_TO_|SELF_SIGNED_/)
    t.match(text, textOf(document), 'the other one stands')
    const pem = otherAuthority.certificatePem
    await admin.post('/trust-anchors', { label: 'source', pem, facilityId: 'hospital-a' })
    await admin.patch(`/repositories/${ON_DEMAND}`, { facilityId: 'hospital-a', reason: '施設の認証局' })
    t.ok(
      await eventually(async () => isSuccess(await fetched('clinic-b', iti43Initiating, [ofSource])), FELT_WITHIN_MS),
    )
  },
)

t.test(
  'one retrieve through each gateway: ours, another repository’s, one made on demand (3.39, 3.43, 3.61)',
  async (t) => {
    for (const [system, transaction] of GATEWAYS) {
      const text = await fetched(system, transaction, [ofSource, ofOurs, ofRepository])
      t.ok(isSuccess(text), `${system} ${errorCodesOf(text)}`)
      for (const uniqueId of [dynamic, own, document]) t.match(text, textOf(uniqueId), system)
      t.match(text, `<xds:NewDocumentUniqueId>${dynamic}.1</xds:NewDocumentUniqueId>`)
      t.match(text, `<xds:NewRepositoryUniqueId>${ON_DEMAND}</xds:NewRepositoryUniqueId>`)
      t.equal(text.split(`<xds:HomeCommunityId>${homeCommunityId}<`).length, 4, 'each with the home')
      t.notMatch(text, 'its/own', 'what a stable document is, its entry says')
    }
    const without = await network.soap('clinic-b', {
      transaction: iti43Initiating,
      body: writeRetrieveRequest([{ repositoryUniqueId: STABLE, documentUniqueId: document }]),
    })
    t.ok(isSuccess(without.text), 'without a home a repository of this community is known')
    const direct = await network.soap('clinic-b', {
      transaction: iti43,
      body: writeRetrieveRequest([{ repositoryUniqueId: STABLE, documentUniqueId: document }]),
    })
    t.same(errorCodesOf(direct.text), ['XDSUnknownRepositoryId'], 'our repository itself has its own documents alone')
  },
)

t.test('both sides are audited, and the call is in the journal, of nobody (3.39.5, 3.43.5)', async (t) => {
  const { rows } = await pool.query(
    `select distinct type_code, event_code, action, system_id, endpoint from audit.event
     where objects @> $1 and outcome = 0 and type_code <> 'ITI-42' order by endpoint, system_id`,
    [JSON.stringify({ documents: [{ documentUniqueId: document }] })],
  )
  const call = { type_code: 'ITI-43', event_code: '110107', action: 'C', endpoint: repository.url }
  const answer = { event_code: '110106', action: 'R' }
  t.same(rows, [
    { type_code: 'ITI-43', ...answer, system_id: 'clinic-b', endpoint: '/xca/initiating' },
    { type_code: 'ITI-39', ...answer, system_id: 'network-east', endpoint: '/xca/responding' },
    { ...call, system_id: 'clinic-b' },
    { ...call, system_id: 'network-east' },
  ])
  const journal = await pool.query(
    `select distinct transaction, system_id, facility_id, result from journal.exchange where endpoint = $1`,
    [repository.url],
  )
  t.same(journal.rows, [{ transaction: 'ITI-43', system_id: null, facility_id: null, result: 'success' }])
})

t.test('what was fetched for somebody is one look of theirs, not two (idlink L-1)', async (t) => {
  const month = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 7)
  const seen: string[] = []
  const asked = { facilityId: 'clinic-b', month, of: 'own-views' } as const
  for await (const page of findReferences(pool, asked, String))
    seen.push(
      ...page.filter(({ document: { documentUniqueId } }) => documentUniqueId === document).map((one) => one.endpoint),
    )
  t.same([...new Set(seen)], ['/xca/initiating'])
})

t.test('wrong bytes are not delivered, the others are (3.43.4.2)', async (t) => {
  const spoiled = await stable(Buffer.from(`別の文書 ${randomUUID()}`))
  for (const [system, transaction] of GATEWAYS) {
    const text = await fetched(system, transaction, [[STABLE, spoiled], ofRepository, ofOurs])
    t.match(text, 'ResponseStatusType:PartialSuccess')
    t.same(errorCodesOf(text), ['XDSRepositoryError'])
    t.match(text, `location="${homeCommunityId}:${spoiled}"`)
    t.match(text, 'DOCUMENT_DAMAGED')
    t.notMatch(text, '別の文書')
    for (const uniqueId of [document, own]) t.match(text, textOf(uniqueId))
  }
})

t.test('a repository that is down or paused is named for each of its documents, the others stand', async (t) => {
  const states = [
    [{ url: 'https://localhost:1/xds/repository' }, 'ECONNREFUSED'],
    [{ status: 'paused' }, 'paused'],
  ] as const
  for (const [change, reason] of states) {
    await admin.patch(`/repositories/${STABLE}`, change)
    for (const [system, transaction] of GATEWAYS) {
      const text = await fetched(system, transaction, [ofRepository, ofSource, ofOurs])
      t.match(text, 'ResponseStatusType:PartialSuccess')
      t.same(errorCodesOf(text), ['XDSRepositoryError'])
      t.match(text, `location="${homeCommunityId}:${document}"`)
      t.match(text, reason)
      t.match(text, STABLE, 'by name')
      for (const uniqueId of [dynamic, own]) t.match(text, textOf(uniqueId))
    }
  }
  await admin.patch(`/repositories/${STABLE}`, { url: repository.url, status: 'active' })
  t.ok(isSuccess(await fetched('clinic-b', iti43Initiating, [ofRepository])), 'at once')
})

t.test(
  'of an On-Demand entry that is Deprecated no document is made, one of a stable entry lies there yet (3.43.4.1.3)',
  async (t) => {
    const [former, gone] = [await stable(), await onDemand()]
    await pool.query('update registry.document_entry set status = $1 where unique_id = any($2)', [
      STATUS_DEPRECATED,
      [former, gone],
    ])
    const asked = source.asked.length
    for (const [system, transaction] of GATEWAYS) {
      const text = await fetched(system, transaction, [
        [ON_DEMAND, gone],
        [STABLE, former],
      ])
      t.same(errorCodesOf(text), ['XDSDocumentUniqueIdError'], system)
      t.match(text, `location="${homeCommunityId}:${gone}"`)
      t.match(text, textOf(former))
    }
    t.equal(source.asked.length, asked)
  },
)

t.test('what the caller may not see is not there, and nobody is asked for it', async (t) => {
  const asked = repository.asked.length + source.asked.length
  await consentChanges({ sharesWithCommunities: false })
  const hides = async ([system, transaction]: (typeof GATEWAYS)[number]) => {
    const [unseen, absent] = [
      await fetched(system, transaction, [ofRepository]),
      await fetched(system, transaction, [[STABLE, newOid()]]),
    ]
    return [unseen, absent].every((text) => errorCodesOf(text).join() === 'XDSDocumentUniqueIdError')
  }
  const [partner, clinic] = GATEWAYS
  t.ok(await eventually(() => hides(partner), FELT_WITHIN_MS), 'a consent for this network only')
  t.equal(repository.asked.length + source.asked.length, asked)
  t.ok(isSuccess(await fetched('clinic-b', iti43Initiating, [ofRepository])), 'the own network sees it')
  await pool.query('update access.consent set withdrawn_at = now() where withdrawn_at is null')
  t.ok(await eventually(() => hides(clinic), FELT_WITHIN_MS), 'no consent')
})
