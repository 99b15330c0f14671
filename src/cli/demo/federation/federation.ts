// tsunagi demo federation: two communities on one machine, each with its own server, database and authority, that know a patient in common (XCA).

import type { Command } from 'commander'
import { type Context, configOf, contextOf } from '../../context.ts'
import { RefusedError, UsageError } from '../../failure.ts'
import { runUntilSignal } from '../../running-server.ts'
import type { Terminal } from '../../terminal.ts'
import { loadNetwork, patientOf } from '../load.ts'
import { type DemoNeighbour, loadDemoNeighbour, loadDemoNetwork } from '../network.ts'
import { type CommunityProcess, startCommunity } from './community-process.ts'
import { writeGuide } from './guide.ts'
import { introduce, type Member } from './introduce.ts'
import { look } from './look.ts'
import { type Side, serverOf, sideOf, writeConfig } from './side.ts'

interface FederationOptions {
  readonly west: string
  readonly east: string
}

/** Doors of a server: HTTPS, StoreClient, patient identity, management. */
const PORTS_EACH = 4
const MAX_PORT = 65_535

export function registerFederation(demo: Command, terminal: Terminal): void {
  demo
    .command('federation')
    .description('run two communities that find and fetch each other’s documents / 二つの地域ネットワークの連携デモ')
    .option('--west <port>', 'first of the four ports of the west / 西の先頭ポート', '9443')
    .option('--east <port>', 'first of the four ports of the east / 東の先頭ポート', '9453')
    .action((options: FederationOptions, command: Command) =>
      runFederation(contextOf(command, terminal), portsOf(options)),
    )
}

/** @throws {UsageError} */
function portsOf({ west, east }: FederationOptions): { readonly west: number; readonly east: number } {
  const ports = { west: portOf(west, '--west'), east: portOf(east, '--east') }
  if (Math.abs(ports.west - ports.east) < PORTS_EACH)
    throw new UsageError(`--west and --east need ${PORTS_EACH} ports each, one after the other`)
  return ports
}

function portOf(text: string, option: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port + PORTS_EACH - 1 > MAX_PORT) throw new UsageError(`${option} needs a port, not "${text}"`)
  return port
}

async function runFederation(context: Context, ports: { readonly west: number; readonly east: number }): Promise<void> {
  const { dataDir } = configOf(context)
  const west = sideOf('west', { dataDir, port: ports.west })
  const east = sideOf('east', { dataDir, port: ports.east })
  const running: CommunityProcess[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((community) => community.stop()))
  }
  await Promise.all([writeConfig(west), writeConfig(east)])
  await runUntilSignal({ stop }, async () => {
    running.push(startCommunity(west), startCommunity(east))
    await Promise.all(running.map(({ ready }) => ready))
    await show(context, west, east)
    await Promise.race(running.map(({ ended }) => ended))
    throw new RefusedError(
      'one of the two servers has ended, and one alone is no federation; its last words stand above',
    )
  })
}

async function show({ terminal }: Context, west: Side, east: Side): Promise<void> {
  const [network, neighbour] = await Promise.all([loadDemoNetwork(), loadDemoNeighbour()])
  const say = (side: Side) => (line: string) => terminal.err(`${side.name}: ${line}\n`)
  const [here, there] = await Promise.all([memberOf(west, network, say(west)), memberOf(east, neighbour, say(east))])
  await introduce(here, there)
  await introduce(there, here)
  const { viewer, stranger } = network.tour
  const seen = await look(here, viewer.systemId, east)
  terminal.out(
    await writeGuide({
      west: here,
      east: there,
      viewer: viewer.systemId,
      stranger: stranger.systemId,
      seen,
      cwd: terminal.cwd,
    }),
  )
}

async function memberOf(side: Side, network: DemoNeighbour, say: (line: string) => void): Promise<Member> {
  const run = await loadNetwork(await serverOf(side), network, say)
  return { side, run, xad: await patientOf(run) }
}
