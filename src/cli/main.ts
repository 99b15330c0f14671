// The command line: its commands, the options they share, and what the exit code says (design §5).

import { Command, CommanderError } from 'commander'
import { registerAccess } from './access.ts'
import { registerAccount } from './account.ts'
import { registerAgreement } from './agreement.ts'
import { registerAnchor } from './anchor.ts'
import { registerAudit } from './audit.ts'
import { registerBench } from './bench/bench.ts'
import { registerCalendar } from './calendar.ts'
import { registerCert } from './cert.ts'
import { registerConfig } from './config-command.ts'
import { registerConsent } from './consent.ts'
import { collectSetting, type Registration } from './context.ts'
import { registerDemo } from './demo.ts'
import { registerDocument } from './document.ts'
import { registerDomain } from './domain.ts'
import { registerEmergency } from './emergency.ts'
import { registerFacility } from './facility.ts'
import { describeFailure, EXIT_USAGE, exitCodeOf } from './failure.ts'
import { registerFeed } from './feed.ts'
import { registerGenerate } from './generate.ts'
import { registerInvite } from './invite.ts'
import { registerIssuer } from './issuer.ts'
import { registerJournal } from './journal.ts'
import { registerLogin } from './login.ts'
import { registerMatching } from './matching.ts'
import { registerMigrate } from './migrate.ts'
import { registerNotifications } from './notifications.ts'
import { registerPartner } from './partner.ts'
import { registerPatient } from './patient.ts'
import { registerPdq } from './pdq.ts'
import { registerPix } from './pix.ts'
import { registerProvide } from './provide.ts'
import { registerPush } from './push.ts'
import { registerQuery } from './query.ts'
import { registerRemove } from './remove.ts'
import { registerRepository } from './repository.ts'
import { registerRetrieve } from './retrieve.ts'
import { registerReview } from './review.ts'
import { registerRights } from './rights.ts'
import { registerServe } from './serve.ts'
import { registerServiceContract } from './service-contract.ts'
import { registerSsmix } from './ssmix/index.ts'
import { registerStaff } from './staff.ts'
import { registerSubscription } from './subscription.ts'
import { registerSystem } from './system.ts'
import { processTerminal, type Terminal } from './terminal.ts'
import { registerUnion } from './union.ts'
import { registerUpdate } from './update.ts'
import { registerUsage } from './usage.ts'
import { registerHeld, registerQuarantine } from './withheld.ts'
import { registerXua } from './xua.ts'

/** In the order help lists them. */
const commands: readonly Registration[] = [
  registerServe,
  registerDemo,
  registerMigrate,
  registerConfig,
  registerLogin,
  registerAccount,
  registerStaff,
  registerFacility,
  registerSystem,
  registerInvite,
  registerUnion,
  registerRights,
  registerAccess,
  registerAgreement,
  registerPartner,
  registerRepository,
  registerServiceContract,
  registerConsent,
  registerEmergency,
  registerPatient,
  registerCalendar,
  registerDocument,
  registerReview,
  registerMatching,
  registerDomain,
  registerSubscription,
  registerNotifications,
  registerHeld,
  registerQuarantine,
  registerUsage,
  registerAudit,
  registerCert,
  registerIssuer,
  registerXua,
  registerJournal,
  registerAnchor,
  registerPush,
  registerSsmix,
  registerFeed,
  registerPix,
  registerPdq,
  registerQuery,
  registerProvide,
  registerUpdate,
  registerRetrieve,
  registerRemove,
  registerGenerate,
  registerBench,
]

/** Runs one command. @returns the exit code: 0 done, 1 refused by the server, 2 wrong usage or configuration. */
export async function main(argv: readonly string[], terminal: Terminal = processTerminal): Promise<number> {
  try {
    await createProgram(terminal).parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
    terminal.err(`${describeFailure(error)}\n`)
    return exitCodeOf(error)
  }
}

export function createProgram(terminal: Terminal): Command {
  const program = new Command('tsunagi')
    .description('Interoperability server for regional health networks / 地域医療連携サーバ')
    .option('--config <file>', 'configuration file; default tsunagi.yaml of the working directory')
    .option('--data-dir <dir>', 'data directory; default var')
    .option('--set <key=value>', 'one setting, as "tsunagi config explain" names it (repeatable)', collectSetting)
    .option('--json', 'print JSON')
    .option('--as-me', 'as the person who is logged on, not by the token of the host / ログイン中の利用者として')
    .option('--staff <name>', 'who does it, for history and audit; default the user of this shell / 操作者')
    .showHelpAfterError('("tsunagi <command> --help" lists the options)')
  inherit(program, terminal)
  for (const register of commands) register(program, terminal)
  for (const command of descendants(program)) inherit(command, terminal)
  return program
}

function descendants(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...descendants(child)])
}

/** Commander would end the process by itself and write past our terminal. */
function inherit(command: Command, terminal: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => terminal.out(text),
    writeErr: (text) => terminal.err(text),
  })
}
