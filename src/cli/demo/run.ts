// One load of the demo network: where to, what, and how to say it.

import type { AdminClient } from '../admin-client.ts'
import type { RunningServer } from '../running-server.ts'
import type { DemoNeighbour } from './network.ts'

export interface DemoRun {
  readonly server: RunningServer
  readonly network: DemoNeighbour
  readonly admin: AdminClient
  readonly say: (line: string) => void
}
