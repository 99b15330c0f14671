// StoreClient as hospitals use it: few lasting MLLP connections, all kinds of messages mixed, durable, beside a bare insert of the same bytes.

import { readAck } from '../../codec/hl7v2/ack.ts'
import { connectMllp, type MllpClient } from '../../mllp/client.ts'
import { compare, type Measuring, mebibytes, ratioTarget, rounded, target } from './compare.ts'
import { type Figures, repeat } from './load.ts'
import { episode, LONGEST_EPISODE, openHistory } from './messages/episode.ts'
import { messageBytes } from './messages/message.ts'
import { openDesk, type Sender } from './messages/scene.ts'
import { type Moment, moment } from './messages/time.ts'
import { DEMOGRAPHICS, FACILITY_CODE } from './world.ts'

const CONNECTIONS = 4
const LEAST_RATIO = 0.5
/** What the server may grow by while it takes messages; a message kept by mistake would be seen. */
const MOST_GROWTH_MIB = 64
/** Made before a round begins, so that inventing them takes nothing from either side. */
const READY = 1_000
const FIRST_EPISODE = moment(2021, 1, 4)

const SENDER: Sender = { application: 'EHR', facilityCode: FACILITY_CODE, facilityName: '架空中央病院' }

/** Messages of one connection, the same for whoever reads them. */
interface Lane {
  readonly at: (index: number) => Buffer
  readonly prepare: (count: number) => void
}

export async function measureStoreClient({ subject, world, run }: Measuring): Promise<void> {
  const kinds = new Map<string, number>()
  const lanes = Array.from({ length: CONNECTIONS }, (_, lane) =>
    openLane(
      world.patients.filter((_patient, index) => index % CONNECTIONS === lane),
      (kind) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1),
    ),
  )
  const { port } = await subject.ask({ kind: 'bareMllp' })
  const bare = await openSide(lanes, { port, tls: world.hospital })
  const ours = await openSide(lanes, { port: subject.ready.mllpPort, tls: world.hospital })
  try {
    const rss: number[] = []
    const compared = await compare(
      {
        bare: bare.run,
        ours: async (durationMs) => {
          const figures = await ours.run(durationMs)
          rss.push((await subject.ask({ kind: 'memory' })).rssBytes)
          return figures
        },
      },
      run.roundMs,
    )
    const name = `StoreClient, all kinds, ${CONNECTIONS} MLLP connections`
    const [warm = 0, ...later] = rss
    const growthMiB = mebibytes(Math.max(...later) - warm)
    run.print({
      bench: name,
      ...compared,
      bytesEach: rounded(bare.bytes() / bare.count()),
      ...ratioTarget(compared, LEAST_RATIO),
    })
    run.print({
      bench: `${name}: refusals`,
      connectionsLost: ours.lost(),
      ...Object.fromEntries(ours.refusals()),
      ...target('none', ours.refusals().size === 0),
    })
    run.print({
      bench: `${name}: memory`,
      messages: ours.count(),
      rssMiB: mebibytes(Math.max(...later)),
      growthMiB,
      ...target(`growth <= ${MOST_GROWTH_MIB} MiB`, growthMiB <= MOST_GROWTH_MIB),
    })
    run.print({ bench: `${name}: kinds made`, ...Object.fromEntries([...kinds].toSorted()) })
  } finally {
    await Promise.all([bare.close(), ours.close()])
  }
}

/** One message of each patient in turn, so that those of one are seldom next to each other. */
function openLane(patients: readonly { readonly localId: string }[], made: (kind: string) => void): Lane {
  const messages: Buffer[] = []
  const sources = patients.map(({ localId }) => {
    const desk = openDesk(SENDER, { seed: Number(localId), series: localId.slice(-6) })
    const history = openHistory(desk, { localId, demographics: DEMOGRAPHICS })
    return invent(history)
  })
  const prepare = (count: number): void => {
    while (messages.length < count)
      for (const source of sources) {
        const { value } = source.next()
        if (value === undefined) throw new Error('a life has no end here')
        made(value.kind)
        messages.push(value.bytes)
      }
  }
  return {
    prepare,
    at: (index) => {
      prepare(index + 1)
      const message = messages[index]
      if (message === undefined) throw new Error('the message has been made')
      return message
    },
  }
}

function* invent(
  history: ReturnType<typeof openHistory>,
): Generator<{ readonly kind: string; readonly bytes: Buffer }, undefined> {
  for (let start: Moment = FIRST_EPISODE; ; start += LONGEST_EPISODE)
    for (const one of episode(history, start)) yield { kind: one.kind, bytes: messageBytes(one, 'ISO-2022-JP') }
}

interface Side {
  readonly run: (durationMs: number) => Promise<Figures>
  readonly count: () => number
  readonly bytes: () => number
  /** By acknowledgement and first error. */
  readonly refusals: () => ReadonlyMap<string, number>
  /** Connections that the server closed instead of answering, as it does when its database is too busy to say who connects. */
  readonly lost: () => number
  readonly close: () => Promise<unknown>
}

async function openSide(
  lanes: readonly Lane[],
  { port, tls }: { readonly port: number; readonly tls: Measuring['world']['hospital'] },
): Promise<Side> {
  const connect = (): Promise<MllpClient> => connectMllp({ host: 'localhost', port, tls })
  const clients = await Promise.all(lanes.map(connect))
  const next = lanes.map(() => 0)
  const refusals = new Map<string, number>()
  let bytes = 0
  let lost = 0
  const call = async (_number: number, place: number): Promise<boolean> => {
    const index = next[place] ?? 0
    next[place] = index + 1
    const message = lanes[place]?.at(index) ?? Buffer.alloc(0)
    bytes += message.length
    const answer = await clients[place]?.send(message).catch(() => undefined)
    if (answer === undefined) {
      clients[place] = await connect()
      lost += 1
      return false
    }
    if (answer.includes('MSA|AA')) return true
    const { code, errors } = readAck(answer)
    const reason = `${code} ${errors[0]?.code} ${errors[0]?.application} ${errors[0]?.location}`
    refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
    return false
  }
  return {
    run: (durationMs) => {
      for (const [place, lane] of lanes.entries()) lane.prepare((next[place] ?? 0) + READY)
      return repeat(call, { callers: lanes.length, durationMs })
    },
    count: () => next.reduce((sum, one) => sum + one, 0),
    bytes: () => bytes,
    refusals: () => refusals,
    lost: () => lost,
    close: () => Promise.all(clients.map((client) => client.close())),
  }
}
