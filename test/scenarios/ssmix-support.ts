// What the tests of SS-MIX2 storages share: a command run in this process, and the state of the documents as it can be told apart.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { main } from '../../src/cli/main.ts'
import { localAddresses, type RunningServer } from '../../src/cli/running-server.ts'
import type { startNetwork } from '../faults/support.ts'
import { type Clinicians, clinicians } from './clinicians.ts'

type Pool = Awaited<ReturnType<typeof startNetwork>>['pool']

const people = new WeakMap<RunningServer, Clinicians>()

/** Exports are for the administrator of the facility, who is logged on. */
async function sessionFor(server: RunningServer, argv: readonly string[]): Promise<string> {
  const file = join(server.config.dataDir, 'session-of-the-test.json')
  const facilityId = argv[argv.indexOf('--facility') + 1]
  if (argv[1] !== 'export' || facilityId === undefined) return file
  const { managementUrl: baseUrl } = localAddresses(server)
  const known = people.get(server) ?? clinicians({ managementUrl: baseUrl, adminToken: server.adminToken })
  people.set(server, known)
  const session = await known.administratorOf(facilityId)
  await writeFile(file, JSON.stringify({ baseUrl, staffId: 'administrator', session }), { mode: 0o600 })
  return file
}

/** A command of the command line, told where the server is. */
export async function tsunagi(server: RunningServer, ...argv: readonly string[]) {
  const out: Buffer[] = []
  let err = ''
  const ports = { 'management.port': server.managementPort, 'https.port': server.httpsPort }
  const set = Object.entries(ports).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const code = await main([...argv, '--data-dir', server.config.dataDir, ...set], {
    out: (data) => void out.push(Buffer.from(data)),
    err: (text) => {
      err += text
    },
    env: { TSUNAGI_SESSION_FILE: await sessionFor(server, argv) },
    cwd: server.config.dataDir,
  })
  return { code, err, text: Buffer.concat(out).toString('utf8') }
}

/** All that a reader, or history, could tell one state of the documents from another by. */
export async function stateOf(pool: Pool) {
  const { rows: documents } = await pool.query(
    `select e.unique_id, e.status, e.creation_time, e.hash from registry.document_entry e
     where e.series_id is not null order by e.unique_id`,
  )
  const { rows: kept } = await pool.query(
    'select s.series_id, s.version, s.reason, s.sha256 from registry.superseded s order by s.series_id, s.version',
  )
  const { rows: series } = await pool.query(
    `select series_id, kind, order_number, care_date, patient_number, current_entry, version, tombstone from registry.series order by series_id`,
  )
  const { rows: replaced } = await pool.query(
    `select source_uuid, target_uuid from registry.association where type like '%RPLC' order by source_uuid, target_uuid`,
  )
  return { documents, kept, series, replaced }
}

/** Path → content of every file below a folder. */
export async function treeOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {}
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[relative(folder, path)] = (await readFile(path)).toString('latin1')
  }
  return files
}
