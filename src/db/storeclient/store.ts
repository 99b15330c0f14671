// StoreClient on PostgreSQL: what a push needs in two reads, what it changes in one transaction (ports of src/storeclient).

import type pg from 'pg'
import { formatDtm } from '../../../profiles/metadata/types.ts'
import {
  documentEntryObject,
  folderMembership,
  memberAssociation,
  relationship,
  submissionSetObject,
} from '../../../profiles/metadata/write.ts'
import type { Caller } from '../../model/caller.ts'
import type { DocumentEntry } from '../../model/document-entry.ts'
import type { Association, RegistryObject } from '../../model/ebrim.ts'
import { APND, RPLC, STATUS_APPROVED, XFRM } from '../../model/xds.ts'
import type { RecordedOutcome, RegisteredEntry } from '../../registry/ports.ts'
import type { Situation, StoreClientTransaction, VersionRow, Write } from '../../storeclient/ports.ts'
import { sqlState } from '../failure.ts'
import { claimPart } from '../idempotency.ts'
import { transaction } from '../pool.ts'
import { referencedObjects } from '../registry-facts.ts'
import { registrationParts } from '../registry-write.ts'
import { executeTogether, type Queryable, type Statement } from '../sql.ts'
import { updateDemographics } from './demographics.ts'
import { claimState, type MayPublish, type PatientRow, readPatient, toPatient } from './patient.ts'
import { type DocumentReading, NOTHING_STORED, readStored } from './series.ts'
import { currentPart, moveSeries, writeEffect } from './series-write.ts'
import { endFiled } from './withheld.ts'

export interface StoreClientStoreOptions extends DocumentReading {
  readonly pool: pg.Pool
  readonly mayPublish: MayPublish
  readonly render: {
    readonly object: (object: RegistryObject) => string
    readonly association: (association: Association) => string
  }
  readonly exchangeParts: (caller: Caller, outcome: RecordedOutcome) => readonly Statement[]
}

export type StoreClientStore = <T>(work: (transaction: StoreClientTransaction) => Promise<T>) => Promise<T>

/** Commits when `work` resolves; a push that lost a race for its claim or its ids is run again and sees the winner. */
export function createStoreClientStore(options: StoreClientStoreOptions): StoreClientStore {
  return (work) =>
    transaction(options.pool, async (client) => {
      try {
        return await work(storeClientTransaction(client, options))
      } catch (error) {
        if (sqlState(error) === '23505')
          throw Object.assign(new Error('lost a race for a message or document id', { cause: error }), {
            code: '40001',
          })
        throw error
      }
    })
}

function storeClientTransaction(client: pg.PoolClient, options: StoreClientStoreOptions): StoreClientTransaction {
  let situationRow: PatientRow | undefined
  return {
    situation: async (question) => {
      const found = await readPatient(client, question)
      // A number that a merge took to another person while it was waited for is not found by the statement that waited.
      const row =
        question.patient !== undefined && found?.person_key === null ? await readPatient(client, question) : found
      situationRow = row
      const patient = toPatient(row, question, options.mayPublish)
      return {
        claim: claimState(row, question),
        ...(typeof row?.facility_status === 'string' ? { facility: row.facility_status } : {}),
        ...(patient === undefined ? {} : { patient }),
        ...(patient === undefined ? NOTHING_STORED : await readStored(client, { question, options, patient })),
      } satisfies Situation
    },
    write: (write) => writeAll(client, { write, patient: situationRow, options }),
  }
}

interface Writing {
  readonly write: Write
  readonly patient: PatientRow | undefined
  readonly options: StoreClientStoreOptions
}

/** The common push, one new document, is one statement; deletes, parts and several orders take one more each. */
async function writeAll(client: Queryable, given: Writing): Promise<void> {
  const { write, options } = given
  const registered = write.effects.filter((effect) => effect.kind === 'register')
  const [single] = registered
  const others = registered.length === 1 ? write.effects.filter((effect) => effect.kind !== 'register') : write.effects
  if (write.withheldId !== undefined) await endFiled(client, write.withheldId)
  for (const effect of others) await writeEffect(client, effect, write)
  for (const { row, takesOver } of registered)
    if (takesOver !== undefined) await moveSeries(client, { row, takesOver, write })
  const { patient } = given
  if (write.demographics !== undefined && typeof patient?.person_key === 'string')
    await updateDemographics(client, patient, { change: write.demographics, systemId: write.caller.systemId })
  await executeTogether(client, [
    ...(await registerAll(client, given)),
    ...(registered.length === 1 && single !== undefined ? [currentPart(single, write)] : []),
    claimPart(write.claim, { answer: write.answer }),
    ...options.exchangeParts(write.caller, { result: 'success', errors: write.warnings, evidence: write.evidence }),
  ])
}

async function registerAll(client: Queryable, { write, options }: Writing): Promise<readonly Statement[]> {
  const registered = write.effects.filter((effect) => effect.kind === 'register')
  const set = write.submissionSet
  if (set === undefined || registered.length === 0) return []
  const replaced = new Set(registered.flatMap(({ replaces }) => replaces))
  const former = await referencedObjects(client, [...replaced, ...registered.flatMap(({ deprecates }) => deprecates)])
  // The new entry joins the Folders of the replaced one, whose addenda and transformations go with it (ITI TF-3 4.2.2.2.3).
  const folders = new Map(
    former.filter(({ id }) => replaced.has(id)).map((object) => [object.id, object.folders.map(({ id }) => id)]),
  )
  const associations = registered.flatMap(({ entry, replaces, appendsTo, files }) => [
    memberAssociation(set.entryUUID, entry.entryUUID),
    ...files.flatMap((file) => [
      memberAssociation(set.entryUUID, file.entry.entryUUID),
      relationship(XFRM, { source: file.entry.entryUUID, target: entry.entryUUID }),
    ]),
    ...appendsTo.map((target) => relationship(APND, { source: entry.entryUUID, target })),
    ...replaces.map((target) => relationship(RPLC, { source: entry.entryUUID, target })),
    ...[...new Set(replaces.flatMap((target) => folders.get(target) ?? []))].flatMap((folder) =>
      folderMembership(set.entryUUID, { folder, entry: entry.entryUUID }),
    ),
  ])
  return registrationParts(client, {
    personKey: write.personKey,
    patientId: set.patientId,
    publisher: write.caller.facilityId,
    registeredAt: formatDtm(write.caller.exchange.receivedAt),
    submissionSet: set,
    submissionEbrim: options.render.object(submissionSetObject(set)),
    entries: registered.flatMap(({ entry, row, files }) => [
      registeredEntry({ entry, write, options }, row),
      ...files.map((file) => registeredEntry({ entry: file.entry, write, options })),
    ]),
    folders: [],
    associations: associations.map((association) => ({ association, ebrim: options.render.association(association) })),
    knownUniqueIds: [],
    changes: {
      deprecated: [
        ...registered.flatMap(({ replaces, deprecates }) => [...replaces, ...deprecates]),
        ...former.flatMap(({ dependents }) => dependents),
      ],
      approved: [],
      superseded: [],
      touched: [...folders.values()].flat(),
    },
    documents: registered.flatMap(({ entry, row, files }) => [
      { uniqueId: entry.uniqueId, staged: row.document },
      ...files.map((file) => ({ uniqueId: file.entry.uniqueId, staged: file.document })),
    ]),
  })
}

function registeredEntry(
  {
    entry,
    write,
    options,
  }: { readonly entry: DocumentEntry; readonly write: Write; readonly options: StoreClientStoreOptions },
  row?: VersionRow,
): RegisteredEntry {
  return {
    entry,
    ebrim: options.render.object({ ...documentEntryObject(entry), lid: entry.entryUUID, version: '1' }),
    ...(row === undefined ? {} : { seriesId: row.seriesId, seriesVersion: row.version }),
    logicalId: entry.entryUUID,
    version: 1,
    status: STATUS_APPROVED,
    publisher: write.caller.facilityId,
  }
}
