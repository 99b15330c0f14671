// Attributes of a user; each may be spread over statements and repeated, and carries much that is none of ours (ITI TF-2 3.40.4.1.2).

import { iheError } from '../../../profiles/errors/index.ts'
import type { AssertedAttributes } from '../../model/assertion.ts'
import type { Code } from '../../model/code.ts'
import { childOf, childrenOf, elementsOf, textOf } from '../xml/navigate.ts'
import type { XmlElement } from '../xml/read.ts'
import { ATTRIBUTES, HL7_V3, SAML2 } from './constants.ts'

const MAX_TEXT_LENGTH = 256

/** @throws {IheError} XUA_TOKEN when one of them is encrypted */
export function readAttributes(assertion: XmlElement): AssertedAttributes {
  const values = new Map<string, XmlElement[]>()
  for (const statement of childrenOf(assertion, SAML2, 'AttributeStatement')) {
    // It may be the organisation, the patient or the purpose that bounds the use: what cannot be read cannot be kept to.
    if (childOf(statement, SAML2, 'EncryptedAttribute') !== undefined)
      throw iheError('XUA_TOKEN', {
        at: 'AttributeStatement/EncryptedAttribute',
        rule: 'attributes that are not encrypted',
      })
    for (const attribute of childrenOf(statement, SAML2, 'Attribute')) {
      const name = attribute.attributes.get('Name') ?? ''
      values.set(name, [...(values.get(name) ?? []), ...childrenOf(attribute, SAML2, 'AttributeValue')])
    }
  }
  const texts = (...names: readonly string[]): readonly string[] =>
    names.flatMap((name) => (values.get(name) ?? []).map((value) => textOf(value).trim()).filter((text) => text !== ''))
  const codes = (name: string, element: string): readonly Code[] =>
    (values.get(name) ?? []).flatMap((value) => codesIn(value, element))
  return {
    displayNames: texts(ATTRIBUTES.subjectId).map(shortened),
    organizations: texts(ATTRIBUTES.organization).map(shortened),
    organizationIds: texts(ATTRIBUTES.organizationId),
    homeCommunityIds: texts(ATTRIBUTES.homeCommunityId, ATTRIBUTES.nhinHomeCommunityId),
    roles: codes(ATTRIBUTES.role, 'Role'),
    purposes: codes(ATTRIBUTES.purposeOfUse, 'PurposeOfUse'),
    patientIds: texts(ATTRIBUTES.resourceId),
  }
}

/**
 * Only the HL7 element of the attribute's own name counts: test data puts others beside it. XSPA 1.0 of OASIS has the code as text, of no
 * code system; it is said all the same, and who asks for research must not be taken for one who said nothing.
 */
function codesIn(value: XmlElement, name: string): readonly Code[] {
  const text = shortened(textOf(value).trim())
  const coded = elementsOf(value).filter((element) => element.ns === HL7_V3 && element.name === name)
  if (coded.length === 0 && text !== '') return [{ code: text, scheme: '', display: '' }]
  return coded
    .map(({ attributes }) => ({
      code: shortened((attributes.get('code') ?? '').trim()),
      scheme: shortened((attributes.get('codeSystem') ?? '').trim()),
      display: shortened((attributes.get('displayName') ?? '').trim()),
    }))
    .filter(({ code }) => code !== '')
}

function shortened(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? text.slice(0, MAX_TEXT_LENGTH) : text
}
