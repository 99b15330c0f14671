// Every setting of the server in one table: key, type, default, meaning (design §5). A new setting is a row here and nothing else.

import { type HomeCommunityId, type Oid, parseHomeCommunityId, parseOid } from '../model/identifiers.ts'
import { bytes, choice, flag, formed, formedList, integer, list, path, port, type Setting, text } from './setting.ts'

const KIB = 2 ** 10
const MIB = 2 ** 20
const GIB = 2 ** 30

const OID = '^[0-2](\\.(0|[1-9][0-9]*))+$'
const HOME_COMMUNITY = '^urn:oid:[0-2](\\.(0|[1-9][0-9]*))+$'
/** `[system@]host[:port]`, the host a name, `*.` before a name, or an address. */
const REPLY_ADDRESS =
  '^([A-Za-z0-9][A-Za-z0-9._-]*@)?((\\*\\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])(:([0-9]{1,5}|\\*))?$'
const ADDRESS_OR_NETWORK =
  '^([0-9]{1,3}(\\.[0-9]{1,3}){3}(/([0-9]|[12][0-9]|3[0-2]))?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?)$'
const FINGERPRINT = '^[0-9A-F]{2}(:[0-9A-F]{2}){31}$'
const UUID = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'

function checked<T>(identifier: T | undefined): T {
  if (identifier === undefined) throw new Error('a default identifier of the settings table is not well-formed')
  return identifier
}

function xuaPolicy(actor: string): Setting<'required' | 'optional' | 'ignored'> {
  return choice(['required', 'optional', 'ignored'], {
    default: 'optional',
    description: `SAML assertions about users at the ${actor} (ITI-40): required, checked where there is one, or ignored`,
  })
}

export const settings = {
  dataDir: path({
    default: 'var',
    description: 'Directory of everything this server keeps: postgres/ documents/ pki/ config/',
  }),

  'https.host': text({
    default: '127.0.0.1',
    description: 'Address the HTTPS door listens on; a real network sets 0.0.0.0 or one address of the machine',
    example: '0.0.0.0',
  }),
  'https.port': port({ default: 8443, description: 'Port of the HTTPS door (client certificate required)' }),
  'https.publicUrl': formed('^https://[^/?#\\s]+$', {
    default: 'https://localhost:8443',
    expects: 'an https:// address without path',
    description: 'Address by which other systems reach the HTTPS door; stands in WSDLs',
    example: 'https://hub.example.jp',
  }),

  'soap.asyncReplyTo': formedList(REPLY_ADDRESS, {
    default: [],
    expects:
      'a list of [system@]host[:port] (in a variable or flag: separated by commas); *.example.jp is every host below, port * any port, none 443',
    description:
      'Addresses to which asynchronous answers (wsa:ReplyTo) are sent, https only, for one system or for all; none: such requests are refused',
    example: 'clinic-b@ehr.clinic-b.example.jp:8443',
  }),

  'mllp.host': text({ default: '127.0.0.1', description: 'Address the MLLP doors listen on', example: '0.0.0.0' }),
  'mllp.storeclient.port': port({ default: 2575, description: 'Port of StoreClient over MLLP with TLS' }),
  'mllp.pix.port': port({
    default: 2576,
    description: 'Port of patient identity over HL7 v2 (ITI-8, ITI-9, ITI-21), MLLP with TLS',
  }),

  'management.host': text({
    default: '127.0.0.1',
    description:
      'Address of health, metrics, admin API and console; has no client certificates, so keep it on loopback',
  }),
  'management.port': port({ default: 8080, description: 'Port of health, metrics, admin API and console' }),
  'admin.idleMinutes': integer(
    {
      default: 30,
      description: 'Minutes without a request after which staff are logged off; a facility may have its own',
    },
    1,
    180,
  ),
  'admin.secretKeys': text<string | undefined>({
    default: undefined,
    description:
      'Keys that seal the secrets of second factors, id:base64 of 32 bytes, separated by commas, the one that seals first; without it {dataDir}/config/account-keys, made at the first start. All servers of a network share them',
    example: '2027a:3q2+7w==',
    isSecret: true,
  }),

  'database.url': text<string | undefined>({
    default: undefined,
    description: 'PostgreSQL 15 or newer; without it the server runs its own PostgreSQL below the data directory',
    example: 'postgresql://tsunagi@db.example.jp/tsunagi?sslmode=verify-full',
    isSecret: true,
    aliases: ['DATABASE_URL'],
  }),
  'database.poolSize': integer({ default: 16, description: 'Connections to PostgreSQL a process may hold' }, 1, 1000),

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

  'community.homeCommunityId': formed<HomeCommunityId>(HOME_COMMUNITY, {
    default: checked(parseHomeCommunityId('urn:oid:2.25.196418033432712639206821341812491864200')),
    expects: 'urn:oid: followed by an OID of at most 64 characters',
    description: 'homeCommunityId of this network (ITI TF-2 3.38); every network sets its own',
  }),
  'repository.uniqueId': formed<Oid>(OID, {
    default: checked(parseOid('2.25.121257199018166379334743311079370271882')),
    expects: 'an OID of at most 64 characters, without urn:oid:',
    description: 'repositoryUniqueId of the Document Repository; every network sets its own',
  }),
  'repository.registryUrl': text<string | undefined>({
    default: undefined,
    description:
      'ITI-42 address of a Document Registry elsewhere, for documents provided by ITI-41; without it they are registered here, in one commit',
    example: 'https://registry.example.jp/xds/registry',
  }),
  'repository.registryTimeoutMs': integer(
    { default: 30_000, description: 'Time that registry has to answer, milliseconds' },
    100,
    600_000,
  ),
  'repository.registryCertificate': path({
    default: '{dataDir}/pki/server.crt',
    description: 'Client certificate of this repository towards that registry, PEM',
  }),
  'repository.registryKey': path({
    default: '{dataDir}/pki/server.key',
    description: 'Private key of that certificate, PEM, mode 0600',
  }),
  'repository.registryCa': path({
    default: '{dataDir}/pki/ca.crt',
    description: 'Certificates of the authorities that the server certificate of that registry is checked against, PEM',
  }),
  'identity.affinityDomainAuthority': formed<Oid>(OID, {
    default: checked(parseOid('2.25.63575427562591742985778003390973421956')),
    expects: 'an OID of at most 64 characters, without urn:oid:',
    description: 'Assigning authority of the patient ids of the affinity domain (XAD-PID); every network sets its own',
  }),
  'identity.affinityDomainName': text({
    default: 'TSUNAGI',
    description: 'Name of that assigning authority, as HL7 v3 answers carry it (assigningAuthorityName)',
  }),
  'identity.matching': choice(['auto', 'review', 'off'], {
    default: 'auto',
    description:
      'auto: records that are surely one person are linked; review: staff decide every pair; off: numbers are linked by staff only',
  }),
  'identity.autoLinkBits': integer(
    { default: 30, description: 'Score from which two records are linked, bits (log2 of the likelihood ratio)' },
    1,
    100,
  ),
  'identity.reviewBits': integer(
    {
      default: 18,
      description: 'Score from which staff are asked about two records, bits; not above identity.autoLinkBits',
    },
    1,
    100,
  ),
  'identity.marginBits': integer(
    { default: 8, description: 'How far the best person must be ahead of the second to be linked, bits' },
    0,
    100,
  ),
  'identity.personalIdentifiers': formedList(OID, {
    default: [],
    example: '2.25.9011,2.25.9012',
    expects: 'a list of OIDs, without urn:oid:',
    description:
      'Assigning authorities whose every number is one person’s alone (an insurance number with its branch; not that of an insurer or a family): one in two records speaks for one person. Numbers of other authorities beside the sender’s own say nothing',
  }),
  'notifications.timeoutMs': integer(
    {
      default: 15_000,
      description: 'Time a subscriber has to acknowledge an update notification (ITI-46, ITI-10), milliseconds',
    },
    100,
    120_000,
  ),
  'onboarding.failuresPerAddress': integer(
    {
      default: 20,
      description: 'Attempts to redeem an invitation that may fail from one address in 15 minutes; then it has to wait',
    },
    1,
    10_000,
  ),
  'onboarding.failures': integer(
    { default: 1000, description: 'The same from all addresses together, at each server process' },
    1,
    1_000_000,
  ),
  'access.mode': choice(['consent', 'affinity-domain'], {
    default: 'consent',
    description:
      'consent: union, consent and link decide; affinity-domain: every registered system is trusted, for conformance tests',
  }),
  'xua.registry': xuaPolicy('Document Registry'),
  'xua.repository': xuaPolicy('Document Repository'),
  'xua.pixManager': xuaPolicy('PIX Manager'),
  'xua.pdqSupplier': xuaPolicy('Patient Demographics Supplier'),
  'xua.unknownIssuer': choice(['refuse', 'ignore'], {
    default: 'refuse',
    description:
      'An assertion whose issuer is not registered: refused; or, where assertions are optional and the header is not mandatory, taken as if it were not there',
  }),
  'xua.audiences': list({
    default: [],
    description:
      'Audiences of assertions that mean this network, besides https.publicUrl, the address of the endpoint and community.homeCommunityId',
    example: 'urn:oid:2.25.9001',
  }),
  'xua.skewSeconds': integer({ default: 60, description: 'How far the clocks of issuers may be off, seconds' }, 0, 300),
  'access.emergencyHours': integer(
    { default: 24, description: 'Hours that emergency access (EMS) to a patient runs' },
    1,
    720,
  ),
  'access.emergencyMisses': integer(
    {
      default: 10,
      description: 'EMS entries of one person that may open nothing within an hour; after that none is looked up',
    },
    1,
    1000,
  ),
  'access.emergencyByAssertion': flag({
    default: true,
    description: 'Whether assertions (XUA) whose purpose of use is an emergency open the patient they ask for',
  }),
  'storeclient.namespace': formed(UUID, {
    default: '4d075e27-7eb1-4722-a7a7-5c23d2533ef2',
    expects: 'a UUID',
    description: 'Namespace from which the ids of documents made of HL7 v2 messages are derived; never change it later',
  }),
  'storeclient.maxFileBytes': bytes(
    { default: 30 * MIB, description: 'Largest file inside an HL7 v2 message, decoded' },
    KIB,
  ),
  'storeclient.clamd': formed<string | undefined>('^([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$|^/[^\\0]+$', {
    default: undefined,
    expects: 'host:port, or the path of a socket',
    description:
      'Virus scanner (clamd) for files inside HL7 v2 messages; without one only the test string of the scanners is found. A message with a file that cannot be scanned is answered AR',
    example: '/run/clamav/clamd.ctl',
  }),
  'storeclient.heldDays': integer(
    { default: 30, description: 'Days that a message which waits for a link or a decision is kept, sealed' },
    1,
    365,
  ),
  'storeclient.heldBytes': bytes(
    { default: 256 * MIB, description: 'Room for such messages of one facility together' },
    KIB,
  ),
  'storeclient.heldKeys': text<string | undefined>({
    default: undefined,
    description:
      'Keys that seal them, id:base64 of 32 bytes, separated by commas, the one that seals first; without it {dataDir}/config/held-keys, made at the first start. All servers of a network share them',
    example: '2027a:3q2+7w==',
    isSecret: true,
  }),

  'storeclient.messagesInWork': integer(
    {
      default: 12,
      description: 'Pushed messages that a process has in work at a time; less than its connections to the database',
    },
    1,
    1000,
  ),
  'storeclient.messagesInWorkPerSystem': integer(
    { default: 8, description: 'Of these, messages of one system, whatever its connections' },
    1,
    1000,
  ),
  'storeclient.turnWaitMs': integer(
    {
      default: 10_000,
      description: 'Longest wait of a pushed message for its turn, milliseconds; then AR, and the sender tries again',
    },
    10,
    600_000,
  ),

  'limits.soapBytes': bytes({ default: 8 * MIB, description: 'Largest SOAP envelope (without MTOM parts)' }, KIB),
  'limits.documentBytes': bytes({ default: GIB, description: 'Largest document' }, KIB),
  'limits.requestBytes': bytes({ default: 2 * GIB, description: 'Largest HTTPS request, all parts together' }, KIB),
  'limits.mllpFrameBytes': bytes({ default: 64 * MIB, description: 'Largest HL7 v2 message over MLLP' }, KIB),
  'limits.headersTimeoutMs': integer(
    { default: 10_000, description: 'Time a caller has to send its request headers, milliseconds' },
    100,
    600_000,
  ),
  'limits.requestTimeoutMs': integer(
    { default: 600_000, description: 'Time a caller has to send a whole request, milliseconds' },
    1000,
    86_400_000,
  ),
  'limits.idleTimeoutMs': integer(
    { default: 60_000, description: 'Silence after which a connection within a message is closed, milliseconds' },
    100,
    86_400_000,
  ),
  'limits.bodyBytesPerSecond': integer(
    { default: 1024, description: 'Slowest a request body may arrive over HTTPS, bytes a second; 0: no such limit' },
    0,
    1_000_000_000,
  ),
  'limits.bodyGraceMs': integer(
    { default: 10_000, description: 'Span over which that rate is averaged, milliseconds' },
    100,
    600_000,
  ),
  'limits.connections': integer({ default: 2000, description: 'Open connections a door accepts' }, 1, 1_000_000),
  'limits.connectionsPerStranger': integer(
    {
      default: 16,
      description: 'Open connections a door accepts from one address without a certificate that is believed',
    },
    1,
    1_000_000,
  ),
  'limits.connectionsPerCertificate': integer(
    { default: 64, description: 'Open connections a door accepts with one client certificate' },
    1,
    1_000_000,
  ),
  'limits.requestsPerSecond': integer(
    {
      default: 0,
      description:
        'Messages a second that a process takes from one system, over all doors; beyond: busy (503 with Retry-After, XDSRegistryBusy, AR). 0: no such limit; 50 is a good one for a network without bulk transfers',
    },
    0,
    1_000_000,
  ),
  'limits.requestBurst': integer(
    { default: 200, description: 'Messages that it takes at once from a system that has rested' },
    1,
    1_000_000,
  ),
  'limits.leafResults': integer(
    { default: 1000, description: 'Most objects of a LeafClass answer (ITI-18)' },
    1,
    1_000_000,
  ),
  'limits.objectRefResults': integer(
    { default: 250_000, description: 'Most references of an ObjectRef answer (ITI-18)' },
    1,
    10_000_000,
  ),

  'log.level': choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'Least severe line that is logged',
  }),
} as const satisfies Readonly<Record<string, Setting>>

export type SettingKey = keyof typeof settings

export const settingKeys = Object.keys(settings) as readonly SettingKey[]

/** Checks that a pattern cannot express, by key: whether the value will do. */
export const furtherChecks: Readonly<Partial<Record<SettingKey, (value: string) => boolean>>> = {
  'community.homeCommunityId': (value) => parseHomeCommunityId(value) !== undefined,
  'repository.uniqueId': (value) => parseOid(value) !== undefined,
  'identity.affinityDomainAuthority': (value) => parseOid(value) !== undefined,
  'https.publicUrl': (value) => URL.canParse(value),
  'repository.registryUrl': (value) => value.startsWith('https://') && URL.canParse(value),
  'database.url': (value) => /^postgres(ql)?:\/\//.test(value),
}

/** The environment variable of a key, derived mechanically: `https.publicUrl` is TSUNAGI_HTTPS_PUBLIC_URL. */
export function environmentName(key: string): string {
  return `TSUNAGI_${key.replaceAll('.', '_').replace(/([a-z0-9])([A-Z])/g, '$1_$2')}`.toUpperCase()
}

/** The variable that names a file with the value of a secret setting: TSUNAGI_DATABASE_URL_FILE. */
export function fileVariable(key: string): string {
  return `${environmentName(key)}_FILE`
}

type Flat = { readonly [K in SettingKey]: (typeof settings)[K] extends Setting<infer T> ? T : never }
type Head<K> = K extends `${infer First}.${string}` ? First : K
type Below<F, H extends string> = { [K in keyof F as K extends `${H}.${infer Rest}` ? Rest : never]: F[K] }
type Nested<F> = {
  readonly [H in Head<keyof F> & string]: H extends keyof F ? F[H] : Nested<Below<F, H>>
}

/** The effective configuration: `config.https.port`. Paths are absolute. */
export type Config = Nested<Flat>
