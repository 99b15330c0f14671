// Key and certificate of a connected system, and the authority of the server, from the PKI directory (design §5).

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TlsOptions, tlsOptions } from '../certificates/presets.ts'
import type { Config } from '../config/config.ts'
import { pkiDirectory } from './context.ts'
import { UsageError } from './failure.ts'

/** For node:tls and undici alike. The server is always verified against `ca`. */
export interface Credentials extends TlsOptions {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

/** @throws {UsageError} naming the file that is missing. */
export async function readCredentials(config: Config, systemId: string): Promise<Credentials> {
  const directory = pkiDirectory(config)
  const clients = join(directory, 'clients')
  // One after the other: of several missing files the same one is named every time.
  const key = await readPem(join(clients, `${systemId}.key`), systemId)
  const cert = await readPem(join(clients, `${systemId}.crt`), systemId)
  const ca = await readPem(join(directory, 'ca.crt'), systemId)
  return { ...tlsOptions({ preset: config.tls.preset, atnaDhe: config.tls.atnaDhe }), key, cert, ca }
}

/** With key and certificate of these files, and the same authority. @throws {UsageError} naming the file that cannot be read. */
export async function credentialsOfFiles(
  config: Config,
  files: { readonly cert: string; readonly key: string },
): Promise<Credentials> {
  const key = await readNamed(files.key)
  const cert = await readNamed(files.cert)
  const ca = await readNamed(join(pkiDirectory(config), 'ca.crt'))
  return { ...tlsOptions({ preset: config.tls.preset, atnaDhe: config.tls.atnaDhe }), key, cert, ca }
}

function readNamed(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be read`, { cause })
  })
}

async function readPem(path: string, systemId: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new UsageError(`${path} cannot be read; "tsunagi cert issue ${systemId}" makes certificate and key`, {
      cause,
    })
  }
}
