// Shapes of the patient identity feed: registration event, patient and person (ITI TF-2 3.44.4; PRPA_IN201301UV02, 201302, 201304).

import { ANY, BL, CODE, II, INFRASTRUCTURE, type Shape, shape, TS } from './shape.ts'
import { controlAct, message } from './wrapper-shapes.ts'

const scopingOrganization = shape({
  required: { classCode: true, determinerCode: /^INSTANCE$/ },
  content: [...INFRASTRUCTURE, ['id', '+', II], ['code', '?', CODE], ['name', '*', ANY], ['addr', '*', ANY]],
})

const otherIds = shape({
  required: { classCode: true },
  content: [
    ...INFRASTRUCTURE,
    ['id', '+', II],
    ['statusCode', '?', CODE],
    ['effectiveTime', '?', ANY],
    ['scopingOrganization', '1', scopingOrganization],
  ],
})

const person = shape({
  attributes: { classCode: /^PSN$/, determinerCode: /^INSTANCE$/ },
  content: [
    ...INFRASTRUCTURE,
    ['id', '*', II],
    ['name', '+', ANY],
    ['desc', '?', ANY],
    ['telecom', '*', ANY],
    ['administrativeGenderCode', '?', CODE],
    ['birthTime', '?', TS],
    ['deceasedInd', '?', BL],
    ['deceasedTime', '?', TS],
    ['multipleBirthInd', '?', BL],
    ['multipleBirthOrderNumber', '?', ANY],
    ['organDonorInd', '?', BL],
    ['addr', '*', ANY],
    ['maritalStatusCode', '?', CODE],
    ['educationLevelCode', '?', CODE],
    ['disabilityCode', '*', CODE],
    ['livingArrangementCode', '?', CODE],
    ['religiousAffiliationCode', '?', CODE],
    ['raceCode', '*', CODE],
    ['ethnicGroupCode', '*', CODE],
    ['asPatientOfOtherProvider', '*', ANY],
    ['asEmployee', '*', ANY],
    ['asCitizen', '*', ANY],
    ['asStudent', '*', ANY],
    ['asMember', '*', ANY],
    ['asOtherIDs', '*', otherIds],
    ['contactParty', '*', ANY],
    ['guardian', '*', ANY],
    ['personalRelationship', '*', ANY],
    ['careGiver', '*', ANY],
    ['birthPlace', '?', ANY],
    ['guarantorRole', '*', ANY],
    ['languageCommunication', '*', ANY],
  ],
})

const providerOrganization = shape({
  required: { classCode: true, determinerCode: /^INSTANCE$/ },
  content: [
    ...INFRASTRUCTURE,
    ['id', '+', II],
    ['code', '?', CODE],
    ['name', '*', ANY],
    ['contactParty', '+', shape({ required: { classCode: true }, content: 'any' })],
  ],
})

/** The schema offers patientPerson or patientNonPersonLivingSubject; which one came is the reader's rule. */
function patient(provider: '1' | '?'): Shape {
  return shape({
    required: { classCode: /^PAT$/ },
    content: [
      ...INFRASTRUCTURE,
      ['id', '+', II],
      ['addr', '*', ANY],
      ['telecom', '*', ANY],
      ['statusCode', '1', CODE],
      ['effectiveTime', '?', ANY],
      ['confidentialityCode', '*', CODE],
      ['veryImportantPersonCode', '?', CODE],
      ['patientPerson', '?', person],
      ['patientNonPersonLivingSubject', '?', ANY],
      ['providerOrganization', provider, providerOrganization],
      ['subjectOf', '*', ANY],
      ['coveredPartyOf', '*', ANY],
    ],
  })
}

const assignedEntity = shape({
  required: { classCode: true },
  content: [
    ...INFRASTRUCTURE,
    ['id', '+', II],
    ['code', '?', CODE],
    ['addr', '*', ANY],
    ['telecom', '*', ANY],
    ['assignedPerson', '?', ANY],
    ['assignedDevice', '?', ANY],
    ['assignedOrganization', '?', ANY],
    ['representedOrganization', '?', ANY],
  ],
})

const priorRegisteredRole = shape({ required: { classCode: true }, content: [...INFRASTRUCTURE, ['id', '+', II]] })

/** The schema lets a merge leave out what the profile demands; that is the reader's rule. */
const replacementOf = shape({
  required: { typeCode: /^RPLC$/ },
  content: [
    ...INFRASTRUCTURE,
    [
      'priorRegistration',
      '1',
      shape({
        required: { classCode: /^REG$/, moodCode: /^EVN$/ },
        content: [
          ...INFRASTRUCTURE,
          ['id', '*', II],
          ['statusCode', '?', CODE],
          [
            'subject1',
            '?',
            shape({
              required: { typeCode: /^SBJ$/ },
              content: [...INFRASTRUCTURE, ['priorRegisteredRole', '1', priorRegisteredRole]],
            }),
          ],
          ['subject2', '?', ANY],
        ],
      }),
    ],
  ],
})

function registrationEvent(subjectPatient: Shape, replacement: Shape): Shape {
  return shape({
    required: { classCode: /^REG$/, moodCode: /^EVN$/ },
    content: [
      ...INFRASTRUCTURE,
      ['id', '*', II],
      ['statusCode', '1', CODE],
      ['effectiveTime', '?', ANY],
      [
        'subject1',
        '1',
        shape({ required: { typeCode: /^SBJ$/ }, content: [...INFRASTRUCTURE, ['patient', '1', subjectPatient]] }),
      ],
      ['author', '?', ANY],
      [
        'custodian',
        '1',
        shape({
          attributes: { contextControlCode: true },
          required: { typeCode: /^CST$/ },
          content: [...INFRASTRUCTURE, ['assignedEntity', '1', assignedEntity]],
        }),
      ],
      ['inFulfillmentOf', '*', ANY],
      ['definition', '*', ANY],
      ['replacementOf', '*', replacement],
    ],
  })
}

function feed(subjectPatient: Shape, replacement: Shape): Shape {
  const subject = shape({
    attributes: { contextConductionInd: /^(true|false)$/ },
    required: { typeCode: /^SUBJ$/ },
    content: [...INFRASTRUCTURE, ['registrationEvent', '1', registrationEvent(subjectPatient, replacement)]],
  })
  return message(controlAct(['subject', '+', subject], ['reasonOf', '*', ANY]))
}

/** PRPA_IN201301UV02 and PRPA_IN201302UV02; the schema of the add demands a providerOrganization. That they replace nothing is the reader's rule. */
export const ADD_SHAPE = feed(patient('1'), ANY)
export const REVISE_SHAPE = feed(patient('?'), ANY)
/** PRPA_IN201304UV02. */
export const MERGE_SHAPE = feed(patient('?'), replacementOf)
