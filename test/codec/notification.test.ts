// Update notifications as they travel (ITI TF-2 3.46.4.1.2, 3.10.4.1.2): every byte, and what an independent reading and the schemas say.

import { createRequire } from 'node:module'
import t from 'tap'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import { writeUpdateNotification } from '../../src/codec/hl7v2/write-notification.ts'
import { writeNotification } from '../../src/codec/hl7v3/write-notification.ts'
import { component, repetitions, segmentsOf } from '../../src/model/hl7v2.ts'
import { idIn, oid } from '../identity/in-memory.ts'
import { schemaErrors } from './hl7v3/messages.ts'

const ids = [
  { id: idIn(oid('2.25.100.1'), '0042'), authorityName: '見本病院' },
  { id: idIn(oid('2.25.100.2'), 'B^7&"8'), authorityName: 'CLINIC-B' },
]
const at = new Date('2027-04-01T00:00:05Z')

t.test('3.46.4.1.2: PRPA_IN201302UV02 with all ids, a null name and no demographics', async (t) => {
  const xml = writeNotification(
    { sender: { id: oid('2.25.400.2') }, receiver: { id: oid('2.25.400.1') }, ids },
    { id: { root: '6f0e2c1a-64a3-4f5c-8d7b-2f6f0a1b0001' }, at },
  )
  t.equal(
    xml,
    '<PRPA_IN201302UV02 xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0"><id root="6f0e2c1a-64a3-4f5c-8d7b-2f6f0a1b0001"/>' +
      '<creationTime value="20270401000005+0000"/><interactionId root="2.16.840.1.113883.1.6" extension="PRPA_IN201302UV02"/>' +
      '<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="AL"/>' +
      '<receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE"><id root="2.25.400.1"/></device></receiver>' +
      '<sender typeCode="SND"><device classCode="DEV" determinerCode="INSTANCE"><id root="2.25.400.2"/></device></sender>' +
      '<controlActProcess classCode="CACT" moodCode="EVN"><code code="PRPA_TE201302UV02" codeSystem="2.16.840.1.113883.1.6"/>' +
      '<subject typeCode="SUBJ" contextConductionInd="false"><registrationEvent classCode="REG" moodCode="EVN"><id nullFlavor="NA"/>' +
      '<statusCode code="active"/><subject1 typeCode="SBJ"><patient classCode="PAT">' +
      '<id root="2.25.100.1" extension="0042" assigningAuthorityName="見本病院"/>' +
      '<id root="2.25.100.2" extension="B^7&amp;&quot;8" assigningAuthorityName="CLINIC-B"/><statusCode code="active"/>' +
      '<patientPerson classCode="PSN" determinerCode="INSTANCE"><name nullFlavor="NA"/></patientPerson></patient></subject1>' +
      '<custodian typeCode="CST"><assignedEntity classCode="ASSIGNED"><id root="2.25.400.2"/></assignedEntity></custodian>' +
      '</registrationEvent></subject></controlActProcess></PRPA_IN201302UV02>',
  )
  t.equal(schemaErrors(xml, 'PRPA_IN201302UV02'), '')
})

t.test('3.10.4.1.2: ADT^A31^ADT_A05 with MSH EVN PID PV1, PID-5 one space, PV1-2 N', async (t) => {
  const bytes = writeUpdateNotification({
    sendingFacility: 'NET',
    receivingApplication: 'EHR',
    receivingFacility: 'CLINIC',
    controlId: '6f0e2c1a64a34f5c8d7b',
    at,
    ids,
  })
  t.equal(
    bytes.toString(),
    'MSH|^~\\&|TSUNAGI|NET|EHR|CLINIC|20270401090005+0900||ADT^A31^ADT_A05|6f0e2c1a64a34f5c8d7b|P|2.5||||||UNICODE UTF-8\r' +
      'EVN||20270401090005+0900\r' +
      'PID|||0042^^^見本病院&2.25.100.1&ISO~B\\S\\7\\T\\"8^^^CLINIC-B&2.25.100.2&ISO|| \r' +
      'PV1||N\r',
  )
  const message = readEr7(bytes)
  const fields = repetitions(message, segmentsOf(message, 'PID')[0], 3)
  t.same(
    fields.map((field) => [component(message, field, 1), component(message, field, 4, 2)]),
    [
      ['0042', '2.25.100.1'],
      ['B^7&"8', '2.25.100.2'],
    ],
  )
})

t.test('3.10.4.1.2: an independent library reads the same ids', async (t) => {
  const bytes = writeUpdateNotification({
    sendingFacility: 'NET',
    receivingApplication: 'EHR',
    receivingFacility: 'CLINIC',
    controlId: '1',
    at,
    ids: ids.slice(0, 1),
  })
  const Hl7: new (text: string) => { transform: () => void; get: (field: string) => unknown } = createRequire(
    import.meta.url,
  )('hl7-standard')
  const read = new Hl7(bytes.toString())
  read.transform()
  t.equal(read.get('PID.3.1'), '0042')
  t.equal(read.get('MSH.9.3'), 'ADT_A05')
  t.equal(read.get('PV1.2'), 'N')
})
