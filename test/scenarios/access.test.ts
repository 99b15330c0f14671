// Who may see and publish what, over the real doors: access mode, consent, exclusions, confidentiality, suspension (ITI-18, -41, -42, -43).

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { issueClientInto } from '../../src/certificates/pki-directory.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { formatCx, newOid, type PatientId } from '../../src/model/identifiers.ts'
import { errorCodesOf, isSuccess, laboratory, type Submitted, submissionOf } from '../faults/messages.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'
import { SEEN, seesIn, UNSEEN } from './sees.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const { server, admin } = network

/** Longest time an identity is remembered on a connection is 5 s; the rest is for a busy machine. */
const FELT_WITHIN_MS = 20_000

const byHospital = (value: string): Promise<PatientId> =>
  network.xadForStaff({ value, authority: DOMAINS['hospital-a'] })
const hanako = await byHospital('0000012346')
const sakura = await byHospital('0000012348')
const jiro = await byHospital('0000012349')
const ken = await byHospital('0000012350')
const midori = await byHospital('0000012352')

async function provide(systemId: string, patientId: PatientId, codes: Submitted['codes'] = {}): Promise<string> {
  const { provide, entry } = submissionOf({ patientId, bytes: Buffer.from(`文書 ${newOid()}`), codes })
  const { text } = await network.soap(systemId, provide)
  if (!isSuccess(text)) throw new Error(`${systemId} may not provide: ${errorCodesOf(text).join()}`)
  return entry.uniqueId
}

const sees = seesIn(network)

t.test(
  'a system in affinity-domain mode sees and publishes for everyone, others by consent only (design: access mode)',
  async (t) => {
    const ofTester = await provide('tester', jiro)
    t.equal(await sees('tester', jiro, ofTester), SEEN)
    t.equal(await sees('clinic-b', jiro, ofTester), UNSEEN, 'no consent stands')
    const ofHospital = await provide('hospital-a', hanako)
    t.equal(await sees('tester', hanako, ofHospital), SEEN)
    t.equal(await sees('clinic-b', hanako, ofHospital), SEEN)
    const ofStranger = await provide('tester', hanako)
    t.equal(await sees('clinic-b', hanako, ofStranger), UNSEEN, 'the tester is in no union with the clinic')
  },
)

t.test('an individual consent covers the facilities it names (ITI-18, ITI-43)', async (t) => {
  const document = await provide('hospital-a', sakura)
  t.equal(await sees('clinic-b', sakura, document), SEEN)
  t.equal(await sees('pharmacy-c', sakura, document), UNSEEN, 'its number is linked, but it is not named')
})

t.test('a facility that the consent excludes sees nothing, the others do (ITI-18, ITI-43)', async (t) => {
  const document = await provide('hospital-a', midori)
  t.equal(await sees('clinic-b', midori, document), SEEN)
  t.equal(await sees('pharmacy-c', midori, document), UNSEEN)
})

t.test('a kind that the consent excludes stays with its publisher (DocumentEntry.classCode)', async (t) => {
  const [prescription, result] = [
    await provide('hospital-a', ken, { classCode: 'MEDICATION' }),
    await provide('hospital-a', ken, { classCode: 'LAB' }),
  ]
  for (const viewer of ['clinic-b', 'pharmacy-c']) {
    t.equal(await sees(viewer, ken, prescription), UNSEEN)
    t.equal(await sees(viewer, ken, result), SEEN)
  }
  t.equal(await sees('hospital-a', ken, prescription), SEEN)
})

t.test(
  'what is marked R is for its publisher and for systems with that ceiling (DocumentEntry.confidentialityCode)',
  async (t) => {
    const document = await provide('hospital-a', hanako, { confidentialityCode: 'R' })
    t.equal(await sees('clinic-b', hanako, document), UNSEEN)
    t.equal(await sees('hospital-a', hanako, document), SEEN)
    t.equal(await sees('tester', hanako, document), SEEN)
  },
)

t.test(
  'publishing without consent looks like publishing for a patient who does not exist (ITI TF-2 3.42.4.1.3)',
  async (t) => {
    const attempt = async (patientId: PatientId): Promise<string> => {
      const { provide, entry } = submissionOf({ patientId, bytes: Buffer.from('同意なし') })
      const { text } = await network.soap('hospital-a', provide)
      t.strictSame(errorCodesOf(text), ['XDSUnknownPatientId'])
      return text
        .replaceAll(formatCx(patientId).replaceAll('&', '&amp;'), 'CX')
        .replaceAll(patientId.value, 'ID')
        .replaceAll(entry.uniqueId, 'OID')
        .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
        .replaceAll(/Content-ID: <[^>]*>/g, 'Content-ID: <PART>')
    }
    const withoutConsent = await attempt(jiro)
    t.equal(withoutConsent, await attempt({ ...jiro, value: jiro.value.replace(/.$/, 'X') }))
  },
)

t.test(
  'a repository registers documents of its own repositoryUniqueId only (ITI TF-2 3.42; access rule of the network)',
  async (t) => {
    const own = newOid()
    const systemId = 'hospital-a-archive'
    await admin.post('/systems', {
      systemId,
      facilityId: 'hospital-a',
      roles: ['document-repository'],
      repositories: [own],
    })
    const { paths } = await issueClientInto(join(server.config.dataDir, 'pki'), { systemId, facilityOid: newOid() })
    await admin.post(`/systems/${systemId}/certificates`, { pem: await readFile(paths.certificate, 'utf8') })
    const register = async (repositoryUniqueId: string) => {
      const given = { patientId: hanako, bytes: Buffer.from('外部保存'), repositoryUniqueId }
      return (await network.soap(systemId, submissionOf(given).register)).text
    }
    for (const foreign of [server.config.repository.uniqueId, newOid()])
      t.strictSame(errorCodesOf(await register(foreign)), ['XDSRegistryMetadataError'])
    t.ok(isSuccess(await register(own)))
  },
)

/** What hospital-a gets at both doors, with connections of its own. */
async function doors(): Promise<string> {
  const { status, text } = await network.soap(
    'hospital-a',
    submissionOf({ patientId: hanako, bytes: Buffer.from('x') }).provide,
  )
  const connection = await network.mllp('hospital-a')
  try {
    const ack = readAck(await connection.send(laboratory({ order: '000000000902001' })))
    const soap = status === 200 ? 'answered' : /Not authorised/i.test(text) ? 'fault' : text
    const why = /not authorised|facility is suspended/i.exec(ack.errors[0]?.diagnostic ?? '')?.[0] ?? ''
    return `${status} ${soap}, ${ack.code} ${why.toLowerCase()}`.trimEnd()
  } finally {
    await connection.close()
  }
}

const OPEN = '200 answered, AA'
/** The sender of a suspended facility keeps its messages; a system that is suspended alone is told no more than any other. */
const SHUT = [
  ['systems', '400 fault, AR not authorised'],
  ['facilities', '400 fault, AR facility is suspended'],
] as const

for (const [what, shut] of SHUT)
  t.test(`suspended ${what} are told so, until they are resumed (security: answers)`, async (t) => {
    t.equal(await doors(), OPEN)
    await admin.patch(`/${what}/hospital-a`, { status: 'suspended' })
    t.ok(await eventually(async () => (await doors()) === shut, FELT_WITHIN_MS), await doors())
    await admin.patch(`/${what}/hospital-a`, { status: 'active' })
    t.ok(await eventually(async () => (await doors()) === OPEN, FELT_WITHIN_MS), await doors())
  })
