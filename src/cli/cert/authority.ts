// tsunagi cert authority: the root, which is kept offline, and the authority below it that issues (docs/certificates.md).

import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { certificatesIn, factsOf } from '../../certificates/certificate.ts'
import { readPrivate, readPublic } from '../../certificates/files.ts'
import { authorityOptions, pkiPaths, readAuthority, serverNamesOf } from '../../certificates/pki-directory.ts'
import type { Config } from '../../config/config.ts'
import { readSecretFile } from '../../config/secret-file.ts'
import { type Context, configOf, contextOf, pkiDirectory } from '../context.ts'
import { UsageError } from '../failure.ts'
import { printRows, toJson } from '../output.ts'
import type { Terminal } from '../terminal.ts'

interface RootOptions {
  readonly name: string
  readonly passphraseFile?: string
  readonly unencrypted?: true
}

const ROOT_NAME = 'Tsunagi root CA'
const ISSUING_NAME = 'Tsunagi issuing CA'

export function registerAuthority(cert: Command, terminal: Terminal): void {
  const group = cert.command('authority').description('root and issuing authority / ルート認証局と発行認証局')
  registerCreate(group, terminal)
  registerRoot(group, terminal)
  registerRequest(group, terminal)
  registerSign(group, terminal)
  registerInstall(group, terminal)
  registerShow(group, terminal)
  registerServer(group, terminal)
}

/** Loaded only here: a client command does not pay for the libraries of certificates. */
const files = () => import('../../certificates/authority-files.ts')

function registerCreate(group: Command, terminal: Terminal): void {
  group
    .command('create')
    .description('make root and issuing authority in one go, on this machine / ルートと発行認証局を一度に作成')
    .requiredOption('--root <dir>', 'where certificate and key of the root go: a medium that is put away afterwards')
    .option('--root-name <name>', 'name of the root', ROOT_NAME)
    .option('--name <name>', 'name of the issuing authority', ISSUING_NAME)
    .option('--passphrase-file <file>', 'passphrase of the root key, mode 0600')
    .option('--unencrypted', 'keep the root key in the clear')
    .action(async (options: RootOptions & { readonly root: string; readonly rootName: string }, command: Command) => {
      const context = contextOf(command, terminal)
      const root = resolve(terminal.cwd, options.root)
      const passphrase = rootPassphrase(options, terminal)
      const { createRootInto, requestIssuingInto, signIssuingFrom } = await files()
      const paths = await createRootInto(root, { name: options.rootName, ...passphrase })
      const { requestPem } = await requestIssuingInto(pkiDirectory(configOf(context)), {
        name: options.name,
        ...authorityOptions(configOf(context).certificates),
      })
      await install(context, await signIssuingFrom(root, requestPem, passphrase.passphrase))
      terminal.err(`put away and keep safe: ${paths.key} / 安全な場所に保管してください。サーバでは使いません。\n`)
    })
}

function registerRoot(group: Command, terminal: Terminal): void {
  group
    .command('root')
    .description('on a machine without network: make a root / オフラインの端末でルートを作成')
    .requiredOption('--into <dir>', 'where its certificate and key go')
    .option('--name <name>', 'its name', ROOT_NAME)
    .option('--passphrase-file <file>', 'passphrase of its key, mode 0600')
    .option('--unencrypted', 'keep its key in the clear')
    .action(async (options: RootOptions & { readonly into: string }, command: Command) => {
      const context = contextOf(command, terminal)
      const { createRootInto } = await files()
      const into = resolve(terminal.cwd, options.into)
      const paths = await createRootInto(into, { name: options.name, ...rootPassphrase(options, terminal) })
      show(context, paths, `${paths.certificate}\n${paths.key}`)
    })
}

function registerRequest(group: Command, terminal: Terminal): void {
  group
    .command('request')
    .description('on the server: make key and request of an issuing authority / サーバで発行認証局の鍵と要求を作成')
    .option('--name <name>', 'its name', ISSUING_NAME)
    .action(async ({ name }: { readonly name: string }, command: Command) => {
      const context = contextOf(command, terminal)
      const config = configOf(context)
      const { requestIssuingInto } = await files()
      const { request } = await requestIssuingInto(pkiDirectory(config), {
        name,
        ...authorityOptions(config.certificates),
      })
      const key =
        config.certificates.issuingPassphrase === undefined
          ? 'its key is not encrypted: set certificates.issuingPassphrase to have it so / 鍵は暗号化されていません'
          : 'its key is encrypted with certificates.issuingPassphrase / 鍵は暗号化されています'
      show(context, { request }, `${request}\n${key}`)
    })
}

function registerSign(group: Command, terminal: Terminal): void {
  group
    .command('sign <request>')
    .description('on a machine without network: sign it with the root / オフラインの端末でルートにより署名')
    .requiredOption('--root <dir>', 'where certificate and key of the root are')
    .requiredOption('--out <file>', 'where the certificate goes, with that of the root after it')
    .option('--passphrase-file <file>', 'passphrase of the root key, mode 0600')
    .action(
      async (
        request: string,
        options: { readonly root: string; readonly out: string; readonly passphraseFile?: string },
        command: Command,
      ) => {
        const context = contextOf(command, terminal)
        const { signIssuingFrom } = await files()
        const pem = await readText(terminal, request)
        const passphrase = passphraseOf(options.passphraseFile, terminal)
        const chain = await signIssuingFrom(resolve(terminal.cwd, options.root), pem, passphrase)
        await writeFile(resolve(terminal.cwd, options.out), chain)
        const { subject, fingerprint256 } = factsOf(new X509Certificate(chain))
        show(context, { subject, fingerprint256 }, `${subject}\nSHA-256 ${fingerprint256}\n${options.out}`)
      },
    )
}

function registerInstall(group: Command, terminal: Terminal): void {
  group
    .command('install <file>')
    .description('on the server: put the signed certificate into use / サーバで発行認証局の証明書を導入')
    .action(async (file: string, _: unknown, command: Command) =>
      install(contextOf(command, terminal), await readText(terminal, file)),
    )
}

async function install(context: Context, chainPem: string): Promise<void> {
  const config = configOf(context)
  const { installIssuing } = await files()
  const directory = pkiDirectory(config)
  const installed = factsOf(await installIssuing(directory, chainPem, authorityOptions(config.certificates)))
  const { issuingCertificate, caCertificate } = pkiPaths(directory)
  show(
    context,
    { subject: installed.subject, fingerprint256: installed.fingerprint256, issuingCertificate, caCertificate },
    [
      `${installed.subject} issues from now on / 今後の証明書はこの認証局から発行されます`,
      `SHA-256 ${installed.fingerprint256}, until ${installed.notAfter.toISOString()}`,
      `connected systems need the new ${caCertificate}; then "tsunagi cert authority server"`,
    ].join('\n'),
  )
}

function registerServer(group: Command, terminal: Terminal): void {
  group
    .command('server')
    .description('a new certificate for the server itself, from the issuing authority / サーバ証明書の再発行')
    .action(async (_: unknown, command: Command) => {
      const context = contextOf(command, terminal)
      const config = configOf(context)
      const directory = pkiDirectory(config)
      const own = pkiPaths(directory).serverCertificate
      if (config.tls.certificate !== own)
        throw new UsageError(`the server shows ${config.tls.certificate} (tls.certificate), which is not ours to renew`)
      const { renewServer } = await files()
      const made = await renewServer(directory, {
        ...authorityOptions(config.certificates),
        serverNames: serverNamesOf(config),
      })
      const { fingerprint256, notAfter } = factsOf(made)
      show(context, { fingerprint256, notAfter }, `${own}\nSHA-256 ${fingerprint256}, until ${notAfter.toISOString()}`)
    })
}

function registerShow(group: Command, terminal: Terminal): void {
  group
    .command('show')
    .description('the authorities that are trusted, and the key of the one that issues / 認証局の一覧と鍵の状態')
    .action(async (_: unknown, command: Command) => {
      const context = contextOf(command, terminal)
      const config = configOf(context)
      const rows = await authorities(config)
      const columns = [
        { title: 'AUTHORITY', value: (row: AuthorityRow) => row.subject },
        { title: 'UNTIL', value: (row: AuthorityRow) => row.notAfter.toISOString() },
        { title: 'KEY', value: (row: AuthorityRow) => row.key },
        { title: 'SHA-256', value: (row: AuthorityRow) => row.fingerprint256 },
      ]
      printRows(terminal, { rows, columns, empty: 'none / なし' }, context.format)
    })
}

interface AuthorityRow {
  readonly subject: string
  readonly notAfter: Date
  readonly fingerprint256: string
  /** Where its key is, and whether it can be opened. */
  readonly key: string
}

async function authorities(config: Config): Promise<readonly AuthorityRow[]> {
  const directory = pkiDirectory(config)
  const paths = pkiPaths(directory)
  const trusted = certificatesIn((await readPublic(paths.caCertificate)) ?? '')
  const issuing = await readPublic(paths.issuingCertificate)
  const [issuer = trusted[0] ?? ''] = certificatesIn(issuing ?? '')
  const state = await keyState(config, issuing === undefined ? paths.caKey : paths.issuingKey)
  return trusted.map((pem) => ({
    ...factsOf(new X509Certificate(pem)),
    key: pem === issuer ? state : 'not needed here / 不要',
  }))
}

async function keyState(config: Config, path: string): Promise<string> {
  if ((await readPrivate(path)) === undefined) return `not here (${path}) / 鍵なし`
  try {
    await readAuthority(pkiDirectory(config), authorityOptions(config.certificates))
    return `${path}: issues / 発行可`
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be read'
  }
}

/** @throws {UsageError} when neither a passphrase is given nor that there shall be none. */
function rootPassphrase(
  { passphraseFile, unencrypted }: Pick<RootOptions, 'passphraseFile' | 'unencrypted'>,
  terminal: Terminal,
): { readonly passphrase?: string } {
  if ((passphraseFile === undefined) === (unencrypted === undefined))
    throw new UsageError('give --passphrase-file <file> for the key of the root, or say --unencrypted')
  const passphrase = passphraseOf(passphraseFile, terminal)
  return passphrase === undefined ? {} : { passphrase }
}

function passphraseOf(file: string | undefined, terminal: Terminal): string | undefined {
  return file === undefined ? undefined : readSecretFile(resolve(terminal.cwd, file), '--passphrase-file')
}

/** @throws {UsageError} naming the file. */
export function readText(terminal: Terminal, file: string): Promise<string> {
  return readFile(resolve(terminal.cwd, file), 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${file} cannot be read`, { cause })
  })
}

function show({ terminal, format }: Context, value: unknown, text: string): void {
  terminal.out(format === 'json' ? toJson(value) : `${text}\n`)
}
