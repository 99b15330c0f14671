// Composition root: assertions about users, between the doors, the rules of access and the database (ITI TF-2 3.40).

import { ENDPOINTS } from '../../profiles/transactions/index.ts'
import type { Issuer, Trust } from '../access/xua/ports.ts'
import { createTrust } from '../access/xua/trust.ts'
import { assertionShared } from '../audit/user-authentication.ts'
import { loadRoles } from '../config/site-data.ts'
import { createAssertionStore } from '../db/access/assertions.ts'
import type { Recorder } from '../http/door.ts'
import { createXuaGate, type XuaGate } from '../http/xua.ts'
import type { Given } from './actor-ports.ts'
import { rememberedClockConcern } from './clock.ts'
import type { Trust as AuthorityTrust } from './trust.ts'

const HOUR_MS = 60 * 60 * 1000

export interface Xua {
  readonly gate: XuaGate
  readonly stop: () => void
}

export function openXua(
  { config, log, pool }: Given,
  given: { readonly recorder: Recorder; readonly revision: () => number } & Pick<AuthorityTrust, 'revocationOf'>,
): Xua {
  const store = createAssertionStore(pool)
  const standing = withoutRevoked(log, given.revocationOf)
  const { xua } = config
  const gate = createXuaGate({
    policies: new Map([
      [ENDPOINTS.DocumentRegistry, xua.registry],
      [ENDPOINTS.DocumentRepository, xua.repository],
      [ENDPOINTS.PIXManager, xua.pixManager],
      [ENDPOINTS.PDSupplier, xua.pdqSupplier],
      [ENDPOINTS.RespondingGateway, xua.respondingGateway],
      [ENDPOINTS.InitiatingGateway, xua.initiatingGateway],
      [ENDPOINTS.XcpdRespondingGateway, xua.respondingGateway],
    ]),
    unknownIssuer: xua.unknownIssuer,
    skewMs: xua.skewSeconds * 1000,
    publicUrl: config.https.publicUrl,
    audiences: xua.audiences,
    homeCommunityId: config.community.homeCommunityId,
    trust: createTrust(async () => standing(await store.trust()), given.revision),
    clockConcern: rememberedClockConcern(pool),
    store,
    roles: loadRoles(config.dataDir),
    revision: given.revision,
    alert: (exchange, use) => {
      log.warn(
        { journal: exchange.id, issuer: use.issuerId, certificates: use.certificates },
        'an assertion was passed on',
      )
      return given.recorder.record({ events: [assertionShared(exchange, use)], entries: [] })
    },
  })
  const timer = setInterval(() => {
    store
      .forget()
      .catch((error: Error) => log.warn({ cause: error.name }, 'expired assertions could not be erased yet'))
  }, HOUR_MS)
  timer.unref()
  return { gate, stop: () => clearInterval(timer) }
}

/** Issuers without the certificates that their authorities took back (security c.3, step 5); said when it is new. */
function withoutRevoked(log: Given['log'], revocationOf: AuthorityTrust['revocationOf']): (trust: Trust) => Trust {
  let said: ReadonlySet<string> = new Set()
  return (trust) => {
    const revoked = new Set<string>()
    const standing = ({ issuerId, certificates, ...issuer }: Issuer): Issuer => ({
      ...issuer,
      issuerId,
      certificates: certificates.filter(({ pem, fingerprint }) => {
        const reason = revocationOf(pem)
        if (reason === undefined) return true
        revoked.add(fingerprint)
        if (!said.has(fingerprint))
          log.warn(
            { issuer: issuerId, certificate: fingerprint, reason },
            'a certificate that signs assertions counts no longer',
          )
        return false
      }),
    })
    const issuers = new Map([...trust.issuers].map(([entityId, issuer]) => [entityId, standing(issuer)]))
    said = revoked
    return { ...trust, issuers }
  }
}
