// ITI-43 at the Initiating Gateway: what the audit is told of documents of the own repository is what that one says (ITI TF-2 3.43.6; idlink L-1).

import t from 'tap'
import { type InitiatingRetrievePorts, initiateRetrieve } from '../../src/gateway/initiate-retrieve.ts'
import type { Community } from '../../src/gateway/ports.ts'
import type { CrossGatewayRetrieve } from '../../src/gateway/respond-retrieve.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { Evidence } from '../../src/model/evidence.ts'

const HOME = 'urn:oid:2.25.9101'
const REPOSITORY = '2.25.9111'
const CALLER = { systemId: 'clinic-b', facilityId: 'clinic-b', accessMode: 'network' } as unknown as Caller
const given: CrossGatewayRetrieve = {
  homeCommunityId: HOME,
  repositoryUniqueId: REPOSITORY,
  documentUniqueId: '2.25.1',
}
const hidden: CrossGatewayRetrieve = { repositoryUniqueId: REPOSITORY, documentUniqueId: '2.25.2' }

const OWN: Evidence = {
  patients: ['0000012345^^^&2.25.9121&ISO'],
  documents: [{ ...given, publisher: 'hospital-a', kind: 'LAB' }],
  undelivered: [{ ...hidden, patient: '0000099999^^^&2.25.9121&ISO' }],
  decision: { allowed: true, reason: 'emergency' },
  refusal: 'no consent',
  emergency: ['7'],
}

const none = async (): Promise<never> => {
  throw new Error('nobody else is asked')
}
const ports: InitiatingRetrievePorts<{ readonly request: CrossGatewayRetrieve }> = {
  home: HOME,
  repositoriesHere: async () => new Set([REPOSITORY]),
  retrieve: async () => ({
    answer: [{ request: given }],
    result: 'partial',
    errors: [],
    evidence: OWN,
    recorded: false,
  }),
  directory: { knowing: none, ofHome: async () => undefined, mayKnow: none },
  ask: none,
  documentsQuery: () => ({ id: '', text: '' }),
  fetch: none,
  discard: none,
  deliver: (request) => ({ request }),
  requestOf: ({ request }) => request,
}

t.test('publisher, kind, decision and emergency reach the audit as they do without a gateway', async (t) => {
  const { evidence } = await initiateRetrieve([given, hidden], CALLER, ports)
  t.same(evidence, OWN)
})

t.test('a refusal of the own repository is no decision about what others gave', async (t) => {
  const refusing = { ...OWN, documents: [], decision: { allowed: false, reason: 'no consent' } }
  const { evidence } = await initiateRetrieve([hidden], CALLER, {
    ...ports,
    retrieve: async () => ({ answer: [], result: 'failure', errors: [], evidence: refusing, recorded: false }),
  })
  t.same(evidence.decision, { allowed: false, reason: 'no consent' })
})

t.test('what came of a neighbour does not stay when the own repository fails', async (t) => {
  const theirs = { homeCommunityId: 'urn:oid:2.25.9102', repositoryUniqueId: '2.25.9112', documentUniqueId: '2.25.3' }
  const staged = { content: { kind: 'file', key: 'x' }, sizeBytes: 1, sha1: '', sha256: '' } as const
  const gone: string[] = []
  const failing: typeof ports = {
    ...ports,
    retrieve: () => Promise.reject(new Error('no database')),
    directory: {
      ...ports.directory,
      ofHome: async () => ({ home: theirs.homeCommunityId, retrieveUrl: '' }) as Community,
    },
    fetch: async () => ({ kind: 'answered', documents: [{ ...theirs, mimeType: 'text/plain', staged }], errors: [] }),
    discard: async ({ documentUniqueId }) => void gone.push(documentUniqueId),
  }
  const trusted = { ...CALLER, accessMode: 'affinity-domain' } as Caller
  await t.rejects(initiateRetrieve([theirs, given], trusted, failing), /no database/)
  t.same(gone, ['2.25.3'])
})

t.test(
  'a document that is asked for twice and comes once was delivered, and is not audited as refused too',
  async (t) => {
    const { answer, result, evidence } = await initiateRetrieve([given, given], CALLER, {
      ...ports,
      retrieve: async () => ({
        answer: [{ request: given }],
        result: 'success',
        errors: [],
        evidence: { ...OWN, undelivered: [] },
        recorded: false,
      }),
    })
    t.equal(result, 'success')
    t.equal(answer.length, 1)
    t.equal(evidence.documents.length, 1)
    t.same(evidence.undelivered, [])
  },
)
