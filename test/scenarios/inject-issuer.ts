// The issuer whose assertions stand in fixtures/xua: its key is thrown away, its certificate verifies what it signed.

import { X509Certificate } from 'node:crypto'
import type { Scenario } from './harness.ts'

const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIC+jCCAeKgAwIBAgIQAOwaQxDzF3ELa0B4RxjWhDANBgkqhkiG9w0BAQsFADA2
MTQwMgYDVQQDEytpbnZlbnRlZCBhc3NlcnRpb24gcHJvdmlkZXIgb2YgdGhlIGZp
eHR1cmVzMCAXDTI2MDEwMTAwMDAwMFoYDzIwOTkxMjMxMDAwMDAwWjA2MTQwMgYD
VQQDEytpbnZlbnRlZCBhc3NlcnRpb24gcHJvdmlkZXIgb2YgdGhlIGZpeHR1cmVz
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5TMZAqQD9dRgvBDclwYZ
sWwua4c3uxupMvgqhOvcgXsMBlvOiznXGtUYY2rAXrtMyFXzRTj3Rf/y/lniDPNY
khaCcpNua6LFzQNN/mvlZmi0wAfVC4cJUwoQxqaPUbwaXNBkVIKIZUpb6meZlMiz
YKkPuYZ2AwEk6gijO/eQ0Y5TSqu4j6kWYNxN8bS9reVgqK43vTs+GHtuYabe0/sG
sniQSag2NKTGTohEHhZfDbowkAaZfGdPPpW/kji+FTESPXnFF86AmO1PJv3L4FxM
ERBtsK4yR35y5SCixiZlDJXkQpjWIE73ZNkgDBhfm4EbntUzglGOray+OE7W9neQ
dQIDAQABowIwADANBgkqhkiG9w0BAQsFAAOCAQEADjAdQ5U497KbQP62Uho6+BfR
qlNHvTj/kclYX/okuJakVLkT0l7aVDQlxRzTxUho680qFeXM9ACJPR4QjgUxKSNg
CdPOK5/Q8BvoZMBIKsAkOwxKeMU0hJ3aEUE0MLSniCoEvhoFJRnfGyNPc0kn6+Yj
8OFaI21oU64dC71LvFvKn22TGqtcRUAcd5xpDUqePTbXv4ilNJfIt2oxCr3o1FFH
ct1pT/a8XG2P2ILRuu+LG+mUxN1EnXXR6o75uVdS+RxnzrMgeHvU2x0k11OJ1UT8
BXpn5USn1rm3NOoI6BuRjACeOh+VMPKwLGPUqn4xemQdU3DYWKJStQza2TtMMQ==
-----END CERTIFICATE-----
`
/** Assertions of files outlive every lifetime that administration would set. */
const A_CENTURY_SECONDS = 100 * 365 * 86_400

export async function trustIssuer({ pool, admin }: Scenario): Promise<() => Promise<void>> {
  const { fingerprint256, validFrom, validTo } = new X509Certificate(CERTIFICATE)
  // What the door remembers of issuers does not outlive a change by administration.
  const felt = () => admin({ method: 'PUT', path: '/settings/issuer-of-fixtures', body: { value: 'changed' } })
  await pool.query(
    `insert into access.assertion_issuer (issuer_id, entity_id, scope, max_lifetime_seconds, registered_by)
     values ('fixture', 'https://idp.fixture.example.jp', 'facilities', $1, 'fixtures')`,
    [A_CENTURY_SECONDS],
  )
  await pool.query(
    `insert into access.assertion_issuer_facility (issuer_id, facility_id) values ('fixture', 'clinic-b')`,
  )
  await pool.query(
    `insert into access.assertion_issuer_certificate (issuer_id, fingerprint, pem, not_before, not_after, added_by)
     values ('fixture', $1, $2, $3, $4, 'fixtures')`,
    [fingerprint256, CERTIFICATE, validFrom, validTo],
  )
  await felt()
  return async () => {
    for (const table of ['assertion_issuer_certificate', 'assertion_issuer_facility', 'assertion_issuer'])
      await pool.query(`delete from access.${table} where issuer_id = 'fixture'`)
    await felt()
  }
}
