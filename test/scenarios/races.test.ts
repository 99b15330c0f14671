// The same thing at once: one consistent answer each (ITI TF-2 3.42.4.1.3, 3.57.4.1.3; ITI TF-3 4.2.2.2.3).

import { createHash, randomUUID } from 'node:crypto'
import t from 'tap'
import { iti41, iti42, iti57 } from '../../profiles/transactions/index.ts'
import { writeProvideAndRegister, writeSubmitObjects } from '../../src/codec/ebxml/submit.ts'
import { newEntryUuid, newOid } from '../../src/model/identifiers.ts'
import { APND, HAS_MEMBER, RPLC, STATUS_APPROVED } from '../../src/model/xds.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'
import { association, entry, folder, submissionSet } from '../registry/submission.ts'
import { registryClient, type Submitted, submitObjects } from './xds-client.ts'

const AT_ONCE = 8
const network = await startNetwork(t)
const client = registryClient(network, 'tester')
const patientId = await network.xadBy('clinic-b', { value: 'B-78', authority: DOMAINS['clinic-b'] })

const original = [{ name: 'SubmissionSetStatus', values: ['Original'] }]

/** A submission of entries, each with an association of its own where one is given. */
function submitted(
  entries: readonly Partial<ReturnType<typeof entry>>[],
  relate: (entryId: string) => Submitted['associations'] = () => [],
): Submitted {
  const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
  const made = entries.map((change) => entry({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId, ...change }))
  return {
    set,
    entries: made,
    associations: made.flatMap(({ entryUUID }) => [
      { ...association(HAS_MEMBER, set.entryUUID, entryUUID, original), id: newEntryUuid() },
      ...relate(entryUUID),
    ]),
  }
}

async function registered(): Promise<string> {
  const first = submitted([{}])
  t.equal(await client.submit(first), 'Success')
  return first.entries?.[0]?.entryUUID ?? ''
}

function counted(codes: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

const times = <T>(count: number, make: (index: number) => Promise<T>): Promise<readonly T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))

async function statusOf(id: string): Promise<string> {
  const { rows } = await network.pool.query<{ status: string }>(
    'select status from registry.document_entry where entry_uuid = $1',
    [id.slice('urn:uuid:'.length)],
  )
  return rows[0]?.status ?? 'absent'
}

t.test('the same message at once is registered once, and every copy hears Success', async (t) => {
  const message = submitted([{}])
  const body = writeSubmitObjects(submitObjects(message))
  const messageId = `urn:uuid:${randomUUID()}`
  const answers = await times(AT_ONCE, () => network.soap('tester', { transaction: iti42, body, messageId }))
  t.ok(answers.every(({ text }) => text.includes('ResponseStatusType:Success')))
  const { rows } = await network.pool.query('select from registry.document_entry where unique_id = $1', [
    message.entries?.[0]?.uniqueId,
  ])
  t.equal(rows.length, 1)
})

t.test(
  '3.42.4.1.3: one uniqueId with two contents at once: one is registered, the other hears of the hash',
  async (t) => {
    for (let round = 0; round < 4; round += 1) {
      const uniqueId = newOid()
      const codes = await times(2, (index) =>
        client.submit(submitted([{ uniqueId, hash: createHash('sha1').update(String(index)).digest('hex') }])),
      )
      t.strictSame(counted(codes), { Success: 1, XDSNonIdenticalHash: 1 })
    }
  },
)

t.test(
  '3.41.4.1.3: other bytes under one uniqueId at once: one document is kept, the other source hears of it',
  async (t) => {
    for (let round = 0; round < 4; round += 1) {
      const uniqueId = newOid()
      const answers = await times(4, async (index) => {
        const bytes = Buffer.from(`bytes ${index % 2} of ${uniqueId}`)
        const hash = createHash('sha1').update(bytes).digest('hex')
        const message = submitted([{ uniqueId, hash, size: String(bytes.length) }])
        const id = message.entries?.[0]?.entryUUID ?? ''
        const documents = [{ id, content: { kind: 'inline', bytes } as const }]
        const body = writeProvideAndRegister({ submission: submitObjects(message), documents })
        return (await network.soap('tester', { transaction: iti41, body })).text
      })
      const isKept = (text: string): boolean => text.includes('ResponseStatusType:Success')
      t.equal(answers.filter(isKept).length, 2, 'the two with the same bytes')
      t.ok(answers.every((text) => isKept(text) || text.includes('XDSNonIdenticalHash')))
      const [kept] = [0, 1].filter((index) => isKept(answers[index] ?? ''))
      const { rows } = await network.pool.query('select content from repository.document where unique_id = $1', [
        uniqueId,
      ])
      t.equal(rows[0]?.content.toString(), `bytes ${kept} of ${uniqueId}`)
    }
  },
)

t.test('3.42.4.1.3: one uniqueId with one content at once: both are registered', async (t) => {
  const uniqueId = newOid()
  t.strictSame(counted(await times(AT_ONCE, () => client.submit(submitted([{ uniqueId }])))), { Success: AT_ONCE })
})

t.test('a SubmissionSet.uniqueId at once in two messages is registered once', async (t) => {
  const uniqueId = newOid()
  const codes = await times(4, () => {
    const message = submitted([{}])
    return client.submit({ ...message, set: { ...message.set, uniqueId } })
  })
  t.strictSame(counted(codes), { Success: 1, XDSDuplicateUniqueIdInRegistry: 3 })
})

t.test('4.2.2.2.3: one document replaced by two sources at once has one successor', async (t) => {
  const target = await registered()
  const codes = await times(AT_ONCE, () =>
    client.submit(submitted([{}], (id) => [{ ...association(RPLC, id, target), id: newEntryUuid() }])),
  )
  t.strictSame(counted(codes), { Success: 1, XDSRegistryDeprecatedDocumentError: AT_ONCE - 1 })
  const { rows } = await network.pool.query('select from registry.association where target_uuid = $1 and type = $2', [
    target.slice('urn:uuid:'.length),
    RPLC,
  ])
  t.equal(rows.length, 1, 'nothing of the refused ones is kept')
})

t.test('4.2.2.2.3: an addendum while its document is replaced is Deprecated with it or refused', async (t) => {
  for (let round = 0; round < 4; round += 1) {
    const target = await registered()
    const addendum = submitted([{}], (id) => [{ ...association(APND, id, target), id: newEntryUuid() }])
    const successor = submitted([{}], (id) => [{ ...association(RPLC, id, target), id: newEntryUuid() }])
    const [appended, replaced] = await Promise.all([client.submit(addendum), client.submit(successor)])
    t.equal(replaced, 'Success')
    const status = await statusOf(addendum.entries?.[0]?.entryUUID ?? '')
    t.not(status, STATUS_APPROVED, `${appended}: ${status}`)
  }
})

t.test('4.2.2.1.3: many sources put documents into one Folder at once, and it holds them all', async (t) => {
  const set = submissionSet({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
  const shared = folder({ entryUUID: newEntryUuid(), uniqueId: newOid(), patientId })
  const link = { ...association(HAS_MEMBER, set.entryUUID, shared.entryUUID), id: newEntryUuid() }
  t.equal(await client.submit({ set, folders: [shared], associations: [link] }), 'Success')
  const codes = await times(AT_ONCE, () => {
    const message = submitted([{}])
    const membership = {
      ...association(HAS_MEMBER, shared.entryUUID, message.entries?.[0]?.entryUUID ?? ''),
      id: newEntryUuid(),
    }
    const part = { ...association(HAS_MEMBER, message.set.entryUUID, membership.id), id: newEntryUuid() }
    return client.submit({ ...message, associations: [...message.associations, membership, part] })
  })
  t.strictSame(counted(codes), { Success: AT_ONCE })
  const { rows } = await network.pool.query('select from registry.association where source_uuid = $1', [
    shared.entryUUID.slice('urn:uuid:'.length),
  ])
  t.equal(rows.length, AT_ONCE)
})

t.test('3.57.4.1.3.3.1: two updates of one version at once: one becomes version 2', async (t) => {
  const first = submitted([{}])
  t.equal(await client.submit(first), 'Success')
  const former = first.entries?.[0]
  const codes = await times(AT_ONCE, () => {
    const update = submitted([{ ...former, entryUUID: newEntryUuid(), title: 'corrected' }])
    const [membership] = update.associations
    if (membership === undefined) throw new Error('no HasMember')
    return client.submit(
      {
        ...update,
        bend: (object) =>
          object.kind === 'ExtrinsicObject' && former !== undefined ? { ...object, lid: former.entryUUID } : object,
        associations: [{ ...membership, slots: [...original, { name: 'PreviousVersion', values: ['1'] }] }],
      },
      iti57,
    )
  })
  t.strictSame(counted(codes), { Success: 1, XDSMetadataVersionError: AT_ONCE - 1 })
})

t.test('3.42.4.1.3: a patient who is being changed for long keeps no other patient waiting', async (t) => {
  const other = await network.xadBy('hospital-a', { value: '0000012345', authority: DOMAINS['hospital-a'] })
  const changing = await network.pool.connect()
  t.teardown(() => changing.release())
  // As a merge of a person with very much does it, which may take minutes.
  await changing.query('begin')
  await changing.query('select from identity.identifier where domain = $1 and value = $2 for update', [
    patientId.authority,
    patientId.value,
  ])
  const waiting = times(3, () => client.submit(submitted([{}])))
  const others = await times(AT_ONCE, () => {
    const { set, ...rest } = submitted([{ patientId: other }])
    return client.submit({ ...rest, set: { ...set, patientId: other } })
  })
  t.strictSame(counted(others), { Success: AT_ONCE })
  await changing.query('commit')
  // Their own wait for the patient is bounded; a busy machine may have used it up.
  t.ok((await waiting).every((code) => code === 'Success' || code === 'XDSRegistryBusy'))
})

t.test('a query during a submission sees all of it or nothing', async (t) => {
  const many = Array.from({ length: 12 }, () => ({}))
  const before = (await network.find('tester', patientId)).length
  const seen: number[] = []
  let sending = true
  const asking = (async () => {
    while (sending) seen.push((await network.find('tester', patientId)).length - before)
  })()
  for (let round = 0; round < 3; round += 1) t.equal(await client.submit(submitted(many)), 'Success')
  sending = false
  await asking
  t.ok(
    seen.every((count) => count % many.length === 0),
    `always whole submissions: ${[...new Set(seen)]}`,
  )
})
