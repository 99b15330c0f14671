// What the admin routes of trust anchors need from the house.

import type { AnchorStore, FileAnchor, NewAnchor } from '../../access/anchors.ts'

export interface AnchorPorts {
  readonly store: AnchorStore
  /** Authorities of the file tls.ca. */
  readonly fileAnchors: () => Promise<readonly FileAnchor[]>
  /** @throws {Error} with the reason why it can be no anchor. */
  readonly readAnchor: (pem: string) => Pick<NewAnchor, 'pem' | 'fingerprint' | 'subject' | 'notBefore' | 'notAfter'>
}
