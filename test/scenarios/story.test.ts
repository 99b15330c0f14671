// The whole story over real TLS and PostgreSQL: push, look up, find, fetch, correct, withdraw (HL7 v2.5 OUL^R22; ITI-45, ITI-18, ITI-43).

import t from 'tap'
import { iti43 } from '../../profiles/transactions/index.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { newOid } from '../../src/model/identifiers.ts'
import { STATUS_APPROVED, STATUS_DEPRECATED } from '../../src/model/xds.ts'
import { errorCodesOf, laboratory } from '../faults/messages.ts'
import { DOMAINS, eventually, startNetwork } from '../faults/support.ts'

const network = await startNetwork(t)
const { pool, server } = network
const { repository } = server.config
const HANAKO_AT_CLINIC = { value: 'B-78', authority: DOMAINS['clinic-b'] }
const TARO_AT_CLINIC = { value: 'B-77', authority: DOMAINS['clinic-b'] }
const ORDER = '000000000901001'

const hanako = await network.xadBy('clinic-b', HANAKO_AT_CLINIC)
const first = laboratory({ order: ORDER, controlId: 'STORY-1', sentAt: '20260201120000' })
const corrected = laboratory({
  order: ORDER,
  controlId: 'STORY-2',
  sentAt: '20260202090000',
  result: '7.0',
  status: 'C',
})

async function push(message: Buffer): Promise<Buffer> {
  const connection = await network.mllp('hospital-a')
  try {
    return await connection.send(message)
  } finally {
    await connection.close()
  }
}

async function findLaboratory(systemId: string, status?: readonly string[]) {
  const found = await network.find(systemId, hanako, status === undefined ? {} : { status })
  return found.filter(({ referenceIdList }) => referenceIdList.some((id) => id.startsWith(ORDER)))
}

async function counts(): Promise<unknown> {
  const { rows } = await pool.query(
    `select (select count(*) from registry.document_entry)::int as entries,
            (select count(*) from registry.submission_set)::int as sets,
            (select count(*) from registry.association)::int as associations,
            (select count(*) from repository.document)::int as documents`,
  )
  return rows[0]
}

/** Journal and audit rows of one transaction by one system, the newest first. */
async function trail(transaction: string, systemId: string) {
  const { rows } = await pool.query(
    `select j.exchange_id, j.transaction, j.system_id, j.facility_id, j.result, j.error_codes, j.patients, j.peer,
            j.request_bytes::int as request_bytes, e.type_code, e.outcome, e.patients as audited, e.objects, e.reason
     from journal.exchange j left join audit.event e using (exchange_id)
     where j.transaction = $1 and j.system_id = $2 order by j.at desc, e.event_id desc`,
    [transaction, systemId],
  )
  return rows
}

/** A refusal with what differs from message to message taken out: the id that was asked for, and ours. */
function anonymous(text: string, id: string): string {
  return text
    .replaceAll(id, 'ID')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/MIMEBoundary_UUID|<?UUID@[^>"\s]*>?/g, 'PART')
}

t.test(
  'a pushed result is found with the clinic’s own number and comes back byte for byte (HL7 v2.5; ITI-45, -18, -43)',
  async (t) => {
    const ack = readAck(await push(first))
    t.equal(ack.code, 'AA')
    t.equal(ack.controlId, 'STORY-1')
    t.strictSame(await network.xadBy('clinic-b', HANAKO_AT_CLINIC), hanako)
    const found = await findLaboratory('clinic-b')
    t.equal(found.length, 1)
    const [entry] = found
    t.equal(entry?.repositoryUniqueId, repository.uniqueId)
    const { documents, response } = await network.fetch('clinic-b', [entry?.uniqueId ?? ''])
    t.match(response.status, /Success$/)
    t.same(documents[0]?.bytes, first, 'ISO-2022-JP bytes as they were pushed')
    t.equal(documents[0]?.mimeType, entry?.mimeType)
  },
)

t.test('every step left who, what, whose and how it ended, in journal and audit (ITI TF-2 3.20)', async (t) => {
  for (const [transaction, systemId] of [
    ['StoreClient', 'hospital-a'],
    ['ITI-45', 'clinic-b'],
    ['ITI-18', 'clinic-b'],
    ['ITI-43', 'clinic-b'],
  ] as const) {
    const [row] = (await trail(transaction, systemId)).filter(({ patients }) => patients.length > 0)
    t.ok(row, `${transaction} of ${systemId} is in the journal`)
    t.equal(row?.facility_id, systemId)
    t.equal(row?.result, 'success')
    t.equal(row?.outcome, 0, `${transaction} is audited as a success`)
    t.ok(
      row?.audited.some((patient: string) => patient.includes(hanako.value) || patient.includes('B-78')),
      'the patient is named',
    )
    t.match(row?.peer, /^\S+:\d+$/)
    t.ok(row?.request_bytes > 0)
  }
  const [read] = await trail('ITI-43', 'clinic-b')
  t.match(
    read?.objects,
    { documents: [{ documentUniqueId: /^[\d.]+$/ }] },
    'the audit event of a retrieve names the document',
  )
})

t.test(
  'the same message again gets the same acknowledgement and changes nothing (HL7 v2.5 2.9; StoreClient C.5)',
  async (t) => {
    const withoutOwnIds = (bytes: Buffer): string[] =>
      bytes
        .toString('latin1')
        .split('\r')
        .map((segment) => {
          if (!segment.startsWith('MSH')) return segment
          const fields = segment.split('|')
          return fields.map((field, index) => (index === 6 || index === 9 ? '' : field)).join('|')
        })
    const before = await counts()
    const [one, two] = [await push(first), await push(first)]
    t.strictSame(withoutOwnIds(one), withoutOwnIds(two))
    t.equal(readAck(one).code, 'AA')
    t.strictSame(await counts(), before)
    t.equal((await findLaboratory('clinic-b')).length, 1)
  },
)

t.test('a corrected result replaces the former one, and both can be fetched (ITI TF-3 4.2.2.2.3 RPLC)', async (t) => {
  const [old] = await findLaboratory('clinic-b')
  t.equal(readAck(await push(corrected)).code, 'AA')
  const approved = await findLaboratory('clinic-b')
  t.equal(approved.length, 1)
  t.not(approved[0]?.uniqueId, old?.uniqueId)
  const all = await findLaboratory('clinic-b', [STATUS_APPROVED, STATUS_DEPRECATED])
  t.equal(all.length, 2)
  const deprecated = await findLaboratory('clinic-b', [STATUS_DEPRECATED])
  t.strictSame(
    deprecated.map(({ uniqueId }) => uniqueId),
    [old?.uniqueId],
  )
  const ids = [old?.uniqueId ?? '', approved[0]?.uniqueId ?? '']
  const { documents } = await network.fetch('clinic-b', ids)
  t.same(
    documents.map(({ bytes }) => bytes),
    [first, corrected],
  )
})

t.test(
  'who has no link sees nothing, and a document exists for them as little as an invented one (ITI-18, ITI-43)',
  async (t) => {
    const taro = await network.xadBy('clinic-b', TARO_AT_CLINIC)
    const [entry] = await network.find('clinic-b', taro)
    const existing = entry?.uniqueId ?? ''
    const invented = newOid()
    t.ok(existing)
    t.strictSame(await network.find('pharmacy-c', taro), [])
    const retrieve = async (id: string) => {
      const body = writeRetrieveRequest([{ repositoryUniqueId: repository.uniqueId, documentUniqueId: id }])
      return (await network.soap('pharmacy-c', { transaction: iti43, body })).text
    }
    const [hidden, unknown] = [await retrieve(existing), await retrieve(invented)]
    t.strictSame(errorCodesOf(hidden), ['XDSDocumentUniqueIdError'])
    t.equal(anonymous(hidden, existing), anonymous(unknown, invented))
  },
)

t.test(
  'a neighbouring network has no role at the registry and the repository of this one (ITI TF-2 3.18, 3.43)',
  async (t) => {
    await t.rejects(network.find('network-east', hanako), { name: 'SoapFaultError' })
    const [entry] = await findLaboratory('clinic-b')
    await t.rejects(network.fetch('network-east', [entry?.uniqueId ?? '']), { name: 'SoapFaultError' })
    const [row] = await trail('ITI-43', 'network-east')
    t.strictSame(row?.error_codes, ['ROLE_MISSING'])
  },
)

t.test('a withdrawn consent works at once; the hospital still has its own (consent rule of the network)', async (t) => {
  const [entry] = await findLaboratory('clinic-b')
  const path = `/patients/${hanako.value}/consents`
  const consents = (await network.admin.get(path)).body as readonly { readonly consentId: string }[]
  for (const { consentId } of consents) await network.admin.post(`/consents/${consentId}/withdraw`, {})
  t.ok(await eventually(async () => (await network.find('clinic-b', hanako)).length === 0, 1000))
  const refused = await network.fetch('clinic-b', [entry?.uniqueId ?? ''])
  t.strictSame(
    refused.response.errors.map(({ errorCode }) => errorCode),
    ['XDSDocumentUniqueIdError'],
  )
  t.equal((await findLaboratory('hospital-a')).length, 1)
  const own = await network.fetch('hospital-a', [entry?.uniqueId ?? ''])
  t.same(own.documents[0]?.bytes, corrected)
  const [denied] = await trail('ITI-43', 'clinic-b')
  t.equal(denied?.outcome, 8)
  t.match(denied?.reason, /^deny: /, 'the audit event says why, the answer does not')
  const ack = readAck(await push(laboratory({ order: '000000000901002', controlId: 'STORY-3' })))
  t.not(ack.code, 'AA', 'nothing may be published without consent')
  t.match(ack.errors[0], { application: /SC-CONSENT/ })
})

t.test('a patient of no one is answered like a patient without documents (ITI-18)', async (t) => {
  const nobody = { ...hanako, value: 'NOBODY-1' }
  t.strictSame(await network.find('clinic-b', nobody), [])
})
