// What an Initiating Gateway makes of the documents, errors and silence of one community (ITI TF-2 3.39, 3.43.6; ATNA 3.38.6, 3.39.6).

import t from 'tap'
import { initiateRetrieve } from '../../src/gateway/initiate-retrieve.ts'
import type { ForeignDocument, QueryReply, RetrieveReply } from '../../src/gateway/ports.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { RelayedError } from '../../src/model/error.ts'
import type { ForeignObject } from '../../src/model/foreign-object.ts'
import { SEVERITY_ERROR, SEVERITY_WARNING } from '../../src/model/xds.ts'

const home = 'urn:oid:2.25.2'
const community = {
  facilityId: 'east',
  home,
  queryUrl: 'https://east/query',
  retrieveUrl: 'https://east/retrieve',
  queryMs: 1000,
  identity: 'none' as const,
  isAsynchronous: false,
  retrieveMs: 1000,
}
const patient = 'E77^^^&2.25.90&ISO'
const staff: Caller = {
  exchange: { id: 'x' } as Caller['exchange'],
  systemId: 'clinic-b',
  facilityId: 'clinic-b',
} as Caller
const theirs = (documentUniqueId: string) => ({
  documentUniqueId,
  repositoryUniqueId: '2.25.30',
  homeCommunityId: home,
})
const sent = (documentUniqueId: string): ForeignDocument => ({
  documentUniqueId,
  repositoryUniqueId: '2.25.30',
  mimeType: 'text/plain',
  staged: { content: { kind: 'row', bytes: Buffer.from('x') }, sizeBytes: 1, sha1: '', sha256: '' },
})
const entry = (uniqueId: string): ForeignObject => ({
  element: 'ExtrinsicObject',
  id: uniqueId,
  home,
  patientId: patient,
  uniqueId,
  ends: [],
  xml: '',
})
const error = (location: string, severity = SEVERITY_ERROR): RelayedError => ({
  errorCode: 'XDSDocumentUniqueIdError',
  codeContext: 'gone',
  severity,
  location,
})

interface Asking {
  readonly caller?: Caller
  /** Documents of kinds that are agreed: what is left of the answer about them. */
  readonly agreed?: readonly string[]
  readonly kinds?: readonly string[]
  /** What it answers when it is asked whose documents they are. */
  readonly about?: QueryReply | ((ids: readonly string[]) => QueryReply)
}

function retrieve(
  ids: readonly string[],
  reply: RetrieveReply | 'not asked for documents',
  { caller = staff, agreed = ids, kinds, about }: Asking = {},
) {
  const limited = kinds === undefined ? community : { ...community, kinds }
  return initiateRetrieve<ForeignDocument & { readonly homeCommunityId?: string }>(ids.map(theirs), caller, {
    home: 'urn:oid:2.25.1',
    repositoriesHere: async () => new Set(['2.25.3']),
    retrieve: () => Promise.reject(new Error('nothing is asked of us')),
    directory: {
      knowing: async () => [],
      ofHome: async () => limited,
      mayKnow: async (_, ids) => new Set(ids),
    },
    ask: async (_, text) =>
      reply === 'not asked for documents'
        ? { kind: 'unavailable', reason: 'ECONNREFUSED' }
        : ((typeof about === 'function' ? about(text.split(' ')) : about) ?? {
            kind: 'answered',
            result: 'success',
            objects: agreed.map(entry),
            errors: [],
          }),
    documentsQuery: (at, values) => ({ id: 'urn:uuid:5c4f972b', text: values.join(' '), home: at }),
    fetch: async () => (reply === 'not asked for documents' ? { kind: 'unavailable', reason: 'no' } : reply),
    discard: async () => {},
    deliver: (request, document) => ({ ...document, ...request }),
    requestOf: (document) => document,
  })
}

t.test('a warning beside the documents makes nothing partial (ITI TF-3 4.2.4.2)', async (t) => {
  const outcome = await retrieve(['2.25.7'], {
    kind: 'answered',
    documents: [sent('2.25.7')],
    errors: [error('2.25.7', SEVERITY_WARNING)],
  })
  t.equal(outcome.result, 'success')
  t.equal(outcome.errors.length, 1, 'it is passed on')
})

t.test('each document that does not come is named, whichever one the community speaks of (3.43.4.2)', async (t) => {
  const outcome = await retrieve(['2.25.7', '2.25.71', '2.25.8'], {
    kind: 'answered',
    documents: [sent('2.25.7')],
    errors: [error(`${home}:2.25.8`)],
  })
  t.equal(outcome.result, 'partial')
  t.same(outcome.errors.map(({ location }) => location).sort(), [`${home}:2.25.71`, `${home}:2.25.8`])
})

t.test('an error that names no document is about all of them', async (t) => {
  const outcome = await retrieve(['2.25.7', '2.25.8'], { kind: 'answered', documents: [], errors: [error('')] })
  t.equal(outcome.result, 'failure')
  t.equal(outcome.errors.length, 1)
})

t.test(
  'the query before the documents is a call too, and each call tells its patient and documents (3.38.6, 3.39.6)',
  async (t) => {
    const { evidence } = await retrieve(['2.25.7', '2.25.8'], {
      kind: 'answered',
      documents: [sent('2.25.7')],
      errors: [error('2.25.8')],
    })
    const query = { id: 'urn:uuid:5c4f972b', text: '2.25.7 2.25.8', home }
    const call = { transaction: 'ITI-39', endpoint: community.retrieveUrl }
    t.same(evidence.calls, [
      { transaction: 'ITI-38', endpoint: community.queryUrl, query, patients: [patient], result: 'success' },
      { ...call, documents: [theirs('2.25.7')], result: 'success' },
      { ...call, documents: [theirs('2.25.8')], result: 'failure', reason: 'XDSDocumentUniqueIdError' },
    ])
  },
)

t.test('who cannot be asked whose documents they are was not asked for documents', async (t) => {
  const { evidence, errors } = await retrieve(['2.25.7'], 'not asked for documents')
  t.same(
    evidence.calls?.map(({ transaction, result, reason }) => [transaction, result, reason]),
    [['ITI-38', 'failure', 'ECONNREFUSED']],
  )
  t.same(
    errors.map(({ row, location }) => [row.ihe, location]),
    [['XDSUnavailableCommunity', `${home}:2.25.7`]],
  )
})

t.test('documents of kinds that are not agreed are not fetched, whoever asks (idlink U-9)', async (t) => {
  const reply = { kind: 'answered', documents: [sent('2.25.7'), sent('2.25.8')], errors: [] } as const
  for (const accessMode of ['consent', 'affinity-domain'] as const) {
    const asking = { caller: { ...staff, accessMode }, agreed: ['2.25.7'], kinds: ['LAB'] }
    const { answer, errors } = await retrieve(['2.25.7', '2.25.8'], reply, asking)
    t.same(
      answer.map(({ documentUniqueId }) => documentUniqueId),
      ['2.25.7'],
      accessMode,
    )
    t.match(errors, [{ location: `${home}:2.25.8` }])
  }
})

t.test(
  'a community that refuses to say whose documents they are did not say that there are none (3.39.4.1.3)',
  async (t) => {
    const reply = { kind: 'answered', documents: [sent('2.25.7')], errors: [] } as const
    const busy = { errorCode: 'XDSRegistryBusy', codeContext: 'later', severity: SEVERITY_ERROR, location: '' }
    const about = { kind: 'answered', result: 'failure', objects: [], errors: [busy] } as const
    const outcome = await retrieve(['2.25.7', '2.25.8'], reply, { about })
    t.equal(outcome.result, 'failure')
    t.same(
      outcome.errors.map(({ row, relayed, location }) => [relayed?.errorCode ?? row.ihe, location]),
      [
        ['XDSRegistryBusy', `${home}:2.25.7`],
        ['XDSRegistryBusy', `${home}:2.25.8`],
      ],
    )
    t.match(outcome.evidence.calls, [{ transaction: 'ITI-38', result: 'failure' }])
    const silent = await retrieve(['2.25.7'], reply, { about: { ...about, errors: [] } })
    t.match(silent.errors, [{ row: { code: 'COMMUNITY_ANSWER_INVALID' }, location: `${home}:2.25.7` }])
  },
)

t.test(
  'what a community said of documents that it did not tell of is passed on beside the others (3.38.4.1.3)',
  async (t) => {
    const reply = { kind: 'answered', documents: [sent('2.25.7')], errors: [] } as const
    const down = {
      errorCode: 'XDSRegistryError',
      codeContext: 'one of two registries',
      severity: SEVERITY_ERROR,
      location: '',
    }
    const about = { kind: 'answered', result: 'partial', objects: [entry('2.25.7')], errors: [down] } as const
    const outcome = await retrieve(['2.25.7', '2.25.8'], reply, { about })
    t.equal(outcome.result, 'partial')
    t.same(
      outcome.errors.map(({ row, relayed, location }) => [relayed?.errorCode ?? row.ihe, location]),
      [
        ['XDSRegistryError', home],
        ['XDSDocumentUniqueIdError', `${home}:2.25.8`],
      ],
    )
    t.same((await retrieve(['2.25.7'], reply, { about })).result, 'success', 'nobody asked for what it is about')
  },
)

t.test(
  'documents of several patients, or of one who is two there, are asked about patient by patient (3.18.4.1.3)',
  async (t) => {
    const all = ['2.25.7', '2.25.8', '2.25.71', '2.25.72', '2.25.9']
    const reply = { kind: 'answered', documents: all.map(sent), errors: [] } as const
    const several = {
      errorCode: 'XDSResultNotSinglePatient',
      codeContext: '',
      severity: SEVERITY_ERROR,
      location: home,
    }
    const holderOf = (id: string) => (id.startsWith('2.25.7') ? patient : 'E78^^^&2.25.90&ISO')
    const asked: string[] = []
    const about = (ids: readonly string[]): QueryReply => {
      asked.push(ids.join(' '))
      const objects = ids.map((id) => ({ ...entry(id), patientId: holderOf(id) }))
      return new Set(ids.map(holderOf)).size > 1
        ? { kind: 'answered', result: 'failure', objects: [], errors: [several] }
        : { kind: 'answered', result: 'success', objects, errors: [] }
    }
    const { answer, result, errors, evidence } = await retrieve(all, reply, { about })
    t.same([result, errors], ['success', []])
    t.same(
      answer.map(({ documentUniqueId }) => documentUniqueId),
      all,
      'in the order in which they were asked for',
    )
    t.same(evidence.patients.toSorted(), [patient, 'E78^^^&2.25.90&ISO'])
    t.equal(
      evidence.calls?.filter(({ transaction }) => transaction === 'ITI-38').length,
      asked.length,
      'each is audited',
    )
    const shared = await retrieve(['2.25.7'], reply, {
      about: { kind: 'answered', result: 'failure', objects: [], errors: [several] },
    })
    t.match(shared.errors, [{ row: { ihe: 'XDSResultNotSinglePatient' }, location: `${home}:2.25.7` }])
  },
)
