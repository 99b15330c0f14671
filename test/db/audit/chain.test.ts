// The chain on a real database against somebody who may do anything there, triggers or not, but has no key (security d.9; reliability: fault 61).

import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type pg from 'pg'
import t from 'tap'
import { createSigner, keyIdOf } from '../../../src/audit/checkpoint.ts'
import { recordLine } from '../../../src/audit/export.ts'
import { createVerifier, type Finding } from '../../../src/audit/verify/verify.ts'
import { exportChain } from '../../../src/db/audit/chain-export.ts'
import { findCheckpoints, makeCheckpoints } from '../../../src/db/audit/checkpoints.ts'
import { sealAll } from '../../../src/db/audit/sealer.ts'
import { makeMonths } from '../../../src/db/partitions.ts'
import { createPool } from '../../../src/db/pool.ts'
import { jstDay } from '../../../src/model/jst.ts'
import { verifyIndependently } from '../../audit/independent.ts'
import { openDatabase } from '../database.ts'
import { addEvent } from './events.ts'

t.setTimeout(120_000)

const pool = await openDatabase(t, 6)
const { privateKey } = generateKeyPairSync('ed25519')
const publicKey = createPublicKey(privateKey)
const signer = createSigner(privateKey)
const keys = new Map([[keyIdOf(publicKey), publicKey]])
const publicPem = String(publicKey.export({ type: 'spki', format: 'pem' }))

const sign = (now = new Date()) => makeCheckpoints(pool, signer, { now, everyMs: 0 })

let month = 0
/** A month of its own, ten events of which are signed and five are not yet. */
async function newChain(): Promise<string> {
  month += 1
  const chain = `2029-${String(month).padStart(2, '0')}`
  await makeMonths(pool, ['audit.event', 'audit.seal'], new Date(`${chain}-10T00:00:00Z`))
  for (let n = 10; n < 20; n += 1) await addEvent(pool, { at: `${chain}-${n}T01:02:03.456789Z`, patient: `P${n}` })
  await sealAll(pool)
  await sign()
  for (let n = 20; n < 25; n += 1) await addEvent(pool, { at: `${chain}-${n}T01:02:03Z`, reason: 'permit: 同意あり' })
  await sealAll(pool)
  return chain
}

async function linesOf(chain: string): Promise<readonly string[]> {
  const records = await exportChain(pool, { chain }, { community: 'urn:oid:2.25.1', keys: {} })
  const lines: string[] = []
  for await (const record of records ?? []) lines.push(recordLine(record))
  return lines
}

async function findings(chain: string): Promise<readonly Finding[]> {
  const verifier = createVerifier({ keys })
  for await (const record of (await exportChain(pool, { chain }, { community: 'urn:oid:2.25.1', keys: {} })) ?? [])
    verifier.take(record)
  return verifier.end().findings
}

/** As a superuser whom no trigger stops. */
async function tamper(work: (client: pg.PoolClient) => Promise<unknown>): Promise<void> {
  const client = await pool.connect()
  await client.query(`set session_replication_role = replica`)
  await work(client)
  await client.query(`set session_replication_role = origin`)
  client.release()
}

async function eventAt(chain: string, seq: number): Promise<string> {
  const { rows } = await pool.query('select event_id from audit.seal where chain = $1 and seq = $2', [chain, seq])
  return rows[0].event_id
}

t.test('an untouched chain is whole, for a verifier of somebody else too (d.9)', async (t) => {
  const chain = await newChain()
  t.same(await findings(chain), [])
  const lines = await linesOf(chain)
  t.equal(verifyIndependently(lines.join('\n'), publicPem), 'whole')
  t.equal(lines.length, 1 + 1 + 15 + 1, 'header, checkpoint, events, end')
  const spoiled = lines.join('\n').replace('同意あり', '同意なし')
  t.equal(verifyIndependently(spoiled, publicPem), 'hash 11', 'it does look')
})

t.test('one byte of an event changed, and the microsecond of its time (d.9)', async (t) => {
  const chain = await newChain()
  const id = await eventAt(chain, 4)
  await tamper((client) => client.query(`update audit.event set patients = array['P14'] where event_id = $1`, [id]))
  t.match(await findings(chain), [{ kind: 'changed', seq: 4, eventId: id }])
  const other = await newChain()
  const moved = await eventAt(other, 7)
  await tamper(async (client) => {
    await client.query(`update audit.event set at = at + interval '1 microsecond' where event_id = $1`, [moved])
    await client.query(`update audit.seal set event_at = event_at + interval '1 microsecond' where event_id = $1`, [
      moved,
    ])
  })
  t.match(await findings(other), [{ kind: 'changed', seq: 7, eventId: moved }])
})

t.test('an event removed: alone, with its seal, and with the numbers after it closed up (d.9)', async (t) => {
  const chain = await newChain()
  const id = await eventAt(chain, 5)
  await tamper((client) => client.query('delete from audit.event where event_id = $1', [id]))
  t.match(await findings(chain), [{ kind: 'removed', seq: 5, eventId: id }])
  await tamper((client) => client.query('delete from audit.seal where event_id = $1', [id]))
  t.match(await findings(chain), [{ kind: 'removed', seq: 5 }])
  await tamper((client) => client.query('update audit.seal set seq = seq - 1 where chain = $1 and seq > 5', [chain]))
  t.match((await findings(chain))[0], { kind: 'changed', seq: 5 })
})

t.test('the end removed, and the head of the chain set back to hide it (d.9)', async (t) => {
  const chain = await newChain()
  const removeAfter = (seq: number) => async (client: pg.PoolClient) => {
    await client.query(
      'delete from audit.event e using audit.seal s where s.event_id = e.event_id and s.chain = $1 and s.seq > $2',
      [chain, seq],
    )
    await client.query('delete from audit.seal where chain = $1 and seq > $2', [chain, seq])
  }
  await tamper(removeAfter(12))
  t.match(await findings(chain), [{ kind: 'cut', seq: 13 }])
  await tamper(async (client) => {
    await removeAfter(8)(client)
    await client.query(
      `update audit.chain c set seq = s.seq, hash = s.hash from audit.seal s where c.chain = $1 and s.chain = $1 and s.seq = 8`,
      [chain],
    )
  })
  t.match(await findings(chain), [
    { kind: 'cut', seq: 9, words: /checkpoint \d+ of .* reached 10, the chain ends at 8/ },
  ])
})

t.test('two swapped (d.9)', async (t) => {
  const chain = await newChain()
  await tamper((client) =>
    client.query(`update audit.seal set seq = 9 - seq where chain = $1 and seq in (4, 5)`, [chain]),
  )
  t.match((await findings(chain))[0], { kind: 'changed', seq: 4 })
})

t.test('an event put in: past the queue, and with a seal (d.9)', async (t) => {
  const chain = await newChain()
  let id = ''
  await tamper(async (client) => {
    id = await addEvent(client, { at: `${chain}-15T00:00:00Z` })
  })
  t.same(await findings(chain), [], 'of the future: it may be sealed yet')
  const past = '2026-01'
  await tamper(async (client) => {
    id = await addEvent(client, { at: `${past}-15T00:00:00Z` })
  })
  await addEvent(pool, { at: `${past}-16T00:00:00Z` })
  await sealAll(pool)
  t.match(await findings(past), [{ kind: 'unsealed', eventId: id }])
  const sealed = await newChain()
  await tamper(async (client) => {
    await client.query('update audit.seal set seq = seq + 1 where chain = $1 and seq > 3', [sealed])
    const at = `${sealed}-15T00:00:00Z`
    const forged = await addEvent(client, { at })
    await client.query(
      `insert into audit.seal (position, chain, seq, event_id, event_at, hash)
       select position, chain, 4, $2, $3, hash from audit.seal where chain = $1 and seq = 3`,
      [sealed, forged, at],
    )
  })
  t.match(
    (await findings(sealed)).find(({ kind }) => kind === 'changed'),
    { seq: 4 },
  )
})

t.test(
  'an event that waits its turn behind many is no finding; one that nobody will seal, or not for an hour, is (d.9)',
  async (t) => {
    const [minutes, hours] = [10, 70].map((ago) => new Date(Date.now() - ago * 60_000).toISOString()) as [
      string,
      string,
    ]
    const monthOf = (at: string) => jstDay(Date.parse(at)).slice(0, 7)
    await addEvent(pool, { at: minutes })
    await addEvent(pool, { at: hours })
    await sealAll(pool)
    const waiting = await addEvent(pool, { at: minutes })
    const ofMinutes = async () => (await findings(monthOf(minutes))).filter(({ kind }) => kind === 'unsealed')
    t.same(await ofMinutes(), [])
    await tamper((client) => client.query('delete from audit.unsealed where event_id = $1', [waiting]))
    t.match(await ofMinutes(), [{ eventId: waiting }])
    const forgotten = await addEvent(pool, { at: hours })
    const ofHours = (await findings(monthOf(hours))).filter(({ kind }) => kind === 'unsealed')
    t.match(ofHours.at(-1), { eventId: forgotten })
  },
)

t.test('checkpoints forged and removed (d.9)', async (t) => {
  const chain = await newChain()
  await addEvent(pool, { at: `${chain}-26T00:00:00Z` })
  await sealAll(pool)
  const made = await sign()
  const last = made.find((one) => one.chain === chain)
  if (last === undefined) throw new Error('nothing was signed')
  t.same(await findings(chain), [])
  await tamper((client) => client.query('update audit.checkpoint set seq = seq - 1 where number = $1', [last.number]))
  t.match((await findings(chain))[0], { kind: 'checkpoint-forged', checkpoint: last.number })
  await tamper((client) => client.query('delete from audit.checkpoint where number = $1', [last.number]))
  await newChain()
  const after = await findings('2029-01')
  t.same(after, [], 'others are not blamed')
  const witness = await exportChain(pool, { chain }, { community: 'urn:oid:2.25.1', keys: {} })
  const verifier = createVerifier({ keys, witnesses: [last] })
  for await (const record of witness ?? []) verifier.take(record)
  t.match(verifier.end().findings, [{ kind: 'checkpoint-removed', checkpoint: last.number }])
})

t.test('a month is closed by a checkpoint when it is over, and the next goes on from it (d.9)', async (t) => {
  await sealAll(pool)
  await sign()
  t.same(await sign(), [], 'nothing grew: the events about checkpoints alone are no reason')
  const closing = await sign(new Date('2029-02-01T00:00:00Z'))
  const january = closing.find(({ chain }) => chain === '2029-01')
  t.match(january, { closes: true, seq: 15 })
  t.notOk(closing.some(({ chain, closes }) => chain === '2029-02' && closes))
  const all = await findCheckpoints(pool, { after: 0, limit: 1000 })
  t.equal(new Set(all.map(({ number }) => number)).size, all.length)
  const { rows } = await pool.query(
    `select objects->>'alert' as alert from audit.event where type_code = 'audit-checkpoint' order by event_id desc limit 1`,
  )
  t.same(JSON.parse(rows[0].alert), all.at(-1), 'it leaves the house as an event')
})

t.test('without disabling triggers, single months too are append-only (d.9)', async (t) => {
  const refused = /append-only/
  for (const table of [
    'audit.event_2026_11',
    'audit.seal_2026_11',
    'audit.event',
    'audit.seal',
    'audit.checkpoint',
    'audit.event_other',
  ])
    await t.rejects(pool.query(`truncate ${table}`), refused, table)
  await addEvent(pool)
  await sealAll(pool)
  for (const table of ['event', 'seal'])
    for (const name of [`audit.${table}`, `audit.${table}_2026_11`]) {
      await t.rejects(pool.query(`delete from ${name}`), refused, name)
      await t.rejects(pool.query(`update ${name} set event_id = event_id`), refused, name)
    }
})

t.test(
  'with the rights that docs/audit.md gives a server of its own role, it seals and signs, and can change nothing',
  async (t) => {
    const docs = await readFile(new URL('../../../docs/audit.md', import.meta.url), 'utf8')
    const [, grants = ''] = /```sql\n(grant [\s\S]*?)```/.exec(docs) ?? []
    await pool.query('create role tsunagi_server')
    await pool.query(grants)
    const { host, port, user, password, database } = pool.options
    const connection = { host, port, user, password, database, options: '-c role=tsunagi_server' }
    const server = createPool(connection as pg.PoolConfig, 2)
    try {
      await addEvent(server, { at: new Date().toISOString() })
      t.ok((await sealAll(server)) > 0)
      t.ok((await makeCheckpoints(server, signer, { now: new Date(), everyMs: 0 })).length > 0)
      for (const table of ['audit.event', 'audit.seal', 'audit.checkpoint'])
        for (const act of [`delete from ${table}`, `truncate ${table}`, `alter table ${table} disable trigger user`])
          await t.rejects(server.query(act), /permission denied|must be owner/, act)
      await t.rejects(server.query('update audit.seal set seq = 1'), /permission denied/)
    } finally {
      await server.end()
    }
  },
)
