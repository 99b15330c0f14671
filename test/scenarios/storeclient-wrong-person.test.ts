// Documents that stood under the wrong person or day go with the files inside them (ITI TF-3 4.2.2.2.3; SS-MIX2).

import t from 'tap'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import type { PatientId } from '../../src/model/identifiers.ts'
import { startNetwork } from '../faults/support.ts'

t.setTimeout(120_000)

const network = await startNetwork(t)
const connection = await network.mllp('hospital-a')
t.teardown(connection.close)

const NUMBER = 'HX-LINK-1'
const PID = `PID|0001||${NUMBER}^^^^PI||架空^桃子^^^^^L^I~カクウ^モモコ^^^^^L^P||19720830|F`
const PDF = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64')
const FILE = `^application^pdf^Base64^${PDF}`

async function send(segments: readonly string[]): Promise<void> {
  const ack = readAck(await connection.send(Buffer.from([...segments, ''].join('\r'))))
  t.equal(ack.code, 'AA', ack.errors.map(({ userText }) => userText).join('; '))
}

function msh(event: string, controlId: string, time: string): string {
  return `MSH|^~\\&|EHR|1399100015|GW|TSUNAGI|${time}||${event}|${controlId}|P|2.5||||||UNICODE UTF-8`
}

/** A new person with our number, as registration staff enter one. */
async function register(): Promise<PatientId> {
  const names = [
    { representation: 'IDE', family: '架空', given: '桃子' },
    { representation: 'SYL', family: 'カクウ', given: 'モモコ' },
  ]
  const { body } = await network.admin.post('/patients', { demographics: { names, sex: 'F', birthTime: '19720830' } })
  const { xad } = body as { readonly xad: string }
  await network.admin.post(`/patients/${xad}/links`, { facilityId: 'hospital-a', id: NUMBER, reason: 'registration' })
  await network.admin.post(`/patients/${xad}/consents`, { kind: 'comprehensive' })
  return { value: xad, authority: network.server.config.identity.affinityDomainAuthority }
}

async function standing(patient: PatientId): Promise<readonly string[]> {
  const entries = await network.find('hospital-a', patient)
  return entries.map(({ mimeType, title }) => `${mimeType} ${title}`).sort()
}

const report = (day: string, control: string) => [
  msh('ORU^R01^ORU_R01', `HX-R-${day}`, `${day}100000`),
  PID,
  `ORC|${control}|HX-700`,
  `OBR|1|HX-700|HX-R700|18748-4^画像診断報告書^LN|||${day}083000`,
  `OBX|1|ED|18748-4^画像診断報告書^LN||${FILE}||||||F`,
]
const summary = (time: string) => [
  msh('MDM^T02^MDM_T02', `HX-D-${time}`, time),
  `EVN|T02|${time}`,
  PID,
  'PV1|1|O',
  'TXA|1|18842-5^退院時サマリー^LN|AP|20260401||||||||HX-D1||||HX.pdf|AU||AV',
  `OBX|1|ED|18842-5^退院時サマリー^LN||${FILE}||||||F`,
]

const former = await register()

t.test('the file of a report goes with it when its order is moved to another day', async (t) => {
  await send(report('20260401', 'SC'))
  await send(report('20260403', 'XO'))
  t.same(
    (await standing(former)).map((one) => one.split(' ')[0]),
    ['application/pdf', 'x-application/hl7-v2+er7'],
  )
})

t.test('a document sent again leaves the person whom the number was linked to before, with its file', async (t) => {
  await send(summary('20260401090000'))
  t.equal((await standing(former)).length, 4)
  await network.admin.delete(
    `/patients/${former.value}/links/hospital-a/${NUMBER}?reason=${encodeURIComponent('別人')}`,
  )
  const other = await register()
  await send(summary('20260402090000'))
  await send(report('20260404', 'XO'))
  t.equal((await standing(other)).length, 4)
  const left = await network.pool.query(
    `select e.mime_type from registry.document_entry e join identity.identifier i using (person_key)
     where i.value = $1 and e.status like '%Approved' and e.class_code like 'DOCUMENT%'`,
    [former.value],
  )
  t.same(left.rows, [])
})
