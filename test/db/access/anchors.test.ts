// When doors read their authorities anew: with every change, and when one begins or ends by its dates (docs/adr/0026).

import t from 'tap'
import { anchorsVersion, loadAnchors } from '../../../src/db/access/anchors.ts'
import { openDatabase } from '../database.ts'

const pool = await openDatabase(t, 4)

const labels = async (): Promise<string> => (await loadAnchors(pool)).map(({ label }) => label).join(' ')

async function anchor(label: string, [from, to]: readonly [from: string, to: string | null]): Promise<void> {
  await pool.query(
    `insert into access.trust_anchor (label, fingerprint, pem, subject, not_before, not_after, valid_from, valid_to, added_by)
     values ($1, $1, 'PEM', 'CN=CA', now() - interval '9 days', now() + interval '9 days', now() + $2::interval, now() + $3::interval, 'test')`,
    [label, from, to],
  )
}

t.test('one authority follows another at the same moment, as many as before', async (t) => {
  await anchor('former', ['-2 days', '1 day'])
  await anchor('next', ['1 day', null])
  const before = await anchorsVersion(pool)
  t.equal(await labels(), 'former')
  // Two days go by; nobody changes anything.
  await pool.query(
    `update access.trust_anchor set valid_from = valid_from - interval '2 days', valid_to = valid_to - interval '2 days'`,
  )
  t.equal(await labels(), 'next')
  t.not(await anchorsVersion(pool), before, 'the doors read them anew')
})

t.test('a removal that is committed after a later change is felt, too', async (t) => {
  await anchor('removed', ['-1 day', null])
  const [removing, changing] = [await pool.connect(), await pool.connect()]
  const touch = `version = nextval('access.trust_anchor_version')`
  try {
    await removing.query('begin')
    await removing.query(`update access.trust_anchor set removed_at = now(), ${touch} where label = 'removed'`)
    await changing.query(`update access.trust_anchor set ${touch} where label = 'next'`)
    const before = await anchorsVersion(pool)
    t.equal(await labels(), 'next removed')
    await removing.query('commit')
    t.equal(await labels(), 'next')
    t.not(await anchorsVersion(pool), before)
  } finally {
    removing.release()
    changing.release()
  }
})
