// Splitting MTOM packages: any chunking, look-alikes, broken and hostile packages, limits, memory (RFC 2046, 5.1; ITI TF-2 Appendix V).

import t from 'tap'
import { type MtomLimits, type Package, readRelated } from '../../../src/codec/mtom/split.ts'
import { IheError } from '../../../src/model/error.ts'

const TYPE = 'multipart/related; boundary=b1; type="application/xop+xml"'
const START = `${TYPE}; start="<root@x>"`
const XOP = 'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"'
const ROOT = `--b1\r\n${XOP}\r\nContent-ID: <root@x>\r\n\r\n<e/>`

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

async function collect(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

interface Options {
  readonly contentType?: string
  readonly size?: number
  readonly limits?: Partial<MtomLimits>
}

function split(message: string | Buffer, options: Options = {}): Promise<Package<string>> {
  const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message
  return readRelated(chunked(bytes, options.size ?? 65_536), {
    contentType: options.contentType ?? START,
    sink: async (headers, body) => `${headers.contentType}|${(await collect(body)).toString('latin1')}`,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  })
}

async function codeOf(message: string | Buffer, options: Options = {}): Promise<string> {
  try {
    await split(message, options)
  } catch (error) {
    if (error instanceof IheError) return `${error.row.code} ${error.at} ${error.rule}`
    throw error
  }
  return 'accepted'
}

const part = (id: string, content: string, more = ''): string =>
  `\r\n--b1\r\nContent-Type: text/plain\r\n${more}Content-ID: <${id}>\r\n\r\n${content}`
const END = '\r\n--b1--\r\n'

const LOOK_ALIKES = 'x--b1\r\n\n--b1\r\n\r\n--b1x\r\n\r\n--b1-\r\n\r\n--b\r\n\r\n--b1--x\r\n\r\r\n -- b1\r\n--'

t.test('RFC 2046, 5.1.1: any chunking gives the same parts, and look-alikes of the boundary are content', async (t) => {
  const message = Buffer.from(
    `preamble --b1\r\n${ROOT}${part('a', LOOK_ALIKES)}${part('z', '')}${END}epilogue --b1\r\n`,
  )
  for (let size = 1; size <= message.length; size += 1) {
    const { root, rootContentType, parts, bytes } = await split(message, { size })
    if (
      root.toString() !== '<e/>' ||
      parts.get('a') !== `text/plain|${LOOK_ALIKES}` ||
      parts.get('z') !== 'text/plain|'
    ) {
      t.fail(`chunks of ${size}: ${root} ${JSON.stringify([...parts])}`)
    }
    if (size > 1) continue
    t.match(rootContentType, /^application\/xop\+xml;/)
    t.equal(bytes, message.length)
  }
  for (let cut = 0; cut <= message.length; cut += 1) {
    const halves = async function* () {
      yield message.subarray(0, cut)
      yield message.subarray(cut)
    }
    const { parts } = await readRelated(halves(), {
      contentType: START,
      sink: async (_, body) => String(await collect(body)),
    })
    if (parts.get('a') !== LOOK_ALIKES || parts.get('z') !== '') t.fail(`cut at ${cut}`)
  }
  t.pass('at every byte')
})

t.test('RFC 2387: the root is the part named by start, wherever it stands, else the first', async (t) => {
  const last = `${part('a', 'A').slice(2)}\r\n${ROOT}${END}`
  t.match(await split(last), { root: Buffer.from('<e/>'), parts: new Map([['a', 'text/plain|A']]) })
  const first = await split(`${ROOT}${part('a', 'A')}${END}`, { contentType: TYPE })
  t.equal(String(first.root), '<e/>')
  t.equal(
    String((await split(`--b1\r\n${XOP}\r\n\r\n<e/>${END}`, { contentType: TYPE })).root),
    '<e/>',
    'without Content-ID',
  )
})

t.test('what is tolerated: LF only, padding, folded headers, no line end at the end, empty parts', async (t) => {
  const lf = `${ROOT}${part('a', 'x\r')}${part('b', '')}${END}`.replace(/\r\n/g, '\n')
  const read = await split(lf)
  t.same(
    [...read.parts],
    [
      ['a', 'text/plain|x\r'],
      ['b', 'text/plain|'],
    ],
  )
  t.equal(String(read.root), '<e/>')
  t.equal(String((await split(`${ROOT.replace('--b1', '--b1 \t')}\r\n--b1-- \t`)).root), '<e/>')
  const folded = ROOT.replace('; charset', ';\r\n\tcharset').replace('Content-ID', 'content-id ')
  t.equal(String((await split(folded + END)).root), '<e/>')
  t.equal(String((await split(`\r\n${ROOT}${END}`)).root), '<e/>', 'an empty line before the first boundary')
  const none = await split(`${ROOT}${part('a', '').slice(0, -2)}${END}`)
  t.equal(none.parts.get('a'), 'text/plain|', 'the line end of the blank line may be that of the boundary')
})

t.test('RFC 2045, 6: transfer encodings are undone while streaming', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) % 256))
  const lines = bytes.toString('base64').replace(/.{76}/g, '$&\r\n')
  const quoted = 'a=3D=E6=BC=A2 =\r\nb  \r\nc=\n=20\r\nend='
  const message = `${ROOT}${part('b', lines, 'Content-Transfer-Encoding: BASE64\r\n')}${part('q', quoted, 'Content-Transfer-Encoding: quoted-printable\r\n')}${part('8', '\xff\x00', 'Content-Transfer-Encoding: 8bit\r\n')}${END}`
  for (const size of [1, 2, 3, 5, 77, 4096]) {
    const { parts } = await split(Buffer.from(message, 'latin1'), { size })
    t.equal(parts.get('b'), `text/plain|${bytes.toString('latin1')}`, `base64 in chunks of ${size}`)
    t.equal(parts.get('q'), 'text/plain|a=\xe6\xbc\xa2 b\r\nc \r\nend')
    t.equal(parts.get('8'), 'text/plain|\xff\x00')
  }
  const encodedRoot = `--b1\r\n${XOP}\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <root@x>\r\n\r\nPGUvPg==${END}`
  t.equal(String((await split(encodedRoot)).root), '<e/>')
})

const base64 = 'Content-Transfer-Encoding: base64\r\n'
const quotedPrintable = 'Content-Transfer-Encoding: quoted-printable\r\n'
const broken: Readonly<Record<string, string>> = {
  'an empty body': '',
  'no boundary': 'hello\r\n',
  'a boundary not at the start of a line': `x${ROOT}${END}`,
  'another boundary': `${ROOT}${END}`.replaceAll('b1', 'b2'),
  'no part': '--b1--\r\n',
  'no end': ROOT,
  'no end after a part': `${ROOT}${part('a', 'A')}`,
  'an end cut in the boundary': `${ROOT}\r\n--b1-`,
  'headers without end': `--b1\r\n${XOP}\r\n`,
  'a header line without colon': `${ROOT.replace('Content-ID:', 'Content-ID')}${END}`,
  'a header line without name': `${ROOT.replace('Content-ID', '')}${END}`,
  'a header given twice': `${ROOT.replace('Content-ID', `${XOP}\r\nContent-ID`)}${END}`,
  'no root part': `${ROOT.replace('root@x', 'other@x')}${END}`,
  'the same Content-ID twice': `${ROOT}${part('a', 'A')}${part('a', 'B')}${END}`,
  'the Content-ID of the root again': `${ROOT}${part('root@x', 'A')}${END}`,
  'a part without Content-ID': `${ROOT}\r\n--b1\r\nContent-Type: text/plain\r\n\r\nA${END}`,
  'a part without headers': `${ROOT}\r\n--b1\r\n\r\nA${END}`,
  'a root of another type': `${ROOT.replace('xop+xml', 'soap+xml')}${END}`,
  'a root of an unreadable type': `${ROOT.replace('application/xop', ';')}${END}`,
  'a multipart inside': `${ROOT}${part('a', 'A').replace('text/plain', 'Multipart/mixed; boundary=c')}${END}`,
  'an unknown transfer encoding': `${ROOT}${part('a', 'A', 'Content-Transfer-Encoding: gzip\r\n')}${END}`,
  'base64 of other characters': `${ROOT}${part('a', 'AAA*', base64)}${END}`,
  'base64 cut off': `${ROOT}${part('a', 'AAAAA', base64)}${END}`,
  'base64 going on after its end': `${ROOT}${part('a', 'AA==AAAA', base64)}${END}`,
  'quoted-printable with a broken escape': `${ROOT}${part('a', 'a=ZZ', quotedPrintable)}${END}`,
  'quoted-printable in one endless line': `${ROOT}${part('a', 'a'.repeat(70_000), quotedPrintable)}${END}`,
  '33 headers in a part': `${ROOT}${part('a', 'A', 'X-H: 1\r\n'.repeat(31))}${END}`,
  '8 KiB of headers in a part': `${ROOT}${part('a', 'A', `X-H: ${'x'.repeat(8192)}\r\n`)}${END}`,
  '1001 parts': `${ROOT}${Array.from({ length: 1000 }, (_, index) => part(`p${index}`, '')).join('')}${END}`,
}

t.test('ITI TF-2 Appendix V: broken packages are refused, in one chunk and byte by byte', async (t) => {
  for (const [name, message] of Object.entries(broken)) {
    t.match(await codeOf(message), /^MTOM_PACKAGE /, name)
    if (message.length < 2000) t.match(await codeOf(message, { size: 1 }), /^MTOM_PACKAGE /, `${name}, byte by byte`)
  }
})

t.test('sizes: root, part and message', async (t) => {
  const message = `${ROOT}${part('a', 'x'.repeat(100))}${END}`
  t.match(await codeOf(message, { limits: { maxRootBytes: 3 } }), /^TOO_LARGE part 1/)
  t.match(await codeOf(message, { limits: { maxPartBytes: 99 } }), /^TOO_LARGE part 2/)
  t.match(await codeOf(message, { limits: { maxBytes: 200 } }), /^TOO_LARGE/)
  t.equal(
    await codeOf(message, { limits: { maxRootBytes: 4, maxPartBytes: 100, maxBytes: message.length } }),
    'accepted',
  )
  t.match(
    await codeOf(`${ROOT}${END}${'x'.repeat(1000)}`, { limits: { maxBytes: 500 } }),
    /^TOO_LARGE/,
    'epilogue counts',
  )
  t.match(
    await codeOf(`${'x'.repeat(1000)}\r\n${ROOT}${END}`, { limits: { maxBytes: 500 } }),
    /^TOO_LARGE/,
    'preamble counts',
  )
})

t.test('without sink parts are skipped; a sink may stop early, and its error stops the reading', async (t) => {
  const message = Buffer.from(`${ROOT}${part('a', 'x'.repeat(1000))}${part('b', 'B')}${END}`)
  const skipped = await readRelated(chunked(message, 10), { contentType: START })
  t.same([skipped.parts.size, skipped.bytes], [0, message.length])
  const first = await readRelated(chunked(message, 10), {
    contentType: START,
    sink: async (_, body) => {
      for await (const chunk of body) return chunk.length
      return 0
    },
  })
  t.same([...first.parts.keys()], ['a', 'b'])
  let pulled = 0
  let closed = false
  const counting = async function* () {
    try {
      for await (const chunk of chunked(message, 10)) {
        pulled += 1
        yield chunk
      }
    } finally {
      closed = true
    }
  }
  const failing = readRelated(counting(), {
    contentType: START,
    sink: async () => {
      throw new Error('disk full')
    },
  })
  await t.rejects(failing, { message: 'disk full' })
  t.ok(pulled < message.length / 10, 'not read to the end')
  t.notOk(closed, 'the owner of the source still answers on it')
})

t.test('an error of the source reaches the caller through the sink', async (t) => {
  const dying = async function* () {
    yield Buffer.from(`${ROOT}${part('a', 'A')}`)
    throw new Error('connection reset')
  }
  const reading = readRelated(dying(), { contentType: START, sink: async (_, body) => collect(body) })
  await t.rejects(reading, { message: 'connection reset' })
})

t.test('a large part passes in the memory of a few chunks, pulled only as fast as it is taken', async (t) => {
  const MIB = 1024 * 1024
  const block = Buffer.alloc(65_536, 'Lorem\r\n--b1x ipsum\r\n--b')
  let produced = 0
  const source = async function* () {
    yield Buffer.from(ROOT)
    yield Buffer.from(part('big', ''))
    for (; produced < 64 * MIB; produced += block.length) yield Buffer.from(block)
    yield Buffer.from(END)
  }
  let furthest = 0
  let ahead = 0
  const before = process.memoryUsage()
  const { parts } = await readRelated(source(), {
    contentType: START,
    sink: async (_, body) => {
      let size = 0
      for await (const chunk of body) {
        size += chunk.length
        ahead = Math.max(ahead, produced - size)
        const now = process.memoryUsage()
        furthest = Math.max(furthest, now.heapUsed - before.heapUsed)
      }
      return size
    },
  })
  t.equal(parts.get('big'), 64 * MIB)
  t.ok(ahead <= 2 * block.length, 'at most a chunk ahead of the sink')
  t.ok(furthest < 32 * MIB, 'nothing is collected')
})
