// What the doors hear of trust anchors: each that begins or ends by its dates, each list that is kept, in whatever order (docs/adr/0026; RFC 5280 6.3).

import t from 'tap'
import { anchorsVersion, keepCrl, loadAnchors } from '../../src/db/access/anchors.ts'
import { openDatabase } from './database.ts'

const pool = await openDatabase(t, 2)
await pool.query(`
  insert into access.trust_anchor (label, fingerprint, pem, subject, not_before, not_after, added_by, valid_from, valid_to)
  values ('former', 'AA', 'former', 'CN=former', now() - interval '1 year', now() + interval '1 year', 'test', now() - interval '1 hour', now() + interval '1 hour'),
         ('next', 'BB', 'next', 'CN=next', now() - interval '1 year', now() + interval '1 year', 'test', now() + interval '1 hour', null)`)

t.test('one authority follows another at the same moment: both are felt', async (t) => {
  const before = await anchorsVersion(pool)
  t.strictSame(
    (await loadAnchors(pool)).map(({ label }) => label),
    ['former'],
  )
  t.equal(await anchorsVersion(pool), before, 'nothing happened')
  // Two hours go by, which nobody writes down.
  await pool.query(
    `update access.trust_anchor set valid_from = valid_from - interval '2 hours', valid_to = valid_to - interval '2 hours'`,
  )
  t.strictSame(
    (await loadAnchors(pool)).map(({ label }) => label),
    ['next'],
  )
  t.not(await anchorsVersion(pool), before)
})

t.test('of two lists that are kept at a time none is missed, whichever is committed last', async (t) => {
  const { rows } = await pool.query<{ anchor_id: string }>(
    `insert into access.trust_anchor (label, fingerprint, pem, subject, not_before, not_after, added_by, crl_source)
     select label, label, label, label, now(), now() + interval '1 year', 'test', 'file' from unnest('{east,west}'::text[]) label returning anchor_id`,
  )
  const [east = '', west = ''] = rows.map((row) => row.anchor_id)
  const list = { raw: Buffer.of(0), thisUpdate: new Date(), nextUpdate: new Date(Date.now() + 3_600_000) }
  const slow = await pool.connect()
  await slow.query('begin')
  await slow.query(
    `update access.trust_anchor set crl_serials = '{A0B}', crl_this_update = $2, crl_next_update = $3, version = nextval('access.trust_anchor_version')
     where anchor_id = $1`,
    [east, list.thisUpdate, list.nextUpdate],
  )
  await keepCrl(pool, west, { ...list, serials: ['C0D'] })
  const known = await anchorsVersion(pool)
  await slow.query('commit')
  slow.release()
  t.not(await anchorsVersion(pool), known)
})

t.test(
  'an authority that revokes two within a second: the second list counts too (RFC 5280 5.1.2.4: whole seconds)',
  async (t) => {
    const { rows } = await pool.query<{ anchor_id: string }>(
      `insert into access.trust_anchor (label, fingerprint, pem, subject, not_before, not_after, added_by, crl_source)
     values ('quick', 'CC', 'quick', 'CN=quick', now(), now() + interval '1 year', 'test', 'file') returning anchor_id`,
    )
    const anchorId = rows[0]?.anchor_id ?? ''
    const dates = { thisUpdate: new Date('2026-01-01T00:00:00Z'), nextUpdate: new Date('2036-01-01T00:00:00Z') }
    const keep = (raw: number, ...serials: readonly string[]) =>
      keepCrl(pool, anchorId, { ...dates, raw: Buffer.of(raw), serials })
    const known = async () => (await loadAnchors(pool)).find(({ label }) => label === 'quick')?.crl?.serials
    t.equal(await keep(1, 'A0B'), true)
    t.equal(await keep(2, 'A0B', 'C0D'), true)
    t.strictSame(await known(), ['A0B', 'C0D'])
    t.equal(await keep(2, 'A0B', 'C0D'), false, 'the same again')
    t.equal(await keep(1, 'A0B'), false, 'the former again')
    t.strictSame(await known(), ['A0B', 'C0D'])
  },
)
