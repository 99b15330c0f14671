// Composition root: the chain of audit events: sealed, signed, verified, exported, dropped (docs/audit.md).

import type { ChainPorts } from '../audit/chain-ports.ts'
import type { PublicKeys } from '../audit/checkpoint.ts'
import type { ExportRecord } from '../audit/export.ts'
import { exportChain } from '../db/audit/chain-export.ts'
import { findMonths, isDropped, noteExport } from '../db/audit/chain-state.ts'
import { dropMonth } from '../db/audit/retention.ts'
import { recordLogUse } from '../db/staff-change.ts'
import { type ChainHouse, startCheckpoints } from './audit-checkpoints.ts'
import { type AuditKeys, openAuditKeys } from './audit-keys.ts'
import { startSealing } from './audit-sealing.ts'
import { startVerifying } from './audit-verifying.ts'

export interface AuditChain {
  readonly ports: ChainPorts
  /** When nothing writes events any more. */
  readonly stop: () => Promise<void>
}

export async function openAuditChain(given: ChainHouse): Promise<AuditChain> {
  const keys = await openAuditKeys(given.config)
  const stopVerifying = startVerifying(given, keys.publicKeys)
  const checkpoints = startCheckpoints(given, keys.signer)
  const stopSealing = startSealing(given)
  return {
    ports: chainPorts(given, keys),
    stop: async () => {
      await Promise.all([stopVerifying(), checkpoints.stop()])
      await stopSealing()
      await checkpoints.signNow()
    },
  }
}

export function chainPorts({ pool, config }: Pick<ChainHouse, 'pool' | 'config'>, keys: AuditKeys): ChainPorts {
  const { community, audit } = config
  return {
    months: () => findMonths(pool),
    exportChain: async (scope) => {
      const origin = { community: community.homeCommunityId, keys: written(await keys.publicKeys()) }
      const records = await exportChain(pool, scope, origin)
      return records === undefined ? undefined : whole(pool, scope.chain, records)
    },
    recordExport: (chain, who) =>
      recordLogUse(pool, {
        ...who,
        typeCode: 'audit-export',
        endpoint: '/admin/v1/audit/export',
        operation: `audit log of ${chain} exported`,
        patients: [],
      }),
    noteExport: (done, who) => noteExport(pool, done, who),
    publicKeys: keys.publicPem,
    drop: (chain, sha256, who) =>
      dropMonth(pool, { chain, sha256, ...who }, { now: new Date(), months: audit.retentionMonths }),
  }
}

/** What was there when its turn came is not the month when it was dropped meanwhile: it has no end then, and is no export. */
async function* whole(
  pool: ChainHouse['pool'],
  chain: string,
  records: AsyncIterable<ExportRecord>,
): AsyncGenerator<ExportRecord> {
  for await (const record of records) {
    if (record.kind === 'end' && (await isDropped(pool, chain)))
      throw new Error('the month was dropped while it was exported')
    yield record
  }
}

function written(keys: PublicKeys): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...keys].map(([id, key]) => [id, key.export({ type: 'spki', format: 'der' }).toString('base64')]),
  )
}
