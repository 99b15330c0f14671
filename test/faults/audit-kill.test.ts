// The audit repository is away while a thousand transactions are made and the server is killed with -9 twice, and it is restarted while
// more are made: every record arrives, in order, none is missing (security: spool; reliability: audit server down; ITI TF-2 3.20).

import t from 'tap'
import { startServer } from '../../src/app.ts'
import { askPix } from '../../src/cli/pix.ts'
import { startRepository } from '../scenarios/audit-repository.ts'
import { type Child, configFor, DOMAINS, demoDirectory, eventually, networkOf, SILENT, startChild } from './support.ts'

t.setTimeout(180_000)

const AWAY = 500
const AT_ONCE = 10

const dataDir = await demoDirectory(t)
let child: Child | undefined = await startChild(dataDir)
t.teardown(() => child?.kill())
const { config } = child.server
const repository = await startRepository(config)
t.teardown(repository.stop)
await repository.stop()

const setup = networkOf(child.server)
await setup.admin.post('/audit/targets', {
  name: 'arr',
  host: 'localhost',
  port: repository.port,
  fromTheBeginning: true,
})
await setup.close()

/** ITI-45 of the clinic, as many as are asked for. */
async function transactions(at: Child['server'], count: number): Promise<number> {
  const network = networkOf(at)
  const clinic = await network.as('clinic-b')
  const id = { value: '0000012345', authority: DOMAINS['hospital-a'] }
  let begun = 0
  let answered = 0
  const ask = async (): Promise<void> => {
    while (begun < count) {
      begun += 1
      await askPix(clinic, id, [config.identity.affinityDomainAuthority])
      answered += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, ask))
  await network.close()
  return answered
}

let answered = await transactions(child.server, AWAY)
await child.kill()
child = await startChild(dataDir)
answered += await transactions(child.server, AWAY)
await child.kill()
child = undefined
await repository.start()
const server = await startServer(configFor(dataDir), { log: SILENT })
t.teardown(server.stop)

/** While records come: each time when the last break has been got over. */
async function restartTwice(): Promise<void> {
  for (let restarts = 0; restarts < 2; restarts += 1) {
    const isUp = async (): Promise<boolean> => {
      const { rows } = await server.pool.query<{ state: string }>('select state from audit.target')
      return rows[0]?.state === 'up'
    }
    await eventually(isUp, 60_000)
    const connections = repository.connections()
    await repository.stop()
    await repository.start()
    await eventually(async () => repository.connections() > connections, 30_000)
    await eventually(async () => !(await isUp()), 10_000)
  }
}

let isRestarting = true
const restarting = restartTwice().finally(() => {
  isRestarting = false
})
let meanwhile = 0
while (isRestarting) meanwhile += await transactions(server, AT_ONCE)
await restarting
answered += meanwhile

const firstArrivals = (): readonly string[] => [...new Set(repository.arrived.map(({ uuid }) => uuid))]

t.test('every sealed event arrived, in the order of the seals (P9)', async (t) => {
  const sealed = async (): Promise<readonly string[]> =>
    (
      await server.pool.query<{ event_uuid: string }>(
        'select e.event_uuid from audit.seal s join audit.event e on e.event_id = s.event_id and e.at = s.event_at order by s.position',
      )
    ).rows.map(({ event_uuid }) => event_uuid)
  const unsealed = async () => (await server.pool.query('select 1 from audit.unsealed limit 1')).rowCount
  const isThere = await eventually(async () => {
    // In this order: what is sealed between two looks would be missed.
    if ((await unsealed()) !== 0) return false
    const wanted = await sealed()
    const there = new Set(firstArrivals())
    return wanted.every((uuid) => there.has(uuid))
  }, 60_000)
  const wanted = await sealed()
  const arrived = firstArrivals()
  t.ok(isThere, `${wanted.length} sealed, ${arrived.length} arrived`)
  // An event may have given a further message for a further patient, behind its own.
  const own = new Set(wanted)
  t.same(
    arrived.filter((uuid) => own.has(uuid)),
    wanted,
  )
  t.ok(
    meanwhile > AT_ONCE && answered === 2 * AWAY + meanwhile && wanted.length > answered,
    `${answered} transactions were answered`,
  )
  t.ok(repository.connections() >= 3, 'it was restarted twice while records came')
  t.comment(`${repository.arrived.length} records came over ${repository.connections()} connections`)
})

t.test('3.20.4.1: no answered transaction is without its record', async (t) => {
  const { rows } = await server.pool.query<{ missing: number }>(
    `select count(*)::int as missing from journal.exchange j
     where j.transaction = 'ITI-45' and not exists (select from audit.event e where e.exchange_id = j.exchange_id)`,
  )
  t.same(rows, [{ missing: 0 }])
  const queries = repository.arrived.filter(({ xml }) => xml.includes('csd-code="ITI-45"'))
  t.ok(new Set(queries.map(({ uuid }) => uuid)).size >= answered, 'each query that was answered arrived')
})
