// What is believed of the answer of a community's PIX Manager (ITI TF-2 3.45.4.2).

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { iti45, NS } from '../../profiles/transactions/index.ts'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { trusted } from '../../src/codec/xml/write.ts'
import { createPixClient } from '../../src/http/pix-client.ts'
import type { Oid } from '../../src/model/identifiers.ts'

const authority = await createAuthority()
const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, { names: ['localhost'] })
const OTHER = '0e2f1a4c-6c0b-4b62-9f5e-3a7d1c9b8e21'

interface Told {
  readonly target: string
  readonly queryId: string
  readonly relatesTo: string
}

const ONE_ID = '<id root="2.25.9122" extension="E-1"/>'

/** Asks a PIX Manager that answers with one id, or with these. */
async function asked(t: Test, told: (messageId: string) => Told, named = ONE_ID) {
  const messageId = randomUUID()
  const { target, queryId, relatesTo } = told(messageId)
  const body = trusted(`<PRPA_IN201310UV02 xmlns="${NS.hl7}" ITSVersion="XML_1.0">
    <acknowledgement><typeCode code="AA"/><targetMessage><id root="${target}"/></targetMessage></acknowledgement>
    <controlActProcess classCode="CACT" moodCode="EVN">
      <subject typeCode="SUBJ"><registrationEvent classCode="REG" moodCode="EVN"><subject1 typeCode="SBJ"><patient classCode="PAT">
        ${named}</patient></subject1></registrationEvent></subject>
      <queryAck><queryId root="${queryId}"/><queryResponseCode code="OK"/></queryAck>
    </controlActProcess></PRPA_IN201310UV02>`)
  const manager = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    request.resume()
    const envelope = writeEnvelope({ action: iti45.responseAction, relatesTo, body })
    response.setHeader('content-type', 'application/soap+xml; charset=UTF-8').end(envelope)
  })
  manager.listen(0, 'localhost')
  await once(manager, 'listening')
  const client = createPixClient({
    tlsTo: () => () => ({ ca: authority.certificatePem }),
    timeoutMs: 5000,
    device: '2.25.9101' as Oid,
    authorityName: 'NETWORK',
    ports: { keeper: { keeping: 'none', keep: () => {} } },
  })
  t.teardown(async () => {
    await client.close()
    manager.close()
  })
  const url = `https://localhost:${(manager.address() as AddressInfo).port}/pix/manager`
  const id = { value: 'X1', authority: '2.25.9121' as Oid }
  const attempt = {
    facilityId: 'network-east',
    person: '1',
    to: { facilityId: 'network-east', url, device: '2.25.9102' as Oid, domains: ['2.25.9122' as Oid] },
    message: { messageId, composedAt: new Date(), content: { kind: 'ask', id, since: 'now' }, numbers: [] },
    attempts: 1,
    failures: 0,
    dueForMs: 0,
  } as const
  const { answer, reason, ids } = await client.send(attempt, new AbortController().signal)
  return { answer, reason, ids }
}

const right = (messageId: string): Told => ({
  target: messageId,
  queryId: messageId,
  relatesTo: `urn:uuid:${messageId}`,
})

t.test('the answer to our query is believed, however its ids are written', async (t) => {
  const ids = [{ value: 'E-1', authority: '2.25.9122' }]
  t.match(await asked(t, right), { answer: 'accepted', ids })
  t.match(await asked(t, (id) => right(id.toUpperCase())), { answer: 'accepted', ids })
})

t.test('the answer to another query is about another patient: nothing is linked by it', async (t) => {
  for (const other of ['target', 'queryId', 'relatesTo'] as const) {
    const told = (id: string): Told => ({ ...right(id), [other]: right(OTHER)[other] })
    t.same(await asked(t, told), { answer: 'busy', reason: 'the answer is about another query', ids: undefined }, other)
  }
})

t.test('an id that stands twice is one; what cannot be read is not taken for nobody (3.45.4.2.2)', async (t) => {
  const others = (ids: string) =>
    `<patientPerson classCode="PSN" determinerCode="INSTANCE"><asOtherIDs classCode="PAT">${ids}</asOtherIDs></patientPerson>`
  const ids = [{ value: 'E-1', authority: '2.25.9122' }]
  t.strictSame((await asked(t, right, ONE_ID + others(ONE_ID))).ids, ids)
  t.strictSame(
    (await asked(t, right, ONE_ID + others('<id root="urn:x" extension="7"/>'))).ids,
    ids,
    'others are not ours',
  )
  const unread = { answer: 'busy', reason: 'an id of the answer cannot be read', ids: undefined }
  for (const written of [
    '<id root="urn:oid:2.25.9122" extension="E-1"/>',
    '<id extension="E-1"/>',
    '<id root="2.25.9122"/>',
  ])
    t.strictSame(await asked(t, right, written), unread, written)
  t.match(await asked(t, right, '<id nullFlavor="UNK"/>'), { answer: 'accepted', ids: [] })
})
