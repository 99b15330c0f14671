// Which patients a message is about, read from its body before the actor sees it: an assertion about one patient serves no other (ITI TF-2 3.40).

import { NS } from '../../../profiles/transactions/index.ts'
import { childrenOf, elementsOf, textOf } from '../../codec/xml/navigate.ts'
import type { XmlElement } from '../../codec/xml/read.ts'
import type { About, Incoming } from '../binding.ts'

/** ITI TF-3 Table 4.2.5.2-1 to -3: patientId of DocumentEntry, SubmissionSet and Folder. */
const PATIENT_IDENTIFIERS: ReadonlySet<string> = new Set([
  'urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427',
  'urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446',
  'urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a',
])
/** Parameters of stored queries that name patients (ITI TF-2 3.18.4.1.2.3.7, 3.51.4.1.2). */
const PATIENT_PARAMETER = /^\$(XDSDocumentEntryPatientId|XDSFolderPatientId|XDSSubmissionSetPatientId|patientId)$/

/** Queries by id name no patient; whom the answer is about is seen before it leaves. */
export const aboutQueried: About = {
  patients: ({ body }) =>
    below(body, NS.rim, 'Slot')
      .filter((slot) => PATIENT_PARAMETER.test(slot.attributes.get('name') ?? ''))
      .flatMap((slot) => below(slot, NS.rim, 'Value'))
      .flatMap((value) => [...textOf(value).matchAll(/'([^']+)'/g)].map((match) => match[1] ?? '')),
  unnamed: 'answer',
}

export const aboutRetrieved: About = { patients: () => [], unnamed: 'answer' }

export const aboutSubmitted: About = {
  patients: ({ body }) =>
    below(body, NS.rim, 'ExternalIdentifier')
      .filter((identifier) => PATIENT_IDENTIFIERS.has(identifier.attributes.get('identificationScheme') ?? ''))
      .map((identifier) => identifier.attributes.get('value') ?? ''),
  unnamed: 'refuse',
}

/** ITI-44: numbers of the patient and of the one that is merged. ITI-45: the number that is asked about. */
export const aboutIdentified: About = {
  patients: (incoming) => [
    ...instances(incoming, 'patient', 'id'),
    ...instances(incoming, 'patientIdentifier', 'value'),
    ...instances(incoming, 'priorRegisteredRole', 'id'),
  ],
  unnamed: 'refuse',
}

function instances({ body }: Incoming, parent: string, name: string): readonly string[] {
  return below(body, NS.hl7, parent)
    .flatMap((element) => childrenOf(element, NS.hl7, name))
    .map(({ attributes }) => `${attributes.get('extension') ?? ''}^^^&${attributes.get('root') ?? ''}&ISO`)
}

function below(element: XmlElement, ns: string, name: string): readonly XmlElement[] {
  const found: XmlElement[] = []
  const waiting = [element]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const child of elementsOf(next)) {
      if (child.ns === ns && child.name === name) found.push(child)
      waiting.push(child)
    }
  return found
}
