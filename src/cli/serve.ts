// tsunagi serve: the server, until it is told to stop.

import { configOf, contextOf, type Registration } from './context.ts'
import { localAddresses, type RunningServer, runUntilSignal, startRunningServer } from './running-server.ts'

export const registerServe: Registration = (program, terminal) => {
  program
    .command('serve')
    .description('run the server / サーバを起動')
    .action(async (_, command) => {
      const server = await startRunningServer(configOf(contextOf(command, terminal)))
      await runUntilSignal(server, async () => terminal.out(`${readyLine(server)}\n`))
    })
}

/** One line, so that scripts can wait for it. */
export function readyLine(server: RunningServer): string {
  const { httpsUrl, managementUrl } = localAddresses(server)
  const { mllpPort, pixPort } = server
  return `tsunagi ready: ${httpsUrl}  mllp+tls port ${mllpPort}  identity feed port ${pixPort}  management ${managementUrl}`
}
