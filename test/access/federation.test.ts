// Whom a neighbouring community may find by discovery: whom it could see something of, and nobody else (ITI TF-2 3.55.4.1.3; idlink U-9, X-4).

import t from 'tap'
import { mayFind } from '../../src/access/federation.ts'
import type { AccessFacts, Consent } from '../../src/model/access.ts'

const shared: Consent = { kind: 'comprehensive', facilities: [], excludedFacilities: [], excludedKinds: [] }
/** As facts.ts has a consent that is for this network only. */
const notShared: Consent = { ...shared, kind: 'individual' }
const community = {
  facilityId: 'network-east',
  community: 'urn:oid:2.25.9001',
  accessMode: 'consent',
  confidentialityCeiling: 'N',
  unionFacilities: ['network-east', 'hospital-a', 'clinic-b'],
} as const
const facts: AccessFacts = { linked: false, consents: [shared], emergency: [], stopped: false }

t.test('an agreement and a consent for sharing, with no number linked', async (t) => {
  t.match(mayFind(community, facts), { allowed: true })
})

t.test('whatever is missing closes it', async (t) => {
  const running = [{ kinds: null, grantId: '1' }]
  const { community: _, ...facility } = community
  for (const [asker, given, reason] of [
    [community, { consents: [] }, 'no consent stands'],
    [community, { consents: [notShared] }, 'consent excludes the facility'],
    [community, { consents: [notShared], emergency: running }, 'consent excludes the facility'],
    [community, { consents: [{ ...shared, excludedFacilities: ['network-east'] }] }, 'consent excludes the facility'],
    [community, { stopped: true }, 'support was stopped'],
    [{ ...community, unionFacilities: [] }, {}, 'facility is in no union'],
    [
      community,
      { consents: [{ ...shared, excludedFacilities: ['hospital-a', 'clinic-b'] }] },
      'consent excludes the publishing facility',
    ],
    [facility, { linked: true }, 'facility is in no union'],
  ] as const)
    t.same(mayFind(asker, { ...facts, ...given }), { allowed: false, reason }, reason)
})

t.test('a system in affinity-domain mode is trusted, but for a patient whose support was stopped', async (t) => {
  const tester = { ...community, accessMode: 'affinity-domain' } as const
  const { community: _, ...unnamed } = tester
  t.match(mayFind(unnamed, { ...facts, consents: [] }), { allowed: true })
  t.match(mayFind(unnamed, { ...facts, stopped: true }), { allowed: false })
})
