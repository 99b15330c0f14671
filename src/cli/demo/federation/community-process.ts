// A server of "tsunagi demo federation" as a process of its own: started, waited for, and ended with the demo.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { RefusedError } from '../../failure.ts'
import type { Side } from './side.ts'

export interface CommunityProcess {
  /** Resolves when its doors are open. @throws {RefusedError} when it ends before that. */
  readonly ready: Promise<void>
  /** Resolves when it has ended, whoever ended it. */
  readonly ended: Promise<void>
  /** In order: what has begun is finished, also its start. */
  readonly stop: () => Promise<void>
}

/** Settings of the demo's own environment are not for both of its servers: one database for two would be no federation. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('TSUNAGI_') && name !== 'DATABASE_URL'),
  )
}

export function startCommunity({ name, configFile, directory }: Side): CommunityProcess {
  const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), ['serve', '--config', configFile], {
    cwd: directory,
    env: environment(),
    // Its own group: Ctrl-C is for the demo, which ends its servers in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(() => {})
  const ready = readyOf(child, name)
  // A server that ends early is told by whoever waits for it.
  ready.catch(() => {})
  return {
    ready,
    ended,
    stop: async () => {
      await ready.catch(() => {})
      child.kill('SIGTERM')
      await ended
    },
  }
}

function readyOf(child: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('tsunagi ready')) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      reject(new RefusedError(`the server of the ${name} ended with ${signal ?? code}; what it said stands above`)),
    )
  })
}
