// What a requester runs to hear its asynchronous answers: HTTPS with a certificate of the network's authority, for its members only.

import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import type { Test } from 'tap'
import { issueServerCertificate } from '../../src/certificates/authority.ts'
import { readAuthority } from '../../src/certificates/pki-directory.ts'
import { readRelated } from '../../src/codec/mtom/split.ts'
import { readAnswer, SoapFaultError } from '../../src/codec/soap/answer.ts'
import type { SoapMessage } from '../../src/codec/soap/read.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import type { Config } from '../../src/config/config.ts'

export interface Arrived {
  readonly path: string
  readonly peer: string
  readonly packaging: 'simple' | 'mtom'
  readonly message: SoapMessage | SoapFaultError
  readonly envelope: string
  readonly parts: ReadonlyMap<string, Buffer>
}

/** `status` is what each answer gets; 202 when absent. */
export async function startReceiver(t: Test, config: Config, status = 202) {
  const authority = await readAuthority(join(config.dataDir, 'pki'))
  const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, { names: ['localhost'] })
  const arrived: Arrived[] = []
  const receiver = createServer(
    {
      cert: certificatePem,
      key: privateKeyPem,
      ca: authority.certificatePem,
      requestCert: true,
      rejectUnauthorized: true,
    },
    async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const contentType = request.headers['content-type'] ?? ''
      const { packaging, root, parts } = await opened(Buffer.concat(chunks), contentType)
      const peer = (request.socket as TLSSocket).getPeerX509Certificate()?.fingerprint256 ?? ''
      const message = read(root)
      arrived.push({ path: request.url ?? '', peer, packaging, message, envelope: root.toString(), parts })
      response.writeHead(status).end()
    },
  )
  receiver.listen(0, 'localhost')
  await once(receiver, 'listening')
  t.teardown(() => {
    receiver.closeAllConnections()
    receiver.close()
  })
  return { arrived, url: `https://localhost:${(receiver.address() as AddressInfo).port}` }
}

async function opened(
  body: Buffer,
  contentType: string,
): Promise<Pick<Arrived, 'packaging' | 'parts'> & { root: Buffer }> {
  if (!/^multipart\/related/.test(contentType)) return { packaging: 'simple', root: body, parts: new Map() }
  const source = async function* () {
    yield body
  }
  const sink = async (_: unknown, part: AsyncIterable<Buffer>): Promise<Buffer> => {
    const chunks: Buffer[] = []
    for await (const chunk of part) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const { root, parts } = await readRelated(source(), { contentType, sink })
  return { packaging: 'mtom', root, parts }
}

function read(root: Buffer): SoapMessage | SoapFaultError {
  try {
    return readAnswer(readXml(root))
  } catch (error) {
    if (error instanceof SoapFaultError) return error
    throw error
  }
}
