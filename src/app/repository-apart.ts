// Composition root: the Document Repository whose registry is elsewhere (repository.registryUrl; docs/adr/0010).

import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { tlsOptions } from '../certificates/presets.ts'
import type { Config } from '../config/config.ts'
import { createSubmissionStore, isBeingRegistered } from '../db/submission-store.ts'
import type { DoorPorts } from '../http/door.ts'
import { createRegistryClient } from '../http/registry-client.ts'
import type { BlobStore, RepositoryPorts } from '../repository/ports.ts'
import { type ElsewherePorts, registerElsewhere, settle } from '../repository/register-elsewhere.ts'
import { type Given, rowsOf } from './actor-ports.ts'

const SETTLE_EVERY_MS = 15_000
/** Beyond the registry's time: what this side needs before and after. */
const ATTEMPT_MARGIN_MS = 30_000
/** A consumer that hears of a document from the registry may be faster than the registry's answer to us. */
const BEING_REGISTERED_MS = 2000
const LOOK_AGAIN_MS = 50

/** The ports of a repository as configured, and what ends its work. */
export async function repositoryFor(
  given: Given,
  {
    repository,
    blobs,
    doorPorts,
  }: { readonly repository: RepositoryPorts; readonly blobs: BlobStore; readonly doorPorts: DoorPorts },
): Promise<{ readonly repository: RepositoryPorts; readonly stop: () => Promise<void> }> {
  const { config, log, pool } = given
  const url = config.repository.registryUrl
  if (url === undefined) return { repository, stop: async () => {} }
  const client = createRegistryClient({
    url,
    tls: await registryTls(config),
    timeoutMs: config.repository.registryTimeoutMs,
    maxAnswerBytes: config.limits.soapBytes,
    ports: doorPorts,
  })
  const elsewhere: ElsewherePorts = {
    repositoryUniqueId: repository.repositoryUniqueId,
    named: repository.named,
    send: client.send,
    registryUrl: url,
    store: createSubmissionStore({
      pool,
      attemptMs: config.repository.registryTimeoutMs + ATTEMPT_MARGIN_MS,
      rowsOf,
    }),
    discardFile: blobs.discardFile,
    warn: (reason) => log.warn({ reason }, 'the registry elsewhere has not taken a submission'),
  }
  const stopSettling = settleRepeatedly(elsewhere, log)
  return {
    repository: {
      ...repository,
      register: (request, caller) => registerElsewhere(request, caller, elsewhere),
      documents: async (caller, uniqueIds) => {
        const end = performance.now() + BEING_REGISTERED_MS
        while ((await isBeingRegistered(pool, uniqueIds)) && performance.now() < end) await delay(LOOK_AGAIN_MS)
        return repository.documents(caller, uniqueIds)
      },
    },
    stop: async () => {
      await stopSettling()
      await client.close()
    },
  }
}

async function registryTls(config: Config) {
  const { registryCertificate, registryKey, registryCa } = config.repository
  const [cert, key, ca] = await Promise.all(
    [registryCertificate, registryKey, registryCa].map((path) => readFile(path, 'utf8')),
  )
  const { minVersion, maxVersion, ciphers, ecdhCurve } = tlsOptions({
    preset: config.tls.preset,
    atnaDhe: config.tls.atnaDhe,
  })
  return { cert, key, ca, minVersion, maxVersion, ciphers, ecdhCurve }
}

/** One run after the other, the first at once: a crash may have left submissions in doubt. */
function settleRepeatedly(ports: ElsewherePorts, log: Given['log']): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve()
  let busy = false
  const run = (): void => {
    if (busy) return
    busy = true
    running = settle(ports)
      .catch((error: Error) => log.warn({ cause: error.name }, 'submissions in doubt could not be settled'))
      .finally(() => {
        busy = false
      })
  }
  run()
  const timer = setInterval(run, SETTLE_EVERY_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}
