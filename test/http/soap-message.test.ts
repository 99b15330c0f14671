// From the bytes of a request to its message and parts: what counts as too large (RFC 2045, 6; ITI TF-2 Appendix V.3.6).

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { unpack } from '../../src/http/soap-message.ts'
import { IheError } from '../../src/model/error.ts'
import { openFileBlobStore } from '../../src/repository/file-blob-store.ts'

const LARGEST = 10_000
const directory = await mkdtemp(join(tmpdir(), 'tsunagi-parts-'))
t.teardown(() => rm(directory, { recursive: true, force: true }))
const blobs = await openFileBlobStore({ directory, maxDocumentBytes: LARGEST })

/** Size of the document that was staged, or the code of the refusal. */
async function sent(encoding: string, content: Buffer | string): Promise<number | string> {
  const message = Buffer.concat([
    Buffer.from('--b\r\nContent-Type: application/xop+xml\r\nContent-ID: <root>\r\n\r\n<e/>\r\n'),
    Buffer.from(`--b\r\nContent-Transfer-Encoding: ${encoding}\r\nContent-ID: <document>\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n--b--\r\n'),
  ])
  try {
    const { parts } = await unpack(
      (async function* () {
        yield message
      })(),
      {
        contentType: 'multipart/related; boundary=b; type="application/xop+xml"; start="<root>"',
        maxSoapBytes: 1000,
        maxRequestBytes: 10 * LARGEST,
        maxDocumentBytes: LARGEST,
        stage: (body) => blobs.stage(body),
      },
    )
    return parts.get('document')?.sizeBytes ?? 'no part'
  } catch (error) {
    return error instanceof IheError ? error.row.code : String(error)
  }
}

t.test('a document is as large as it is, however it travels', async (t) => {
  const inLines = (bytes: Buffer): string => bytes.toString('base64').replace(/.{64}/g, '$&\r\n')
  const [largest, larger] = [Buffer.alloc(LARGEST, '文'), Buffer.alloc(LARGEST + 1, '文')]
  t.equal(await sent('binary', largest), LARGEST)
  t.equal(await sent('base64', inLines(largest)), LARGEST)
  t.equal(await sent('binary', larger), 'TOO_LARGE')
  t.equal(await sent('base64', inLines(larger)), 'TOO_LARGE')
})
