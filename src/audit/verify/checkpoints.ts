// Checkpoints in an export: signed, one following the other, and each what the chain has at its number (docs/audit.md).

import { type Checkpoint, checkpointHash, isSigned, NO_CHECKPOINT } from '../checkpoint.ts'
import type { CheckpointRecord } from '../export.ts'
import { find, mark, type Reading, type State } from './state.ts'

export function addWitness(state: State, reading: Reading, witness: Checkpoint): void {
  if (!checkSignature(state, witness, 'a checkpoint that was kept elsewhere')) return
  reading.witnesses.push(witness)
  mark(state, reading, {
    seq: witness.seq,
    hash: witness.hash,
    saidBy: `checkpoint ${witness.number}, which was kept elsewhere,`,
    checkpoint: witness.number,
  })
}

/** A checkpoint that was kept elsewhere is in the file too. */
export function missWitnesses(state: State, { witnesses, checkpoints }: Reading): void {
  for (const witness of witnesses)
    if (checkpoints.get(witness.number) !== checkpointHash(witness))
      find(state, {
        kind: 'checkpoint-removed',
        checkpoint: witness.number,
        words: `checkpoint ${witness.number}, which was kept elsewhere, is not among those of the export`,
      })
}

export function takeCheckpoint(state: State, reading: Reading, record: CheckpointRecord): void {
  const { kind: _, ...checkpoint } = record
  const hash = checkpointHash(checkpoint)
  if (reading.events > 0)
    find(state, {
      kind: 'moved',
      checkpoint: checkpoint.number,
      words: `checkpoint ${checkpoint.number} stands among the events; all checkpoints come before them`,
    })
  compareWithLast(state, reading, checkpoint)
  reading.lastCheckpoint = checkpoint
  reading.checkpoints.set(checkpoint.number, hash)
  const known = state.before?.checkpoints.get(checkpoint.number)
  if (known !== undefined && known !== hash)
    find(state, {
      kind: 'checkpoint-forged',
      checkpoint: checkpoint.number,
      words: `checkpoint ${checkpoint.number} was another one in the export before`,
    })
  const isGenuine = checkSignature(state, checkpoint, 'the checkpoint')
  if (checkpoint.chain !== reading.header.chain || !isGenuine) return
  reading.signedSeq = Math.max(reading.signedSeq, checkpoint.seq)
  reading.isClosed ||= checkpoint.closes
  mark(state, reading, {
    seq: checkpoint.seq,
    hash: checkpoint.hash,
    saidBy: `checkpoint ${checkpoint.number} of ${checkpoint.at}`,
    checkpoint: checkpoint.number,
  })
}

/** Numbers and hashes of checkpoints follow one another, over the seams of months too. */
function compareWithLast(state: State, reading: Reading, checkpoint: Checkpoint): void {
  const { number, previous } = checkpoint
  const before = reading.lastCheckpoint ?? lastOfMonthBefore(state, reading, checkpoint)
  if (before === undefined) {
    compareFirst(state, reading, checkpoint)
    return
  }
  if (number !== before.number + 1)
    find(state, {
      kind: 'checkpoint-removed',
      checkpoint: before.number + 1,
      words: `after checkpoint ${before.number} comes ${number}: those between are missing`,
    })
  else if (previous !== checkpointHash(before))
    find(state, {
      kind: 'checkpoint-forged',
      checkpoint: number,
      words: `checkpoint ${number} names another one before it: one of the two was exchanged`,
    })
}

/** An export begins with the last checkpoint before those of its chain; only the very first has none before it. */
function compareFirst(state: State, { header }: Reading, { number, chain, previous }: Checkpoint): void {
  if (number === 1 && previous !== NO_CHECKPOINT)
    find(state, { kind: 'checkpoint-forged', checkpoint: 1, words: 'the first checkpoint names one before it' })
  if (number > 1 && chain === header.chain)
    find(state, {
      kind: 'checkpoint-removed',
      checkpoint: number - 1,
      words: `before checkpoint ${number}, the first of this month, checkpoint ${number - 1} is missing`,
    })
}

/** Of the export before, when that is of the month before. */
function lastOfMonthBefore(state: State, { header }: Reading, { number }: Checkpoint): Checkpoint | undefined {
  const last = state.before?.lastCheckpoint
  const follows = header.previous !== null && header.previous.chain === state.before?.header.chain
  return follows && last !== undefined && number > last.number ? last : undefined
}

function checkSignature(state: State, checkpoint: Checkpoint, named: string): boolean {
  const { number, keyId } = checkpoint
  const key = state.options.keys.get(keyId)
  if (key !== undefined && isSigned(checkpoint, key)) return true
  const words =
    key === undefined
      ? `${named} ${number} is signed by the key ${keyId}, which is not among those given`
      : `${named} ${number} is not what the key ${keyId} signed`
  find(state, { kind: 'checkpoint-forged', checkpoint: number, words })
  return false
}
