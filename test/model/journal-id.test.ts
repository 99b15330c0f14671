import t from 'tap'
import { journalIdTime, newJournalId, parseJournalId } from '../../src/model/journal-id.ts'

t.test('a journal id is a UUID of version 7 and begins with its time (RFC 9562, 5.7)', async (t) => {
  const at = Date.UTC(2026, 10, 21, 0, 15, 2, 123)
  const id = newJournalId(at)
  t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  t.equal(journalIdTime(id)?.getTime(), at)
  t.ok(newJournalId(at + 1) > id, 'later ids sort after earlier ones')
  t.not(newJournalId(at), id)
})

t.test('what a person types is taken as it is meant', async (t) => {
  const id = newJournalId()
  t.equal(parseJournalId(` ${id.toUpperCase()} `), id)
  t.equal(parseJournalId('not an id'), undefined)
  t.equal(parseJournalId(`${id}0`), undefined)
  t.equal(journalIdTime('6f1f9f0e-0d4e-4c9b-9a53-0f4f0a1b2c3d'), undefined, 'a random one tells no time')
})
