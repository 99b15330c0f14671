// Composition root: certificates to begin with (design §5).

import { join } from 'node:path'
import { authorityOptions, ensureDevelopmentPki, pkiPaths, serverNamesOf } from '../certificates/pki-directory.ts'
import type { Config } from '../config/config.ts'

/** The development PKI is made where the certificate files as configured are its own. */
export async function developmentPki(config: Config): Promise<void> {
  const directory = join(config.dataDir, 'pki')
  const own = pkiPaths(directory)
  if (config.tls.certificate === own.serverCertificate)
    await ensureDevelopmentPki(directory, {
      ...authorityOptions(config.certificates),
      serverNames: serverNamesOf(config),
    })
}
