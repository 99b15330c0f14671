// Bytes by facility and month on a real PostgreSQL: counted by index, fixed at the end of a month in Japan (idlink 13 F-4).

import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import t from 'tap'
import { fees } from '../../../profiles/storeclient/fees.ts'
import { createStorageGauge, createUsageReader, fixMonths } from '../../../src/db/storeclient/usage.ts'
import { usageOf } from '../../../src/storeclient/contract/usage.ts'
import { openDatabase } from '../database.ts'

const pool = await openDatabase(t, 4)
const GB = 1_000_000_000

async function facility(id: string, createdAt: string): Promise<void> {
  await pool.query(
    `insert into access.facility (facility_id, oid, name, kind, created_at) values ($1, $1, $1, 'store-client', $2)`,
    [id, createdAt],
  )
}

let documents = 0
async function store(facilityId: string, bytes: number, at: string): Promise<void> {
  documents += 1
  await pool.query(
    `insert into repository.document (unique_id, size_bytes, sha1, sha256, file_key, stored_at, facility_id)
     values ($1, $2, '', '', $1, $3, $4)`,
    [`2.25.${documents}`, bytes, at, facilityId],
  )
}

const usage = async (now: string, month: string, facilityId: string) => {
  const [figures] = await createUsageReader(pool, () => new Date(now)).figures({ month, facilityId })
  return figures === undefined ? undefined : usageOf(figures, fees)
}

t.test('passed on 21 April, fixed at the end of April in Japan, charged from May (F-4)', async (t) => {
  await facility('pharmacy', '2026-03-10T00:00:00+09:00')
  await store('pharmacy', 4.9 * GB, '2026-03-20T12:00:00+09:00')
  await store('pharmacy', 0.2 * GB, '2026-04-21T12:00:00+09:00')
  await store('pharmacy', 6 * GB, '2026-05-01T00:00:00+09:00')
  t.match(await usage('2026-05-01T00:00:00+09:00', '2026-04', 'pharmacy'), undefined, 'not fixed yet')
  t.equal(await fixMonths(pool, new Date('2026-04-30T23:59:59+09:00')), 1, 'March only')
  const early = await usage('2026-05-01T00:05:00+09:00', '2026-05', 'pharmacy')
  t.match(
    early,
    { formerBytes: 5.1 * GB, feeYen: 2980 },
    'charged from the 1st, though April is fixed some minutes later',
  )
  t.equal(await fixMonths(pool, new Date('2026-05-01T00:10:00+09:00')), 1)
  t.equal(await fixMonths(pool, new Date('2026-05-01T01:10:00+09:00')), 0, 'once')
  t.match(await usage('2026-05-02T00:00:00+09:00', '2026-03', 'pharmacy'), { feeYen: 0, nextFeeYen: 0, isFixed: true })
  t.match(await usage('2026-05-02T00:00:00+09:00', '2026-04', 'pharmacy'), {
    bytes: 5.1 * GB,
    documents: 2,
    feeYen: 0,
    nextFeeYen: 2980,
    warnings: ['step-begun'],
  })
  t.match(await usage('2026-05-02T00:00:00+09:00', '2026-05', 'pharmacy'), {
    bytes: 11.1 * GB,
    isFixed: false,
    feeYen: 2980,
    nextFeeYen: 5960,
  })
})

t.test('what is fixed stays, and what is removed is not charged the month after', async (t) => {
  await pool.query(`delete from repository.document where facility_id = 'pharmacy'`)
  await fixMonths(pool, new Date('2026-06-01T00:10:00+09:00'))
  t.match(await usage('2026-06-02T00:00:00+09:00', '2026-04', 'pharmacy'), { bytes: 5.1 * GB })
  t.match(await usage('2026-06-02T00:00:00+09:00', '2026-06', 'pharmacy'), { bytes: 0, feeYen: 0 })
})

t.test('one facility whose figure cannot be had keeps no other from being charged (F-4)', async (t) => {
  await facility('a-broken', '2026-04-01T00:00:00+09:00')
  await facility('b-next', '2026-04-01T00:00:00+09:00')
  await store('b-next', 5, '2026-04-02T00:00:00+09:00')
  // Its sum is no number of the database; a facility whose count takes longer than a statement may fails alike.
  for (const _ of [1, 2]) await store('a-broken', Number.MAX_SAFE_INTEGER, '2026-04-02T00:00:00+09:00')
  await pool.query(`update repository.document set size_bytes = 9223372036854775807 where facility_id = 'a-broken'`)
  await t.rejects(fixMonths(pool, new Date('2026-05-01T00:10:00+09:00')), 'who runs it hears that something is left')
  t.match(await usage('2026-05-02T00:00:00+09:00', '2026-04', 'b-next'), { bytes: 5, isFixed: true })
  await pool.query(`delete from repository.document where facility_id = 'a-broken'`)
  await fixMonths(pool, new Date('2026-05-01T01:10:00+09:00'))
  t.match(await usage('2026-05-02T00:00:00+09:00', '2026-04', 'a-broken'), { bytes: 0 }, 'tried again')
})

t.test('of a facility with several months to fix one that cannot be had keeps no other open (F-4)', async (t) => {
  await facility('long-open', '2026-01-01T00:00:00+09:00')
  await store('long-open', 7, '2026-01-02T00:00:00+09:00')
  for (const _ of [1, 2]) await store('long-open', Number.MAX_SAFE_INTEGER, '2026-03-02T00:00:00+09:00')
  await pool.query(
    `update repository.document set size_bytes = 9223372036854775807 where facility_id = 'long-open' and size_bytes > 7`,
  )
  await t.rejects(fixMonths(pool, new Date('2026-04-01T00:10:00+09:00')))
  t.match(await usage('2026-05-02T00:00:00+09:00', '2026-02', 'long-open'), { bytes: 7, isFixed: true })
  await pool.query(`delete from repository.document where facility_id = 'long-open' and size_bytes > 7`)
  t.equal(await fixMonths(pool, new Date('2026-04-01T01:10:00+09:00')), 1, 'the month that was left')
})

t.test('superseded and cancelling messages are stored too, and facilities do not pay for one another', async (t) => {
  await facility('other', '2026-05-01T00:00:00+09:00')
  await store('other', 100, '2026-05-02T00:00:00+09:00')
  await pool.query(
    `insert into registry.superseded (series_id, person_key, version, reason, sha256, content, facility_id, size_bytes)
     values (gen_random_uuid(), 1, '', 'delete', '', 'x', 'other', 20)`,
  )
  const ofOther = await usage('2026-05-03T00:00:00+09:00', '2026-05', 'other')
  t.match(ofOther, { bytes: 120, documents: 2 })
  t.equal(ofOther?.formerBytes, undefined, 'a facility that was not there has no month before')
  const gauge = createStorageGauge(pool)
  t.equal(await gauge('other', 1_000_000), 120)
  await store('other', 30, '2026-05-04T00:00:00+09:00')
  t.equal(await gauge('other', 1_000_000), 120, 'remembered while far from the limit')
  t.equal(await gauge('nobody', 10), 0)
})

t.test('near its quota what a facility stores is counted once for all pushes that come together', async (t) => {
  await facility('many', '2026-05-01T00:00:00+09:00')
  await store('many', 95, '2026-05-02T00:00:00+09:00')
  let counts = 0
  const query = (statement: pg.QueryConfig) => {
    counts += 1
    return pool.query(statement)
  }
  const gauge = createStorageGauge(Object.assign(Object.create(pool), { query }))
  const together = () => Promise.all(Array.from({ length: 20 }, () => gauge('many', 100)))
  t.same(new Set(await together()), new Set([95]))
  t.equal(counts, 1)
  await store('many', 3, '2026-05-03T00:00:00+09:00')
  // A figure near the quota is good for a second.
  await delay(1100)
  t.same(new Set(await together()), new Set([98]))
  t.equal(counts, 2)
})

t.test(
  'a month is charged by what the facility was at its end; who left pays no month after (F-1, F-3, F-4)',
  async (t) => {
    const june = '2026-06-10T00:00:00+09:00'
    for (const id of ['turned', 'left']) {
      await facility(id, '2026-03-01T00:00:00+09:00')
      await store(id, 6 * GB, '2026-03-20T00:00:00+09:00')
    }
    await fixMonths(pool, new Date('2026-06-01T00:10:00+09:00'))
    await pool.query(`update access.facility set kind = 'gateway' where facility_id = 'turned'`)
    await pool.query(
      `insert into access.revision (subject, subject_id, at, by, changed) values
       ('facility', 'turned', '2026-04-30T23:59:59+09:00', 'x', '{"kind": {"from": "store-client", "to": "manual"}}'),
       ('facility', 'turned', '2026-05-20T00:00:00+09:00', 'x', '{"kind": {"from": "manual", "to": "gateway"}}'),
       ('facility', 'turned', '2026-05-21T00:00:00+09:00', 'x', '{"phone": {"from": null, "to": "03"}}')`,
    )
    t.match(await usage(june, '2026-04', 'turned'), { kind: 'manual', feeYen: 2980, nextFeeYen: 2980 })
    t.match(await usage(june, '2026-05', 'turned'), {
      kind: 'gateway',
      formerKind: 'manual',
      feeYen: 2980,
      nextFeeYen: 0,
    })
    t.match(await usage(june, '2026-06', 'turned'), { kind: 'gateway', feeYen: 0, nextFeeYen: 0 })
    await pool.query(
      `insert into access.facility_status (facility_id, status, set_at, set_by) values
       ('left', 'suspended', '2026-03-25T00:00:00+09:00', 'x'), ('left', 'ended', '2026-04-30T23:59:59+09:00', 'x')`,
    )
    t.match(await usage(june, '2026-03', 'left'), { feeYen: 0, nextFeeYen: 2980 }, 'suspended it goes on to pay')
    t.match(
      await usage(june, '2026-04', 'left'),
      { feeYen: 2980, nextFeeYen: 0, warnings: [] },
      'the month is charged whole',
    )
    t.match(await usage(june, '2026-05', 'left'), { feeYen: 0, nextFeeYen: 0, warnings: [] })
    t.match(
      await usage(june, '2026-06', 'left'),
      { feeYen: 0, nextFeeYen: 0, bytes: 6 * GB },
      'what it stored is there still',
    )
  },
)
