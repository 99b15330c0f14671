// Why a certificate is revoked (RFC 5280, 5.3.1), as far as it fits a system's; certificateHold is the state `suspended`.

export const REVOKE_REASONS = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const
export type RevokeReason = (typeof REVOKE_REASONS)[number]
