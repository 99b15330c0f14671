// Events of an exchange: what of request, answer and calls to others is kept for the messages of ITI-20 (ITI TF-2 3.20).

import t from 'tap'
import { iheError } from '../../profiles/errors/index.ts'
import { auditEvents, faultEvents, nodeAuthenticationFailure } from '../../src/audit/event.ts'
import type { Caller, Exchange } from '../../src/model/caller.ts'
import { type Evidence, NO_EVIDENCE } from '../../src/model/evidence.ts'

const exchange: Exchange = {
  id: '019aa3f0-7c00-7000-8000-00000000000a',
  door: 'https',
  endpoint: '/xds/repository',
  peer: '10.1.2.3:51234',
  receivedAt: new Date(),
  requestBytes: 1,
  startedMs: 0,
  transaction: 'ITI-41',
}
const by = (more: Partial<Exchange> = {}): Pick<Caller, 'exchange' | 'facilityId' | 'systemId'> => ({
  exchange: { ...exchange, ...more },
  facilityId: 'hospital-a',
  systemId: 'hospital-a',
})
const success = (evidence: Evidence) => ({ result: 'success', errors: [], evidence }) as const
const SUBMITTED: Evidence = { patients: ['P'], documents: [], submissionSetUniqueId: '2.25.1' }
const URL = 'https://registry.example.jp/xds/registry'

t.test('a registry elsewhere that was asked is an event of its own, as its client (ITI TF-2 3.42.5)', async (t) => {
  const asked = { transaction: 'ITI-42', endpoint: URL, result: 'success' } as const
  const [own, call, ...more] = auditEvents(by(), success({ ...SUBMITTED, calls: [asked] }))
  t.match(own, { typeCode: 'ITI-41', eventCode: '110107', action: 'C', endpoint: '/xds/repository' })
  t.match(call, {
    typeCode: 'ITI-42',
    eventCode: '110106',
    action: 'R',
    outcome: 0,
    endpoint: URL,
    peer: 'registry.example.jp',
    patients: ['P'],
    objects: { submissionSetUniqueId: '2.25.1' },
  })
  t.same(more, [])
})

t.test('one that could not prove who it is raises an alert too (ITI TF-2 3.19.6)', async (t) => {
  const asked = { transaction: 'ITI-42', endpoint: URL, result: 'failure', reason: 'CERT_HAS_EXPIRED' } as const
  const [, call, alert] = auditEvents(by(), success({ ...SUBMITTED, calls: [asked] }))
  t.match(call, { outcome: 8, objects: { error: 'CERT_HAS_EXPIRED' } })
  t.match(alert, { typeCode: '110126', outcome: 8, endpoint: URL, objects: { alert: 'CERT_HAS_EXPIRED' } })
})

t.test('a gateway asks with the ids and the query of the other community (ITI TF-2 3.38.5, 3.39.5)', async (t) => {
  const query = { id: 'q', text: '<there/>' }
  const calls = [
    { transaction: 'ITI-38', endpoint: URL, result: 'success', patients: ['THERE'], query },
    {
      transaction: 'ITI-39',
      endpoint: URL,
      result: 'success',
      documents: [{ documentUniqueId: '1', repositoryUniqueId: '2' }],
    },
  ] as const
  const evidence: Evidence = { patients: ['P'], documents: [], query: { id: 'q', text: '<here/>' }, calls }
  const [, asked, fetched] = auditEvents(by({ transaction: 'ITI-18' }), success(evidence))
  t.match(asked, { eventCode: '110112', patients: ['THERE'], objects: { query } })
  t.match(fetched, { eventCode: '110107', action: 'C', patients: ['P'], objects: { documents: [{}] } })
  t.equal(fetched?.objects.query, undefined)
})

t.test(
  'a SOAP fault of a known transaction is that transaction, failed; of none it is none (ITI TF-2 3.20)',
  async (t) => {
    const error = iheError('ROLE_MISSING')
    t.match(faultEvents(by(), error), [{ typeCode: 'ITI-41', outcome: 8, objects: { error: 'ROLE_MISSING' } }])
    t.same(faultEvents(by({ transaction: 'unknown' }), error), [])
  },
)

t.test('the code of the first error is kept, of a warning too, and of a partial success where it failed', async (t) => {
  const errors = [iheError('DOCUMENT_UNAVAILABLE')]
  const [delivered, missed] = auditEvents(by({ transaction: 'ITI-43' }), {
    result: 'partial',
    errors,
    evidence: NO_EVIDENCE,
  })
  t.equal(delivered?.objects.error, undefined)
  t.equal(missed?.objects.error, 'DOCUMENT_UNAVAILABLE')
  const [warned] = auditEvents(by(), {
    result: 'success',
    errors: [iheError('METADATA_WARNING')],
    evidence: NO_EVIDENCE,
  })
  t.match(warned, { outcome: 4, objects: { error: 'METADATA_WARNING' } })
})

t.test('a push that takes something back deletes, any other updates (HL7 v2.5 3.3)', async (t) => {
  const parties = { sender: 'A|HIS', receiver: 'HUB|TSUNAGI' }
  for (const [type, action] of [
    ['ADT^A08', 'U'],
    ['ADT^A11', 'D'],
    ['ADT^A55', 'D'],
  ] as const) {
    const adt = by({ transaction: 'StoreClient ADT', hl7v2: { ...parties, type } })
    t.match(auditEvents(adt, success(NO_EVIDENCE)), [{ action, objects: { hl7v2: { ...parties, type } } }])
  }
})

t.test(
  'whoever issued a refused certificate is told to the audit, and the reason as before (ITI TF-2 3.19.6)',
  async (t) => {
    t.match(nodeAuthenticationFailure(exchange, 'not registered; serial 01', 'CN=Nobody'), {
      reason: 'not registered; serial 01',
      objects: { alert: 'not registered; serial 01, issuer CN=Nobody' },
    })
  },
)
