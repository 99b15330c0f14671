// Composition root: the issuing authority of the PKI directory, handed to what issues and ends certificates (docs/certificates.md).

import { createHash, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { IssuingAuthority, IssuingPorts, Signed } from '../access/certificates/ports.ts'
import type { Authority } from '../certificates/authority.ts'
import { factsOf } from '../certificates/certificate.ts'
import { authorityOptions, readAuthority } from '../certificates/pki-directory.ts'
import type { Config } from '../config/config.ts'
import { createIssuingStore } from '../db/access/issuing.ts'
import type { Given } from './actor-ports.ts'

/** What issueForRequest needs. */
export function issuingPorts({ config, pool }: Pick<Given, 'config' | 'pool'>): IssuingPorts {
  return {
    authority: issuingAuthority(config),
    store: createIssuingStore(pool),
    overlapDays: config.certificates.overlapDays,
  }
}

/** Reads certificate and key for every signature: an authority that was replaced on disk issues from then on. */
function issuingAuthority(config: Config): IssuingAuthority {
  const networkOid = config.community.homeCommunityId.replace(/^urn:oid:/, '')
  return {
    sign: async (csrPem, subject) => {
      const authority = await openAuthority(config)
      if (typeof authority === 'string') return { fault: 'no issuing authority', message: authority }
      const [{ signCertificateRequest }, { RequestRefused }] = await Promise.all([
        import('../certificates/authority.ts'),
        import('../certificates/request.ts'),
      ])
      try {
        return signedBy(authority, await signCertificateRequest(authority, csrPem, { ...subject, networkOid }))
      } catch (error) {
        if (error instanceof RequestRefused)
          return { fault: 'request refused', because: error.because, message: error.message }
        throw error
      }
    },
  }
}

/** The authority, or in words why it cannot issue. */
export async function openAuthority(config: Config): Promise<Authority | string> {
  try {
    const authority = await readAuthority(join(config.dataDir, 'pki'), authorityOptions(config.certificates))
    const ends = new Date(new X509Certificate(authority.certificatePem).validTo)
    return ends > new Date() ? authority : `the certificate of the issuing authority ended on ${ends.toISOString()}`
  } catch (error) {
    return error instanceof Error ? error.message : 'the issuing authority cannot be read'
  }
}

export function signedBy(authority: Authority, certificatePem: string): Signed {
  const certificate = new X509Certificate(certificatePem)
  const { fingerprint256, subjectAlternativeNames, ...facts } = factsOf(certificate)
  const spki = certificate.publicKey.export({ format: 'der', type: 'spki' })
  return {
    certificate: {
      ...facts,
      fingerprint: fingerprint256,
      san: subjectAlternativeNames,
      pem: certificatePem,
      keyHash: createHash('sha256').update(spki).digest('hex'),
    },
    chainPem: [authority.certificatePem, ...(authority.above ?? [])].join(''),
  }
}
