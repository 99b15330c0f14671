// Stored queries with random parameters and the answer that the model gives to each (ITI TF-2 3.18.4.1.2.3.7, 3.51.4.1.2.3.7).

import { iti51 } from '../../profiles/transactions/index.ts'
import type { Slot } from '../../src/model/ebrim.ts'
import { formatCx, type PatientId } from '../../src/model/identifiers.ts'
import {
  APND,
  HAS_MEMBER,
  RPLC,
  SIGNS,
  STATUS_APPROVED,
  STATUS_DEPRECATED,
  XFRM,
  XFRM_RPLC,
} from '../../src/model/xds.ts'
import type { ModelAssociation, ModelObject, RegistryModel } from './registry-model.ts'
import { type AskedQuery, listed, quoted } from './xds-client.ts'

export interface QueryCase {
  readonly name: string
  readonly query: AskedQuery
  readonly expected: readonly string[]
}

interface Chooser {
  readonly model: RegistryModel
  readonly pick: <T>(values: readonly T[]) => T | undefined
}

type Level = 1 | 2

const slot = (name: string, values: readonly string[]): Slot => ({ name, values })
const FORMAT = 'f1^^2.25.900.3'
const NORMAL = 'N^^2.16.840.1.113883.5.25'
const ORDER = 'A^^^^urn:ihe:iti:xds:2013:order'

/** One of every query, asked about what the chooser picks. */
export function queryCases(chooser: Chooser, patients: readonly PatientId[]): readonly QueryCase[] {
  const { model } = chooser
  const patient = chooser.pick(patients)
  const cx = patient === undefined ? '' : formatCx(patient)
  const status = chooser.pick([[STATUS_APPROVED], [STATUS_DEPRECATED], [STATUS_APPROVED, STATUS_DEPRECATED]]) ?? []
  const level: Level = chooser.pick([1, 2] as const) ?? 1
  const levelled = level === 1 ? [] : [slot('$MetadataLevel', ['2'])]
  const shown = ({ latest }: ModelObject): boolean => level === 2 || latest
  const entry = chooser.pick(model.of('DocumentEntry'))
  const folder = chooser.pick(model.of('Folder'))
  const set = chooser.pick(model.of('SubmissionSet'))
  const found = (kind: ModelObject['kind'], keep: (object: ModelObject) => boolean): readonly string[] =>
    idsOf(model.of(kind).filter((object) => object.patient === cx && shown(object) && keep(object)))
  const isStatus = (object: ModelObject): boolean => status.includes(object.status)
  const cases: QueryCase[] = [
    {
      name: `FindDocuments ${level}`,
      query: {
        id: 'urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d',
        slots: [
          slot('$XDSDocumentEntryPatientId', quoted(cx)),
          slot('$XDSDocumentEntryStatus', listed(status)),
          slot('$XDSDocumentEntryFormatCode', listed([FORMAT])),
          ...levelled,
        ],
      },
      expected: found('DocumentEntry', (object) => isStatus(object) && object.formatCode === FORMAT),
    },
    {
      name: `FindDocumentsByReferenceId ${level}`,
      query: {
        id: 'urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492',
        slots: [
          slot('$XDSDocumentEntryPatientId', quoted(cx)),
          slot('$XDSDocumentEntryStatus', listed(status)),
          slot('$XDSDocumentEntryReferenceIdList', listed([ORDER])),
          ...levelled,
        ],
      },
      expected: found('DocumentEntry', (object) => isStatus(object) && object.referenceIds.includes(ORDER)),
    },
    {
      name: 'FindSubmissionSets',
      query: {
        id: 'urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9',
        slots: [
          slot('$XDSSubmissionSetPatientId', quoted(cx)),
          slot('$XDSSubmissionSetStatus', listed([STATUS_APPROVED])),
        ],
      },
      expected: found('SubmissionSet', () => true),
    },
    {
      name: `FindFolders ${level}`,
      query: {
        id: 'urn:uuid:958f3006-baad-4929-a4de-ff1114824431',
        slots: [slot('$XDSFolderPatientId', quoted(cx)), slot('$XDSFolderStatus', listed(status)), ...levelled],
      },
      expected: found('Folder', isStatus),
    },
    {
      name: `GetAll ${level}`,
      query: {
        id: 'urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3',
        slots: [
          slot('$patientId', quoted(cx)),
          slot('$XDSDocumentEntryStatus', listed(status)),
          slot('$XDSSubmissionSetStatus', listed([STATUS_APPROVED])),
          slot('$XDSFolderStatus', listed(status)),
          ...levelled,
        ],
      },
      expected: withTouching(
        [...found('DocumentEntry', isStatus), ...found('Folder', isStatus), ...found('SubmissionSet', () => true)],
        model.visibleAssociations(level),
      ),
    },
    {
      name: `FindDocumentsForMultiplePatients ${level}`,
      query: {
        id: 'urn:uuid:3d1bdb10-39a2-11de-89c2-2f44d94eaa9f',
        transaction: iti51,
        slots: [
          slot('$XDSDocumentEntryPatientId', listed(patients.map(formatCx))),
          slot('$XDSDocumentEntryStatus', listed(status)),
          slot('$XDSDocumentEntryConfidentialityCode', listed([NORMAL])),
          ...levelled,
        ],
      },
      expected: idsOf(
        model
          .of('DocumentEntry')
          .filter((object) => shown(object) && isStatus(object) && object.confidentiality.includes(NORMAL)),
      ),
    },
    {
      name: `FindFoldersForMultiplePatients ${level}`,
      query: {
        id: 'urn:uuid:50d3f5ac-39a2-11de-a1ca-b366239e58df',
        transaction: iti51,
        slots: [
          slot('$XDSFolderPatientId', listed(patients.map(formatCx))),
          slot('$XDSFolderStatus', listed(status)),
          ...levelled,
        ],
      },
      expected: idsOf(model.of('Folder').filter((object) => shown(object) && isStatus(object))),
    },
  ]
  if (entry !== undefined) cases.push(...entryCases(entry, { model, level, levelled }))
  if (folder !== undefined) cases.push(...folderCases(folder, { model, level, levelled }))
  if (set !== undefined) cases.push(...setCases(set, { model, level, levelled }))
  return cases
}

interface Asked {
  readonly model: RegistryModel
  readonly level: Level
  readonly levelled: readonly Slot[]
}

function idsOf(objects: readonly { readonly id: string }[]): readonly string[] {
  return [...new Set(objects.map(({ id }) => id))]
}

function withTouching(ids: readonly string[], associations: readonly ModelAssociation[]): readonly string[] {
  const own = new Set(ids)
  return [...ids, ...idsOf(associations.filter(({ source, target }) => own.has(source) || own.has(target)))]
}

function entryCases(entry: ModelObject, { model, level, levelled }: Asked): readonly QueryCase[] {
  const associations = model.visibleAssociations(level)
  const byUuid = slot('$XDSDocumentEntryEntryUUID', listed([entry.id]))
  const singleUuid = slot('$XDSDocumentEntryEntryUUID', quoted(entry.id))
  const shown = (id: string): boolean => level === 2 || model.objects.get(id)?.latest !== false
  const related = associations.filter(
    (association) =>
      [APND, XFRM, RPLC, XFRM_RPLC].includes(association.type) &&
      (association.source === entry.id || association.target === entry.id),
  )
  const memberships = associations.filter(
    ({ type, source, target }) =>
      type === HAS_MEMBER && target === entry.id && model.objects.get(source)?.kind === 'SubmissionSet',
  )
  const holders = associations
    .filter(({ type, target }) => type === HAS_MEMBER && target === entry.id)
    .map(({ source }) => model.objects.get(source))
    .filter((object): object is ModelObject => object?.kind === 'Folder' && shown(object.id))
  return [
    {
      name: `GetDocuments by entryUUID ${level}`,
      query: { id: 'urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4', slots: [byUuid, ...levelled] },
      expected: [entry.id],
    },
    {
      name: `GetDocuments by uniqueId ${level}`,
      query: {
        id: 'urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4',
        slots: [slot('$XDSDocumentEntryUniqueId', listed([entry.uniqueId])), ...levelled],
      },
      expected: idsOf(model.of('DocumentEntry').filter(({ id, uniqueId }) => uniqueId === entry.uniqueId && shown(id))),
    },
    {
      name: 'GetDocuments by logicalID',
      query: {
        id: 'urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4',
        slots: [slot('$XDSDocumentEntryLogicalID', listed([entry.logicalId])), slot('$MetadataLevel', ['2'])],
      },
      expected: idsOf(model.of('DocumentEntry').filter(({ logicalId }) => logicalId === entry.logicalId)),
    },
    {
      name: `GetAssociations ${level}`,
      query: {
        id: 'urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155',
        slots: [slot('$uuid', listed([entry.id])), ...levelled],
      },
      expected: idsOf(associations.filter(({ source, target }) => source === entry.id || target === entry.id)),
    },
    {
      name: `GetDocumentsAndAssociations ${level}`,
      query: { id: 'urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a', slots: [byUuid, ...levelled] },
      expected: withTouching([entry.id], associations),
    },
    {
      name: `GetSubmissionSets ${level}`,
      query: {
        id: 'urn:uuid:51224314-5390-4169-9b91-b1980040715a',
        slots: [slot('$uuid', listed([entry.id])), ...levelled],
      },
      expected: [...idsOf(memberships), ...idsOf(memberships.map(({ source }) => ({ id: source })))],
    },
    {
      name: `GetFoldersForDocument ${level}`,
      query: { id: 'urn:uuid:10cae35a-c7f9-4cf5-b61e-fc3278ffb578', slots: [singleUuid, ...levelled] },
      expected: idsOf(holders),
    },
    {
      name: `GetRelatedDocuments ${level}`,
      query: {
        id: 'urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6',
        slots: [singleUuid, slot('$AssociationTypes', listed([APND, XFRM, RPLC, XFRM_RPLC])), ...levelled],
      },
      expected: [
        ...new Set([...related.flatMap(({ source, target }) => [source, target]), ...related.map(({ id }) => id)]),
      ],
    },
    {
      name: `GetAssociations of relations by type signs is another query ${level}`,
      query: {
        id: 'urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6',
        slots: [singleUuid, slot('$AssociationTypes', listed([HAS_MEMBER, SIGNS])), ...levelled],
      },
      expected: idsOf(
        associations
          .filter(({ type, source, target }) => type === SIGNS && (source === entry.id || target === entry.id))
          .flatMap(({ id, source, target }) => [{ id }, { id: source }, { id: target }]),
      ),
    },
  ]
}

function folderCases(folder: ModelObject, { model, level, levelled }: Asked): readonly QueryCase[] {
  const members = model
    .visibleAssociations(level)
    .filter(({ type, source }) => type === HAS_MEMBER && source === folder.id)
    .filter(({ target }) => model.objects.get(target)?.formatCode === FORMAT)
  return [
    {
      name: `GetFolders by uniqueId ${level}`,
      query: {
        id: 'urn:uuid:5737b14c-8a1a-4539-b659-e03a34a5e1e4',
        slots: [slot('$XDSFolderUniqueId', listed([folder.uniqueId])), ...levelled],
      },
      expected: idsOf(
        model.of('Folder').filter(({ uniqueId, latest }) => uniqueId === folder.uniqueId && (level === 2 || latest)),
      ),
    },
    {
      name: `GetFolderAndContents ${level}`,
      query: {
        id: 'urn:uuid:b909a503-523d-4517-8acf-8e5834dfc4c7',
        slots: [
          slot('$XDSFolderEntryUUID', quoted(folder.id)),
          slot('$XDSDocumentEntryFormatCode', listed([FORMAT])),
          ...levelled,
        ],
      },
      expected: [folder.id, ...idsOf(members), ...idsOf(members.map(({ target }) => ({ id: target })))],
    },
  ]
}

function setCases(set: ModelObject, { model, level, levelled }: Asked): readonly QueryCase[] {
  const associations = model.visibleAssociations(level)
  const links = associations.filter(({ type, source }) => type === HAS_MEMBER && source === set.id)
  const passes = (id: string): boolean => {
    const object = model.objects.get(id)
    return object?.kind === 'Folder' || object?.formatCode === FORMAT
  }
  const objects = links.filter(({ target }) => model.objects.has(target) && passes(target))
  const inside = new Set(objects.map(({ target }) => target))
  const memberships = associations.filter(
    ({ id, source, target }) => links.some((link) => link.target === id) && inside.has(source) && inside.has(target),
  )
  const memberLinks = links.filter(({ target }) => memberships.some(({ id }) => id === target))
  return [
    {
      name: `GetSubmissionSetAndContents ${level}`,
      query: {
        id: 'urn:uuid:e8e3cb2c-e39c-46b9-99e4-c12f57260b83',
        slots: [
          slot('$XDSSubmissionSetEntryUUID', quoted(set.id)),
          slot('$XDSDocumentEntryFormatCode', listed([FORMAT])),
          ...levelled,
        ],
      },
      expected: [set.id, ...inside, ...idsOf(objects), ...idsOf(memberships), ...idsOf(memberLinks)],
    },
  ]
}
