// Whatever happens in a network, in whatever order, nobody sees a document without union ∧ consent ∧ link (or running EMS) ∧ right, and
// who has them all sees it: the stores on a real PostgreSQL against an oracle of sets (design §4; security b.1; ADR 24, 30).

import t from 'tap'
import { admits } from '../../../src/access/decide.ts'
import type { Viewer } from '../../../src/access/viewer.ts'
import { toAccess } from '../../../src/app/actor-ports.ts'
import { factsOfPersons, findViewer } from '../../../src/db/access-store.ts'
import { createRegistryQueries } from '../../../src/db/registry-query.ts'
import { createRetrievable } from '../../../src/db/repository-store.ts'
import type { PatientAccess } from '../../../src/model/access.ts'
import type { FindDocuments } from '../../../src/model/stored-query.ts'
import { ANY_APPROVED } from '../../registry/criteria.ts'
import {
  AUTHORITY,
  FACILITIES,
  HAPPENINGS,
  JOBS,
  next,
  one,
  openWorld,
  PERSONS,
  pool,
  REPOSITORY,
} from './happenings.ts'
import { type Looking, maySee, type World } from './world.ts'

t.setTimeout(240_000)

const queries = createRegistryQueries(pool)
const findRetrievable = createRetrievable(pool, REPOSITORY)

const EVERYTHING: FindDocuments = {
  kind: 'FindDocuments',
  returnType: 'ObjectRef',
  metadataLevel: 1,
  patientId: { value: 'P', authority: AUTHORITY },
  ...ANY_APPROVED,
}

/** The viewer as a door has it; undefined when its facility is not let in. */
async function viewerOf({ facility, job, staff }: Looking): Promise<Viewer | undefined> {
  const viewer = await findViewer(pool, { facilityId: facility, networkMode: 'consent' })
  if (viewer === undefined || staff === undefined) return viewer
  return { ...viewer, user: { name: staff, origin: 'session', staffId: staff, job, roles: [], purpose: 'treatment' } }
}

async function accessesOf(viewer: Viewer): Promise<readonly PatientAccess[]> {
  const persons = await factsOfPersons(pool, { personKeys: PERSONS, facilityId: viewer.facilityId })
  return persons.map((person) => toAccess(viewer, person))
}

/** Ids of what is seen, by ITI-18 per patient, by ITI-18 by id, and by ITI-43. */
async function seen(world: World, viewer: Viewer): Promise<Readonly<Record<string, readonly string[]>>> {
  const accesses = await accessesOf(viewer)
  const byPatient = await Promise.all(
    accesses.map((patient) => queries.findDocuments(EVERYTHING, { patient, limit: 1000 })),
  )
  const values = world.documents.map(({ uuid }) => uuid)
  const query = { kind: 'GetDocuments', returnType: 'ObjectRef', metadataLevel: 1, by: 'entryUUID', values } as const
  const byId = values.length === 0 ? [] : await queries.findObjects({ query }, { accesses, limit: 1000 })
  const retrievable = await findRetrievable({
    uniqueIds: world.documents.map(({ uniqueId }) => uniqueId),
    facilityId: viewer.facilityId,
  })
  const fetched = retrievable
    .filter(({ person, ...entry }) => admits(toAccess(viewer, person).scope, entry).allowed)
    .map(({ uniqueId }) => world.documents.find((document) => document.uniqueId === uniqueId)?.uuid ?? '')
  return {
    byPatient: byPatient.flat().map(({ id }) => id),
    byId: byId.map(({ id }) => id),
    fetched,
  }
}
const SEQUENCES = 6
const STEPS = 40
/** Not often, or nobody would see anything for long. */
const SELDOM = ['stops', 'suspends', 'leaves', 'setsRight', 'publishesTo']
const OFTEN = [
  'links',
  'unlinks',
  'resumes',
  'joins',
  'takesRightBack',
  'publishesAsBefore',
  'takesEmergencyAccess',
  'emergencyEnds',
]
/** Of each sequence, before it begins. */
const BEFORE = [
  ...['setsRight', 'setsRight', 'setsRight', 'setsRight', 'publishesTo', 'objects'],
  ...['takesEmergencyAccess', 'takesEmergencyAccess', 'takesEmergencyAccess', 'unlinks', 'unlinks'],
]

t.test('random histories: exactly what the rule allows is found and fetched, after every step', async (t) => {
  const chances = Object.keys(HAPPENINGS).flatMap((name) => {
    const times = SELDOM.includes(name) ? 1 : OFTEN.includes(name) ? 4 : 2
    return Array.from({ length: times }, () => name)
  })
  let shown = 0
  let hidden = 0
  for (let sequence = 0; sequence < SEQUENCES; sequence += 1) {
    const world = await openWorld(sequence)
    const history: string[] = []
    // Something has been said before: a network in which nothing but the rule of consent counts hides what else could go wrong.
    for (const name of BEFORE) await HAPPENINGS[name]?.(world)
    for (let step = 0; step < STEPS; step += 1) {
      const name = chances[next(chances.length)] ?? ''
      await HAPPENINGS[name]?.(world)
      history.push(name)
      for (const who of lookers()) {
        const expected = world.documents.filter((document) => maySee(world, who, document)).map(({ uuid }) => uuid)
        const viewer = await viewerOf(who)
        const found = viewer === undefined ? { nothing: [] } : await seen(world, viewer)
        shown += expected.length
        hidden += world.documents.length - expected.length
        for (const [door, ids] of Object.entries(found))
          if ([...ids].sort().join() !== [...expected].sort().join())
            t.same([...ids].sort(), [...expected].sort(), JSON.stringify({ sequence, step, door, who, history }))
      }
    }
  }
  t.ok(shown > 1000, `${shown} times something was seen`)
  t.ok(hidden > 1000, `${hidden} times something was hidden`)
})

/** A system of each facility, and somebody of each. */
function lookers(): readonly Looking[] {
  return FACILITIES.flatMap((facility) => [
    { facility, job: 'system' } as const,
    { facility, job: one(JOBS), staff: one([`${facility}-dr`, 'guest']) },
  ])
}
