// Commands that act as a connected system: the shared option, the connection, and what the server knows of the system.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../config/config.ts'
import { type Oid, type PatientId, parseCx, parseOid } from '../model/identifiers.ts'
import { isObject, rowsOf, textOf } from './admin-client.ts'
import { readAssert } from './assertion.ts'
import { createSystemClient, type SystemClient } from './client.ts'
import { adminOf, type Context, configOf, httpsUrlOf } from './context.ts'
import { readCredentials } from './credentials.ts'
import { UsageError } from './failure.ts'

export interface SystemOptions {
  readonly as: string
  readonly url?: string
  readonly assert?: string
}

/** Adds `--as <system>`, `--url <url>` and `--assert <file>`. */
export function actingAs(command: Command): Command {
  return command
    .requiredOption('--as <system>', 'system whose client certificate is used, var/pki/clients/<system>.{crt,key}')
    .option('--url <url>', 'HTTPS door of the server; default: https.publicUrl of the configuration')
    .option('--assert <file>', 'speak for a person (ITI-40): JSON with issuer, key, certificate, subject (docs/xua.md)')
}

export interface ActingSystem {
  readonly config: Config
  readonly client: SystemClient
}

/** Runs `work` with a connection as the system and closes it afterwards. */
export async function asSystem<T>(
  context: Context,
  options: SystemOptions,
  work: (acting: ActingSystem) => Promise<T>,
): Promise<T> {
  const config = configOf(context)
  const credentials = await readCredentials(config, options.as)
  const baseUrl = (options.url ?? httpsUrlOf(config)).replace(/\/+$/, '')
  const assert =
    options.assert === undefined
      ? {}
      : { assert: await readAssert(resolve(context.terminal.cwd, options.assert), config.community.homeCommunityId) }
  const client = createSystemClient({ baseUrl, credentials, ...assert })
  try {
    return await work({ config, client })
  } finally {
    await client.close()
  }
}

/** @throws {UsageError} */
export function oidOf(text: string, option: string): Oid {
  const oid = parseOid(text)
  if (oid === undefined) throw new UsageError(`${option} needs an OID, not "${text}"`)
  return oid
}

/** A homeCommunityId as the wire has it, given with or without urn:oid:. @throws {UsageError} */
export function homeOf(text: string): string {
  return `urn:oid:${oidOf(text.replace(/^urn:oid:/, ''), '--home')}`
}

/** The domain of the patient numbers of a system's facility: given, or asked of the admin API. @throws {UsageError} */
export async function facilityDomain(config: Config, systemId: string, given: string | undefined): Promise<Oid> {
  if (given !== undefined) return oidOf(given, '--domain')
  const admin = await adminOf(config)
  const systems = rowsOf((await admin.get('/systems')).body)
  const facilityId = textOf(systems.find((system) => system.systemId === systemId)?.facilityId)
  if (facilityId === '') throw new UsageError(`no system ${systemId} is registered; give --domain <oid>`)
  const { body } = await admin.get(`/facilities/${encodeURIComponent(facilityId)}`)
  const domain = isObject(body) && isObject(body.patientDomain) ? parseOid(textOf(body.patientDomain.oid)) : undefined
  if (domain === undefined) throw new UsageError(`facility ${facilityId} has no patient domain; give --domain <oid>`)
  return domain
}

/** A patient id given as CX, or as a bare value of the affinity domain. @throws {UsageError} */
export function patientOf(config: Config, text: string): PatientId {
  if (!text.includes('^')) return { value: text, authority: config.identity.affinityDomainAuthority }
  const id = parseCx(text)
  if (id === undefined) throw new UsageError(`--patient needs a value or id^^^&OID&ISO, not "${text}"`)
  return id
}

/** Device of this network in HL7 v3 wrappers: its community id (ITI TF-2 Appendix O). */
export function serverDevice(config: Config): { readonly id: Oid } {
  return { id: oidOf(config.community.homeCommunityId.replace(/^urn:oid:/, ''), 'community.homeCommunityId') }
}
