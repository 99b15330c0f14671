// A correction by StoreClient replaces a document as ITI-42 would (ITI TF-3 4.2.2.2.3).

import t from 'tap'
import { newEntryUuid, newOid } from '../../src/model/identifiers.ts'
import { APND, HAS_MEMBER, STATUS_DEPRECATED } from '../../src/model/xds.ts'
import { laboratory } from '../faults/messages.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'
import { association, entry, submissionSet } from '../registry/submission.ts'
import { registryClient } from './xds-client.ts'

const network = await startNetwork(t)
const patientId = await network.xadForStaff({ value: '0000012346', authority: DOMAINS['hospital-a'] })
const order = '000000000904001'

async function statusOf(id: string): Promise<string | undefined> {
  const { rows } = await network.pool.query<{ status: string }>(
    'select status from registry.document_entry where entry_uuid = $1',
    [id.slice('urn:uuid:'.length)],
  )
  return rows[0]?.status
}

t.test('an addendum to a corrected document is Deprecated with it', async (t) => {
  const connection = await network.mllp('hospital-a')
  t.teardown(() => connection.close())
  await connection.send(laboratory({ order }))
  const { rows } = await network.pool.query<{ id: string }>(
    `select 'urn:uuid:' || entry_uuid as id from registry.document_entry where series_id is not null
     order by registered_at desc limit 1`,
  )
  const target = rows[0]?.id ?? ''
  const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
  const addendum = entry({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
  const original = [{ name: 'SubmissionSetStatus', values: ['Original'] }]
  const associations = [
    { ...association(HAS_MEMBER, set.entryUUID, addendum.entryUUID, original), id: newEntryUuid() },
    { ...association(APND, addendum.entryUUID, target), id: newEntryUuid() },
  ]
  t.equal(await registryClient(network, 'tester').submit({ set, entries: [addendum], associations }), 'Success')
  await connection.send(laboratory({ order, sentAt: '20260202120000', result: '7.4', status: 'C' }))
  t.equal(await statusOf(target), STATUS_DEPRECATED)
  t.equal(await statusOf(addendum.entryUUID), STATUS_DEPRECATED)
})
