// Composition root: a vendor's first hour: invitations, redeeming them, and the checklist (docs/onboarding.md).

import { readFile } from 'node:fs/promises'
import { iheError } from '../../profiles/errors/index.ts'
import { ENDPOINTS } from '../../profiles/transactions/index.ts'
import type { IssuingAuthority, Signed } from '../access/certificates/ports.ts'
import { checklistOf, WATCHED_TRANSACTIONS } from '../access/onboarding/checklist.ts'
import type { InvitedSystem, ProgressStore } from '../access/onboarding/ports.ts'
import { digestOf } from '../access/onboarding/secret.ts'
import { identifiersOf, type NetworkFacts, welcomeOf } from '../access/onboarding/welcome.ts'
import { tlsOptions } from '../certificates/presets.ts'
import { type RequestFault, RequestRefused, readCertificateRequest } from '../certificates/request.ts'
import { serverAnchor } from '../certificates/trust.ts'
import type { Config } from '../config/config.ts'
import { createInvitationStore } from '../db/access/invitations.ts'
import { createProgressStore } from '../db/access/progress.ts'
import type { DoorLog, DoorPorts } from '../http/door.ts'
import {
  type OnboardingAdministration,
  type OnboardingPorts,
  registerChecklist,
  registerPublicRoutes,
} from '../http/onboarding.ts'
import type { HttpsDoorOptions } from '../http/server.ts'
import { STORE_CLIENT_PATH } from '../http/storeclient-door.ts'
import type { Given } from './actor-ports.ts'
import { issuingPorts } from './certificates.ts'

/** Where the doors listen. */
export interface ListeningPorts {
  readonly https: number
  readonly mllp: number
  readonly pix: number
}

export interface Onboarding extends Pick<HttpsDoorOptions, 'publicRoutes' | 'ownRoutes'> {
  readonly administration: OnboardingAdministration
}

/** As long as any of ours; the vendor renews before. */
const CERTIFICATE_DAYS = 397

export async function openOnboarding(
  { config, pool }: Pick<Given, 'config' | 'pool'>,
  { door, ports }: { readonly door: DoorPorts; readonly ports: () => ListeningPorts },
): Promise<Onboarding> {
  const [serverPem, trustedPem] = await Promise.all([
    readFile(config.tls.certificate, 'utf8'),
    readFile(config.tls.ca, 'utf8'),
  ])
  const anchor = serverAnchor(serverPem, trustedPem)
  const invitations = createInvitationStore(pool)
  const progress = createProgressStore(pool)
  const { authority } = issuingPorts({ config, pool })
  const network = (): NetworkFacts => networkFacts(config, ports())
  const checklist = (systemId: string) => checklistFor(systemId, progress, network)
  const routes: OnboardingPorts = {
    redeem: async ({ invitation, csr }, { peer }) => {
      const request = await readRequest(csr)
      const attempt = { secretDigest: digestOf(invitation), keyDigest: request.keyHash, peer }
      const done = await invitations.redeem(attempt, (system) =>
        sign({ authority, log: door.log }, system, request.pem),
      )
      if (done.kind === 'key in use') throw iheError('CSR_KEY', { at: 'csr', value: 'a key that is known already' })
      return done.kind === 'refused' ? done : { kind: done.kind, welcome: welcomeOf(done, network()) }
    },
    checklist,
    caPem: `${anchor.toString().trim()}\n`,
    limits: { perAddress: config.onboarding.failuresPerAddress, total: config.onboarding.failures },
  }
  return {
    publicRoutes: (app) => registerPublicRoutes(app, door, routes),
    ownRoutes: (app, systemOf) => registerChecklist(app, door, { checklist, systemOf }),
    administration: {
      invitations,
      checklist,
      letterHead: () => ({ baseUrl: network().baseUrl, caFingerprint: anchor.fingerprint256 }),
      systemOf: async (systemId) => (await progress.progress(systemId, []))?.system,
    },
  }
}

const BASE64 = /^[A-Za-z0-9+/=\s]+$/

const ROWS: Readonly<Record<RequestFault, string>> = {
  'no request': 'CSR_UNREADABLE',
  'not readable': 'CSR_UNREADABLE',
  'holds a private key': 'CSR_PRIVATE_KEY',
  'weak key': 'CSR_KEY',
  'not signed by its key': 'CSR_SIGNATURE',
}

/** A request in PEM, or as Base64 of its DER, which needs no escapes in JSON. @throws {IheError} CSR_… */
async function readRequest(csr: string): Promise<{ readonly pem: string; readonly keyHash: string }> {
  const pem = BASE64.test(csr)
    ? `-----BEGIN CERTIFICATE REQUEST-----\n${csr.trim()}\n-----END CERTIFICATE REQUEST-----\n`
    : csr
  try {
    const { keyHash } = await readCertificateRequest(pem)
    return { pem, keyHash }
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error
    const { because, found } = error
    throw iheError(ROWS[because], { at: 'csr', ...(found === '' ? {} : { value: found }), rule: 'PKCS#10 (RFC 2986)' })
  }
}

/** @throws {IheError} BUSY when our authority cannot issue now: the invitation stays as it is. */
async function sign(
  { authority, log }: { readonly authority: IssuingAuthority; readonly log: DoorLog },
  { systemId, facilityOid }: InvitedSystem,
  csrPem: string,
): Promise<Signed> {
  const signed = await authority.sign(csrPem, { systemId, facilityOid, days: CERTIFICATE_DAYS })
  if (!('fault' in signed)) return signed
  log.error({ cause: signed.message }, 'no certificate can be issued for an invitation')
  throw iheError('BUSY', { at: 'issuing authority' })
}

async function checklistFor(systemId: string, store: ProgressStore, network: () => NetworkFacts) {
  const progress = await store.progress(systemId, WATCHED_TRANSACTIONS)
  if (progress === undefined) return undefined
  const facts = network()
  return {
    ...checklistOf(progress),
    identifiers: identifiersOf(progress.system, facts),
    endpoints: facts.endpoints,
  }
}

/** On this machine the port is the one that is listened on, as the command line has it too. */
function networkFacts(config: Config, ports: ListeningPorts): NetworkFacts {
  const publicUrl = new URL(config.https.publicUrl)
  const { hostname } = publicUrl
  const baseUrl = hostname === 'localhost' ? `https://localhost:${ports.https}` : publicUrl.origin
  const soap = Object.entries(ENDPOINTS).map(([actor, path]) => [actor, `${baseUrl}${path}`])
  const { preset, atnaDhe } = config.tls
  return {
    baseUrl,
    endpoints: {
      ...Object.fromEntries(soap),
      StoreClient: `${baseUrl}${STORE_CLIENT_PATH}`,
      StoreClientMllp: `mllps://${hostname}:${ports.mllp}`,
      IdentityMllp: `mllps://${hostname}:${ports.pix}`,
    },
    homeCommunityId: config.community.homeCommunityId,
    repositoryUniqueId: config.repository.uniqueId,
    affinityDomainAuthority: config.identity.affinityDomainAuthority,
    tls: { preset, minVersion: tlsOptions({ preset, atnaDhe }).minVersion },
  }
}
