// Who may see what: access mode, assertions about users (ITI TF-2 3.40), emergency access.

import { choice, flag, integer, list, path, type Setting, text } from '../setting.ts'

function xuaPolicy(actor: string): Setting<'required' | 'optional' | 'ignored'> {
  return choice(['required', 'optional', 'ignored'], {
    default: 'optional',
    description: `SAML assertions about users at the ${actor} (ITI-40): required, checked where there is one, or ignored`,
  })
}

export const accessSettings = {
  'access.mode': choice(['consent', 'affinity-domain'], {
    default: 'consent',
    description:
      'consent: union, consent and link decide; affinity-domain: every registered system is trusted, for conformance tests',
  }),
  'access.emergencyHours': integer(
    { default: 24, description: 'Hours that emergency access (EMS) to a patient runs' },
    1,
    720,
  ),
  'access.emergencyMisses': integer(
    {
      default: 10,
      description: 'EMS entries of one person that may open nothing within an hour; after that none is looked up',
    },
    1,
    1000,
  ),
  'access.emergencyByAssertion': flag({
    default: true,
    description: 'Whether assertions (XUA) whose purpose of use is an emergency open the patient they ask for',
  }),

  'xua.registry': xuaPolicy('Document Registry'),
  'xua.repository': xuaPolicy('Document Repository'),
  'xua.pixManager': xuaPolicy('PIX Manager'),
  'xua.pdqSupplier': xuaPolicy('Patient Demographics Supplier'),
  'xua.initiatingGateway': xuaPolicy('Initiating Gateway (XCA)'),
  'xua.respondingGateway': xuaPolicy('Responding Gateway (XCA)'),
  'xua.unknownIssuer': choice(['refuse', 'ignore'], {
    default: 'refuse',
    description:
      'An assertion whose issuer is not registered: refused; or, where assertions are optional and the header is not mandatory, taken as if it were not there',
  }),
  'xua.audiences': list({
    default: [],
    description:
      'Audiences of assertions that mean this network, besides https.publicUrl, the address of the endpoint and community.homeCommunityId',
    example: 'urn:oid:2.25.9001',
  }),
  'xua.issuer': text<string | undefined>({
    default: undefined,
    description:
      'Issuer of the assertions that this network signs for neighbouring communities; without it community.homeCommunityId',
    example: 'https://hub.example.jp/xua',
  }),
  'xua.signingKey': path({
    default: '{dataDir}/pki/assertion-signing.pem',
    description:
      'Private key (RSA) that signs them and its certificate, both PEM in one file, mode 0600; made when it is first needed. All servers of a network share it',
  }),
  'xua.skewSeconds': integer({ default: 60, description: 'How far the clocks of issuers may be off, seconds' }, 0, 300),
} as const satisfies Readonly<Record<string, Setting>>
