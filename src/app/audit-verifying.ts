// Composition root: the audit log is verified by the server that keeps it, what was added every day and all of it every week, beside its other work; and months go.

import type { Checkpoint, PublicKeys } from '../audit/checkpoint.ts'
import { createVerifier, type Verification } from '../audit/verify/verify.ts'
import { exportChain } from '../db/audit/chain-export.ts'
import {
  findLostChains,
  findMonths,
  findSilentlyDropped,
  findVerified,
  isDropped,
  noteVerified,
  type VerifiedBefore,
} from '../db/audit/chain-state.ts'
import { dropDueMonths } from '../db/audit/retention.ts'
import { recordChainAlert } from '../db/audit/sealer.ts'
import { nameOf } from '../http/failure.ts'
import { type ChainHouse, readCheckpointFile } from './audit-checkpoints.ts'
import { unhurried } from './unhurried.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const LOOK_MS = 600_000

interface Look {
  readonly keys: PublicKeys
  readonly now: Date
  /** Ends it in the middle; what was begun is begun anew the next time. */
  readonly signal: AbortSignal
}

interface Verifying extends Look {
  readonly given: ChainHouse
  readonly witnesses: () => Promise<readonly Checkpoint[]>
}

/** Looks every few minutes whether something is due, until it is stopped. */
export function startVerifying(given: ChainHouse, publicKeys: () => Promise<PublicKeys>): () => Promise<void> {
  const { pool, log } = given
  const stopping = new AbortController()
  const { signal } = stopping
  let running: Promise<void> = Promise.resolve()
  const look = async (): Promise<void> => {
    try {
      await verifyDue(given, { keys: await publicKeys(), now: new Date(), signal })
    } catch (error) {
      if (!pool.ending && !signal.aborted) log.warn({ cause: nameOf(error) }, 'the audit log could not be verified yet')
    }
    // What was found whole before may go, whatever keeps others from being looked at.
    if (!signal.aborted) await dropDue(given)
  }
  const timer = setInterval(() => {
    running = running.then(look)
  }, LOOK_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    stopping.abort()
    await running
  }
}

/** Chains whose time has come, one after the other; several processes may come to verify the same, which does no harm. */
export async function verifyDue(given: ChainHouse, look: Look): Promise<void> {
  const { pool, config } = given
  const { now } = look
  let read: Promise<readonly Checkpoint[]> | undefined
  const witnesses = (): Promise<readonly Checkpoint[]> => {
    read ??= readWitnesses(given)
    return read
  }
  const verified = await findVerified(pool)
  for (const chain of await findLostChains(pool)) await tellLost(given, { chain, failure: GONE }, verified.get(chain))
  for (const chain of await findSilentlyDropped(pool))
    await tellLost(given, { chain, failure: NOBODY_DROPPED }, verified.get(chain))
  const months = await findMonths(pool)
  for (const month of months) {
    if (month.droppedAt !== undefined) continue
    const { chain } = month
    const before = verified.get(chain)
    const hasGrown = month.events !== before?.seq
    // The newest is looked at though nothing came: that somebody looked is told by a metric.
    const scope = dueOf(before, { config, now, isAtWork: hasGrown || month === months.at(-1) })
    if (scope !== undefined) await tryChain({ ...look, given, witnesses }, { chain, before, scope })
  }
}

/** Without the file the log is still verified by the checkpoints that the database has; that nobody else is a witness is an alarm. */
async function readWitnesses({ config, log }: ChainHouse): Promise<readonly Checkpoint[]> {
  try {
    return await readCheckpointFile(config.audit.checkpointFile)
  } catch (error) {
    log.error({ cause: codeOf(error) }, 'the file of checkpoints cannot be read: the audit log is verified without it')
    return []
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? nameOf(error)
}

type Scope = 'whole' | 'added'

function dueOf(
  before: VerifiedBefore | undefined,
  { config, isAtWork, now }: Pick<ChainHouse, 'config'> & { readonly isAtWork: boolean; readonly now: Date },
): Scope | undefined {
  const { verifyHours, verifyWholeDays } = config.audit
  if (before?.wholeAt === undefined || now.getTime() - before.wholeAt.getTime() >= verifyWholeDays * DAY_MS)
    return 'whole'
  const isOld = now.getTime() - before.verifiedAt.getTime() >= verifyHours * HOUR_MS
  return isOld && isAtWork ? 'added' : undefined
}

interface Due {
  readonly chain: string
  readonly before: VerifiedBefore | undefined
  readonly scope: Scope
}

/** A month that cannot be read, as of a damaged page, is tried again; it must not hide what was done to those after it. */
async function tryChain(verifying: Verifying, due: Due): Promise<void> {
  try {
    await verifyChain(verifying, due)
  } catch (error) {
    const { given, signal } = verifying
    if (given.pool.ending || signal.aborted) throw error
    given.log.warn({ chain: due.chain, cause: nameOf(error) }, 'a month of the audit log could not be verified yet')
  }
}

async function verifyChain(
  { given, keys, witnesses, signal }: Verifying,
  { chain, before, scope }: Due,
): Promise<void> {
  const { pool, config } = given
  const after = scope === 'added' && before !== undefined ? { seq: before.seq, hash: before.hash } : undefined
  const records = await exportChain(
    pool,
    { chain, ...(after === undefined ? {} : { after: after.seq }) },
    { community: config.community.homeCommunityId, keys: {} },
  )
  if (records === undefined) return
  const verifier = createVerifier({
    keys,
    witnesses: await witnesses(),
    ...(after === undefined ? knownOf(before) : { after }),
  })
  for await (const record of unhurried(records, signal)) verifier.take(record)
  // What was taken away in order while it was read is no finding.
  if (await isDropped(pool, chain)) return
  await tell(given, { before, scope, verification: verifier.end() })
}

/** All of a chain is no less than what was seen of it: who took its end away with its checkpoints is found out. */
function knownOf(before: VerifiedBefore | undefined) {
  return before === undefined || before.hash === '' ? {} : { known: { seq: before.seq, hash: before.hash } }
}

async function tell(
  { pool, log }: Verifying['given'],
  { before, scope, verification }: Pick<Due, 'before' | 'scope'> & { readonly verification: Verification },
): Promise<void> {
  const [verified] = verification.chains
  if (verified === undefined) return
  const [first] = verification.findings
  const { chain, seq, hash } = verified
  await noteVerified(pool, {
    chain,
    seq,
    hash,
    isWhole: scope === 'whole',
    ...(first === undefined ? {} : { failure: first.words }),
  })
  if (first === undefined) {
    log.info({ chain, seq, scope }, 'the audit log is whole')
    return
  }
  const { findingCount } = verification
  log.error({ chain, seq: first.seq, finding: first.words, findings: findingCount }, 'THE AUDIT LOG IS NOT WHOLE')
  if (before?.failure === undefined) await recordChainAlert(pool, `audit log of ${chain}: ${first.words}`)
}

const GONE = 'the month was signed and is gone'
const NOBODY_DROPPED = 'the month is said to be dropped, and no event tells by whom'

/** Nothing is left of it to verify; its name in the checkpoints remains. */
async function tellLost(
  { pool, log }: Verifying['given'],
  { chain, failure }: { readonly chain: string; readonly failure: string },
  before: VerifiedBefore | undefined,
): Promise<void> {
  log.error({ chain, finding: failure }, 'THE AUDIT LOG IS NOT WHOLE')
  await noteVerified(pool, { chain, seq: 0, hash: '', isWhole: true, failure })
  if (before?.failure === undefined) await recordChainAlert(pool, `audit log of ${chain}: ${failure}`)
}

async function dropDue({ config, pool, log }: ChainHouse): Promise<void> {
  try {
    const dropped = await dropDueMonths(pool, { now: new Date(), months: config.audit.retentionMonths })
    if (dropped.length > 0) log.info({ months: dropped }, 'months of the audit log were dropped')
  } catch (error) {
    if (!pool.ending) log.warn({ cause: nameOf(error) }, 'a month of the audit log could not be dropped yet')
  }
}
