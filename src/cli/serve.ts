// tsunagi serve: the server, until it is told to stop.

import cluster from 'node:cluster'
import { Option } from 'commander'
import type { Config } from '../config/config.ts'
import { configOf, contextOf, type Registration } from './context.ts'
import { endOnCrash } from './crash.ts'
import { UsageError } from './failure.ts'
import { createLog, localAddresses, type RunningServer, runUntilSignal, startRunningServer } from './running-server.ts'
import type { Terminal } from './terminal.ts'
import type { Ports } from './workers/messages.ts'
import { supervise } from './workers/supervisor.ts'
import { work } from './workers/worker.ts'

interface ServeOptions {
  readonly workers: number
  readonly worker?: number
}

const MOST_WORKERS = 64

export const registerServe: Registration = (program, terminal) => {
  program
    .command('serve')
    .description('run the server / サーバを起動')
    .option('--workers <count>', 'processes that share its doors, for as many cores / 処理プロセス数', countOf, 1)
    .addOption(new Option('--worker <number>', 'which of them this is').argParser(countOf).hideHelp())
    .action(async ({ workers, worker }: ServeOptions, command) => {
      const config = configOf(contextOf(command, terminal))
      if (worker !== undefined) return serveAsWorker(config, worker)
      if (workers > 1) return serveByWorkers(config, { workers, terminal })
      const server = await startRunningServer(config)
      await runUntilSignal(server, async () => terminal.out(`${readyLine(server)}\n`))
    })
}

/** @throws {UsageError} when no supervisor has started it: it would share its doors with nobody. */
async function serveAsWorker(config: Config, number: number): Promise<void> {
  if (!cluster.isWorker) throw new UsageError('--worker is for the processes that serve --workers starts by itself')
  await work(() => startRunningServer(config, { isFirst: number === 1 }))
}

async function serveByWorkers(
  config: Config,
  { workers, terminal }: { readonly workers: number; readonly terminal: Terminal },
): Promise<void> {
  endOnCrash()
  const server = await supervise(workers, { config, log: createLog(config), args: process.argv.slice(2) })
  await runUntilSignal(server, async () => terminal.out(`${readyLine(server)}\n`))
}

/** @throws {UsageError} */
function countOf(given: string): number {
  const count = Number(given)
  if (/^\d+$/.test(given) && count >= 1 && count <= MOST_WORKERS) return count
  throw new UsageError(`--workers needs a number from 1 to ${MOST_WORKERS}, not "${given}"`)
}

/** One line, so that scripts can wait for it. */
export function readyLine(server: Pick<RunningServer, 'config' | keyof Ports>): string {
  const { httpsUrl, managementUrl } = localAddresses(server)
  const { mllpPort, pixPort } = server
  return `tsunagi ready: ${httpsUrl}  mllp+tls port ${mllpPort}  identity feed port ${pixPort}  management ${managementUrl}`
}
