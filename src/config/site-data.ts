// Data that a site lays over profiles/: files of the data directory, read once at start (design §5).

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RoleTable, roleTable, withSiteRoles } from '../../profiles/access/index.ts'
import { type AffinityDomain, affinityDomain, withSite } from '../../profiles/affinity-domain/index.ts'
import { checkPartner, type PartnerRecord } from '../../profiles/partners/index.ts'
import { type Fees, fees, readFees } from '../../profiles/storeclient/fees.ts'
import { type DataKind, withSiteKinds } from '../../profiles/storeclient/index.ts'
import { ConfigError } from './error.ts'

/**
 * The affinity domain with `config/affinity-domain.json` of the data directory over it, where there is one.
 * @throws {ConfigError} naming file, key and value of everything that will not do.
 */
export function loadAffinityDomain(dataDir: string): AffinityDomain {
  const path = join(dataDir, 'config', 'affinity-domain.json')
  const site = readJson(path)
  if (site === undefined) return affinityDomain
  const checked = withSite(site)
  if ('problems' in checked) throw new ConfigError(checked.problems.map((problem) => `${path}: ${problem}`))
  return checked.domain
}

/**
 * The StoreClient data kinds with `config/storeclient.json` of the data directory over them, where there is one.
 * @throws {ConfigError} naming file, kind and value of everything that will not do.
 */
export function loadStoreClientKinds(dataDir: string, domain: AffinityDomain): readonly DataKind[] {
  const path = join(dataDir, 'config', 'storeclient.json')
  const checked = withSiteKinds(readJson(path) ?? { kinds: [] }, domain)
  if ('problems' in checked) throw new ConfigError(checked.problems.map((problem) => `${path}: ${problem}`))
  return checked.kinds
}

/**
 * Which roles and purposes of assertions mean what here, with `config/roles.json` of the data directory over it, where there is one.
 * @throws {ConfigError} naming file, key and value of everything that will not do.
 */
export function loadRoles(dataDir: string): RoleTable {
  const path = join(dataDir, 'config', 'roles.json')
  const site = readJson(path)
  if (site === undefined) return roleTable
  const checked = withSiteRoles(site)
  if ('problems' in checked) throw new ConfigError(checked.problems.map((problem) => `${path}: ${problem}`))
  return checked.roles
}

/**
 * The partner records of `config/partners/*.json` of the data directory, one a file.
 * @throws {ConfigError} naming file, key and value of everything that will not do.
 */
export function loadPartners(dataDir: string): readonly PartnerRecord[] {
  const directory = join(dataDir, 'config', 'partners')
  const records: PartnerRecord[] = []
  const problems: string[] = []
  const files = new Map<string, string>()
  for (const name of namesIn(directory)) {
    const path = join(directory, name)
    const checked = checkPartner(readJson(path))
    if ('problems' in checked) {
      problems.push(...checked.problems.map((problem) => `${path}: ${problem}`))
      continue
    }
    const { id } = checked.record
    if (files.has(id)) problems.push(`${path}: id: ${id} is that of ${files.get(id)} too`)
    files.set(id, path)
    records.push(checked.record)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return records
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new ConfigError([`${directory}: ${error instanceof Error ? error.message : 'cannot be read'}`])
  }
}

/**
 * The storage fees, or those of `config/fees.json` of the data directory, where there is one.
 * @throws {ConfigError} naming file and place of everything that will not do.
 */
export function loadFees(dataDir: string): Fees {
  const path = join(dataDir, 'config', 'fees.json')
  const site = readJson(path)
  if (site === undefined) return fees
  const read = readFees(site)
  if ('problems' in read) throw new ConfigError(read.problems.map((problem) => `${path}: ${problem}`))
  return read.fees
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const why = error instanceof Error ? error.message : 'cannot be read'
    throw new ConfigError([`${path}: ${error instanceof SyntaxError ? `is not JSON, ${why}` : why}`])
  }
}
