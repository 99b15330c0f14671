// Which assigning authority an HL7 v2 identifier is of: CX.4 may hold a namespace, an OID, both or nothing (ITI TF-2 Appendix E.2, 3.8.4.1.2.1).

import { iheError } from '../../profiles/errors/index.ts'
import type { Caller } from '../model/caller.ts'
import type { IheError } from '../model/error.ts'
import { type Oid, parseOid } from '../model/identifiers.ts'
import type { AdtFeed, LocatedPatientId, MergeFeed, RecordFeed, UnresolvedPatientId } from '../model/identity-feed.ts'
import type { NamedAuthority } from '../model/pix.ts'
import { speaksFor } from './ownership.ts'
import type { Domain, IdentityPorts } from './ports.ts'

type Ports = Pick<IdentityPorts, 'store' | 'affinityDomain'>

/**
 * The feed with every authority as an OID. What is missing is filled from what the sender speaks for, the client certificate
 * standing for MSH-3 and MSH-4; an OID decides alone, a namespace beside it that says something else is warned about.
 * @throws {IheError} V3_DATA_TYPE for an authority that is no OID, V3_UNKNOWN_KEY when no id is of a domain that can be told.
 */
export async function resolveAdt(feed: AdtFeed, caller: Caller, ports: Ports): Promise<RecordFeed | MergeFeed> {
  const own = await domainsOf(caller, ports)
  if (feed.kind === 'merge') {
    const survivors = resolve(feed.survivors, own)
    const subsumed = resolve([feed.subsumed], own)
    const warnings = [...feed.warnings, ...survivors.warnings, ...subsumed.warnings]
    return { ...feed, survivors: survivors.ids, subsumed: subsumed.ids[0], warnings }
  }
  const { ids, warnings } = resolve(feed.patientIds, own)
  return { ...feed, patientIds: ids, otherIds: [], warnings: [...feed.warnings, ...warnings] }
}

interface Resolved {
  readonly ids: readonly [LocatedPatientId, ...LocatedPatientId[]]
  readonly warnings: readonly IheError[]
}

/** An id of a namespace that is nobody's is left out, as an id of an unknown OID is. */
function resolve(given: readonly UnresolvedPatientId[], own: readonly Domain[]): Resolved {
  const found = given.map((id) => ({ id, authority: authorityOf(id, own) }))
  const [first, ...others] = found.flatMap(({ id, authority }) =>
    authority === undefined ? [] : [{ id: { value: id.value, authority }, at: id.at }],
  )
  if (first === undefined) throw iheError('V3_UNKNOWN_KEY', placeOf(given[0]))
  return {
    ids: [first, ...others],
    warnings: found.flatMap(({ id, authority }) =>
      authority === undefined ? iheError('V3_ID_IGNORED', placeOf(id)) : namespaceWarnings(id, authority, own),
    ),
  }
}

function placeOf(id: UnresolvedPatientId | undefined): { readonly at?: string; readonly value?: string } {
  return id === undefined ? {} : { at: `${id.at}.4`, value: id.namespace }
}

/** Domains the caller may feed, the one that fills a gap first: its own assigning authority, else that of its facility. */
async function domainsOf(caller: Caller, { store, affinityDomain }: Ports): Promise<readonly Domain[]> {
  const { assigningAuthority, systemId, facilityId } = caller
  const own = assigningAuthority ?? affinityDomain
  const known = await store.domains([own, affinityDomain])
  const fresh: Domain = { oid: own, name: systemId, kind: 'affinity', facilityId }
  const facility = await store.facilityDomains(facilityId)
  const all = [known.get(own) ?? fresh, ...facility, known.get(affinityDomain)]
  return all.flatMap((domain) => (domain !== undefined && speaksFor(caller, domain) ? [domain] : []))
}

function authorityOf({ namespace, universalId, at }: UnresolvedPatientId, own: readonly Domain[]): Oid | undefined {
  if (universalId === '') return (namespace === '' ? own[0] : own.find(({ name }) => name === namespace))?.oid
  const authority = parseOid(universalId)
  if (authority === undefined) throw iheError('V3_DATA_TYPE', { at: `${at}.4.2`, value: universalId, rule: 'OID' })
  return authority
}

function namespaceWarnings(id: UnresolvedPatientId, authority: Oid, own: readonly Domain[]): readonly IheError[] {
  return otherName(
    id,
    own.find(({ oid }) => oid === authority),
    `${id.at}.4`,
  )
}

/** A namespace beside an OID that is not the name of the OID's domain; `at` is the place of CX.4. */
export function otherName(
  { namespace, universalId }: NamedAuthority,
  domain: Domain | undefined,
  at: string,
): readonly IheError[] {
  if (namespace === '' || universalId === '' || domain === undefined || domain.name === namespace) return []
  return [iheError('V3_TOLERATED', { at: `${at}.1`, value: namespace, rule: `name of the domain: ${domain.name}` })]
}

/**
 * The OID each authority of a query means, undefined for those that name none. An OID decides alone; a namespace is that of an own
 * domain, else of the one domain that has this name (ITI TF-2 Appendix E.2).
 */
export async function authoritiesOf(
  asked: readonly NamedAuthority[],
  caller: Caller,
  ports: Ports,
): Promise<readonly (Oid | undefined)[]> {
  const names = asked.flatMap(({ namespace, universalId }) => (universalId === '' && namespace !== '' ? namespace : []))
  const own = names.length === 0 ? [] : await domainsOf(caller, ports)
  const others = names.length === 0 ? [] : await ports.store.domainsNamed(names)
  return asked.map(({ namespace, universalId }) => {
    if (universalId !== '') return parseOid(universalId)
    const [only, second] = others.filter(({ name }) => name === namespace)
    return own.find(({ name }) => name === namespace)?.oid ?? (second === undefined ? only?.oid : undefined)
  })
}
