// What the admin API needs to issue, look at and end certificates.

import type { Expiring } from '../../access/certificates/expiry.ts'
import type { IssuedForRequest, IssueFault, IssueRequest } from '../../access/certificates/issue.ts'
import type { FetchFault, Pkcs12Ordered, Pkcs12Request } from '../../access/certificates/pkcs12.ts'
import type { CertificateRegister } from '../../access/certificates/register-ports.ts'
import type { SignedList } from '../../access/certificates/revocation-list.ts'
import type { Change } from '../../access/ports.ts'

export interface CertificatePorts {
  readonly register: CertificateRegister
  readonly issue: (request: IssueRequest, change: Change) => Promise<IssuedForRequest | IssueFault>
  readonly orderPkcs12: (request: Pkcs12Request, change: Change) => Promise<Pkcs12Ordered | IssueFault>
  readonly fetchPkcs12: (
    secrets: { readonly code: string; readonly password: string },
    change: Change,
  ) => Promise<{ readonly file: Buffer; readonly systemId: string; readonly fingerprint: string } | FetchFault>
  /** Certificates of every kind that end within so many days. */
  readonly expiring: (days: number) => Promise<readonly Expiring[]>
  /** The list in force; undefined where no authority is, or its key cannot be opened. */
  readonly revocationList: () => Promise<(SignedList & { readonly pem: string }) | undefined>
  /** After a change of what the list says. */
  readonly refreshList: () => Promise<void>
}
