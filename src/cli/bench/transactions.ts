// The bench's default run: each transaction beside a bare pipe of the same bytes, in a small network.

import { loadConfig } from '../../config/config.ts'
import { type Measuring, type Pair, pairing } from './compare.ts'
import { createGun } from './load.ts'
import { type BenchPatient, findShot, laboratoryShot, provideShot, retrieveShot } from './messages.ts'
import type { World } from './world.ts'

export const DOCUMENT_BYTES = 36 * 1024
export const ENTRIES = 10

/** Of the query that every figure of ITI-18 sends. */
export const FIND_DOCUMENTS = `ITI-18 FindDocuments, ${ENTRIES} entries LeafClass`

export function isFound(answer: Buffer): boolean {
  return isSuccess(answer) && answer.includes('ExtrinsicObject')
}

export function isSuccess(answer: Buffer): boolean {
  return answer.includes('ResponseStatusType:Success')
}

export async function measureTransactions(given: Measuring): Promise<void> {
  const { world } = given
  const [reader] = world.patients
  if (reader === undefined) throw new Error('the bench has no patient')
  const documentUniqueId = await fill(given)
  const bare = await given.subject.ask({ kind: 'bare', patientId: reader.patientId, documentUniqueId })
  const pair = pairing({ ...given, bareUrl: `https://localhost:${bare.port}` })
  for (const transaction of transactionsOf(world, { reader, documentUniqueId })) await pair(transaction)
}

/** What the reader's clinic asks, and a hospital sends of the other patients. */
export function transactionsOf(
  world: World,
  { reader, documentUniqueId }: { readonly reader: BenchPatient; readonly documentUniqueId: string },
): readonly Pair[] {
  const find = findShot(reader)
  const config = loadConfig({ flags: {}, env: {} })
  const fetch = retrieveShot({ repositoryUniqueId: config.repository.uniqueId, documentUniqueId })
  const others = world.patients.slice(1)
  const patientOf = (number: number) => others[number % others.length] ?? reader
  return [
    {
      name: FIND_DOCUMENTS,
      as: world.clinic,
      path: '/xds/registry',
      bare: '/find',
      shot: () => find,
      accepts: isFound,
    },
    {
      name: 'ITI-43, 36 KiB',
      as: world.clinic,
      path: '/xds/repository',
      bare: '/fetch',
      shot: () => fetch,
      accepts: (answer) => answer.length > DOCUMENT_BYTES,
    },
    {
      name: 'ITI-41, 36 KiB',
      as: world.hospital,
      path: '/xds/repository',
      bare: '/insert',
      shot: (number) => provideShot(patientOf(number), DOCUMENT_BYTES).shot,
      accepts: isSuccess,
    },
    {
      name: 'StoreClient OML-11, HTTPS',
      as: world.hospital,
      path: '/storeclient',
      bare: '/insert',
      shot: (number) => laboratoryShot(patientOf(number), number),
      accepts: (answer) => answer.includes('MSA|AA'),
    },
  ]
}

/** Ten documents for the reader, through ITI-41. @returns the uniqueId of the last one. */
export async function fill({ world, subject }: Pick<Measuring, 'world' | 'subject'>): Promise<string> {
  const [reader] = world.patients
  const gun = createGun({ origin: subject.httpsUrl, path: '/xds/repository', tls: world.hospital }, 1)
  let documentUniqueId = ''
  for (let count = 0; count < ENTRIES && reader !== undefined; count++) {
    const provided = provideShot(reader, DOCUMENT_BYTES)
    documentUniqueId = provided.ids.entryUniqueId
    await gun.run({ callers: 1, durationMs: 1, shot: () => provided.shot, accepts: () => true })
  }
  await gun.close()
  return documentUniqueId
}
