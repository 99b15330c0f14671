// What ends the server unasked is told without its message: that may quote what a patient's record holds, as PostgreSQL's details do (security: e.34).

import { writeSync } from 'node:fs'

const STANDARD_ERROR = 2
const FRAMES = 12
const FAILED = 1

/** One line of the log: kind, code and place of what nobody caught. */
export function crashLine(error: unknown): string {
  const isError = error instanceof Error
  const code = isError ? (error as NodeJS.ErrnoException).code : undefined
  return JSON.stringify({
    level: 60,
    time: Date.now(),
    pid: process.pid,
    cause: isError ? error.name : typeof error,
    ...(typeof code === 'string' ? { code } : {}),
    at: isError ? framesOf(error) : [],
    msg: 'the server ends: an error that nobody caught',
  })
}

/** The stack repeats the message before its frames, and a message may have lines that look like frames. */
function framesOf({ stack = '', message }: Error): readonly string[] {
  const place = stack.indexOf(message)
  const behind = place < 0 ? '' : stack.slice(place + message.length)
  return behind
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .slice(0, FRAMES)
    .map((line) => line.trim())
}

/** From now on; written at once, since the process ends. */
export function endOnCrash(): void {
  process.on('uncaughtException', (error) => {
    writeSync(STANDARD_ERROR, `${crashLine(error)}\n`)
    process.exit(FAILED)
  })
}
