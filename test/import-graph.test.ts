// The house's one-way imports (design §1): every arrow of the import graph is read and a wrong one fails.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

function files(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return files(path)
    return path.endsWith('.ts') ? [path] : []
  })
}

/** The room a file lives in: `profiles`, `codec`, `registry`, …; `app` for the composition root. */
function roomOf(path: string): string {
  const [top, second = ''] = relative(ROOT, path).split('/')
  if (top === 'profiles') return 'profiles'
  return second.endsWith('.ts') ? second.replace(/\.ts$/, '') : second
}

const ACTORS = ['identity', 'registry', 'repository', 'storeclient', 'access', 'audit', 'journal', 'gateway']
const CODE = ['model', 'profiles', 'codec']

/** What each room may import besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  model: [],
  profiles: ['model'],
  codec: ['model', 'profiles'],
  ...Object.fromEntries(ACTORS.map((actor) => [actor, ['model', 'profiles']])),
  config: ['model', 'profiles'],
  certificates: ['model', 'profiles'],
  mllp: CODE,
  // The console makes pages of values; its admin routes send them.
  console: ['model', 'profiles'],
  http: [...CODE, ...ACTORS, 'mllp', 'console'],
  db: ['model', 'profiles', ...ACTORS],
  // The matching bench feeds the matcher in memory; storages of SS-MIX2 are walked and written by the rules of their paths; exports of the
  // audit log are verified where no server is.
  cli: [...CODE, 'config', 'certificates', 'mllp', 'db', 'app', 'identity', 'storeclient', 'audit'],
}

function importsOf(path: string): readonly string[] {
  const source = readFileSync(path, 'utf8')
  const found = source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)
  return [...found].flatMap((match) => (match[1] === undefined ? [] : [resolve(dirname(path), match[1])]))
}

const all = [...files(join(ROOT, 'src')), ...files(join(ROOT, 'profiles'))]

t.test('imports point one way (design §1)', async (t) => {
  const wrong: string[] = []
  for (const path of all) {
    const room = roomOf(path)
    if (room === 'app') continue
    for (const target of importsOf(path)) {
      const other = roomOf(target)
      if (other !== room && !(ALLOWED[room] ?? []).includes(other))
        wrong.push(`${relative(ROOT, path)} → ${relative(ROOT, target)}`)
    }
  }
  t.same(wrong, [])
})

t.test('every room of the house is known to the rule', async (t) => {
  t.same(
    [...new Set(all.map(roomOf))].filter((room) => room !== 'app' && ALLOWED[room] === undefined),
    [],
  )
})

t.test('nobody but the command line imports the composition root', async (t) => {
  const importers = all
    .filter((path) => importsOf(path).some((target) => roomOf(target) === 'app'))
    .map((path) => roomOf(path))
  t.same(
    [...new Set(importers)].filter((room) => room !== 'cli' && room !== 'app'),
    [],
  )
})

t.test('no file imports itself by way of others', async (t) => {
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, way: readonly string[]): void => {
    const before = way.indexOf(path)
    if (before >= 0) circles.push([...way.slice(before), path].map((step) => relative(ROOT, step)).join(' → '))
    if (before >= 0 || done.has(path)) return
    for (const target of importsOf(path)) if (all.includes(target)) visit(target, [...way, path])
    done.add(path)
  }
  for (const path of all) visit(path, [])
  t.same(circles, [])
})
