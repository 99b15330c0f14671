// The server under test in a process of its own: the whole server, and beside it the bare pipe over the same database.

import { readFile } from 'node:fs/promises'
import { startServer } from '../../app.ts'
import { tlsOptions } from '../../certificates/presets.ts'
import { readQueryRequest, writeFindDocuments } from '../../codec/ebxml/query-request.ts'
import { readXml } from '../../codec/xml/read.ts'
import { loadConfig } from '../../config/config.ts'
import { factsOfPatient } from '../../db/access-store.ts'
import type { PatientId } from '../../model/identifiers.ts'
import type { FindDocuments } from '../../model/stored-query.ts'
import { startBarePipe } from './bare-pipe.ts'

/** What the bench asks of this process. */
export type Command =
  | { readonly kind: 'bare'; readonly patientId: PatientId; readonly documentUniqueId: string }
  | { readonly kind: 'memory' }
  | { readonly kind: 'stop' }

export type Reply =
  | {
      readonly kind: 'ready'
      readonly httpsPort: number
      readonly mllpPort: number
      readonly managementPort: number
      readonly adminToken: string
    }
  | { readonly kind: 'bare'; readonly port: number }
  | { readonly kind: 'memory'; readonly rssBytes: number; readonly peakBytes: number }

const SAMPLE_MS = 20

const [dataDir = ''] = process.argv.slice(2)
const config = loadConfig({
  flags: {
    dataDir,
    'https.port': '0',
    'mllp.storeclient.port': '0',
    'mllp.pix.port': '0',
    'management.port': '0',
    'log.level': 'error',
  },
  env: {},
})
const silent = {
  info: () => {},
  warn: () => {},
  error: (fields: object, message: string) => console.error(message, JSON.stringify(fields)),
}
const server = await startServer(config, { log: silent })

let peakBytes = 0
setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
}, SAMPLE_MS).unref()

function reply(message: Reply): void {
  process.send?.(message)
}

/** What the registry reads from the request that the bench sends, so that both ask the same. */
function bareQuery(patientId: PatientId): FindDocuments {
  const request = writeFindDocuments({ patientId, returnType: 'LeafClass' })
  const query = readQueryRequest(readXml(Buffer.from(request)))
  if (query.kind !== 'FindDocuments') throw new Error('the bench asks FindDocuments')
  return query
}

async function startBare(command: Extract<Command, { kind: 'bare' }>): Promise<number> {
  const { patientId, documentUniqueId } = command
  const person = await factsOfPatient(server.pool, { patientId, facilityId: '' })
  if (person === undefined) throw new Error('the bench patient is not registered')
  const [cert, key, ca] = await Promise.all(
    [config.tls.certificate, config.tls.key, config.tls.ca].map((path) => readFile(path)),
  )
  const everything = { allowed: true, reason: 'affinity-domain mode' } as const
  const bare = await startBarePipe({
    pool: server.pool,
    tls: { ...tlsOptions({ preset: config.tls.preset }), cert, key, ca },
    document: { repositoryUniqueId: config.repository.uniqueId, uniqueId: documentUniqueId },
    patient: {
      personKey: person.personKey,
      patientId,
      publish: everything,
      scope: {
        mode: 'everything',
        ownFacility: '',
        publishers: [],
        excludedKinds: [],
        confidentiality: [],
        decision: everything,
      },
    },
    query: bareQuery(patientId),
  })
  return bare.port
}

process.on('message', async (command: Command) => {
  switch (command.kind) {
    case 'bare':
      reply({ kind: 'bare', port: await startBare(command) })
      return
    case 'memory':
      reply({ kind: 'memory', rssBytes: process.memoryUsage.rss(), peakBytes })
      peakBytes = process.memoryUsage.rss()
      return
    case 'stop':
      await server.stop()
      process.exit(0)
  }
})
process.on('disconnect', () => process.exit(1))
const { httpsPort, mllpPort, managementPort, adminToken } = server
reply({ kind: 'ready', httpsPort, mllpPort, managementPort, adminToken })
