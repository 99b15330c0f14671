// Closes connections in stages: an answer that came before the whole request was read would be lost with a reset (RFC 9112, 9.6).

import type { IncomingMessage } from 'node:http'
import type { Server } from 'node:https'
import type { TLSSocket } from 'node:tls'

/** As long as a sender may go on before it notices the answer. */
const LINGER_MS = 2000

/**
 * Where a connection ends with an answer and the request was not read to its end, what is still on its way is read and thrown away for a
 * while behind the answer, so that the sender finds the answer and no reset.
 */
export function lingerOn(server: Server): void {
  const latest = new WeakMap<object, IncomingMessage>()
  server.on('request', (request) => latest.set(request.socket, request))
  server.on('secureConnection', (socket: TLSSocket) => {
    const closeNow = socket.destroySoon.bind(socket)
    // By this node:http ends a connection behind its last answer.
    socket.destroySoon = () => {
      const request = latest.get(socket)
      if (request === undefined || request.complete || socket.destroyed) return closeNow()
      socket.end()
      discard(request, socket)
    }
  })
}

function discard(request: IncomingMessage, socket: TLSSocket): void {
  const cut = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(cut))
  socket.once('end', () => socket.destroy())
  request.once('end', () => socket.destroy())
  // Whoever was reading it does not read on, and may have left its listeners: it would never flow by itself.
  const readOn = (): void => {
    while (request.read() !== null);
  }
  request.on('readable', readOn)
  readOn()
}
