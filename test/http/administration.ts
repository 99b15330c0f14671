// The admin API over HTTP on a real PostgreSQL of its own, for the tests of its routes.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { Registry } from 'prom-client'
import type { Test } from 'tap'
import { affinityDomain } from '../../profiles/affinity-domain/index.ts'
import { dataKinds } from '../../profiles/storeclient/index.ts'
import { accountPorts } from '../../src/app/accounts.ts'
import { registryPorts } from '../../src/app/actor-ports.ts'
import { adminPorts, readiness } from '../../src/app/admin-ports.ts'
import { chainPorts } from '../../src/app/audit-chain.ts'
import { openAuditKeys } from '../../src/app/audit-keys.ts'
import { journalAccess } from '../../src/app/journal-access.ts'
import { fragmentForm } from '../../src/codec/ebxml/registry-object.ts'
import { type Config, loadConfig } from '../../src/config/config.ts'
import { createExchangeRecorder } from '../../src/db/exchange-recorder.ts'
import { createIdentityStore } from '../../src/db/identity-store.ts'
import { findKept } from '../../src/db/journal/messages.ts'
import { createToleranceStore } from '../../src/db/storeclient/tolerances.ts'
import type { AdminPorts } from '../../src/http/admin/ports.ts'
import { createManagement } from '../../src/http/management.ts'
import { DEFAULT_MODEL, DEFAULT_POLICY } from '../../src/identity/matching/model.ts'
import type { IdentityPorts, Matching } from '../../src/identity/ports.ts'
import { registerDomain } from '../../src/identity/registration.ts'
import { newKeyLine, parseKeyRing } from '../../src/model/seal.ts'
import { openFileBlobStore } from '../../src/repository/file-blob-store.ts'
import type { ReleasePorts } from '../../src/storeclient/hold/hold-ports.ts'
import { TEST_PASSWORDS } from '../access/passwords.ts'
import { openDatabase } from '../db/database.ts'

export interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly list: readonly Record<string, unknown>[]
}

export interface AuditRow {
  readonly event_code: string
  readonly system_id: string | null
  readonly peer: string
  readonly reason: string
  readonly objects: { readonly by: string }
}

export interface Administration {
  readonly call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>
  /** Path and query of the management door, without the token. */
  readonly url: string
  readonly pool: pg.Pool
  readonly config: Config
  readonly identity: IdentityPorts
  readonly auditRows: () => Promise<readonly AuditRow[]>
  /** The reasons of the audit events that `work` leaves. */
  readonly audited: (work: () => Promise<unknown>) => Promise<readonly string[]>
  /** What was written to the log as warning or error. */
  readonly logged: readonly unknown[]
}

/** Of the admin API. */
export const TOKEN = 'token-of-the-test'

/** Seal the messages that the journal keeps. */
export const JOURNAL_KEYS = parseKeyRing(newKeyLine())

/** A network in which no message waits to be filed. */
const noneWithheld: ReleasePorts = {
  withheld: {
    list: async () => [],
    find: async () => undefined,
    next: async () => undefined,
    open: async () => undefined,
    drop: async () => 'missing',
    decide: async () => 'missing',
    settle: async () => {},
    discardFile: async () => {},
  },
  systemOf: async () => undefined,
  exchangeOf: () => {
    throw new Error('nothing is released')
  },
  file: async () => {
    throw new Error('nothing is released')
  },
  alarm: () => {},
}

/** @param mode of the matcher. */
export async function openAdministration(t: Test, mode: Matching['policy']['mode'] = 'off'): Promise<Administration> {
  const directory = await mkdtemp(join(tmpdir(), 'admin-api-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const pool = await openDatabase(t, 10)
  const config = loadConfig({ env: { TSUNAGI_DATA_DIR: directory }, cwd: directory })
  const logged: unknown[] = []
  const note = (fields: object) => logged.push(fields)
  const log = { info: () => {}, warn: note, error: note }
  const identity: IdentityPorts = {
    store: createIdentityStore(pool, {
      claim: async () => ({ kind: 'new' }),
      record: async () => {},
      announce: async () => {},
      ...fragmentForm,
    }),
    affinityDomain: config.identity.affinityDomainAuthority,
    takes: 'every domain',
    matching: () => ({ policy: { ...DEFAULT_POLICY, mode }, model: DEFAULT_MODEL, version: '0' }),
  }
  await registerDomain({ oid: config.identity.affinityDomainAuthority, name: 'NETWORK', kind: 'community' }, identity)
  const accounts = await accountPorts({ config, pool }, TEST_PASSWORDS)
  const management = await createManagement({
    metrics: new Registry(),
    checks: () => readiness(config, pool),
    admin: adminPorts(
      { config, log, pool, affinityDomain, dataKinds },
      {
        adminToken: TOKEN,
        accounts,
        identity,
        registry: registryPorts({ config, log, pool, affinityDomain, dataKinds }),
        blobs: await openFileBlobStore({ directory, maxDocumentBytes: config.limits.documentBytes }),
        reloadModel: async () => {},
        tolerances: createToleranceStore(pool, log),
        exportStorage: async function* () {},
        chain: chainPorts({ config, pool }, await openAuditKeys(config)),
        ports: () => ({ https: 8443, mllp: 2575 }),
        release: noneWithheld,
        onboarding: {} as AdminPorts['onboarding'],
        discovery: {} as AdminPorts['discovery'],
        journal: journalAccess(
          { pool },
          { kept: (id) => findKept(pool, JOURNAL_KEYS, id), recorder: createExchangeRecorder(pool) },
        ),
        replays: {} as AdminPorts['replays'],
        testPartner: async () => 'missing',
        changed: () => {},
      },
    ),
  })
  const url = `http://127.0.0.1:${await management.listen(0, '127.0.0.1')}`
  t.teardown(() => management.close())
  const auditRows = async () =>
    (await pool.query('select event_code, system_id, peer, reason, objects from audit.event order by event_id')).rows
  return {
    url,
    pool,
    config,
    identity,
    logged,
    auditRows,
    audited: async (work) => {
      const before = (await auditRows()).length
      await work()
      return (await auditRows()).slice(before).map(({ reason }: AuditRow) => reason)
    },
    call: async (method, path, body, headers = {}) => {
      const response = await fetch(`${url}/admin/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${TOKEN}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const json = (await response.json()) as Answer['body'] & Answer['list']
      return { status: response.status, body: json, list: json }
    },
  }
}
