// The doors: addresses, ports, and how much each takes.

import { bytes, formed, formedList, integer, optionalPort, port, type Setting, text } from '../setting.ts'

const KIB = 2 ** 10
const MIB = 2 ** 20
const GIB = 2 ** 30

/** `[system@]host[:port]`, the host a name, `*.` before a name, or an address. */
const REPLY_ADDRESS =
  '^([A-Za-z0-9][A-Za-z0-9._-]*@)?((\\*\\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])(:([0-9]{1,5}|\\*))?$'

export const doorsSettings = {
  'https.host': text({
    default: '127.0.0.1',
    description: 'Address the HTTPS door listens on; a real network sets 0.0.0.0 or one address of the machine',
    example: '0.0.0.0',
  }),
  'https.port': port({ default: 8443, description: 'Port of the HTTPS door (client certificate required)' }),
  'https.publicUrl': formed('^https://[^/?#\\s]+$', {
    default: 'https://localhost:8443',
    expects: 'an https:// address without path',
    description:
      'Address by which other systems reach the HTTPS door; stands in WSDLs, and below it neighbouring communities deliver asynchronous answers',
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

  'audit.receiver.host': text({
    default: '127.0.0.1',
    description: 'Address on which audit records of other systems are received',
    example: '0.0.0.0',
  }),
  'audit.receiver.port': optionalPort({
    default: undefined,
    description:
      'Port on which audit records of other systems are received (ITI-20, syslog over TLS; usually 6514); without it none are',
    example: '6514',
  }),

  'management.host': text({
    default: '127.0.0.1',
    description:
      'Address of health, metrics, admin API and console; has no client certificates, so keep it on loopback',
  }),
  'management.port': port({ default: 8080, description: 'Port of health, metrics, admin API and console' }),

  'drain.delaySeconds': integer(
    {
      default: 5,
      description:
        'Seconds between SIGTERM and the closing of the doors, in which /readyz says 503 and load balancers turn away; what is in work then has 30 more',
    },
    0,
    60,
  ),

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
    {
      default: 600_000,
      description:
        'Time a caller has to send a request; a larger one goes on while 256 KiB a second come, milliseconds',
    },
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
  'limits.requestsInWorkPerSystem': integer(
    {
      default: 16,
      description: 'SOAP messages of one system that a process has at work at a time; further ones wait for their turn',
    },
    1,
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
} as const satisfies Readonly<Record<string, Setting>>
