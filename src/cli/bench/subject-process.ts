// The bench's side of the server under test: starting its process, asking it, stopping it.

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command, Reply, Settings } from './subject.ts'

type Ready = Extract<Reply, { kind: 'ready' }>
type Asked = Exclude<Command['kind'], 'stop'>

const INTERRUPTIONS = ['SIGINT', 'SIGTERM'] as const

/** One server process and the messages to and from it. */
export interface Subject {
  readonly ready: Ready
  readonly httpsUrl: string
  readonly ask: <K extends Asked>(command: Extract<Command, { kind: K }>) => Promise<Extract<Reply, { kind: K }>>
  readonly stop: () => Promise<void>
}

export async function startSubject(directory: string, settings: Settings = {}): Promise<Subject> {
  const given = [directory, JSON.stringify(settings)]
  const child = fork(fileURLToPath(new URL('./subject.js', import.meta.url)), given, { execArgv: [] })
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= end(child)
    return stopping
  }
  // Interrupted, the bench fails at its next word to the server, and removes what it made like after any failure.
  for (const signal of INTERRUPTIONS) process.once(signal, stop)
  child.once('exit', () => {
    for (const signal of INTERRUPTIONS) process.off(signal, stop)
  })
  const ready = (await nextReply(child)) as Ready
  return {
    ready,
    httpsUrl: `https://localhost:${ready.httpsPort}`,
    ask: async (command) => {
      const reply = nextReply(child)
      child.send(command)
      return (await reply) as never
    },
    stop,
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (!child.connected) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.send({ kind: 'stop' } satisfies Command)
  await gone
}

function nextReply(child: ChildProcess): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the server under test ended with code ${code}`))
    child.once('exit', ended)
    child.once('message', (reply: Reply) => {
      child.off('exit', ended)
      if (reply.kind === 'failed') reject(new Error(reply.message))
      else resolve(reply)
    })
  })
}
