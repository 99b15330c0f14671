// What the federation demo shows by itself: a clinic of one community finds and fetches what the other has (ITI TF-2 3.18, 3.43 at /xca/initiating).

import { readDocumentEntry } from '../../../../profiles/metadata/read.ts'
import { iti18Initiating } from '../../../../profiles/transactions/index.ts'
import { writeFindDocuments } from '../../../codec/ebxml/query-request.ts'
import type { DocumentEntry } from '../../../model/document-entry.ts'
import type { ActingSystem } from '../../as-system.ts'
import { createSystemClient } from '../../client.ts'
import { readCredentials } from '../../credentials.ts'
import { ask } from '../../query.ts'
import { fetchDocuments } from '../../retrieve.ts'
import { localAddresses } from '../../running-server.ts'
import type { Member } from './introduce.ts'
import { communityOf, type Side } from './side.ts'

export interface Seen {
  readonly own: number
  readonly theirs: number
  /** One of the neighbour's, and how many bytes of it came. */
  readonly fetched?: DocumentEntry & { readonly bytes: number }
}

/** As a system of `member` asks about the patient, at its own gateway. */
export async function look(member: Member, systemId: string, neighbour: Side): Promise<Seen> {
  const { config } = member.run.server
  const credentials = await readCredentials(config, systemId)
  const client = createSystemClient({ baseUrl: localAddresses(member.run.server).httpsUrl, credentials })
  try {
    return await seenBy({ config, client }, member, neighbour)
  } finally {
    await client.close()
  }
}

async function seenBy(acting: ActingSystem, { xad }: Member, neighbour: Side): Promise<Seen> {
  const patientId = { value: xad, authority: acting.config.identity.affinityDomainAuthority }
  const body = writeFindDocuments({ patientId, returnType: 'LeafClass' })
  const { response } = await ask(acting, body, iti18Initiating)
  const entries = response.objects.flatMap((object) => readDocumentEntry(object).value ?? [])
  const home = `urn:oid:${communityOf(neighbour)}`
  const theirs = entries.filter(({ homeCommunityId }) => homeCommunityId === home)
  const counts = { own: entries.length - theirs.length, theirs: theirs.length }
  const [first] = theirs
  if (first?.repositoryUniqueId === undefined) return counts
  const place = { repositoryUniqueId: first.repositoryUniqueId, homeCommunityId: home }
  const { documents } = await fetchDocuments(acting, [first.uniqueId], place)
  const [document] = documents
  return document === undefined ? counts : { ...counts, fetched: { ...first, bytes: document.bytes.length } }
}
