// Facilities, systems, certificates and unions of the demo network, by the admin API: the same content again is no change.

import { readFile } from 'node:fs/promises'
import { readClient } from '../../certificates/pki-directory.ts'
import { rowsOf, textOf } from '../admin-client.ts'
import { given, segment } from '../admin-command.ts'
import { issue } from '../cert.ts'
import { pkiDirectory } from '../context.ts'
import { RefusedError } from '../failure.ts'
import { type DemoSystem, type DemoUnion, facilityOf } from './network.ts'
import type { DemoRun } from './run.ts'

/** Certificates are issued where there is none, also after the marker: a new PKI directory needs them again. */
export async function loadRegistrations(run: DemoRun, time: 'first' | 'again'): Promise<void> {
  const { network, admin } = run
  for (const facility of network.facilities) {
    if (!(await has(run, '/facilities', { facilityId: facility.facilityId })))
      await admin.post('/facilities', given({ ...facility }))
  }
  for (const system of network.systems) {
    if (!(await has(run, '/systems', { systemId: system.systemId }))) await admin.post('/systems', given({ ...system }))
    await ensureCertificate(run, system).catch((error: unknown) => {
      // After the first load the operator may have revoked it; that is no reason not to start.
      if (time === 'first' || !(error instanceof RefusedError)) throw error
      run.say(error.message)
    })
  }
  for (const union of network.unions) await loadUnion(run, union)
}

/** What is there is left as it is: the operator may have changed it since. */
async function has({ admin }: DemoRun, path: string, key: Readonly<Record<string, string>>): Promise<boolean> {
  const rows = rowsOf((await admin.get(path)).body)
  return rows.some((row) => Object.entries(key).every(([name, value]) => row[name] === value))
}

async function ensureCertificate({ server, network, admin, say }: DemoRun, system: DemoSystem): Promise<void> {
  const { systemId, facilityId } = system
  const directory = pkiDirectory(server.config)
  const present = await readClient(directory, systemId)
  const usable = present !== undefined && present.notAfter > new Date()
  const facilityOid = facilityOf(network, facilityId).oid
  const { paths } = usable ? present : await issue(server.config, { systemId, facilityOid })
  if (!usable) say(`issued ${paths.certificate}`)
  await admin.post(`/systems/${segment(systemId)}/certificates`, { pem: await readFile(paths.certificate, 'utf8') })
}

async function loadUnion(run: DemoRun, { members, ...union }: DemoUnion): Promise<void> {
  const { admin } = run
  const known = rowsOf((await admin.get('/unions')).body).find((row) => row.unionId === union.unionId)
  if (known === undefined) await admin.post('/unions', union)
  const present = new Set(membersOf(known?.members))
  for (const facilityId of members) {
    if (!present.has(facilityId)) await admin.post(`/unions/${segment(union.unionId)}/members`, { facilityId })
  }
}

function membersOf(members: unknown): readonly string[] {
  if (!Array.isArray(members)) return []
  return members.map(
    (member: unknown) =>
      textOf(member) ||
      rowsOf([member])
        .map((row) => textOf(row.facilityId))
        .join(''),
  )
}
