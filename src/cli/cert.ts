// tsunagi cert: client certificates of systems, and the authorities that issue them.

import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { authorityOptions, type IssuedClient, issueClientInto } from '../certificates/pki-directory.ts'
import type { Config } from '../config/config.ts'
import { isObject, rowsOf, textOf } from './admin-client.ts'
import { segment, withAdmin } from './admin-command.ts'
import { registerAuthority } from './cert/authority.ts'
import { registerLists } from './cert/lists.ts'
import { registerPkcs12 } from './cert/pkcs12.ts'
import { registerSigning } from './cert/signing.ts'
import { registerStates } from './cert/states.ts'
import { configOf, pkiDirectory, type Registration } from './context.ts'
import { UsageError } from './failure.ts'
import { toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

export const registerCert: Registration = (program, terminal) => {
  const group = program.command('cert').description('certificates / 証明書')
  registerIssue(group, terminal)
  registerSigning(group, terminal)
  registerLists(group, terminal)
  registerStates(group, terminal)
  registerPkcs12(group, terminal)
  registerAuthority(group, terminal)
}

function registerIssue(group: Command, terminal: Terminal): void {
  group
    .command('issue <systemId>')
    .description('issue with the development CA into var/pki/clients and register / 発行と登録')
    .option('--days <days>', 'validity, at most 397')
    .option('--password <password>', 'password of the .p12 file')
    .action((systemId: string, options: { readonly days?: string; readonly password?: string }, command) =>
      withAdmin(command, terminal, async ({ admin, context }) => {
        const config = configOf(context)
        const systems = rowsOf((await admin.get('/systems')).body)
        const facilityId = textOf(systems.find((system) => system.systemId === systemId)?.facilityId)
        if (facilityId === '') throw new UsageError(`no system ${systemId} is registered; "tsunagi system add" does it`)
        const { body } = await admin.get(`/facilities/${segment(facilityId)}`)
        const facilityOid = isObject(body) ? textOf(body.oid) : ''
        const issued = await issue(config, { systemId, facilityOid, ...limits(options) })
        const pem = await readFile(issued.paths.certificate, 'utf8')
        await admin.post(`/systems/${segment(systemId)}/certificates`, { pem })
        if (context.format === 'json') terminal.out(toJson(issued))
        else
          terminal.out(
            `${Object.values(issued.paths).join('\n')}\nSHA-256 ${issued.fingerprint256}, until ${issued.notAfter.toISOString()}\n`,
          )
      }),
    )
}

type Subject = Parameters<typeof issueClientInto>[1]

/** The network in the subject is its community id. @throws {Error} in plain words when the authority is not here. */
export function issue(config: Config, subject: Subject): Promise<IssuedClient> {
  const networkOid = config.community.homeCommunityId.replace(/^urn:oid:/, '')
  return issueClientInto(pkiDirectory(config), { networkOid, ...subject }, authorityOptions(config.certificates))
}

function limits(options: { readonly days?: string; readonly password?: string }) {
  const days = options.days === undefined ? undefined : Number(options.days)
  if (days !== undefined && (!Number.isInteger(days) || days < 1)) throw new UsageError('--days needs a number of days')
  return {
    ...(days === undefined ? {} : { days }),
    ...(options.password === undefined ? {} : { password: options.password }),
  }
}
