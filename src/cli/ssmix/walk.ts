// Walks SS-MIX2 storages below a folder, a patient at a time and always in the same order, so that a walk can be taken up again.

import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type PathFault, parsePath } from '../../storeclient/ssmix/path.ts'
import type { StorageFile } from '../../storeclient/ssmix/plan.ts'
import { UsageError } from '../failure.ts'
import { INDEX_FILE } from './storage-index.ts'

export interface Root {
  readonly directory: string
  /** Names the storage in the identity of its files, and in reports. */
  readonly label: string
}

export interface MisplacedFile {
  readonly path: string
  readonly fault: PathFault | 'no-message' | 'no-file'
}

/** All of one patient's folder, or what lies above the patients (`folder` is '' then). */
export interface PatientFolder {
  readonly root: Root
  /** Relative to the root; folders come in the order of `inOrder`. */
  readonly folder: string
  readonly files: readonly StorageFile[]
  readonly misplaced: readonly MisplacedFile[]
  /** Files beside the main document of a content folder: parts of it that the message holds itself. */
  readonly beside: readonly string[]
}

/** Storages are named by the 10-digit code of their facility, with a suffix when one is split by volume, period or kind. */
const STORAGE = /^\d{10}([._-].*)?$/
/** What an export writes beside its storages, and what desktops leave behind. */
const IGNORED = /^(\.|SSMIXIDX|ssmix-export-report|Thumbs\.db$|desktop\.ini$)/i
const MAIN_DOCUMENT = 'main_document.hl7'

/** The storages below `directory`, or itself when it holds patients. @throws {UsageError} when it cannot be read. */
export async function findRoots(directory: string, label?: string): Promise<readonly Root[]> {
  const entries = await list(directory, true)
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  // Beside an index lie storages, also of facilities without a code.
  const isExport = entries.some(({ name }) => name === INDEX_FILE)
  const storages = isExport ? folders : folders.filter((name) => STORAGE.test(name))
  if (storages.length === 0) return [{ directory, label: label ?? basename(directory) }]
  return storages.map((name) => ({ directory: join(directory, name), label: label ?? name }))
}

/** Folders of patients, in order, none before `from`. */
export async function* walkRoot(root: Root, from = ''): AsyncGenerator<PatientFolder> {
  const above: MisplacedFile[] = []
  for (const path of await patientFolders(root.directory, above))
    if (from === '' || inOrder(path, from) >= 0) yield await readPatient(root, path)
  if (above.length > 0) yield { root, folder: '', files: [], misplaced: above, beside: [] }
}

/** Paths of folders by their parts, as the walk takes them. */
export function inOrder(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one = '', other = ''] = [left[at], right[at]]
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}

/** Names of the three levels above the data; a prefecture's largest hospital has a few hundred thousand of them. */
async function patientFolders(directory: string, above: MisplacedFile[], prefix = ''): Promise<readonly string[]> {
  const depth = prefix === '' ? 0 : prefix.split('/').length
  if (depth === 3) return [prefix]
  const found: string[] = []
  for (const entry of await list(join(directory, prefix), depth === 0)) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (entry.isDirectory()) found.push(...(await patientFolders(directory, above, path)))
    else if (!IGNORED.test(entry.name)) above.push({ path, fault: 'depth' })
  }
  return found
}

async function readPatient(root: Root, folder: string): Promise<PatientFolder> {
  const files: StorageFile[] = []
  const misplaced: MisplacedFile[] = []
  const beside: string[] = []
  const paths = await below(root.directory, folder, misplaced)
  for (const path of paths) {
    const said = parsePath(path)
    if (typeof said === 'string') misplaced.push({ path, fault: said })
    else if (said.file === undefined || path === mainDocument(path, paths)) files.push({ path, said })
    else beside.push(path)
  }
  const main = new Set(files.map(({ path }) => contentFolder(path)))
  const without = beside.filter((path) => !main.has(contentFolder(path)))
  misplaced.push(...without.map((path): MisplacedFile => ({ path, fault: 'no-message' })))
  return { root, folder, files, misplaced, beside: beside.filter((path) => !without.includes(path)) }
}

function contentFolder(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

/** The main document of a content folder: by its usual name, or the only message in it. */
function mainDocument(path: string, paths: readonly string[]): string | undefined {
  const folder = `${contentFolder(path)}/`
  const messages = paths.filter((one) => one.startsWith(folder) && /\.hl7$/i.test(one))
  return (
    messages.find((one) => one === `${folder}${MAIN_DOCUMENT}`) ?? (messages.length === 1 ? messages[0] : undefined)
  )
}

async function below(directory: string, folder: string, misplaced: MisplacedFile[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const entry of await list(join(directory, folder), false)) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) found.push(...(await below(directory, path, misplaced)))
    else if (!entry.isFile()) misplaced.push({ path, fault: 'no-file' })
    else if (!IGNORED.test(entry.name)) found.push(path)
  }
  return found
}

/** A folder that went away while a watched storage was walked is empty; the root itself has to be there. */
async function list(directory: string, isRoot: boolean): Promise<readonly Dirent[]> {
  try {
    return (await readdir(directory, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (cause) {
    if (!isRoot && (cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new UsageError(`${directory} cannot be read`, { cause })
  }
}
