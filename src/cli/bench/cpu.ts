// Processor time of the server under test and of its PostgreSQL: what a request costs, whoever else is at work on the machine.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface CpuTime {
  readonly serverMs: number
  /** Absent where the system does not tell (only Linux does). */
  readonly databaseMs?: number
}

/** Clock ticks of /proc are of this length on every Linux there is (USER_HZ). */
const TICK_MS = 10
/** Fields of /proc/<pid>/stat behind the name: parent, own time in user and kernel mode, and that of children waited for. */
const PARENT = 1
const TIMES = { first: 11, last: 14 } as const

export async function cpuTime(dataDir: string): Promise<CpuTime> {
  const { user, system } = process.cpuUsage()
  const serverMs = (user + system) / 1000
  const databaseMs = await databaseTime(dataDir).catch(() => undefined)
  return databaseMs === undefined ? { serverMs } : { serverMs, databaseMs }
}

/** Of the postmaster and of its children, those that have ended included. */
async function databaseTime(dataDir: string): Promise<number> {
  const [postmaster = ''] = (await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')).split('\n')
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const stats = await Promise.all(pids.map((pid) => statOf(pid)))
  let ticks = 0
  for (const [index, stat] of stats.entries()) {
    if (pids[index] !== postmaster && stat[PARENT] !== postmaster) continue
    // Children that ended are the postmaster's; those of its children are counted there already.
    const { first, last } = TIMES
    for (const field of stat.slice(first, pids[index] === postmaster ? last + 1 : first + 2)) ticks += Number(field)
  }
  return ticks * TICK_MS
}

/** What stands behind the name in brackets, which may hold anything; empty when the process is gone. */
async function statOf(pid: string): Promise<readonly string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
