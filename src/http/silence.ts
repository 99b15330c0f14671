// Silence on a connection is its sender's while something is awaited of him, and ours while we are at work (hardening: slow senders and readers).

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import type { Socket } from 'node:net'

/**
 * Keeps a connection that nothing goes over because its answer is not ready: documents of a neighbour take longer than a sender may be
 * silent. A request that does not come to its end, and an answer that is not read, end it as before.
 */
export function sufferOwnWork(server: Server): void {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    response.on('timeout', (socket: Socket) => {
      if (!request.complete || socket.writableLength > 0) socket.destroy()
    })
  })
}
