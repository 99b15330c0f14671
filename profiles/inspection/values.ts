// Kinds of values that tell nothing of a person, each with the form that it must have to be shown; everything else is masked (docs/adr/0039).

/** Stands for what is not shown. */
export const MASK = '•••'

export type Harmless =
  /** urn: of the standards, and addresses of their vocabularies. */
  | 'uri'
  /** OID, UUID, or both with their urn:, and what IHE appends to an OID is masked. */
  | 'id'
  /** Code with its scheme: ASCII, as code systems have them. */
  | 'code'
  /** One word of a vocabulary. */
  | 'token'
  | 'number'
  | 'mime'
  /** Digest in hexadecimal. */
  | 'digest'
  /** wsa:MessageID, MSH-10. */
  | 'message id'
  /** Of a technical moment: when a message was made. */
  | 'moment'
  /** Digits as #, so that the form can be judged. */
  | 'form'
  /** Patient id, without its number. */
  | 'CX'
  /** Number of the field, without what it says. */
  | 'PID field'
  /** Address of an endpoint of ours. */
  | 'endpoint'
  | 'xml'

const OID = /^(urn:oid:)?[0-2](\.(0|[1-9]\d*))+$/
const UUID = /^(urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const LONGEST_ID = 64 + 'urn:oid:'.length

const FORMS: Readonly<Record<Exclude<Harmless, 'id' | 'form' | 'CX' | 'PID field'>, RegExp>> = {
  uri: /^(urn:(uuid|oid|ihe|oasis|hl7-org|tsunagi|nhin)[\w:.-]{1,200}|https?:\/\/(www\.w3\.org|docs\.oasis-open\.org|schemas\.xmlsoap\.org)\/[\w/.#-]{1,200})$/,
  code: /^[\w.+:-]{1,64}(\^\^[\w.+-]{1,64})?$/,
  token: /^([\w]{1,12}:)?[A-Za-z][\w.-]{0,39}$/,
  number: /^-?\d{1,12}$/,
  mime: /^[\w.+-]{1,60}\/[\w.+-]{1,80}(; ?[\w-]{1,30}=[\w."+:<>@/-]{1,100}){0,8}$/,
  digest: /^[0-9a-fA-F]{32,128}$/,
  'message id': /^[\w:./@{}-]{1,128}$/,
  moment: /^\d{4}[\d:TZ.+-]{0,26}$/,
  endpoint: /^https:\/\/[\w.:[\]-]{1,260}\/(xds\/registry|xds\/repository|pix\/manager|pdq\/supplier|pix\/consumer)$/,
  xml: /^(true|false|[01]|en|ja|en-[A-Z]{2}|ja-JP|UTF-8)$/i,
}

const CX = /^[^^]*\^\^\^&([0-9.]{1,64})&ISO(\^[A-Za-z0-9:.]{1,64})?$/
const PID_FIELD = /^(PID-\d{1,2})\|/

/** The value if it has the form of its kind, or as much of it as tells nothing; else the mask. */
export function shown(kind: Harmless | undefined, value: string): string {
  if (value === '') return value
  switch (kind) {
    case undefined:
      return MASK
    case 'id':
      return shownId(value)
    case 'form':
      return /^[\d:.TZ+ -]{1,40}$/.test(value) ? value.replace(/\d/g, '#') : MASK
    case 'CX':
      return CX.test(value) ? value.replace(/^[^^]*/, MASK) : MASK
    case 'PID field':
      return `${PID_FIELD.exec(value)?.[1] ?? MASK}|${MASK}`
    default:
      return FORMS[kind].test(value) ? value : MASK
  }
}

function shownId(value: string): string {
  if (value.length <= LONGEST_ID && (OID.test(value) || UUID.test(value))) return value
  const [oid = '', ...extension] = value.split('^')
  return extension.length > 0 && OID.test(oid) ? `${oid}^${MASK}` : MASK
}

const QUOTED = /'((?:[^']|'')*)'/g

/** A stored query’s value, ('a','b'), each by its kind; what stands outside the quotes is kept only as the syntax has it. */
export function shownQueryValue(kind: Harmless | undefined, value: string): string {
  if (/^\d{1,20}$/.test(value)) return kind === undefined || kind === 'CX' ? MASK : shown(kind, value)
  const outside = value.replace(QUOTED, '')
  if (!/^[(),\s]*$/.test(outside)) return MASK
  return value.replace(QUOTED, (_, inner: string) => `'${shown(kind, inner)}'`)
}

/** What cannot be read is shown by its build only: every letter, digit and foreign character is a dot. */
export function build(text: string): string {
  return text.replace(/[^\p{P}\p{S}\s\p{Cc}]|[^\0-\x7f]/gu, '•')
}
