// Changes by an operator that touch a row of every patient: they may take longer than an everyday statement, or they never succeed (reliability: database errors).

import t from 'tap'
import { partners } from '../../src/db/access/partners.ts'
import { endExpired } from '../../src/db/discovery-store.ts'
import { createSynchronisationStore } from '../../src/db/synchronisation/administration.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import { openDatabase } from './database.ts'

const pool = await openDatabase(t, 4)
const change = { by: 'admin', peer: '127.0.0.1:1', operation: 'test' }
await pool.query(`
  insert into access.facility (facility_id, oid, name, kind) values ('east', '2.25.1', '東部', 'viewing');
  insert into access.partner (facility_id, community, added_by, identity, pix_url, discovery_url)
  values ('east', '2.25.77', 'admin', 'pix', 'https://localhost:1/', 'https://localhost:1/');
  insert into identity.synchronised (facility_id, domain, value, state) values ('east', '2.25.9', '1', 'fed');
  insert into identity.person default values;
  insert into identity.correlation (facility_id, person_key, side, home, domain, value, exchange_id, expires_at)
  select 'east', person_key, side, '2.25.77', '2.25.78', side, gen_random_uuid(), now() + interval '1 year'
  from identity.person, unnest(array['theirs', 'ours']) as side`)
// What each statement that changes a row of every patient may take, as it is when it does.
await pool.query(`
  create table public.allowed (for_table text, statement_timeout text);
  create function public.note_allowed() returns trigger language plpgsql as
  $$ begin insert into public.allowed values (tg_table_name, current_setting('statement_timeout')); return null; end $$;
  create trigger noted after update on identity.synchronised for each statement execute function public.note_allowed();
  create trigger noted after update on identity.correlation for each statement execute function public.note_allowed()`)

async function allowed(): Promise<readonly object[]> {
  const { rows } = await pool.query(
    'with gone as (delete from public.allowed returning *) select distinct * from gone order by 1, 2',
  )
  return rows
}

t.test('an index that goes on is asked about everybody (docs/federation.md)', async (t) => {
  const store = createSynchronisationStore(pool, '2.25.9' as Oid)
  t.equal(await store.resume('east', change), 'changed')
  t.same(await allowed(), [{ for_table: 'synchronised', statement_timeout: '2min' }])
})

t.test('what ran out while nobody looked is ended in parts, each within its time (docs/federation.md)', async (t) => {
  const ranOut = 7000
  await pool.query(
    `insert into identity.correlation (facility_id, person_key, side, home, exchange_id, expires_at)
     select 'east', person_key, 'theirs', '2.25.77', gen_random_uuid(), now() - interval '1 day'
     from identity.person, generate_series(1, $1::int)`,
    [ranOut],
  )
  await pool.query(`
    create table public.ended (at_once bigint);
    create function public.note_ended() returns trigger language plpgsql as
    $$ begin insert into public.ended select count(*) from ended; return null; end $$;
    create trigger ended after update on identity.correlation referencing new table as ended
      for each statement execute function public.note_ended()`)
  t.equal(await endExpired(pool), ranOut)
  const { rows } = await pool.query('select max(at_once)::int as most, sum(at_once)::int as all from public.ended')
  t.equal(rows[0].all, ranOut)
  t.ok(rows[0].most < ranOut, `${rows[0].most} at once`)
  await pool.query('drop trigger ended on identity.correlation')
  await allowed()
})

t.test('a community that is paused or removed loses what was learned of everybody (docs/federation.md)', async (t) => {
  t.equal(await partners(pool).editPartner('east', { status: 'paused' }, change), 'changed')
  t.same(await allowed(), [{ for_table: 'correlation', statement_timeout: '2min' }])
  t.equal(await partners(pool).removePartner('east', change), 'changed')
  t.same(await allowed(), [{ for_table: 'correlation', statement_timeout: '2min' }])
  const { rows } = await pool.query('select side from identity.correlation where ended_at is null')
  t.same(rows, [])
})
