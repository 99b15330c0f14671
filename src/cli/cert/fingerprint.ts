// Certificates are named by their fingerprint, which nobody types whole: its beginning will do where it is the only one.

import { type AdminClient, rowsOf, textOf } from '../admin-client.ts'
import { UsageError } from '../failure.ts'

const FEWEST_DIGITS = 8

/** The whole fingerprint. @throws {UsageError} when the beginning is of none, or of several. */
export async function fingerprintOf(admin: AdminClient, given: string): Promise<string> {
  const digits = given.toUpperCase().replaceAll(':', '')
  if (!/^[0-9A-F]+$/.test(digits) || digits.length < FEWEST_DIGITS)
    throw new UsageError(`"${given}" needs at least ${FEWEST_DIGITS} hexadecimal digits of a SHA-256 fingerprint`)
  const known = rowsOf((await admin.get('/certificates')).body).map((row) => textOf(row.fingerprint))
  const found = known.filter((fingerprint) => fingerprint.replaceAll(':', '').startsWith(digits))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw new UsageError(
    only === undefined
      ? `no certificate begins with ${given}; "tsunagi cert list" has them`
      : `${found.length} certificates begin with ${given}; give more of it`,
  )
}
