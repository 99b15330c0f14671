// The two communities of "tsunagi demo federation" as data: whose they are, where they keep what, which doors they have (docs/federation.md).

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { loadConfig } from '../../../config/config.ts'
import { readAdminToken } from '../../admin-client.ts'
import type { RunningServer } from '../../running-server.ts'

type SideName = 'west' | 'east'

export interface Side {
  readonly name: string
  /** As its neighbour's people call it. */
  readonly title: string
  /** The facility that stands for it at its neighbour. */
  readonly facilityId: string
  readonly directory: string
  readonly configFile: string
  /** Its HTTPS door; StoreClient, patient identity and management follow it. */
  readonly port: number
  readonly identifiers: Identifiers
}

interface Identifiers {
  readonly 'community.homeCommunityId': string
  readonly 'repository.uniqueId': string
  /** The neighbour's file of fixtures/demo names it as the domain of the community's numbers. */
  readonly 'identity.affinityDomainAuthority': string
  readonly 'identity.affinityDomainName': string
}

/** The west has the identifiers that "tsunagi demo" has. */
const IDENTIFIERS: Readonly<Record<SideName, Identifiers>> = {
  west: {
    'community.homeCommunityId': 'urn:oid:2.25.196418033432712639206821341812491864200',
    'repository.uniqueId': '2.25.121257199018166379334743311079370271882',
    'identity.affinityDomainAuthority': '2.25.63575427562591742985778003390973421956',
    'identity.affinityDomainName': 'TSUNAGI',
  },
  east: {
    'community.homeCommunityId': 'urn:oid:2.25.298039526957072039420986619662135195731',
    'repository.uniqueId': '2.25.86022100864824232717901049405992710453',
    'identity.affinityDomainAuthority': '2.25.224042311891244728259824216967964208559',
    'identity.affinityDomainName': 'NETWORK-EAST',
  },
}

const TITLES: Readonly<Record<SideName, string>> = { west: '架空県見本市地域連携', east: '東部地域ネットワーク' }

export function sideOf(name: SideName, given: { readonly dataDir: string; readonly port: number }): Side {
  const directory = join(given.dataDir, 'federation', name)
  return {
    name,
    title: TITLES[name],
    facilityId: `network-${name}`,
    directory,
    configFile: join(directory, 'tsunagi.yaml'),
    port: given.port,
    identifiers: IDENTIFIERS[name],
  }
}

/** homeCommunityId without urn:oid:. */
export function communityOf({ identifiers }: Side): string {
  return identifiers['community.homeCommunityId'].replace(/^urn:oid:/, '')
}

/** The configuration that its server and everybody who asks it read: commands need this file and nothing else. */
export async function writeConfig({ directory, configFile, port, identifiers }: Side): Promise<void> {
  const settings = {
    dataDir: '.',
    'https.port': port,
    'https.publicUrl': `https://localhost:${port}`,
    'mllp.storeclient.port': port + 1,
    'mllp.pix.port': port + 2,
    'management.port': port + 3,
    ...identifiers,
    'log.level': 'warn',
  }
  await mkdir(directory, { recursive: true })
  const head = '# Written by "tsunagi demo federation" at every start / 起動のたびに書き直されます\n'
  await writeFile(configFile, `${head}${stringify(settings)}`)
}

/** Its server, which is another process. */
export async function serverOf({ configFile, directory, port }: Side): Promise<RunningServer> {
  return {
    config: loadConfig({ flags: { config: configFile }, env: {}, cwd: directory }),
    adminToken: await readAdminToken(directory),
    httpsPort: port,
    mllpPort: port + 1,
    pixPort: port + 2,
    managementPort: port + 3,
    stop: async () => {},
  }
}
