// As which system a storage is sent: the one named, or the facility's own that may import storages.

import type { Config } from '../../config/config.ts'
import { rowsOf, textOf } from '../admin-client.ts'
import { adminOf } from '../context.ts'
import { UsageError } from '../failure.ts'

const ROLE = 'storage-importer'

/** @throws {UsageError} when neither is named, or the facility has no such system, or several. */
export async function importerOf(
  config: Config,
  { as, facility }: { readonly as?: string; readonly facility?: string },
): Promise<string> {
  if (as !== undefined && facility === undefined) return as
  if (as !== undefined || facility === undefined) throw new UsageError('give --as <system> or --facility <facilityId>')
  const systems = rowsOf((await (await adminOf(config)).get('/systems')).body).filter(
    (system) => textOf(system.facilityId) === facility && Array.isArray(system.roles) && system.roles.includes(ROLE),
  )
  const [system, ...others] = systems.map(({ systemId }) => textOf(systemId))
  if (system === undefined)
    throw new UsageError(`facility ${facility} has no system with the role ${ROLE}; give one, or name it with --as`)
  if (others.length > 0)
    throw new UsageError(
      `facility ${facility} has several systems with the role ${ROLE}: ${[system, ...others].join(', ')}; choose one with --as`,
    )
  return system
}
