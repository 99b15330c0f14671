// tsunagi push of files, batches, folders and storages against a real server: order, rate, report, resumption, patience, interruption.

import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { main } from '../../src/cli/main.ts'
import { type Delivered, deliver, type PushConnection } from '../../src/cli/push/deliver.ts'
import { findSources, messagesOf, type Outgoing, outgoing } from '../../src/cli/push/messages.ts'
import { localAddresses } from '../../src/cli/running-server.ts'
import { writeEr7 } from '../../src/codec/hl7v2/write.ts'
import { growthOf, LINEAR_AT_MOST } from '../processor-time.ts'
import { type Scenario, startScenario } from '../scenarios/harness.ts'

t.setTimeout(120_000)

const demoResult = new URL('../../fixtures/demo/messages/oul-r22-taro-final.hl7', import.meta.url)

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tsunagi-push-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

/** The demo result under other numbers, so that each is a document of its own. */
async function results(count: number, from = 1): Promise<readonly Buffer[]> {
  const text = (await readFile(demoResult)).toString('latin1')
  const order = /OBR\|1\|(\w+)/.exec(text)?.[1] ?? ''
  const control = text.split('|')[9] ?? ''
  return Array.from({ length: count }, (_, index) =>
    Buffer.from(
      text.replaceAll(order, String(987_000_000_000_000 + from + index)).replace(control, `PUSH-${from + index}`),
      'latin1',
    ),
  )
}

function without(bytes: Buffer, segment: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(new RegExp(`\\r${segment}[^\\r]*`, 'g'), ''), 'latin1')
}

async function push(scenario: Scenario, ...argv: readonly string[]) {
  let text = ''
  let err = ''
  const { httpsUrl } = localAddresses(scenario.server)
  const terminal = {
    out: (data: string | Uint8Array) => {
      text += Buffer.from(data).toString('utf8')
    },
    err: (said: string) => {
      err += said
    },
    env: {},
    cwd: '/',
  }
  const here = ['--data-dir', scenario.server.config.dataDir, '--as', 'hospital-a', '--url', httpsUrl]
  const port = ['--port', String(scenario.server.mllpPort)]
  const code = await main(['push', ...argv, ...here, ...port], terminal)
  return { code, text, err }
}

async function linesOf(path: string) {
  const text = await readFile(path, 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

t.test('a file of nothing but line ends and trailers is taken apart as fast as any other', async (t) => {
  const [one, other] = ['MSH|^~\\&|a\rPID|\r', 'MSH|^~\\&|b\rPID|']
  const texts = (file: string) => messagesOf(Buffer.from(file)).map(String)
  const ends = (lines: number) => `${one}${'\r'.repeat(lines)}x\r${other}`
  const trailers = (lines: number) => `BHS|\r${one}${'BTS|1\r\n'.repeat(lines)}`
  t.same(texts(ends(200_000)).length, 2)
  t.same(texts(trailers(200_000)), [one])
  for (const make of [ends, trailers]) t.ok((await growthOf(make, texts, 50_000)) < LINEAR_AT_MOST)
  t.same(texts(`FHS|\rBHS|\r${one}${other}\r\nBTS|2\r\n\r\nFTS|1`), [one, `${other}\r`])
  t.same(texts(`\v${one}\u001c\r\v${other}`), [one, other], 'frames one after the other')
})

t.test('a folder and a storage are sent as a whole, reported a line a message, and resumed', async (t) => {
  const scenario = await startScenario(t)
  const place = await folder(t)
  const messages = join(place, 'messages')
  await mkdir(join(messages, 'below'), { recursive: true })
  const [a, b, c, d] = await results(4)
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('four were asked for')
  await writeFile(join(messages, '1.hl7'), a)
  await writeFile(join(messages, 'below', '2.HL7'), Buffer.concat([b, Buffer.from([0x1c])]))
  await writeFile(join(messages, 'notes.txt'), 'no message')
  await writeFile(join(messages, '3.hl7'), without(c, 'SPM'))
  await writeFile(join(messages, '0000012345_20260401_OML-11_000000000000001_20260401120000000_01_1'), d)
  const report = join(place, 'report.ndjson')

  await t.test('exit code 1 and the refused ones in full; the others only in the summary', async (t) => {
    const { code, text, err } = await push(scenario, messages, '--report', report, '--connections', '3')
    t.equal(code, 1, err)
    t.match(err, '1 of 4 messages refused')
    t.match(text, /AE {2}PUSH-3 {2}.*3\.hl7\n *error 10\d/)
    t.notMatch(text, '1.hl7')
    t.match(text, /4 messages .* AA 3 .* p50 [\d.]+ ms, p95 [\d.]+ ms/)
    const lines = await linesOf(report)
    t.equal(lines.length, 4)
    t.same(
      lines
        .filter(({ accepted }) => accepted)
        .map(({ controlId }) => controlId)
        .toSorted(),
      ['PUSH-1', 'PUSH-2', 'PUSH-4'],
    )
    const [refused] = lines.filter(({ accepted }) => !accepted)
    t.match(refused, { controlId: 'PUSH-3', ack: 'AE', message: 1, attempts: 1, ms: Number })
    t.match(refused.errors[0], { severity: 'E', application: /^SC-/, text: /./ })
  })

  await t.test('what was accepted is left out, what was mended is sent', async (t) => {
    await writeFile(join(messages, '3.hl7'), c)
    const { code, text, err } = await push(scenario, messages, '--report', report, '--skip-accepted', report)
    t.equal(code, 0, err)
    t.match(text, /1 messages .* skipped \/ 送信済み 3/)
    const again = await push(scenario, messages, '--skip-accepted', report, '--json')
    t.match(JSON.parse(again.text), { summary: { messages: 0, skipped: 4, refused: 0 } })
  })

  await t.test('a report that was cut within a line goes on in the next one', async (t) => {
    await writeFile(report, `${(await readFile(report, 'utf8')).trimEnd()}\n{"file":"cut`)
    const { code } = await push(scenario, messages, '--report', report, '--skip-accepted', report)
    t.equal(code, 0)
    const { code: second } = await push(scenario, join(messages, '1.hl7'), '--report', report)
    t.equal(second, 0)
    t.match((await readFile(report, 'utf8')).split('\n').at(-2), '"controlId":"PUSH-1"')
  })

  await t.test('batches are taken apart (HL7 v2.5 2.10.3); HTTPS carries the same', async (t) => {
    const batch = join(place, 'batch.hl7')
    const [e, f] = await results(2, 5)
    if (e === undefined || f === undefined) throw new Error('two were asked for')
    const ends = (text: string) => Buffer.from(text, 'latin1')
    const parts = [ends('FHS|^~\\&|EHR\rBHS|^~\\&|EHR\r'), e, f, ends('BTS|2\rFTS|1\r')]
    await writeFile(batch, Buffer.concat(parts))
    const { code, text, err } = await push(scenario, batch, '--http')
    t.equal(code, 0, err)
    t.match(text, /AA {2}PUSH-5 {2}.*batch.hl7\nAA {2}PUSH-6 {2}.*batch.hl7 \(2\)\n2 messages/)
  })

  await t.test('wrong numbers and folders without messages are wrong usage', async (t) => {
    t.equal((await push(scenario, messages, '--rate', 'fast')).code, 2)
    t.equal((await push(scenario, messages, '--connections', '0')).code, 2)
    t.equal((await push(scenario, join(place, 'nothing'))).code, 2)
    await mkdir(join(place, 'empty'))
    t.match(await push(scenario, join(place, 'empty')), { code: 2, err: /no \*\.hl7/ })
    t.equal((await push(scenario, messages, '--skip-accepted', join(place, 'none'))).code, 2)
  })

  await t.test('SIGINT: what is on its way is answered, the summary said, the report complete', async (t) => {
    const many = join(place, 'many')
    await mkdir(many)
    for (const [index, bytes] of (await results(200, 100)).entries())
      await writeFile(join(many, `${String(index).padStart(3, '0')}.hl7`), bytes)
    const written = join(place, 'many.ndjson')
    const { httpsUrl } = localAddresses(scenario.server)
    const argv = ['push', many, '--report', written, '--rate', '40', '--as', 'hospital-a', '--url', httpsUrl]
    const here = ['--data-dir', scenario.server.config.dataDir, '--port', String(scenario.server.mllpPort)]
    const tsunagi = fileURLToPath(new URL('../../src/cli/tsunagi.js', import.meta.url))
    const child = spawn(process.execPath, [tsunagi, ...argv, ...here])
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
    })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    while ((await readFile(written, 'utf8').catch(() => '')).split('\n').length < 5)
      await new Promise((resolve) => setImmediate(resolve))
    child.kill('SIGINT')
    t.equal(await ended, 1)
    const lines = await linesOf(written)
    t.ok(lines.length >= 4 && lines.length < 200)
    t.match(said, `${lines.length} messages`)
    const { code, text } = await push(scenario, many, '--skip-accepted', written, '--connections', '4')
    t.equal(code, 0)
    t.match(text, `${200 - lines.length} messages`)
  })
})

t.test('files of a storage go out by patient and time, whatever their folders are', async (t) => {
  const place = await folder(t)
  const names = [
    '20250401/OMP-01/0000000001_20250401_OMP-01_000000000000001_20250401090000000_01_2',
    '20250301/OML-11/0000000001_20250301_OML-11_000000000000002_20250402090000000_01_1',
    '20250401/OMP-01/0000000001_20250401_OMP-01_000000000000001_202504011000000_01_1',
    '-/ADT-00/0000000001_-_ADT-00_999999999999999_20240101000000000_-_1',
  ]
  for (const name of names) {
    await mkdir(join(place, '000', '000', '0000000001', name, '..'), { recursive: true })
    await writeFile(join(place, '000', '000', '0000000001', name), 'MSH|')
  }
  const { sources, fromFolders } = await findSources(place, ['.'])
  t.ok(fromFolders)
  t.same(
    sources.map(
      ({ file }) =>
        /_(\d{15,17})_/.exec(
          file
            .split('/')
            .at(-1)
            ?.replace(/^[^_]+_[^_]+_[^_]+_[^_]+/, '') ?? '',
        )?.[1],
    ),
    ['20240101000000000', '20250401090000000', '202504011000000', '20250402090000000'],
  )
})

t.test(
  'messages are found in frames, in batches and one after the other; a broken file is sent as it is',
  async (t) => {
    const texts = (bytes: string) => messagesOf(Buffer.from(bytes, 'latin1')).map((one) => one.toString('latin1'))
    t.same(texts('MSH|1\rPID|\r\x1c'), ['MSH|1\rPID|\r'])
    t.same(texts('\x0bMSH|1\rPID|\r\x1c\r\x0bMSH|2\r\x1c\r'), ['MSH|1\rPID|\r', 'MSH|2\r'])
    t.same(texts('MSH|1\nPID|\nMSH|2\nPID|'), ['MSH|1\nPID|\n', 'MSH|2\nPID|'])
    t.same(texts('FHS|\r\nBHS|\r\nMSH|1\r\nBTS|1\r\nFTS|\r\n'), ['MSH|1\r'])
    t.same(texts('PID|only\r'), ['PID|only\r'])
  },
)

/** Messages of two patients in turn. */
async function* turns(count: number): AsyncGenerator<Outgoing> {
  for (let number = 1; number <= count; number++) {
    const bytes = Buffer.from(String(number))
    yield { file: 'f', number, bytes, sha256: '', controlId: `${number}`, lane: `patient ${number % 7}` }
  }
}

function ackOf(code: string, condition?: string): Buffer {
  const error = condition === undefined ? [] : ([['ERR', '', '', condition, 'E']] as const)
  return writeEr7([['MSH', '', '', '', '', '20260401', '', 'ACK', '1', 'P', '2.5'], ['MSA', code, '1'], ...error])
}

const never = new AbortController().signal

t.test('several connections keep the order of each patient; a rate is kept', async (t) => {
  const sent: number[] = []
  let open = 0
  const connection = (): PushConnection => ({
    send: async (bytes) => {
      await new Promise((resolve) => setImmediate(resolve))
      sent.push(Number(bytes.toString()))
      return ackOf('AA')
    },
    close: async () => {
      open -= 1
    },
  })
  const options = {
    connections: 3,
    open: async () => {
      open += 1
      return connection()
    },
    signal: never,
    delivered: () => {},
  }
  await deliver(turns(400), options)
  t.equal(sent.length, 400)
  t.equal(open, 0)
  for (let patient = 0; patient < 7; patient++) {
    const own = sent.filter((number) => number % 7 === patient)
    t.same(
      own,
      own.toSorted((a, b) => a - b),
    )
  }
  const startedMs = performance.now()
  await deliver(turns(11), { ...options, rate: 100 })
  t.ok(performance.now() - startedMs >= 95, 'ten pauses of 10 ms')
})

t.test(
  'AR 207 and a lost connection are tried again with growing pauses, another AR is not (table 0357)',
  async (t) => {
    const answers: (Buffer | Error)[] = [
      ackOf('AA'),
      ackOf('AR', '207'),
      Object.assign(new Error('gone'), { code: 'MLLP_CLOSED' }),
      ackOf('AA'),
      ackOf('AR', '200'),
    ]
    let opened = 0
    const delivered: Delivered[] = []
    const open = async (): Promise<PushConnection> => {
      opened += 1
      return {
        send: async () => {
          const answer = answers.shift()
          if (answer === undefined || answer instanceof Error) throw answer
          return answer
        },
        close: async () => {},
      }
    }
    const startedMs = performance.now()
    await deliver(turns(3), { connections: 1, open, signal: never, delivered: (one) => delivered.push(one) })
    t.ok(performance.now() - startedMs >= 1450, 'half a second, then a second')
    t.same(
      delivered.map(({ ack, attempts }) => [ack?.code, attempts]),
      [
        ['AA', 1],
        ['AA', 3],
        ['AR', 1],
      ],
    )
    t.equal(opened, 2)
  },
)

t.test('a server that never answered is told at once; stopping ends a pause', async (t) => {
  const gone = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const refused = deliver(turns(3), {
    connections: 2,
    open: () => Promise.reject(gone),
    signal: never,
    delivered: () => {},
  })
  await t.rejects(refused, { code: 'ECONNREFUSED' })
  const stop = new AbortController()
  const open = async (): Promise<PushConnection> => ({
    send: async () => {
      setImmediate(() => stop.abort())
      return ackOf('AR', '207')
    },
    close: async () => {},
  })
  const delivered: Delivered[] = []
  const startedMs = performance.now()
  await deliver(turns(3), { connections: 1, open, signal: stop.signal, delivered: (one) => delivered.push(one) })
  t.ok(performance.now() - startedMs < 450)
  t.match(delivered, [{ ack: { code: 'AR' } }])
})

t.test('a file is read when its turn comes', async (t) => {
  const place = await folder(t)
  await writeFile(join(place, 'a.hl7'), 'MSH|^~\\&|A|B|||2026||ADT^A08|C1\rPID|1||00012^^^^PI\r')
  const { sources } = await findSources(place, ['a.hl7'])
  const messages: Outgoing[] = []
  for await (const one of outgoing(sources)) messages.push(one)
  t.match(messages, [{ file: 'a.hl7', number: 1, controlId: 'C1', lane: '12', sha256: /^[0-9a-f]{64}$/ }])
  await rm(join(place, 'a.hl7'))
  await t.rejects(outgoing(sources).next(), /a\.hl7 cannot be read/)
})
