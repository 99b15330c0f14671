// The bench's side of the server under test: starting its process, asking it, stopping it.

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command, Reply } from './subject.ts'

type Ready = Extract<Reply, { kind: 'ready' }>
type Asked = Exclude<Command['kind'], 'stop'>

/** One server process and the messages to and from it. */
export interface Subject {
  readonly ready: Ready
  readonly httpsUrl: string
  /** From the start of the process until every door was open. */
  readonly startMs: number
  readonly ask: <K extends Asked>(command: Extract<Command, { kind: K }>) => Promise<Extract<Reply, { kind: K }>>
  readonly stop: () => Promise<void>
}

export async function startSubject(directory: string): Promise<Subject> {
  const startedMs = performance.now()
  const child = fork(fileURLToPath(new URL('./subject.ts', import.meta.url)), [directory], {
    execArgv: ['--import=tsx'],
  })
  const ready = (await nextReply(child)) as Ready
  return {
    ready,
    httpsUrl: `https://localhost:${ready.httpsPort}`,
    startMs: performance.now() - startedMs,
    ask: async (command) => {
      const reply = nextReply(child)
      child.send(command)
      return (await reply) as never
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.send({ kind: 'stop' } satisfies Command)
      await gone
    },
  }
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
