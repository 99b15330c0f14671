// What happens to the network of the property test: staff and systems act by the stores, and the oracle's sets are told what was done.

import { createHash } from 'node:crypto'
import t from 'tap'
import { mayPublish as publishes } from '../../../src/access/decide.ts'
import { createRightsStore } from '../../../src/db/access/rights.ts'
import { factsOfPersons, findViewer } from '../../../src/db/access-store.ts'
import { createAdministrationStore } from '../../../src/db/administration-store.ts'
import { CONFIDENTIALITY_SCHEME, type Level } from '../../../src/model/confidentiality.ts'
import type { Oid } from '../../../src/model/identifiers.ts'
import type { RightHolder } from '../../../src/model/rights.ts'
import { OBJECT_STABLE, STATUS_APPROVED } from '../../../src/model/xds.ts'
import { openDatabase } from '../database.ts'
import { emptyWorld, type Job, mayPublish, type SaidConsent, UNIONS, type World, type WorldDocument } from './world.ts'

export const pool = await openDatabase(t, 6)
const store = createAdministrationStore(pool)
const rights = createRightsStore(pool)

export const FACILITIES = ['f1', 'f2', 'f3', 'f4'] as const
export const PERSONS = ['1', '2', '3'] as const
const KINDS = ['LAB', 'REPORT'] as const
export const JOBS: readonly [Job, ...Job[]] = ['doctor', 'nurse', 'clerk', 'system']
const LEVELS: readonly [Level, ...Level[]] = ['none', 'U', 'L', 'M', 'N', 'R', 'V']
export const AUTHORITY = '2.25.100' as Oid
export const REPOSITORY = '2.25.1'
const change = { by: 'test', peer: 'test', operation: 'step', reason: 'step' }

let state = 20261121
export function next(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
export const one = <T>(values: readonly [T, ...T[]]): T => values[next(values.length)] ?? values[0]
const some = <T>(values: readonly T[]): readonly T[] => values.filter(() => next(2) === 0)
const of = <T>(values: Iterable<T>): T | undefined => {
  const all = [...values]
  return all[next(all.length)]
}

for (const [index, facilityId] of FACILITIES.entries())
  await store.addFacility(
    {
      facilityId,
      oid: `2.25.10${index}`,
      name: facilityId,
      kind: 'gateway',
      patientIdForm: 'exact',
      patientDomain: { oid: `2.25.20${index}`, name: facilityId },
      status: 'active',
    } as Parameters<typeof store.addFacility>[0],
    change,
  )
for (const unionId of UNIONS) await store.addUnion({ unionId, name: unionId, kind: 'closed' }, change)
await pool.query(`
  insert into identity.domain (oid, name, kind) values ('${AUTHORITY}', 'XAD', 'community');
  insert into identity.person (person_key) overriding system value select p from generate_series(1, 3) p;
  insert into identity.identifier (domain, value, person_key) select '${AUTHORITY}', 'P' || p, p from generate_series(1, 3) p;
  insert into identity.identifier (domain, value, person_key, status)
  select d.oid, d.facility_id || '-' || p, p, 'obsolete' from identity.domain d, generate_series(1, 3) p where d.facility_id is not null;
  insert into access.staff (staff_id, facility_id, name, job, registered_by) select f || '-dr', f, f, 'doctor', 'test' from unnest('{f1,f2,f3,f4}'::text[]) f`)

async function setLink(facility: string, person: string, status: 'active' | 'obsolete'): Promise<void> {
  await pool.query('update identity.identifier set status = $1 where value = $2', [status, `${facility}-${person}`])
}

let made = 0
async function publish(world: World, given: Omit<WorldDocument, 'uuid' | 'uniqueId'>): Promise<void> {
  made += 1
  const document = { ...given, uniqueId: `2.25.900.${made}` }
  const { rows } = await pool.query(
    `insert into registry.document_entry (entry_uuid, person_key, unique_id, patient_id, status, object_type, mime_type, publisher,
       repository_unique_id, class_code, type_code, format_code, practice_setting, facility_type, confidentiality, event_codes, authors,
       reference_ids, creation_time, submission_uuid, ebrim, logical_uuid)
     select u, $1, $2, 'P', $3, $4, 'text/plain', $5, $6, $7, '', '', '', '', $8, '{}', '{}', '{}', '20260101000000', u, '', u
     from gen_random_uuid() u returning entry_uuid`,
    [
      document.person,
      document.uniqueId,
      STATUS_APPROVED,
      OBJECT_STABLE,
      document.publisher,
      REPOSITORY,
      `${document.kind}^^2.25.7`,
      document.codes.map((code) => `${code}^^${CONFIDENTIALITY_SCHEME}`),
    ],
  )
  const content = Buffer.from(document.uniqueId)
  const digest = (algorithm: string) => createHash(algorithm).update(content).digest('hex')
  await pool.query(
    'insert into repository.document (unique_id, size_bytes, sha1, sha256, content) values ($1, $2, $3, $4, $5)',
    [document.uniqueId, content.length, digest('sha1'), digest('sha256'), content],
  )
  world.documents.push({ ...document, uuid: `urn:uuid:${rows[0].entry_uuid}` })
}

function holderOf(name: string): RightHolder {
  if (name === 'network') return { of: 'network' }
  if (name.startsWith('at ')) return { of: 'facility', facilityId: name.slice(3) }
  if (name.startsWith('of ')) return { of: 'person', staffId: name.slice(3) }
  return { of: 'union', unionId: name }
}

const keyOf = (job: string, kind: string) => ({
  ...(job === '*' ? {} : { job: job as Job }),
  ...(kind === '*' ? {} : { kind }),
})

/** What may happen, each as often as it is listed. */
export const HAPPENINGS: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  async joins(world) {
    const member = `${one(UNIONS)} ${one(FACILITIES)}`
    const [unionId = '', facilityId = ''] = member.split(' ')
    if (world.members.has(member)) return
    await store.addMember({ unionId, facilityId }, change)
    world.members.add(member)
  },
  async leaves(world) {
    const member = of(world.members)
    if (member === undefined) return
    const [unionId = '', facilityId = ''] = member.split(' ')
    await store.endMembership({ unionId, facilityId }, change)
    world.members.delete(member)
  },
  async consents(world) {
    const said = {
      person: one(PERSONS),
      all: next(2) === 0,
      named: some(FACILITIES),
      withoutFacilities: next(5) === 0 ? [one(FACILITIES)] : [],
      withoutKinds: next(5) === 0 ? [one(KINDS)] : [],
    }
    await consent(world, said)
  },
  async withdraws(world) {
    const consentId = of(world.consents.keys())
    if (consentId === undefined) return
    await store.withdrawConsent(consentId, change)
    world.consents.delete(consentId)
  },
  async objects(world) {
    const consentId = of(world.consents.keys())
    const said = world.consents.get(consentId ?? '')
    if (consentId === undefined || said === undefined) return
    const exclude = { facilities: next(2) === 0 ? [one(FACILITIES)] : [], kinds: next(2) === 0 ? [one(KINDS)] : [] }
    const readmit = { facilities: said.withoutFacilities, kinds: said.withoutKinds }
    const both = next(2) === 0 ? { exclude, readmit: NOTHING } : { exclude: NOTHING, readmit }
    const { consentIds } = await store.changeConsent(consentId, { ...both, reason: 'step' }, change)
    const added = <T>(former: readonly T[], more: readonly T[]) => [...new Set([...former, ...more])]
    const left = <T>(former: readonly T[], less: readonly T[]) => former.filter((item) => !less.includes(item))
    world.consents.delete(consentId)
    for (const id of consentIds)
      world.consents.set(id, {
        ...said,
        withoutFacilities: left(added(said.withoutFacilities, both.exclude.facilities), both.readmit.facilities),
        withoutKinds: left(added(said.withoutKinds, both.exclude.kinds), both.readmit.kinds),
      })
  },
  async links(world) {
    const [facility, person] = [one(FACILITIES), one(PERSONS)]
    await setLink(facility, person, 'active')
    world.links.add(`${facility} ${person}`)
  },
  async unlinks(world) {
    const link = of(world.links)
    if (link === undefined) return
    const [facility = '', person = ''] = link.split(' ')
    await setLink(facility, person, 'obsolete')
    world.links.delete(link)
  },
  async stops(world) {
    const person = one(PERSONS)
    await store.stopSupport(person, change)
    world.stopped.add(person)
  },
  async resumes(world) {
    const person = of(world.stopped)
    if (person === undefined) return
    await store.resumeSupport(person, change)
    world.stopped.delete(person)
  },
  async suspends(world) {
    const facility = one(FACILITIES)
    const isSuspended = world.suspended.has(facility)
    await store.setFacilityStatus(facility, isSuspended ? 'active' : 'suspended', change)
    if (isSuspended) world.suspended.delete(facility)
    else world.suspended.add(facility)
  },
  async takesEmergencyAccess(world) {
    const grant = { facility: one(FACILITIES), person: one(PERSONS), kinds: next(2) === 0 ? null : some(KINDS) }
    const { rows } = await pool.query(
      `insert into access.emergency_grant (facility_id, user_name, person_key, number, number_authority, origin, reason_code, reason, consent_kind,
                                           chart_noted, kinds, ends_at)
       values ($1, gen_random_uuid(), $2, 'x', 'x', 'staff', 'life-threat', '意識がない', 'none', true, $3, now() + interval '1 hour') returning grant_id`,
      [grant.facility, grant.person, grant.kinds],
    )
    world.grants.set(rows[0].grant_id, grant)
  },
  async emergencyEnds(world) {
    const grantId = of(world.grants.keys())
    if (grantId === undefined) return
    const end =
      next(2) === 0
        ? 'ended_at = now()'
        : `started_at = now() - interval '2 hours', ends_at = now() - interval '1 hour'`
    await pool.query(`update access.emergency_grant set ${end} where grant_id = $1`, [grantId])
    world.grants.delete(grantId)
  },
  async opensV(world) {
    const union = one(UNIONS)
    const opens = next(2) === 0
    await rights.setEmergencyOpensV(union, opens, change)
    if (opens) world.opensV.add(union)
    else world.opensV.delete(union)
  },
  async setsRight(world) {
    const holder = one([
      'network',
      ...UNIONS,
      ...FACILITIES.map((facility) => `at ${facility}`),
      ...FACILITIES.map((facility) => `of ${facility}-dr`),
    ])
    const [job, kind] = [holder.startsWith('of ') ? '*' : one([...JOBS, '*']), one([...KINDS, '*'])]
    const ceiling = one(LEVELS)
    await rights.setRight({ holder: holderOf(holder), ...keyOf(job, kind), ceiling }, change)
    world.rights.set(`${holder} ${job} ${kind}`, ceiling)
  },
  async takesRightBack(world) {
    const key = of(world.rights.keys())
    if (key === undefined) return
    const [, holder = '', job = '', kind = ''] = /^(.*) (\S+) (\S+)$/.exec(key) ?? []
    await rights.removeRight({ holder: holderOf(holder), ...keyOf(job, kind) }, change)
    world.rights.delete(key)
  },
  async publishesTo(world) {
    const [facilityId, kind] = [one(FACILITIES), one([...KINDS, '*'])]
    const jobs = next(2) === 0 ? 'all' : some(JOBS)
    await rights.setAudience({ facilityId, jobs, ...(kind === '*' ? {} : { kind }) }, change)
    world.audiences.set(`${facilityId} ${kind}`, jobs)
  },
  async publishesAsBefore(world) {
    const key = of(world.audiences.keys())
    if (key === undefined) return
    const [facilityId = '', kind = ''] = key.split(' ')
    await rights.removeAudience({ facilityId, ...(kind === '*' ? {} : { kind }) }, change)
    world.audiences.delete(key)
  },
  async publishes(world) {
    const [publisher, person] = [one(FACILITIES), one(PERSONS)]
    const viewer = await findViewer(pool, { facilityId: publisher, networkMode: 'consent' })
    const [facts] = await factsOfPersons(pool, { personKeys: [person], facilityId: publisher })
    const allowed = viewer !== undefined && facts !== undefined && publishes(viewer, facts.facts).allowed
    t.equal(allowed, mayPublish(world, publisher, person), `${publisher} publishes for ${person}`)
    if (allowed)
      await publish(world, { publisher, person, kind: one(KINDS), codes: some(['U', 'N', 'N', 'R', 'V', 'X']) })
  },
}

const NOTHING = { facilities: [], kinds: [] }

/** Everybody shares with everybody; of the persons one consented to all, one to some by name, one without a facility or kind. */
export async function openWorld(sequence: number): Promise<World> {
  const world = emptyWorld()
  await forget()
  for (const facilityId of FACILITIES) {
    const unionId = facilityId === 'f4' || sequence % 2 === 1 ? 'west' : 'east'
    for (const joined of facilityId === 'f1' ? UNIONS : [unionId]) {
      await store.addMember({ unionId: joined, facilityId }, change)
      world.members.add(`${joined} ${facilityId}`)
    }
    for (const person of PERSONS.filter((key) => key !== '3' || facilityId !== 'f2')) {
      await setLink(facilityId, person, 'active')
      world.links.add(`${facilityId} ${person}`)
    }
  }
  const nothing = { named: [], withoutFacilities: [], withoutKinds: [] }
  for (const said of [
    { ...nothing, person: '1', all: true },
    { ...nothing, person: '2', all: false, named: ['f1', 'f2', 'f3'] },
    { ...nothing, person: '3', all: true, withoutFacilities: ['f3'], withoutKinds: ['REPORT'] },
  ])
    await consent(world, said)
  for (const person of PERSONS)
    for (const publisher of ['f1', 'f2'])
      for (const kind of KINDS) await publish(world, { publisher, person, kind, codes: ['N'] })
  await publish(world, { publisher: 'f1', person: '1', kind: 'LAB', codes: ['N', 'V'] })
  await publish(world, { publisher: 'f1', person: '2', kind: 'LAB', codes: ['R'] })
  return world
}

async function consent(world: World, said: SaidConsent): Promise<void> {
  const { consentId } = await store.addConsent(
    {
      personKey: said.person,
      kind: said.all ? 'comprehensive' : 'individual',
      facilities: said.named,
      excludedFacilities: said.withoutFacilities,
      excludedKinds: said.withoutKinds,
    },
    change,
  )
  world.consents.set(consentId, said)
}

/** Another network begins: what was said and published before is over. */
async function forget(): Promise<void> {
  await pool.query(`
    delete from access.union_member; delete from access.consent; delete from access.support_stop; delete from access.emergency_grant;
    delete from access.access_right; delete from access.audience; delete from registry.document_entry; delete from repository.document;
    update access.facility set status = 'active'; update access.facility_union set emergency_opens_v = false;
    update identity.identifier set status = 'obsolete' where domain <> '${AUTHORITY}'`)
}
