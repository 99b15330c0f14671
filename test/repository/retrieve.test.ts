// ITI-43 without a database: hidden and absent look alike, damage is noticed, every request gets its own answer (ITI TF-2 3.43.4.2).

import { createHash } from 'node:crypto'
import t from 'tap'
import { admits } from '../../src/access/decide.ts'
import type { PatientAccess } from '../../src/model/access.ts'
import type { RepositoryPorts, RetrievableEntry } from '../../src/repository/ports.ts'
import { type DocumentRequest, retrieve } from '../../src/repository/retrieve.ts'
import { opened } from '../access/scopes.ts'
import { COMMUNITY, caller, REPOSITORY } from '../registry/submission.ts'

const bytes = Buffer.from('text')
const NORMAL = 'N^^2.16.840.1.113883.5.25'
const access: PatientAccess = {
  personKey: '1',
  patientId: { value: 'P1', authority: COMMUNITY },
  publish: { allowed: false, reason: 'no consent stands' },
  scope: {
    mode: 'by-rule',
    ownFacility: 'clinic-b',
    ...opened(['hospital-a']),
    excludedKinds: ['SECRET'],
    decision: { allowed: true, reason: 'union, consent and link stand' },
  },
}
const stored = (uniqueId: string, change: Partial<RetrievableEntry> = {}): RetrievableEntry => ({
  uniqueId,
  access,
  mimeType: 'text/plain',
  publisher: 'hospital-a',
  kind: 'LAB',
  confidentiality: [NORMAL],
  sizeBytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  bytes,
  fileKey: undefined,
  ...change,
})
const ENTRIES = [
  stored('1'),
  stored('2', { kind: 'SECRET' }),
  stored('3', { publisher: 'pharmacy-c' }),
  stored('4', { confidentiality: [NORMAL, 'R^^2.16.840.1.113883.5.25'] }),
  stored('5', { bytes: Buffer.from('tExt') }),
  stored('6', { sizeBytes: 5 }),
  stored('7', { kind: 'SECRET', mimeType: 'hidden/type' }),
  stored('7', { mimeType: 'open/type' }),
  stored('8', { publisher: 'clinic-b', kind: 'SECRET' }),
  stored('9', { access: { ...access, patientId: { value: 'P2', authority: COMMUNITY } } }),
]

function world() {
  const alarms: string[] = []
  const ports: RepositoryPorts = {
    repositoryUniqueId: REPOSITORY,
    blobs: {
      discard: async () => undefined,
      read: async function* () {},
    },
    documents: async (_caller, uniqueIds) => ENTRIES.filter((entry) => uniqueIds.includes(entry.uniqueId)),
    admits: (given, entry) => admits(given.scope, entry),
    load: async () => undefined,
    stored: async () => [],
    named: async () => new Set(),
    register: () => Promise.reject(new Error('nothing is registered here')),
    alarm: ({ uniqueId }) => alarms.push(uniqueId),
  }
  const ask = (...requests: readonly (string | DocumentRequest)[]) =>
    retrieve(
      requests.map((request) =>
        typeof request === 'string' ? { repositoryUniqueId: REPOSITORY, documentUniqueId: request } : request,
      ),
      caller(),
      ports,
    )
  return { ask, alarms }
}

t.test('6: all, some, none', async (t) => {
  const { ask } = world()
  t.match(await ask('1'), { result: 'success', errors: [], answer: [{ mimeType: 'text/plain', body: bytes }] })
  t.match(await ask('1', 'x'), { result: 'partial', errors: [{ row: { ihe: 'XDSDocumentUniqueIdError' } }] })
  t.match(await ask('x'), { result: 'failure', answer: [] })
  t.equal((await ask('1', '1')).answer.length, 2, 'asked twice, answered twice')
})

t.test('a hidden document is answered exactly like one that does not exist', async (t) => {
  const { ask } = world()
  const said = async (id: string) => {
    const { result, errors, answer } = await ask(id)
    const fields = errors.map(({ row, at, value, rule, location }) => [row.code, at, value, rule, location])
    return JSON.stringify([result, answer, fields]).replaceAll(`"${id}"`, '"ID"')
  }
  const absent = await said('absent')
  for (const id of ['2', '3', '4']) t.equal(await said(id), absent, id)
})

t.test('the location of an error is the DocumentUniqueId', async (t) => {
  const { ask } = world()
  const foreign = { repositoryUniqueId: '2.25.1', documentUniqueId: '1' }
  t.match((await ask(foreign)).errors, [{ location: '1', row: { ihe: 'XDSUnknownRepositoryId' } }])
  t.match((await ask('x')).errors, [{ location: 'x', row: { ihe: 'XDSDocumentUniqueIdError' } }])
})

t.test('a repository id of another repository opens nothing, even for a document of ours', async (t) => {
  const { ask } = world()
  for (const repositoryUniqueId of ['2.25.1', '', `${REPOSITORY}.1`, `urn:oid:${REPOSITORY}`])
    t.match(await ask({ repositoryUniqueId, documentUniqueId: '1' }), { result: 'failure', answer: [] })
})

t.test('damaged bytes never leave, and the operator hears of it', async (t) => {
  const { ask, alarms } = world()
  t.match(await ask('5', '6'), { result: 'failure', errors: [{ row: { code: 'DOCUMENT_DAMAGED' } }, {}], answer: [] })
  t.strictSame(alarms, ['5', '6'])
})

t.test('one uniqueId with several entries is delivered by the entry that is visible', async (t) => {
  t.match(await world().ask('7'), { result: 'success', answer: [{ mimeType: 'open/type' }] })
})

t.test('own documents are delivered whatever the consent says', async (t) => {
  t.match(await world().ask('8'), { result: 'success' })
})

t.test('the home that was sent is echoed', async (t) => {
  const request = { homeCommunityId: 'urn:oid:2.25.1', repositoryUniqueId: REPOSITORY, documentUniqueId: '1' }
  t.match((await world().ask(request)).answer, [{ request }])
})

t.test('the evidence says whose content went out, not whose was asked for in vain (d.10; idlink L-1)', async (t) => {
  const { ask } = world()
  const { evidence } = await ask('1', '4')
  const asked = { repositoryUniqueId: REPOSITORY, documentUniqueId: '1' }
  t.strictSame(evidence.documents, [{ ...asked, publisher: 'hospital-a', kind: 'LAB' }])
  t.strictSame(evidence.undelivered, [{ ...asked, documentUniqueId: '4' }])
  const several = (await ask('1', '9')).evidence
  t.match(several.documents, [{ patient: `P1^^^&${COMMUNITY}&ISO` }, { patient: `P2^^^&${COMMUNITY}&ISO` }])
  t.equal(several.patients.length, 2)
})
