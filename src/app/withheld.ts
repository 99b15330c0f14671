// Composition root: StoreClient messages that are held or in quarantine, their keys, and the jobs that file them (docs/adr/0021).

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { storeClientDemographics, storeClientPush } from '../../profiles/transactions/index.ts'
import { readHeader } from '../codec/hl7v2/header.ts'
import { readEr7 } from '../codec/hl7v2/read.ts'
import { findActiveSystem } from '../db/access-store.ts'
import { createWithheldStore, type WithheldOptions } from '../db/storeclient/withheld.ts'
import { findWithheldFiles, RELEASE_TASK, sweepWithheld, wakeLinked } from '../db/storeclient/withheld-upkeep.ts'
import { type DoorPorts, newExchange, observe } from '../http/door.ts'
import { nameOf } from '../http/failure.ts'
import { partiesOf } from '../http/hl7v2-door.ts'
import { openFileBlobStore } from '../repository/file-blob-store.ts'
import type { BlobStore } from '../repository/ports.ts'
import { accept } from '../storeclient/accept.ts'
import type { DueNumber, ReleasePorts } from '../storeclient/hold/hold-ports.ts'
import { releaseNumber } from '../storeclient/hold/hold-release.ts'
import type { Origin, StoreClientPorts } from '../storeclient/ports.ts'
import { type Given, partsOf } from './actor-ports.ts'
import type { Work } from './jobs.ts'
import { openKeyRing } from './key-file.ts'

/** Where sealed messages lie, and what opens them. */
export async function openWithheld({ config, pool }: Given): Promise<WithheldOptions> {
  return {
    pool,
    keys: await openKeyRing({
      dataDir: config.dataDir,
      fileName: 'held-keys',
      setting: 'storeclient.heldKeys',
      configured: config.storeclient.heldKeys,
    }),
    blobs: await openFileBlobStore({
      directory: join(config.dataDir, 'held'),
      maxDocumentBytes: config.limits.documentBytes,
    }),
    keptDays: config.storeclient.heldDays,
    keptBytes: config.storeclient.heldBytes,
    exchangeParts: partsOf,
  }
}

export function releasePorts(
  { config, log, pool }: Given,
  given: {
    readonly options: WithheldOptions
    readonly storeClient: StoreClientPorts
    readonly doorPorts: DoorPorts
  },
): ReleasePorts {
  const { options, storeClient, doorPorts } = given
  return {
    withheld: createWithheldStore(options),
    systemOf: (systemId) => findActiveSystem(pool, { systemId, networkMode: config.access.mode }),
    exchangeOf: (message) => {
      const header = readHeader(message.bytes)
      return {
        ...newExchange({
          door: 'job',
          endpoint: `withheld/${message.withheldId}`,
          peer: 'localhost',
          transaction: (header.messageCode === 'ADT' ? storeClientDemographics : storeClientPush).id,
        }),
        requestBytes: message.bytes.length,
        messageId: message.controlId,
        ...partiesOf(header),
      }
    },
    file: async ({ bytes, context }, caller, release) => {
      const { charset, origin } = context
      const eightBit = charset === 'Shift_JIS' || charset === 'EUC-JP' ? { eightBit: charset } : {}
      const message = readEr7(bytes, eightBit)
      const from = origin === undefined ? {} : { origin: origin as Origin }
      const request = { message, bytes, sha256: sha256Of(bytes), release, ...from }
      const outcome = await accept(request, caller, storeClient)
      const code = outcome.answer.kind === 'refused' ? outcome.answer.error.row.code : ''
      observe(doorPorts, caller.exchange, { result: outcome.result, code, systemId: caller.systemId })
      return outcome
    },
    alarm: (withheldId, error) =>
      log.error(
        { withheld: withheldId, cause: nameOf(error) },
        'a withheld message cannot be opened; has the key it was sealed with been taken away?',
      ),
  }
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The sweep may take so much of the time. */
const SWEEP_SHARE = 0.05

/** Files what waits for numbers that are linked now. */
export function releaseWork(ports: ReleasePorts, blobs: BlobStore): Work {
  let restsUntilMs = 0
  let after: DueNumber | undefined
  return {
    tasks: { [RELEASE_TASK]: (payload, signal) => releaseNumber(payload as DueNumber, ports, signal) },
    sweep: async (client) => {
      const startedMs = performance.now()
      if (startedMs < restsUntilMs) return
      try {
        after = await wakeLinked(client, after)
        await discardAll(await sweepWithheld(client), blobs)
      } finally {
        restsUntilMs = performance.now() + (performance.now() - startedMs) / SWEEP_SHARE
      }
    },
    close: async () => {},
  }
}

/** No row names them any more: one that cannot be removed keeps no other beyond its time. @throws what kept the first one, when all were tried. */
async function discardAll(keys: readonly string[], { discardFile }: Pick<BlobStore, 'discardFile'>): Promise<void> {
  const failures: unknown[] = []
  for (const key of keys) await discardFile(key).catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

/** Files that no row names, left by a crash between commit and removal. */
export function withheldFiles({ pool }: Given): (keys: readonly string[]) => Promise<ReadonlySet<string>> {
  return (keys) => findWithheldFiles(pool, keys)
}
