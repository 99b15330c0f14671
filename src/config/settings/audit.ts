// The audit log: who signs its state, how long it is kept, how often it is verified.

import { integer, path, type Setting } from '../setting.ts'

export const auditSettings = {
  'audit.signingKey': path({
    default: '{dataDir}/pki/audit-signing.key',
    description:
      'Private key (Ed25519, PEM, mode 0600) that signs the state of the audit log; made at the first start, its public key beside it with .pub. All servers of a network share it',
  }),
  'audit.checkpointFile': path({
    default: '{dataDir}/config/audit-checkpoints.ndjson',
    description:
      'File that every signed state is added to, outside the database; best on a storage where nothing can be removed',
  }),
  'audit.checkpointMinutes': integer(
    { default: 10, description: 'Time between two signed states of the audit log, minutes' },
    1,
    60,
  ),
  'audit.verifyHours': integer(
    { default: 24, description: 'Time between two verifications of what was added to the audit log, hours' },
    1,
    168,
  ),
  'audit.verifyWholeDays': integer(
    { default: 7, description: 'Time between two verifications of the whole audit log, days' },
    1,
    366,
  ),
  'audit.retentionMonths': integer(
    {
      default: 120,
      description:
        'Months that audit events are kept at least; then a month is dropped, if somebody has said that its export is kept (tsunagi audit drop)',
    },
    60,
    1200,
  ),
} as const satisfies Readonly<Record<string, Setting>>
