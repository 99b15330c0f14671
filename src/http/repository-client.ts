// ITI-43 towards repositories and On-Demand Document Sources of this network, as their Document Consumer; what comes is staged whole (ITI TF-2 3.43).

import { iti43 } from '../../profiles/transactions/index.ts'
import { writeRetrieveRequest } from '../codec/ebxml/retrieve.ts'
import { ANONYMOUS } from '../codec/soap/constants.ts'
import type { FetchFromRepository } from '../repository/ports.ts'
import type { DoorPorts } from './door.ts'
import { type Callee, createOutgoingCalls } from './outgoing-calls.ts'
import type { OutgoingTls } from './outgoing-tls.ts'
import { readDocuments, type Taking } from './partner-message.ts'
import { overConnection } from './partner-transport.ts'

export interface RepositoryClientOptions extends Taking {
  /** Our certificate, and the authorities that the repository's must come from: of the network, and of the facility that is named. */
  readonly tlsTo: (facilityId?: string) => OutgoingTls
  readonly ports: DoorPorts
  /** Our homeCommunityId, with urn:oid:. */
  readonly home: string
}

export interface RepositoryClient {
  readonly fetch: FetchFromRepository
  readonly close: () => Promise<void>
}

export function createRepositoryClient(options: RepositoryClientOptions): RepositoryClient {
  const { home, staging, tlsTo } = options
  const calls = createOutgoingCalls(options)
  return {
    fetch: async (repository, requests, caller) => {
      const { repositoryUniqueId, url, facilityId, retrieveMs: withinMs } = repository
      const callee: Callee = {
        // At another address, or by other authorities, it begins anew.
        line: [repositoryUniqueId, url, facilityId ?? ''].join(' '),
        tls: tlsTo(facilityId),
        unavailable: 'REPOSITORY_UNAVAILABLE',
      }
      const request = {
        callee,
        message: { transaction: iti43, url, withinMs, body: writeRetrieveRequest(requests) },
        expected: { home },
        way: (agent: Parameters<typeof overConnection>[0]) => ({
          replyTo: ANONYMOUS,
          transport: overConnection(agent, options),
        }),
        work: (answer: Parameters<typeof readDocuments>[0]) => readDocuments(answer, staging),
      }
      const ended = await calls.call(request, caller)
      return 'value' in ended ? { kind: 'answered', ...ended.value } : ended
    },
    close: calls.close,
  }
}
