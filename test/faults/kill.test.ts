// Nothing acknowledged is lost, nothing half-done is visible, sending again is harmless: kill -9 under load (reliability: promises P1 to P4).

import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { startServer } from '../../src/app.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import type { DocumentEntry } from '../../src/model/document-entry.ts'
import { STATUS_APPROVED, STATUS_DEPRECATED } from '../../src/model/xds.ts'
import { isSuccess, laboratory, submissionOf } from './messages.ts'
import { type Child, configFor, DOMAINS, demoDirectory, networkOf, SILENT, startChild } from './support.ts'

t.setTimeout(180_000)

/** Each sender goes on until the last kill, and until it has sent so many, however slow the machine is. */
const MESSAGES_EACH = 60
const KILLS = 4
const FLAGS = { 'limits.leafResults': '100000' }
const HANAKO = { value: '0000012346', authority: DOMAINS['hospital-a'] }
/** Every third submission is larger than a row may be, so that it is a file. */
const SIZES = [900, 5_000, 150_000]

interface Acknowledged {
  readonly door: 'StoreClient' | 'ITI-41'
  /** Order number, or uniqueId of the document. */
  readonly key: string
  readonly bytes: Buffer
}

const dataDir = await demoDirectory(t)
let child: Child | undefined = await startChild(dataDir, FLAGS)
t.teardown(() => child?.server.stop())
const setup = networkOf(child.server)
const patientId = await setup.xadForStaff(HANAKO)
/** What the demo network has brought. */
const before = (await setup.find('clinic-b', patientId)).length
await setup.close()

/** The ledger lies outside the system: what stands in it was acknowledged before the next message left. */
const ledgerDirectory = await mkdtemp(join(tmpdir(), 'tsunagi-ledger-'))
t.teardown(() => rm(ledgerDirectory, { recursive: true, force: true }))
const ledger = await open(join(ledgerDirectory, 'ledger'), 'a')
const acknowledged: Acknowledged[] = []
let resent = 0

async function enter(line: Acknowledged): Promise<void> {
  await ledger.write(`${line.door} ${line.key}\n`)
  await ledger.sync()
  acknowledged.push(line)
}

/** Sends until it is acknowledged, always the same bytes: to a sender a killed server is a broken connection. */
async function insist(attempt: (child: Child) => Promise<boolean>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const current = child
    if (current !== undefined && (await attempt(current).catch(() => false))) {
      if (tries > 0) resent += 1
      return
    }
    await delay(50)
  }
}

let isKilling = true
const goesOn = (sent: number): boolean => isKilling || sent < MESSAGES_EACH

async function pushOn(): Promise<void> {
  for (let number = 1; goesOn(number - 1); number += 1) {
    const key = String(905_000_000_000_000 + number)
    const bytes = laboratory({ order: key, controlId: `KILL-${number}` })
    await insist(async ({ server }) => {
      const network = networkOf(server)
      const connection = await network.mllp('hospital-a')
      try {
        return readAck(await connection.send(bytes)).code === 'AA'
      } finally {
        await connection.close()
      }
    })
    await enter({ door: 'StoreClient', key, bytes })
  }
}

async function provideOn(): Promise<void> {
  for (let number = 0; goesOn(number); number += 1) {
    const bytes = Buffer.alloc(SIZES[number % SIZES.length] ?? 0, `document ${number} `)
    const { entry, provide } = submissionOf({ patientId, bytes })
    await insist(async ({ server }) => {
      const network = networkOf(server)
      try {
        return isSuccess((await network.soap('hospital-a', provide)).text)
      } finally {
        await network.close()
      }
    })
    await enter({ door: 'ITI-41', key: entry.uniqueId, bytes })
  }
}

async function killAndRestart(): Promise<void> {
  for (let kills = 0; kills < KILLS; kills += 1) {
    const afterMs = 500 + Math.random() * 2500
    await delay(afterMs)
    const victim = child
    child = undefined
    await victim?.kill()
    const killedAt = performance.now()
    child = await startChild(dataDir, FLAGS)
    t.comment(
      `killed after ${Math.round(afterMs)} ms, ready again after ${Math.round(performance.now() - killedAt)} ms`,
    )
  }
  isKilling = false
}

await Promise.all([pushOn(), provideOn(), killAndRestart()])
await ledger.close()
await child?.kill()
child = undefined
t.comment(`${acknowledged.length} acknowledged, ${resent} of them after a resend`)

const server = await startServer(configFor(dataDir, FLAGS), { log: SILENT })
t.teardown(server.stop)
const network = networkOf(server)
t.teardown(network.close)
const entries = await network.find('clinic-b', patientId, { status: [STATUS_APPROVED, STATUS_DEPRECATED] })

function entriesOf({ door, key }: Acknowledged): readonly DocumentEntry[] {
  return entries.filter(({ uniqueId, referenceIdList }) =>
    door === 'ITI-41' ? uniqueId === key : referenceIdList.some((id) => id.startsWith(`${key}^`)),
  )
}

t.test('the load was one: the server was killed while messages were under way', async (t) => {
  t.ok(acknowledged.some(({ door }) => door === 'StoreClient'))
  t.ok(acknowledged.some(({ door }) => door === 'ITI-41'))
})

t.test(
  'everything acknowledged is found once and comes back byte for byte (P1, P3; ITI-18, ITI-43)',
  { timeout: 120_000 },
  async (t) => {
    const once = acknowledged.map((line) => ({ line, found: entriesOf(line) }))
    t.strictSame(
      once
        .filter(({ found }) => found.length !== 1)
        .map(({ line, found }) => `${line.door} ${line.key}: ${found.length}`),
      [],
    )
    const wrong: string[] = []
    for (let at = 0; at < once.length; at += 50) {
      const batch = once.slice(at, at + 50)
      const { documents } = await network.fetch(
        'clinic-b',
        batch.map(({ found }) => found[0]?.uniqueId ?? ''),
      )
      batch.forEach(({ line }, index) => {
        if (documents[index]?.bytes.equals(line.bytes) !== true) wrong.push(`${line.door} ${line.key}`)
      })
    }
    t.strictSame(wrong, [])
    t.equal(
      entries.length,
      before + acknowledged.length,
      'and nothing else, since every message was sent until it was acknowledged',
    )
  },
)

/** Each finds rows that break a promise; none may. */
const BROKEN = {
  'an order with two Approved entries': `select series_id from registry.document_entry
    where series_id is not null and status like '%Approved' group by 1 having count(*) > 1`,
  'a uniqueId with two entries': 'select unique_id from registry.document_entry group by 1 having count(*) > 1',
  'an entry without its submission set': `select entry_uuid from registry.document_entry d
    where not exists (select from registry.submission_set s where s.entry_uuid = d.submission_uuid)`,
  'a submission set without a member': `select entry_uuid from registry.submission_set s
    where not exists (select from registry.association a join registry.document_entry d on d.entry_uuid = a.target_uuid
                      where a.source_uuid = s.entry_uuid)`,
  'an entry without its document': `select unique_id from registry.document_entry d
    where not exists (select from repository.document r where r.unique_id = d.unique_id)`,
  'an entry without its uniqueId row': `select unique_id from registry.document_entry d
    where not exists (select from registry.unique_id u where u.unique_id = d.unique_id)`,
  'a claim without its answer': 'select key from journal.idempotency where response is null',
  'a registration without its audit event': `select j.exchange_id from journal.exchange j
    where j.transaction in ('ITI-41', 'StoreClient') and j.result = 'success'
      and not exists (select from audit.event e where e.exchange_id = j.exchange_id)`,
} as const

t.test('no submission is half there (P2; ITI TF-2 3.42.4.1.3)', async (t) => {
  for (const [what, statement] of Object.entries(BROKEN))
    t.strictSame((await server.pool.query(statement)).rows, [], what)
  const { rows } = await server.pool.query(
    'select file_key, size_bytes from repository.document where file_key is not null',
  )
  for (const { file_key: key, size_bytes: size } of rows) {
    const path = join(dataDir, 'documents', key.slice(0, 2), key.slice(2, 4), key)
    t.equal((await stat(path)).size, Number(size), 'the file of a row is there, whole')
  }
})
