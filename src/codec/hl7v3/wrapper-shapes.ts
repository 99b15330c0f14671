// Shapes of what is around every HL7 v3 request: the transmission wrapper and the head of the control act (MCCI_MT000100UV01, MCCI_MT000300UV01).

import { ANY, type ChildRow, CODE, II, INFRASTRUCTURE, type Shape, shape, TS } from './shape.ts'

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
export function message(controlActProcess: Shape, ...before: readonly ChildRow[]): Shape {
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

/** What every control act begins with. */
const CONTROL_ACT_HEAD = [
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

/** controlActProcess with `rows` behind what every one begins with. */
export function controlAct(...rows: readonly ChildRow[]): Shape {
  return shape({
    required: { classCode: /^CACT$/, moodCode: /^(EVN|RQO)$/ },
    content: [...CONTROL_ACT_HEAD, ...rows],
  })
}
