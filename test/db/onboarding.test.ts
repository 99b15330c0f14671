// Invitations and first steps on PostgreSQL: what fails leaves nothing, and the checklist stays cheap at size (style 2.9: an explain test).

import t from 'tap'
import { WATCHED_TRANSACTIONS } from '../../src/access/onboarding/checklist.ts'
import { createInvitationStore } from '../../src/db/access/invitations.ts'
import { createProgressStore } from '../../src/db/access/progress.ts'
import { openDatabase } from './database.ts'
import { explaining, type Node, rowsRead, scannedTables } from './explaining.ts'

t.setTimeout(120_000)

const pool = await openDatabase(t, 4)
await pool.query(`
  insert into access.facility (facility_id, oid, name, kind) values ('f', '2.25.1', '想像病院', 'store-client');
  insert into access.system (system_id, facility_id, roles) values ('busy', 'f', '{store-client}'), ('quiet', 'f', '{store-client}');
  insert into journal.exchange (exchange_id, at, door, endpoint, transaction, system_id, peer, patients, result, error_codes, errors, duration_ms, request_bytes)
  select gen_random_uuid(), timestamptz '2026-04-01' + n * interval '1 second', 'https', '/x',
    case when n % 3 = 0 then 'ITI-18' else 'StoreClient' end, 'busy', 'p', '{}', case when n % 50 = 0 then 'failure' else 'success' end, '{}',
    case when n % 50 = 0 then '[{"code": "BUSY", "at": "PID-3"}]'::jsonb else '[]' end, 1, 1
  from generate_series(1, 60000) n;
  analyze journal.exchange;
`)
const change = { by: 'test', peer: 'test', operation: 'test' }
const attempt = { secretDigest: 'd', keyDigest: 'k', peer: 'p' }

t.test('the first steps of a system with many exchanges and of one with none, by index', async (t) => {
  for (const systemId of ['busy', 'quiet']) {
    const plans: Node[] = []
    const progress = await createProgressStore(explaining(pool, plans)).progress(systemId, WATCHED_TRANSACTIONS)
    t.equal(progress?.system.facilityName, '想像病院')
    t.ok(plans.length > 0)
    for (const plan of plans) {
      const ofNetworkSize = scannedTables(plan).filter((table) => table !== 'domain')
      t.strictSame(ofNetworkSize, [], 'no table is read through but that of the domains')
      t.ok(rowsRead(plan) < 20, `${rowsRead(plan)} rows`)
    }
  }
  const busy = await createProgressStore(pool).progress('busy', WATCHED_TRANSACTIONS)
  t.match(busy?.firsts.map(({ transaction, result }) => `${transaction} ${result}`).sort(), [
    'ITI-18 failure',
    'ITI-18 success',
    'StoreClient failure',
    'StoreClient success',
  ])
  t.match(busy?.lastRefusal, { transaction: 'ITI-18', errors: [{ code: 'BUSY', at: 'PID-3' }] })
  t.equal(await createProgressStore(pool).progress('nobody', WATCHED_TRANSACTIONS), undefined)
})

t.test('whatever breaks while a certificate is signed leaves the invitation as it was', async (t) => {
  const store = createInvitationStore(pool)
  const created = await store.create({ systemId: 'quiet', days: 1 }, 'd', change)
  const stateOf = async () => (typeof created === 'string' ? created : (await store.find(created.invitationId))?.state)
  await t.rejects(
    store.redeem(attempt, async () => {
      throw new Error('the power went')
    }),
    /the power went/,
  )
  t.equal(await stateOf(), 'open')
  t.equal((await pool.query('select 1 from access.client_certificate')).rowCount, 0)
})

t.test('a withdrawal waits for a redeeming that is under way, and finds it done', async (t) => {
  const store = createInvitationStore(pool)
  const certificate = {
    ...{ fingerprint: 'AA:BB', serial: '01', subject: 's', issuer: 'i', san: [], pem: 'PEM', keyHash: 'k' },
    notBefore: new Date(),
    notAfter: new Date(Date.now() + 86_400_000),
  }
  let signing = (): void => {}
  const isSigning = new Promise<void>((resolve) => {
    signing = resolve
  })
  let finish = (): void => {}
  const mayFinish = new Promise<void>((resolve) => {
    finish = resolve
  })
  const redeeming = store.redeem(attempt, async () => {
    signing()
    await mayFinish
    return { certificate, chainPem: 'CHAIN' }
  })
  await isSigning
  const [open] = await store.list()
  const withdrawing = store.withdraw(open?.invitationId ?? '', change)
  finish()
  t.match(await redeeming, { kind: 'issued', certificatePem: 'PEM', chainPem: 'CHAIN' })
  t.equal(await withdrawing, 'conflict')
  t.match(await store.redeem(attempt, async () => ({ certificate, chainPem: '' })), {
    kind: 'again',
    chainPem: 'CHAIN',
  })
})

t.test(
  'a refusal writes nothing to the invitation, so that no wait for the disk tells it from an unknown one',
  async (t) => {
    const store = createInvitationStore(pool)
    // A lock would stand in xmax.
    const rowOf = async () =>
      (await pool.query(`select xmin, xmax from access.invitation where secret_digest = 'd'`)).rows
    const before = await rowOf()
    const sign = async () => {
      throw new Error('nothing is signed for a refusal')
    }
    t.match(await store.redeem({ ...attempt, keyDigest: 'other' }, sign), { kind: 'refused', because: 'redeemed' })
    t.match(await store.redeem({ ...attempt, secretDigest: 'x' }, sign), { kind: 'refused', because: 'unknown' })
    t.strictSame(await rowOf(), before)
  },
)
