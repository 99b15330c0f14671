// The PostgreSQL server process of a cluster: found, taken over, started, stopped (reliability: lifecycle; SIGKILL at any time must be safe).

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { postgresEnvironment } from './cluster.ts'
import type { Places } from './places.ts'
import { commandLine, isAlive, processesTitled, signal, waitForEnd } from './process.ts'

export interface Postmaster {
  readonly pid: number
  /** The options it was started with, as it recorded them; another version of us may have chosen others. */
  readonly options: string
}

export interface Launch {
  readonly pid: number
  /** Text of why it ended, once it has. */
  readonly ended: () => string | undefined
}

const FAST_SHUTDOWN_MS = 30_000
const IMMEDIATE_SHUTDOWN_MS = 5000
const ORPHAN_MS = 2000
const LOG_TAIL_BYTES = 4000
const MAX_LOG_BYTES = 16 * 2 ** 20

/** Name of the cluster in the titles of its processes, by which they are known again: `postgres: tsunagi-1a2b3c4d5e6f: checkpointer`. */
export function clusterName({ cluster }: Places): string {
  return `tsunagi-${createHash('sha256').update(cluster).digest('hex').slice(0, 12)}`
}

/**
 * The live server of this very cluster, by its postmaster.pid; undefined when there is none. A stale file that names a stranger's
 * process is removed where that can be proven: PostgreSQL itself would refuse to start because of it.
 */
export async function findPostmaster(places: Places): Promise<Postmaster | undefined> {
  const pid = await recordedPid(places)
  if (pid === undefined) return undefined
  const command = isAlive(pid) ? await commandLine(pid) : []
  if (command?.includes(places.cluster) ?? process.platform !== 'linux') {
    return { pid, options: (await readFile(join(places.cluster, 'postmaster.opts'), 'utf8').catch(() => '')).trim() }
  }
  const isStale = command !== undefined && (await orphansOf(places)).length === 0
  if (isStale && (await recordedPid(places)) === pid) await unlink(join(places.cluster, 'postmaster.pid'))
  return undefined
}

/** Ends processes of a server whose postmaster was killed: while they live, the memory they share keeps a new one from starting. */
export async function endOrphans(places: Places): Promise<number> {
  const orphans = await orphansOf(places)
  if (orphans.length === 0 || (await waitForEnd(orphans, ORPHAN_MS))) return orphans.length
  for (const pid of orphans) signal(pid, 'SIGQUIT')
  if (await waitForEnd(orphans, IMMEDIATE_SHUTDOWN_MS)) return orphans.length
  // Without a postmaster nothing they still do can be acknowledged to anyone.
  for (const pid of orphans) signal(pid, 'SIGKILL')
  await waitForEnd(orphans, ORPHAN_MS)
  return orphans.length
}

/** Fast shutdown: sessions are ended, a checkpoint is written. Then harder, as nothing acknowledged can be lost by that. */
export async function stopPostmaster(pid: number): Promise<void> {
  signal(pid, 'SIGINT')
  if (await waitForEnd([pid], FAST_SHUTDOWN_MS)) return
  signal(pid, 'SIGQUIT')
  if (await waitForEnd([pid], IMMEDIATE_SHUTDOWN_MS)) return
  signal(pid, 'SIGKILL')
  await waitForEnd([pid], IMMEDIATE_SHUTDOWN_MS)
}

/** Starts the server. It writes its log to a file, so that it can outlive us, and has its own session, so that Ctrl-C reaches us alone. */
export async function launchPostmaster(postgres: string, places: Places, options: readonly string[]): Promise<Launch> {
  const log = await openLog(places.log)
  let child: ChildProcess
  try {
    child = spawn(postgres, ['-D', places.cluster, ...options], {
      cwd: places.home,
      env: postgresEnvironment(),
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
      ...places.account,
    })
  } finally {
    await log.close()
  }
  let end: string | undefined
  child.once('error', (error) => {
    end = error.message
  })
  child.once('exit', (status, name) => {
    end = name === null ? `status ${status}` : `signal ${name}`
  })
  child.unref()
  return { pid: child.pid ?? 0, ended: () => end }
}

/** The last lines PostgreSQL logged, for an error message. */
export async function logTail({ log }: Places): Promise<string> {
  const file = await open(log, 'r').catch(() => undefined)
  if (file === undefined) return ''
  try {
    const { size } = await file.stat()
    const length = Math.min(size, LOG_TAIL_BYTES)
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString('utf8').trim()
  } finally {
    await file.close()
  }
}

async function openLog(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  )
  if (size > MAX_LOG_BYTES) await rename(path, `${path}.1`)
  return open(path, 'a', 0o600)
}

function orphansOf(places: Places): Promise<readonly number[]> {
  return processesTitled(`postgres: ${clusterName(places)}: `)
}

async function recordedPid({ cluster }: Places): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number(text.split('\n')[0])
  return Number.isInteger(pid) && pid > 0 ? pid : undefined
}
