// Shapes of the PIXv3 and PDQv3 requests: transmission and control act wrappers, registration event, patient, person, query (NE2008 schemas).

import { ANY, BL, type ChildRow, CODE, II, INFRASTRUCTURE, type Shape, shape, TS } from './shape.ts'

const organization = shape({
  required: { classCode: true, determinerCode: /^INSTANCE$/ },
  content: [
    ...INFRASTRUCTURE,
    ['id', '+', II],
    ['name', '*', ANY],
    ['telecom', '*', ANY],
    ['notificationParty', '?', ANY],
  ],
})

const device = shape({
  required: { classCode: true, determinerCode: /^INSTANCE$/ },
  content: [
    ...INFRASTRUCTURE,
    ['id', '+', II],
    ['name', '*', ANY],
    ['desc', '?', ANY],
    ['existenceTime', '?', ANY],
    ['telecom', '*', ANY],
    ['manufacturerModelName', '?', ANY],
    ['softwareName', '?', ANY],
    [
      'asAgent',
      '?',
      shape({
        required: { classCode: true },
        content: [...INFRASTRUCTURE, ['representedOrganization', '?', organization]],
      }),
    ],
    ['asLocatedEntity', '*', ANY],
  ],
})

function party(typeCode: RegExp): Shape {
  return shape({ required: { typeCode }, content: [...INFRASTRUCTURE, ['telecom', '?', ANY], ['device', '1', device]] })
}

/**
 * MCCI_MT000100UV01.Message around a control act, or MCCI_MT000300UV01.Message, in which an acknowledgement comes before it;
 * ITSVersion is checked by the reader, which has a better error for it.
 */
function message(controlActProcess: Shape, ...before: readonly ChildRow[]): Shape {
  return shape({
    attributes: { ITSVersion: true },
    content: [
      ...INFRASTRUCTURE,
      ['id', '1', II],
      ['creationTime', '1', TS],
      ['securityText', '?', ANY],
      ['versionCode', '?', CODE],
      ['interactionId', '1', II],
      ['profileId', '*', II],
      ['processingCode', '1', CODE],
      ['processingModeCode', '1', CODE],
      ['acceptAckCode', '1', CODE],
      ['sequenceNumber', '?', ANY],
      ['attachmentText', '*', ANY],
      ['receiver', '+', party(/^RCV$/)],
      ['respondTo', '*', ANY],
      ['sender', '1', party(/^SND$/)],
      ['attentionLine', '*', ANY],
      ...before,
      ['controlActProcess', '1', controlActProcess],
    ],
  })
}

const controlActHead = [
  ...INFRASTRUCTURE,
  ['id', '*', II],
  ['code', '?', CODE],
  ['text', '?', ANY],
  ['effectiveTime', '?', ANY],
  ['priorityCode', '*', CODE],
  ['reasonCode', '*', CODE],
  ['languageCode', '?', CODE],
  ['overseer', '*', ANY],
  ['authorOrPerformer', '*', ANY],
  ['dataEnterer', '*', ANY],
  ['informationRecipient', '*', ANY],
] as const

const controlActAttributes = { classCode: /^CACT$/, moodCode: /^(EVN|RQO)$/ }

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
  return message(
    shape({
      required: controlActAttributes,
      content: [...controlActHead, ['subject', '+', subject], ['reasonOf', '*', ANY]],
    }),
  )
}

/** PRPA_IN201301UV02 and PRPA_IN201302UV02; the schema of the add demands a providerOrganization. That they replace nothing is the reader's rule. */
export const ADD_SHAPE = feed(patient('1'), ANY)
export const REVISE_SHAPE = feed(patient('?'), ANY)
/** PRPA_IN201304UV02. */
export const MERGE_SHAPE = feed(patient('?'), replacementOf)

const parameter = shape({ content: [...INFRASTRUCTURE, ['value', '+', II], ['semanticsText', '1', ANY]] })

const queryByParameter = shape({
  content: [
    ...INFRASTRUCTURE,
    ['queryId', '1', II],
    ['statusCode', '1', CODE],
    ['modifyCode', '?', CODE],
    ['responseElementGroupId', '*', II],
    ['responsePriorityCode', '?', CODE],
    ['executionAndDeliveryTime', '?', TS],
    [
      'parameterList',
      '1',
      shape({
        content: [
          ...INFRASTRUCTURE,
          ['id', '?', II],
          ['dataSource', '*', parameter],
          ['patientIdentifier', '+', parameter],
        ],
      }),
    ],
  ],
})

/** PRPA_IN201309UV02. */
export const QUERY_SHAPE = message(
  shape({
    required: controlActAttributes,
    content: [...controlActHead, ['reasonOf', '*', ANY], ['queryByParameter', '?', queryByParameter]],
  }),
)

/** A value of a data type whose parts the schema leaves free in order: PN, AD, TEL, and IVL_TS. */
const demographicsParameter = (value: Shape): Shape =>
  shape({ content: [...INFRASTRUCTURE, ['value', '+', value], ['semanticsText', '1', ANY]] })

const parameterRow = (name: string, value: Shape): ChildRow => [name, '*', demographicsParameter(value)]

const demographicsByParameter = shape({
  content: [
    ...INFRASTRUCTURE,
    ['queryId', '1', II],
    ['statusCode', '1', CODE],
    ['modifyCode', '?', CODE],
    ['responseElementGroupId', '*', II],
    ['responseModalityCode', '?', CODE],
    ['responsePriorityCode', '?', CODE],
    ['initialQuantity', '?', ANY],
    ['initialQuantityCode', '?', CODE],
    ['executionAndDeliveryTime', '?', TS],
    [
      'matchCriterionList',
      '?',
      shape({
        content: [
          ...INFRASTRUCTURE,
          ['id', '?', II],
          ['matchAlgorithm', '?', ANY],
          ['matchWeight', '?', ANY],
          [
            'minimumDegreeMatch',
            '?',
            shape({ content: [...INFRASTRUCTURE, ['value', '1', ANY], ['semanticsText', '1', ANY]] }),
          ],
        ],
      }),
    ],
    [
      'parameterList',
      '1',
      shape({
        content: [
          ...INFRASTRUCTURE,
          ['id', '?', II],
          parameterRow('livingSubjectAdministrativeGender', CODE),
          parameterRow('livingSubjectBirthPlaceAddress', ANY),
          parameterRow('livingSubjectBirthPlaceName', ANY),
          parameterRow('livingSubjectBirthTime', ANY),
          parameterRow('livingSubjectDeceasedTime', ANY),
          parameterRow('livingSubjectId', II),
          parameterRow('livingSubjectName', ANY),
          parameterRow('mothersMaidenName', ANY),
          parameterRow('otherIDsScopingOrganization', II),
          parameterRow('patientAddress', ANY),
          parameterRow('patientStatusCode', CODE),
          parameterRow('patientTelecom', ANY),
          ['principalCareProviderId', '*', ANY],
          ['principalCareProvisionId', '*', ANY],
        ],
      }),
    ],
    ['sortControl', '*', ANY],
  ],
})

/** PRPA_IN201305UV02. */
export const DEMOGRAPHICS_QUERY_SHAPE = message(
  shape({
    required: controlActAttributes,
    content: [...controlActHead, ['reasonOf', '*', ANY], ['queryByParameter', '?', demographicsByParameter]],
  }),
)

/** QUQI_IN000003UV01 and QUQI_IN000003UV01_Cancel. */
export const CONTINUATION_SHAPE = message(
  shape({
    required: controlActAttributes,
    content: [
      ...controlActHead,
      ['reasonOf', '*', ANY],
      [
        'queryContinuation',
        '1',
        shape({
          content: [
            ...INFRASTRUCTURE,
            ['queryId', '?', II],
            ['startResultNumber', '?', ANY],
            ['continuationQuantity', '?', ANY],
            ['statusCode', '1', CODE],
          ],
        }),
      ],
    ],
  }),
  ['acknowledgement', '*', ANY],
)
