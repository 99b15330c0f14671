// The command line: its commands, the options they share, and what the exit code says (design §5).

import { Command, CommanderError } from 'commander'
import { registrationsFor } from './commands.ts'
import { collectSetting, type Registration } from './context.ts'
import { describeFailure, EXIT_USAGE, exitCodeOf } from './failure.ts'
import { processTerminal, type Terminal } from './terminal.ts'

/** Runs one command. @returns the exit code: 0 done, 1 refused by the server, 2 wrong usage or configuration. */
export async function main(argv: readonly string[], terminal: Terminal = processTerminal): Promise<number> {
  try {
    await createProgram(terminal, await registrationsFor(argv)).parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
    terminal.err(`${describeFailure(error)}\n`)
    return exitCodeOf(error)
  }
}

/** Of these commands. */
export function createProgram(terminal: Terminal, registrations: readonly Registration[]): Command {
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
  for (const register of registrations) register(program, terminal)
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
