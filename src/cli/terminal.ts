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

export const processTerminal: Terminal = {
  out: (data) => {
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
