// A certificate that is withdrawn is felt on connections that are open, in every process (ITI TF-2 3.19; RFC 5280 1).

import t, { type Test } from 'tap'
import { openChangeFeed } from '../../../src/db/access/change-feed.ts'
import { laboratory } from '../../faults/messages.ts'
import { eventually, SILENT, startNetwork } from '../../faults/support.ts'
import {
  type Certified,
  databaseUrl,
  FELT_WITHIN_MS,
  framed,
  issuing,
  type Line,
  line,
  query,
  startBeside,
} from './support.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const { server, pool, admin } = network
const { ca, issued, registered, register } = await issuing(network)
const further = await startBeside(network)
t.teardown(further.server.stop)

interface Open {
  readonly name: string
  readonly line: Line
}

let order = 0
const nextOrder = (): string => String(904000 + ++order).padStart(15, '0')

/** Connections of one certificate to every door of both processes, used once and idle, and HTTPS ones that never said a word. */
async function openAll(t: Test, shown: Certified): Promise<readonly Open[]> {
  const open: Open[] = []
  for (const [process, { httpsPort, mllpPort, pixPort }] of Object.entries({ one: server, other: further.server })) {
    const https = await line(t, httpsPort, { ca, key: shown.key, cert: shown.cert })
    https.write(query(server.config))
    t.ok(await eventually(async () => https.heard().startsWith('HTTP/1.1 200 '), FELT_WITHIN_MS), `${process}: HTTPS`)
    const mllp = await line(t, mllpPort, { ca, key: shown.key, cert: shown.cert })
    mllp.write(framed(laboratory({ order: nextOrder() })))
    t.ok(await eventually(async () => mllp.heard().includes('MSA|AA'), FELT_WITHIN_MS), `${process}: MLLP`)
    open.push(
      { name: `${process}: HTTPS`, line: https },
      { name: `${process}: HTTPS without a request`, line: await line(t, httpsPort, { ca, ...shown }) },
      { name: `${process}: StoreClient`, line: mllp },
      { name: `${process}: patient identity`, line: await line(t, pixPort, { ca, ...shown }) },
    )
  }
  return open
}

/** How long each took to be cut; fails when one outlives the promise. */
async function allCut(t: Test, open: readonly Open[], since: number): Promise<void> {
  const times = await Promise.all(
    open.map(async ({ name, line }) => {
      t.ok(await eventually(async () => line.isClosed(), FELT_WITHIN_MS), `cut: ${name}`)
      return Math.round(performance.now() - since)
    }),
  )
  t.ok(performance.now() - since <= FELT_WITHIN_MS + 500, 'within 5 s')
  t.comment(`cut after ${times.join(', ')} ms`)
}

for (const status of ['revoked', 'suspended'] as const)
  t.test(`a certificate ${status} in one process is cut in all, idle or not`, async (t) => {
    const shown = await registered()
    const open = await openAll(t, shown)
    const other = await line(t, further.server.httpsPort, { ca, ...(await registered()) })
    const since = performance.now()
    await admin.patch(`/certificates/${shown.fingerprint}`, { status })
    await allCut(t, open, since)
    t.notOk(other.isClosed(), 'another certificate of the system keeps its connection')
    const again = await line(t, further.server.httpsPort, { ca, ...shown })
    again.write(query(server.config))
    await again.closed
    t.match(again.heard(), /^HTTP\/1\.1 403 /, 'and it does not come in anew')
  })

t.test('a change that nobody announced is felt too: the doors look for themselves', async (t) => {
  const shown = await registered()
  const open = await openAll(t, shown)
  const since = performance.now()
  await pool.query('delete from access.client_certificate where fingerprint = $1', [shown.fingerprint])
  await allCut(t, open, since)
})

t.test('a certificate that expires is cut at its end', async (t) => {
  const shown = await issued()
  await register(shown.cert)
  const open = await openAll(t, shown)
  await pool.query(
    `update access.client_certificate set not_after = now() + interval '1 second' where fingerprint = $1`,
    [shown.fingerprint],
  )
  await allCut(t, open, performance.now() + 1000)
})

t.test('a message in work is cut with its connection: no answer', async (t) => {
  const shown = await registered()
  const mllp = await line(t, further.server.mllpPort, { ca, ...shown })
  const blocker = await pool.connect()
  await blocker.query('begin')
  await blocker.query('lock table journal.exchange in access exclusive mode')
  mllp.write(framed(laboratory({ order: nextOrder() })))
  const https = await line(t, further.server.httpsPort, { ca, ...shown })
  https.write(query(server.config))
  await pool.query(`update access.client_certificate set status = 'revoked' where fingerprint = $1`, [
    shown.fingerprint,
  ])
  await allCut(
    t,
    [
      { name: 'StoreClient', line: mllp },
      { name: 'HTTPS', line: https },
    ],
    performance.now(),
  )
  t.equal(mllp.heard() + https.heard(), '', 'not a byte')
  await blocker.query('rollback')
  blocker.release()
})

t.test('a suspended facility keeps its connections and hears why (security of systems: AR, fault)', async (t) => {
  const shown = await registered()
  const https = await line(t, further.server.httpsPort, { ca, ...shown })
  const mllp = await line(t, further.server.mllpPort, { ca, ...shown })
  await admin.patch('/facilities/hospital-a', { status: 'suspended' })
  t.teardown(() => admin.patch('/facilities/hospital-a', { status: 'active' }))
  const told = await eventually(async () => {
    https.forget()
    https.write(query(server.config))
    await eventually(async () => https.heard() !== '', FELT_WITHIN_MS)
    return https.heard().startsWith('HTTP/1.1 400 ')
  }, FELT_WITHIN_MS)
  t.ok(told, 'fault')
  mllp.write(framed(laboratory({ order: nextOrder() })))
  t.ok(await eventually(async () => mllp.heard().includes('MSA|AR'), FELT_WITHIN_MS), 'AR')
  t.notOk(mllp.isClosed())
})

t.test('who listened in vain for a while is told that something may have changed', async (t) => {
  let heard = 0
  const feed = openChangeFeed({
    connection: { connectionString: databaseUrl(pool) },
    log: SILENT,
    changed: () => {
      heard += 1
    },
  })
  t.teardown(feed.close)
  await feed.opened
  t.equal(heard, 1, 'what came before is unknown')
  await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tsunagi change feed'`,
  )
  t.ok(await eventually(async () => heard > 1, FELT_WITHIN_MS), 'after the connection broke')
  const before = heard
  await admin.patch('/facilities/clinic-b', { status: 'suspended' })
  await admin.patch('/facilities/clinic-b', { status: 'active' })
  t.ok(await eventually(async () => heard > before, FELT_WITHIN_MS), 'and hears changes again')
})
