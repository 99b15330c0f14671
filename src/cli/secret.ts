// Passwords and access codes for a command: from a file, or asked for; never as an argument, which others on the host could read.

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readInput } from './ask.ts'
import { UsageError } from './failure.ts'
import type { Terminal } from './terminal.ts'

/**
 * Something secret: from the file (`-` is standard input), else asked for.
 * @throws {UsageError} when there is neither.
 */
export async function secretOf(
  terminal: Terminal,
  { file, question, option }: { readonly file: string | undefined; readonly question: string; readonly option: string },
): Promise<string> {
  if (file !== undefined) return (await readSecret(terminal, file)).replace(/\r?\n$/, '')
  if (terminal.ask === undefined)
    throw new UsageError(`nobody can be asked here: give ${option} <file>, or - for standard input`)
  return terminal.ask(question, 'hidden')
}

async function readSecret(terminal: Terminal, file: string): Promise<string> {
  if (file === '-') return (terminal.input ?? readInput)()
  try {
    return await readFile(resolve(terminal.cwd, file), 'utf8')
  } catch (cause) {
    throw new UsageError(`${file} cannot be read`, { cause })
  }
}
