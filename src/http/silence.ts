// Silence on a connection is its sender's while something is awaited of him, and ours while we are at work (hardening: slow senders and readers).

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import type { Socket } from 'node:net'

/**
 * Keeps a connection that nothing goes over because its answer is not ready: documents of a neighbour take longer than a sender may be
 * silent; or because its body is not read yet: a large message waits for its turn. A request that does not come on, and an answer that
 * is not read, end it as before.
 */
export function sufferOwnWork(server: Server): void {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    response.on('timeout', (socket: Socket) => {
      const isAwaited = !request.complete && request.readableLength === 0
      if (isAwaited || socket.writableLength > 0) socket.destroy()
    })
  })
}
