// The options every command shares, and what they give: the configuration, the admin API, a connection as a system.

import { join } from 'node:path'
import type { Command } from 'commander'
import { type Config, type ConfigInput, loadConfig } from '../config/config.ts'
import { type AdminClient, type AdminTarget, createAdminClient, readAdminToken } from './admin-client.ts'
import { UsageError } from './failure.ts'
import { readSession } from './session-file.ts'
import type { Terminal } from './terminal.ts'

export interface CommonOptions {
  readonly config?: string
  readonly dataDir?: string
  readonly set?: Readonly<Record<string, string>>
  readonly json?: true
  readonly staff?: string
  readonly asMe?: true
}

export interface Context {
  readonly terminal: Terminal
  readonly options: CommonOptions
  readonly format: 'json' | 'table'
}

/** Registers one command, or a group of commands, below `program`. */
export type Registration = (program: Command, terminal: Terminal) => void

export function contextOf(command: Command, terminal: Terminal): Context {
  const options: CommonOptions = command.optsWithGlobals()
  return { terminal, options, format: options.json === true ? 'json' : 'table' }
}

/** What the configuration is read from: global options are flags, `--data-dir` among them. */
export function configInput({ options, terminal }: Context): ConfigInput {
  return {
    flags: {
      ...options.set,
      ...(options.config === undefined ? {} : { config: options.config }),
      ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    },
    env: terminal.env,
    cwd: terminal.cwd,
  }
}

/** @throws {ConfigError} */
export function configOf(context: Context): Config {
  return loadConfig(configInput(context))
}

/** Collects `--set key=value`; a later one for the same key wins. @throws {UsageError} without `=`. */
export function collectSetting(
  given: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = given.indexOf('=')
  if (at <= 0) throw new UsageError(`--set needs key=value, not "${given}"`)
  return { ...before, [given.slice(0, at)]: given.slice(at + 1) }
}

/** Collects a repeatable option. */
export function collect(given: string, before: readonly string[] = []): readonly string[] {
  return [...before, given]
}

/** Values of a list option written as `a,b,c`. */
export function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

export function pkiDirectory(config: Config): string {
  return join(config.dataDir, 'pki')
}

/** The admin API of the server with this data directory. @throws {UsageError} when there is no token. */
export async function adminOf(config: Config, staff?: string): Promise<AdminClient> {
  return createAdminClient(await hostTarget(config, staff))
}

async function hostTarget(config: Config, staff?: string): Promise<AdminTarget> {
  return {
    baseUrl: managementUrlOf(config),
    token: await readAdminToken(config.dataDir),
    ...(staff === undefined ? {} : { staff }),
  }
}

/** Where the admin API is and what opens it: the token of the host, or with `--as-me` the session of whoever logged on. */
export async function adminTarget(context: Context): Promise<AdminTarget> {
  return context.options.asMe === true ? sessionTarget(context) : hostTarget(configOf(context), staffOf(context))
}

/** @throws {UsageError} when nobody is logged on. */
export async function sessionTarget(context: Context): Promise<AdminTarget> {
  const baseUrl = managementUrlOf(configOf(context))
  return { baseUrl, token: (await readSession(context.terminal, baseUrl)).session }
}

export function managementUrlOf({ management }: Config): string {
  return `http://${reachable(management.host)}:${management.port}`
}

const STAFF = /^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/

/** Who works: as named, or the user of the shell. @throws {UsageError} for a name that the admin API would not take. */
export function staffOf({ options, terminal }: Context): string | undefined {
  const { staff } = options
  if (staff !== undefined && !STAFF.test(staff))
    throw new UsageError('--staff needs a name of letters, digits, dots, hyphens and @, at most 64 characters')
  return [staff, terminal.env.USER, terminal.env.LOGNAME].find((name) => name !== undefined && STAFF.test(name))
}

/** An address to connect to for an address that is listened on. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

/** HTTPS address of the server: the public one, but on this machine the port that is configured. */
export function httpsUrlOf(config: Config): string {
  const url = new URL(config.https.publicUrl)
  return url.hostname === 'localhost' ? `https://localhost:${config.https.port}` : url.origin
}
