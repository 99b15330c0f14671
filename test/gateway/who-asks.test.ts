// Who asks, as a neighbouring community is told: no more of a person than was said, of a system what its certificate says (ITI TF-2 3.40.4.1.2).

import t from 'tap'
import { roleTable, withSystemRole } from '../../profiles/access/index.ts'
import { type Asserting, LIFETIME_SECONDS, whoAsks } from '../../src/gateway/who-asks.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { User } from '../../src/model/user.ts'

const NOW = new Date('2026-11-22T00:00:00Z')
const LOGGED_ON = new Date('2026-11-21T23:00:00Z')
const asserting: Asserting = {
  issuer: 'https://hub.example.jp',
  home: 'urn:oid:2.25.1',
  audience: 'urn:oid:2.25.2',
  now: NOW,
}
const said = {
  issuer: 'https://hub.example.jp',
  homeCommunityId: 'urn:oid:2.25.1',
  audience: 'urn:oid:2.25.2',
  issuedAt: NOW,
  lifetimeSeconds: LIFETIME_SECONDS,
}
const ofFacility = { organization: '架空診療所', organizationId: 'urn:oid:2.25.3' }

const user: User = {
  name: 'alias<yamada@https://idp.example.jp>',
  origin: 'assertion',
  job: 'nurse',
  roles: [],
  purpose: 'treatment',
}

const asks = (who?: Partial<User>) =>
  whoAsks(
    {
      systemId: 'clinic-b',
      facilityName: '架空診療所',
      facilityOid: '2.25.3',
      ...(who === undefined ? {} : { user: { ...user, ...who } }),
    } as unknown as Caller,
    asserting,
  )

t.test(
  'a system speaks for itself: its certificate, its facility, the role by which our gateways know that',
  async (t) => {
    t.same(asks(), {
      ...said,
      ...ofFacility,
      subject: 'clinic-b',
      authnContext: 'urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient',
      roles: [{ code: 'system', scheme: roleTable.ownSystem, display: 'system' }],
    })
    t.match(
      withSystemRole(roleTable).roles.find(({ system, code }) => system === roleTable.ownSystem && code === 'system'),
      { job: 'system' },
    )
  },
)

t.test('of a person everything that was said is carried over', async (t) => {
  const doctor = { code: '2211', scheme: '2.16.840.1.113883.2.9.6.2.7', display: 'doctor' }
  const purposeOfUse = { code: 'TREAT', scheme: '2.16.840.1.113883.1.11.20448', display: '' }
  const context = 'urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI'
  const asserted: Partial<User> = {
    displayName: '山田 花子',
    organization: '架空病院',
    organizationId: 'https://hospital.example.jp',
    roles: [doctor],
    purposeOfUse,
    authentication: { context, at: LOGGED_ON },
  }
  t.same(asks(asserted), {
    ...said,
    subject: 'yamada@https://idp.example.jp',
    displayName: '山田 花子',
    organization: '架空病院',
    organizationId: 'https://hospital.example.jp',
    roles: [doctor],
    purpose: purposeOfUse,
    authnContext: context,
    authenticatedAt: LOGGED_ON,
  })
})

t.test(
  'what was not said is not said: neither job nor purpose that we suppose, nor the patient of another domain',
  async (t) => {
    const supposed: Partial<User> = {
      staffId: 'nurse-1',
      patientId: { value: '1', authority: '2.25.4' },
    } as Partial<User>
    t.same(asks(supposed), {
      ...said,
      ...ofFacility,
      subject: 'yamada@https://idp.example.jp',
      roles: [],
      authnContext: 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified',
    })
  },
)
