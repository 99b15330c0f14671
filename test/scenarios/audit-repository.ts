// An audit repository of the tests, which shares no code with ours: syslog over mutual TLS, frames and records taken apart by hand
// (RFC 5425, 4.3; RFC 5424, 6; ITI TF-2 3.20.4.1).

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import { issueServerCertificate } from '../../src/certificates/authority.ts'
import { readAuthority } from '../../src/certificates/pki-directory.ts'
import type { Config } from '../../src/config/config.ts'

export interface Arrived {
  /** The whole syslog message. */
  readonly line: string
  readonly uuid: string
  readonly xml: string
  /** Of the certificate that the sender showed. */
  readonly fingerprint: string
}

export interface AuditRepository {
  readonly port: number
  readonly arrived: readonly Arrived[]
  readonly connections: () => number
  /** `deaf`: takes connections and reads nothing. */
  hearing: 'well' | 'deaf'
  /** Cuts all connections, whatever lies unread in them. */
  readonly stop: () => Promise<void>
  /** On the same port. */
  readonly start: () => Promise<void>
}

export async function startRepository(
  config: Config,
  given: { readonly port?: number; readonly certificate?: { readonly cert: string; readonly key: string } } = {},
): Promise<AuditRepository> {
  const authority = await readAuthority(join(config.dataDir, 'pki'))
  const issued = await issueServerCertificate(authority, { names: ['localhost'] })
  const own = given.certificate ?? { cert: issued.certificatePem, key: issued.privateKeyPem }
  const arrived: Arrived[] = []
  const open = new Set<TLSSocket>()
  let connections = 0
  const make = () =>
    createServer({ ...own, ca: authority.certificatePem, requestCert: true, rejectUnauthorized: true }, (socket) => {
      connections += 1
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => open.delete(socket))
      if (repository.hearing === 'deaf') return
      const fingerprint = socket.getPeerX509Certificate()?.fingerprint256 ?? ''
      socket.on(
        'data',
        takingApart((line) => arrived.push({ line, ...partsOf(line), fingerprint })),
      )
    })
  let server = make()
  const listen = async (port: number): Promise<number> => {
    server.listen(port, 'localhost')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(given.port ?? 0)
  const repository: AuditRepository = {
    port,
    arrived,
    connections: () => connections,
    hearing: 'well',
    stop: async () => {
      for (const socket of open) socket.destroy()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
    start: async () => {
      server = make()
      await listen(port)
    },
  }
  return repository
}

/** Throws on anything that is no frame: the test then sees a broken connection. */
function takingApart(take: (line: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const space = rest.indexOf(' ')
      if (space < 0) return
      const length = rest.toString('latin1', 0, space)
      if (!/^[1-9][0-9]*$/.test(length)) throw new Error(`no MSG-LEN: ${length.slice(0, 40)}`)
      const end = space + 1 + Number(length)
      if (rest.length < end) return
      take(rest.toString('utf8', space + 1, end))
      rest = rest.subarray(end)
    }
  }
}

const LINE =
  /^<8[45]>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ tsunagi \d+ IHE\+RFC-3881 - (<\?xml [^>]*\?><AuditMessage>.*<\/AuditMessage>)$/
const CORRELATION =
  /ParticipantObjectID="([0-9a-f-]{36})" ParticipantObjectTypeCode="4" ParticipantObjectTypeCodeRole="26"/

function partsOf(line: string): Pick<Arrived, 'uuid' | 'xml'> {
  const xml = LINE.exec(line)?.[1]
  const uuid = CORRELATION.exec(line)?.[1]
  if (xml === undefined || uuid === undefined) throw new Error(`no audit record: ${line.slice(0, 200)}`)
  return { uuid, xml }
}
