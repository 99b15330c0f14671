// Composition root: what the metrics tell of the database: queues, sealing of audit events, partitions, sizes. Every process tells the same.

import type pg from 'pg'
import {
  chainState,
  databaseSizes,
  jobStates,
  partitionedStates,
  sealingState,
  withheldStates,
} from '../../db/measured.ts'
import { createPool, type DatabaseConnection } from '../../db/pool.ts'
import { atMostEvery, type Watch } from '../../http/metrics/gauges.ts'

/** A statement of the metrics that takes longer is ended; it has no value then. */
const STATEMENT_MS = 1500
/** One that is held up by a lock leaves the other to the rest. */
const CONNECTIONS = 2
/** What sizes are takes a look at every file; they do not change fast. */
const SIZES_EVERY_MS = 60_000

/**
 * Connections of their own: messages do not wait because of metrics, and metrics come when messages have taken all connections.
 * They are opened by the first who asks, and closed when nobody has asked for a while.
 */
export function openMeasuringPool(connection: DatabaseConnection): pg.Pool {
  return createPool(
    { ...connection, application_name: 'tsunagi metrics', statement_timeout: STATEMENT_MS },
    CONNECTIONS,
  )
}

export function measureDatabase(watch: Watch, pool: pg.Pool): void {
  measureQueues(watch, pool)
  measureSealing(watch, pool)
  measureChain(watch, pool)
  measurePartitions(watch, pool)
  measureSizes(watch, pool)
}

function measureQueues(watch: Watch, pool: pg.Pool): void {
  watch({
    group: 'jobs',
    gauges: {
      jobs: {
        name: 'tsunagi_jobs',
        help: 'Jobs that are not done, by task: waiting (at work too), or failed for good',
        labels: ['task', 'state'],
      },
      oldest: { name: 'tsunagi_jobs_oldest_seconds', help: 'How long the oldest job has been due', labels: ['task'] },
    },
    read: async () => {
      const states = await jobStates(pool)
      return {
        jobs: states.flatMap(({ task, waiting, failed }) => [
          { labels: { task, state: 'waiting' }, value: waiting },
          { labels: { task, state: 'failed' }, value: failed },
        ]),
        oldest: states.map(({ task, oldestSeconds }) => ({ labels: { task }, value: oldestSeconds })),
      }
    },
  })
  const labels = ['reason', 'state']
  watch({
    group: 'withheld messages',
    gauges: {
      count: {
        name: 'tsunagi_withheld_messages',
        help: 'StoreClient messages that are filed for nobody yet: unlinked (held) or identity (in quarantine), waiting or stuck',
        labels,
      },
      oldest: { name: 'tsunagi_withheld_oldest_seconds', help: 'How long the oldest of them has waited', labels },
    },
    read: async () => {
      const states = await withheldStates(pool)
      const at = ({ reason, state }: (typeof states)[number]) => ({ reason, state })
      return {
        count: states.map((one) => ({ labels: at(one), value: one.count })),
        oldest: states.map((one) => ({ labels: at(one), value: one.oldestSeconds })),
      }
    },
  })
}

function measureSealing(watch: Watch, pool: pg.Pool): void {
  watch({
    group: 'sealing',
    gauges: {
      unsealed: {
        name: 'tsunagi_audit_unsealed_events',
        help: 'Audit events that no seal names yet, counted up to 100,000',
      },
      oldestSeconds: {
        name: 'tsunagi_audit_unsealed_oldest_seconds',
        help: 'Age of the oldest audit event that no seal names yet: a second or two while somebody seals',
      },
      position: { name: 'tsunagi_audit_seal_position', help: 'Number of the newest seal over all chains' },
    },
    read: async () => {
      const { position, ...behind } = await sealingState(pool)
      return { ...behind, position: Number(position) }
    },
  })
}

function measureChain(watch: Watch, pool: pg.Pool): void {
  watch({
    group: 'chain',
    gauges: {
      headSeq: { name: 'tsunagi_audit_chain_head_seq', help: 'Events in the chain of the newest month' },
      unsignedSeconds: {
        name: 'tsunagi_audit_unsigned_oldest_seconds',
        help: 'Age of the oldest seal that no checkpoint covers: what could be cut off unseen',
      },
      checkpoints: { name: 'tsunagi_audit_checkpoint_number', help: 'Number of the newest signed checkpoint' },
      broken: {
        name: 'tsunagi_audit_chains_broken',
        help: 'Months whose chain a verification found changed, cut or out of order',
      },
      verificationAgeSeconds: {
        name: 'tsunagi_audit_verification_age_seconds',
        help: 'Time since the last verification of a chain; no value before the first',
      },
    },
    read: async () => {
      const { verificationAgeSeconds, ...state } = await chainState(pool)
      return verificationAgeSeconds === null ? state : { ...state, verificationAgeSeconds }
    },
  })
}

function measurePartitions(watch: Watch, pool: pg.Pool): void {
  const labels = ['table']
  watch({
    group: 'partitions',
    gauges: {
      ahead: {
        name: 'tsunagi_partitions_ahead_seconds',
        help: 'For how long partitions are made; negative: rows of now have none of their own',
        labels,
      },
      oldest: {
        name: 'tsunagi_partitions_oldest_seconds',
        help: 'How long ago the oldest partition begins; retention keeps it below its limit',
        labels,
      },
      misplaced: {
        name: 'tsunagi_partitions_misplaced',
        help: 'Whether rows lie in the default partition, since theirs was not made in time: 1 or 0',
        labels,
      },
    },
    read: async () => {
      const states = await partitionedStates(pool)
      const now = Date.now()
      const at = ({ table }: (typeof states)[number]) => ({ table })
      return {
        ahead: states.map((one) => ({ labels: at(one), value: (one.madeUntil.getTime() - now) / 1000 })),
        oldest: states.map((one) => ({ labels: at(one), value: (now - one.oldestFrom.getTime()) / 1000 })),
        misplaced: states.map((one) => ({ labels: at(one), value: one.isMisplaced ? 1 : 0 })),
      }
    },
  })
}

function measureSizes(watch: Watch, pool: pg.Pool): void {
  const sizes = atMostEvery(SIZES_EVERY_MS, () => databaseSizes(pool))
  watch({
    group: 'sizes',
    gauges: {
      database: { name: 'tsunagi_database_size_bytes', help: 'Size of the database on its disk' },
      schemas: {
        name: 'tsunagi_database_schema_bytes',
        help: 'Size of the tables of a schema, with their indexes',
        labels: ['schema'],
      },
    },
    read: async () => {
      const { database, schemas } = await sizes()
      return { database, schemas: schemas.map(({ schema, bytes }) => ({ labels: { schema }, value: bytes })) }
    },
  })
}
