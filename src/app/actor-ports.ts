// Composition root, part one: the ports that app.ts hands to each actor (design §1).

import type pg from 'pg'
import type { AffinityDomain } from '../../profiles/affinity-domain/index.ts'
import type { DataKind } from '../../profiles/storeclient/index.ts'
import { admits, mayPublish, scopeOf } from '../access/decide.ts'
import type { Viewer } from '../access/viewer.ts'
import { auditEvents } from '../audit/event.ts'
import { fragmentForm, renderAssociationFragment, renderFragment } from '../codec/ebxml/registry-object.ts'
import { readEr7 } from '../codec/hl7v2/read.ts'
import type { Config } from '../config/config.ts'
import { findForeignFacilities } from '../db/access/facility-names.ts'
import { factsOfPersons, findDomains, type PersonFacts } from '../db/access-store.ts'
import { type AnnouncerRules, createAnnouncer } from '../db/announcement.ts'
import { type ExchangeRows, exchangeParts } from '../db/exchange-recorder.ts'
import { completionPart, takeClaim } from '../db/idempotency.ts'
import { createCorrespondence } from '../db/identity/correspondence.ts'
import { openResults } from '../db/identity/open-results.ts'
import { searchReads } from '../db/identity/search.ts'
import { createBulkStore } from '../db/identity/transfer.ts'
import { createIdentityStore, type ExchangeWriter } from '../db/identity-store.ts'
import { createPatientFacts } from '../db/patient-facts.ts'
import { createRegistryQueries } from '../db/registry-query.ts'
import { createRemovalStore } from '../db/registry-remove.ts'
import { createRegistryStore } from '../db/registry-store.ts'
import {
  createDocumentRemoval,
  createRetrievable,
  findNamedFiles,
  findStored,
  loadDocument,
} from '../db/repository-store.ts'
import { executeTogether, type Queryable, type Statement } from '../db/sql.ts'
import { createStoreClientStore } from '../db/storeclient/store.ts'
import { createStorageGauge } from '../db/storeclient/usage.ts'
import { createWithhold, type WithheldOptions } from '../db/storeclient/withheld.ts'
import type { DoorLog } from '../http/door.ts'
import type { PdqPorts } from '../identity/pdq-ports.ts'
import type { IdentityPorts, PixQueryPorts } from '../identity/ports.ts'
import type { TransferPorts } from '../identity/transfer/ports.ts'
import { journalEntry } from '../journal/entry.ts'
import { type PatientAccess, publishersOf, type Scope } from '../model/access.ts'
import type { Caller, CallingSystem } from '../model/caller.ts'
import type { LocalIdForm } from '../model/patient-number.ts'
import type { RecordedOutcome, RegistryPorts } from '../registry/ports.ts'
import type { StoredQueryPorts } from '../registry/query-ports.ts'
import { register } from '../registry/register.ts'
import type { RemovalPorts } from '../registry/remove-ports.ts'
import type { BlobStore, RepositoryPorts } from '../repository/ports.ts'
import type { DocumentRemovalPorts } from '../repository/remove.ts'
import { contractOf } from '../storeclient/contract/contract.ts'
import type { StoreClientPorts } from '../storeclient/ports.ts'
import { assertedEmergency } from './emergency.ts'
import { virusScan } from './virus-scan.ts'

/** What every set of ports is made from. */
export interface Given {
  readonly config: Config
  readonly log: DoorLog
  readonly pool: pg.Pool
  /** Code sets and rule switches with the site's file over them. */
  readonly affinityDomain: AffinityDomain
  /** StoreClient's data kinds with the site's file over them. */
  readonly dataKinds: readonly DataKind[]
}

export function toAccess(caller: Viewer, person: PersonFacts): PatientAccess {
  const { personKey, patientId, facts } = person
  const access = { personKey, patientId, scope: scopeOf(caller, facts), publish: mayPublish(caller, facts) }
  const emergency = facts.emergency.flatMap(({ grantId }) => grantId ?? [])
  return emergency.length === 0 ? access : { ...access, emergency }
}

/** Staff read for a facility without a system of it. */
type Recorded = Pick<Caller, 'exchange' | 'facilityId'> & Partial<Pick<Caller, 'systemId'>>

/** Audit and journal of an exchange that ends in a business transaction. */
export function rowsOf(caller: Recorded, outcome: RecordedOutcome & { readonly responseBytes?: number }): ExchangeRows {
  return {
    events: auditEvents(caller, outcome),
    entries: [journalEntry(caller.exchange, caller, { ...outcome, now: performance.now() })],
  }
}

export function partsOf(caller: Caller, outcome: RecordedOutcome): readonly Statement[] {
  return exchangeParts(rowsOf(caller, outcome))
}

export function registryPorts(given: Given): RegistryPorts {
  const { pool, affinityDomain } = given
  const openInEmergency = assertedEmergency(given)
  const factsOf = createPatientFacts(pool)
  return {
    affinityDomain,
    store: createRegistryStore({ pool, rowsOf, accessOf: toAccess }),
    access: {
      ofPatient: async (caller, patientId) => {
        await openInEmergency(caller, { patientId })
        const person = await factsOf({ patientId, facilityId: caller.facilityId })
        return person === undefined ? undefined : toAccess(caller, person)
      },
      ofPersons: (caller, personKeys) => accessOfPersons(pool, caller, personKeys),
      admits: (access, entry) => admits(access.scope, entry),
      foreignFacilities: (caller, numbers) =>
        findForeignFacilities(pool, { numbers, own: [caller.facilityId, ...(caller.delegatedFacilities ?? [])] }),
    },
    render: { object: renderFragment, association: renderAssociationFragment },
  }
}

export function storedQueryPorts({ config, pool }: Given, registry: RegistryPorts): StoredQueryPorts {
  return { queries: createRegistryQueries(pool), access: registry.access, limits: config.limits }
}

export async function accessOfPersons(
  client: Queryable,
  caller: CallingSystem,
  personKeys: readonly string[],
): Promise<ReadonlyMap<string, PatientAccess>> {
  const persons = await factsOfPersons(client, { personKeys, facilityId: caller.facilityId })
  return new Map(persons.map((person) => [person.personKey, toAccess(caller, person)]))
}

export function repositoryPorts(
  house: Given,
  given: { readonly registry: RegistryPorts; readonly blobs: BlobStore },
): RepositoryPorts {
  const { config, log, pool } = house
  const { registry, blobs } = given
  const openInEmergency = assertedEmergency(house)
  const repositoryUniqueId = config.repository.uniqueId
  const findRetrievable = createRetrievable(pool, repositoryUniqueId)
  return {
    repositoryUniqueId,
    blobs,
    documents: async (caller, uniqueIds) => {
      await openInEmergency(caller, { repositoryUniqueId, uniqueIds })
      const found = await findRetrievable({ uniqueIds, facilityId: caller.facilityId })
      return found.map(({ person, ...entry }) => ({ ...entry, access: toAccess(caller, person) }))
    },
    admits: registry.access.admits,
    load: (uniqueId) => loadDocument(pool, uniqueId),
    stored: (uniqueIds) => findStored(pool, uniqueIds),
    named: (keys) => findNamedFiles(pool, keys),
    register: (request, caller) => register({ ...request, repositories: [repositoryUniqueId] }, caller, registry),
    alarm: (damaged) => log.error({ document: damaged.uniqueId }, 'a stored document does not match its checksum'),
  }
}

export function removalPorts({ config, pool }: Given): RemovalPorts {
  return createRemovalStore({ pool, repositoryUniqueId: config.repository.uniqueId, exchangeParts: partsOf })
}

export function documentRemovalPorts({ config, pool }: Given, blobs: BlobStore): DocumentRemovalPorts {
  const repositoryUniqueId = config.repository.uniqueId
  return {
    repositoryUniqueId,
    removal: createDocumentRemoval({ pool, repositoryUniqueId, exchangeParts: partsOf }),
    discardFile: blobs.discardFile,
  }
}

/** What subscribers are told, when a notification is composed and again when it leaves. */
export function announcerRules({ access, identity }: Config): AnnouncerRules {
  return {
    networkMode: access.mode,
    visibleDomains: async (client, system, persons) => {
      // One connection of a transaction answers one question at a time.
      const accesses = await accessOfPersons(client, system, persons)
      const domains = await findDomains(client, facilitiesAround(system))
      return shownByPerson(accesses, { domains, affinityDomain: identity.affinityDomainAuthority })
    },
  }
}

export function identityWriter(config: Config): ExchangeWriter {
  return {
    claim: takeClaim,
    record: (client, { caller, record, answered }) =>
      executeTogether(client, [...partsOf(caller, record), completionPart(answered.claim, answered.response)]),
    announce: createAnnouncer(announcerRules(config)),
    ...fragmentForm,
  }
}

/** Bulk import and export. */
export function transferPorts({ config, pool }: Given, given: Pick<IdentityPorts, 'matching'>): TransferPorts {
  const { affinityDomainAuthority: affinityDomain } = config.identity
  return { store: createBulkStore(pool, identityWriter(config)), affinityDomain, matching: given.matching }
}

export function identityPorts({ config, pool }: Given, given: Pick<IdentityPorts, 'matching'>): IdentityPorts {
  return {
    store: createIdentityStore(pool, identityWriter(config)),
    affinityDomain: config.identity.affinityDomainAuthority,
    takes: 'every domain',
    matching: given.matching,
  }
}

export function pixQueryPorts({ config, pool }: Given, { store }: IdentityPorts): PixQueryPorts {
  const affinityDomain = config.identity.affinityDomainAuthority
  return {
    store,
    affinityDomain,
    correspondence: createCorrespondence(pool, (caller, { identifiers, facts }) => {
      const domains = identifiers.flatMap(({ domain: { oid, facilityId } }) =>
        facilityId === undefined ? [] : { oid, facilityId },
      )
      return shownDomains(scopeOf(caller, facts), { domains, affinityDomain })
    }),
  }
}

export function pdqPorts({ config, pool }: Given, { store }: IdentityPorts): PdqPorts {
  const affinityDomain = config.identity.affinityDomainAuthority
  return {
    now: () => new Date(),
    reads: { ...searchReads(pool), domains: store.domains, facilityDomains: store.facilityDomains },
    affinityDomain,
    visibleDomains: (caller, persons) => visibleDomains(pool, { caller, persons, affinityDomain }),
    results: openResults(pool),
  }
}

async function visibleDomains(
  pool: pg.Pool,
  asked: { readonly caller: Caller; readonly persons: readonly string[]; readonly affinityDomain: string },
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { caller, persons, affinityDomain } = asked
  const [accesses, domains] = await Promise.all([
    accessOfPersons(pool, caller, persons),
    findDomains(pool, facilitiesAround(caller)),
  ])
  return shownByPerson(accesses, { domains, affinityDomain })
}

/** All facilities, or those whose documents the system could see at best. */
function facilitiesAround({ accessMode, unionFacilities }: CallingSystem): readonly string[] | undefined {
  return accessMode === 'affinity-domain' ? undefined : unionFacilities
}

type FacilityDomains = Awaited<ReturnType<typeof findDomains>>

interface Among {
  readonly domains: FacilityDomains
  readonly affinityDomain: string
}

function shownByPerson(
  accesses: ReadonlyMap<string, PatientAccess>,
  among: Among,
): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map([...accesses].map(([person, { scope }]) => [person, shownDomains(scope, among)]))
}

/** Domains of the facilities whose documents a system may see, with the network's own, if there is any. */
function shownDomains(scope: Scope, { domains, affinityDomain }: Among): ReadonlySet<string> {
  if (!scope.decision.allowed) return new Set()
  const publishers = publishersOf(scope)
  const shown = domains.filter(({ facilityId }) => scope.mode === 'everything' || publishers.includes(facilityId))
  return new Set([affinityDomain, ...shown.map(({ oid }) => oid)])
}

export function storeClientPorts(
  { config, pool, dataKinds }: Given,
  given: { readonly blobs: BlobStore; readonly registry: RegistryPorts; readonly withheld: WithheldOptions },
): StoreClientPorts {
  const { blobs, registry, withheld } = given
  return {
    settings: {
      namespace: config.storeclient.namespace,
      repositoryUniqueId: config.repository.uniqueId,
      processingIds: ['P'],
      kinds: new Map(dataKinds.map((kind) => [kind.kind, kind])),
      maxFileBytes: config.storeclient.maxFileBytes,
    },
    facilitySettings: (caller) => ({
      localIdForm: caller.patientIdForm as LocalIdForm,
      ...contractOf(caller),
      ...(caller.facilityType === undefined ? {} : { facilityType: caller.facilityType }),
    }),
    now: () => new Date(),
    decode: (bytes, hints) => {
      try {
        return readEr7(bytes, hints)
      } catch {
        // Stored bytes were readable when they came; if they are not now, the guard treats them as unknown.
        return undefined
      }
    },
    withhold: createWithhold(withheld),
    storedBytes: createStorageGauge(pool),
    stage: (bytes) => blobs.stage(chunks(bytes)),
    scan: virusScan(config.storeclient.clamd),
    inTransaction: createStoreClientStore({
      pool,
      mayPublish: (facilityId, facts) => mayPublish({ facilityId, accessMode: 'consent' }, facts).allowed,
      render: registry.render,
      readFile: blobs.read,
      exchangeParts: partsOf,
    }),
  }
}

async function* chunks(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes
}
