// A vendor in its first hour: makes keys and requests, redeems, and calls with what it got.

import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { Test } from 'tap'
import { Agent, request } from 'undici'
import type { RunningServer } from '../../src/app.ts'
import { localAddresses } from '../../src/cli/running-server.ts'
import type { AdminCall, HttpAnswer } from './harness.ts'

x509.cryptoProvider.set(webcrypto)

export interface Request {
  readonly csr: string
  readonly key: string
}

const ALGORITHMS = {
  'EC P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'EC P-521': { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
  'RSA 1024': {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 1024,
  },
  Ed25519: { name: 'Ed25519' },
} as const

/** A new key and the request for it; what it asks to be called is nobody's business but ours. */
export async function newRequest(kind: keyof typeof ALGORITHMS = 'EC P-256'): Promise<Request> {
  const algorithm = ALGORITHMS[kind]
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=administrator, O=Somebody else',
    keys,
    signingAlgorithm: algorithm,
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    csr: csr.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.replaceAll(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`,
  }
}

export interface Invited {
  readonly invitationId: string
  readonly secret: string
  readonly systemId: string
  readonly letter: string
  readonly caFingerprint: string
  readonly expiresAt: string
}

type Admin = (call: AdminCall) => Promise<HttpAnswer>

/** A new invitation of the system, with what registers it, if anything. */
export async function invite(admin: Admin, body: Readonly<Record<string, unknown>>): Promise<Invited> {
  const answer = await admin({ method: 'POST', path: '/invitations', body })
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body}`)
  return json(answer) as unknown as Invited
}

export function json({ body }: Pick<HttpAnswer, 'body'>): Readonly<Record<string, unknown>> {
  return JSON.parse(body.toString('utf8'))
}

export interface RawAnswer extends HttpAnswer {
  readonly headers: Readonly<Record<string, unknown>>
}

export interface Called {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS'
  readonly path: string
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Shown by the client; absent: none. */
  readonly credentials?: { readonly cert: string; readonly key: string }
}

export interface Vendor {
  readonly call: (called: Called) => Promise<RawAnswer>
  readonly redeem: (invitation: string, csr: string) => Promise<RawAnswer>
}

/** Calls the HTTPS door of a server as the outside does, each time on a connection of its own. */
export function vendorOf(t: Test, server: RunningServer, ca: string): Vendor {
  const { httpsUrl } = localAddresses(server)
  const agents = new Set<Agent>()
  t.teardown(() => Promise.all([...agents].map((agent) => agent.destroy())))
  const call: Vendor['call'] = async ({ method = 'POST', path, body, headers = {}, credentials = {} }) => {
    const agent = new Agent({ connect: { ca, ...credentials }, pipelining: 0 })
    agents.add(agent)
    const answer = await request(`${httpsUrl}${path}`, { method, dispatcher: agent, headers, body: body ?? null })
    return {
      status: answer.statusCode,
      contentType: String(answer.headers['content-type'] ?? ''),
      headers: answer.headers,
      body: Buffer.from(await answer.body.arrayBuffer()),
    }
  }
  return {
    call,
    redeem: (invitation, csr) =>
      call({
        path: '/onboarding/redeem',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ invitation, csr }),
      }),
  }
}
