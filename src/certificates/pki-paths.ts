// Where the files of the PKI lie (design §5; docs/certificates.md).

import { join } from 'node:path'

export interface PkiPaths {
  /** What certificates of this network are trusted by: root, authorities below it, and former ones. */
  readonly caCertificate: string
  readonly caKey: string
  /** The issuing authority, then the certificates above it. */
  readonly issuingCertificate: string
  readonly issuingKey: string
  readonly serverCertificate: string
  readonly serverKey: string
  readonly clients: string
}

export function pkiPaths(directory: string): PkiPaths {
  return {
    caCertificate: join(directory, 'ca.crt'),
    caKey: join(directory, 'ca.key'),
    issuingCertificate: join(directory, 'issuing.crt'),
    issuingKey: join(directory, 'issuing.key'),
    serverCertificate: join(directory, 'server.crt'),
    serverKey: join(directory, 'server.key'),
    clients: join(directory, 'clients'),
  }
}
