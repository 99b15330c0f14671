// What tsunagi push sends: messages of files, batches, folders and SS-MIX2 storages, in the order in which their patient's are to arrive.

import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { readHeader, unframe } from '../../codec/hl7v2/header.ts'
import { UsageError } from '../failure.ts'

/** A file with messages. */
export interface Source {
  /** As it is shown and reported. */
  readonly file: string
  readonly path: string
}

export interface Outgoing {
  readonly file: string
  /** Which of the file, from 1. */
  readonly number: number
  readonly bytes: Buffer
  readonly sha256: string
  /** MSH-10. */
  readonly controlId: string
  /** Messages of one lane follow one another: those of one patient, or of a folder where no patient can be read. */
  readonly lane: string
}

export interface Sources {
  readonly sources: readonly Source[]
  /** Some were found in a folder, so that a person has not named each. */
  readonly fromFolders: boolean
}

/** Name of a file of a standardised storage: patient, care date, kind, order, time, department, condition flag (SS-MIX2 1.2). */
const STORED = /^(.+)_(?:\d{8}|-)_[A-Z]{3}(?:-\d\d)?_.+_(\d{15,17})_[^_]+_[012]$/

/**
 * Files as given, folders with all below them: `*.hl7` by their path, files of a storage by patient and the time at which they
 * were written, so that versions follow one another.
 * @throws {UsageError} for what cannot be read, and for a folder without any.
 */
export async function findSources(cwd: string, given: readonly string[]): Promise<Sources> {
  const found = await Promise.all(given.map((path) => sourcesAt(cwd, path)))
  return { sources: found.flatMap(({ sources }) => sources), fromFolders: found.some(({ isFolder }) => isFolder) }
}

async function sourcesAt(
  cwd: string,
  given: string,
): Promise<{ readonly sources: readonly Source[]; readonly isFolder: boolean }> {
  const path = resolve(cwd, given)
  if (!(await isFolder(given, path))) return { sources: [{ file: given, path }], isFolder: false }
  const paths = (await filesBelow(path)).filter(
    (file) => file.toLowerCase().endsWith('.hl7') || STORED.test(nameOf(file)),
  )
  if (paths.length === 0) throw new UsageError(`${given} has no *.hl7 and no file of an SS-MIX2 storage`)
  const keyed = paths.map((file) => ({ file, key: sortKey(relative(path, file)) }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return { sources: keyed.map(({ file }) => ({ file: join(given, relative(path, file)), path: file })), isFolder: true }
}

async function isFolder(given: string, path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    throw new UsageError(`${given} cannot be read`, { cause })
  }
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Times of 15 digits lack the last two, which are 0. */
function sortKey(path: string): string {
  const [, patient, time = ''] = STORED.exec(nameOf(path)) ?? []
  return patient === undefined ? path : `${patient}\u0000${time.padEnd(17, '0')}\u0000${path}`
}

/** Reads file after file, so that a storage of any size takes no more memory than one of them. @throws {UsageError} */
export async function* outgoing(sources: readonly Source[]): AsyncGenerator<Outgoing> {
  for (const { file, path } of sources) {
    for (const [index, bytes] of messagesOf(await readSource(file, path)).entries()) {
      yield {
        file,
        number: index + 1,
        bytes,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        controlId: readHeader(bytes).controlId,
        lane: patientOf(bytes) ?? path.slice(0, path.lastIndexOf('/')),
      }
    }
  }
}

async function readSource(file: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new UsageError(`${file} cannot be read`, { cause })
  }
}

/**
 * The messages of a file, without framing and without the 1C that storages leave behind. One that is a batch (FHS, BHS), or has
 * several messages one after the other, is taken apart; everything else is one message, sent as it is.
 */
export function messagesOf(bytes: Buffer): readonly Buffer[] {
  // Characters are bytes here: MSH at the beginning of a line is nothing else in any character set we know.
  const text = bytes.toString('latin1')
  const starts = [...text.matchAll(/(?:^|[\r\n\v])(?=MSH)/g)].map((match) => match.index + match[0].length)
  if (starts.length < 2 && !/^\s*[FB]HS/.test(text)) return [unframe(bytes)]
  return starts.map((start, index) => unframe(bytes.subarray(start, endOf(text, start, starts[index + 1]))))
}

/** Before the frame of the next one, and before the segments that end a batch. */
function endOf(text: string, start: number, next: number | undefined): number {
  const end = next ?? text.length
  let kept = end
  for (let at = lineAt(text, start, end); /^[FB][HT]S/.test(text.slice(at, at + 3)); at = lineAt(text, start, at))
    kept = lineEnd(text, at) + 1
  return kept === end && text[end - 1] === '\v' ? end - 1 : kept
}

/** Where the last line before `end` begins, empty ones left out. A step back at a time: whatever a file holds is read once. */
function lineAt(text: string, start: number, end: number): number {
  let at = lineEnd(text, end)
  while (at > start && !isLineEnd(text[at - 1])) at -= 1
  return at
}

/** Where the line ends that stands before `at`. */
function lineEnd(text: string, at: number): number {
  let end = at
  while (end > 0 && isLineEnd(text[end - 1])) end -= 1
  return end
}

function isLineEnd(character: string | undefined): boolean {
  return character === '\r' || character === '\n'
}

/** The number in PID-3 as it stands; it decides over nothing but the order of sending. */
function patientOf(bytes: Buffer): string | undefined {
  const line = /[\r\n]PID([^\r\n]*)/.exec(bytes.toString('latin1'))?.[1] ?? ''
  const number = /^[A-Za-z0-9-]+/.exec(line.split(line[0] ?? '|')[3] ?? '')?.[0]
  return number?.replace(/^0+(?=.)/, '')
}
