// The keeper on a real database: blocks in bounded memory, sealed, found by the id of an exchange (docs/adr/0035).

import t from 'tap'
import { createKeeper, type KeeperOptions } from '../../../src/db/journal/keeper.ts'
import { findKept } from '../../../src/db/journal/messages.ts'
import { execute, query, sql } from '../../../src/db/sql.ts'
import type { KeptMessage } from '../../../src/journal/kept-message.ts'
import { newJournalId } from '../../../src/model/journal-id.ts'
import { newKeyLine, parseKeyRing } from '../../../src/model/seal.ts'
import { openDatabase } from '../database.ts'

const KIB = 1024
const NAME = 'TSUNAGI^TARO'

function message(exchangeId: string, bytes = Buffer.from(`PID|||1||${NAME}\r`)): KeptMessage {
  return { exchangeId, direction: 'request', sizeBytes: bytes.length, bytes, isWhole: true, parts: [] }
}

t.test('the keeper', async (t) => {
  const pool = await openDatabase(t, 4)
  const keys = parseKeyRing(newKeyLine())
  const lost: number[] = []
  const open = (given: Partial<KeeperOptions> = {}) =>
    createKeeper({
      pool,
      keys,
      keeping: 'all',
      limits: { messageBytes: 1024 * KIB, partBytes: 64 * KIB },
      lost: (messages) => void lost.push(messages),
      ...given,
    })

  await t.test('request and answer are found by the id of their exchange, in this order', async (t) => {
    const keeper = open()
    const ids = Array.from({ length: 300 }, () => newJournalId())
    for (const id of ids) {
      keeper.keep({ ...message(id), direction: 'answer' })
      keeper.keep(message(id))
    }
    await keeper.flush()
    for (const id of ids.filter((_, index) => index % 50 === 0))
      t.same(await findKept(pool, keys, id), [message(id), { ...message(id), direction: 'answer' }])
    t.match(keeper.state(), { waitingBytes: 0, kept: 600, notKept: 0 })
    t.same(await findKept(pool, keys, newJournalId()), [], 'another id')
    t.same(await findKept(pool, keys, '00000000-0000-4000-8000-000000000000'), [], 'an id without a time')
    t.same(await findKept(pool, keys, 'nonsense'), [])
  })

  await t.test('exchanges that began long before lie apart, and are found', async (t) => {
    const keeper = open()
    const [long, short] = [newJournalId(Date.now() - 3_600_000), newJournalId()]
    keeper.keep(message(long))
    keeper.keep(message(short))
    await keeper.flush()
    t.same(await findKept(pool, keys, long), [message(long)])
    t.same(await findKept(pool, keys, short), [message(short)])
    const spans = await query<{ wide: boolean }>(
      pool,
      sql`select first_exchange <> last_exchange as wide from journal.kept where ${short}::uuid between first_exchange and last_exchange`,
    )
    t.same(spans, [{ wide: false }])
  })

  await t.test('nothing of a message can be read in the database, nor opened without its key', async (t) => {
    const keeper = open()
    const id = newJournalId()
    keeper.keep(message(id))
    await keeper.flush()
    const rows = await query<{ sealed: Buffer }>(pool, sql`select sealed from journal.kept`)
    t.notOk(rows.some(({ sealed }) => sealed.includes('TSUNAGI')))
    await t.rejects(findKept(pool, parseKeyRing(newKeyLine()), id), /no key/)
    await execute(pool, sql`update journal.kept set sealed = set_byte(sealed, 40, 255 - get_byte(sealed, 40))`)
    await t.rejects(findKept(pool, keys, id), Error, 'a changed block')
    await execute(pool, sql`delete from journal.kept`)
  })

  await t.test('memory is bounded: the fuller it is, the smaller what is still kept, and nobody waits', async (t) => {
    const keeper = open({ memoryBytes: 8192 * KIB, limits: { messageBytes: 4096 * KIB, partBytes: 0 } })
    const blocker = await pool.connect()
    await blocker.query('begin')
    await blocker.query('lock table journal.kept in access exclusive mode')
    const large = Buffer.alloc(3200 * KIB, 'x')
    const ids = Array.from({ length: 4 }, () => newJournalId())
    for (const id of ids) keeper.keep(message(id, large))
    keeper.keep(message(newJournalId()))
    t.equal(keeper.state().notKept, 2, 'kept are the first ones, and a small one')
    t.ok(keeper.state().waitingBytes <= 8192 * KIB)
    await blocker.query('rollback')
    blocker.release()
    await keeper.flush()
    t.match(keeper.state(), { kept: 3, notKept: 2, waitingBytes: 0 })
    const [cut] = await findKept(pool, keys, ids[0] ?? '')
    t.match(cut, { isWhole: false, sizeBytes: large.length }, 'never more than a quarter of the memory')
    t.equal(cut?.bytes.length, 2048 * KIB)
    keeper.keep(message(newJournalId(), large))
    await keeper.flush()
    t.match(keeper.state(), { kept: 4, notKept: 2 }, 'room again')
  })

  await t.test('what the database refuses for good is counted, and the next block is written', async (t) => {
    const keeper = open()
    await execute(pool, sql`alter table journal.kept add constraint no_more check (messages <> 2)`)
    keeper.keep(message(newJournalId()))
    keeper.keep(message(newJournalId()))
    await keeper.flush()
    t.same(lost, [2])
    await execute(pool, sql`alter table journal.kept drop constraint no_more`)
    keeper.keep(message(newJournalId()))
    await keeper.stop()
    t.match(keeper.state(), { kept: 1, notKept: 2, waitingBytes: 0 })
  })
})
