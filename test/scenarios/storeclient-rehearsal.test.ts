// What a vendor rehearses with: invented messages of every kind, pushed as a folder, are all accepted and leave what their senders meant.

import t from 'tap'
import { documentKey, episode, everyKind, LONGEST_EPISODE, openHistory } from '../../src/cli/bench/messages/episode.ts'
import { type InventedMessage, messageBytes } from '../../src/cli/bench/messages/message.ts'
import { demoCast } from '../../src/cli/bench/messages/patients.ts'
import { openDesk } from '../../src/cli/bench/messages/scene.ts'
import { moment } from '../../src/cli/bench/messages/time.ts'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { startScenario } from './harness.ts'

t.setTimeout(300_000)

const START = moment(2025, 4, 1)
const scenario = await startScenario(t)
const { sender, patients } = await demoCast('hospital-a')

const [first, second] = patients
if (first === undefined || second === undefined) throw new Error('the demo network has two patients who consent')

async function sendAll(messages: readonly InventedMessage[]): Promise<readonly string[]> {
  const connection = await scenario.mllp('hospital-a')
  const refusals: string[] = []
  try {
    for (const one of messages) {
      const { code, errors } = readAck(await connection.send(messageBytes(one, 'ISO-2022-JP')))
      if (code === 'AA') continue
      const [error] = errors
      refusals.push(
        `${one.kind} ${one.type.trigger} ${one.action}: ${code} ${error?.code} ${error?.application} ${error?.location} ${error?.diagnostic}`,
      )
    }
  } finally {
    await connection.close()
  }
  return refusals
}

/** Kinds and how many documents of each are current for the patient. */
async function current(localId: string): Promise<Readonly<Record<string, number>>> {
  const { rows } = await scenario.pool.query<{ kind: string; count: number }>(
    `select s.kind, count(*)::int as count from registry.series s
     join registry.document_entry e on e.entry_uuid = s.current_entry and e.status like '%Approved'
     join identity.identifier i on i.person_key = e.person_key and i.value = $1
     group by s.kind`,
    [localId],
  )
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]))
}

/** What grows with the messages of a network. Upkeep reads others from end to end at its own times, tables of one row and empty partitions. */
const GROWING = `schemaname in ('registry', 'repository')
  or schemaname || '.' || relname in ('identity.identifier', 'identity.identifier_history', 'identity.person', 'journal.idempotency', 'journal.withheld')`

/** Tables that grow and have been read from end to end, and how often; every session tells at most once a second. */
async function readThrough(): Promise<ReadonlyMap<string, number>> {
  await scenario.pool.query('select pg_stat_force_next_flush()')
  const { rows } = await scenario.pool.query<{ name: string; scans: number }>(
    `select schemaname || '.' || relname as name, seq_scan::int as scans from pg_stat_user_tables where ${GROWING}`,
  )
  return new Map(rows.map(({ name, scans }) => [name, scans]))
}

/** Documents of one kind that live on after all messages, by the newest one of each. */
function expected(messages: readonly InventedMessage[]): Readonly<Record<string, number>> {
  const newest = new Map<string, InventedMessage>()
  for (const one of messages) {
    const former = newest.get(documentKey(one))
    if (former === undefined || former.sentAt <= one.sentAt) newest.set(documentKey(one), one)
  }
  const counts: Record<string, number> = {}
  for (const { kind, action } of newest.values())
    if (action !== 'cancel' && !OTHERWISE.has(kind)) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

/** Documents whose numbers replace each other; the demo network has sent newer demographics itself. */
const OTHERWISE = new Set(['DOC', 'FILE', 'NOTE', 'ADT-00'])

function added(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const changes = Object.entries(after).map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const)
  return Object.fromEntries(changes.filter(([, count]) => count !== 0))
}

t.test('every kind with its changes and cancels is accepted, and what was not cancelled is current', async (t) => {
  const messages = everyKind(openHistory(openDesk(sender, { seed: 1, series: '900000' }), first), START)
  const before = await current(first.localId)
  const scans = await readThrough()
  t.same(await sendAll(messages), [])
  const again = [...(await readThrough())].filter(([name, count]) => count > (scans.get(name) ?? 0))
  t.same(again, [], 'however much is stored, no push reads a table from end to end')
  const now = added(before, await current(first.localId))
  t.match(now, expected(messages))
  // A summary and a letter, a pathway, two visits with a note to others each: each replaced once.
  t.match(now, { DOC: 2, FILE: 1, NOTE: 4 })
})

t.test('what is sent twice adds nothing, what comes late does not become current', async (t) => {
  const history = openHistory(openDesk(sender, { seed: 4, series: '910000' }), second)
  const messages = Array.from({ length: 5 }, (_, index) => episode(history, START + index * LONGEST_EPISODE)).flat()
  t.ok(new Set(messages).size < messages.length, 'some are sent twice')
  const before = await current(second.localId)
  t.same(await sendAll(messages), [])
  const now = added(before, await current(second.localId))
  t.match(now, expected(messages))
})
