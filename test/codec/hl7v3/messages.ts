// PIXv3 messages for codec tests: one good feed and one good query as XML, to be broken one element at a time, and the schemas when they are near.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readXml, type XmlElement } from '../../../src/codec/xml/read.ts'
import { IheError } from '../../../src/model/error.ts'

const DEVICES =
  '<receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE"><id root="2.25.400.2"/></device></receiver>' +
  '<sender typeCode="SND"><device classCode="DEV" determinerCode="INSTANCE"><id root="2.25.400.1"/><asAgent classCode="AGNT">' +
  '<representedOrganization classCode="ORG" determinerCode="INSTANCE"><id root="2.25.200.1"/></representedOrganization></asAgent></device></sender>'

function message(number: string, control: string): string {
  return (
    `<PRPA_IN${number}UV02 xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0"><id root="6f0e2c1a-64a3-4f5c-8d7b-2f6f0a1b0001" extension="m 1"/>` +
    `<creationTime value="20270401090000+0900"/><interactionId root="2.16.840.1.113883.1.6" extension="PRPA_IN${number}UV02"/>` +
    `<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="AL"/>${DEVICES}` +
    `<controlActProcess classCode="CACT" moodCode="EVN"><code code="PRPA_TE${number}UV02" codeSystem="2.16.840.1.113883.1.6"/>${control}` +
    `</controlActProcess></PRPA_IN${number}UV02>`
  )
}

const PATIENT =
  '<patient classCode="PAT"><id root="2.25.100.1" extension="0042"/><statusCode code="active"/>' +
  '<patientPerson classCode="PSN" determinerCode="INSTANCE"><name use="L IDE"><given>葉名</given><family>水沢</family></name>' +
  '<name>ミズサワ　ハナ</name><name>Mizusawa Hana</name><telecom value="tel:+81-99-000-0001"/>' +
  '<administrativeGenderCode code="F"/><birthTime value="196204"/>' +
  '<addr><postalCode>999-0001</postalCode><city>見本市</city><state>架空県</state><streetAddressLine>1-2-3</streetAddressLine></addr>' +
  '<asOtherIDs classCode="PAT"><id root="2.25.100.2" extension="B-7"/><scopingOrganization classCode="ORG" determinerCode="INSTANCE">' +
  '<id root="2.25.100.2"/></scopingOrganization></asOtherIDs></patientPerson>' +
  '<providerOrganization classCode="ORG" determinerCode="INSTANCE"><id root="2.25.100.1"/><contactParty classCode="CON" nullFlavor="UNK"/>' +
  '</providerOrganization></patient>'

const SUBJECT =
  '<subject typeCode="SUBJ" contextConductionInd="false"><registrationEvent classCode="REG" moodCode="EVN"><id nullFlavor="NA"/>' +
  `<statusCode code="active"/><subject1 typeCode="SBJ">${PATIENT}</subject1><custodian typeCode="CST"><assignedEntity classCode="ASSIGNED">` +
  '<id root="2.25.400.1"/></assignedEntity></custodian></registrationEvent></subject>'

const REPLACEMENT =
  '<replacementOf typeCode="RPLC"><priorRegistration classCode="REG" moodCode="EVN"><statusCode code="obsolete"/><subject1 typeCode="SBJ">' +
  '<priorRegisteredRole classCode="PAT"><id root="2.25.100.1" extension="0099"/></priorRegisteredRole></subject1></priorRegistration></replacementOf>'

export const MERGE = message('201304', SUBJECT.replace('</custodian>', `</custodian>${REPLACEMENT}`))
export const ADD = message('201301', SUBJECT)
export const REVISE = message('201302', SUBJECT)
export const QUERY = message(
  '201309',
  '<queryByParameter><queryId root="2.25.500" extension="q1"/><statusCode code="new"/><responsePriorityCode code="I"/><parameterList>' +
    '<dataSource><value root="2.25.100.2"/><semanticsText>DataSource.id</semanticsText></dataSource>' +
    '<patientIdentifier><value root="2.25.100.1" extension="0042"/><semanticsText>Patient.Id</semanticsText></patientIdentifier>' +
    '</parameterList></queryByParameter>',
)

export function bodyOf(xml: string): XmlElement {
  return readXml(Buffer.from(xml))
}

/** The refusal that `read` ends in. */
export function refusalOf(read: () => unknown): IheError {
  try {
    read()
  } catch (error) {
    if (error instanceof IheError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const SCHEMAS = new URL('../../../../shared/schemas/hl7v3/HL7V3/NE2008/multicacheschemas/', import.meta.url)
const canValidate = existsSync(SCHEMAS) && spawnSync('xmllint', ['--version']).status === 0

/** What the HL7 schema of `interaction` says against `xml`; empty when it is valid, or when schemas or xmllint are not at hand. */
export function schemaErrors(xml: string, interaction: string): string {
  if (!canValidate) return ''
  const schema = fileURLToPath(new URL(`${interaction}.xsd`, SCHEMAS))
  const run = spawnSync('xmllint', ['--noout', '--schema', schema, '-'], { input: xml, encoding: 'utf8' })
  return run.status === 0 ? '' : run.stderr
}
