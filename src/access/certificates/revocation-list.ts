// When a new revocation list is signed: on every change of what it lists, and long before the last one ends (RFC 5280, 5; security: a.4).

import { createHash } from 'node:crypto'

const DAY_MS = 86_400_000
/** Partners that miss a week of lists have other troubles than ours. */
const LIFE_MS = 7 * DAY_MS
/** A list is signed again when it is so old: whoever fetches has six days left at least. */
const FRESH_MS = DAY_MS
/** Several processes sign at once when something is revoked; the later ones look again. */
const MAX_ATTEMPTS = 5

export interface RevokedEntry {
  /** Hex. */
  readonly serial: string
  readonly since: Date
  /** A reason of RFC 5280; certificateHold for what is suspended. */
  readonly reason: string
}

export interface SignedList {
  readonly number: bigint
  readonly entriesHash: string
  readonly entries: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  readonly der: Buffer
}

/** The list that was published last, as it lies beside the certificates: a database that was restored may be older. */
export interface PublishedList {
  readonly number: bigint
  readonly entries: () => readonly RevokedEntry[]
}

/** What a database that is older than the published list did not know of. */
export interface TakenUp {
  readonly number: bigint
  /** Fingerprints of certificates that were good again, and are revoked or suspended as they were. */
  readonly again: readonly string[]
  /** Serial numbers of certificates that are not registered, so that they open nothing; the next list lacks them. */
  readonly unknown: readonly string[]
}

/** The authority whose certificates the list is about. */
export interface ListSigner {
  /** SHA-256 fingerprint of its certificate. */
  readonly authority: string
  /** Its name as the register has it as issuer. */
  readonly issuer: string
  readonly sign: (list: {
    readonly number: bigint
    readonly thisUpdate: Date
    readonly nextUpdate: Date
    readonly entries: readonly RevokedEntry[]
  }) => Promise<Buffer>
  /** A list that it signed; undefined for anything else. */
  readonly read: (list: Buffer) => Promise<PublishedList | undefined>
}

export interface RevocationListStore {
  /** Revoked and suspended certificates of an issuer, by serial; those that ended stay for one more list. */
  readonly entries: (issuer: string, endedSince: Date) => Promise<readonly RevokedEntry[]>
  readonly newest: (authority: string) => Promise<SignedList | undefined>
  /** `taken`: another process has signed a list of this number. */
  readonly add: (authority: string, list: SignedList) => Promise<'added' | 'taken'>
  /** Certificates of the issuer become what the list has them as, each with its audit event; what is revoked stays so. */
  readonly takeUp: (
    issuer: string,
    list: { readonly number: bigint; readonly entries: readonly RevokedEntry[] },
  ) => Promise<Omit<TakenUp, 'number'>>
}

/**
 * A revoked certificate is not good again because an older database was put back (RFC 5280, 5.3.1: revoked is for ever).
 * @param published as it was before the store was asked for anything: of two processes one may be signing.
 * @returns undefined when there was nothing to take up.
 */
export async function takeUpPublished(
  signer: ListSigner,
  store: RevocationListStore,
  published: PublishedList | undefined,
): Promise<TakenUp | undefined> {
  if (published === undefined) return undefined
  const { number } = published
  const newest = await store.newest(signer.authority)
  if (newest !== undefined && newest.number >= number) return undefined
  const taken = await store.takeUp(signer.issuer, { number, entries: published.entries() })
  return taken.again.length + taken.unknown.length === 0 ? undefined : { number, ...taken }
}

/** The list that is in force now, signed anew where it has to be; its number is above all that were published (RFC 5280, 5.2.3). */
export async function refreshRevocationList(
  signer: ListSigner,
  store: RevocationListStore,
  { now, published }: { readonly now: Date; readonly published: PublishedList | undefined },
): Promise<SignedList> {
  const least = published?.number ?? 0n
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    // First the newest list, then what is revoked: a list that comes in between is met as taken.
    const newest = await store.newest(signer.authority)
    const entries = await store.entries(signer.issuer, new Date(now.getTime() - LIFE_MS))
    const entriesHash = hashOf(entries)
    const last = newest?.number ?? 0n
    if (newest !== undefined && last >= least && newest.entriesHash === entriesHash && isFresh(newest, now))
      return newest
    const list = {
      number: (last > least ? last : least) + 1n,
      thisUpdate: now,
      nextUpdate: new Date(now.getTime() + LIFE_MS),
    }
    const der = await signer.sign({ ...list, entries })
    const signed = { ...list, entriesHash, entries: entries.length, der }
    if ((await store.add(signer.authority, signed)) === 'added') return signed
  }
  throw new Error('revocation lists are signed faster than they can be numbered')
}

/** A clock that was set back makes a list of the future; that one is replaced too. */
function isFresh({ thisUpdate }: SignedList, now: Date): boolean {
  const age = now.getTime() - thisUpdate.getTime()
  return age >= 0 && age < FRESH_MS
}

function hashOf(entries: readonly RevokedEntry[]): string {
  const lines = entries.map(({ serial, since, reason }) => `${serial} ${since.toISOString()} ${reason}`)
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}
