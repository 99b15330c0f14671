// Invented exports of the audit log, made in memory by the functions that seal and sign, for the tests of the verifier.

import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { type Checkpoint, checkpointHash, createSigner, keyIdOf, NO_CHECKPOINT } from '../../src/audit/checkpoint.ts'
import { type Begun, type EventRecord, type ExportRecord, headerRecord } from '../../src/audit/export.ts'
import { canonicalJson, genesisOf, type SealedEvent, sealHash } from '../../src/audit/seal.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
export const signer = createSigner(privateKey)
export const keys = new Map([[keyIdOf(publicKey), publicKey]])

export interface History {
  readonly header: Begun
  readonly events: readonly EventRecord[]
  readonly checkpoints: readonly Checkpoint[]
  readonly next: Begun | null
}

export interface Wanted {
  readonly chain: string
  readonly events: number
  /** Numbers after which the chain was signed. */
  readonly signedAt: readonly number[]
  readonly closes?: boolean
  /** The month before, as far as it was sealed when this one began. */
  readonly after?: { readonly history: History; readonly seq: number }
}

export function makeHistory({ chain, events, signedAt, closes = false, after }: Wanted): History {
  const header = begin(chain, after)
  const made: EventRecord[] = []
  let hash = header.genesis
  for (let seq = 1; seq <= events; seq += 1) {
    const event = invented(chain, seq)
    hash = sealHash(Buffer.from(hash, 'hex'), canonicalJson(event)).toString('hex')
    made.push({ kind: 'event', position: String(seq * 2), seq, hash, event })
  }
  const before = after?.history.checkpoints.at(-1)
  return { header, events: made, checkpoints: signed({ chain, made, signedAt, closes, before }), next: null }
}

function begin(chain: string, after: Wanted['after']): Begun {
  const nonce = Buffer.from(randomUUID().replaceAll('-', '').repeat(2), 'hex')
  if (after === undefined)
    return {
      chain,
      nonce: nonce.toString('hex'),
      genesis: genesisOf(nonce, { chain, previous: undefined }).toString('hex'),
      previous: null,
    }
  const { history, seq } = after
  const hash = history.events[seq - 1]?.hash ?? history.header.genesis
  const previous = { chain: history.header.chain, seq, hash }
  const genesis = genesisOf(nonce, { chain, previous: { ...previous, hash: Buffer.from(hash, 'hex') } })
  return { chain, nonce: nonce.toString('hex'), genesis: genesis.toString('hex'), previous }
}

function signed({
  chain,
  made,
  signedAt,
  closes,
  before,
}: {
  readonly chain: string
  readonly made: readonly EventRecord[]
  readonly signedAt: readonly number[]
  readonly closes: boolean
  readonly before: Checkpoint | undefined
}): readonly Checkpoint[] {
  const checkpoints: Checkpoint[] = before === undefined ? [] : [before]
  for (const [index, seq] of signedAt.entries()) {
    const last = checkpoints.at(-1)
    checkpoints.push(
      signer.sign({
        number: (last?.number ?? 0) + 1,
        chain,
        seq,
        hash: made[seq - 1]?.hash ?? '',
        at: '2026-11-21T00:00:00.000Z',
        closes: closes && index === signedAt.length - 1,
        keyId: signer.keyId,
        previous: last === undefined ? NO_CHECKPOINT : checkpointHash(last),
      }),
    )
  }
  return checkpoints
}

function invented(chain: string, seq: number): SealedEvent {
  return {
    eventId: String(1000 + seq),
    eventUuid: randomUUID(),
    exchangeId: randomUUID(),
    at: `${chain}-02T03:04:05.${String(seq).padStart(6, '0')}Z`,
    eventCode: '110112',
    action: 'E',
    typeCode: 'ITI-18',
    outcome: 0,
    peer: '192.0.2.7:40000',
    endpoint: '/xds/registry',
    patients: [`${seq}^^^&2.25.1&ISO`],
    objects: { messageId: `urn:uuid:山${seq}` },
  }
}

/** As an export has it. */
export function recordsOf(history: History): ExportRecord[] {
  const { header, events, checkpoints, next } = history
  return [
    headerRecord({
      ...header,
      community: 'urn:oid:2.25.1',
      exportedAt: '2026-12-01T00:00:00.000Z',
      seq: events.at(-1)?.seq ?? 0,
      next,
      keys: {},
    }),
    ...checkpoints.map((checkpoint): ExportRecord => ({ kind: 'checkpoint', ...checkpoint })),
    ...events,
    { kind: 'end', events: events.length, checkpoints: checkpoints.length },
  ]
}

/** The hashes after an event made anew, as somebody would who has the database and not the key. */
export function rehashed(history: History, events: readonly SealedEvent[]): History {
  let hash = history.header.genesis
  return {
    ...history,
    events: events.map((event, index) => {
      hash = sealHash(Buffer.from(hash, 'hex'), canonicalJson(event)).toString('hex')
      return { kind: 'event', position: String((index + 1) * 2), seq: index + 1, hash, event }
    }),
  }
}
