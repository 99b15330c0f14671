// Refusals of HL7 v2.5 messages (table 0357, chapter 2.15.5; application codes SC-… of system 99STC).

import { row } from './define.ts'

export const hl7v2Errors = [
  row({
    code: 'HL7_NO_MSH',
    v2: { ack: 'AR', table0357: 100, application: 'SC-STRUCT' },
    message: 'The message does not start with an MSH segment',
    hint: 'Send one HL7 v2.5 message starting with MSH',
    ja: 'メッセージがMSHセグメントで始まっていません。',
  }),
] as const
