// The error table: every refusal this server can give, in one place (design §2, style 2.6).

import { type ErrorDetails, type ErrorRow, IheError, type RelayedError } from '../../src/model/error.ts'
import { SEVERITY_WARNING } from '../../src/model/xds.ts'
import { administrationErrors } from './administration.ts'
import { hl7v2Errors } from './hl7v2.ts'
import { hl7v3Errors } from './hl7v3.ts'
import { onboardingErrors } from './onboarding.ts'
import { soapErrors } from './soap.ts'
import { transportErrors } from './transport.ts'
import { xcaErrors } from './xca.ts'
import { xdsErrors } from './xds.ts'
import { xuaErrors } from './xua.ts'

export const errorTable: readonly ErrorRow[] = [
  ...transportErrors,
  ...soapErrors,
  ...xdsErrors,
  ...xcaErrors,
  ...hl7v2Errors,
  ...hl7v3Errors,
  ...administrationErrors,
  ...xuaErrors,
  ...onboardingErrors,
]

const rows = new Map(errorTable.map((entry) => [entry.code, entry]))

/** What the table says of a code; undefined for one that it lacks, as a former release may have written. */
export function errorRow(code: string): ErrorRow | undefined {
  return rows.get(code)
}

/**
 * The error of table row `code`, with where and why.
 * @throws {Error} when the table has no such row: a programming error, found by the test of the table.
 */
export function iheError(code: string, details: ErrorDetails = {}): IheError {
  const found = rows.get(code)
  if (found === undefined) throw new Error(`the error table has no row ${code}`)
  return new IheError(found, details)
}

/** Codes that say no more than that something was wrong: no row means the same. */
const GENERAL: ReadonlySet<string> = new Set(['XDSRegistryError', 'XDSRepositoryError'])

/** A code is a name or a URI; words in its place would go to whoever asked, and to the journal. */
const CODE = /^[\w:./#-]{1,128}$/

/** A RegistryError of another server under the row of our table with the same meaning, so that journal and statistics speak one language; the answer has its words. */
export function relayed(came: RelayedError): IheError {
  const received = CODE.test(came.errorCode) ? came : { ...came, errorCode: 'XDSRegistryError' }
  const severity: ErrorRow['severity'] = received.severity === SEVERITY_WARNING ? 'Warning' : 'Error'
  const meant = GENERAL.has(received.errorCode) ? undefined : errorTable.find(({ ihe }) => ihe === received.errorCode)
  const row = meant ?? iheError('METADATA_INVALID').row
  return new IheError({ ...row, ihe: received.errorCode, severity }, { relayed: received, value: received.codeContext })
}
