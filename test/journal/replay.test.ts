// Replays without a server: what stands in the way, what a confirmation is worth, what counts as the same (docs/adr/0038).

import t from 'tap'
import type { KeptMessage } from '../../src/journal/kept-message.ts'
import { type AskedReplay, type Replayed, replay } from '../../src/journal/replay.ts'
import type { Attempt, Confirmation, Exchanged, ReplayPorts } from '../../src/journal/replay-ports.ts'
import type { CallingSystem } from '../../src/model/caller.ts'

const FORMER: Exchanged = {
  exchangeId: 'former',
  at: new Date('2026-11-21T12:00:00Z'),
  door: 'https',
  endpoint: '/xds/registry',
  transaction: 'ITI-42',
  systemId: 'clinic-b',
  facilityId: 'clinic-b',
  result: 'failure',
  errors: [],
  patients: [],
  documents: [],
}
const MESSAGE: KeptMessage = {
  exchangeId: 'former',
  direction: 'request',
  sizeBytes: 1,
  bytes: Buffer.from('x'),
  isWhole: true,
  parts: [],
}
const ATTEMPT: Attempt = {
  exchange: { ...FORMER, exchangeId: 'new', result: 'success' },
  tables: [
    { table: 'audit.event_2026_11', inserted: 1, updated: 0, deleted: 0 },
    { table: 'journal.idempotency', inserted: 1, updated: 0, deleted: 0 },
    { table: 'registry.document_entry', inserted: 1, updated: 0, deleted: 0 },
  ],
  changes: [{ about: 'document', change: 'registered', uniqueId: '1' }],
  isNamed: true,
}

interface House {
  former?: Exchanged
  kept?: readonly KeptMessage[]
  stored?: ReadonlyMap<string, Buffer>
  system?: 'gone'
  attempt?: Attempt
  nowMs?: number
  /** What happens while the message is performed. */
  meanwhile?: () => void
}

function open() {
  const house: House = {}
  const confirmations = new Map<string, Confirmation>()
  const ends: string[] = []
  const performed: KeptMessage[] = []
  const keyOf = (digest: Buffer): string => digest.toString('hex')
  const ports: ReplayPorts = {
    now: () => new Date(house.nowMs ?? 0),
    exchange: async () => house.former ?? FORMER,
    kept: async () => house.kept ?? [MESSAGE],
    stored: async (uniqueIds) => {
      t.same(uniqueIds, house.former?.documents ?? FORMER.documents)
      return house.stored ?? new Map()
    },
    systemOf: async () => (house.system === 'gone' ? undefined : ({} as CallingSystem)),
    obstacle: async () => undefined,
    perform: async ({ message }, judge) => {
      performed.push(message)
      house.meanwhile?.()
      const { result, end } = await judge(house.attempt ?? ATTEMPT, {
        confirm: async ({ tokenDigest, now }) => {
          const found = confirmations.get(keyOf(tokenDigest))
          if (found === undefined || found.replayedAs !== undefined) return 'used'
          confirmations.set(keyOf(tokenDigest), { ...found, replayedAs: now.exchangeId })
          return 'confirmed'
        },
      })
      ends.push(end)
      return result
    },
    confirmations: {
      keep: async (confirmation) => void confirmations.set(keyOf(confirmation.tokenDigest), confirmation),
      find: async (digest) => confirmations.get(keyOf(digest)),
    },
    looked: async () => {},
  }
  const ask = (asked: Partial<AskedReplay> = {}): Promise<Replayed> =>
    replay({ by: 'staff:a', peer: 'test', exchangeId: 'former', ...asked }, ports)
  const token = async (): Promise<string> => {
    const shown = await ask()
    return shown.kind === 'dry run' ? (shown.confirmable?.token ?? '') : ''
  }
  const confirm = (given: string, asked: Partial<AskedReplay> = {}) =>
    ask({ ...asked, confirmed: { token: given, reason: 'test' } })
  return { house, ends, performed, ask, token, confirm, confirmations }
}

t.test('each obstacle is told before anything is performed', async (t) => {
  const { systemId: _, ...nobody } = FORMER
  const part = { contentId: 'a', contentType: 'application/pdf', sizeBytes: 100_000, sha256: '' }
  const cases: readonly (readonly [House, string])[] = [
    [{ former: { ...FORMER, door: 'job' } }, 'no message'],
    [{ former: nobody }, 'unknown sender'],
    [{ kept: [] }, 'not kept'],
    [{ kept: [{ ...MESSAGE, direction: 'answer' }] }, 'not kept'],
    [{ kept: [{ ...MESSAGE, isWhole: false }] }, 'cut'],
    [{ kept: [{ ...MESSAGE, parts: [part] }] }, 'part not kept'],
    [{ system: 'gone' }, 'system not active'],
  ]
  for (const [given, obstacle] of cases) {
    const { house, ask, ends } = open()
    Object.assign(house, given)
    t.same(await ask(), { kind: 'impossible', obstacle })
    t.same(ends, [])
  }
  t.same(await open().ask({ facilityId: 'hospital-a' }), { kind: 'missing' }, 'of another facility')
})

t.test('documents that were accepted come from the repository; one that was removed since is missing', async (t) => {
  const [kept, stored, removed] = ['kept', 'stored', 'removed'].map((sha256) => ({
    contentId: sha256,
    contentType: 'text/plain',
    sizeBytes: 1,
    sha256,
  }))
  if (kept === undefined || stored === undefined || removed === undefined) throw new Error('three were made')
  const { house, ask, performed } = open()
  house.former = { ...FORMER, documents: ['1', '2'] }
  house.stored = new Map([['stored', Buffer.from('b')]])
  house.kept = [{ ...MESSAGE, parts: [{ ...kept, bytes: Buffer.from('a') }, stored] }]
  t.match(await ask(), { kind: 'dry run' })
  t.same(
    performed[0]?.parts.map(({ bytes }) => bytes?.toString()),
    ['a', 'b'],
  )
  house.kept = [{ ...MESSAGE, parts: [stored, removed] }]
  t.same(await ask(), { kind: 'impossible', obstacle: 'part not kept' })
})

t.test('a dry run tells only what matters, and offers a token only where there is something to do', async (t) => {
  const { house, ask, ends } = open()
  t.match(await ask(), {
    kind: 'dry run',
    report: { effect: 'changes', tables: [{ table: 'registry.document_entry' }] },
    confirmable: { expiresAt: new Date(10 * 60 * 1000) },
  })
  const traces = ATTEMPT.tables.slice(0, 2)
  for (const [attempt, effect] of [
    [{ ...ATTEMPT, tables: traces }, 'none'],
    [{ ...ATTEMPT, tables: [], exchange: FORMER }, 'refused'],
    [{ ...ATTEMPT, exchange: { ...ATTEMPT.exchange, transaction: 'ITI-18' } }, 'read'],
  ] as const) {
    house.attempt = attempt
    t.match(await ask(), { report: { effect }, confirmable: undefined })
  }
  // What is held for a number that is not linked yet is refused, and kept all the same.
  house.attempt = {
    ...ATTEMPT,
    exchange: FORMER,
    tables: [{ ...ATTEMPT.tables[0], table: 'journal.withheld' } as never],
  }
  t.match(await ask(), { report: { effect: 'changes' } })
  t.same([...new Set(ends)], ['rollback'])
})

t.test('a confirmation is for one person, one exchange, ten minutes, one time', async (t) => {
  const { house, token, confirm, ends } = open()
  const given = await token()
  t.match(await confirm('another'), { kind: 'unconfirmed' })
  t.match(await confirm(given, { by: 'staff:b' }), { kind: 'unconfirmed' })
  house.former = { ...FORMER, exchangeId: 'other' }
  t.match(await confirm(given), { kind: 'unconfirmed' })
  delete house.former
  house.nowMs = 10 * 60 * 1000
  t.match(await confirm(given), { kind: 'unconfirmed' })
  house.nowMs -= 1
  t.match(await confirm(given), { kind: 'done' })
  t.match(await confirm(given), { kind: 'done before', replayedAs: 'new' })
  t.same(ends, ['rollback', 'commit'])
})

t.test('it is done when it is what was shown, whatever ids it makes this time', async (t) => {
  const { house, token, confirm } = open()
  const given = await token()
  const other = (change: Partial<Attempt>) => {
    house.attempt = { ...ATTEMPT, ...change }
    return confirm(given)
  }
  t.match(await other({ changes: [{ about: 'document', change: 'deprecated', uniqueId: '1' }] }), { kind: 'changed' })
  t.match(await other({ tables: [] }), { kind: 'changed', report: { effect: 'none' }, confirmable: undefined })
  const error = { code: 'X', blame: 'us', retry: 'never' }
  t.match(await other({ exchange: { ...ATTEMPT.exchange, errors: [error] } }), { kind: 'changed' }, 'a new warning')
  const audited = [{ table: 'audit.event_2026_12', inserted: 2, updated: 0, deleted: 0 }, ...ATTEMPT.tables.slice(2)]
  const again = { changes: [{ about: 'document', change: 'registered', uniqueId: '2' }], tables: audited } as const
  t.match(await other(again), { kind: 'done' })
})

t.test('of two that confirm at once one is told that it was done before', async (t) => {
  // The other one was kept between the look-up of the confirmation and its use, or before the message was performed again.
  for (const attempt of [ATTEMPT, { ...ATTEMPT, tables: [], changes: [] }]) {
    const { token, confirm, confirmations, house } = open()
    const given = await token()
    const [digest, confirmation] = [...confirmations][0] ?? []
    house.attempt = attempt
    house.meanwhile = () => {
      if (digest !== undefined && confirmation !== undefined)
        confirmations.set(digest, { ...confirmation, replayedAs: 'other' })
    }
    t.match(await confirm(given), { kind: 'done before', replayedAs: 'other' })
  }
})
