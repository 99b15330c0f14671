// What a command may touch of the process it runs in: where it writes, what it was told, where it stands.

export interface Terminal {
  readonly out: (data: string | Uint8Array) => void
  readonly err: (text: string) => void
  /** A person watches what is written to `err`. */
  readonly isWatched?: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

export const processTerminal: Terminal = {
  out: (data) => {
    process.stdout.write(data)
  },
  err: (text) => {
    process.stderr.write(text)
  },
  isWatched: process.stderr.isTTY === true,
  env: process.env,
  cwd: process.cwd(),
}
