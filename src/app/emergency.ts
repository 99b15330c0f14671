// Composition root: emergency access (EMS) by staff and by assertion, what ends it by itself, and its metrics (docs/emergency.md).

import type pg from 'pg'
import { type Asked, asksInEmergency, openByAssertion } from '../access/emergency/by-assertion.ts'
import type { EmergencyPorts } from '../access/emergency/ports.ts'
import type { Config } from '../config/config.ts'
import { emergencyTransaction } from '../db/access/emergency.ts'
import { endDue, forgetMisses, remindOverdue } from '../db/access/emergency-ending.ts'
import { createEmergencyStore } from '../db/access/emergency-store.ts'
import type { DoorLog } from '../http/door.ts'
import { watchEmergencies } from '../http/emergency-metrics.ts'
import type { Watch } from '../http/metrics/gauges.ts'
import type { Caller } from '../model/caller.ts'
import type { Work } from './jobs.ts'

interface House {
  readonly config: Config
  readonly pool: pg.Pool
}

function emergencyPorts({ config, pool }: House): EmergencyPorts {
  const { mode, emergencyHours, emergencyMisses, emergencyByAssertion } = config.access
  return {
    settings: { hours: emergencyHours, misses: emergencyMisses, byAssertion: emergencyByAssertion },
    inTransaction: (work) => emergencyTransaction(pool, mode, work),
  }
}

/** For the admin API. */
export function emergencyAdministration(given: House) {
  return { ports: emergencyPorts(given), store: createEmergencyStore(given.pool) }
}

/** Opens a patient for whoever asks with an assertion of the purpose emergency; for others there is nothing to do. */
export function assertedEmergency(given: House): (caller: Caller, asked: Asked) => Promise<void> {
  const ports = emergencyPorts(given)
  return async (caller, asked) => {
    if (asksInEmergency(caller)) await openByAssertion(caller, asked, ports)
  }
}

/** Ends what is over, and tells of contacts that are overdue. */
export function emergencyWork({ log, pool }: Pick<House, 'pool'> & { readonly log: DoorLog }, watch: Watch): Work {
  watchEmergencies(watch, createEmergencyStore(pool).counts)
  return {
    tasks: {},
    sweep: async () => {
      await endDue(pool)
      for (const emergency of await remindOverdue(pool))
        log.warn({ emergency }, 'the facility whose records were opened in an emergency has not been told in time')
      await forgetMisses(pool)
    },
    close: async () => {},
  }
}
