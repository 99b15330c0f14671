// What every kind of answer to an ITI-42 of ours means: taken, refused, certainly not taken, or in doubt (ITI TF-2 3.42.4, Appendix V).

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { iheError } from '../../profiles/errors/index.ts'
import { iti42 } from '../../profiles/transactions/index.ts'
import { writeRegistryResponse } from '../../src/codec/ebxml/registry-response.ts'
import { readSubmitObjects } from '../../src/codec/ebxml/submit.ts'
import { writeFault } from '../../src/codec/soap/fault.ts'
import { readEnvelope, type SoapMessage } from '../../src/codec/soap/read.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import { createRegistryClient } from '../../src/http/registry-client.ts'
import { makePlace, openDoor, type Said } from '../cli/fake-door.ts'
import { submission } from '../registry/submission.ts'
import { quietPorts } from './door-ports.ts'

const SOAP = 'application/soap+xml; charset=UTF-8'
const MESSAGE = 'urn:uuid:11111111-1111-4111-8111-111111111111'
const soap = (body: string, status = 200): Said => ({ status, contentType: SOAP, body })

async function world(t: Test, respond: (request: SoapMessage) => Said) {
  const place = await makePlace()
  const door = await openDoor(place, (heard) => respond(readEnvelope(readXml(heard.body))))
  const pki = join(place.dataDir, 'pki')
  const [cert, key, ca] = await Promise.all(
    ['clients/clinic-b.crt', 'clients/clinic-b.key', 'ca.crt'].map((file) => readFile(join(pki, file), 'utf8')),
  )
  const open = (url = `https://localhost:${door.port}/xds/registry`, timeoutMs = 2000, maxAnswerBytes = 100_000) =>
    createRegistryClient({ url, tls: { cert, key, ca }, timeoutMs, maxAnswerBytes, ports: quietPorts })
  const client = open()
  t.teardown(async () => {
    await client.close()
    await door.close()
    await place.remove()
  })
  return { place, door, open, send: () => client.send({ submission: submission(), messageId: MESSAGE }) }
}

const answer = (given: {
  readonly relatesTo?: string
  readonly errors?: readonly string[]
  readonly action?: string
}) =>
  soap(
    writeEnvelope({
      action: given.action ?? iti42.responseAction,
      relatesTo: given.relatesTo ?? MESSAGE,
      body: writeRegistryResponse({
        result: given.errors === undefined ? 'success' : 'failure',
        errors: (given.errors ?? []).map((code) => iheError(code)),
        journalId: 'j',
      }),
    }),
  )
const fault = (code: string): Said => {
  const { status, xml } = writeFault(iheError(code), { relatesTo: MESSAGE, journalId: 'j' })
  return soap(xml, status)
}

t.test('the request is an ITI-42 as any repository sends it, and Success and Failure are read', async (t) => {
  let seen: SoapMessage | undefined
  const { send } = await world(t, (request) => {
    seen = request
    return answer({})
  })
  t.strictSame(await send(), { kind: 'answered', result: 'success', errors: [] })
  t.match(seen, { action: iti42.action, messageId: MESSAGE })
  t.equal(seen === undefined ? 0 : readSubmitObjects(seen.body).objects.length, 2)
  const refusing = await world(t, () => answer({ errors: ['UNKNOWN_PATIENT'] }))
  t.match(await refusing.send(), {
    kind: 'answered',
    result: 'failure',
    errors: [{ errorCode: 'XDSUnknownPatientId', codeContext: /^UNKNOWN_PATIENT: / }],
  })
})

t.test('what says that the message was not acted upon, and what leaves it open', async (t) => {
  const cases: readonly (readonly [string, Said, 'not taken' | 'in doubt'])[] = [
    ['fault Sender', fault('ROLE_MISSING'), 'not taken'],
    ['fault Receiver', fault('INTERNAL'), 'in doubt'],
    ['certificate refused', { status: 403 }, 'not taken'],
    ['no such endpoint', { status: 404, contentType: 'text/html', body: '<p>' }, 'not taken'],
    ['a proxy in trouble', { status: 502, contentType: 'text/html', body: '<p>' }, 'in doubt'],
    ['no XML', soap('{'), 'in doubt'],
    ['an answer to another message', answer({ relatesTo: 'urn:uuid:2' }), 'in doubt'],
    ['another action', answer({ action: 'urn:other' }), 'in doubt'],
    ['Failure without an error', answer({ errors: [] }), 'in doubt'],
    ['longer than an answer is', { status: 200, contentType: SOAP, body: 'x'.repeat(100_001) }, 'in doubt'],
  ]
  for (const [name, said, kind] of cases) t.match(await (await world(t, () => said)).send(), { kind }, name)
})

t.test('no connection, no trust: not taken; no answer in time: in doubt', async (t) => {
  const { door, open, place } = await world(t, () => answer({}))
  const closed = open('https://localhost:1/xds/registry')
  t.match(await closed.send({ submission: submission(), messageId: MESSAGE }), { kind: 'not taken' })
  const stranger = await makePlace()
  const other = await openDoor(stranger, () => ({ status: 200 }))
  const distrusting = open(`https://localhost:${other.port}/xds/registry`)
  t.match(await distrusting.send({ submission: submission(), messageId: MESSAGE }), { kind: 'not taken' })
  t.equal(other.heard.length, 0)
  const pki = join(place.dataDir, 'pki')
  const [key, cert] = await Promise.all(['server.key', 'server.crt'].map((file) => readFile(join(pki, file))))
  const silent = createServer({ key, cert }, () => {})
  await new Promise<void>((resolve) => silent.listen(0, 'localhost', resolve))
  const waiting = open(`https://localhost:${(silent.address() as AddressInfo).port}/xds/registry`, 300)
  t.match(await waiting.send({ submission: submission(), messageId: MESSAGE }), { kind: 'in doubt', reason: /Timeout/ })
  silent.closeAllConnections()
  silent.close()
  await Promise.all([closed.close(), distrusting.close(), waiting.close(), other.close(), stranger.remove()])
  t.equal(door.heard.length, 0)
})
