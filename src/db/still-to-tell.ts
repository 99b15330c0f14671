// Which ids of a composed notification its subscriber may know on the day it leaves (ITI TF-2 3.46.4.1.2, 3.10.4.1.2; ITI-45 decides alike).

import type { DomainKind, KnownIdentifier, PersonKey } from '../identity/ports.ts'
import { idsToTell } from '../identity/subscription.ts'
import type { CallingSystem } from '../model/caller.ts'
import { formatCx, type Oid } from '../model/identifiers.ts'
import type { CorrespondingId } from '../model/pix.ts'
import type { AnnouncerRules } from './announcement.ts'
import { type Queryable, query, sql } from './sql.ts'

interface HeldRow {
  readonly value: string
  readonly oid: Oid
  readonly name: string
  readonly kind: DomainKind
  readonly facility_id: string | null
  readonly person_key: PersonKey | null
}

/**
 * Of the ids of a notification those that its subscriber would be told today, as they stand in it.
 *
 * Each id is judged by the person who holds it now, not by the person of the notification. That one may be merged away: nobody consents
 * for them any more, and a set that was tried before the merge has to be sent again as it was, because the set of the survivor follows
 * it. And a number that was split off since is no longer covered by the consent of those it was taken from. An obsolete number counts
 * as its survivor's: that it is obsolete is news of a later set, and no secret. As the set was composed by what could be told then, a
 * merge with someone of wider consent adds nothing to it.
 */
export async function stillToTell(
  client: Queryable,
  {
    system,
    ids,
    rules,
  }: { readonly system: CallingSystem; readonly ids: readonly CorrespondingId[]; readonly rules: AnnouncerRules },
): Promise<readonly CorrespondingId[]> {
  const held = await holdersOf(client, ids)
  const persons = [...held.keys()].filter((person) => person !== null)
  const visible = await rules.visibleDomains(client, system, persons)
  const told = [...held].flatMap(([person, identifiers]) =>
    idsToTell({ system }, identifiers, (person === null ? undefined : visible.get(person)) ?? new Set()),
  )
  const allowed = new Set(told.map(({ id }) => formatCx(id)))
  return ids.filter(({ id }) => allowed.has(formatCx(id)))
}

/** The identifiers by the person who holds them; one that nobody holds is told to the source of its domain only. */
async function holdersOf(
  client: Queryable,
  ids: readonly CorrespondingId[],
): Promise<ReadonlyMap<PersonKey | null, readonly KnownIdentifier[]>> {
  const rows = await query<HeldRow>(
    client,
    sql`/* who holds the ids of a notification now */
      select g.value, d.oid, d.name, d.kind, d.facility_id, i.person_key
      from unnest(${ids.map(({ id }) => id.authority)}::text[], ${ids.map(({ id }) => id.value)}::text[]) as g (domain, value)
      join identity.domain d on d.oid = g.domain
      left join identity.identifier i on i.domain = g.domain and i.value = g.value`,
  )
  const held = new Map<PersonKey | null, KnownIdentifier[]>()
  for (const { value, oid, name, kind, facility_id, person_key } of rows) {
    const domain = { oid, name, kind, ...(facility_id === null ? {} : { facilityId: facility_id }) }
    held.set(person_key, [...(held.get(person_key) ?? []), { id: { value, authority: oid }, domain }])
  }
  return held
}
