// Refusals of PIXv3 messages (ITI TF-2 3.44 and 3.45; HL7 table 0357 and AcknowledgementDetailCode).

import { row } from './define.ts'

export const hl7v3Errors = [
  row({
    code: 'V3_UNKNOWN_KEY',
    v3: { ack: 'CE', code: '204', codeSystem: '2.16.840.1.113883.12.357' },
    message: 'The patient identifier or its domain is not known',
    hint: 'Check root and extension of the identifier against the domains agreed with the network operator',
    ja: '患者IDまたはそのドメインが登録されていません。',
  }),
] as const
