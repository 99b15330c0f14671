// Composition root: what the calendar and the view of one document need of registry, repository, access rule, audit and journal.

import { readDocumentEntry } from '../../profiles/metadata/read.ts'
import { calendarOf } from '../../profiles/storeclient/calendar.ts'
import { NS } from '../../profiles/transactions/index.ts'
import { admits } from '../access/decide.ts'
import { readRegistryObject } from '../codec/ebxml/registry-object.ts'
import { readEr7 } from '../codec/hl7v2/read.ts'
import { readXml } from '../codec/xml/read.ts'
import { factsOfNumber, findViewer } from '../db/access-store.ts'
import { writeExchangeRows } from '../db/exchange-recorder.ts'
import { createCalendarReads, findOpened, personsOfDocument } from '../db/storeclient/calendar.ts'
import { emergencyOf, type PatientAccess, publishersOf } from '../model/access.ts'
import type { DocumentEntry } from '../model/document-entry.ts'
import type { RegistryPorts } from '../registry/ports.ts'
import type { BlobStore } from '../repository/ports.ts'
import { retrieve } from '../repository/retrieve.ts'
import type { CalendarPorts, ClinicalViewPorts, OpenedEntry, Viewer } from '../storeclient/view/calendar-ports.ts'
import { accessOfPersons, type Given, repositoryPorts, rowsOf, toAccess } from './actor-ports.ts'

/** What the admin API shows of clinical content. */
export type ViewingPorts = CalendarPorts & ClinicalViewPorts

export function viewingPorts(
  given: Given,
  { registry, blobs }: { readonly registry: RegistryPorts; readonly blobs: BlobStore },
): ViewingPorts {
  const { config, pool } = given
  const repository = repositoryPorts(given, { registry, blobs })
  const networkMode = config.access.mode
  return {
    table: calendarOf(given.dataKinds),
    repositoryUniqueId: config.repository.uniqueId,
    affinityDomain: config.identity.affinityDomainAuthority,
    viewer: async ({ facilityId, user }) => {
      const viewer = await findViewer(pool, { facilityId, networkMode })
      return viewer === undefined ? undefined : { ...viewer, user }
    },
    patient: async (viewer, id) => {
      const person = await factsOfNumber(pool, { id, facilityId: viewer.facilityId })
      if (person === undefined) return undefined
      const access = toAccess(viewer, person)
      return mayKnow({ viewer, access, numberOf: person.numberOf }) ? access : undefined
    },
    ...createCalendarReads(pool, readFragment),
    entry: async (viewer, uniqueId) => {
      const persons = await personsOfDocument(pool, uniqueId)
      const accesses = await accessOfPersons(pool, viewer, persons)
      const opened = await findOpened(pool, { uniqueId, accesses: [...accesses.values()] }, readFragment)
      return opened === undefined
        ? undefined
        : { ...opened, ...emergencyOf(accesses.values()), ...becauseOf(opened, accesses.values()) }
    },
    open: async ({ exchange }, viewer, document) => {
      const { answer, errors } = await retrieve([document], { ...viewer, exchange }, repository)
      const damaged = errors.find(({ row }) => row.code === 'DOCUMENT_DAMAGED')
      if (damaged !== undefined) throw damaged
      return answer[0]
    },
    decode: (bytes, hints) => {
      try {
        return readEr7(bytes, hints)
      } catch {
        // Registered by ITI-41 under a format that it does not have: shown by its metadata.
        return undefined
      }
    },
    record: ({ exchange, facilityId }, outcome) => writeExchangeRows(pool, rowsOf({ exchange, facilityId }, outcome)),
  }
}

/** The decision once more, of a document that the statement has let through. */
function becauseOf({ entry, publisher }: OpenedEntry, accesses: Iterable<PatientAccess>): Pick<OpenedEntry, 'because'> {
  const traits = {
    publisher: publisher.facilityId,
    kind: entry.classCode.code,
    confidentiality: entry.confidentialityCode.map(({ code, scheme }) => `${code}^^${scheme}`),
  }
  for (const { scope } of accesses) {
    const { allowed, reason } = admits(scope, traits)
    if (allowed) return { because: reason }
  }
  return {}
}

/** Another facility's number says whose it is, so it is known to those only who may see that facility's documents of the person. */
function mayKnow(given: {
  readonly viewer: Viewer
  readonly access: PatientAccess
  readonly numberOf: string | undefined
}): boolean {
  const { viewer, access, numberOf } = given
  const { scope } = access
  if (numberOf === undefined || scope.mode === 'everything' || numberOf === viewer.facilityId) return true
  return publishersOf(scope).includes(numberOf)
}

export function readFragment(fragment: string): DocumentEntry | undefined {
  const element = readXml(Buffer.from(`<rim:ExtrinsicObject xmlns:rim="${NS.rim}"${fragment}`))
  return readDocumentEntry(readRegistryObject(element)).value
}
