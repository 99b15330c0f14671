// What a PIX Consumer runs to hear update notifications: HTTPS or MLLP with certificates of the network's authority, answering as told.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { issueServerCertificate } from '../../src/certificates/authority.ts'
import { readAuthority } from '../../src/certificates/pki-directory.ts'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import { components, writeEr7 } from '../../src/codec/hl7v2/write.ts'
import { writeAcknowledgementElement, writeMessage } from '../../src/codec/hl7v3/write-transmission.ts'
import { readAnswer } from '../../src/codec/soap/answer.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import { el, text } from '../../src/codec/xml/write.ts'
import type { Config } from '../../src/config/config.ts'
import { createMllpServer } from '../../src/mllp/server.ts'
import { component, repetitions, segmentsOf, value } from '../../src/model/hl7v2.ts'
import { parseOid } from '../../src/model/identifiers.ts'

/** `hang`: never answers. A number: that HTTP status, without a SOAP message. */
export type Reply =
  | 'CA'
  | 'AA'
  | 'CE'
  | 'AE'
  | 'CR'
  | 'AR'
  | 'Sender fault'
  | 'Receiver fault'
  | 'about another'
  | 'hang'
  | number

export interface Heard {
  /** HL7 message id: v3 id or MSH-10. */
  readonly messageId: string
  /** Values of the ids, sorted. */
  readonly ids: readonly string[]
  /** Whole messages are the same at every attempt. */
  readonly bytes: Buffer
  readonly peer: string
}

export interface Consumer {
  readonly heard: readonly Heard[]
  readonly endpoint: string
  /** How messages are answered from now on. */
  answer: (heard: Heard) => Reply
  /** Closes the port and all connections. */
  readonly stop: () => Promise<void>
}

interface Place {
  readonly config: Config
  readonly port?: number
  /** Another certificate than one of the network's. */
  readonly stranger?: { readonly cert: string; readonly key: string }
}

async function material({ config, stranger }: Place) {
  const authority = await readAuthority(join(config.dataDir, 'pki'))
  if (stranger !== undefined) return { ...stranger, ca: authority.certificatePem }
  const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, { names: ['localhost'] })
  return { cert: certificatePem, key: privateKeyPem, ca: authority.certificatePem }
}

/** ITI-46 over mutual TLS. */
export async function startConsumer(place: Place): Promise<Consumer> {
  const heard: Heard[] = []
  const server = createServer(
    { ...(await material(place)), requestCert: true, rejectUnauthorized: true },
    async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      const peer = (request.socket as TLSSocket).getPeerX509Certificate()?.fingerprint256 ?? ''
      const one: Heard = { ...readV3(bytes), bytes, peer }
      heard.push(one)
      const reply = consumer.answer(one)
      if (reply === 'hang') return
      if (typeof reply === 'number') response.writeHead(reply).end()
      else
        response
          .writeHead(reply === 'Sender fault' ? 400 : reply === 'Receiver fault' ? 500 : 200, {
            'content-type': 'application/soap+xml; charset=UTF-8',
          })
          .end(writeV3(one, reply))
    },
  )
  server.listen(place.port ?? 0, 'localhost')
  await once(server, 'listening')
  const consumer: Consumer = {
    heard,
    endpoint: `https://localhost:${(server.address() as AddressInfo).port}/pix/consumer`,
    answer: () => 'CA',
    stop: async () => {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
  return consumer
}

function readV3(bytes: Buffer): Pick<Heard, 'messageId' | 'ids'> {
  const { body } = readAnswer(readXml(bytes))
  const written = bytes.toString()
  const messageId = new RegExp(`<${body.name} [^>]*><id root="([^"]+)"`).exec(written)?.[1] ?? ''
  const ids = [...written.matchAll(/<id root="[^"]+" extension="([^"]+)" assigningAuthorityName="[^"]+"\/>/g)]
  return { messageId, ids: ids.map(([, id = '']) => id).sort() }
}

function writeV3({ messageId }: Heard, reply: Exclude<Reply, 'hang' | number>): string {
  const action = 'urn:hl7-org:v3:MCCI_IN000002UV01'
  if (reply === 'Sender fault' || reply === 'Receiver fault') {
    const code = el('soap12:Code', {}, el('soap12:Value', {}, text(`soap12:${reply.replace(' fault', '')}`)))
    const reason = el('soap12:Reason', {}, el('soap12:Text', { 'xml:lang': 'en' }, text('as the test wants')))
    return writeEnvelope({ action, body: el('soap12:Fault', {}, code, reason) })
  }
  const device = { id: parseOid('2.25.400.9') ?? fail() }
  const typeCode = reply === 'about another' || reply === 'AR' ? 'CA' : reply
  const target = { root: reply === 'about another' ? randomUUID() : messageId }
  const stamp = { id: { root: randomUUID() }, at: new Date() }
  return writeEnvelope({
    action,
    body: writeMessage(
      { interaction: 'MCCI_IN000002UV01', stamp, acceptAckCode: 'NE', receiver: device, sender: device },
      writeAcknowledgementElement({ typeCode, target, details: [] }),
    ),
  })
}

function fail(): never {
  throw new Error('no OID')
}

/** ITI-10 over MLLP with TLS. */
export async function startV2Consumer(place: Place): Promise<Consumer> {
  const heard: Heard[] = []
  const server = createMllpServer({
    tls: await material(place),
    admit: async ({ authorized }) => authorized,
    handler: async (bytes, connection) => {
      const one: Heard = { ...readV2(bytes), bytes, peer: connection.fingerprint256 ?? '' }
      heard.push(one)
      const reply = consumer.answer(one)
      if (reply === 'hang') await once(connection.socket, 'close')
      return [ackOf(one, reply)]
    },
    limits: { closeTimeoutMs: 0 },
  })
  const port = await server.listen(place.port ?? 0, 'localhost')
  const consumer: Consumer = {
    heard,
    endpoint: `mllps://localhost:${port}`,
    answer: () => 'AA',
    stop: () => server.close(),
  }
  return consumer
}

function readV2(bytes: Buffer): Pick<Heard, 'messageId' | 'ids'> {
  const message = readEr7(bytes)
  const [pid] = segmentsOf(message, 'PID')
  const ids = pid === undefined ? [] : repetitions(message, pid, 3).map((field) => component(message, field, 1))
  return { messageId: value(message, 'MSH', 10), ids: ids.sort() }
}

function ackOf({ messageId }: Heard, reply: Reply): Buffer {
  const about = reply === 'about another' ? 'ANOTHER' : messageId
  const code = reply === 'about another' ? 'AA' : String(reply)
  return writeEr7([
    [
      'MSH',
      'EHR',
      'CLINIC',
      'TSUNAGI',
      'NET',
      '20270401090000',
      '',
      components('ACK', 'A31', 'ACK'),
      'ack',
      'P',
      '2.5',
    ],
    ['MSA', code, about],
  ])
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const { createServer: listen } = await import('node:net')
  const server = listen().listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
