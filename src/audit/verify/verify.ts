// Verifies exports of audit events, one after the other, without a database: every hash, number, seam and signature (docs/audit.md).

import { jstDay } from '../../model/jst.ts'
import { isSigned } from '../checkpoint.ts'
import type { Begun, EndRecord, ExportRecord, HeaderRecord } from '../export.ts'
import { genesisOf } from '../seal.ts'
import { addWitness, missWitnesses, takeCheckpoint } from './checkpoints.ts'
import { takeEvent, takeMissing, takeUnsealed } from './events.ts'
import { find, mark, type Reading, type State, type Verification, type VerifierOptions } from './state.ts'

export type { Finding, Verification, VerifiedChain } from './state.ts'

export interface Verifier {
  readonly take: (record: ExportRecord) => void
  /** A line that cannot be read as a record. */
  readonly takeUnreadable: (lineNumber: number) => void
  /** After the last record of all files. */
  readonly end: () => Verification
}

/** Takes the records of one export after the other, oldest month first; memory is that of the checkpoints of two months. */
export function createVerifier(options: VerifierOptions): Verifier {
  const state: State = { options, findings: [], chains: [], count: 0, reading: undefined, before: undefined }
  return {
    take: (record) => take(state, record),
    takeUnreadable: (lineNumber) =>
      find(state, { kind: 'unreadable', words: `line ${lineNumber} is no record of an export` }),
    end: () => {
      finish(state)
      if (state.chains.length === 0 && state.count === 0) find(state, { kind: 'cut', words: 'the file is empty' })
      return { chains: state.chains, findings: state.findings, findingCount: state.count }
    },
  }
}

function take(state: State, record: ExportRecord): void {
  if (record.kind === 'tsunagi-audit-export') {
    finish(state)
    begin(state, record)
    return
  }
  const { reading } = state
  if (reading === undefined) {
    find(state, { kind: 'cut', words: 'the file does not begin with the header of an export' })
    return
  }
  if (reading.isEnded) find(state, { kind: 'unreadable', words: 'there are records after the end of the export' })
  switch (record.kind) {
    case 'checkpoint':
      takeCheckpoint(state, reading, record)
      return
    case 'event':
      takeEvent(state, reading, record)
      return
    case 'missing':
      takeMissing(state, reading, record)
      return
    case 'unsealed':
      takeUnsealed(state, record)
      return
    case 'end':
      takeEnd(state, reading, record)
      return
  }
  record satisfies never
}

function begin(state: State, header: HeaderRecord): void {
  const { witnesses = [], after, known } = state.options
  const start = after ?? { seq: 0, hash: header.genesis }
  const reading: Reading = {
    header,
    marks: new Map(),
    checkpoints: new Map(),
    witnesses: [],
    last: start,
    isLinked: true,
    position: -1n,
    events: 0,
    signedSeq: 0,
    isClosed: false,
    isEnded: false,
    lastCheckpoint: undefined,
  }
  state.reading = reading
  if (!isGenesis(header))
    find(state, { kind: 'seam', words: 'the beginning of the chain does not follow from what it says was before it' })
  compareWithBefore(state, header)
  missMonths(state, header)
  if (known !== undefined) mark(state, reading, { ...known, saidBy: 'the verification before' })
  for (const witness of witnesses)
    if (witness.chain === header.chain && witness.at <= header.exportedAt) addWitness(state, reading, witness)
  const { next } = header
  if (next === null) return
  if (!isGenesis(next))
    find(state, { kind: 'seam', words: `the beginning of chain ${next.chain} does not follow from this one` })
  if (next.previous?.chain === header.chain)
    mark(state, reading, {
      ...next.previous,
      saidBy: `the chain ${next.chain}, which goes on from there,`,
    })
}

function isGenesis({ chain, nonce, genesis, previous }: Begun): boolean {
  const before = previous === null ? undefined : { ...previous, hash: Buffer.from(previous.hash, 'hex') }
  return genesisOf(Buffer.from(nonce, 'hex'), { chain, previous: before }).toString('hex') === genesis
}

/** Two exports that follow each other agree on the seam between them. */
function compareWithBefore(state: State, header: HeaderRecord): void {
  const next = state.before?.header.next
  if (next === undefined || next === null || next.chain !== header.chain) return
  if (next.genesis !== header.genesis)
    find(state, {
      kind: 'seam',
      words: `the chain ${state.before?.header.chain} ended with another beginning of this one`,
    })
}

/**
 * A month goes on from the one before it. One that was signed by then, as a checkpoint that was kept elsewhere says, and that it does not go
 * on from, was taken away whole with its checkpoints, or a database of before was put in its place.
 */
function missMonths(state: State, { chain, previous }: HeaderRecord): void {
  const { witnesses = [], keys } = state.options
  const after = previous?.chain ?? ''
  const told = new Set<string>()
  for (const witness of witnesses) {
    const isBetween =
      witness.chain > after && witness.chain < chain && jstDay(Date.parse(witness.at)).slice(0, 7) < chain
    const key = keys.get(witness.keyId)
    if (!isBetween || told.has(witness.chain) || key === undefined || !isSigned(witness, key)) continue
    told.add(witness.chain)
    find(state, {
      kind: 'seam',
      checkpoint: witness.number,
      words: `this month goes on from ${previous?.chain ?? 'nothing'}, and checkpoint ${witness.number}, which was kept elsewhere, is of ${witness.chain}, which is missing between them`,
    })
  }
}

function takeEnd(state: State, reading: Reading, { events, checkpoints }: EndRecord): void {
  reading.isEnded = true
  const { size } = reading.checkpoints
  if (events !== reading.events || checkpoints !== size)
    find(state, {
      kind: 'cut',
      words: `the export had ${events} events and ${checkpoints} checkpoints when it was made, and has ${reading.events} and ${size}`,
    })
}

function finish(state: State): void {
  const { reading } = state
  if (reading === undefined) return
  const { header, last, marks } = reading
  if (!reading.isEnded) find(state, { kind: 'cut', seq: last.seq, words: `the export breaks off after ${last.seq}` })
  if (header.seq !== last.seq)
    find(state, {
      kind: 'cut',
      seq: last.seq + 1,
      words: `the chain ended at ${header.seq} and now ends at ${last.seq}`,
    })
  const [beyond] = [...marks].sort(([a], [b]) => a - b)
  if (beyond !== undefined) {
    const [seq, [said]] = beyond
    find(state, {
      kind: 'cut',
      seq: last.seq + 1,
      ...(said?.checkpoint === undefined ? {} : { checkpoint: said.checkpoint }),
      words: `${said?.saidBy} reached ${seq}, the chain ends at ${last.seq}: its end was removed`,
    })
  }
  missWitnesses(state, reading)
  state.chains.push({
    chain: header.chain,
    exportedAt: header.exportedAt,
    events: reading.events,
    seq: last.seq,
    hash: last.hash,
    signedSeq: Math.min(reading.signedSeq, last.seq),
    isClosed: reading.isClosed,
  })
  state.before = reading
  state.reading = undefined
}
