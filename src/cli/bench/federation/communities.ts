// Simulated neighbouring communities: one TLS server whose paths answer ITI-38 as Responding Gateways do, each after a time of its own (ITI TF-2 3.38).

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { iti38 } from '../../../../profiles/transactions/index.ts'
import { issueServerCertificate } from '../../../certificates/authority.ts'
import { readAuthority } from '../../../certificates/pki-directory.ts'
import { writeQueryResponse } from '../../../codec/ebxml/query-response.ts'
import { peekMessageId } from '../../../codec/soap/read.ts'
import { writeEnvelope } from '../../../codec/soap/write.ts'
import { readXml } from '../../../codec/xml/read.ts'
import type { Markup } from '../../../codec/xml/write.ts'
import { newOid, type Oid, type PatientId } from '../../../model/identifiers.ts'
import { type BenchPatient, storedEntries } from '../messages.ts'

export interface Community {
  readonly oid: Oid
  readonly path: string
  /** The patient as the community knows it. */
  readonly patientId: PatientId
}

export interface Behaviour {
  /** How long each takes until it answers, in their order, milliseconds. */
  readonly delaysMs: readonly number[]
  /** Whether the connection may be used again. */
  readonly isKept: boolean
}

export interface Communities {
  readonly all: readonly Community[]
  readonly port: number
  /** From now on. */
  readonly behave: (behaviour: Behaviour) => void
  /** Of the calls since it was last asked, the longest: from the request at the door to the answer on its way, milliseconds. */
  readonly slowestMs: () => number
  readonly close: () => Promise<void>
}

/** @param directory of the server that asks: its authority signs their certificate. */
export async function openCommunities(
  directory: string,
  given: { readonly count: number; readonly patient: BenchPatient; readonly entries: number },
): Promise<Communities> {
  const all = Array.from({ length: given.count }, (_, number) => ({
    oid: newOid(),
    path: `/community-${number + 1}`,
    patientId: { value: `N${number + 1}`, authority: newOid() },
  }))
  const answers = new Map(all.map((community) => [community.path, answerOf(community, given)]))
  const delays = new Map<string, number>()
  let isKept = true
  let slowestMs = 0

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedMs = performance.now()
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const path = request.url ?? ''
    const body = answers.get(path)
    const relatesTo = peekMessageId(readXml(Buffer.concat(chunks)))
    if (body === undefined || relatesTo === undefined) throw new Error(`nobody answers ${path}`)
    await delay(Math.max(0, (delays.get(path) ?? 0) - (performance.now() - startedMs)))
    response.setHeader('content-type', 'application/soap+xml; charset=UTF-8')
    if (!isKept) response.setHeader('connection', 'close')
    response.end(writeEnvelope({ action: iti38.responseAction, relatesTo, body }))
    slowestMs = Math.max(slowestMs, performance.now() - startedMs)
  }

  const authority = await readAuthority(join(directory, 'pki'))
  const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, { names: ['localhost'] })
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return {
    all,
    port: (server.address() as AddressInfo).port,
    behave: (behaviour) => {
      isKept = behaviour.isKept
      for (const [place, { path }] of all.entries()) delays.set(path, behaviour.delaysMs[place] ?? 0)
    },
    slowestMs: () => {
      const slowest = slowestMs
      slowestMs = 0
      return slowest
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** The same objects each time, so that answering costs the community next to nothing. */
function answerOf(
  { oid, patientId }: Community,
  { patient, entries }: { readonly patient: BenchPatient; readonly entries: number },
): Markup {
  const objects = storedEntries({ ...patient, patientId }, entries)
  return writeQueryResponse(
    { returnType: 'LeafClass', objects, home: `urn:oid:${oid}` },
    { result: 'success', errors: [], journalId: '' },
  )
}
