// Objections, withdrawal for a facility and 支援中止 as the doors feel them: at once, for viewing and for publishing (idlink C-4, C-5, C-7).

import t from 'tap'
import { iti62, iti86 } from '../../profiles/transactions/index.ts'
import { localAddresses } from '../../src/cli/running-server.ts'
import { writeRemoveDocuments, writeRemoveObjects } from '../../src/codec/ebxml/remove.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { newOid } from '../../src/model/identifiers.ts'
import { errorCodesOf, isSuccess, laboratory, type Submitted, submissionOf } from '../faults/messages.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'
import { SEEN, seesIn, UNSEEN } from './sees.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const { admin } = network
/** 花子: a comprehensive consent without exclusions, numbers at all facilities of the demo network. */
const hanako = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })

async function provide(systemId: string, codes: Submitted['codes'] = {}): Promise<string> {
  const { provide, entry } = submissionOf({ patientId: hanako, bytes: Buffer.from(`文書 ${newOid()}`), codes })
  const { text } = await network.soap(systemId, provide)
  return isSuccess(text) ? entry.uniqueId : errorCodesOf(text).join()
}

const sees = seesIn(network)

async function standingConsent(): Promise<string> {
  const { body } = await admin.get(`/patients/${hanako.value}/consents`)
  const standing = (body as readonly { readonly consentId: string; readonly withdrawnAt: string | null }[]).find(
    ({ withdrawnAt }) => withdrawnAt === null,
  )
  if (standing === undefined) throw new Error('no consent stands')
  return standing.consentId
}

const change = async (body: object) => admin.patch(`/consents/${await standingConsent()}`, { reason: 'test', ...body })

t.test('C-4: an objection to a kind or a facility hides at once, and taken back shows again', async (t) => {
  const [prescription, result] = [
    await provide('hospital-a', { classCode: 'MEDICATION' }),
    await provide('hospital-a', { classCode: 'LAB' }),
  ]
  t.equal(await sees('clinic-b', hanako, prescription), SEEN)
  await change({ exclude: { kinds: ['MEDICATION'] } })
  t.equal(await sees('clinic-b', hanako, prescription), UNSEEN)
  t.equal(await sees('clinic-b', hanako, result), SEEN)
  t.equal(await sees('hospital-a', hanako, prescription), SEEN, 'its publisher has it')
  await change({ exclude: { facilities: ['clinic-b'] } })
  t.equal(await sees('clinic-b', hanako, result), UNSEEN)
  t.equal(await sees('pharmacy-c', hanako, result), SEEN)
  await change({ readmit: { kinds: ['MEDICATION'], facilities: ['clinic-b'] } })
  t.equal(await sees('clinic-b', hanako, prescription), SEEN)
})

t.test(
  'C-5: withdrawn for a facility, it publishes no more and what it published is seen by nobody else',
  async (t) => {
    const document = await provide('hospital-a')
    t.equal(await sees('clinic-b', hanako, document), SEEN)
    await admin.post(`/consents/${await standingConsent()}/withdraw`, { facilities: ['hospital-a'] })
    t.equal(await provide('hospital-a'), 'XDSUnknownPatientId')
    t.equal(await sees('clinic-b', hanako, document), UNSEEN)
    await change({ readmit: { facilities: ['hospital-a'] } })
    t.equal(await sees('clinic-b', hanako, document), SEEN)
  },
)

t.test(
  'C-7: after 支援中止 no facility sees the record, the publisher neither, and nothing new is taken',
  async (t) => {
    const document = await provide('hospital-a')
    await admin.post(`/patients/${hanako.value}/stop-support`, { reason: 'test' })
    for (const systemId of ['clinic-b', 'pharmacy-c', 'hospital-a', 'tester'])
      t.equal(await sees(systemId, hanako, document), UNSEEN, systemId)
    t.equal(await provide('hospital-a'), 'XDSUnknownPatientId')
    await admin.post(`/patients/${hanako.value}/resume-support`, { reason: 'test' })
    t.equal(await sees('clinic-b', hanako, document), SEEN)
    t.equal(await sees('hospital-a', hanako, document), SEEN)
    t.match(await provide('hospital-a'), /^[0-9.]+$/)
  },
)

t.test(
  'C-7: no push is taken while support is stopped, of a trusted system neither (docs/access-rights.md)',
  async (t) => {
    const trust = (mode: string | null) =>
      network.pool.query(`update access.system set access_mode = $1 where system_id = 'hospital-a'`, [mode])
    await trust('affinity-domain')
    t.teardown(() => trust(null))
    await admin.post(`/patients/${hanako.value}/stop-support`, { reason: 'test' })
    const connection = await network.mllp('hospital-a')
    t.teardown(connection.close)
    const push = async () => readAck(await connection.send(laboratory({ order: '000000000907003' })))
    const { code, errors } = await push()
    t.same([code, errors[0]?.application], ['AE', 'SC-CONSENT'])
    await admin.post(`/patients/${hanako.value}/resume-support`, { reason: 'test' })
    t.equal((await push()).code, 'AA', 'consent is not asked for in this mode, the stop is')
  },
)

t.test('C-7: what is stopped cannot be removed either: to publisher and tester it is not there', async (t) => {
  const { provide: sent, entry } = submissionOf({ patientId: hanako, bytes: Buffer.from(`文書 ${newOid()}`) })
  t.ok(isSuccess((await network.soap('hospital-a', sent)).text))
  const { uniqueId } = entry
  const { uniqueId: repositoryUniqueId } = network.server.config.repository
  const codeOf = async (systemId: string, removal: Parameters<typeof network.soap>[1]): Promise<string> => {
    const { text } = await network.soap(systemId, removal)
    return isSuccess(text) ? 'Success' : errorCodesOf(text).join()
  }
  await admin.post(`/patients/${hanako.value}/stop-support`, { reason: 'test' })
  for (const systemId of ['tester', 'hospital-a']) {
    const metadata = { transaction: iti62, body: writeRemoveObjects([entry.entryUUID]) }
    t.equal(await codeOf(systemId, metadata), 'UnresolvedReferenceException', systemId)
    const bytes = writeRemoveDocuments([{ repositoryUniqueId, documentUniqueId: uniqueId }])
    t.equal(await codeOf(systemId, { transaction: iti86, body: bytes }), 'XDSDocumentUniqueIdError', systemId)
  }
  await admin.post(`/patients/${hanako.value}/resume-support`, { reason: 'test' })
  t.equal(await sees('clinic-b', hanako, uniqueId), SEEN)
})

t.test('C-7: while support is stopped nothing of the record leaves with an export of the storage', async (t) => {
  const connection = await network.mllp('hospital-a')
  t.teardown(connection.close)
  t.equal(readAck(await connection.send(laboratory({ order: '000000000907001' }))).code, 'AA')
  const { managementUrl } = localAddresses(network.server)
  const session = await network.clinicians.administratorOf('hospital-a')
  const exported = async (): Promise<boolean> => {
    const answers = await Promise.all(
      ['', '?patient=0000012346'].map(async (query) => {
        const url = `${managementUrl}/admin/v1/facilities/hospital-a/ssmix${query}`
        return (await fetch(url, { headers: { authorization: `Bearer ${session}` } })).text()
      }),
    )
    return answers.some((text) => text.includes('000000000907001'))
  }
  t.equal(await exported(), true)
  await admin.post(`/patients/${hanako.value}/stop-support`, { reason: 'test' })
  t.equal(await exported(), false)
  await admin.post(`/patients/${hanako.value}/resume-support`, { reason: 'test' })
  t.equal(await exported(), true)
})
