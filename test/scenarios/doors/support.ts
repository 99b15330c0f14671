// What the tests of the doors share: connections of any certificate, raw bytes over TLS, and a second process of the same network.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type pg from 'pg'
import type { Test } from 'tap'
import { iti18 } from '../../../profiles/transactions/index.ts'
import { type Authority, issueClientCertificate } from '../../../src/certificates/authority.ts'
import { readCertificate } from '../../../src/certificates/certificate.ts'
import { readAuthority } from '../../../src/certificates/pki-directory.ts'
import type { AdminClient } from '../../../src/cli/admin-client.ts'
import { writeFindDocuments } from '../../../src/codec/ebxml/query-request.ts'
import { writeEnvelope } from '../../../src/codec/soap/write.ts'
import type { Config } from '../../../src/config/config.ts'
import { newOid } from '../../../src/model/identifiers.ts'
import { type Child, type Flags, startChild } from '../../faults/support.ts'

/** The most that a change may take to be felt anywhere (docs/adr/0026). */
export const FELT_WITHIN_MS = 5000

export interface Shown {
  readonly key?: string
  readonly cert?: string
}

export interface Certified extends Shown {
  readonly key: string
  readonly cert: string
  readonly fingerprint: string
}

export interface DoorNetwork {
  readonly server: { readonly config: Config; readonly httpsPort: number }
  readonly pool: pg.Pool
  readonly admin: AdminClient
}

/** Certificates as this test needs them, of the network's own authority unless another is given. */
export async function issuing({ server, admin }: DoorNetwork) {
  const pki = join(server.config.dataDir, 'pki')
  const own = await readAuthority(pki)
  const issued = async (
    given: {
      readonly days?: number
      readonly now?: Date
      readonly systemId?: string
      readonly authority?: Authority
    } = {},
  ): Promise<Certified> => {
    const { authority = own, systemId = 'hospital-a', ...validity } = given
    const { certificatePem: cert, privateKeyPem: key } = await issueClientCertificate(authority, {
      systemId,
      facilityOid: newOid(),
      ...validity,
    })
    return { cert, key, fingerprint: readCertificate(cert).fingerprint256 }
  }
  return {
    ca: await readFile(join(pki, 'ca.crt'), 'utf8'),
    own,
    issued,
    register: async (cert: string, systemId = 'hospital-a'): Promise<void> => {
      await admin.post(`/systems/${systemId}/certificates`, { pem: cert })
    },
    registered: async (given: Parameters<typeof issued>[0] = {}): Promise<Certified> => {
      const one = await issued(given)
      await admin.post(`/systems/${given.systemId ?? 'hospital-a'}/certificates`, { pem: one.cert })
      return one
    },
  }
}

/** `tsunagi serve` as a further process on the same database and PKI. */
export function startBeside({ server, pool }: DoorNetwork, flags: Flags = {}): Promise<Child> {
  return startChild(server.config.dataDir, { 'database.url': databaseUrl(pool), ...flags })
}

export function databaseUrl({ options }: pg.Pool): string {
  const { user, password, database, host = '', port } = options
  return `postgresql://${user}:${password}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
}

export function secure(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: 'localhost', port, ...options })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

export interface Line {
  readonly socket: TLSSocket
  readonly write: (bytes: string | Buffer) => void
  /** All that came so far. */
  readonly heard: () => string
  readonly forget: () => void
  readonly isClosed: () => boolean
  readonly closed: Promise<void>
}

/** A connection whose bytes are collected; destroyed when the test ends. */
export async function line(t: Test, port: number, options: ConnectionOptions): Promise<Line> {
  const socket = await secure(port, options)
  t.teardown(() => socket.destroy())
  let chunks: Buffer[] = []
  let isClosed = false
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      isClosed = true
      resolve()
    }),
  )
  // A reset is the same as a close: nothing more is said.
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  return {
    socket,
    write: (bytes) => void socket.write(bytes),
    heard: () => Buffer.concat(chunks).toString('latin1'),
    forget: () => {
      chunks = []
    },
    isClosed: () => isClosed,
    closed,
  }
}

/** Everything that comes back until the other side closes. */
export async function converse(t: Test, port: number, given: ConnectionOptions & { readonly sent: string | Buffer }) {
  const { sent, ...options } = given
  const one = await line(t, port, options)
  one.write(sent)
  await one.closed
  return one.heard()
}

/** ITI-18 FindDocuments for a number that nobody has, as bytes. */
export function query(config: Config, headers: readonly string[] = []): string {
  const patientId = { value: 'X-1', authority: config.identity.affinityDomainAuthority }
  const body = writeEnvelope({
    action: iti18.action,
    messageId: 'urn:uuid:5b3f0a3e-2f60-4b1c-9a53-6f3d0f5d8d11',
    body: writeFindDocuments({ patientId, returnType: 'LeafClass' }),
  })
  const all = [
    'Host: localhost',
    'Content-Type: application/soap+xml; charset=UTF-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ]
  return `POST /xds/registry HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n${body}`
}

/** MLLP Release 1: a message between 0B and 1C 0D. */
export function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x0b]), message, Buffer.from([0x1c, 0x0d])])
}

/** The answer without what the clock writes into it. */
export function withoutDate(text: string): string {
  return text.replace(/^date: .*\r\n/im, '')
}
