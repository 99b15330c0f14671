// Facts about processes of this machine, to know whose a process id in a file is.

import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 20

/**
 * True when a process of this id runs, whoever owns it. One that has ended but that its parent has not asked about (a zombie) does not
 * run, though it still answers to signal 0.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return statFields(pid)?.[0] !== 'Z'
}

/** Waits until none of the processes exists; false when one still does after `timeoutMs`. */
export async function waitForEnd(pids: readonly number[], timeoutMs: number): Promise<boolean> {
  const end = Date.now() + timeoutMs
  while (pids.some(isAlive)) {
    if (Date.now() > end) return false
    await delay(POLL_MS)
  }
  return true
}

/** Signals a process; one that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/**
 * When the process began, in the kernel's own count: tells a process from a later one of the same id.
 * Undefined where there is no /proc or no such process.
 */
export function startMark(pid: number): string | undefined {
  return statFields(pid)?.[19]
}

/** Fields of /proc/<pid>/stat from the third (state) on; the name before them is in parentheses and may hold spaces. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return line.slice(line.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** Arguments of a process, or its title where it set one. Readable for every process, whoever owns it; undefined where there is no /proc. */
export async function commandLine(pid: number): Promise<readonly string[] | undefined> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return text === '' ? undefined : text.split('\0')
}

/** Ids of all processes whose title begins so. Empty where there is no /proc. */
export async function processesTitled(prefix: string): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  const lines = await Promise.all(pids.map(commandLine))
  return pids.filter((_, index) => lines[index]?.[0]?.startsWith(prefix) ?? false)
}
