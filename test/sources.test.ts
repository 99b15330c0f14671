// The sources put together (docs/adr/0048): made once, anew when one of them changes, and run as they are where nothing can be kept.

import { spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

t.setTimeout(120_000)

const require = createRequire(import.meta.url)
const SOURCES = fileURLToPath(new URL('../src/sources.js', import.meta.url))
const WEEK_AND_A_DAY_MS = 8 * 86_400_000

const MAIN = `import { word } from '../model/word.ts'
const { later } = await import('./later.ts')
interface Unused { readonly of: string }
console.log(word as string, later, import.meta.url.split('/').slice(-3).join('/'))
if (process.argv.includes('fail')) throw new Error('on purpose')
`

/** A project with sources of its own and the packages that ours has. */
async function project(t: Test): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'tsunagi-sources-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  await say(root, 'package.json', '{ "type": "module" }')
  await say(root, 'src/cli/main.ts', MAIN)
  await say(root, 'src/cli/later.ts', `export const later: string = 'later'\n`)
  await say(root, 'src/model/word.ts', `export const word: string = 'one'\n`)
  for (const other of ['src/cli/bench/subject.ts', 'src/app/train-worker.ts', 'profiles/none.ts'])
    await say(root, other, 'export {}\n')
  await copyFile(SOURCES, join(root, 'src/sources.js'))
  await mkdir(join(root, 'node_modules'))
  for (const name of ['esbuild', 'tsx'])
    await symlink(dirname(require.resolve(`${name}/package.json`)), join(root, 'node_modules', name))
  return root
}

async function say(root: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function run(root: string, ...more: readonly string[]): Promise<Ran> {
  const script = `const { load } = await import(${JSON.stringify(join(root, 'src/sources.js'))})\nawait load('src/cli/main.ts')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, ...more], { cwd: tmpdir() })
  let [out, err] = ['', '']
  child.stdout.on('data', (data) => (out += data))
  child.stderr.on('data', (data) => (err += data))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out: out.trim(), err })))
}

function kept(root: string): Promise<readonly string[]> {
  return readdir(join(root, 'node_modules/.cache/tsunagi'))
}

t.test('a project that was moved with what it kept finds its files where it is now', async (t) => {
  const root = await project(t)
  await say(root, 'src/cli/main.ts', 'console.log(new URL(import.meta.url).pathname)\n')
  t.equal((await run(root)).out, join(root, 'src/cli/main.ts'))
  const moved = `${root}-moved`
  t.teardown(() => rm(moved, { recursive: true, force: true }))
  await rename(root, moved)
  t.match(await run(moved), { code: 0, out: join(moved, 'src/cli/main.ts') })
})

t.test('they are put together once; each module still knows where it lies', async (t) => {
  const root = await project(t)
  t.match(await run(root), { code: 0, out: 'one later src/cli/main.ts', err: '' })
  const [made = '', ...others] = await kept(root)
  t.same(others, [])
  const file = join(root, 'node_modules/.cache/tsunagi', made, 'src/cli/main.js')
  const before = await stat(file)
  t.match(await run(root), { code: 0, out: 'one later src/cli/main.ts', err: '' })
  t.same(await kept(root), [made])
  t.equal((await stat(file)).mtimeMs, before.mtimeMs)
})

t.test('a changed source counts at once, however alike its file looks', async (t) => {
  const root = await project(t)
  await run(root)
  const path = join(root, 'src/model/word.ts')
  const { atime, mtime } = await stat(path)
  await writeFile(path, `export const word: string = 'two'\n`)
  await utimes(path, atime, mtime)
  t.match(await run(root), { code: 0, out: 'two later src/cli/main.ts' })
  t.equal((await kept(root)).length, 2)
})

t.test('processes that start at once all run, and leave one copy', async (t) => {
  const root = await project(t)
  for (const ran of await Promise.all(Array.from({ length: 4 }, () => run(root))))
    t.match(ran, { code: 0, out: 'one later src/cli/main.ts', err: '' })
  t.equal((await kept(root)).length, 1)
})

t.test('what was spoiled since is made again', async (t) => {
  const root = await project(t)
  await run(root)
  const [made = ''] = await kept(root)
  const folder = join(root, 'node_modules/.cache/tsunagi', made)
  const main = join(folder, 'src/cli/main.js')
  for (const spoil of [() => writeFile(main, ''), () => rm(main), () => writeFile(join(folder, 'digests.json'), '')]) {
    await spoil()
    t.match(await run(root), { code: 0, out: 'one later src/cli/main.ts', err: '' })
    t.ok((await stat(main)).size > 0)
    t.same(await kept(root), [made])
  }
})

t.test('what nobody has used for a week goes when something new is made', async (t) => {
  const root = await project(t)
  await run(root)
  const [first = ''] = await kept(root)
  const longAgo = new Date(Date.now() - WEEK_AND_A_DAY_MS)
  await utimes(join(root, 'node_modules/.cache/tsunagi', first), longAgo, longAgo)
  await say(root, 'src/model/word.ts', `export const word: string = 'two'\n`)
  await run(root)
  const left = await kept(root)
  t.equal(left.length, 1)
  t.notOk(left.includes(first))
})

t.test('where nothing can be kept, and where a source cannot be read, they are run as they are', async (t) => {
  const root = await project(t)
  await writeFile(join(root, 'node_modules/.cache'), 'no folder')
  t.match(await run(root), { code: 0, out: 'one later src/cli/main.ts', err: '' })
  await rm(join(root, 'node_modules/.cache'))
  await say(root, 'src/model/word.ts', 'export const word = = 1\n')
  const { code, err } = await run(root)
  t.equal(code, 1)
  t.match(err, /word\.ts/, 'the reader is told where')
  t.same(await kept(root), [], 'and nothing half made is left')
})

t.test('a stack trace names the source and its line', async (t) => {
  const { code, err } = await run(await project(t), 'fail')
  t.equal(code, 1)
  t.match(err, /src\/cli\/main\.ts:5/)
})
