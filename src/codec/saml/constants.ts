// Names of SAML 2.0 and XML Signature that assertions in messages use (ITI TF-2 3.40).

export const SAML2 = 'urn:oasis:names:tc:SAML:2.0:assertion'
export const SAML1 = 'urn:oasis:names:tc:SAML:1.0:assertion'
export const DS = 'http://www.w3.org/2000/09/xmldsig#'
export const EXC_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'
export const ENVELOPED = `${DS}enveloped-signature`
export const HL7_V3 = 'urn:hl7-org:v3'

export const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
export const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'

export const SIGNATURE_ALGORITHMS: ReadonlySet<string> = new Set([
  RSA_SHA256,
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
])
export const DIGEST_ALGORITHMS: ReadonlySet<string> = new Set([SHA256, 'http://www.w3.org/2001/04/xmlenc#sha512'])

/** Broken, and taken only from an issuer for which that was agreed. */
export const SHA1_ALGORITHMS: ReadonlySet<string> = new Set([`${DS}rsa-sha1`, `${DS}sha1`])

/** Names of the attributes (ITI TF-2 3.40.4.1.2). */
export const ATTRIBUTES = {
  subjectId: 'urn:oasis:names:tc:xspa:1.0:subject:subject-id',
  organization: 'urn:oasis:names:tc:xspa:1.0:subject:organization',
  organizationId: 'urn:oasis:names:tc:xspa:1.0:subject:organization-id',
  homeCommunityId: 'urn:ihe:iti:xca:2010:homeCommunityId',
  /** What older systems of the United States call it. */
  nhinHomeCommunityId: 'urn:nhin:names:saml:homeCommunityId',
  role: 'urn:oasis:names:tc:xacml:2.0:subject:role',
  purposeOfUse: 'urn:oasis:names:tc:xspa:1.0:subject:purposeofuse',
  resourceId: 'urn:oasis:names:tc:xacml:2.0:resource:resource-id',
} as const
