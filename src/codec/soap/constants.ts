// Names of SOAP 1.2 and WS-Addressing 1.0 that our messages use (ITI TF-2 Appendix V).

export const SOAP12 = 'http://www.w3.org/2003/05/soap-envelope'
export const WSA = 'http://www.w3.org/2005/08/addressing'
/** WS-Security 1.0: header block, tokens and the subcodes of its faults; times of a message. */
export const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
export const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'
export const SECURITY = `{${WSSE}}Security`
export const TSUNAGI_ERROR = 'urn:tsunagi:error'

/** WS-Addressing Core, 2.1: the reply goes back on the connection; no reply is wanted. */
export const ANONYMOUS = `${WSA}/anonymous`
export const NONE = `${WSA}/none`

/** WS-Addressing SOAP Binding, 6: action of a fault about addressing, and of any other SOAP fault; RelatesTo of an unknown message. */
export const FAULT_ACTION = `${WSA}/fault`
export const SOAP_FAULT_ACTION = `${WSA}/soap/fault`
export const UNSPECIFIED_MESSAGE = `${WSA}/unspecified`

/** SOAP 1.2 Part 1, 2.2: roles that are ours; a header block without role is for the ultimate receiver. */
export const OUR_ROLES: ReadonlySet<string> = new Set(['', `${SOAP12}/role/next`, `${SOAP12}/role/ultimateReceiver`])

/** Header blocks we honour or knowingly disregard, as `{namespace}local`; wsse:Security is one where XUA is on. */
export const UNDERSTOOD: ReadonlySet<string> = new Set([
  ...['Action', 'MessageID', 'To', 'From', 'ReplyTo', 'FaultTo', 'RelatesTo'].map((name) => `{${WSA}}${name}`),
  '{urn:ihe:iti:xdr:2014}homeCommunityBlock',
  '{urn:direct:addressing}metadata-level',
])

/** Text, names and attribute values of the whole Header, in characters (hardening: a header is never a document). */
export const MAX_HEADER_CHARACTERS = 256 * 1024
