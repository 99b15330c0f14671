// Composition root: certificates of systems from their request to their revocation, as the admin API and onboarding have them.

import { join } from 'node:path'
import { expiringWithin } from '../access/certificates/expiry.ts'
import { issueForRequest } from '../access/certificates/issue.ts'
import { fetchPkcs12, orderPkcs12, type Pkcs12Ports } from '../access/certificates/pkcs12.ts'
import type { IssuingPorts } from '../access/certificates/ports.ts'
import { refreshRevocationList, type SignedList, takeUpPublished } from '../access/certificates/revocation-list.ts'
import { revocationListPem } from '../certificates/certificate.ts'
import { readPublic, writeWhereNew } from '../certificates/files.ts'
import { createCertificateRegister } from '../db/access/certificates.ts'
import { createIssuingStore } from '../db/access/issuing.ts'
import { createPkcs12Store } from '../db/access/pkcs12-orders.ts'
import { createRevocationListStore } from '../db/access/revocation-lists.ts'
import type { CertificatePorts } from '../http/admin/certificate-ports.ts'
import type { DoorPorts } from '../http/door.ts'
import { registerOwnCertificate } from '../http/own-certificate.ts'
import type { HttpsDoorOptions } from '../http/server.ts'
import type { Given } from './actor-ports.ts'
import { clockConcern } from './clock.ts'
import { issuerFingerprint, issuingAuthority, listSigner } from './issuing-authority.ts'
import { watchedBy } from './watched-certificates.ts'

type Needed = Pick<Given, 'config' | 'log' | 'pool'>

/** What issueForRequest needs. */
export function issuingPorts({ config, pool }: Pick<Needed, 'config' | 'pool'>): IssuingPorts {
  return {
    authority: issuingAuthority(config, clockConcern(pool)),
    store: createIssuingStore(pool),
    overlapDays: config.certificates.overlapDays,
  }
}

export function certificatePorts(given: Needed): CertificatePorts {
  const { config, pool } = given
  const issuing = issuingPorts(given)
  const pkcs12: Pkcs12Ports = {
    store: createPkcs12Store(pool),
    make: issuingAuthority(config, clockConcern(pool)).make,
    overlapDays: config.certificates.overlapDays,
  }
  const watched = watchedBy(given)
  return {
    register: createCertificateRegister(pool),
    issue: (request, change) => issueForRequest(request, change, issuing),
    orderPkcs12: (request, change) => orderPkcs12(request, change, pkcs12),
    fetchPkcs12: (secrets, change) => fetchPkcs12(secrets, change, pkcs12),
    expiring: async (days) => {
      const now = new Date()
      return expiringWithin(await watched(now), days, now)
    },
    revocationList: async () => {
      const list = await newestList(given)
      return list === undefined ? undefined : { ...list, pem: revocationListPem(list.der) }
    },
    refreshList: () => refreshAfterChange(given),
  }
}

/** Routes of the HTTPS door by which a system looks after its own certificate, besides the others for known systems. */
export function withOwnCertificate(
  given: Needed,
  door: DoorPorts,
  others: HttpsDoorOptions['ownRoutes'],
): NonNullable<HttpsDoorOptions['ownRoutes']> {
  return (app, systemOf) => {
    others?.(app, systemOf)
    registerOwnCertificate(app, { ...certificatePorts(given), door, systemOf })
  }
}

/** The list that is in force, by whichever process it was signed; signed now where there is none yet. */
async function newestList(given: Needed): Promise<SignedList | undefined> {
  const authority = await issuerFingerprint(given.config)
  if (authority === undefined) return undefined
  const store = createRevocationListStore(given.pool)
  const newest = await store.newest(authority)
  if (newest !== undefined) return newest
  await refreshAfterChange(given)
  return store.newest(authority)
}

/**
 * Signs a new list when there is need, and lays it beside the certificates.
 * @returns why it cannot be done, in words; undefined when it is.
 */
export async function refreshList({ config, pool, log }: Needed): Promise<string | undefined> {
  const signer = await listSigner(config)
  if (typeof signer === 'string') return signer
  const path = join(config.dataDir, 'pki', 'crl.pem')
  const store = createRevocationListStore(pool)
  const text = await readPublic(path)
  const newest = await store.newest(signer.authority)
  // As a rule it is the list that the database has, and need not be taken apart.
  const isKnown = text === undefined || (newest !== undefined && text === revocationListPem(newest.der))
  const published = isKnown ? undefined : await signer.read(Buffer.from(text))
  const taken = await takeUpPublished(signer, store, published)
  if (taken !== undefined)
    log.error(
      { list: String(taken.number), revokedAgain: taken.again, notRegistered: taken.unknown },
      'THE DATABASE IS OLDER THAN THE REVOCATION LIST: certificates that it had as good are revoked again',
    )
  const list = await refreshRevocationList(signer, store, { now: new Date(), published })
  await writeWhereNew(path, revocationListPem(list.der))
  return undefined
}

/** After a revocation that is committed: what fails now is done by the upkeep within a minute. */
async function refreshAfterChange(given: Needed): Promise<void> {
  try {
    const failure = await refreshList(given)
    if (failure !== undefined) given.log.warn({ cause: failure }, 'no revocation list can be signed')
  } catch (error) {
    given.log.warn({ cause: error instanceof Error ? error.name : 'unknown' }, 'the revocation list is not renewed yet')
  }
}
