// The journal: what is kept of messages, and for how long (docs/adr/0035).

import { bytes, choice, integer, type Setting, text } from '../setting.ts'

const KIB = 2 ** 10
const MIB = 2 ** 20

export const journalSettings = {
  'journal.keep': choice(['all', 'refused', 'none'], {
    default: 'all',
    description:
      'Messages that are kept, sealed: of all exchanges, of those that did not end in success, or none; the entries are there in any case',
  }),
  'journal.messageBytes': bytes({ default: MIB, description: 'Of a longer message only the beginning is kept' }, KIB),
  'journal.partBytes': integer(
    {
      default: 64 * KIB,
      description:
        'Documents beside a refused SOAP message that are kept with it, largest size in bytes; larger ones and those of accepted messages never are',
    },
    0,
    64 * KIB,
  ),
  'journal.messageDays': integer({ default: 30, description: 'Days that messages are kept' }, 1, 400),
  'journal.months': integer({ default: 13, description: 'Months that the entries of the journal are kept' }, 1, 120),
  'journal.keys': text<string | undefined>({
    default: undefined,
    description:
      'Keys that seal kept messages, id:base64 of 32 bytes, separated by commas, the one that seals first; without it {dataDir}/config/journal-keys, made at the first start. All servers of a network share them',
    example: '2027a:3q2+7w==',
    isSecret: true,
  }),
} as const satisfies Readonly<Record<string, Setting>>
