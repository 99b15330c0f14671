// TLS presets against real handshakes (BCP 195; ATNA TLS 1.2 floor; CRYPTREC high security type).

import { type ConnectionOptions, connect, createServer, type TLSSocket } from 'node:tls'
import t from 'tap'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { type TlsPreset, tlsOptions } from '../../src/certificates/presets.ts'

const authority = await createAuthority()
const issued = await issueServerCertificate(authority, { names: ['localhost'] })

type Spoken = { readonly protocol: string | null; readonly cipher: string } | { readonly refused: string }

async function speak(
  given: { readonly preset: TlsPreset; readonly atnaDhe?: boolean },
  options: ConnectionOptions,
): Promise<Spoken> {
  const server = createServer({ ...tlsOptions(given), cert: issued.certificatePem, key: issued.privateKeyPem })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    return await new Promise<Spoken>((resolve) => {
      const socket: TLSSocket = connect({
        port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: authority.certificatePem,
        ...options,
      })
      socket.once('secureConnect', () => {
        resolve({ protocol: socket.getProtocol(), cipher: socket.getCipher().name })
        socket.destroy()
      })
      socket.once('error', (error: NodeJS.ErrnoException) => resolve({ refused: error.code ?? error.message }))
    })
  } finally {
    server.close()
  }
}

const TLS_1_2 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const

t.test('both presets prefer TLS 1.3', async (t) => {
  t.match(await speak({ preset: 'high' }, {}), { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' })
  t.match(await speak({ preset: 'high+1.2' }, {}), { protocol: 'TLSv1.3' })
})

t.test('high refuses TLS 1.2, high+1.2 accepts it with ECDHE and AEAD', async (t) => {
  t.match(await speak({ preset: 'high' }, TLS_1_2), { refused: /PROTOCOL_VERSION/ })
  t.match(await speak({ preset: 'high+1.2' }, TLS_1_2), {
    protocol: 'TLSv1.2',
    cipher: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  })
})

t.test('CBC suites and TLS 1.1 are refused', async (t) => {
  t.match(await speak({ preset: 'high+1.2' }, { ...TLS_1_2, ciphers: 'ECDHE-ECDSA-AES256-SHA384' }), {
    refused: /HANDSHAKE/,
  })
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  t.match(await speak({ preset: 'high+1.2' }, old), { refused: /./ })
})

t.test('no shared ticket keys, and DHE only when asked for', async (t) => {
  t.notOk('ticketKeys' in tlsOptions({ preset: 'high+1.2' }))
  t.notMatch(tlsOptions({ preset: 'high+1.2' }).ciphers, 'DHE-RSA-AES128-GCM-SHA256:DHE')
  t.notOk(
    tlsOptions({ preset: 'high+1.2' })
      .ciphers.split(':')
      .some((name) => name.startsWith('DHE-')),
  )
  t.ok(tlsOptions({ preset: 'high+1.2', atnaDhe: true }).ciphers.split(':').includes('DHE-RSA-AES256-GCM-SHA384'))
})
