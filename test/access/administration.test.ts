// The rules of administration over an in-memory store (design §4; C-3 comprehensive and individual consent, C-4 exclusions).

import t from 'tap'
import { affinityDomain } from '../../profiles/affinity-domain/index.ts'
import type { NewConsent } from '../../src/access/administration/consent-ports.ts'
import { recordConsent } from '../../src/access/administration/consents.ts'
import { admitMember, registerFacility } from '../../src/access/administration.ts'
import type { Change, Facility, Membership } from '../../src/access/ports.ts'

const change: Change = { by: 'staff', peer: '127.0.0.1:1', operation: 'test' }
const facility: Facility = {
  facilityId: 'clinic-y',
  oid: '2.25.1',
  name: '例題医院',
  kind: 'viewing',
  patientIdForm: 'exact',
  patientDomain: { oid: '2.25.2', name: 'CLINIC-Y' },
  status: 'active',
}
const consent: NewConsent = {
  personKey: '1',
  kind: 'comprehensive',
  facilities: [],
  excludedFacilities: [],
  excludedKinds: [],
}

function memory() {
  const kept: unknown[] = []
  return {
    kept,
    facilities: async () => [facility],
    addFacility: async () => 'unchanged' as const,
    addMember: async (membership: Membership) => {
      kept.push(membership)
      return 'created' as const
    },
    addConsent: async (given: NewConsent) => {
      kept.push(given)
      return { stored: 'created' as const, consentId: '7' }
    },
  }
}

const documentKinds = affinityDomain.classCode.map(({ code }) => code)

t.test('C-3: a comprehensive consent names nobody, an individual one somebody', async (t) => {
  const store = memory()
  t.strictSame(await recordConsent(consent, change, { store, documentKinds }), { stored: 'created', consentId: '7' })
  const individual = { ...consent, kind: 'individual' } as const
  t.strictSame(await recordConsent(individual, change, { store, documentKinds }), { fault: 'no facility named' })
  t.match(await recordConsent({ ...individual, facilities: ['clinic-y'] }, change, { store, documentKinds }), {
    stored: 'created',
  })
  t.equal(store.kept.length, 2, 'what is refused is not kept')
})

t.test('C-4: a facility that nobody registered is neither named nor excluded', async (t) => {
  const store = memory()
  const fault = { fault: 'unknown facility', facilityId: 'clinic-yy' }
  t.strictSame(
    await recordConsent({ ...consent, excludedFacilities: ['clinic-y', 'clinic-yy'] }, change, {
      store,
      documentKinds,
    }),
    fault,
  )
  t.strictSame(
    await recordConsent({ ...consent, kind: 'individual', facilities: ['clinic-yy'] }, change, {
      store,
      documentKinds,
    }),
    fault,
  )
  t.strictSame(store.kept, [])
})

t.test('a period ends after it begins; without a beginning it begins now', async (t) => {
  const store = memory()
  const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString()
  const member = (period: Pick<Membership, 'validFrom' | 'validTo'>) =>
    admitMember({ unionId: 'town', facilityId: 'clinic-y', ...period }, change, store)
  t.equal(await member({}), 'created')
  t.equal(await member({ validTo: day(1) }), 'created')
  t.equal(await member({ validFrom: day(-3), validTo: day(-2) }), 'created', 'a past one can be entered')
  const same = day(1)
  for (const period of [
    { validTo: day(-1) },
    { validFrom: day(2), validTo: day(1) },
    { validFrom: same, validTo: same },
  ])
    t.strictSame(await member(period), { fault: 'period ends before it begins', validTo: period.validTo })
  t.match(await recordConsent({ ...consent, validTo: day(-1) }, change, { store, documentKinds }), { fault: /period/ })
})

t.test('a repeated registration answers what is there, not what was sent', async (t) => {
  const suspended: Facility = { ...facility, status: 'suspended' }
  const store = { ...memory(), facilities: async () => [suspended] }
  t.strictSame(await registerFacility(facility, change, store), { stored: 'unchanged', there: suspended })
})
