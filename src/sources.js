// How this project's own sources are run: put together once, and kept until one of them changes. A thousand modules loaded one by one,
// each through a loader that takes its types away, take longer than the server takes to start (docs/adr/0048).

import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const KEPT = join(ROOT, 'node_modules', '.cache', 'tsunagi')
/**
 * What processes and threads begin with, and the folders of all that they load.
 * @typedef {{ readonly folders: readonly string[], readonly entries: readonly string[] }} Sources
 */
/** @type {Sources} */
const SERVER = {
  folders: ['src', 'profiles'],
  entries: ['src/cli/main.ts', 'src/cli/bench/subject.ts', 'src/app/train-worker.ts'],
}
/** Of the modules that were made, by their paths. */
const DIGESTS = 'digests.json'
/** What a module that asks where it lies reads instead: what was made of it lies elsewhere. */
const PLACE = 'placeOfSource'
const SOURCE = /\.(ts|json)$/
/** A process of a former state may still load a part of what was made for it. */
const UNUSED_MS = 7 * 86_400_000

/**
 * Loads one of the entries, given by its path below the project. Where nothing can be kept it is loaded as it is.
 * @param {string} entry
 */
export async function load(entry) {
  const made = await keep(SERVER).catch(() => undefined)
  process.setSourceMapsEnabled(true)
  if (made !== undefined) return import(pathToFileURL(join(made, builtName(entry))).href)
  const { register } = await import('tsx/esm/api')
  register()
  return import(pathToFileURL(join(ROOT, entry)).href)
}

/**
 * The path of what is made of an entry, below the folder.
 * @param {string} entry
 */
export function builtName(entry) {
  return entry.replace(/\.ts$/, '.js')
}

/**
 * The folder that holds them as they are now.
 * @param {Sources} sources
 */
export async function keep(sources) {
  const folder = join(KEPT, fingerprint(sources))
  if (existsSync(folder)) {
    const now = new Date()
    await utimes(folder, now, now).catch(() => undefined)
    if (isWhole(folder)) return folder
    await rm(folder, { recursive: true, force: true })
  }
  const workshop = `${folder}.${randomUUID()}`
  await mkdir(KEPT, { recursive: true })
  try {
    await make(sources, workshop)
    // Whoever else made it at the same time made the same.
    await rename(workshop, folder).catch((error) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
  await clear()
  return folder
}

/**
 * Files written shortly before a power cut may be empty after it, and somebody may have cleared some away.
 * @param {string} folder
 */
function isWhole(folder) {
  try {
    const digests = JSON.parse(readFileSync(join(folder, DIGESTS), 'utf8'))
    return Object.entries(digests).every(([path, digest]) => digestOf(readFileSync(join(folder, path))) === digest)
  } catch {
    return false
  }
}

/** @param {Uint8Array} bytes */
function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** @param {Sources} sources */
function fingerprint({ folders, entries }) {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)))
  // What was made says where each module lies: a project that was moved, or copied with what it kept, is another one.
  hash.update(JSON.stringify({ root: ROOT, entries }))
  for (const path of folders.flatMap(sourcesBelow)) hash.update(`\0${path}\0`).update(readFileSync(join(ROOT, path)))
  return hash.digest('hex').slice(0, 24)
}

/** @param {string} folder */
function sourcesBelow(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => SOURCE.test(path))
    .map((path) => join(folder, path))
    .sort()
}

/**
 * @param {Sources} sources
 * @param {string} folder
 */
async function make({ entries }, folder) {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [...entries],
    outbase: ROOT,
    outdir: folder,
    write: false,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'silent',
    define: { 'import.meta.url': PLACE },
    plugins: [
      {
        name: 'where a module lies',
        setup: ({ onLoad }) => {
          onLoad({ filter: /\.ts$/ }, async ({ path }) => {
            const text = await readFile(path, 'utf8')
            if (!text.includes('import.meta.url')) return undefined
            return { contents: `const ${PLACE} = ${JSON.stringify(pathToFileURL(path).href)}; ${text}`, loader: 'ts' }
          })
        },
      },
    ],
  })
  /** @type {Record<string, string>} */
  const digests = {}
  for (const { path, contents } of outputFiles) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, contents)
    if (path.endsWith('.js')) digests[relative(folder, path)] = digestOf(contents)
  }
  await writeFile(join(folder, DIGESTS), JSON.stringify(digests))
}

/** What was made of former states of the sources goes when nobody has used it for long. */
async function clear() {
  for (const name of await readdir(KEPT)) {
    const path = join(KEPT, name)
    const usedMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now()
    if (Date.now() - usedMs > UNUSED_MS) await rm(path, { recursive: true, force: true })
  }
}
