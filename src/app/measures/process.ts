// Composition root: what the metrics tell of this process: its build, its connections to the database, its work, its disks.

import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import type { Config } from '../../config/config.ts'
import type { Sample, Watch } from '../../http/metrics/gauges.ts'
import type { Turns } from '../../mllp/turns.ts'

export interface ProcessMeasures {
  readonly config: Config
  readonly pools: Readonly<Record<string, pg.Pool>>
  readonly turns: Readonly<Record<string, Turns>>
}

export function measureProcess(watch: Watch, { config, pools, turns }: ProcessMeasures): void {
  measureBuild(watch)
  measurePools(watch, pools)
  measureTurns(watch, turns)
  measureDisks(watch, config)
}

function measureBuild(watch: Watch): void {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  const build = [{ labels: { version, node: process.version }, value: 1 }]
  watch({
    group: 'build',
    gauges: {
      build: {
        name: 'tsunagi_build_info',
        help: 'Version that runs, of Node too; always 1',
        labels: ['version', 'node'],
      },
    },
    read: async () => ({ build }),
  })
}

function measurePools(watch: Watch, pools: ProcessMeasures['pools']): void {
  const samples = (figure: (pool: pg.Pool) => number): readonly Sample[] =>
    Object.entries(pools).map(([pool, one]) => ({ labels: { pool }, value: figure(one) }))
  const labels = ['pool']
  watch({
    group: 'pools',
    gauges: {
      open: { name: 'tsunagi_database_connections', help: 'Connections to PostgreSQL that are open', labels },
      idle: { name: 'tsunagi_database_connections_idle', help: 'Connections to PostgreSQL that nobody uses', labels },
      most: { name: 'tsunagi_database_connections_max', help: 'Connections to PostgreSQL that may be open', labels },
      waiting: {
        name: 'tsunagi_database_waiting',
        help: 'Who waits for a connection to PostgreSQL; after 2 s a message is refused as BUSY',
        labels,
      },
    },
    read: async () => ({
      open: samples(({ totalCount }) => totalCount),
      idle: samples(({ idleCount }) => idleCount),
      most: samples(({ options }) => options.max ?? 0),
      waiting: samples(({ waitingCount }) => waitingCount),
    }),
  })
}

function measureTurns(watch: Watch, turns: ProcessMeasures['turns']): void {
  const samples = (member: 'inWork' | 'waiting' | 'waitingBytes'): readonly Sample[] =>
    Object.entries(turns).map(([queue, one]) => ({ labels: { queue }, value: one.state()[member] }))
  const labels = ['queue']
  watch({
    group: 'turns',
    gauges: {
      inWork: { name: 'tsunagi_messages_in_work', help: 'Messages that are worked on', labels },
      waiting: { name: 'tsunagi_messages_waiting', help: 'Messages that wait for their turn', labels },
      waitingBytes: {
        name: 'tsunagi_messages_waiting_bytes',
        help: 'Memory that messages hold which wait for their turn',
        labels,
      },
    },
    read: async () => ({
      inWork: samples('inWork'),
      waiting: samples('waiting'),
      waitingBytes: samples('waitingBytes'),
    }),
  })
}

/** Below the data directory, each of which may be a disk of its own. */
const PLACES = { data: '', documents: 'documents', postgres: 'postgres' } as const

function measureDisks(watch: Watch, { dataDir, database }: Config): void {
  const places = Object.entries(PLACES).filter(([place]) => place !== 'postgres' || database.url === undefined)
  const labels = ['place']
  watch({
    group: 'disks',
    gauges: {
      free: {
        name: 'tsunagi_disk_free_bytes',
        help: 'Room that is left where data directory, documents and the own PostgreSQL lie; below 1 GiB or 5 % the server is not ready',
        labels,
      },
      size: { name: 'tsunagi_disk_size_bytes', help: 'Room there is in all', labels },
    },
    read: async () => {
      const disks = await Promise.all(
        places.map(async ([place, path]) => ({ labels: { place }, ...(await statfs(join(dataDir, path))) })),
      )
      return {
        free: disks.map(({ labels: at, bavail, bsize }) => ({ labels: at, value: bavail * bsize })),
        size: disks.map(({ labels: at, blocks, bsize }) => ({ labels: at, value: blocks * bsize })),
      }
    },
  })
}
