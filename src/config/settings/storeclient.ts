// StoreClient: pushed messages, files in them, and what waits.

import { bytes, formed, integer, type Setting, text } from '../setting.ts'

const KIB = 2 ** 10
const MIB = 2 ** 20

const UUID = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'

export const storeclientSettings = {
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
} as const satisfies Readonly<Record<string, Setting>>
