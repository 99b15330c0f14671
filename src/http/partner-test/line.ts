// The way to a neighbouring community as far as TLS: its name, a connection, the handshake, its certificate (ITI TF-2 3.19).

import { X509Certificate } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { connect, isIP } from 'node:net'
import { checkServerIdentity, type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { Finding, TestStep } from '../../access/administration/partner-test.ts'
import type { OutgoingTls } from '../outgoing-tls.ts'
import { certificateFinding, handshakeFinding, passed, unknownName, unreachable } from './line-words.ts'

const NAME_MS = 5000
const CONNECT_MS = 5000
const HANDSHAKE_MS = 8000
const DAY_MS = 86_400_000

/** What is found at host and port; ends with the first step that fails. */
export async function testLine(url: string, tls: OutgoingTls): Promise<readonly TestStep[]> {
  const { hostname, port: given } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const port = Number(given === '' ? '443' : given)
  const at = `${hostname}:${port}`
  const steps: TestStep[] = []
  const found = async (step: Promise<TestStep>): Promise<boolean> => {
    const one = await step
    steps.push({ ...one, at })
    return one.result !== 'failed'
  }
  if (isIP(host) === 0 && !(await found(nameStep(host)))) return steps
  if (!(await found(connectionStep(host, port)))) return steps
  for (const step of await handshakeSteps({ host, port, tls })) steps.push({ ...step, at })
  return steps
}

async function nameStep(host: string): Promise<TestStep> {
  const started = performance.now()
  try {
    const addresses = await within(NAME_MS, lookup(host, { all: true }))
    const names = addresses.map(({ address }) => address).join(', ')
    return { step: 'name', ms: since(started), ...passed(`${host} is ${names}`, `${host} のアドレス: ${names}`) }
  } catch (error) {
    return { step: 'name', ms: since(started), ...unknownName(host, codeOf(error)) }
  }
}

async function connectionStep(host: string, port: number): Promise<TestStep> {
  const started = performance.now()
  const socket = connect({ host, port })
  try {
    await within(CONNECT_MS, new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject)))
    const ms = since(started)
    return { step: 'connection', ms, ...passed(`connected within ${ms} ms`, `${ms}ミリ秒で接続しました`) }
  } catch (error) {
    return { step: 'connection', ms: since(started), ...unreachable(codeOf(error)) }
  } finally {
    socket.destroy()
  }
}

interface Line {
  readonly host: string
  readonly port: number
  readonly tls: OutgoingTls
}

/**
 * The handshake is made without refusing anybody, so that the certificate can be looked at and everything about it told; nothing is sent on
 * this connection.
 */
async function handshakeSteps({ host, port, tls }: Line): Promise<readonly TestStep[]> {
  const started = performance.now()
  const { checkServerIdentity: identify = checkServerIdentity, connected: _, ...options } = tls()
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const socket = tlsConnect({ ...options, ...servername, host, port, rejectUnauthorized: false })
  try {
    await within(
      HANDSHAKE_MS,
      new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject)),
    )
    const ms = since(started)
    const spoken = `${socket.getProtocol() ?? ''}, ${socket.getCipher().standardName}`
    return [
      { step: 'tls', ms, ...passed(`agreed on ${spoken}`, `${spoken} で接続しました`) },
      { step: 'certificate', ...judged(socket, host, identify) },
    ]
  } catch (error) {
    return [{ step: 'tls', ms: since(started), ...handshakeFinding(codeOf(error)) }]
  } finally {
    socket.destroy()
  }
}

type Identify = NonNullable<ReturnType<OutgoingTls>['checkServerIdentity']>

/** The way to an authority first: without one a name or a list says nothing. */
function judged(socket: TLSSocket, host: string, identify: Identify): Finding {
  // Node hands what the other side sent over once.
  const peer = socket.getPeerCertificate(true)
  if (peer.raw === undefined) return certificateFinding({ host, fault: 'NONE' })
  const certificate = new X509Certificate(peer.raw)
  const [subject, issuer] = [oneLine(certificate.subject), oneLine(certificate.issuer)]
  const names = certificate.subjectAltName?.split(', ') ?? []
  const daysLeft = Math.floor((Date.parse(certificate.validTo) - Date.now()) / DAY_MS)
  const objection = socket.authorized ? identify(host, peer) : undefined
  const fault = objection === undefined ? socket.authorizationError : codeOf(objection)
  return certificateFinding({ host, subject, issuer, names, daysLeft, ...(fault ? { fault: String(fault) } : {}) })
}

function oneLine(name: string): string {
  return name.replaceAll('\n', ', ')
}

export function codeOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException
  return typeof code === 'string' && code !== '' ? code : name
}

export function since(started: number): number {
  return Math.round(performance.now() - started)
}

/** @throws {Error} ETIMEDOUT */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('too late'), { code: 'ETIMEDOUT' })), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
