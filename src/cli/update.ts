// tsunagi update: ITI-57 Update Document Set for one DocumentEntry or Folder (ITI TF-2 3.57).

import type { Command } from 'commander'
import { codeOf } from '../../profiles/affinity-domain/index.ts'
import {
  documentEntryAttributes,
  FOLDER_NODE,
  folderAttributes,
  identifierScheme,
} from '../../profiles/metadata/attributes.ts'
import { formatDtm } from '../../profiles/metadata/types.ts'
import { memberAssociation, relationship, submissionSetObject } from '../../profiles/metadata/write.ts'
import { getDocuments, getFolders } from '../../profiles/queries/index.ts'
import { iti57 } from '../../profiles/transactions/index.ts'
import { writeStoredQuery } from '../codec/ebxml/query-request.ts'
import { listValue } from '../codec/ebxml/query-value.ts'
import { readRegistryResponse } from '../codec/ebxml/registry-response.ts'
import { writeSubmitObjects } from '../codec/ebxml/submit.ts'
import type { Association, InternationalString, RegistryObject, SubmitObjects } from '../model/ebrim.ts'
import { newEntryUuid, newOid, type Oid, type PatientId, parseCx } from '../model/identifiers.ts'
import {
  HAS_MEMBER,
  STATUS_APPROVED,
  STATUS_DEPRECATED,
  SUBMIT_ASSOCIATION,
  UPDATE_AVAILABILITY_STATUS,
} from '../model/xds.ts'
import { type ActingSystem, actingAs, asSystem, facilityDomain, type SystemOptions } from './as-system.ts'
import { contextOf, type Registration } from './context.ts'
import { RefusedError, UsageError } from './failure.ts'
import { ask, statusesOf } from './query.ts'
import { requireSuccess } from './registry-answer.ts'
import { entryUuidOf } from './remove.ts'

interface UpdateOptions extends SystemOptions {
  readonly title?: string
  readonly comments?: string
  readonly status?: string
  readonly folder?: string
  readonly propagation: boolean
  readonly sourceId?: string
  readonly raw?: true
}

export const registerUpdate: Registration = (program, terminal) => {
  actingAs(program.command('update <entryUUID>'))
    .description('ITI-57: title, comments, status or folder of what is registered / 登録済みメタデータの更新')
    .option('--title <text>', 'new title: a new version of the document entry or folder')
    .option('--comments <text>', 'new comments: a new version likewise')
    .option('--no-propagation', 'the new version takes no associations over')
    .option('--status <status>', 'instead: approved or deprecated')
    .option('--folder <entryUUID>', 'instead: the folder that the document entry becomes a member of')
    .option('--source-id <oid>', 'sourceId of the submission; default the domain of the system’s facility')
    .option('--raw', 'print the answer as received')
    .action((id: string, options: UpdateOptions, command: Command) => {
      const context = contextOf(command, terminal)
      const kind = operationOf(options)
      return asSystem(context, options, async (acting) => {
        const object = await registered(acting, entryUuidOf(id))
        const set = await submissionSetOf(acting, object, options)
        const submission = operations[kind]({ object, set, options })
        const reply = await acting.client.call({ transaction: iti57, body: writeSubmitObjects(submission) })
        if (options.raw === true) terminal.out(reply.raw)
        requireSuccess(terminal, readRegistryResponse(reply.body))
        if (options.raw !== true) terminal.out(`updated ${object.id}\n`)
      })
    })
}

type Operation = 'version' | 'status' | 'folder'

/** @throws {UsageError} unless the options name one operation. */
function operationOf({ title, comments, status, folder }: UpdateOptions): Operation {
  const asked: readonly Operation[] = [
    ...(title === undefined && comments === undefined ? [] : (['version'] as const)),
    ...(status === undefined ? [] : (['status'] as const)),
    ...(folder === undefined ? [] : (['folder'] as const)),
  ]
  const [only, ...others] = asked
  if (only === undefined || others.length > 0)
    throw new UsageError('give --title or --comments, or one of --status and --folder')
  return only
}

/** The object as the registry has it, at any version. @throws {RefusedError} when it has none. */
async function registered(acting: ActingSystem, id: string): Promise<RegistryObject> {
  for (const { row, parameter } of [
    { row: getDocuments, parameter: '$XDSDocumentEntryEntryUUID' },
    { row: getFolders, parameter: '$XDSFolderEntryUUID' },
  ]) {
    const slots = [{ name: parameter, values: [listValue([id])] }]
    const { response } = await ask(acting, writeStoredQuery({ id: row.id, returnType: 'LeafClass', slots }))
    const [found] = response.objects
    if (found !== undefined) return found
  }
  throw new RefusedError(`the registry shows no document entry or folder ${id} / 対象が見つかりません`)
}

/** The submission of an update is a SubmissionSet of its own, about the patient of the object. */
async function submissionSetOf(
  { config }: ActingSystem,
  object: RegistryObject,
  options: UpdateOptions,
): Promise<RegistryObject> {
  const sourceId: Oid = await facilityDomain(config, options.as, options.sourceId)
  return submissionSetObject({
    entryUUID: newEntryUuid(),
    uniqueId: newOid(),
    sourceId,
    patientId: patientOf(object),
    contentTypeCode: codeOf('classCode', 'DOCUMENT'),
    submissionTime: formatDtm(new Date()),
    author: [],
    intendedRecipient: [],
    extraSlots: [],
  })
}

function patientOf(object: RegistryObject): PatientId {
  const schemes = [documentEntryAttributes, folderAttributes].map((table) => identifierScheme(table, 'patientId'))
  const found = object.externalIdentifiers.find(({ scheme }) => schemes.includes(scheme))
  const id = parseCx(found?.value ?? '')
  if (id === undefined) throw new RefusedError(`${object.id} carries no patient id`)
  return id
}

interface Asked {
  readonly object: RegistryObject
  readonly set: RegistryObject
  readonly options: UpdateOptions
}

const operations: Readonly<Record<Operation, (asked: Asked) => SubmitObjects>> = {
  version: ({ object, set, options }) => {
    const id = newEntryUuid()
    const membership = memberAssociation(set.id, id)
    const slots = [
      ...membership.slots,
      { name: 'PreviousVersion', values: [object.version ?? '1'] },
      { name: 'AssociationPropagation', values: [options.propagation ? 'yes' : 'no'] },
    ]
    return { objects: [set, successor(object, { id, options })], associations: [{ ...membership, slots }] }
  },
  status: ({ object, set, options }) => {
    const [next, ...others] = statusesOf(options.status ?? '')
    if (next === undefined || others.length > 0) throw new UsageError('--status needs approved or deprecated')
    const original = next === STATUS_APPROVED ? STATUS_DEPRECATED : STATUS_APPROVED
    const trigger: Association = {
      ...relationship(UPDATE_AVAILABILITY_STATUS, { source: set.id, target: object.id }),
      slots: [
        { name: 'OriginalStatus', values: [original] },
        { name: 'NewStatus', values: [next] },
      ],
    }
    return { objects: [set], associations: [trigger] }
  },
  folder: ({ object, set, options }) => {
    if (isFolder(object)) throw new UsageError('--folder takes document entries: folders do not nest')
    const membership = relationship(HAS_MEMBER, { source: entryUuidOf(options.folder ?? ''), target: object.id })
    const trigger = relationship(SUBMIT_ASSOCIATION, { source: set.id, target: membership.id })
    return { objects: [set], associations: [membership, trigger] }
  },
}

function isFolder({ classifications }: RegistryObject): boolean {
  return classifications.some(({ node }) => node === FOLDER_NODE)
}

/** The next version of an object: everything it has, under a new id, with what the options change. */
function successor(
  object: RegistryObject,
  { id, options }: { readonly id: string; readonly options: UpdateOptions },
): RegistryObject {
  const { title, comments } = options
  const text = (value: string): InternationalString => [{ value }]
  return {
    ...object,
    id,
    lid: object.lid ?? object.id,
    classifications: object.classifications.map((entry) => ({ ...entry, id: newEntryUuid(), classifiedObject: id })),
    externalIdentifiers: object.externalIdentifiers.map((entry) => ({
      ...entry,
      id: newEntryUuid(),
      registryObject: id,
    })),
    ...(title === undefined ? {} : { name: text(title) }),
    ...(comments === undefined ? {} : { description: text(comments) }),
  }
}
