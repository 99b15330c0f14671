// The network and its identifiers, the database, matching, and what is told to others.

import { type HomeCommunityId, type Oid, parseHomeCommunityId, parseOid } from '../../model/identifiers.ts'
import { choice, formed, formedList, integer, optionalBytes, path, type Setting, text } from '../setting.ts'

const OID = '^[0-2](\\.(0|[1-9][0-9]*))+$'
const HOME_COMMUNITY = '^urn:oid:[0-2](\\.(0|[1-9][0-9]*))+$'

function checked<T>(identifier: T | undefined): T {
  if (identifier === undefined) throw new Error('a default identifier of the settings table is not well-formed')
  return identifier
}

export const networkSettings = {
  dataDir: path({
    default: 'var',
    description: 'Directory of everything this server keeps: postgres/ documents/ pki/ config/',
  }),

  'database.url': text<string | undefined>({
    default: undefined,
    description: 'PostgreSQL 15 or newer; without it the server runs its own PostgreSQL below the data directory',
    example: 'postgresql://tsunagi@db.example.jp/tsunagi?sslmode=verify-full',
    isSecret: true,
    aliases: ['DATABASE_URL'],
  }),
  'database.sharedBuffers': optionalBytes(
    {
      default: undefined,
      description:
        "Memory in which the server's own PostgreSQL keeps pages; without it a quarter of the machine's, from 128 MiB to 8 GiB",
      example: '2 GiB',
    },
    2 ** 20,
  ),
  'database.poolSize': integer({ default: 16, description: 'Connections to PostgreSQL a process may hold' }, 1, 1000),

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

  'log.level': choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'Least severe line that is logged',
  }),
} as const satisfies Readonly<Record<string, Setting>>
