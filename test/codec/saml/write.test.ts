// Assertions that we write are read back as they were meant, by our reader and by nothing that was changed on the way (ITI TF-2 3.40.4.1.2).

import t from 'tap'
import { readSecurity } from '../../../src/codec/saml/header.ts'
import { verifyAssertion } from '../../../src/codec/saml/verify.ts'
import { writeAssertion, writeSecurity } from '../../../src/codec/saml/write.ts'
import { writeEnvelope } from '../../../src/codec/soap/write.ts'
import { readXml } from '../../../src/codec/xml/read.ts'
import { el } from '../../../src/codec/xml/write.ts'
import type { UserStatement } from '../../../src/model/user-statement.ts'
import { makeKey } from './assertions.ts'

const key = await makeKey('writer')
const minimal: UserStatement = {
  issuer: 'https://idp.example.jp',
  subject: 'sato & <co>',
  audience: 'urn:oid:2.25.1',
  issuedAt: new Date('2026-11-21T09:00:00.000Z'),
  lifetimeSeconds: 300,
  authnContext: 'urn:oasis:names:tc:SAML:2.0:ac:classes:X509',
  roles: [],
}
const full: UserStatement = {
  ...minimal,
  recipient: 'https://hub.example.jp/xds/registry',
  displayName: '佐藤 "一郎"',
  organization: '架空薬局',
  organizationId: 'urn:oid:2.25.2',
  homeCommunityId: 'urn:oid:2.25.3',
  roles: [
    { code: 'pharmacist', scheme: '2.25.4', display: '薬剤師' },
    { code: '2262', scheme: '2.25.5', display: 'Pharmacists' },
  ],
  purpose: { code: 'TREAT', scheme: '2.25.6', display: 'treatment' },
  patientId: '1001^^^&2.25.7&ISO',
}

function read(statement: UserStatement) {
  const security = writeSecurity(writeAssertion(statement, { key: key.key, certificate: key.pem }))
  const message = writeEnvelope({ action: 'urn:x', blocks: [security], body: el('x', { xmlns: 'urn:x' }) })
  const root = readXml(Buffer.from(message))
  const presented = readSecurity({ root, text: () => message, now: new Date(), skewMs: 0 })
  if (presented === undefined) throw new Error('the message names no user')
  const trusted = { fingerprint: key.certificate.fingerprint256, pem: key.pem }
  return verifyAssertion(presented, () => ({ certificates: [trusted], allowsSha1: false })).assertion
}

t.test('ITI TF-2 3.40.4.1.2: a statement about a user comes back whole', async (t) => {
  t.match(read(full), {
    issuer: full.issuer,
    nameId: full.subject,
    issueInstant: full.issuedAt,
    notBefore: full.issuedAt,
    notOnOrAfter: new Date('2026-11-21T09:05:00.000Z'),
    audiences: [[full.audience]],
    oneTimeUse: false,
    confirmations: [{ method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer', recipient: full.recipient }],
    authentications: [{ contexts: [full.authnContext] }],
  })
  t.same(read(full).attributes, {
    displayNames: [full.displayName],
    organizations: [full.organization],
    organizationIds: [full.organizationId],
    homeCommunityIds: [full.homeCommunityId],
    roles: full.roles,
    purposes: [full.purpose],
    patientIds: [full.patientId],
  })
})

t.test('what is not known of a user is not said, and every assertion has an ID of its own', async (t) => {
  const { attributes, confirmations } = read(minimal)
  t.ok(Object.values(attributes).every((values) => values.length === 0))
  t.same(confirmations, [{ method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer', keys: [] }])
  t.not(read(minimal).id, read(minimal).id)
})
