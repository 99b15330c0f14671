// TLS versions and suites of every door and every outgoing connection (BCP 195; ATNA TLS 1.2 floor; CRYPTREC high security type).

import type { SecureVersion } from 'node:tls'

/** `high`: TLS 1.3 only. `high+1.2`: also TLS 1.2 with ECDHE and AEAD, which gateways in the field still speak. */
export type TlsPreset = 'high' | 'high+1.2'

/** Options for node:tls, node:https, undici and pg alike. No ticketKeys: with shared ones a revoked system could resume a session. */
export interface TlsOptions {
  readonly minVersion: SecureVersion
  readonly maxVersion: SecureVersion
  readonly ciphers: string
  readonly honorCipherOrder: true
  readonly ecdhCurve: string
  readonly dhparam?: 'auto'
}

const TLS_1_3 = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'] as const

const TLS_1_2 = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
] as const

/** Named by the ATNA profile, advised against by RFC 9325: offered only when a partner has nothing else. */
const TLS_1_2_DHE = ['DHE-RSA-AES256-GCM-SHA384', 'DHE-RSA-AES128-GCM-SHA256'] as const

const GROUPS = 'X25519:prime256v1:secp384r1'

/** The TLS options of a preset; `atnaDhe` adds the two DHE suites of ATNA to TLS 1.2. */
export function tlsOptions({
  preset,
  atnaDhe = false,
}: {
  readonly preset: TlsPreset
  readonly atnaDhe?: boolean
}): TlsOptions {
  const common = { maxVersion: 'TLSv1.3', honorCipherOrder: true, ecdhCurve: GROUPS } as const
  switch (preset) {
    case 'high':
      return { ...common, minVersion: 'TLSv1.3', ciphers: TLS_1_3.join(':') }
    case 'high+1.2':
      return atnaDhe
        ? {
            ...common,
            minVersion: 'TLSv1.2',
            ciphers: [...TLS_1_3, ...TLS_1_2, ...TLS_1_2_DHE].join(':'),
            dhparam: 'auto',
          }
        : { ...common, minVersion: 'TLSv1.2', ciphers: [...TLS_1_3, ...TLS_1_2].join(':') }
  }
  preset satisfies never
}
