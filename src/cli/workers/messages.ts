// What the processes of one server say to each other (design §6).

import type { RunningServer } from '../running-server.ts'

/** Where the doors are. */
export type Ports = Pick<RunningServer, 'httpsPort' | 'mllpPort' | 'pixPort' | 'managementPort'>

/** The doors are open. */
export interface Ready extends Ports {
  readonly kind: 'ready'
}

/** To a worker: end, at once or after load balancers have turned away, or read certificate, key and authorities again. */
export interface Order {
  readonly kind: 'drain' | 'stop' | 'reload'
}

export function isReady(message: unknown): message is Ready {
  return typeof message === 'object' && message !== null && (message as Partial<Ready>).kind === 'ready'
}
