// A management port and an HTTPS door with mutual TLS for the tests of the command line: real sockets, answers given by the test.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureDevelopmentPki, issueClientInto } from '../../src/certificates/pki-directory.ts'
import { main } from '../../src/cli/main.ts'

export interface Heard {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface Said {
  readonly status: number
  readonly contentType?: string
  readonly body?: string | Buffer
}

export interface FakeDoor {
  readonly port: number
  readonly heard: readonly Heard[]
  readonly close: () => Promise<void>
}

type Respond = (heard: Heard) => Said

function handler(heard: Heard[], respond: Respond) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const one = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks),
    }
    heard.push(one)
    const { status, contentType, body } = respond(one)
    response.writeHead(status, contentType === undefined ? {} : { 'content-type': contentType }).end(body)
  }
}

async function listening(server: Server, heard: readonly Heard[]): Promise<FakeDoor> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { port, heard, close }
}

/** A management port; `respond` sees paths below /admin/v1 as they were called. */
export function openManagement(respond: Respond): Promise<FakeDoor> {
  const heard: Heard[] = []
  return listening(createHttp(handler(heard, respond)), heard)
}

export interface Place {
  readonly dataDir: string
  readonly remove: () => Promise<void>
}

/** A data directory with an admin token, a development CA, and the client certificate of `clinic-b`. */
export async function makePlace(): Promise<Place> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tsunagi-cli-'))
  await mkdir(join(dataDir, 'config'))
  await writeFile(join(dataDir, 'config', 'admin-token'), 'secret-token\n')
  await ensureDevelopmentPki(join(dataDir, 'pki'))
  await issueClientInto(join(dataDir, 'pki'), { systemId: 'clinic-b', facilityOid: '2.25.2' })
  return { dataDir, remove: () => rm(dataDir, { recursive: true, force: true }) }
}

/** An HTTPS door with the server certificate of the place that lets in its client certificates only. */
export async function openDoor(place: Place, respond: Respond): Promise<FakeDoor> {
  const { ca, server } = await ensureDevelopmentPki(join(place.dataDir, 'pki'))
  const heard: Heard[] = []
  const tls = {
    key: server.privateKeyPem,
    cert: server.certificatePem,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
  }
  return listening(createHttps(tls, handler(heard, respond)), heard)
}

export interface Ran {
  readonly code: number
  readonly out: Buffer
  readonly text: string
  readonly err: string
}

/** Runs a command with nothing of the process it is tested in. */
export async function run(
  argv: readonly string[],
  cwd: string = tmpdir(),
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const out: Buffer[] = []
  const err: string[] = []
  const code = await main(argv, {
    out: (data) => {
      out.push(Buffer.from(data))
    },
    err: (text) => {
      err.push(text)
    },
    env,
    cwd,
  })
  const all = Buffer.concat(out)
  return { code, out: all, text: all.toString('utf8'), err: err.join('') }
}
