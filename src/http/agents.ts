// Connections that stay open for the next message, apart for each facility that is called (ITI TF-2 3.19).

import { Agent } from 'undici'
import { connectorOf, type OutgoingTls } from './outgoing-tls.ts'

const CONNECT_MS = 5000

export interface Agents {
  readonly to: (facilityId: string) => Agent
  /** Cuts what is at work. */
  readonly close: () => Promise<void>
}

/** @param options.timeoutMs from the connection to the answer. */
export function createAgents(options: {
  readonly tlsTo: (facilityId: string) => OutgoingTls
  readonly timeoutMs: number
}): Agents {
  const { tlsTo, timeoutMs } = options
  const agents = new Map<string, Agent>()
  return {
    to: (facilityId) => {
      const known = agents.get(facilityId)
      if (known !== undefined) return known
      const connect = connectorOf(tlsTo(facilityId), Math.min(CONNECT_MS, timeoutMs))
      const agent = new Agent({ connect, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
      agents.set(facilityId, agent)
      return agent
    },
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()))
    },
  }
}
