// How long a certificate of a system may be good (security: certificate → system).

/** Two years are IHE's limit for certificates of nodes, 397 days ours. */
export const MAX_CERTIFICATE_DAYS = 397
