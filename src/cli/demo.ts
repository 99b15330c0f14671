// tsunagi demo: the server with the demo network in it, and what to try next.

import { configOf, contextOf, type Registration } from './context.ts'
import { writeBanner } from './demo/banner.ts'
import { registerFederation } from './demo/federation/federation.ts'
import { loadDemo } from './demo/load.ts'
import { runUntilSignal, startRunningServer } from './running-server.ts'
import { readyLine } from './serve.ts'

export const registerDemo: Registration = (program, terminal) => {
  const demo = program
    .command('demo')
    .description('run the server with the demo network / デモ用ネットワークつきで起動')
    .action(async (_, command) => {
      // No load balancer stands before it.
      const { drain: _drain, ...server } = await startRunningServer(configOf(contextOf(command, terminal)))
      await runUntilSignal(server, async () => {
        const tour = await loadDemo(server, (line) => terminal.err(`demo: ${line}\n`))
        terminal.out(`${readyLine(server)}\n${writeBanner(server, tour, terminal.cwd)}`)
      })
    })
  registerFederation(demo, terminal)
}
