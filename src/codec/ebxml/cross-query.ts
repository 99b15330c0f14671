// A query on its way to another community, and the objects of its answer, both kept as they came (ITI TF-2 3.38.4.1).

import { NS } from '../../../profiles/transactions/define.ts'
import type { ForeignObject } from '../../model/foreign-object.ts'
import { formatCx, type PatientId } from '../../model/identifiers.ts'
import { attributeOf, childOf, childrenOf, elementsOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { type Markup, serialize } from '../xml/write.ts'
import { stringValue } from './query-value.ts'
import { type ReceivedResponse, readRegistryResponse } from './registry-response.ts'

/** Parameters that hold the patient id of a query (ITI TF-2 3.18.4.1.2.3.7): each query has one of them. */
const PATIENT_PARAMETERS: ReadonlySet<string> = new Set([
  '$XDSDocumentEntryPatientId',
  '$XDSSubmissionSetPatientId',
  '$XDSFolderPatientId',
  '$patientId',
])

/** ITI TF-3 Table 4.2.5.2-1 to -3: patientId and uniqueId of DocumentEntry, SubmissionSet and Folder. */
const PATIENT_IDS: ReadonlySet<string> = new Set([
  'urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427',
  'urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446',
  'urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a',
])
const DOCUMENT_UNIQUE_ID = 'urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab'

/** The same AdhocQueryRequest with another patient id, home or return type; all else, known or unknown, as it came. */
export function rewriteQuery(
  request: XmlElement,
  change: { readonly patientId?: PatientId; readonly home?: string; readonly objects?: true },
): Markup {
  const children = request.children.map((child) => {
    if (typeof child === 'string') return child
    if (child.ns === NS.query && child.name === 'ResponseOption' && change.objects === true)
      return { ...child, attributes: new Map([...child.attributes, ['returnType', 'LeafClass']]) }
    return child.ns === NS.rim && child.name === 'AdhocQuery' ? rewritten(child, change) : child
  })
  return serialize({ ...request, children })
}

function rewritten(
  query: XmlElement,
  { patientId, home }: { readonly patientId?: PatientId; readonly home?: string },
): XmlElement {
  const attributes = new Map([...query.attributes].filter(([name]) => name !== 'home'))
  if (home !== undefined) attributes.set('home', home)
  if (patientId === undefined) return { ...query, attributes }
  const value = stringValue(formatCx(patientId))
  const children = query.children.map((child) =>
    typeof child !== 'string' && PATIENT_PARAMETERS.has(attributeOf(child, 'name') ?? '')
      ? withValue(child, value)
      : child,
  )
  return { ...query, attributes, children }
}

function withValue(slot: XmlElement, value: string): XmlElement {
  const [list] = childrenOf(slot, NS.rim, 'ValueList')
  const [first] = list === undefined ? [] : childrenOf(list, NS.rim, 'Value')
  if (list === undefined || first === undefined) return slot
  return { ...slot, children: [{ ...list, children: [{ ...first, children: [value] }] }] }
}

export interface CrossQueryResponse extends ReceivedResponse {
  readonly objects: readonly ForeignObject[]
}

const ELEMENTS: ReadonlySet<string> = new Set(['ExtrinsicObject', 'RegistryPackage', 'Association', 'ObjectRef'])

/** The answer of another community: status, errors, and the objects as they came. */
export function readCrossQueryResponse(response: XmlElement): CrossQueryResponse {
  const list = childOf(response, NS.rim, 'RegistryObjectList')
  const objects =
    list === undefined ? [] : elementsOf(list).filter(({ ns, name }) => ns === NS.rim && ELEMENTS.has(name))
  return { ...readRegistryResponse(response), objects: objects.map(readObject) }
}

function readObject(object: XmlElement): ForeignObject {
  const identifiers = childrenOf(object, NS.rim, 'ExternalIdentifier')
  const identifierIn = (schemes: (scheme: string) => boolean): string | undefined => {
    const found = identifiers.find((identifier) => schemes(attributeOf(identifier, 'identificationScheme') ?? ''))
    return found === undefined ? undefined : attributeOf(found, 'value')
  }
  const home = attributeOf(object, 'home')
  return {
    element: object.name as ForeignObject['element'],
    id: attributeOf(object, 'id') ?? '',
    home: home === '' ? undefined : home,
    patientId: identifierIn((scheme) => PATIENT_IDS.has(scheme)),
    uniqueId: identifierIn((scheme) => scheme === DOCUMENT_UNIQUE_ID),
    ends: [attributeOf(object, 'sourceObject'), attributeOf(object, 'targetObject')].filter((end) => end !== undefined),
    xml: serialize(object),
  }
}
