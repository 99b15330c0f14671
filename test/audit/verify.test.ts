// The verifier of audit exports: whatever is changed, removed, put in or moved is found, and what is whole is found whole (security d.9).

import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { createSigner } from '../../src/audit/checkpoint.ts'
import { type ExportRecord, parseRecord, recordLine } from '../../src/audit/export.ts'
import { createVerifier, type Finding, type Verification } from '../../src/audit/verify/verify.ts'
import { type History, keys, makeHistory, recordsOf, rehashed, signer } from './histories.ts'

type Options = Partial<Parameters<typeof createVerifier>[0]>

/** Through the text of the file, as a third party has it. */
function verify(records: readonly ExportRecord[], options: Options = {}): Verification {
  const verifier = createVerifier({ keys, ...options })
  for (const [index, record] of records.entries()) {
    const read = parseRecord(recordLine(record))
    if (read === undefined) verifier.takeUnreadable(index + 1)
    else verifier.take(read)
  }
  return verifier.end()
}

const first = (records: readonly ExportRecord[], options?: Options): Partial<Finding> =>
  verify(records, options).findings[0] ?? { words: 'nothing was found' }

const whole = (): History => makeHistory({ chain: '2026-11', events: 20, signedAt: [5, 12, 18] })
const eventsOf = ({ events }: History) => events.map(({ event }) => event)

t.test('a chain that nobody touched is whole (d.9)', async (t) => {
  const { findings, chains } = verify(recordsOf(whole()))
  t.same(findings, [])
  t.match(chains, [{ chain: '2026-11', events: 20, seq: 20, signedSeq: 18, isClosed: false }])
})

t.test('one byte changed (d.9)', async (t) => {
  const history = whole()
  const [event] = eventsOf(history).slice(8)
  const events = history.events.map((record) =>
    record.event === event ? { ...record, event: { ...record.event, peer: '192.0.2.8:40000' } } : record,
  )
  t.match(first(recordsOf({ ...history, events })), { kind: 'changed', seq: 9, position: '18', eventId: '1009' })
  t.equal(verify(recordsOf({ ...history, events })).findingCount, 1, 'and nothing else is blamed')
})

t.test('one event removed (d.9)', async (t) => {
  const history = whole()
  const events = history.events.filter(({ seq }) => seq !== 7)
  t.match(first(recordsOf({ ...history, events })), { kind: 'removed', seq: 7 })
})

t.test('one removed and all after it chained anew, which takes no key: the next checkpoint tells (d.9)', async (t) => {
  const history = whole()
  const anew = rehashed(history, eventsOf(history).toSpliced(6, 1))
  t.match(first(recordsOf(anew)), { kind: 'rewritten', seq: 12, checkpoint: 2 })
})

t.test('one put in and all after it chained anew (d.9)', async (t) => {
  const history = whole()
  const [event] = eventsOf(history)
  if (event === undefined) throw new Error('there is no event')
  const anew = rehashed(history, eventsOf(history).toSpliced(14, 0, { ...event, eventId: '9999' }))
  t.match(first(recordsOf(anew)), { kind: 'rewritten', seq: 18, checkpoint: 3 })
})

t.test('the end removed is found by the checkpoint that reached further (d.9)', async (t) => {
  const history = whole()
  const events = history.events.slice(0, 15)
  t.match(first(recordsOf({ ...history, events })), { kind: 'cut', seq: 16, checkpoint: 3 })
})

t.test('the end and its checkpoints removed are found by a checkpoint kept elsewhere (d.9)', async (t) => {
  const history = whole()
  const cut = { ...history, events: history.events.slice(0, 15), checkpoints: history.checkpoints.slice(0, 2) }
  t.same(verify(recordsOf(cut)).findings, [], 'nothing in the file itself can tell')
  t.match(first(recordsOf(cut), { witnesses: history.checkpoints }), { kind: 'cut', seq: 16, checkpoint: 3 })
})

t.test('two swapped (d.9)', async (t) => {
  const history = whole()
  const { events } = history
  const swapped = [...events.slice(0, 6), ...events.slice(6, 8).reverse(), ...events.slice(8)]
  t.match(first(recordsOf({ ...history, events: swapped })), { kind: 'removed', seq: 7 })
  const [a, b] = eventsOf(history).slice(6, 8)
  const contents = events.map((record, index) =>
    index === 6 || index === 7 ? { ...record, event: (index === 6 ? b : a) ?? record.event } : record,
  )
  t.match(first(recordsOf({ ...history, events: contents })), { kind: 'changed', seq: 7 })
})

t.test('a checkpoint forged, exchanged or removed (d.9)', async (t) => {
  const history = whole()
  const [one, two, three] = history.checkpoints
  if (one === undefined || two === undefined || three === undefined) throw new Error('three were made')
  const withCheckpoints = (checkpoints: History['checkpoints']) => recordsOf({ ...history, checkpoints })
  t.match(first(withCheckpoints([one, { ...two, seq: 11 }, three])), { kind: 'checkpoint-forged', checkpoint: 2 })
  t.match(first(withCheckpoints([one, three])), { kind: 'checkpoint-removed', checkpoint: 2 })
  const stranger = createSigner(generateKeyPairSync('ed25519').privateKey)
  const { signature: _, ...statement } = three
  const forged = stranger.sign({ ...statement, keyId: stranger.keyId })
  t.match(first(withCheckpoints([one, two, forged])), { kind: 'checkpoint-forged', checkpoint: 3 })
  const resigned = signer.sign({ ...statement, number: 2, seq: 12, hash: two.hash, previous: three.previous })
  t.match(first(withCheckpoints([one, resigned, three])), { kind: 'checkpoint-forged', checkpoint: 2 })
})

t.test('months hold on to each other at the seam (d.9)', async (t) => {
  const november = makeHistory({ chain: '2026-11', events: 20, signedAt: [5, 18, 20], closes: true })
  const december = makeHistory({ chain: '2026-12', events: 6, signedAt: [6], after: { history: november, seq: 20 } })
  const full = { ...november, next: december.header }
  const { findings, chains } = verify([...recordsOf(full), ...recordsOf(december)])
  t.same(findings, [])
  t.same(
    chains.map(({ isClosed }) => isClosed),
    [true, false],
  )
  const cut = { ...full, events: november.events.slice(0, 19), checkpoints: november.checkpoints.slice(0, 2) }
  t.match(first(recordsOf(cut)), { kind: 'cut', seq: 20 }, 'the next month goes on from what is gone')
  const other = makeHistory({ chain: '2026-12', events: 6, signedAt: [6], after: { history: november, seq: 20 } })
  t.match(first([...recordsOf(full), ...recordsOf(other)]), { kind: 'seam', chain: '2026-12' })
  const bent = { ...december, header: { ...december.header, previous: null } }
  t.match(first(recordsOf(bent)), { kind: 'seam' })
})

t.test('a month taken away whole, before the next began, is found by a checkpoint kept elsewhere (d.9)', async (t) => {
  const october = makeHistory({ chain: '2026-10', events: 5, signedAt: [5], closes: true })
  const november = makeHistory({ chain: '2026-11', events: 4, signedAt: [4], after: { history: october, seq: 5 } })
  const witnesses = november.checkpoints
  const december = makeHistory({ chain: '2026-12', events: 3, signedAt: [2], after: { history: october, seq: 5 } })
  const files = [...recordsOf(october), ...recordsOf(december)]
  t.same(verify(files).findings, [], 'nothing in the files can tell')
  t.match(first(files, { witnesses }), {
    kind: 'seam',
    chain: '2026-12',
    checkpoint: 2,
    words: /2026-11, which is missing/,
  })
  const anew = makeHistory({ chain: '2026-12', events: 3, signedAt: [2] })
  t.match(
    verify(recordsOf(anew), { witnesses }).findings.map(({ kind, checkpoint }) => [kind, checkpoint]),
    [
      ['seam', 1],
      ['seam', 2],
    ],
    'a log that was begun anew',
  )
  const whole = makeHistory({ chain: '2026-12', events: 3, signedAt: [2], after: { history: november, seq: 4 } })
  t.same(verify([...recordsOf(october), ...recordsOf(whole)], { witnesses }).findings, [], 'one that is only not given')
})

t.test('an event of another month, an event in no chain, a seal without event (d.9)', async (t) => {
  const history = whole()
  const moved = rehashed(
    history,
    eventsOf(history).map((event, index) => (index === 19 ? { ...event, at: '2026-12-02T00:00:00.000000Z' } : event)),
  )
  t.match(first(recordsOf(moved)), { kind: 'moved', seq: 20 })
  const records = recordsOf(history)
  const [event] = eventsOf(history)
  if (event === undefined) throw new Error('there is no event')
  t.match(first(records.toSpliced(-1, 0, { kind: 'unsealed', event })), { kind: 'unsealed', eventId: '1001' })
  const gone = records.map((record): ExportRecord => {
    if (record.kind !== 'event' || record.seq !== 4) return record
    const { position, seq, hash } = record
    return { kind: 'missing', position, seq, hash, eventId: '1004' }
  })
  t.match(first(gone), { kind: 'removed', seq: 4, eventId: '1004' })
})

t.test('a file that was cut off, or is none (d.9)', async (t) => {
  const records = recordsOf(whole())
  t.match(first(records.slice(0, -1)), { kind: 'cut' })
  t.match(first(records.slice(0, -4)), { kind: 'cut' })
  t.match(first(records.slice(1)), { kind: 'cut' })
  t.match(first([]), { kind: 'cut' })
  t.equal(parseRecord('{"kind":"event","seq":1}'), undefined)
  t.equal(parseRecord('not JSON'), undefined)
  t.equal(parseRecord('{"kind":"constructor"}'), undefined)
})

t.test('a chain is verified on from where it was verified before (d.9)', async (t) => {
  const history = whole()
  const [at] = history.events.slice(9)
  if (at === undefined) throw new Error('there is no event')
  const later = recordsOf({ ...history, events: history.events.slice(10) })
  t.same(verify(later, { after: at }).findings, [])
  t.match(first(later, { after: { ...at, hash: '0'.repeat(64) } }), { kind: 'changed', seq: 11 })
})

t.test('whatever happens to a line, it is found (d.9, property)', async (t) => {
  const seed = Number(process.env.TSUNAGI_SEED ?? Date.now() % 100_000)
  const random = pseudoRandom(seed)
  const pick = (below: number): number => Math.floor(random() * below)
  for (let round = 0; round < 300; round += 1) {
    const events = 2 + pick(30)
    const inner = Array.from({ length: pick(4) }, () => 1 + pick(events))
    const signedAt = [...new Set([...inner, events])].sort((a, b) => a - b)
    const lines = recordsOf(makeHistory({ chain: '2026-11', events, signedAt, closes: true })).map(recordLine)
    const spoiled = spoil(lines, pick)
    t.notSame(spoiled, lines)
    t.same(verifyLines(lines).findings, [], `whole, seed ${seed}, round ${round}`)
    if (verifyLines(spoiled).findingCount === 0) t.fail(`seed ${seed}, round ${round}: not found`, { lines, spoiled })
  }
})

/** One line removed, doubled, exchanged with another, or changed in one character of its values. */
function spoil(lines: readonly string[], pick: (below: number) => number): readonly string[] {
  const at = pick(lines.length)
  const line = lines[at] ?? ''
  switch (pick(4)) {
    case 0:
      return lines.toSpliced(at, 1)
    case 1:
      return lines.toSpliced(at, 0, line)
    case 2: {
      const other = (at + 1 + pick(lines.length - 1)) % lines.length
      return lines.with(at, lines[other] ?? '').with(other, line)
    }
    default:
      return lines.with(at, changed(line, pick))
  }
}

/** Not what is said of the export itself: when it was made, by which network, with which keys. */
const SAID = /"(community|exportedAt|keys|version)":("[^"]*"|\{[^}]*\}|\d+)/g
/** A position says the order over all chains; one that is still in order is not noticed in one chain alone. */
const POSITION = /"position":"\d+"/g

function changed(line: string, pick: (below: number) => number): string {
  const fixed = [...line.matchAll(SAID), ...line.matchAll(POSITION)]
  for (;;) {
    const at = pick(line.length)
    if (fixed.some((match) => match.index <= at && at < match.index + match[0].length)) continue
    const character = line[at] ?? ''
    if (!/[0-9a-z]/.test(character)) continue
    return `${line.slice(0, at)}${character === '1' ? '2' : '1'}${line.slice(at + 1)}`
  }
}

function verifyLines(lines: readonly string[]): Verification {
  const verifier = createVerifier({ keys })
  for (const [index, line] of lines.entries()) {
    const record = parseRecord(line)
    if (record === undefined) verifier.takeUnreadable(index + 1)
    else verifier.take(record)
  }
  return verifier.end()
}

/** Mulberry32: the same numbers for the same seed. */
function pseudoRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
