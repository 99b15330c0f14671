// What ends the server unasked is told without its message: that may quote what a patient's record holds, as PostgreSQL's details do (security: e.34).

import { writeSync } from 'node:fs'
import { framesOf, nameOf } from '../model/failure.ts'

const STANDARD_ERROR = 2
const FAILED = 1

/** One line of the log: kind, code and place of what nobody caught. */
export function crashLine(error: unknown): string {
  return JSON.stringify({
    level: 60,
    time: Date.now(),
    pid: process.pid,
    cause: nameOf(error),
    stack: framesOf(error),
    msg: 'the server ends: an error that nobody caught',
  })
}

/** From now on; written at once, since the process ends. */
export function endOnCrash(): void {
  process.on('uncaughtException', (error) => {
    writeSync(STANDARD_ERROR, `${crashLine(error)}\n`)
    process.exit(FAILED)
  })
}
