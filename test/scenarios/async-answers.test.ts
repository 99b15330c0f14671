// Asynchronous web services exchange against a whole server: 202 at once, and the answer as a POST to a real HTTPS receiver (ITI TF-2 Appendix V.3.3).

import { randomUUID, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { iti18, iti42, iti43, iti45, type Transaction } from '../../profiles/transactions/index.ts'
import { writeFindDocuments } from '../../src/codec/ebxml/query-request.ts'
import { writeRetrieveRequest } from '../../src/codec/ebxml/retrieve.ts'
import { writeQuery } from '../../src/codec/hl7v3/write-query.ts'
import { SoapFaultError } from '../../src/codec/soap/answer.ts'
import { el } from '../../src/codec/xml/write.ts'
import { newOid } from '../../src/model/identifiers.ts'
import { submissionOf } from '../faults/messages.ts'
import { DOMAINS, eventually, type RawCall, startNetwork } from '../faults/support.ts'
import { type Arrived, startReceiver } from './receiver.ts'

t.setTimeout(170_000)

/** Systems of the demo network that may have their answers sent; pharmacy-c may not. */
const ALLOWED = ['hospital-a', 'clinic-b', 'tester'].map((system) => `${system}@localhost:*`).join(',')
const network = await startNetwork(t, { 'soap.asyncReplyTo': ALLOWED })
const { server, pool } = network
const hanako = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })
const ARRIVES_WITHIN_MS = 20_000

const receiver = await startReceiver(t, server.config)

interface Asked extends RawCall {
  readonly system?: string
}

/** Sends with a ReplyTo of its own, and waits for what arrives there. */
async function ask({ system = 'hospital-a', ...call }: Asked): Promise<Arrived> {
  const path = `/answers/${randomUUID()}`
  const messageId = call.messageId ?? `urn:uuid:${randomUUID()}`
  const replyTo = `${receiver.url}${path}`
  const accepted = await network.soap(system, { replyTo, ...call, messageId })
  t.equal(accepted.status, 202, `${call.transaction.id}: accepted`)
  t.equal(accepted.text, '', 'with an empty body')
  const find = (): Arrived | undefined => receiver.arrived.find((one) => one.path.startsWith(path))
  await eventually(async () => find() !== undefined, ARRIVES_WITHIN_MS)
  const found = find()
  if (found === undefined) throw new Error(`${call.transaction.id}: nothing arrived`)
  t.ok(found.envelope.includes(`<wsa:RelatesTo>${messageId}</wsa:RelatesTo>`), 'relates to the request')
  t.ok(found.envelope.includes(`<wsa:To>${replyTo}</wsa:To>`), 'is addressed to the requester')
  t.match(found.envelope, /<wsa:MessageID>urn:uuid:[0-9a-f-]{36}<\/wsa:MessageID>/, 'has an id of its own')
  t.equal(found.packaging, call.transaction.mtom === 'required' ? 'mtom' : 'simple', 'packaged like the request')
  return found
}

function bodyOf({ message }: Arrived, transaction: Transaction): string {
  if (message instanceof SoapFaultError) throw message
  t.equal(message.action, transaction.responseAction)
  return message.body.name
}

t.test('ITI-18: the query answer arrives under our server certificate, and both ways are journalled', async (t) => {
  const body = writeFindDocuments({ patientId: hanako, returnType: 'ObjectRef' })
  const messageId = `urn:uuid:${randomUUID()}`
  const arrived = await ask({ transaction: iti18, body, messageId })
  t.equal(bodyOf(arrived, iti18), 'AdhocQueryResponse')
  t.match(arrived.envelope, /ResponseStatusType:Success/)
  const ours = new X509Certificate(await readFile(server.config.tls.certificate)).fingerprint256
  t.equal(arrived.peer, ours)
  const rows = async () =>
    (
      await pool.query<{ transaction: string; result: string; endpoint: string }>(
        'select transaction, result, endpoint from journal.exchange where message_id = $1 order by at, transaction',
        [messageId],
      )
    ).rows
  t.ok(await eventually(async () => (await rows()).length === 2, ARRIVES_WITHIN_MS))
  t.match(await rows(), [
    { transaction: 'ITI-18', result: 'success', endpoint: '/xds/registry' },
    { transaction: 'ITI-18 answer', result: 'success', endpoint: receiver.url },
  ])
  const { rows: delivered } = await pool.query(
    `select exchange_id from journal.exchange where message_id = $1 and transaction = 'ITI-18 answer'`,
    [messageId],
  )
  const [sent] = await server.kept(delivered[0].exchange_id)
  t.match(sent, { direction: 'request', isWhole: true })
  t.equal(sent?.bytes.toString(), arrived.envelope, 'what was sent is kept')
  const { rows: events } = await pool.query(
    'select from audit.event join journal.exchange using (exchange_id) where message_id = $1',
    [messageId],
  )
  t.equal(events.length, 1, 'audited once, as any query')
})

t.test(
  'ITI-41: stored when the answer arrives; sent again under the same MessageID it is one submission',
  async (t) => {
    const { provide, entry, set } = submissionOf({ patientId: hanako, bytes: Buffer.from('asynchronous') })
    for (const round of ['first', 'again']) {
      const arrived = await ask(provide)
      t.equal(bodyOf(arrived, provide.transaction), 'RegistryResponse')
      t.match(arrived.envelope, /ResponseStatusType:Success/, round)
      const found = await network.find('hospital-a', hanako)
      t.equal(found.filter(({ uniqueId }) => uniqueId === entry.uniqueId).length, 1, round)
    }
    const { rows } = await pool.query('select from registry.submission_set where unique_id = $1', [set.uniqueId])
    t.equal(rows.length, 1)
  },
)

t.test('ITI-42: registered by a repository that hears of it later', async (t) => {
  const { register, entry } = submissionOf({
    patientId: hanako,
    bytes: Buffer.from('elsewhere'),
    repositoryUniqueId: newOid(),
  })
  const arrived = await ask({ ...register, system: 'tester' })
  t.equal(bodyOf(arrived, iti42), 'RegistryResponse')
  t.match(arrived.envelope, /ResponseStatusType:Success/)
  const found = await network.find('tester', hanako)
  t.ok(found.some(({ uniqueId }) => uniqueId === entry.uniqueId))
})

t.test('ITI-43: a large document is streamed to the requester as an MTOM part', async (t) => {
  const bytes = Buffer.alloc(3 * 1024 * 1024, 'x')
  const { provide, entry } = submissionOf({ patientId: hanako, bytes })
  await ask(provide)
  const { uniqueId } = server.config.repository
  const body = writeRetrieveRequest([{ repositoryUniqueId: uniqueId, documentUniqueId: entry.uniqueId }])
  const arrived = await ask({ transaction: iti43, body })
  t.equal(bodyOf(arrived, iti43), 'RetrieveDocumentSetResponse')
  const [part] = arrived.parts.values()
  t.ok(part?.equals(bytes))
})

t.test('ITI-45: HL7 v3 answers travel the same way', async (t) => {
  const device = { id: newOid() }
  const patientId = { value: '0000012346', authority: DOMAINS['hospital-a'] }
  const query = { sender: device, receiver: device, queryId: { root: newOid() }, patientId, dataSources: [] }
  const arrived = await ask({ transaction: iti45, body: writeQuery(query) })
  t.equal(bodyOf(arrived, iti45), 'PRPA_IN201310UV02')
})

t.test('a business failure is an answer; a fault found later goes to FaultTo', async (t) => {
  const refused = await ask({
    transaction: iti18,
    body: el('query:AdhocQueryRequest', { 'xmlns:query': iti18.request.ns }),
  })
  t.equal(bodyOf(refused, iti18), 'AdhocQueryResponse')
  t.match(refused.envelope, /ResponseStatusType:Failure/)

  const { provide } = submissionOf({ patientId: hanako, bytes: Buffer.from('twice') })
  const body = provide.body.replace('</xds:ProvideAndRegisterDocumentSetRequest>', '')
  const document = /<xds:Document .*<\/xds:Document>/.exec(body)?.[0] ?? ''
  const twice = `${body}${document}</xds:ProvideAndRegisterDocumentSetRequest>` as typeof provide.body
  const path = `/faults/${randomUUID()}`
  const { status } = await network.soap('hospital-a', {
    ...provide,
    body: twice,
    replyTo: `${receiver.url}/answers`,
    faultTo: `${receiver.url}${path}`,
  })
  t.equal(status, 202)
  const find = (): Arrived | undefined => receiver.arrived.find((one) => one.path === path)
  t.ok(await eventually(async () => find() !== undefined, ARRIVES_WITHIN_MS))
  const fault = find()
  t.match(fault?.message, { code: 'Sender', detail: /MTOM|Include/ })
  t.equal(fault?.packaging, 'mtom')
  t.ok(fault?.envelope.includes(`<wsa:RelatesTo>${provide.messageId}</wsa:RelatesTo>`))
})

t.test(
  'what is wrong before the message is accepted is said on the connection, and nothing is sent anywhere',
  async (t) => {
    const before = receiver.arrived.length
    const body = writeFindDocuments({ patientId: hanako, returnType: 'ObjectRef' })
    const replyTo = `${receiver.url}/answers`
    const unknown = await network.soap('hospital-a', {
      transaction: { ...iti18, action: 'urn:ihe:iti:2007:Nothing' } as unknown as Transaction,
      body,
      replyTo,
    })
    t.equal(unknown.status, 400)
    t.match(unknown.text, /wsa:ActionNotSupported/)
    for (const [system, address] of [
      ['pharmacy-c', replyTo],
      ['hospital-a', 'https://169.254.169.254/latest'],
      ['hospital-a', replyTo.replace('https:', 'http:')],
    ] as const) {
      const refused = await network.soap(system, { transaction: iti18, body, replyTo: address })
      t.equal(refused.status, 400, `${system} ${address}`)
      t.match(refused.text, /wsa:OnlyAnonymousAddressSupported/)
      t.match(refused.text, /<wsa:ProblemHeaderQName>wsa:ReplyTo</)
    }
    const none = await network.soap('hospital-a', {
      transaction: iti18,
      body,
      replyTo: 'http://www.w3.org/2005/08/addressing/none',
    })
    t.strictSame([none.status, none.text], [202, ''])
    t.equal(receiver.arrived.length, before)
  },
)

t.test('a system whose receiver takes no answers is told to wait, before anything is done (BUSY)', async (t) => {
  const away = await startReceiver(t, server.config, 503)
  const body = writeFindDocuments({ patientId: hanako, returnType: 'ObjectRef' })
  const send = (system: string) => network.soap(system, { transaction: iti18, body, replyTo: `${away.url}/answers` })
  const statuses = []
  for (let number = 0; number < 8; number += 1) statuses.push((await send('clinic-b')).status)
  t.strictSame(statuses, Array<number>(8).fill(202))
  const busy = await send('clinic-b')
  t.equal(busy.status, 503)
  t.equal(busy.headers['retry-after'], '5')
  t.match(busy.text, /soap12:Receiver.*code="BUSY"/s)
  t.equal((await send('tester')).status, 202, 'others are not')
})
