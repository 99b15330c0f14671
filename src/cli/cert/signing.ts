// tsunagi cert sign, renew, confirm: a certificate for a vendor's request, whose key we never see.

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { certificatesIn } from '../../certificates/certificate.ts'
import { type AdminAnswer, isObject, textOf } from '../admin-client.ts'
import { type AdminCall, given, segment, showChange, withAdmin } from '../admin-command.ts'
import { UsageError } from '../failure.ts'
import { toJson } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { readText } from './authority.ts'
import { fingerprintOf } from './fingerprint.ts'

interface SigningOptions {
  readonly csr: string
  readonly days?: string
  readonly terminal?: string
  readonly out?: string
}

export function registerSigning(group: Command, terminal: Terminal): void {
  group
    .command('sign')
    .description('issue and register a certificate for a request (CSR) / 証明書要求への署名と登録')
    .requiredOption('--system <systemId>', 'the registered system it is for')
    .requiredOption('--csr <file>', 'its request, PKCS#10 in PEM')
    .option('--days <days>', 'validity, at most 397')
    .option('--terminal <name>', 'where it is installed, as the facility calls the terminal / 端末名')
    .option('--out <file>', 'where certificate and chain go; default: standard output')
    .action((options: SigningOptions & { readonly system: string }, command: Command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/systems/${segment(options.system)}/certificates/requests`
        await saveIssued(call, await call.admin.post(path, await bodyOf(options, terminal)), options.out)
      }),
    )
  registerRenew(group, terminal)
  registerConfirm(group, terminal)
}

interface RenewOptions extends SigningOptions {
  readonly force?: true
  readonly reason?: string
}

function registerRenew(group: Command, terminal: Terminal): void {
  group
    .command('renew <fingerprint>')
    .description('issue the certificate that replaces this one; both are good for a while / 更新（重複期間あり）')
    .requiredOption('--csr <file>', 'request of the same system, best with a new key')
    .option('--days <days>', 'validity, at most 397')
    .option('--terminal <name>', 'where it is installed; default: as the old one')
    .option('--force', 'earlier than 60 days before the end of the old one; needs --reason')
    .option('--reason <text>', 'why so early')
    .option('--out <file>', 'where certificate and chain go; default: standard output')
    .action((fingerprint: string, options: RenewOptions, command: Command) =>
      withAdmin(command, terminal, async (call) => {
        if ((options.force === undefined) !== (options.reason === undefined))
          throw new UsageError('--force needs --reason <text>, and --reason needs --force')
        const old = await fingerprintOf(call.admin, fingerprint)
        const body = { ...(await bodyOf(options, terminal)), ...given({ earlyBecause: options.reason }) }
        await saveIssued(call, await call.admin.post(`/certificates/${segment(old)}/renewal`, body), options.out)
      }),
    )
}

function registerConfirm(group: Command, terminal: Terminal): void {
  group
    .command('confirm <fingerprint>')
    .description('the new certificate of a renewal is in use: the old one is revoked / 更新の完了（旧証明書の失効）')
    .action((fingerprint: string, _: unknown, command: Command) =>
      withAdmin(command, terminal, async (call) => {
        const confirmed = await fingerprintOf(call.admin, fingerprint)
        const answer = await call.admin.post(`/certificates/${segment(confirmed)}/confirmation`, {})
        showChange(call, answer, `certificate ${confirmed} confirmed; what it replaces is revoked`)
      }),
    )
}

async function bodyOf({ csr, days, terminal: name }: SigningOptions, terminal: Terminal) {
  return given({ csr: await readText(terminal, csr), days: daysOf(days), terminal: name })
}

/** @throws {UsageError} for what is no number of days. */
export function daysOf(days: string | undefined): number | undefined {
  if (days === undefined) return undefined
  if (!/^[1-9]\d{0,3}$/.test(days)) throw new UsageError('--days needs a number of days')
  return Number(days)
}

/** The certificate and what stands between it and the root: what a TLS peer shows. */
async function saveIssued({ context }: AdminCall, { body }: AdminAnswer, out: string | undefined): Promise<void> {
  const { terminal, format } = context
  const issued = isObject(body) ? body : {}
  if (format === 'json') return terminal.out(toJson(body))
  const text = `${textOf(issued.pem)}${certificatesIn(textOf(issued.chain)).slice(0, -1).join('')}`
  const facts = `SHA-256 ${textOf(issued.fingerprint)}, until ${textOf(issued.notAfter)}\n`
  if (out === undefined) {
    terminal.out(text)
    return terminal.err(facts)
  }
  await writeFile(resolve(terminal.cwd, out), text)
  terminal.out(`${out}\n${facts}`)
}
