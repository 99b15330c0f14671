// tsunagi demo federation: two communities as processes; what it prints works as it stands (ITI TF-2 3.18, 3.38, 3.39, 3.43).

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { run } from '../cli/fake-door.ts'
import { temporaryDirectory } from '../faults/support.ts'
import { fillPrepared } from '../prepared/prepared.ts'

t.setTimeout(280_000)

const PROJECT = fileURLToPath(new URL('../../', import.meta.url))
const PORTS_EACH = 4
const EAST = '2.25.298039526957072039420986619662135195731'
const LAST_LINE = 'Ctrl-C ends both'

/** The first of so many ports in a row that nobody has; below those that a system gives to connections. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000)
    const taken = await Promise.all(Array.from({ length: count }, (_, index) => isTaken(first + index)))
    if (!taken.includes(true)) return first
  }
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(true))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)))
  })
}

interface Demo {
  readonly process: ChildProcess
  readonly guide: string
  /** Commands as they stand in the guide, without "npx tsunagi". */
  readonly commands: readonly (readonly string[])[]
}

const dataDir = await temporaryDirectory(t)
const west = await freePorts(3 * PORTS_EACH)
const east = { first: west + PORTS_EACH, second: west + 2 * PORTS_EACH }
// As whom PostgreSQL runs for root has to get to its files.
await chmod(dataDir, 0o711)
await mkdir(join(dataDir, 'federation', 'west'), { recursive: true })
await mkdir(join(dataDir, 'federation', 'east', 'postgres'), { recursive: true })
await fillPrepared('network', join(dataDir, 'federation', 'west'))
await fillPrepared('database', join(dataDir, 'federation', 'east', 'postgres'))

async function start(t: Test, port: number): Promise<Demo> {
  const script = join(PROJECT, 'src', 'cli', 'tsunagi.js')
  const argv = ['--data-dir', dataDir, '--west', String(west), '--east', String(port)]
  // A database of its own environment would be one for both.
  const env = { ...process.env, DATABASE_URL: 'postgresql://nobody@localhost:1/none' }
  const demo = spawn(process.execPath, [script, 'demo', 'federation', ...argv], { cwd: PROJECT, env })
  t.teardown(() => demo.kill('SIGINT'))
  let [guide, errors] = ['', '']
  demo.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  await new Promise<void>((resolve, reject) => {
    demo.stdout.on('data', (chunk: Buffer) => {
      guide += chunk.toString()
      if (guide.includes(LAST_LINE)) resolve()
    })
    demo.once('exit', (code) => reject(new Error(`ended with ${code}: ${errors}`)))
  })
  const lines = guide.split('\n').flatMap((line) => /^ {3}npx tsunagi (.*)$/.exec(line)?.[1] ?? [])
  return { process: demo, guide, commands: lines.map(wordsOf) }
}

/** As a POSIX shell divides what the guide prints. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

async function stop({ process: demo }: Demo): Promise<unknown> {
  const ended = once(demo, 'exit')
  demo.kill('SIGINT')
  const [code] = await ended
  return code
}

let documentsOfEast = 0

t.test('a clinic of the west has found and fetched what is in the east; each printed command works', async (t) => {
  const demo = await start(t, east.first)
  t.match(demo.guide, /of its own network \d+, of the east 1\nFetched from the east: .* \d{3,} bytes/)
  const said: string[] = []
  for (const words of demo.commands) {
    const { code, text, err } = await run(words, PROJECT)
    t.equal(code, 0, `${words.join(' ')}\n${err}`)
    said.push(text)
  }
  const of = (text: string | undefined): number => text?.split('\n').filter((line) => line.startsWith(EAST)).length ?? 0
  const looks = demo.commands.flatMap((words, index) => (words.includes('--neighbours') ? [of(said[index])] : []))
  t.same(looks, [1, 2, 0, 0], 'one; one more was pushed; who has no link; what is not shared any more')
  t.equal(of(said[0]), 0, 'the own registry answers for the west alone')
  const fetched = demo.commands.findIndex(([command]) => command === 'retrieve')
  t.match(said[fetched], /^MSH\|.*DEMO-EAST-001[\s\S]*架空\^太郎/)
  const journals = said.filter((_, index) => demo.commands[index]?.[0] === 'journal')
  for (const journal of journals) t.match(journal, /ITI-39[\s\S]*ITI-38/)
  documentsOfEast = 2
  t.equal(await stop(demo), 0)
  t.notOk(await isTaken(west), 'nothing listens any more')
})

t.test(
  'a second start goes on where the first one ended, also at another port; servers of a demo that is killed end too',
  async (t) => {
    const demo = await start(t, east.second)
    t.match(demo.guide, `of the east ${documentsOfEast}`)
    demo.process.kill('SIGKILL')
    await once(demo.process, 'exit')
    for (let tries = 0; tries < 150 && (await isTaken(west)); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 100))
    t.notOk(await isTaken(west), 'nothing listens any more')
  },
)

t.test('ports that overlap, or are none, are wrong usage', async (t) => {
  for (const ports of [
    ['--west', '9443', '--east', '9445'],
    ['--west', '65533'],
    ['--east', 'any'],
  ]) {
    const { code, err } = await run(['demo', 'federation', '--data-dir', dataDir, ...ports], PROJECT)
    t.equal(code, 2)
    t.match(err, /ports?/)
  }
})
