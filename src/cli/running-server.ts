// Starting the server from the command line, and stopping it by signal: first signal in order, second at once.

import { pino } from 'pino'
import type { Config } from '../config/config.ts'
import { reachable } from './context.ts'
import { endOnCrash } from './crash.ts'

/** Fields and a sentence, as the doors log. */
export interface Log {
  readonly info: (fields: object, message: string) => void
  readonly warn: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

export interface RunningServer {
  readonly config: Config
  readonly adminToken: string
  readonly httpsPort: number
  readonly mllpPort: number
  readonly pixPort: number
  readonly managementPort: number
  /** Absent for a server that is another process. */
  readonly reload?: () => Promise<void>
  /** Absent as that: says that it is not ready, and resolves when load balancers have turned away. */
  readonly drain?: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Loads the composition root only now, so that a client command does not pay for the whole server. */
export async function startRunningServer(
  config: Config,
  options: { readonly isFirst?: boolean } = {},
): Promise<RunningServer> {
  endOnCrash()
  const { startServer } = await import('../app.ts')
  return startServer(config, { log: createLog(config), ...options })
}

/** The doors as this machine reaches them; the server's certificate covers localhost in any case. */
export function localAddresses({
  config,
  httpsPort,
  managementPort,
}: Pick<RunningServer, 'config' | 'httpsPort' | 'managementPort'>): {
  readonly httpsUrl: string
  readonly managementUrl: string
} {
  return {
    httpsUrl: `https://${localName(config.https.host)}:${httpsPort}`,
    managementUrl: `http://${reachable(config.management.host)}:${managementPort}`,
  }
}

const ON_THIS_MACHINE = new Set(['127.0.0.1', '::1', '0.0.0.0', '::', 'localhost'])

function localName(host: string): string {
  return ON_THIS_MACHINE.has(host) ? 'localhost' : reachable(host)
}

/** Log lines go to standard error; standard output belongs to the line that says where the doors are. */
export function createLog(config: Config): Log {
  const log = pino({ level: config.log.level }, pino.destination({ dest: 2, sync: false }))
  return {
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
  }
}

/** Exit code of a process that was told twice to end: 128 and the number of the signal. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Resolves when the server has stopped after a signal; after SIGTERM its doors stay open for a while. SIGHUP makes it read certificate, key and
 * authorities again; `ready` runs with signals already heard.
 * A signal during `ready` stops the server too, and what `ready` then fails with is not reported.
 */
export async function runUntilSignal(
  server: Pick<RunningServer, 'stop' | 'reload' | 'drain'>,
  ready: () => Promise<void>,
): Promise<void> {
  process.on('SIGHUP', () => void server.reload?.())
  const told = new AbortController()
  const stopped = new Promise<void>((resolve, reject) => {
    for (const [signal, code] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        if (told.signal.aborted) process.exit(code)
        told.abort()
        inOrder(server, signal).then(resolve, reject)
      })
    }
  })
  const prepared = ready().catch(async (error: unknown) => {
    if (told.signal.aborted) return
    await server.stop()
    throw error
  })
  await Promise.race([stopped, prepared.then(() => stopped)])
}

/** Whoever presses Ctrl-C has no load balancer before it. */
async function inOrder({ drain, stop }: Pick<RunningServer, 'stop' | 'drain'>, signal: string): Promise<void> {
  if (signal === 'SIGTERM') await drain?.()
  await stop()
}
