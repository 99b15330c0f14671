// The report of an import or a watched folder: one line a file for programs, counts and refusals for people.

import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { UsageError } from '../failure.ts'
import { printable } from '../output.ts'

export type Outcome = 'accepted' | 'refused' | 'left' | 'beside'

export interface FileResult {
  /** Storage and path below it. */
  readonly path: string
  readonly outcome: Outcome
  /** Of what stands against the file. */
  readonly code?: string
  readonly text?: string
  /** Codes of what was accepted with a warning. */
  readonly warnings?: readonly string[]
}

export type Counts = Readonly<Record<Outcome, number>>

export interface Report {
  readonly add: (result: FileResult) => void
  readonly counts: () => Counts
  /** Everything is on disk when it resolves. */
  readonly close: () => Promise<void>
}

/** Names of patients' folders are in it: its owner alone reads it. */
const PRIVATE = 0o600

/** `file` gets every result as one JSON object a line; `say` hears of what was not taken. */
export function startReport(options: {
  readonly file?: string
  /** Goes on where an interrupted run stopped. */
  readonly append: boolean
  readonly say: (line: string) => void
}): Report {
  const counts = { accepted: 0, refused: 0, left: 0, beside: 0 }
  const { file, append, say } = options
  const stream = file === undefined ? undefined : createWriteStream(file, { flags: append ? 'a' : 'w', mode: PRIVATE })
  const done = stream === undefined ? undefined : finished(stream)
  // Heard of when the report is closed; until then nobody waits for it.
  done?.catch(() => {})
  return {
    add: (result) => {
      counts[result.outcome] += 1
      stream?.write(`${JSON.stringify(result)}\n`)
      if (result.outcome === 'refused' || result.outcome === 'left') say(lineOf(result))
    },
    counts: () => ({ ...counts }),
    close: async () => {
      stream?.end()
      await done?.catch((cause: unknown) => {
        throw new UsageError(`the report ${file} cannot be written`, { cause })
      })
    },
  }
}

function lineOf({ path, outcome, code = '', text = '' }: FileResult): string {
  return printable(`${outcome}  ${path}  ${code}: ${text}`)
}

export function sentence({ accepted, refused, left, beside }: Counts): string {
  const files = accepted + refused + left + beside
  return `${files} files, ${accepted} accepted, ${refused} refused, ${left} left out, ${beside} beside a main document`
}
