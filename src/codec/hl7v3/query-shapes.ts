// Shapes of the queries: PIX query, patient demographics query, its continuation and cancellation (ITI TF-2 3.45.4.1, 3.47.4).

import { ANY, type ChildRow, CODE, II, INFRASTRUCTURE, type Shape, shape, TS } from './shape.ts'
import { controlAct, message } from './wrapper-shapes.ts'

const parameter = shape({ content: [...INFRASTRUCTURE, ['value', '+', II], ['semanticsText', '1', ANY]] })

/** queryId and statusCode name a query in all its messages. */
const QUERY_HEAD: readonly ChildRow[] = [
  ...INFRASTRUCTURE,
  ['queryId', '1', II],
  ['statusCode', '1', CODE],
  ['modifyCode', '?', CODE],
  ['responseElementGroupId', '*', II],
]

const parameterList = (...parameters: readonly ChildRow[]): ChildRow => [
  'parameterList',
  '1',
  shape({ content: [...INFRASTRUCTURE, ['id', '?', II], ...parameters] }),
]

const queryByParameter = shape({
  content: [
    ...QUERY_HEAD,
    ['responsePriorityCode', '?', CODE],
    ['executionAndDeliveryTime', '?', TS],
    parameterList(['dataSource', '*', parameter], ['patientIdentifier', '+', parameter]),
  ],
})

/** PRPA_IN201309UV02. */
export const QUERY_SHAPE = message(controlAct(['reasonOf', '*', ANY], ['queryByParameter', '?', queryByParameter]))

/** A value of a data type whose parts the schema leaves free in order: PN, AD, TEL, and IVL_TS. */
const demographicsParameter = (value: Shape): Shape =>
  shape({ content: [...INFRASTRUCTURE, ['value', '+', value], ['semanticsText', '1', ANY]] })

const parameterRow = (name: string, value: Shape): ChildRow => [name, '*', demographicsParameter(value)]

const demographicsByParameter = shape({
  content: [
    ...QUERY_HEAD,
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
    parameterList(
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
    ),
    ['sortControl', '*', ANY],
  ],
})

/** PRPA_IN201305UV02. */
export const DEMOGRAPHICS_QUERY_SHAPE = message(
  controlAct(['reasonOf', '*', ANY], ['queryByParameter', '?', demographicsByParameter]),
)

/** QUQI_IN000003UV01 and QUQI_IN000003UV01_Cancel. */
export const CONTINUATION_SHAPE = message(
  controlAct(
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
  ),
  ['acknowledgement', '*', ANY],
)
