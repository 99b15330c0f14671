// What was only ever added and has lost its use goes by the clock; what is history, or still awaited, stays (docs/adr/0052).

import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { createDiscoveryStore } from '../../src/db/discovery-store.ts'
import { FORGOTTEN } from '../../src/db/forgetting.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import { openDatabase } from './database.ts'
import { explaining, type Node, rowsRead, scannedTables } from './explaining.ts'

t.setTimeout(120_000)

const pool = await openDatabase(t, 3)
const XAD = '2.25.100' as Oid
/** Rows of every table that are too young to go. */
const YOUNG = 5000

await pool.query(`
  insert into access.facility (facility_id, oid, name, kind) values ('clinic', '2.25.1', 'clinic', 'clinic'), ('east', '2.25.2', 'east', 'other');
  insert into access.system (system_id, facility_id, roles) values ('clinic-a', 'clinic', '{consumer}');
  insert into access.partner (facility_id, community, added_by, query_url, retrieve_url, discovery_url, identity)
  values ('east', '2.25.9102', 'test', 'https://east/q', 'https://east/r', 'https://east/d', 'xcpd');
  insert into identity.domain (oid, name, kind) values ('${XAD}', 'XAD', 'community');
  insert into identity.person default values;
  insert into access.staff (staff_id, name, job, registered_by) values ('operator', 'operator', 'operator', 'test');
  insert into access.account (staff_id, kind, salt, hash, cost_n, block_r, parallel_p) values ('operator', 'own', '', '', 1, 1, 1)`)
const { rows: persons } = await pool.query<{ person: string }>(
  'select max(person_key)::text as person from identity.person',
)
const person = persons[0]?.person ?? ''

/** Of a table: rows of these ages in days that go, and rows that stay however old they are; each is named by what it is. */
async function forgets(
  t: Test,
  { what, listed, byIndexOf }: { readonly what: string; readonly listed: string; readonly byIndexOf: string },
): Promise<readonly string[]> {
  await pool.query(`analyze ${byIndexOf}`)
  const one = FORGOTTEN.find((each) => each.what === what)
  if (one === undefined) throw new Error(`nothing forgets ${what}`)
  const plans: Node[] = []
  await one.forget(explaining(pool, plans))
  for (const plan of plans) {
    t.notOk(scannedTables(plan).includes(byIndexOf.split('.')[1] ?? ''), `${byIndexOf} is not read through`)
    t.ok(rowsRead(plan) < 60, `${rowsRead(plan)} rows read`)
  }
  t.equal(await one.forget(pool), 0)
  const { rows } = await pool.query<{ name: string }>(listed)
  return rows.map(({ name }) => name)
}

t.test('an id that a community was told goes 90 days after it ended, one that holds stays', async (t) => {
  await pool.query(
    `insert into identity.correlation (facility_id, person_key, side, home, domain, value, exchange_id, learned_at, expires_at, ended_at, ended_reason)
     select 'east', $1::bigint, 'theirs', '2.25.9102', '2.25.301', value, gen_random_uuid(), now() - interval '3 years', now() - interval '1 year',
            now() - ended::interval, case when ended is null then null else 'expired' end
     from unnest('{holds,hour,89,91,900}'::text[], '{null,1 hour,89 days,91 days,900 days}'::text[]) as r (value, ended)
     union all
     select 'east', $1::bigint, 'theirs', '2.25.9102', '2.25.301', 'young', gen_random_uuid(), now(), now(), now() - interval '2 days', 'expired'
     from generate_series(1, ${YOUNG})`,
    [person],
  )
  t.same(
    await forgets(t, {
      what: 'ids of neighbouring communities that ended',
      byIndexOf: 'identity.correlation',
      listed: `select value as name from identity.correlation where value <> 'young' order by correlation_id`,
    }),
    ['holds', 'hour', '89'],
  )
})

t.test('what ended an hour ago is learned anew beside it, and a question that is open stays for staff', async (t) => {
  await pool.query('delete from identity.correlation')
  await pool.query(
    `insert into identity.identifier (domain, value, person_key, demographics) values ('${XAD}', 'X1', $1, '{"names": [], "addresses": [], "telecoms": []}')`,
    [person],
  )
  const store = createDiscoveryStore(pool, {
    affinityDomain: XAD,
    describe: async () => ({ names: [], addresses: [], telecoms: [] }),
  })
  const learn = async (found: Parameters<typeof store.keep>[0]['found']) => {
    const subject = await store.subjectOf(person)
    if (subject === undefined) throw new Error('nobody to ask about')
    t.equal(
      await store.keep({ facilityId: 'east', subject, exchangeId: randomUUID(), forMs: 3_600_000, found }),
      'kept',
    )
  }
  const id = { value: 'E1', authority: '2.25.301' as Oid }
  await learn({ kind: 'known', id })
  await pool.query(
    `update identity.correlation set ended_at = now() - interval '1 hour', ended_reason = 'expired', expires_at = now() - interval '1 hour'`,
  )
  await learn({ kind: 'known', id })
  for (const { forget } of FORGOTTEN) await forget(pool)
  const { rows } = await pool.query(
    'select ended_at is null as holds from identity.correlation order by correlation_id',
  )
  t.same(rows, [{ holds: false }, { holds: true }])
  await learn({ kind: 'open', reason: 'several', told: ['a', 'b'] })
  await pool.query(
    `update identity.discovery_question set asked_at = now() - interval '300 days', expires_at = now() - interval '299 days'`,
  )
  await pool.query(
    `insert into identity.discovery_question (facility_id, person_key, reason, told, exchange_id, expires_at, ended_at, ended_reason)
     select 'east', $1::bigint, 'several', array[days::text], gen_random_uuid(), now(), now() - days * interval '1 day', 'it was asked again'
     from unnest('{0,89,91,400}'::int[]) days
     union all
     select 'east', $1::bigint, 'several', '{young}', gen_random_uuid(), now(), now() - interval '2 days', 'it was asked again' from generate_series(1, ${YOUNG})`,
    [person],
  )
  t.same(
    await forgets(t, {
      what: 'questions of discovery that ended',
      byIndexOf: 'identity.discovery_question',
      listed: `select array_to_string(told, ',') as name from identity.discovery_question where told <> '{young}' order by question_id`,
    }),
    ['a,b', '0', '89'],
  )
})

t.test('of matching the questions that lost their object go; what waits, and what staff decided, stays', async (t) => {
  await pool.query(
    `insert into identity.review_item (record_a, reason, state, opened_at, decided_at, decided_by, decision)
     select n, state || ' ' || days, state, now() - interval '5 years', case when state in ('open', 'deferred') then null else now() - days * interval '1 day' end, 'x', 'x'
     from (select row_number() over () as n, state, days from unnest('{open,deferred,linked,apart,closed}'::text[]) state, unnest('{1,399,401}'::int[]) days) r
     union all
     select 1000 + n, 'young', 'closed', now(), now(), 'source', 'x' from generate_series(1, ${YOUNG}) n`,
  )
  t.same(
    await forgets(t, {
      what: 'questions of matching that became none',
      byIndexOf: 'identity.review_item',
      listed: `select reason as name from identity.review_item where state = 'closed' and reason <> 'young' order by reason`,
    }),
    ['closed 1', 'closed 399'],
  )
  const { rows } = await pool.query(`select count(*)::int as count from identity.review_item where state <> 'closed'`)
  t.same(rows, [{ count: 12 }])
})

t.test(
  'a revocation list goes 400 days after its end, but never the newest of an authority (RFC 5280 5.2.3)',
  async (t) => {
    await pool.query(
      `insert into access.revocation_list (authority, number, entries_hash, entries, this_update, next_update, der)
     select authority, number, '', 0, now(), now() - days * interval '1 day', ''::bytea
     from (values ('former', 1, 900), ('former', 2, 800), ('own', 1, 500), ('own', 2, 401), ('own', 3, 399), ('own', 4, -7)) as r (authority, number, days)
     union all
     select 'young', n, '', 0, now(), now(), '' from generate_series(1, ${YOUNG}) n`,
    )
    t.same(
      await forgets(t, {
        what: 'revocation lists',
        byIndexOf: 'access.revocation_list',
        listed: `select authority || ' ' || number as name from access.revocation_list where authority <> 'young' order by authority, number`,
      }),
      ['former 2', 'own 3', 'own 4'],
    )
  },
)

t.test('hashes of orders that nobody can use any more, and warnings of certificates that are gone', async (t) => {
  await pool.query(
    `insert into access.pkcs12_order (system_id, code_hash, password_hash, days, form, ordered_by, expires_at)
     select 'clinic-a', days::text, '', 397, 'modern', 'test', now() - days * interval '1 day' from unnest('{-1,399,401}'::int[]) days
     union all select 'clinic-a', 'young ' || n, '', 397, 'modern', 'test', now() from generate_series(1, ${YOUNG}) n`,
  )
  t.same(
    await forgets(t, {
      what: 'orders of PKCS#12',
      byIndexOf: 'access.pkcs12_order',
      listed: `select code_hash as name from access.pkcs12_order where code_hash not like 'young%' order by order_id`,
    }),
    ['-1', '399'],
  )
  await pool.query(
    `insert into access.expiry_warning (fingerprint, days, warned_at) select 'cert', days, now() - days * interval '1 day' from unnest('{1,399,401}'::int[]) days
     union all select 'young ' || n, 60, now() from generate_series(1, ${YOUNG}) n`,
  )
  t.same(
    await forgets(t, {
      what: 'warnings of certificates',
      byIndexOf: 'access.expiry_warning',
      listed: `select days::text as name from access.expiry_warning where fingerprint = 'cert' order by days`,
    }),
    ['1', '399'],
  )
})

t.test('a dry run that nobody confirmed goes in a day, which exchange replayed which stays for 400', async (t) => {
  await pool.query(
    `insert into journal.replay (token_digest, exchange_id, by, outcome, expires_at, replayed_as, replayed_at)
     select convert_to(done || ' ' || hours, 'UTF8'), gen_random_uuid(), 'test', ''::bytea, now() - hours * interval '1 hour',
            case when done = 'done' then gen_random_uuid() end, null::timestamptz
     from unnest('{asked,done}'::text[]) done, unnest('{-1,23,25,9576,9624}'::int[]) hours
     union all
     select convert_to('young ' || n, 'UTF8'), gen_random_uuid(), 'test', '', now(), null, null from generate_series(1, ${YOUNG}) n`,
  )
  const listed = `select convert_from(token_digest, 'UTF8') as name from journal.replay where convert_from(token_digest, 'UTF8') !~ 'young'`
  t.same([...(await forgets(t, { what: 'confirmations of replays', byIndexOf: 'journal.replay', listed }))].sort(), [
    'asked -1',
    'asked 23',
    'done -1',
    'done 23',
    'done 25',
    'done 9576',
  ])
})

t.test('sessions of who never logs on again, and results that nobody reads on', async (t) => {
  await pool.query(
    `insert into access.session (session_hash, staff_id, started_at, ends_at, peer, second_factor, ended_at)
     select convert_to(days || ' ' || ended, 'UTF8'), 'operator', now() - days * interval '1 day', now(), '192.0.2.1', false, case when ended = 'ended' then now() end
     from unnest('{29,31}'::int[]) days, unnest('{ended,open}'::text[]) ended
     union all
     select convert_to('young ' || n, 'UTF8'), 'operator', now(), now(), '192.0.2.1', false, now() from generate_series(1, ${YOUNG}) n`,
  )
  t.same(
    await forgets(t, {
      what: 'sessions',
      byIndexOf: 'access.session',
      listed: `select convert_from(session_hash, 'UTF8') as name from access.session where convert_from(session_hash, 'UTF8') !~ 'young' order by 1`,
    }),
    ['29 ended', '29 open', '31 open'],
    'one that is open is ended first, and its log-off audited',
  )
  await pool.query(
    `insert into identity.open_result (system_id, key, persons, scores, next, page_size, query, domains, used_at)
     select 'clinic-a', hours::text, '{}'::bigint[], '{}'::smallint[], 0, 1, '', '{}'::text[], now() - hours * interval '1 hour' from unnest('{1,23,25}'::int[]) hours
     union all select 'young ' || n, 'young ' || n, '{}', '{}', 0, 1, '', '{}', now() from generate_series(1, ${YOUNG}) n`,
  )
  t.same(
    await forgets(t, {
      what: 'results of demographics queries',
      byIndexOf: 'identity.open_result',
      listed: `select key as name from identity.open_result where key not like 'young%' order by key`,
    }),
    ['1', '23'],
  )
})

t.test('what piled up goes piece by piece, whoever else is at it', async (t) => {
  await pool.query(
    `insert into identity.correlation (facility_id, person_key, side, home, exchange_id, expires_at, ended_at, ended_reason)
     select 'east', $1, 'theirs', '2.25.9102', gen_random_uuid(), now(), now() - interval '2 years', 'expired' from generate_series(1, ${YOUNG})`,
    [person],
  )
  const one = FORGOTTEN.find(({ what }) => what === 'ids of neighbouring communities that ended')
  const all = async (): Promise<readonly number[]> => {
    const counts: number[] = []
    for (let count = await one?.forget(pool); count !== undefined && count > 0; count = await one?.forget(pool))
      counts.push(count)
    return counts
  }
  const counts = (await Promise.all([all(), all()])).flat()
  t.ok(counts.length > 1, `${counts}`)
  t.equal(
    counts.reduce((sum, count) => sum + count, 0),
    YOUNG,
  )
})
