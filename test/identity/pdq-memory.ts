// Ports of the patient demographics query in memory: a search that finds everybody, so that the actor alone decides, and a clock to turn.

import type { OpenResult, PdqPorts, PersonRecord } from '../../src/identity/pdq-ports.ts'
import type { StoredIdentifier } from '../../src/identity/ports.ts'
import type { Oid } from '../../src/model/identifiers.ts'
import type { PdqContinuation, PdqQuery, SoughtName } from '../../src/model/pdq.ts'
import { AFFINITY, type MemoryPorts } from './in-memory.ts'

const LIFE_MS = 10 * 60 * 1000

export interface MemoryPdq extends PdqPorts {
  readonly later: (ms: number) => void
  /** What the search was asked for, the last first. */
  readonly searched: () => readonly unknown[]
}

/** @param visible domains, by person, that the fake access rule shows beside the caller's own. */
export function pdqOf(memory: MemoryPorts, visible: (person: string) => readonly Oid[]): MemoryPdq {
  let now = Date.parse('2027-04-01T00:00:00Z')
  const results = new Map<string, OpenResult & { usedAt: number }>()
  const searched: unknown[] = []
  const active = (): readonly StoredIdentifier[] =>
    [...memory.state().identifiers.values()].filter(({ status }) => status === 'active')
  const find = (systemId: string, key: string, at: Date) => {
    const result = results.get(`${systemId} ${key}`)
    return result === undefined || result.usedAt + LIFE_MS <= at.getTime() ? undefined : result
  }
  return {
    now: () => new Date(now),
    later: (ms) => {
      now += ms
    },
    searched: () => searched,
    affinityDomain: AFFINITY,
    reads: {
      domains: memory.store.domains,
      facilityDomains: memory.store.facilityDomains,
      async search(search) {
        searched.unshift(search)
        const { knownTo, limit } = search
        const known = active().filter(({ id }) => knownTo === undefined || knownTo.includes(id.authority))
        return [...new Set(known.map(({ person }) => person))].slice(0, limit)
      },
      records: async (persons) =>
        active().flatMap((stored): readonly PersonRecord[] => {
          const domain = memory.state().domains.get(stored.id.authority)
          if (domain === undefined || !persons.includes(stored.person)) return []
          return [{ ...stored, domain, entered: !stored.fed, updatedAt: new Date(0) }]
        }),
    },
    visibleDomains: async (_caller, persons) => new Map(persons.map((person) => [person, new Set(visible(person))])),
    results: {
      async open(result, at) {
        results.set(`${result.systemId} ${result.key}`, { ...result, usedAt: at.getTime() })
      },
      async page({ systemId, key, start, quantity }, at) {
        const result = find(systemId, key, at)
        if (result === undefined) return undefined
        const [from, size] = [start ?? result.next, quantity ?? result.pageSize]
        results.set(`${systemId} ${key}`, { ...result, next: from + size, pageSize: size, usedAt: at.getTime() })
        const persons = result.persons.slice(from - 1, from - 1 + size)
        return { persons, start: from, total: result.persons.length, query: result.query, domains: result.domains }
      },
      close: async (systemId, key, at) => find(systemId, key, at) !== undefined && results.delete(`${systemId} ${key}`),
    },
  }
}

let queries = 0

export function pdqQueryOf(fields: Partial<PdqQuery>): PdqQuery {
  queries += 1
  return {
    key: `ITI-47 2.25.500^${queries}`,
    keyAt: '/PRPA_IN201305UV02/controlActProcess/queryByParameter/queryId',
    message: `2.25.300^${queries}`,
    text: '<queryByParameter/>',
    names: [],
    ids: [],
    domains: [],
    withoutWantedIds: 'kept',
    ...fields,
  }
}

export function soughtName(family: string, given?: string, matching: SoughtName['matching'] = 'exact'): SoughtName {
  return { family, ...(given === undefined ? {} : { given }), matching, at: 'livingSubjectName[1]/value' }
}

export function continuationOf({ key }: PdqQuery, fields: Partial<PdqContinuation> = {}): PdqContinuation {
  const keyAt = '/QUQI_IN000003UV01/controlActProcess/queryContinuation/queryId'
  return { key, keyAt, message: '2.25.300^c', text: '<queryContinuation/>', withoutWantedIds: 'kept', ...fields }
}
