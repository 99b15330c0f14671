// A network of the federation bench: a server and a database of its own, and neighbours that it knows (docs/federation.md).

import { newOid, type Oid, type PatientId } from '../../../model/identifiers.ts'
import { rowsOf, textOf } from '../../admin-client.ts'
import type { BenchPatient } from '../messages.ts'
import type { Settings } from '../subject.ts'
import { type Subject, startSubject } from '../subject-process.ts'
import { openWorld, type World, type WorldOptions, worldOptions } from '../world.ts'

const DAY_MS = 86_400_000

export interface Network {
  readonly community: Oid
  readonly repositoryUniqueId: Oid
  readonly directory: string
  readonly subject: Subject
  readonly world: World
  readonly options: WorldOptions
  /** Of whom twenty communities know something. */
  readonly wellKnown: BenchPatient
  /** Who has a document in one of two networks. */
  readonly neighbours: BenchPatient
}

/** A new one for the time of the work. */
export async function inNetwork(directory: string, work: (network: Network) => Promise<void>): Promise<void> {
  const [community, repositoryUniqueId] = [newOid(), newOid()]
  const settings: Settings = {
    'community.homeCommunityId': `urn:oid:${community}`,
    'repository.uniqueId': repositoryUniqueId,
    'identity.affinityDomainAuthority': newOid(),
  }
  const subject = await startSubject(directory, settings)
  try {
    const world = await openWorld(subject, { directory, patients: 2, settings })
    const options = worldOptions(subject, { directory, settings })
    const [wellKnown, neighbours] = world.patients
    if (wellKnown === undefined || neighbours === undefined) throw new Error('the bench has no patients')
    for (const { patientId } of world.patients) await shareWithCommunities(options, patientId)
    await work({ community, repositoryUniqueId, directory, subject, world, options, wellKnown, neighbours })
  } finally {
    await subject.stop()
  }
}

/** The patient's consent is for sharing with neighbouring communities from now on. */
async function shareWithCommunities({ admin }: WorldOptions, { value }: PatientId): Promise<void> {
  for (const { consentId } of rowsOf((await admin.get(`/patients/${value}/consents`)).body))
    await admin.patch(`/consents/${textOf(consentId)}`, { sharesWithCommunities: true, reason: 'bench' })
}

export interface Neighbour {
  /** The facility that will stand for it. */
  readonly facilityId: string
  readonly community: Oid
  readonly url: string
  /** The patient there, and here. */
  readonly patientId: PatientId
  readonly own: PatientId
}

/** Facility, partner, an agreement for both ways, and its number of the patient. */
export async function introduce({ options: { admin } }: Network, neighbour: Neighbour): Promise<void> {
  const { facilityId, community, url, patientId, own } = neighbour
  const now = Date.now()
  await admin.post('/facilities', {
    facilityId,
    oid: newOid(),
    name: facilityId,
    kind: 'gateway',
    facilityType: 'OTHER',
    patientDomain: { oid: patientId.authority, name: facilityId },
  })
  await admin.post('/partners', { facilityId, community, queryUrl: url, retrieveUrl: url })
  await admin.post('/agreements', {
    title: facilityId,
    partnerCommunity: community,
    direction: 'both',
    validFrom: new Date(now - DAY_MS).toISOString(),
    validTo: new Date(now + DAY_MS).toISOString(),
  })
  await admin.post(`/patients/${own.value}/links`, { facilityId, id: patientId.value, reason: 'bench' })
}
