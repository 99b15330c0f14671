// What a command may touch of the process it runs in: where it writes, what it was told, where it stands.

import { type Asking, askAtKeyboard, readInput } from './ask.ts'

export interface Terminal {
  readonly out: (data: string | Uint8Array) => void
  readonly err: (text: string) => void
  /** A person watches what is written to `err`. */
  readonly isWatched?: boolean
  /** Asks the person at the keyboard; absent when there is none. */
  readonly ask?: Asking
  /** All of standard input. */
  readonly input?: () => Promise<string>
  /** `out` is shown in colours (no-color.org). */
  readonly isColored?: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

const ask = askAtKeyboard()

/** Neither done, nor something that the person at the keyboard told wrongly. */
const NOT_WRITTEN = 1

/** Whoever reads standard output may have enough (`| head`), which is nothing to be told; a full disk is. */
function endUnwritten({ code, message }: NodeJS.ErrnoException): never {
  if (code !== 'EPIPE') process.stderr.write(`standard output cannot be written / 出力できません: ${message}\n`)
  process.exit(NOT_WRITTEN)
}

let isWatchedOver = false

export const processTerminal: Terminal = {
  out: (data) => {
    if (!isWatchedOver) process.stdout.on('error', endUnwritten)
    isWatchedOver = true
    process.stdout.write(data)
  },
  err: (text) => {
    process.stderr.write(text)
  },
  isWatched: process.stderr.isTTY === true,
  ...(ask === undefined ? {} : { ask }),
  input: readInput,
  isColored: process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '',
  env: process.env,
  cwd: process.cwd(),
}
