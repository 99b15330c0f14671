// tsunagi xua: the key by which this network tells its neighbours who asks (ITI TF-2 3.40; docs/xua.md).

import { X509Certificate } from 'node:crypto'
import { assertionIssuer } from '../app/assertion-key.ts'
import { type AssertionKey, ensureAssertionKey, nextOf, useNextAssertionKey } from '../certificates/assertion-key.ts'
import { factsOf } from '../certificates/certificate.ts'
import type { Config } from '../config/config.ts'
import { type Context, configOf, contextOf, type Registration } from './context.ts'
import { toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

export const registerXua: Registration = (program, terminal) => {
  const group = program
    .command('xua')
    .description('assertions that this network signs for its neighbours / 隣接ネットワーク向けの利用者アサーション')
  group
    .command('certificate')
    .description('the certificate that neighbours register, PEM / 相手に登録してもらう証明書')
    .option('--next', 'the one that "rotate" will put in its place; made when there is none / 次の証明書')
    .action(async ({ next }: { readonly next?: true }, command) => {
      const context = contextOf(command, terminal)
      const config = configOf(context)
      const { signingKey } = config.xua
      const path = next === true ? nextOf(signingKey) : signingKey
      const pair = await ensureAssertionKey(path, { name: config.community.homeCommunityId })
      show(pair, { context, config, terminal })
    })
  group
    .command('rotate')
    .description('sign with the next key from now on; neighbours must have its certificate / 次の鍵へ切り替え')
    .action(async (_options, command) => {
      const context = contextOf(command, terminal)
      const config = configOf(context)
      show(await useNextAssertionKey(config.xua.signingKey), { context, config, terminal })
    })
}

/** Only what is public. */
function show(
  { certificate }: AssertionKey,
  { context, config, terminal }: { readonly context: Context; readonly config: Config; readonly terminal: Terminal },
): void {
  const { fingerprint256, notAfter } = factsOf(new X509Certificate(certificate))
  const issuer = assertionIssuer(config)
  if (context.format === 'json') {
    terminal.out(toJson({ issuer, fingerprint256, notAfter, pem: certificate }))
    return
  }
  terminal.out(certificate)
  terminal.err(`Issuer ${issuer}\nSHA-256 ${fingerprint256}, until ${notAfter.toISOString()}\n`)
}
