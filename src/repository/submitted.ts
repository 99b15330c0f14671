// What the repository reads of a submission without judging it: that is the registry's part (ITI TF-2 3.41.4.1.3).

import {
  type Attribute,
  documentEntryAttributes,
  folderAttributes,
  submissionSetAttributes,
} from '../../profiles/metadata/attributes.ts'
import { type RegistryObject, type SubmitObjects, slotValues } from '../model/ebrim.ts'
import type { Evidence } from '../model/evidence.ts'

/** Schemes of an attribute, over all kinds of objects that have it. */
function schemesOf(name: string, tables: readonly (readonly Attribute[])[]): ReadonlySet<string> {
  const codings = tables.flat().flatMap((attribute) => (attribute.name === name ? [attribute.coding] : []))
  return new Set(codings.flatMap((coding) => ('scheme' in coding ? [coding.scheme] : [])))
}

const ALL = [documentEntryAttributes, submissionSetAttributes, folderAttributes]
const UNIQUE_ID = schemesOf('uniqueId', ALL)
const SET_UNIQUE_ID = schemesOf('uniqueId', [submissionSetAttributes])
const PATIENT_ID = schemesOf('patientId', ALL)
const CLASS_CODE = schemesOf('classCode', [documentEntryAttributes])
const CONFIDENTIALITY = schemesOf('confidentialityCode', [documentEntryAttributes])

function identifierOf(object: RegistryObject, schemes: ReadonlySet<string>): string | undefined {
  return object.externalIdentifiers.find(({ scheme }) => schemes.has(scheme))?.value
}

export function uniqueIdOf(object: RegistryObject): string | undefined {
  return identifierOf(object, UNIQUE_ID)
}

/** In CX form, as sent. */
export function patientIdOf(object: RegistryObject): string | undefined {
  return identifierOf(object, PATIENT_ID)
}

/** classCode without scheme. */
export function kindOf(object: RegistryObject): string {
  return codesOf(object, CLASS_CODE)[0]?.code ?? ''
}

/** `code^^scheme`. */
export function confidentialityOf(object: RegistryObject): readonly string[] {
  return codesOf(object, CONFIDENTIALITY).map(({ code, scheme }) => `${code}^^${scheme}`)
}

function codesOf(
  object: RegistryObject,
  schemes: ReadonlySet<string>,
): readonly { readonly code: string; readonly scheme: string }[] {
  return object.classifications
    .filter(({ scheme }) => scheme !== undefined && schemes.has(scheme))
    .map((entry) => ({ code: entry.nodeRepresentation, scheme: slotValues(entry, 'codingScheme')[0] ?? '' }))
}

/** What a submission claims, for audit. */
export function evidenceOf({ objects }: SubmitObjects, repositoryUniqueId: string): Evidence {
  const set = objects.flatMap((object) => identifierOf(object, SET_UNIQUE_ID) ?? [])[0]
  return {
    patients: [...new Set(objects.flatMap((object) => patientIdOf(object) ?? []))].slice(0, 1),
    documents: objects
      .filter(({ kind }) => kind === 'ExtrinsicObject')
      .flatMap((object) => uniqueIdOf(object) ?? [])
      .map((documentUniqueId) => ({ documentUniqueId, repositoryUniqueId })),
    ...(set === undefined ? {} : { submissionSetUniqueId: set }),
  }
}
