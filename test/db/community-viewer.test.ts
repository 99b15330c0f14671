// What a facility that stands for a neighbouring community is to the access decision (idlink X-4; docs/federation.md).

import t from 'tap'
import { mayFind } from '../../src/access/federation.ts'
import { findViewer } from '../../src/db/access-store.ts'
import { openDatabase } from './database.ts'

const pool = await openDatabase(t, 2)
await pool.query(`
  insert into access.facility (facility_id, oid, name, kind)
  values ('clinic', '2.25.1', 'clinic', 'clinic'), ('east', '2.25.2', 'east', 'other');
  insert into access.facility_union (union_id, name, kind) values ('city', 'city', 'closed');
  insert into access.union_member (union_id, facility_id) values ('city', 'clinic'), ('city', 'east');
  insert into access.partner (facility_id, community, added_by) values ('east', '2.25.9102', 'test')`)

const viewer = async (facilityId: string) => {
  const found = await findViewer(pool, { facilityId, networkMode: 'affinity-domain' })
  if (found === undefined) throw new Error('nobody')
  return found
}
const NOBODY_AGREED = { linked: true, consents: [], emergency: [], stopped: false }

t.test('a network that trusts its systems does not trust those of its neighbours', async (t) => {
  t.equal((await viewer('clinic')).accessMode, 'affinity-domain')
  const east = await viewer('east')
  t.equal(east.accessMode, 'consent')
  t.same(mayFind(east, NOBODY_AGREED).allowed, false)
})

t.test('a union opens nothing to a community: agreements do, as long as they run', async (t) => {
  t.same((await viewer('clinic')).unionFacilities.toSorted(), ['clinic', 'east'])
  t.same((await viewer('east')).unionFacilities, [])
  await pool.query(
    `insert into access.agreement (title, partner_community, direction, valid_from, valid_to, recorded_by)
     values ('test', '2.25.9102', 'both', now() - interval '1 day', now() + interval '1 day', 'test')`,
  )
  t.same((await viewer('east')).unionFacilities.toSorted(), ['clinic', 'east'])
  await pool.query(`update access.partner set status = 'removed'`)
  const removed = await viewer('east')
  t.same([removed.accessMode, removed.unionFacilities], ['consent', []])
})
