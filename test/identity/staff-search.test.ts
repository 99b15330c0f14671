// The search of patients by staff where an index finds more persons than are looked at (design §4).

import t from 'tap'
import type { AdministrationPorts } from '../../src/identity/administration-ports.ts'
import type { PersonRecord } from '../../src/identity/pdq-ports.ts'
import { searchPatients } from '../../src/identity/staff-search.ts'
import { AFFINITY } from './in-memory.ts'

const CANDIDATES = Array.from({ length: 501 }, (_, at) => String(at + 1))

function record(person: string, family: string): PersonRecord {
  return {
    person,
    id: { value: `X${person}`, authority: AFFINITY },
    domain: { oid: AFFINITY, name: 'NETWORK', kind: 'community' },
    fed: true,
    entered: false,
    demographics: { names: [{ representation: 'IDE', family, given: '花' }], addresses: [], telecoms: [] },
    updatedAt: new Date(0),
  }
}

/** An index that finds every candidate, whoever agrees. */
function portsOf(records: readonly PersonRecord[]) {
  const looks: string[] = []
  const administration = {
    searchRecords: async () => CANDIDATES,
    recordsOf: async () => records,
    recordLook: async ({ operation }: { readonly operation: string }) => {
      looks.push(operation)
    },
  }
  return { looks, ports: { administration, affinityDomain: AFFINITY } as unknown as AdministrationPorts }
}

const request = { search: { name: '空想' }, limit: 50, by: 'sato', peer: '127.0.0.1:1' }

t.test('who agrees among too many candidates is shown, and that there may be more', async (t) => {
  const { ports, looks } = portsOf([record('1', '想定'), record('2', '空想')])
  t.match(await searchPatients(request, ports), { kind: 'found', patients: [{ patient: 'X2' }], more: true })
  t.same(looks, ['patient search by name: 1 shown of more'])
})

t.test('that nobody agrees is not said when not all were looked at', async (t) => {
  const { ports, looks } = portsOf([record('1', '想定')])
  t.same(await searchPatients(request, ports), { kind: 'too little' })
  t.same(looks, ['patient search by name: 0 shown of more'])
})
