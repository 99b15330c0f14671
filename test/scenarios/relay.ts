// A TCP relay before a server, with faults of the line: refused, silent, cut in mid-answer.

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

export type LineFault = 'none' | 'refuse' | 'hang' | 'cut'

/** Bytes of an answer that pass before it is cut: the TLS handshake does, an answer does not. */
const PASSING_BYTES = 4000

/** @param target port, asked for at each connection where it may change */
export async function relay(t: Test, target: number | (() => number)) {
  let fault: LineFault = 'none'
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    if (fault === 'refuse') {
      client.destroy()
      return
    }
    const upstream = connect(typeof target === 'number' ? target : target(), '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    let passed = 0
    client.on('data', (chunk) => {
      if (fault !== 'hang') upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      passed += chunk.length
      if (fault === 'hang') return
      if (fault === 'cut' && passed > PASSING_BYTES) client.destroy()
      else client.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    /** From now on; connections that stand are ended, so that the next call meets it. */
    fault: (next: LineFault): void => {
      fault = next
      for (const socket of sockets) socket.destroy()
    },
  }
}
