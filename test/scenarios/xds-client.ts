// The tester's side of the registry's transactions, for scenario tests: typed submissions out, codes and ids back (ITI TF-2 3.18, 3.42).

import { documentEntryObject, folderObject, submissionSetObject } from '../../profiles/metadata/write.ts'
import { iti18, iti42, NS, type Transaction } from '../../profiles/transactions/index.ts'
import { readQueryResponse } from '../../src/codec/ebxml/query-response.ts'
import { writeSlot } from '../../src/codec/ebxml/registry-object.ts'
import { readRegistryResponse } from '../../src/codec/ebxml/registry-response.ts'
import { writeSubmitObjects } from '../../src/codec/ebxml/submit.ts'
import { elementsOf } from '../../src/codec/xml/navigate.ts'
import type { XmlElement } from '../../src/codec/xml/read.ts'
import { el, type Markup } from '../../src/codec/xml/write.ts'
import type { DocumentEntry, Folder, SubmissionSet } from '../../src/model/document-entry.ts'
import type { Association, RegistryObject, Slot, SubmitObjects } from '../../src/model/ebrim.ts'
import type { ReturnType as Returned } from '../../src/model/stored-query.ts'
import type { networkOf } from '../faults/support.ts'

export interface Submitted {
  readonly set: SubmissionSet
  readonly entries?: readonly DocumentEntry[]
  readonly folders?: readonly Folder[]
  /** Changes an object after it was built: the lid of an update. */
  readonly bend?: (object: RegistryObject) => RegistryObject
  readonly associations: readonly Association[]
}

export function submitObjects({ set, entries = [], folders = [], bend, associations }: Submitted): SubmitObjects {
  const objects = [submissionSetObject(set), ...entries.map(documentEntryObject), ...folders.map(folderObject)]
  return { objects: bend === undefined ? objects : objects.map(bend), associations }
}

export interface AskedQuery {
  readonly id: string
  readonly returnType?: Returned
  readonly slots: readonly Slot[]
  readonly transaction?: Transaction
}

export interface FoundObject {
  readonly id: string
  readonly element: XmlElement
}

/** `Success`, or the RegistryError codes, each once and in order. */
export type Codes = string

export function registryClient(network: Pick<ReturnType<typeof networkOf>, 'as'>, systemId: string) {
  const call = async (transaction: Transaction, body: Markup): Promise<XmlElement> => {
    const { client } = await network.as(systemId)
    return (await client.call({ transaction, body })).body
  }
  const codesOf = (body: XmlElement): Codes => {
    const { errors } = readRegistryResponse(body)
    return errors.length === 0 ? 'Success' : [...new Set(errors.map(({ errorCode }) => errorCode))].sort().join(' ')
  }
  return {
    send: async (transaction: Transaction, body: Markup): Promise<Codes> => codesOf(await call(transaction, body)),
    submit: async (submitted: Submitted, transaction: Transaction = iti42): Promise<Codes> =>
      codesOf(await call(transaction, writeSubmitObjects(submitObjects(submitted)))),
    /** Ids of an ObjectRef answer. */
    ids: async (asked: AskedQuery): Promise<readonly string[]> => {
      const body = await call(asked.transaction ?? iti18, queryBody({ ...asked, returnType: 'ObjectRef' }))
      const found = readQueryResponse(body)
      if (found.errors.length > 0) throw new Error(`${asked.id}: ${found.errors.map(({ codeContext }) => codeContext)}`)
      return found.references
    },
    codes: async (asked: AskedQuery): Promise<Codes> =>
      codesOf(await call(asked.transaction ?? iti18, queryBody(asked))),
    /** Children of the RegistryObjectList of a LeafClass answer. */
    objects: async (asked: AskedQuery): Promise<readonly FoundObject[]> => {
      const body = await call(asked.transaction ?? iti18, queryBody({ ...asked, returnType: 'LeafClass' }))
      const list = elementsOf(body).find(({ name }) => name === 'RegistryObjectList')
      return (list === undefined ? [] : elementsOf(list)).map((element) => ({
        id: element.attributes.get('id') ?? '',
        element,
      }))
    },
  }
}

export type RegistryClient = ReturnType<typeof registryClient>

function queryBody({ id, returnType = 'LeafClass', slots }: AskedQuery): Markup {
  return el(
    'query:AdhocQueryRequest',
    { 'xmlns:query': NS.query, 'xmlns:rim': NS.rim },
    el('query:ResponseOption', { returnComposedObjects: 'true', returnType }),
    el('rim:AdhocQuery', { id }, ...slots.map(writeSlot)),
  )
}

/** Strings of a query parameter as one parenthesised list. */
export function listed(values: readonly string[]): readonly string[] {
  return [`(${values.map((value) => `'${value.replaceAll("'", "''")}'`).join(',')})`]
}

export function quoted(value: string): readonly string[] {
  return [`'${value.replaceAll("'", "''")}'`]
}
