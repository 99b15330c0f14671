// Builds a row of the error table from what differs; the defaults are those of an error in the sender's message.

import type { ErrorRow, SoapFaultCode, V2Code, V3Code } from '../../src/model/error.ts'

const V3_ACK_CODES = '2.16.840.1.113883.5.1100'

const SENDER: SoapFaultCode = { code: 'Sender' }
const V2_INTERNAL: V2Code = { ack: 'AE', table0357: 207 }
const V3_SYNTAX: V3Code = { ack: 'CE', code: 'SYN', codeSystem: V3_ACK_CODES }

type Given = Pick<ErrorRow, 'code' | 'message' | 'hint' | 'ja'> & Partial<ErrorRow>

export function row(given: Given): ErrorRow {
  return {
    ihe: 'XDSRegistryError',
    soap: SENDER,
    v2: V2_INTERNAL,
    v3: V3_SYNTAX,
    http: 400,
    severity: 'Error',
    blame: 'caller',
    retry: 'never',
    ...given,
  }
}
