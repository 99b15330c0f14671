// Invented people as files for the importer, and what the bench keeps of them: who is who, and whom another facility gets to know later.

import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { writePersonRecord } from '../../codec/ndjson/person-record.ts'
import type { Oid } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import { hospitals, people } from './people/people.ts'

const SEED = 1
/** People of whom nobody has heard come from another seed. */
const STRANGERS_SEED = 2
const MOST_STRANGERS = 10_000_000
/** As many known ones are enough for the adds of a measurement. */
const KNOWN = 30_000
const WRITE_CHARACTERS = 1024 * 1024

export interface Invention {
  readonly persons: number
  readonly records: number
  /** One file a hospital, as each would send its own. */
  readonly files: readonly { readonly domain: Oid; readonly path: string }[]
  /** Of each hospital the persons by patient number, which counts from 1. */
  readonly truth: ReadonlyMap<string, readonly number[]>
  /** Someone whom a hospital knows, each once. */
  readonly known: () => Demographics | undefined
  readonly stranger: () => Demographics
}

/** Writes the files below `directory`; a person is written as soon as it is told. */
export async function invent(directory: string, persons: number): Promise<Invention> {
  const files = hospitals.map((domain) => ({ domain, path: join(directory, `${domain}.ndjson`) }))
  const writers = new Map(
    await Promise.all(files.map(async ({ domain, path }) => [domain, writerOf(await open(path, 'w'))] as const)),
  )
  const truth = new Map<string, number[]>(hospitals.map((domain) => [domain, []]))
  const known: Demographics[] = []
  const every = Math.ceil(persons / KNOWN)
  let records = 0
  let last = 0
  for (const { domain, value, demographics, truth: person } of people(SEED, persons)) {
    await writers.get(domain)?.write(writePersonRecord({ id: { value, authority: domain }, demographics }, domain))
    truth.get(domain)?.push(person.number)
    if (person.number !== last && person.number % every === 0) known.push(demographics)
    last = person.number
    records += 1
  }
  for (const writer of writers.values()) await writer.close()
  const strangers = people(STRANGERS_SEED, MOST_STRANGERS)
  return { persons, records, files, truth, known: () => known.pop(), stranger: () => demographicsOf(strangers.next()) }
}

function demographicsOf({ value }: ReturnType<ReturnType<typeof people>['next']>): Demographics {
  if (value === undefined) throw new Error('there are no more strangers')
  return value.demographics
}

function writerOf(file: FileHandle) {
  let waiting = ''
  const flush = async (): Promise<void> => {
    await file.write(waiting)
    waiting = ''
  }
  return {
    write: async (line: string): Promise<void> => {
      waiting += line
      if (waiting.length > WRITE_CHARACTERS) await flush()
    },
    close: async (): Promise<void> => {
      await flush()
      await file.close()
    },
  }
}
