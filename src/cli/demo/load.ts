// Loads the demo network once, through the same doors as everyone: admin API, ITI-44 and StoreClient (design §5).
// Every step asks or is repeatable, so a load that was cut off anywhere is completed by the next start.

import { readFile } from 'node:fs/promises'
import { readDocumentEntry } from '../../../profiles/metadata/read.ts'
import { writeFindDocuments } from '../../codec/ebxml/query-request.ts'
import { readAck } from '../../codec/hl7v2/ack.ts'
import { type AdminClient, createAdminClient, isObject, textOf } from '../admin-client.ts'
import { createSystemClient } from '../client.ts'
import { readCredentials } from '../credentials.ts'
import { RefusedError } from '../failure.ts'
import { connect, describeAck, isAccepted } from '../push.ts'
import { ask } from '../query.ts'
import { localAddresses, type RunningServer } from '../running-server.ts'
import {
  type DemoNeighbour,
  type DemoNetwork,
  type DemoTour,
  facilityOf,
  loadDemoNetwork,
  messagePath,
} from './network.ts'
import { loadPatients, xadOf } from './patients.ts'
import { loadPeople } from './people.ts'
import { loadRegistrations } from './registrations.ts'
import type { DemoRun } from './run.ts'

/** What the banner shows: the tour of the network with the ids this server gave. */
export interface LoadedTour extends DemoTour {
  /** Affinity-domain id of the tour's patient. */
  readonly xad: string
  readonly domain: string
  readonly documentUniqueId: string
}

const MARKER = 'demo'

/**
 * Loads what is not loaded yet.
 * @throws {RefusedError} when the server refuses a step; the next start goes on from there.
 */
export async function loadDemo(server: RunningServer, say: (line: string) => void): Promise<LoadedTour> {
  const network = await loadDemoNetwork()
  const { admin } = await loadNetwork(server, network, say)
  return tourOf({ server, network, admin })
}

/** @throws {RefusedError} as loadDemo. */
export async function loadNetwork(
  server: RunningServer,
  network: DemoNeighbour,
  say: (line: string) => void,
): Promise<DemoRun> {
  const { managementUrl } = localAddresses(server)
  const admin = createAdminClient({ baseUrl: managementUrl, token: server.adminToken })
  const run: DemoRun = { server, network, admin, say }
  const isFirst = !(await isLoaded(admin))
  await loadRegistrations(run, isFirst ? 'first' : 'again')
  await loadPeople(run, isFirst ? 'first' : 'again')
  if (isFirst) {
    await loadPatients(run)
    await pushMessages(run)
    await admin.put(`/settings/${MARKER}`, { value: new Date().toISOString() })
    say('demo network loaded / デモ用ネットワークを登録しました')
  }
  return run
}

async function isLoaded(admin: AdminClient): Promise<boolean> {
  const answer = await admin.get(`/settings/${MARKER}`).catch((error: unknown) => {
    // A setting that was never put is a refusal of the admin API; a server that is away shows at the next step.
    if (error instanceof RefusedError) return undefined
    throw error
  })
  return isObject(answer?.body) && textOf(answer.body.value) !== ''
}

async function pushMessages({ server, network, say }: DemoRun): Promise<void> {
  const { httpsUrl: url } = localAddresses(server)
  for (const { systemId, file } of network.messages) {
    const credentials = await readCredentials(server.config, systemId)
    const connection = await connect(server.config, credentials, { url, port: server.mllpPort })
    try {
      const ack = readAck(await connection.send(await readFile(messagePath(file))))
      if (!isAccepted(ack)) throw new RefusedError(describeAck(ack, file))
      say(`${ack.code} ${file}`)
    } finally {
      await connection.close()
    }
  }
}

/** The ids are asked for at every start, since what was pushed after the load may have replaced the document. */
async function tourOf({
  server,
  network,
  admin,
}: Omit<DemoRun, 'network' | 'say'> & { readonly network: DemoNetwork }): Promise<LoadedTour> {
  const { tour } = network
  const domain = facilityOf(network, tour.patient.facilityId).patientDomain.oid
  const xad = await patientOf({ network, admin })
  const { config } = server
  const credentials = await readCredentials(config, tour.viewer.systemId)
  const client = createSystemClient({ baseUrl: localAddresses(server).httpsUrl, credentials })
  try {
    const patientId = { value: xad, authority: config.identity.affinityDomainAuthority }
    const { response } = await ask({ config, client }, writeFindDocuments({ patientId, returnType: 'LeafClass' }))
    const entries = response.objects.flatMap((object) => readDocumentEntry(object).value ?? [])
    const shown = entries.find((entry) => entry.classCode.code === 'LAB') ?? entries[0]
    return { ...tour, xad, domain, documentUniqueId: shown?.uniqueId ?? '' }
  } finally {
    await client.close()
  }
}

/** Affinity-domain id of the patient who is shown. @throws {RefusedError} when nobody has the number any more. */
export async function patientOf({ network, admin }: Pick<DemoRun, 'network' | 'admin'>): Promise<string> {
  const { id, facilityId } = network.tour.patient
  const xad = await xadOf(admin, { value: id, authority: facilityOf(network, facilityId).patientDomain.oid })
  if (xad === undefined) throw new RefusedError(`nobody has the number ${id}; was the patient unlinked?`)
  return xad
}
