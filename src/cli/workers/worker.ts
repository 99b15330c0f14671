// One of the processes that share the doors of a server: a whole server but for the database, which is the supervisor's (design §6).

import cluster from 'node:cluster'
import { once } from 'node:events'
import type { RunningServer } from '../running-server.ts'
import type { Order, Ports, Ready } from './messages.ts'

type Server = Pick<RunningServer, 'stop' | 'reload' | 'drain' | keyof Ports>

/**
 * Resolves when it has drained, as the supervisor or a signal told it. Without its supervisor nobody would hand it connections or
 * start the database again: then Node ends it at once.
 * @throws what `start` throws.
 */
export async function work(start: () => Promise<Server>): Promise<void> {
  try {
    await untilTold(await start())
  } finally {
    await leave()
  }
}

async function untilTold(server: Server): Promise<void> {
  const told = new Promise<'drain' | 'stop'>((resolve) => {
    // A signal may reach all processes of a terminal or of a service, and be told by the supervisor as well: it is heard once.
    process.on('SIGTERM', () => resolve('drain'))
    process.on('SIGINT', () => resolve('stop'))
    process.on('message', ({ kind }: Order) => {
      if (kind === 'reload') void server.reload?.()
      else resolve(kind)
    })
  })
  const { httpsPort, mllpPort, pixPort, managementPort } = server
  process.send?.({ kind: 'ready', httpsPort, mllpPort, pixPort, managementPort } satisfies Ready)
  if ((await told) === 'drain') await server.drain?.()
  await server.stop()
}

/** Its channel would keep the process alive. */
async function leave(): Promise<void> {
  if (!process.connected) return
  const left = once(process, 'disconnect')
  cluster.worker?.disconnect()
  await left
}
