// Composition root: doors and actors once more, over one transaction instead of the pool, for a message of the journal (docs/adr/0038).

import { iheError } from '../../profiles/errors/index.ts'
import { ENDPOINTS } from '../../profiles/transactions/index.ts'
import { findActiveSystem } from '../db/access-store.ts'
import { createExchangeRecorder } from '../db/exchange-recorder.ts'
import {
  attemptTransaction,
  changesBetween,
  findConfirmation,
  findExchanged,
  holdReplaying,
  keepConfirmation,
  type Named,
  personsNamed,
  stateOfPersons,
} from '../db/journal/replays.ts'
import { inOneTransaction, type OneTransaction } from '../db/one-transaction.ts'
import { loadStored } from '../db/repository-store.ts'
import { recordReplay } from '../db/staff-change.ts'
import type { WithheldOptions } from '../db/storeclient/withheld.ts'
import { obstacleOf, performAgain, type ReplayDoors } from '../http/replay.ts'
import { parseAllowedAddress } from '../http/reply-route.ts'
import { type StoreClientServiceOptions, storeClientService } from '../http/storeclient-door.ts'
import type { XuaGate } from '../http/xua.ts'
import type { IdentityPorts } from '../identity/ports.ts'
import type { Attempt, Exchanged, NamedChange, Obstacle, Replayable, ReplayPorts } from '../journal/replay-ports.ts'
import { IheError } from '../model/error.ts'
import { newJournalId } from '../model/journal-id.ts'
import type { Sequences } from '../model/sequence-number.ts'
import type { StagedContent } from '../model/staged-document.ts'
import type { BlobStore } from '../repository/ports.ts'
import { accept } from '../storeclient/accept.ts'
import {
  type Given,
  identityPorts,
  pdqPorts,
  pixQueryPorts,
  registryPorts,
  repositoryPorts,
  storeClientPorts,
  storedQueryPorts,
} from './actor-ports.ts'
import { endpointsOf } from './endpoints.ts'
import { ASKS_NOBODY, FETCHES_NOTHING } from './federation.ts'
import { identityServices } from './feed-bindings.ts'

/** Locks of others are waited for shortly, and ours are held for no longer than a slow message holds them. */
const LIMITS = { totalMs: 20_000, statementMs: 10_000, lockMs: 2000 }

/** What an attempt shares with the doors of the server. */
export interface ReplayHouse {
  readonly blobs: BlobStore
  readonly withheld: WithheldOptions
  readonly matching: IdentityPorts['matching']
  readonly readingOf: StoreClientServiceOptions['readingOf']
  readonly policyOf: XuaGate['policyOf']
  readonly kept: ReplayPorts['kept']
}

export function replayPorts(given: Given, house: ReplayHouse): ReplayPorts {
  const { config, pool } = given
  return {
    now: () => new Date(),
    exchange: (exchangeId) => findExchanged(pool, exchangeId),
    kept: house.kept,
    stored: (uniqueIds) => loadStored(pool, uniqueIds),
    systemOf: (systemId) => findActiveSystem(pool, { systemId, networkMode: config.access.mode }),
    obstacle: async (replayable) =>
      isRegisteredElsewhere(given, replayable) ?? obstacleOf(replayable, { ...house, paths: Object.values(ENDPOINTS) }),
    perform: async (replayable, judge) => {
      const files = [filesOf(house.blobs), filesOf(house.withheld.blobs)] as const
      const settle = async (end: 'commit' | 'rollback'): Promise<void> => {
        for (const store of files) await store.settle(end)
      }
      const { judged, end } = await inOneTransaction(pool, LIMITS, async (one) => {
        const attempt = await attemptIn(one, replayable, { given, house, files })
        const judged = await judge(attempt, attemptTransaction(one.pool))
        return { result: { judged: judged.result, end: judged.end }, end: judged.end }
      }).catch(async (error: unknown) => {
        // Whether a commit happened is not ours to guess: what no row names goes with the daily sweep.
        if (!(error instanceof IheError && error.row.code === 'OUTCOME_UNKNOWN')) await settle('rollback')
        throw error
      })
      await settle(end)
      return judged
    },
    confirmations: {
      keep: (confirmation) => keepConfirmation(pool, confirmation),
      find: (tokenDigest) => findConfirmation(pool, tokenDigest),
    },
    looked: ({ by, peer }, former) =>
      recordReplay(pool, 'tried', {
        by,
        peer,
        operation: `tries what exchange ${former.exchangeId} would do now`,
        patients: former.patients,
        exchangeId: former.exchangeId,
        ...(former.facilityId === undefined ? {} : { facilityId: former.facilityId }),
      }),
  }
}

/** Reads of a repository are its own; what it registers goes over the wire. */
const LOCAL: ReadonlySet<string> = new Set(['ITI-43', 'ITI-86'])

function isRegisteredElsewhere({ config }: Given, { former }: Replayable): Obstacle | undefined {
  const goesOut = former.endpoint === ENDPOINTS.DocumentRepository && !LOCAL.has(former.transaction)
  return goesOut && config.repository.registryUrl !== undefined ? 'registry elsewhere' : undefined
}

interface Attempting {
  readonly given: Given
  readonly house: ReplayHouse
  readonly files: readonly [documents: Files, withheld: Files]
}

async function attemptIn(
  one: OneTransaction,
  replayable: Replayable,
  { given, house, files }: Attempting,
): Promise<Attempt> {
  if (!(await holdReplaying(one.pool))) throw iheError('BUSY', { rule: 'one replay at a time' })
  const exchangeId = newJournalId()
  const found = await performAgain(exchangeId, replayable, doorsOn(one, { given, house, files }))
  const exchange = await findExchanged(one.pool, exchangeId)
  if (exchange === undefined) throw new Error('a replay left no entry in the journal')
  const tables = await one.changes()
  return { exchange, ...(found === undefined ? {} : { found }), tables, ...(await namedChanges(given, one, exchange)) }
}

/** Compared with what everybody else sees. */
async function namedChanges(
  { pool }: Given,
  one: OneTransaction,
  named: Named & Pick<Exchanged, 'result'>,
): Promise<{ readonly changes: readonly NamedChange[]; readonly isNamed: boolean }> {
  if (named.result === 'failure') return { changes: [], isNamed: true }
  const persons = [...new Set([...(await personsNamed(pool, named)), ...(await personsNamed(one.pool, named))])]
  const before = await stateOfPersons(pool, persons, named)
  const after = await stateOfPersons(one.pool, persons, named)
  return before === undefined || after === undefined
    ? { changes: [], isNamed: false }
    : { changes: changesBetween(before, after), isNamed: true }
}

const NO_SEQUENCES: Sequences = {
  read: async () => undefined,
  write: async () => {},
  forget: async () => {},
}

function doorsOn(one: OneTransaction, { given, house, files }: Attempting): ReplayDoors {
  const { config } = given
  const apart: Given = { ...given, pool: one.pool }
  const [{ store: blobs }, withheld] = files
  const registry = registryPorts(apart)
  const repository = repositoryPorts(apart, { registry, blobs })
  const identity = identityPorts(apart, house)
  const storeClient = storeClientPorts(apart, {
    blobs,
    registry,
    withheld: { ...house.withheld, pool: one.pool, blobs: withheld.store },
  })
  const pushes = storeClientService({
    accept: (request, caller) => accept(request, caller, storeClient),
    // Its number was taken when it came: what is replayed is out of the sequence.
    readingOf: (system) => ({ ...house.readingOf(system), sequenceNumbers: 'off' }),
    sequences: NO_SEQUENCES,
  })
  return {
    ports: {
      recorder: createExchangeRecorder(one.pool),
      // The message is kept already.
      keeper: { keeping: 'none', keep: () => {} },
      // An exchange that may never have been is neither counted nor told of.
      log: {
        info: () => {},
        warn: (fields, message) => given.log.warn(fields, message),
        error: (fields, message) => given.log.error(fields, message),
      },
      meter: { exchange: () => {}, opened: () => () => {}, turnedAway: () => {} },
    },
    endpoints: endpointsOf(apart, {
      registry,
      queries: storedQueryPorts(apart, registry),
      repository,
      identity,
      blobs,
      partners: ASKS_NOBODY,
      repositories: FETCHES_NOTHING,
    }),
    storeClient: () => pushes,
    pix: identityServices(identity, { pix: pixQueryPorts(apart, identity), pdq: pdqPorts(apart, identity) }),
    allowedReplies: config.soap.asyncReplyTo.map(parseAllowedAddress),
    policyOf: house.policyOf,
  }
}

interface Files {
  readonly store: BlobStore
  /** After COMMIT files go whose rows went; after ROLLBACK those that came. */
  readonly settle: (end: 'commit' | 'rollback') => Promise<void>
}

function filesOf(store: BlobStore): Files {
  const came: StagedContent[] = []
  const gone: string[] = []
  return {
    store: {
      ...store,
      stage: async (source) => {
        const staged = await store.stage(source)
        came.push(staged)
        return staged
      },
      discardFile: async (key) => {
        gone.push(key)
      },
    },
    settle: async (end) => {
      // What cannot be deleted now is named by no row, so the sweep will.
      if (end === 'commit') for (const key of gone) await store.discardFile(key).catch(() => undefined)
      else for (const staged of came) await store.discard(staged).catch(() => undefined)
    },
  }
}
