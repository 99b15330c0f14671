// Documents of a community by repository, without a database: who is asked for what, and what is made of answers (ITI TF-2 3.39.4.1.3, 3.43.4.2).

import { createHash } from 'node:crypto'
import t from 'tap'
import { admits } from '../../src/access/decide.ts'
import type { PatientAccess } from '../../src/model/access.ts'
import type { RelayedError } from '../../src/model/error.ts'
import type { FetchedDocument } from '../../src/model/staged-document.ts'
import { SEVERITY_ERROR, SEVERITY_WARNING } from '../../src/model/xds.ts'
import type { EntryApart, RepositoryApart, RepositoryPorts, RepositoryReply } from '../../src/repository/ports.ts'
import { retrieveHere } from '../../src/repository/retrieve-apart.ts'
import { opened } from '../access/scopes.ts'
import { COMMUNITY, caller, REPOSITORY } from '../registry/submission.ts'

const ELSEWHERE = '2.25.9301'
const BYTES = Buffer.from('text')
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
const traits = {
  access,
  publisher: 'hospital-a',
  kind: 'LAB',
  confidentiality: ['N^^2.16.840.1.113883.5.25'],
  mimeType: 'text/plain',
}
const hash = createHash('sha1').update(BYTES).digest('hex')
const stable = (uniqueId: string, change: Partial<EntryApart> = {}): EntryApart => ({
  uniqueId,
  ...traits,
  stable: { hash, sizeBytes: BYTES.length },
  ...change,
})
const ENTRIES: readonly EntryApart[] = [
  stable('1'),
  stable('2'),
  stable('hidden', { kind: 'SECRET' }),
  stable('of another', { access: { ...access, patientId: { value: 'P2', authority: COMMUNITY } } }),
  stable('upper case', { stable: { hash: hash.toUpperCase(), sizeBytes: BYTES.length } }),
  stable('assembled later', { stable: { hash: 'da39a3ee5e6b4b0d3255bfef95601890afd80709', sizeBytes: 0 } }),
  { uniqueId: 'on demand', ...traits },
]

const sent = (
  documentUniqueId: string,
  change: Partial<FetchedDocument> & { bytes?: Buffer } = {},
): FetchedDocument => {
  const { bytes = BYTES, ...rest } = change
  const sha1 = createHash('sha1').update(bytes).digest('hex')
  const staged = { content: { kind: 'row', bytes }, sizeBytes: bytes.length, sha1, sha256: '' } as const
  return { repositoryUniqueId: ELSEWHERE, documentUniqueId, mimeType: 'its/own', staged, ...rest }
}
const said = (location: string, severity = SEVERITY_ERROR): RelayedError => ({
  errorCode: 'XDSRepositoryBusy',
  codeContext: 'busy',
  severity,
  location,
})

interface Answering {
  readonly reply?: RepositoryReply
  readonly documents?: readonly FetchedDocument[]
  readonly errors?: readonly RelayedError[]
  readonly repository?: Partial<RepositoryApart>
  /** Where what is discarded goes. */
  readonly discarded?: FetchedDocument[]
  /** What our own repository does instead. */
  readonly failure?: Error
}

/** Asks for documents of the repository apart, or `repository/document`. */
async function fetching(ids: readonly string[], answering: Answering = {}) {
  const { documents = [], errors = [], reply = { kind: 'answered', documents, errors } } = answering
  const alarms: string[] = []
  const asked: string[] = []
  const { discarded = [] } = answering
  const repository: RepositoryPorts = {
    repositoryUniqueId: REPOSITORY,
    blobs: { discard: async () => undefined, read: async function* () {} },
    documents: async () => {
      if (answering.failure !== undefined) throw answering.failure
      return []
    },
    admits: (given, entry) => admits(given.scope, entry),
    load: async () => undefined,
    stored: async () => [],
    named: async () => new Set(),
    register: () => Promise.reject(new Error('nothing is registered here')),
    alarm: ({ uniqueId }) => alarms.push(uniqueId),
  }
  const known = { repositoryUniqueId: ELSEWHERE, url: 'https://elsewhere/', retrieveMs: 1000, isPaused: false }
  const outcome = await retrieveHere(
    ids.map((id) => {
      const [documentUniqueId = '', repositoryUniqueId = ELSEWHERE] = id.split('@')
      return { homeCommunityId: 'urn:oid:2.25.1', repositoryUniqueId, documentUniqueId }
    }),
    caller(),
    {
      repository,
      apart: {
        repositories: async (given) => (given.includes(ELSEWHERE) ? [{ ...known, ...answering.repository }] : []),
        entries: async (_caller, { uniqueIds }) => ENTRIES.filter(({ uniqueId }) => uniqueIds.includes(uniqueId)),
        fetch: async (_repository, requests) => {
          asked.push(...requests.map(({ documentUniqueId }) => documentUniqueId))
          return reply
        },
        deliver: (request, { mimeType, snapshot, staged }) => ({
          request,
          mimeType,
          body: BYTES,
          sizeBytes: staged.sizeBytes,
          sha256: '',
          ...(snapshot === undefined ? {} : { snapshot }),
        }),
        discard: async (document) => void discarded.push(document),
      },
    },
  )
  const faults = outcome.errors.map(({ row, location }) => [row.code, location])
  return { ...outcome, faults, alarms, asked, discarded: discarded.map(({ documentUniqueId }) => documentUniqueId) }
}

t.test('each repository is asked for its own, and each document is answered by itself, in their order', async (t) => {
  const ids = ['1', `x@${REPOSITORY}`, '2', 'y@2.25.7', '1']
  const { answer, asked, faults, result } = await fetching(ids, { documents: [sent('2'), sent('1'), sent('1')] })
  t.same(asked, ['1', '2', '1'])
  t.same(
    answer.map(({ request }) => request.documentUniqueId),
    ['1', '2', '1'],
  )
  t.equal(result, 'partial')
  t.same(faults, [
    ['DOCUMENT_UNAVAILABLE', 'x'],
    ['UNKNOWN_REPOSITORY', 'y'],
  ])
  t.match(answer[0], { mimeType: 'text/plain', request: { homeCommunityId: 'urn:oid:2.25.1' } }, 'as its entry says')
})

t.test('a document asked for twice may be answered once: it came, and no error is told of it (3.43.4.2)', async (t) => {
  const once = await fetching(['1', '2', '1'], { documents: [sent('1'), sent('2')] })
  t.same(once.faults, [])
  t.equal(once.result, 'success')
  t.same(
    once.answer.map(({ request }) => request.documentUniqueId),
    ['1', '2'],
  )
  t.match(once.evidence.calls, [{ result: 'success' }])
  const damaged = await fetching(['1', '1'], { documents: [sent('1', { bytes: Buffer.from('tExt') })] })
  t.same(damaged.faults, [['DOCUMENT_DAMAGED', '1']], 'what is wrong with it is said once')
  const absent = await fetching(['1', '1'], {})
  t.equal(absent.result, 'failure')
})

t.test('what the caller may not have is not asked for, and looks as if it were not there', async (t) => {
  const { faults, asked, evidence } = await fetching(['hidden', 'absent'])
  t.same(asked, [])
  t.same(faults, [
    ['DOCUMENT_UNAVAILABLE', 'hidden'],
    ['DOCUMENT_UNAVAILABLE', 'absent'],
  ])
  t.equal(evidence.calls, undefined)
  t.match(evidence.decision, { allowed: false, reason: 'consent excludes the kind of document' })
})

t.test('a document that is not the one of its entry is not delivered, and the operator hears of it', async (t) => {
  const documents = [sent('1', { bytes: Buffer.from('tExt') }), sent('2'), sent('stray')]
  const { answer, faults, alarms, discarded, errors } = await fetching(['1', '2'], { documents })
  t.equal(answer.length, 1)
  t.same(faults, [['DOCUMENT_DAMAGED', '1']])
  t.match(errors[0]?.rule, ELSEWHERE)
  t.same(alarms, ['1'])
  t.same(discarded, ['1', 'stray'], 'nothing stays staged')
})

t.test('the hash may be written in capitals, and what is assembled later cannot be checked', async (t) => {
  const documents = [sent('upper case'), sent('assembled later')]
  t.match(await fetching(['upper case', 'assembled later'], { documents }), { result: 'success', alarms: [] })
})

t.test('an On-Demand document comes under ids of its own, which are passed on (3.43.4.2.2)', async (t) => {
  const snapshot = { documentUniqueId: '2.25.8', repositoryUniqueId: '2.25.9' }
  const documents = [sent('on demand', { snapshot })]
  const { answer } = await fetching(['on demand'], { documents })
  t.match(answer, [{ snapshot, mimeType: 'its/own' }])
  for (const wrong of [{}, { snapshot: { documentUniqueId: 'on demand' } }]) {
    const { faults, discarded } = await fetching(['on demand'], { documents: [sent('on demand', wrong)] })
    t.same(faults, [['REPOSITORY_UNAVAILABLE', 'on demand']])
    t.same(discarded, ['on demand'])
  }
  const stableOne = await fetching(['1'], { documents: [sent('1', { snapshot })] })
  t.equal(stableOne.answer[0]?.snapshot, undefined, 'a stable document has one id')
})

t.test('a repository that does not answer, or is paused, is named for each of its documents', async (t) => {
  const down = await fetching(['1', '2'], { reply: { kind: 'unavailable', reason: 'ECONNREFUSED' } })
  t.same(down.faults, [
    ['REPOSITORY_UNAVAILABLE', '1'],
    ['REPOSITORY_UNAVAILABLE', '2'],
  ])
  t.match(down.errors[0], { value: ELSEWHERE, rule: 'ECONNREFUSED', row: { ihe: 'XDSRepositoryError' } })
  t.match(down.evidence.calls, [{ transaction: 'ITI-43', result: 'failure', reason: 'ECONNREFUSED' }])
  const paused = await fetching(['1'], { repository: { isPaused: true } })
  t.same([paused.asked, paused.evidence.calls], [[], undefined])
  t.match(paused.errors, [{ row: { code: 'REPOSITORY_UNAVAILABLE' }, rule: /paused/ }])
})

t.test('its errors are passed on for the documents that they name, or for all; silence is an error too', async (t) => {
  const named = await fetching(['1', '2'], { errors: [said('2.25.1:2')] })
  t.same(
    named.errors.map(({ row, location }) => [row.ihe, location]),
    [
      ['XDSRepositoryError', '1'],
      ['XDSRepositoryBusy', '2'],
    ],
  )
  const general = await fetching(['1', '2'], { errors: [said('')] })
  t.same(
    general.errors.map(({ row, location }) => [row.ihe, location]),
    [
      ['XDSRepositoryBusy', '1'],
      ['XDSRepositoryBusy', '2'],
    ],
  )
  const warned = await fetching(['1'], { errors: [said('1', SEVERITY_WARNING)] })
  t.same(warned.faults, [['REPOSITORY_UNAVAILABLE', '1']], 'a warning does not explain it')
})

t.test('the call is told with what came and what did not, of whom (3.43.5, 3.43.6)', async (t) => {
  const { evidence } = await fetching(['1', '2', 'of another'], { documents: [sent('1'), sent('of another')] })
  const of = (documentUniqueId: string, patient: string) => ({
    repositoryUniqueId: ELSEWHERE,
    documentUniqueId,
    patient: `${patient}^^^&${COMMUNITY}&ISO`,
  })
  const patients = ['P1', 'P2'].map((value) => `${value}^^^&${COMMUNITY}&ISO`)
  const call = { transaction: 'ITI-43', endpoint: 'https://elsewhere/', patients }
  t.same(evidence.calls, [
    { ...call, documents: [of('1', 'P1'), of('of another', 'P2')], result: 'success' },
    {
      ...call,
      documents: [of('2', 'P1')],
      result: 'failure',
      reason: 'neither the document nor an error about it came',
    },
  ])
  t.match(evidence.documents, [{ publisher: 'hospital-a', kind: 'LAB' }, {}])
})

t.test('when the answer cannot be made, nothing stays of what came for it', async (t) => {
  const discarded: FetchedDocument[] = []
  const failure = new Error('the database is gone')
  await t.rejects(fetching(['1', '2'], { documents: [sent('1'), sent('2')], failure, discarded }), failure)
  t.same(
    discarded.map(({ documentUniqueId }) => documentUniqueId),
    ['1', '2'],
  )
})
