// What the operator hands to a vendor with an invitation: to be read, and to be pasted into a shell as docs/onboarding.md goes on.

import type { InvitationRecord, InvitedSystem } from './ports.ts'

export interface LetterParts {
  readonly invitation: InvitationRecord
  readonly system: InvitedSystem
  readonly secret: string
  /** Address of the HTTPS door. */
  readonly baseUrl: string
  /** SHA-256 fingerprint of the authority that vouches for our server. */
  readonly caFingerprint: string
}

/** The letter: the four assignments at its end are what the pasted commands begin with. */
export function writeLetter({ invitation, system, secret, baseUrl, caFingerprint }: LetterParts): string {
  return [
    `接続のご案内 / Invitation to connect: ${system.systemId} (${system.facilityName})`,
    `有効期限 / valid until: ${invitation.expiresAt}`,
    '招待コードは1回だけ使用できます。認証局証明書の指紋とは別の経路（電話など）で伝えてください。',
    'The code works once. Tell it by another channel than the fingerprint of the CA, by telephone for instance.',
    '手順 / what to do: docs/onboarding.md 2. 次の4行から始めます / it begins with these four lines:',
    '',
    `TSUNAGI=${baseUrl}`,
    `CA_SHA256=${caFingerprint}`,
    `SYSTEM=${system.systemId}`,
    `INVITATION=${secret}`,
    '',
  ].join('\n')
}
