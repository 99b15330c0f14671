// A large document of one network fetched by a clinic of another, and how much memory it took of both gateways (ITI TF-2 3.39, 3.43).

import { readFile } from 'node:fs/promises'
import { mebibytes, type Run, rounded, target } from '../compare.ts'
import { connect, fetchLength, MAX_GROWTH_MIB, provide } from '../large.ts'
import { introduce, type Network } from './network.ts'

interface Passing {
  /** Where the document is wanted. */
  readonly west: Network
  /** Where it is. */
  readonly east: Network
  readonly run: Run & { readonly largeMiB: number }
}

export function passingName({ largeMiB }: Passing['run']): string {
  return `ITI-43 through both gateways (ITI-39), ${largeMiB} MiB`
}

export async function measurePassing(passing: Passing): Promise<void> {
  const { west, east, run } = passing
  await acquaint(west, east)
  await acquaint(east, west)
  // The first one warms the path up, so that what is measured is the document and not the code being loaded.
  await pass(passing, 1)
  const { isWhole, seconds, initiating, responding } = await pass(passing, run.largeMiB)
  const isSmall = initiating.peakGrowthMiB < MAX_GROWTH_MIB && responding.peakGrowthMiB < MAX_GROWTH_MIB
  run.print({
    bench: passingName(run),
    accepted: isWhole,
    mibPerSecond: rounded(run.largeMiB / seconds),
    initiating,
    responding,
    ...target(`peakGrowthMiB of each < ${MAX_GROWTH_MIB}`, isWhole && isSmall),
  })
}

/** `network` knows the other one, the certificate of its gateway, and the authority that signed it. */
async function acquaint(network: Network, other: Network): Promise<void> {
  const { admin } = network.options
  const facilityId = 'bench-neighbour'
  const { community, neighbours, subject, options } = other
  const url = `${subject.httpsUrl}/xca/responding`
  const { patientId } = neighbours
  await introduce(network, { facilityId, community, url, patientId, own: network.neighbours.patientId })
  const { certificate, ca } = options.config.tls
  await admin.post('/trust-anchors', { label: facilityId, pem: await readFile(ca, 'utf8'), facilityId })
  await admin.post('/systems', { systemId: facilityId, facilityId, roles: ['xca-partner'] })
  await admin.post(`/systems/${facilityId}/certificates`, { pem: await readFile(certificate, 'utf8') })
}

/** Provides a document in the one network and fetches it from the other, while both watch their memory. */
async function pass({ west, east }: Passing, sizeMiB: number) {
  const source = connect(east, { as: east.world.hospital, connections: 1 })
  const { documentUniqueId } = await provide(source, { patient: east.neighbours, sizeMiB })
  await source.close()
  const consumer = connect(west, { as: west.world.clinic, connections: 1 })
  const growthOf = { initiating: await watch(west), responding: await watch(east) }
  const startedMs = performance.now()
  const { community, repositoryUniqueId } = east
  const document = { homeCommunityId: `urn:oid:${community}`, repositoryUniqueId, documentUniqueId }
  const length = await fetchLength(consumer, { path: '/xca/initiating', document })
  const seconds = (performance.now() - startedMs) / 1000
  await consumer.close()
  return {
    isWhole: length > sizeMiB * 2 ** 20,
    seconds,
    initiating: await growthOf.initiating(),
    responding: await growthOf.responding(),
  }
}

/** @returns what to call when it is over: the memory before, and by how much it grew at most. */
async function watch({ subject }: Network) {
  const { rssBytes } = await subject.ask({ kind: 'memory' })
  return async () => {
    const { peakBytes } = await subject.ask({ kind: 'memory' })
    return { rssBeforeMiB: mebibytes(rssBytes), peakGrowthMiB: mebibytes(peakBytes - rssBytes) }
  }
}
