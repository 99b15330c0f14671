// Composition root: revocation lists of the authorities are fetched, checked and kept, by one process for all (RFC 5280, 5; docs/adr/0026).

import { X509Certificate } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { type CrlLife, lifeOf } from '../access/anchors.ts'
import { MAX_CRL_BYTES, readCrl } from '../certificates/read-crl.ts'
import { createAnchorStore, type DueCrl, keepCrl, noteCrlFailure, takeDueCrls } from '../db/access/anchors.ts'
import { nameOf } from '../http/failure.ts'
import type { Watch } from '../http/metrics/gauges.ts'
import { watchRevocationLists } from '../http/metrics.ts'
import type { Given } from './actor-ports.ts'

/** Lists are looked for so often; each is fetched when it is due. */
const LOOK_MS = 10_000
const FETCH_MS = 30_000
const OK = 200

export interface CrlUpkeep {
  /** Now: an authority may have come. */
  readonly look: () => void
  readonly stop: () => Promise<void>
}

export function openCrlUpkeep(given: Given): CrlUpkeep {
  const agent = new Agent({ connect: { timeout: FETCH_MS } })
  let working: Promise<void> = Promise.resolve()
  let isStopped = false
  const raiseConcern = concerned(given)
  const look = (): void => {
    working = working.then(async () => {
      if (isStopped) return
      await fetchDue(given, agent)
        .then(raiseConcern)
        .catch((error: unknown) =>
          given.log.warn({ cause: nameOf(error) }, 'revocation lists could not be looked after'),
        )
    })
  }
  look()
  const timer = setInterval(look, Math.min(LOOK_MS, given.config.tls.crlSeconds * 1000)).unref()
  return {
    look,
    stop: async () => {
      isStopped = true
      clearInterval(timer)
      await agent.destroy()
      await working
    },
  }
}

/** Metrics of the lists, as any process of the network sees them. */
export function meterRevocationLists(watch: Watch, { pool }: Pick<Given, 'pool'>): void {
  watchRevocationLists(watch, async () => await livesOf(pool))
}

async function livesOf(pool: Given['pool']): Promise<readonly (CrlLife & { readonly anchor: string })[]> {
  const now = new Date()
  const anchors = await createAnchorStore(pool).anchors()
  return anchors.flatMap(({ label, crl }) => {
    // What is just being fetched for the first time is no concern yet.
    const isKnown = crl?.fetchedAt !== undefined || crl?.failure !== undefined
    return isKnown ? [{ anchor: label, ...lifeOf(crl, now) }] : []
  })
}

/** Says it when the concern about a list changes, not at every look. */
function concerned({ log, pool }: Given): () => Promise<void> {
  let known = new Map<string, CrlLife['concern']>()
  return async () => {
    const lives = await livesOf(pool)
    for (const { anchor, concern, seconds } of lives) {
      if (concern === (known.get(anchor) ?? 'none')) continue
      const fields = { anchor, concern, secondsLeft: Math.round(seconds) }
      if (concern === 'none') log.info(fields, 'the revocation list of an authority is fresh again')
      else if (concern === 'warning') log.warn(fields, 'the revocation list of an authority gets old')
      else log.error(fields, 'the revocation list of an authority needs to be looked at')
    }
    known = new Map(lives.map(({ anchor, concern }) => [anchor, concern]))
  }
}

async function fetchDue({ config, log, pool }: Given, agent: Agent): Promise<void> {
  const due = await takeDueCrls(pool, config.tls.crlSeconds * 1000)
  await Promise.all(
    due.map(async (one) => {
      try {
        const crl = await readCrl(await bytesOf(one.source, agent), new X509Certificate(one.pem), new Date())
        if (one.thisUpdate !== undefined && crl.thisUpdate < one.thisUpdate)
          throw new Error('the list is older than the one kept')
        if (await keepCrl(pool, one.anchorId, crl))
          log.info(
            { anchor: one.label, revoked: crl.serials.length, nextUpdate: crl.nextUpdate },
            'new revocation list',
          )
      } catch (error) {
        await failed({ log, pool }, one, wordsOf(error))
      }
    }),
  )
}

/** Told once: the metric and the list of anchors go on saying it. */
async function failed({ log, pool }: Pick<Given, 'log' | 'pool'>, due: DueCrl, failure: string): Promise<void> {
  await noteCrlFailure(pool, due.anchorId, failure)
  if (failure !== due.failure) log.warn({ anchor: due.label, failure }, 'a revocation list could not be had')
}

function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === undefined ? message : `${code}: ${message}`
}

/** Redirects are not followed: the list is where the operator said. @throws {Error} when it is not there, or too much. */
async function bytesOf(source: string, agent: Agent): Promise<Buffer> {
  if (!/^https?:\/\//.test(source)) return bytesOfFile(source)
  const { statusCode, body } = await request(source, { dispatcher: agent, signal: AbortSignal.timeout(FETCH_MS) })
  // Whoever reads it hears of its end by reading; what is not read may break as it likes.
  body.on('error', () => {})
  if (statusCode !== OK) {
    body.destroy()
    throw new Error(`the address answered ${statusCode}`)
  }
  return limited(body)
}

/** A pipe would be waited for until somebody writes to it, and the lists of all other authorities with it. */
async function bytesOfFile(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await file.stat()).isFile()) throw new Error('what lies there is no file')
    return await limited(file.createReadStream({ autoClose: false }))
  } finally {
    await file.close()
  }
}

async function limited(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > MAX_CRL_BYTES) throw new Error(`the list is larger than ${MAX_CRL_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
