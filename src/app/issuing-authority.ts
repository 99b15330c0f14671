// Composition root: the issuing authority of the PKI directory, and what it signs (docs/certificates.md).

import { createHash, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { Pkcs12Ports } from '../access/certificates/pkcs12.ts'
import type { IssuingAuthority, Signed } from '../access/certificates/ports.ts'
import type { ListSigner } from '../access/certificates/revocation-list.ts'
import type { Authority, SystemSubject } from '../certificates/authority.ts'
import { factsOf } from '../certificates/certificate.ts'
import { authorityOptions, readAuthority, readIssuerCertificate } from '../certificates/pki-directory.ts'
import type { Config } from '../config/config.ts'
import type { ClockConcern } from './clock.ts'

/** Reads certificate and key for every signature: an authority that was replaced on disk issues from then on. None by a clock that is wrong. */
export function issuingAuthority(
  config: Config,
  concern: ClockConcern,
): IssuingAuthority & { readonly make: Pkcs12Ports['make'] } {
  return {
    sign: async (csrPem, subject) => {
      const authority = (await concern()) ?? (await openAuthority(config))
      if (typeof authority === 'string') return { fault: 'no issuing authority', message: authority }
      const [{ signCertificateRequest }, { RequestRefused }] = await Promise.all([
        import('../certificates/authority.ts'),
        import('../certificates/request.ts'),
      ])
      try {
        return signedBy(authority, await signCertificateRequest(authority, csrPem, subjectIn(config, subject)))
      } catch (error) {
        if (error instanceof RequestRefused)
          return { fault: 'request refused', because: error.because, message: error.message }
        throw error
      }
    },
    make: async (subject) => {
      const authority = (await concern()) ?? (await openAuthority(config))
      if (typeof authority === 'string') return { fault: 'no issuing authority', message: authority }
      const [{ issueClientCertificate }, { writePkcs12 }] = await Promise.all([
        import('../certificates/authority.ts'),
        import('../certificates/pkcs12.ts'),
      ])
      const issued = await issueClientCertificate(authority, { ...subjectIn(config, subject), key: 'RSA-3072' })
      const chain = [authority.certificatePem, ...(authority.above ?? [])]
      return {
        ...signedBy(authority, issued.certificatePem),
        file: (options) => writePkcs12(issued, { friendlyName: subject.systemId, chain, ...options }),
      }
    },
  }
}

/** Signs revocation lists. */
export async function listSigner(config: Config): Promise<ListSigner | string> {
  const authority = await openAuthority(config)
  if (typeof authority === 'string') return authority
  const { fingerprint256, subject } = factsOf(new X509Certificate(authority.certificatePem))
  return {
    authority: fingerprint256,
    issuer: subject,
    sign: async (list) => {
      const { signRevocationList } = await import('../certificates/crl.ts')
      return signRevocationList(authority, list)
    },
    read: async (list) => {
      const { readOwnCrl } = await import('../certificates/read-crl.ts')
      return readOwnCrl(list, new X509Certificate(authority.certificatePem))
    },
  }
}

/** Fingerprint of the authority that issues, also where its key is not here. */
export async function issuerFingerprint(config: Config): Promise<string | undefined> {
  const pem = await readIssuerCertificate(join(config.dataDir, 'pki'))
  return pem === undefined ? undefined : new X509Certificate(pem).fingerprint256
}

/** The authority, or in words why it cannot issue. */
async function openAuthority(config: Config): Promise<Authority | string> {
  try {
    const authority = await readAuthority(join(config.dataDir, 'pki'), authorityOptions(config.certificates))
    const ends = new Date(new X509Certificate(authority.certificatePem).validTo)
    return ends > new Date() ? authority : `the certificate of the issuing authority ended on ${ends.toISOString()}`
  } catch (error) {
    return error instanceof Error ? error.message : 'the issuing authority cannot be read'
  }
}

/** The network in the subject is its community id. */
function subjectIn({ community }: Config, subject: SystemSubject): SystemSubject {
  return { ...subject, networkOid: community.homeCommunityId.replace(/^urn:oid:/, '') }
}

function signedBy(authority: Authority, certificatePem: string): Signed {
  return {
    certificate: certificateOf(certificatePem),
    chainPem: [authority.certificatePem, ...(authority.above ?? [])].join(''),
  }
}

/**
 * What is kept of a certificate, from its PEM (the first, when there are several).
 * @throws {Error} when it is none.
 */
export function certificateOf(pem: string): Signed['certificate'] {
  const certificate = new X509Certificate(pem)
  const { fingerprint256, subjectAlternativeNames, ...facts } = factsOf(certificate)
  const spki = certificate.publicKey.export({ format: 'der', type: 'spki' })
  return {
    ...facts,
    fingerprint: fingerprint256,
    san: subjectAlternativeNames,
    pem: certificate.toString(),
    keyHash: createHash('sha256').update(spki).digest('hex'),
  }
}
