// Our own PostgreSQL inside the data directory, so that one command starts everything (design §5).

import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { totalmem } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { type Binaries, prepareBinaries } from './embedded/binaries.ts'
import { ensureCluster } from './embedded/cluster.ts'
import { type Address, becomesReady, connectionTo, urlOf } from './embedded/connect.ts'
import { type Places, preparePlaces, socketDirectory } from './embedded/places.ts'
import {
  clusterName,
  endOrphans,
  findPostmaster,
  type Launch,
  launchPostmaster,
  logTail,
  type Postmaster,
  stopPostmaster,
} from './embedded/postmaster.ts'
import { isAlive, startMark } from './embedded/process.ts'
import type { DatabaseConnection } from './pool.ts'

export interface EmbeddedPostgres {
  readonly connection: DatabaseConnection
  /** The same as one text; contains the password. */
  readonly url: string
  /** True when the database was made by this call. */
  readonly firstStart: boolean
  /** Fast shutdown; waits until the server has ended. Does nothing when another process had started it and still uses it. */
  readonly stop: () => Promise<void>
}

const READY_MS = 60_000
const RETRY_MS = 200
const WATCH_MS = 500
/** A full disk takes a person to mend. */
const REVIVAL_PAUSE_MS = 5000
/** sun_path is 104 bytes on macOS, 108 on Linux; the file name, .s.PGSQL.5432.lock, and the slash need 19. */
const MAX_SOCKET_DIRECTORY = 84
const SOCKET_PORT = 5432

/** PostgreSQL keeps a little memory for each, used or not. */
const LEAST_CONNECTIONS = 200

const MIB = 2 ** 20
const SHARE_OF_MEMORY = 1 / 4
const LEAST_BUFFERS = 128 * MIB
const MOST_BUFFERS = 8192 * MIB

/**
 * What a large network's patients have lies at random places: a page that has fallen out of PostgreSQL's own memory is read anew for
 * every question. What is not used is not taken from the machine.
 *
 * @param memory - bytes; without it those of the machine, or what a container may use of them.
 * @returns bytes.
 */
export function sharedBuffersFor(memory: number = machineMemory()): number {
  return Math.min(MOST_BUFFERS, Math.max(LEAST_BUFFERS, memory * SHARE_OF_MEMORY))
}

function machineMemory(): number {
  const limit = process.constrainedMemory()
  const total = totalmem()
  return limit > 0 && limit < total ? limit : total
}

/** Durable before fast: what is acknowledged must survive a power cut. */
const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  max_wal_size: '2GB',
  unix_socket_permissions: '0700',
  client_connection_check_interval: '2s',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Errors reach the caller; logged, their texts could carry patient data.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
}

/**
 * Starts the PostgreSQL of `directory`, makes it first when there is none, takes over one that a killed process of ours left running,
 * and joins one that a living process of ours uses, as it is. Ready for connections when it returns. `sharedBuffers` in bytes.
 * @throws {Error} in plain words, with the end of PostgreSQL's log, when it cannot be started within 60 seconds.
 */
export async function startEmbeddedPostgres({
  directory,
  sharedBuffers = LEAST_BUFFERS,
  connections = LEAST_CONNECTIONS,
  log = () => {},
}: {
  readonly directory: string
  readonly sharedBuffers?: number
  /** At least so many can be open at once. */
  readonly connections?: number
  readonly log?: (line: string) => void
}): Promise<EmbeddedPostgres> {
  const places = await preparePlaces(directory)
  if (places.home !== directory)
    log(`PostgreSQL keeps its files in ${places.home}: it cannot enter ${directory} as nobody`)
  const binaries = await prepareBinaries(places)
  const { password, isNew } = await ensureCluster(places, binaries)
  const circumstances = { places, binaries, password, sharedBuffers, connections, log }
  const running = await join(circumstances)
  return {
    connection: connectionTo(running.address, password),
    url: urlOf(running.address, password),
    firstStart: isNew,
    stop: running.isOurs ? keepRunning(running, circumstances) : async () => {},
  }
}

/** Starts the server again when it ends without being asked to; the pool finds it at the same address. Returns what stops both. */
function keepRunning(first: Running, circumstances: Circumstances): () => Promise<void> {
  const { places, log } = circumstances
  let running = first
  let revival: Promise<void> | undefined
  let notBefore = 0
  const revive = async (): Promise<void> => {
    log('PostgreSQL has ended unexpectedly and is started again')
    try {
      running = await join(circumstances)
    } catch (error) {
      log((error as Error).message)
      notBefore = Date.now() + REVIVAL_PAUSE_MS
    }
    revival = undefined
  }
  const timer = setInterval(() => {
    if (revival === undefined && !isAlive(running.pid) && Date.now() >= notBefore) revival = revive()
  }, WATCH_MS).unref()
  return async () => {
    clearInterval(timer)
    await revival
    if (running.isOurs) await stopPostmaster(running.pid)
    await rm(places.owner, { force: true })
  }
}

interface Circumstances {
  readonly places: Places
  readonly binaries: Binaries
  readonly password: string
  readonly sharedBuffers: number
  readonly connections: number
  readonly log: (line: string) => void
}

interface Running {
  readonly pid: number
  readonly address: Address
  readonly isOurs: boolean
}

/** Comes back to the start whenever a server ends under our hands: two processes may start at once, and a killed one takes time to go. */
async function join(circumstances: Circumstances): Promise<Running> {
  const end = Date.now() + READY_MS
  for (;;) {
    const running = await attempt(circumstances, end)
    if (running !== undefined) return running
    if (Date.now() > end) {
      throw new Error(
        `PostgreSQL did not start; the end of ${circumstances.places.log}:\n${await logTail(circumstances.places)}`,
      )
    }
    await delay(RETRY_MS)
  }
}

async function attempt(circumstances: Circumstances, end: number): Promise<Running | undefined> {
  const { places, binaries, password, log } = circumstances
  const present = await findPostmaster(places)
  const isUsed = present !== undefined && (await hasOtherOwner(places))
  const address = await addressFor(circumstances, present)
  if (present !== undefined && (isUsed || matches(present, address))) {
    log(
      isUsed
        ? 'joining the PostgreSQL that is running'
        : 'taking over the PostgreSQL that a killed process left running',
    )
    const isReady = await becomesReady({
      address,
      password,
      end,
      ended: () => (isAlive(present.pid) ? undefined : 'gone'),
    })
    if (!isReady) return undefined
    if (!isUsed) await claim(places)
    return { pid: present.pid, address, isOurs: !isUsed }
  }
  if (present !== undefined) await stopPostmaster(present.pid)
  else if ((await endOrphans(places)) > 0) log('ended what a killed PostgreSQL had left')
  const launch = await launchPostmaster(binaries.postgres, places, address.options)
  if (!(await becomesReady({ address, password, end, ended: launch.ended }))) return failure(launch, places)
  await claim(places)
  return { pid: launch.pid, address, isOurs: true }
}

/** A server that lost a race or met the remains of a killed one ends by itself, and is tried again; anything else is for a person. */
async function failure(launch: Launch, places: Places): Promise<undefined> {
  const tail = await logTail(places)
  const passes = /lock file .* already exists|pre-existing shared memory block|is another postmaster/i.test(tail)
  if (launch.ended() === undefined || passes) return undefined
  throw new Error(`PostgreSQL ended with ${launch.ended()}; the end of ${places.log}:\n${tail}`)
}

async function addressFor(
  { places, sharedBuffers, connections }: Circumstances,
  present: Postmaster | undefined,
): Promise<Address> {
  const settings = Object.entries({
    ...SERVER_SETTINGS,
    max_connections: String(Math.max(LEAST_CONNECTIONS, connections)),
    shared_buffers: `${Math.round(sharedBuffers / MIB)}MB`,
    cluster_name: clusterName(places),
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  if (process.platform === 'win32') {
    const port = Number(/-c\W+port=(\d+)/.exec(present?.options ?? '')?.[1] ?? (await freePort()))
    return { host: '127.0.0.1', port, options: [...settings, '-c', 'listen_addresses=127.0.0.1', '-c', `port=${port}`] }
  }
  const host = await socketDirectory(places, MAX_SOCKET_DIRECTORY)
  const options = [
    ...settings,
    '-c',
    'listen_addresses=',
    '-c',
    `unix_socket_directories=${host}`,
    '-c',
    `port=${SOCKET_PORT}`,
  ]
  return { host, port: SOCKET_PORT, options }
}

/** postmaster.opts quotes each option. */
function matches(present: Postmaster, address: Address): boolean {
  return address.options.every((option) => option === '-c' || present.options.includes(`"${option}"`))
}

/** The mark says which process of ours uses the server: its id, and when it began, because ids come again. */
async function claim(places: Places): Promise<void> {
  await writeFile(places.owner, `${process.pid} ${startMark(process.pid) ?? ''}\n`, { mode: 0o600 })
}

async function hasOtherOwner(places: Places): Promise<boolean> {
  const [pid, mark] = (await readFile(places.owner, 'utf8').catch(() => '')).trim().split(' ')
  const owner = Number(pid)
  if (!Number.isInteger(owner) || owner <= 0 || !isAlive(owner)) return false
  const now = startMark(owner)
  return now === undefined || mark === undefined || now === mark
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return typeof address === 'object' && address !== null ? address.port : 0
}
