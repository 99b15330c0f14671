// A hospital that pushes the messages of fixtures/storeclient, and what its own readers find of them by ITI-18 and ITI-43.

import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { type DataKind, dataKinds, type KindName } from '../../profiles/storeclient/index.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { STATUS_APPROVED, STATUS_DEPRECATED } from '../../src/model/xds.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'
import { listed, quoted, registryClient } from './xds-client.ts'

const GET_RELATED_DOCUMENTS = 'urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6'
const fixtures = new URL('../../fixtures/storeclient/', import.meta.url)

export function bytesOf(name: string): Buffer {
  return readFileSync(new URL(`${name}/request.hl7`, fixtures))
}

export function kindOf(name: KindName): DataKind {
  const found = dataKinds.find(({ kind }) => kind === name)
  if (found === undefined) throw new Error(`no kind ${name}`)
  return found
}

export async function startPushing(t: Test) {
  const network = await startNetwork(t)
  const connection = await network.mllp('hospital-a')
  t.teardown(() => connection.close())
  const taro = await network.xadBy('hospital-a', { value: '0000012345', authority: DOMAINS['hospital-a'] })
  const registry = registryClient(network, 'hospital-a')
  const status = [STATUS_APPROVED, STATUS_DEPRECATED]
  const before = await network.find('hospital-a', taro, { status })
  return {
    network,
    taro,
    /** Documents of the demo network. */
    present: new Set(before.map(({ entryUUID }) => entryUUID)),
    push: async (t: Test, name: string): Promise<void> => {
      t.equal(readAck(await connection.send(bytesOf(name))).code, 'AA', name)
    },
    send: (bytes: Buffer): Promise<Buffer> => connection.send(bytes),
    /** Source and target of the associations of one kind that a document is in (GetRelatedDocuments). */
    related: async (entryUUID: string, association: string): Promise<readonly (readonly [string, string])[]> => {
      const objects = await registry.objects({
        id: GET_RELATED_DOCUMENTS,
        slots: [
          { name: '$XDSDocumentEntryEntryUUID', values: quoted(entryUUID) },
          { name: '$AssociationTypes', values: listed([association]) },
        ],
      })
      return objects
        .filter(({ element }) => element.name === 'Association')
        .map(({ element: { attributes } }) => [
          attributes.get('sourceObject') ?? '',
          attributes.get('targetObject') ?? '',
        ])
    },
  }
}
