// The one error of this server: a row of the error table plus where, what value and which rule (style: one internal error, four renderers).

export type Severity = 'Error' | 'Warning'
export type Blame = 'caller' | 'us' | 'neighbour'
export type Retry = 'never' | 'same' | 'later'

/** Which SOAP 1.2 fault a row becomes when it is answered as a fault (soap.md §4 of the house's notes; SOAP 1.2 Part 1, 5.4). */
export interface SoapFaultCode {
  readonly code: 'Sender' | 'Receiver' | 'VersionMismatch' | 'MustUnderstand'
  readonly subcode?: string
  /** Whose name the subcode is; absent: WS-Addressing. */
  readonly vocabulary?: 'wsse' | 'wsu'
}

/** HL7 v2.5 acknowledgement of a row: MSA-1 class, ERR-3 of table 0357, ERR-5 application code (system 99STC). */
export interface V2Code {
  readonly ack: 'AE' | 'AR' | 'AA'
  readonly table0357: number
  readonly application?: string
}

/** HL7 v3 acknowledgement of a row: accept acknowledgement class and acknowledgementDetail code with its code system. */
export interface V3Code {
  readonly ack: 'CE' | 'CR'
  readonly code: string
  readonly codeSystem: '2.16.840.1.113883.12.357' | '2.16.840.1.113883.5.1100'
}

/**
 * One row of the error table. `code` is ours and is never reused; `ihe` is the RegistryError code of ITI TF-3 Table 4.2.4.1-2.
 * `message` names what is wrong, `hint` what the sender can do; `ja` is the text Japanese staff read.
 */
export interface ErrorRow {
  readonly code: string
  readonly ihe: string
  readonly soap: SoapFaultCode
  readonly v2: V2Code
  readonly v3: V3Code
  readonly http: number
  readonly severity: Severity
  readonly blame: Blame
  readonly retry: Retry
  readonly message: string
  readonly hint: string
  readonly ja: string
}

/** A RegistryError of another server, to be passed on as it came (ITI TF-2 3.41.4.2). */
export interface RelayedError {
  readonly errorCode: string
  readonly codeContext: string
  readonly severity: string
  readonly location?: string
}

/** Where and why: `at` is an element path or `PID-3.4.2`, `value` is redacted by the thrower, `rule` names the rule broken. */
export interface ErrorDetails {
  readonly at?: string
  readonly value?: string
  readonly rule?: string
  /** Id of a metadata rule (docs/rules.md), by which a site or a system may switch it. */
  readonly ruleId?: string
  /** What the RegistryError location attribute must hold, where IHE fixes it (ITI-43: the DocumentUniqueId). */
  readonly location?: string
  readonly relayed?: RelayedError
  readonly cause?: unknown
}

/** A refusal or warning that can be rendered at every door. Expected outcomes are values, not errors. */
export class IheError extends Error {
  readonly row: ErrorRow
  readonly at: string | undefined
  readonly value: string | undefined
  readonly rule: string | undefined
  readonly ruleId: string | undefined
  readonly location: string | undefined
  readonly relayed: RelayedError | undefined

  constructor(row: ErrorRow, details: ErrorDetails = {}) {
    super(row.message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'IheError'
    this.row = row
    this.at = details.at
    this.value = details.value
    this.rule = details.rule
    this.ruleId = details.ruleId
    this.location = details.location
    this.relayed = details.relayed
  }
}

/** The same error naming its exchange, for doors whose answers have one text field only. */
export function citing(error: IheError, journalId: string): IheError {
  return new IheError({ ...error.row, hint: `${error.row.hint} (journal ${journalId})` }, detailsOf(error))
}

/** The same error under another RegistryError code: the same row has different ones at different actors (ITI TF-3 4.2.4.1). */
export function underCode(error: IheError, ihe: string): IheError {
  return new IheError({ ...error.row, ihe }, detailsOf(error))
}

/** The same error with another RegistryError location: a gateway names its community (ITI TF-2 3.38.4.1.3, 3.39.4.1.3). */
export function located(error: IheError, location: string): IheError {
  const { relayed } = error
  const details = detailsOf(error)
  return new IheError(error.row, {
    ...details,
    location,
    ...(relayed === undefined ? {} : { relayed: { ...relayed, location } }),
  })
}

function detailsOf({ at, value, rule, ruleId, location, relayed, cause }: IheError): ErrorDetails {
  return {
    ...(at === undefined ? {} : { at }),
    ...(value === undefined ? {} : { value }),
    ...(rule === undefined ? {} : { rule }),
    ...(ruleId === undefined ? {} : { ruleId }),
    ...(location === undefined ? {} : { location }),
    ...(relayed === undefined ? {} : { relayed }),
    cause,
  }
}

const REDACTED_VALUE_LENGTH = 128

/**
 * The sentence a sender reads: message, element, value, rule, hint. Used as codeContext, fault reason, ERR-7 and
 * acknowledgementDetail text. Contains values the sender itself wrote, so it goes to the sender and the journal only.
 */
export function explain(error: IheError): string {
  const value = error.value === undefined ? '' : ` [value: ${shorten(error.value)}]`
  const at = error.at === undefined ? '' : ` [at: ${error.at}]`
  const rule = error.rule === undefined ? '' : ` [rule: ${error.rule}]`
  return `${error.row.message}${at}${value}${rule}. ${error.row.hint}`
}

function shorten(value: string): string {
  const clean = Array.from(value, (character) => (isControl(character) ? ' ' : character)).join('')
  return clean.length > REDACTED_VALUE_LENGTH ? `${clean.slice(0, REDACTED_VALUE_LENGTH)}…` : clean
}

/** Control and bidirectional-override characters never reach a log, a fault or a terminal (log injection). */
function isControl(character: string): boolean {
  const point = character.codePointAt(0) ?? 0
  return (
    point < 0x20 ||
    (point >= 0x7f && point < 0xa0) ||
    (point >= 0x202a && point <= 0x202e) ||
    (point >= 0x2066 && point <= 0x2069)
  )
}

/** What is kept of a warning, so that a repeated message gets it again. */
export interface Note {
  readonly code: string
  readonly at?: string
  readonly value?: string
  readonly rule?: string
}

export function noteOf({ row, at, value, rule }: IheError): Note {
  return {
    code: row.code,
    ...(at === undefined ? {} : { at }),
    ...(value === undefined ? {} : { value }),
    ...(rule === undefined ? {} : { rule }),
  }
}
