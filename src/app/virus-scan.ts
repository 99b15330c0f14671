// Virus scan by clamd, INSTREAM over TCP or a Unix socket (clamd(8), COMMANDS): bytes out, one line back.

import { createConnection, type NetConnectOpts } from 'node:net'
import type { StoreClientPorts } from '../storeclient/ports.ts'

type Scan = StoreClientPorts['scan']
type Verdict = Awaited<ReturnType<Scan>>

/** clamd takes a chunk into memory whole. */
const CHUNK_BYTES = 256 * 1024
/** Of silence: a scanner of large files says nothing while it works. */
const TIMEOUT_MS = 60_000
const MAX_ANSWER = 4096

/** The scanner at `address` (host:port or path of a socket); without one everything counts as clean. */
export function virusScan(address: string | undefined): Scan {
  if (address === undefined) return async () => 'clean'
  const target = targetOf(address)
  return async (bytes) => {
    try {
      return verdictOf(await ask(target, bytes))
    } catch {
      // Refused, reset, silent: whatever it is, nobody has looked at the file.
      return 'unavailable'
    }
  }
}

function targetOf(address: string): NetConnectOpts {
  if (address.startsWith('/')) return { path: address }
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) }
}

/** `stream: OK`, `stream: <name> FOUND`; anything else (size limit exceeded … ERROR) is no verdict. */
function verdictOf(answer: string): Verdict {
  if (answer.endsWith(' FOUND')) return 'infected'
  return answer === 'stream: OK' ? 'clean' : 'unavailable'
}

function ask(target: NetConnectOpts, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(target)
    let answer = ''
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('the virus scanner is silent')))
    socket.on('error', reject)
    socket.on('connect', () => send(bytes, (chunk) => socket.write(chunk)))
    socket.setEncoding('utf8').on('data', (text) => {
      answer = (answer + text).slice(0, MAX_ANSWER)
      if (!answer.includes('\0')) return
      socket.destroy()
      resolve(answer.slice(0, answer.indexOf('\0')).trim())
    })
    socket.on('close', () => reject(new Error('the virus scanner hung up')))
  })
}

/** Each chunk behind its length, a length of zero at the end. */
function send(bytes: Buffer, write: (chunk: Buffer | string) => void): void {
  write('zINSTREAM\0')
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const chunk = bytes.subarray(at, at + CHUNK_BYTES)
    write(lengthOf(chunk.length))
    write(chunk)
  }
  write(lengthOf(0))
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes)
  return length
}
