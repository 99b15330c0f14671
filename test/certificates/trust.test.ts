// The authority that a vendor is to trust, whatever stands between it and our server's certificate (RFC 5280, 6).

import t from 'tap'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { readCertificate } from '../../src/certificates/certificate.ts'
import { createRoot, requestIssuing, signIssuing } from '../../src/certificates/hierarchy.ts'
import { serverAnchor } from '../../src/certificates/trust.ts'

t.test('a development CA, among others that are trusted', async (t) => {
  const [ca, other] = await Promise.all([createAuthority(), createAuthority({ name: 'Other CA' })])
  const { certificatePem } = await issueServerCertificate(ca, { names: ['localhost'] })
  const trusted = other.certificatePem + ca.certificatePem
  t.equal(serverAnchor(certificatePem, trusted).fingerprint256, readCertificate(ca.certificatePem).fingerprint256)
})

t.test('the root above an issuing authority, wherever the one between is found', async (t) => {
  const root = await createRoot({ name: 'Root' })
  const { requestPem, privateKeyPem } = await requestIssuing({ name: 'Issuing' })
  const issuing = { certificatePem: await signIssuing(root, requestPem), privateKeyPem }
  const { certificatePem } = await issueServerCertificate(issuing, { names: ['localhost'] })
  const expected = readCertificate(root.certificatePem).fingerprint256
  t.equal(serverAnchor(certificatePem + issuing.certificatePem, root.certificatePem).fingerprint256, expected)
  t.equal(serverAnchor(certificatePem, issuing.certificatePem + root.certificatePem).fingerprint256, expected)
})

t.test('a server certificate of somebody else: the highest that it shows', async (t) => {
  const [theirs, ours] = await Promise.all([createAuthority({ name: 'Public CA' }), createAuthority()])
  const { certificatePem } = await issueServerCertificate(theirs, { names: ['hub.example.jp'] })
  const leaf = readCertificate(certificatePem).fingerprint256
  t.equal(serverAnchor(certificatePem, ours.certificatePem).fingerprint256, leaf)
  t.equal(
    serverAnchor(certificatePem + theirs.certificatePem, ours.certificatePem).fingerprint256,
    readCertificate(theirs.certificatePem).fingerprint256,
  )
  t.throws(() => serverAnchor('', ours.certificatePem), /tls\.certificate/)
})
