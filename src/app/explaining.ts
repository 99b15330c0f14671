// Composition root: explanations of access and what-if over the journal, on the facts that the doors read (design §4).

import { iti18, iti43 } from '../../profiles/transactions/index.ts'
import { staffCalendar, staffContent } from '../../profiles/transactions/staff.ts'
import type { AskedViewer, ExplainingPorts } from '../access/explaining/ports.ts'
import type { SimulationPorts } from '../access/simulation/ports.ts'
import { createExplainingReads } from '../db/access/explaining.ts'
import { createSimulationReads } from '../db/access/simulation.ts'
import { factsOfNumber, findSystemsById, findViewer } from '../db/access-store.ts'
import { recordSimulation } from '../db/staff-change.ts'
import type { User } from '../model/user.ts'
import type { Given } from './actor-ports.ts'

export function explainingPorts({ config, pool }: Pick<Given, 'config' | 'pool'>): ExplainingPorts {
  const networkMode = config.access.mode
  return {
    ...createExplainingReads(pool),
    viewer: async (asked) => {
      const { systemId, facilityId } = asked
      const found =
        systemId === undefined
          ? await findViewer(pool, { facilityId, networkMode })
          : (await findSystemsById(pool, { systemIds: [systemId], networkMode })).get(systemId)
      const user = userOf(asked)
      return found === undefined || user === undefined ? found : { ...found, user }
    },
    person: async ({ patient, facilityId }) => {
      const found = await factsOfNumber(pool, { id: patient, facilityId })
      if (found === undefined) return undefined
      const { numberOf, ...person } = found
      return numberOf === undefined ? person : { ...person, numberOf }
    },
  }
}

/** A person who is only thought of has a job and no name. */
function userOf({ staffId, job, purpose }: AskedViewer): User | undefined {
  if (staffId === undefined && job === undefined && purpose === undefined) return undefined
  return {
    name: staffId ?? '',
    origin: 'session',
    job: job ?? 'system',
    roles: [],
    purpose: purpose ?? 'treatment',
    ...(staffId === undefined ? {} : { staffId }),
  }
}

export function simulationPorts({ config, pool }: Pick<Given, 'config' | 'pool'>): SimulationPorts {
  return {
    ...createSimulationReads(pool, {
      networkMode: config.access.mode,
      queries: [iti18.audit.typeCode, staffCalendar.audit.typeCode],
      reads: [iti43.audit.typeCode, staffContent.audit.typeCode],
    }),
    record: (tried) => recordSimulation(pool, tried),
  }
}
