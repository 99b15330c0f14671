// Clients of both kinds in front of our doors: the OpenSSL command line and Node, who say what they send and hear what comes back.

import { spawn } from 'node:child_process'
import { type ConnectionOptions, connect } from 'node:tls'

export interface Offer {
  readonly port: number
  readonly ca: string
  /** Files, for the command line; the same in PEM, for Node. */
  readonly files?: { readonly cert: string; readonly key: string; readonly chain?: string }
  readonly pem?: { readonly cert: string; readonly key: string }
  /** Versions and suites: flags of `openssl s_client`, options of Node. */
  readonly flags?: readonly string[]
  readonly node?: ConnectionOptions
  readonly sent: string | Buffer
  /** Whether this is the whole answer: then we hang up. */
  readonly until: (heard: string) => boolean
}

export interface Heard {
  readonly answer: string
  /** What the library says of the connection. */
  readonly told: string
}

const LATE_MS = 20_000

/** `openssl s_client`; ends when the door hangs up, or has answered. */
export function byOpenSsl(caFile: string, offer: Offer): Promise<Heard> {
  const { files, flags = [], port, sent, until } = offer
  const own =
    files === undefined
      ? []
      : ['-cert', files.cert, '-key', files.key, ...(files.chain === undefined ? [] : ['-cert_chain', files.chain])]
  const argv = ['s_client', '-connect', `localhost:${port}`, '-servername', 'localhost', '-CAfile', caFile]
  const child = spawn('openssl', [...argv, '-verify_return_error', '-quiet', '-ign_eof', ...own, ...flags])
  return new Promise((resolve) => {
    const late = setTimeout(() => child.kill(), LATE_MS)
    let answer = ''
    let told = ''
    child.stdout.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      if (until(answer)) child.kill()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString('latin1')
    })
    // The door may be gone before all is written.
    child.stdin.on('error', () => {})
    child.stdin.write(sent)
    child.once('close', () => {
      clearTimeout(late)
      resolve({ answer, told })
    })
  })
}

export function byNode(offer: Offer): Promise<Heard> {
  const { port, ca, pem = {}, node = {}, sent, until } = offer
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let told = ''
    const socket = connect({ host: 'localhost', port, ca, ...pem, ...node })
    socket.setTimeout(LATE_MS, () => socket.destroy())
    socket.once('secureConnect', () => socket.write(sent))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (until(Buffer.concat(chunks).toString('latin1'))) socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      told += `${error.code ?? ''} ${error.message}`
    })
    socket.once('close', () => resolve({ answer: Buffer.concat(chunks).toString('latin1'), told }))
  })
}
