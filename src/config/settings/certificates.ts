// Certificates: of this server, of those who call it, and of a reverse proxy.

import { choice, flag, formed, formedList, integer, list, path, type Setting, text } from '../setting.ts'

const ADDRESS_OR_NETWORK =
  '^([0-9]{1,3}(\\.[0-9]{1,3}){3}(/([0-9]|[12][0-9]|3[0-2]))?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?)$'
const FINGERPRINT = '^[0-9A-F]{2}(:[0-9A-F]{2}){31}$'

export const certificatesSettings = {
  'tls.preset': choice(['high', 'high+1.2'], {
    default: 'high+1.2',
    description: 'high: TLS 1.3 only; high+1.2: TLS 1.3, and TLS 1.2 with ECDHE and AEAD suites',
  }),
  'tls.atnaDhe': flag({
    default: false,
    description: 'Also offer the two DHE suites that the ATNA profile names (RFC 9325 advises against them)',
  }),
  'tls.certificate': path({
    default: '{dataDir}/pki/server.crt',
    description: 'Certificate of this server, PEM; also shown to receivers of asynchronous answers',
  }),
  'tls.key': path({ default: '{dataDir}/pki/server.key', description: 'Private key of this server, PEM, mode 0600' }),
  'tls.ca': path({
    default: '{dataDir}/pki/ca.crt',
    description: 'Certificates of the authorities whose client certificates are considered, PEM',
  }),
  'tls.trust': choice(['chain+registered', 'registered'], {
    default: 'chain+registered',
    description:
      'chain+registered: a client certificate leads to an authority of its door and is registered; registered: each is trusted by itself (direct comparison)',
  }),
  'tls.crlSeconds': integer(
    { default: 900, description: 'Time between two looks at the revocation list of an authority, seconds' },
    1,
    86_400,
  ),
  'tls.crlStale': formed('^(deny|grace:[0-9]{1,4})$', {
    default: 'grace:24',
    expects: 'deny, or grace: and a number of hours',
    description:
      'What an authority is worth whose revocation list is out of date. deny: none of its certificates is let in; grace:24: they are for 24 hours, with an alarm',
  }),
  'tls.serverNames': list({
    default: [],
    description: 'Host names and addresses that the development server certificate carries besides localhost',
    example: 'hub.example.jp,192.0.2.10',
  }),

  'certificates.issuingPassphrase': text<string | undefined>({
    default: undefined,
    description:
      'Passphrase of the key of the issuing authority, {dataDir}/pki/issuing.key; without it an encrypted key stays closed and nothing is issued',
    example: 'a long sentence',
    isSecret: true,
  }),
  'certificates.overlapDays': integer(
    { default: 30, description: 'Days that a certificate is good beside the one that replaces it; then it is revoked' },
    1,
    90,
  ),
  'certificates.crlUrl': formed<string | undefined>('^https?://[^\\s]+$', {
    default: undefined,
    expects: 'an http:// or https:// address',
    description:
      'Address at which others read our revocation list; stands in certificates that are issued from then on',
    example: 'http://pki.example.jp/tsunagi.crl',
  }),

  'proxy.trusted': flag({
    default: false,
    description:
      'A reverse proxy ends TLS before the HTTPS door, forwards the certificates of its clients, and removes whatever they sent under the same header (docs/certificates-at-the-doors.md)',
  }),
  'proxy.header': choice(['client-cert', 'x-ssl-client-escaped-cert', 'x-forwarded-client-cert'], {
    default: 'client-cert',
    description:
      'Header in which it forwards them: client-cert (RFC 9440, with client-cert-chain), x-ssl-client-escaped-cert (nginx) or x-forwarded-client-cert (Envoy)',
  }),
  'proxy.addresses': formedList(ADDRESS_OR_NETWORK, {
    default: [],
    expects: 'a list of addresses or networks, as 192.0.2.7,192.0.2.0/24',
    description: 'Addresses from which it connects',
    example: '192.0.2.7',
  }),
  'proxy.fingerprints': formedList(FINGERPRINT, {
    default: [],
    expects: 'a list of SHA-256 fingerprints, upper-case hexadecimal with colons',
    description: 'Fingerprints of its own client certificates; none: it connects from this machine (loopback)',
  }),
} as const satisfies Readonly<Record<string, Setting>>
