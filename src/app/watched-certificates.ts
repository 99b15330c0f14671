// Composition root: every certificate whose end the network has to know of, from the register and from files (security: a.4).

import { X509Certificate } from 'node:crypto'
import type { Watched } from '../access/certificates/expiry.ts'
import { certificatesIn, factsOf } from '../certificates/certificate.ts'
import { readPublic } from '../certificates/files.ts'
import type { Config } from '../config/config.ts'
import { watchedAnchors, watchedClients } from '../db/access/expiry-warnings.ts'
import type { Given } from './actor-ports.ts'

/** Certificates of systems, the server's own, the authorities that are trusted, and those of partners. */
export function watchedBy({
  config,
  pool,
}: Pick<Given, 'config' | 'pool'>): (now: Date) => Promise<readonly Watched[]> {
  return async (now) => {
    const kinds = await Promise.all([watchedClients(pool, now), watchedAnchors(pool), watchedFiles(config)])
    return kinds.flat()
  }
}

async function watchedFiles({ tls, repository, xua }: Config): Promise<readonly Watched[]> {
  const own = [...new Set([tls.certificate, repository.registryCertificate, xua.signingKey])]
  const servers = await Promise.all(own.map(async (path) => (await readAll(path)).slice(0, 1)))
  const authorities = await readAll(tls.ca)
  return [
    ...servers.flat().map((certificate) => watched('server', certificate)),
    ...authorities.map((certificate) => watched('authority', certificate)),
  ]
}

/** What cannot be read now is somebody else's trouble: the doors say so when they need it. */
async function readAll(path: string): Promise<readonly X509Certificate[]> {
  const text = (await readPublic(path).catch(() => undefined)) ?? ''
  return certificatesIn(text).map((pem) => new X509Certificate(pem))
}

function watched(kind: Watched['kind'], certificate: X509Certificate): Watched {
  const { subject, fingerprint256, notAfter } = factsOf(certificate)
  return { kind, name: subject, fingerprint: fingerprint256, notAfter }
}
