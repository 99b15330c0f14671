// tsunagi audit verify: exports of the audit log are proven without server or database; without a file, the log of the running server.

import { createPublicKey } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type Checkpoint, keyIdOf, type PublicKeys, publicKeysIn } from '../audit/checkpoint.ts'
import { EXPORT_KIND, parseRecord } from '../audit/export.ts'
import { createVerifier, type Finding, type Verification } from '../audit/verify/verify.ts'
import { type AdminTarget, createAdminClient, rowsOf, textOf } from './admin-client.ts'
import { segment } from './admin-command.ts'
import { receiveStream } from './admin-stream.ts'
import { adminTarget, type Context, collect, contextOf } from './context.ts'
import { RefusedError, UsageError } from './failure.ts'
import { printable, toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

interface VerifyOptions {
  readonly key?: readonly string[]
  readonly checkpointFile?: string
}

const LINE_END = 0x0a

const HELP = `
Without files, as auditor with --as-me; what the server found itself stands in "tsunagi audit months".
Several files: oldest month first, so that the seams between them are verified too.
Without --key, signatures are checked with the keys that the file itself names: compare their ids with those of "tsunagi audit key".
複数の月は古い順に指定してください。--key を省略すると、ファイル内の公開鍵で検証します。`

/** Below `audit`. */
export function registerAuditVerify(group: Command, terminal: Terminal): void {
  group
    .command('verify [files...]')
    .description('prove that nothing was changed, removed, put in or moved / 改ざんの有無を検証')
    .option('--key <file>', 'public keys, PEM, as "tsunagi audit key" prints them (repeatable)', collect)
    .option('--checkpoint-file <file>', 'checkpoints that were kept elsewhere, one a line')
    .addHelpText('after', HELP)
    .action((files: readonly string[], options: VerifyOptions, command) =>
      verify(contextOf(command, terminal), { files, options }),
    )
}

async function verify(
  context: Context,
  { files, options }: { readonly files: readonly string[]; readonly options: VerifyOptions },
): Promise<void> {
  const { terminal } = context
  const sources = files.length > 0 ? files.map((file) => bytesOf(resolve(terminal.cwd, file))) : await monthsOf(context)
  if (sources.length === 0) {
    terminal.out('the log is empty / 記録がありません\n')
    return
  }
  const given = await givenKeys(context, { files, options })
  const keys = new Map(given)
  const verifier = createVerifier({ keys, witnesses: await witnessesIn(context, options.checkpointFile) })
  for (const source of sources) {
    let number = 0
    for await (const line of linesOf(source)) {
      number += 1
      const record = parseRecord(line)
      if (record?.kind === EXPORT_KIND && given.size === 0)
        for (const [id, key] of keysOf(record.keys)) keys.set(id, key)
      if (record === undefined) verifier.takeUnreadable(number)
      else verifier.take(record)
    }
  }
  tell(context, verifier.end(), { isTrusted: given.size > 0, keyIds: [...keys.keys()] })
}

/** Opened when its turn comes: a file that is not there ends a process that does not read it yet. */
async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path)
  } catch (cause) {
    throw new UsageError(`${path} cannot be read`, { cause })
  }
}

/** What is after the last line end is a line too, one that was cut. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: readonly Buffer[] = []
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8')
      rest = []
      from = end + 1
    }
    if (from < chunk.length) rest = [...rest, chunk.subarray(from)]
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString('utf8')
}

/** Of the running server, through the export that auditors get. */
async function monthsOf(context: Context): Promise<readonly AsyncIterable<Buffer>[]> {
  const target: AdminTarget = await adminTarget(context)
  const { body } = await createAdminClient(target).get('/audit/months')
  return rowsOf(body)
    .filter(({ droppedAt }) => droppedAt === undefined)
    .map(({ chain }) => receiveStream(target, `/audit/export?month=${segment(textOf(chain))}`))
}

/** Of --key; of the server that is asked, when no file is given. */
async function givenKeys(
  context: Context,
  { files, options }: { readonly files: readonly string[]; readonly options: VerifyOptions },
): Promise<PublicKeys> {
  const found = new Map<string, ReturnType<typeof createPublicKey>>()
  for (const path of options.key ?? []) {
    const keys = publicKeysIn(await readFile(resolve(context.terminal.cwd, path), 'utf8'))
    if (keys.size === 0) throw new UsageError(`${path} holds no public key in PEM`)
    for (const [id, key] of keys) found.set(id, key)
  }
  if (found.size > 0 || files.length > 0) return found
  return publicKeysIn(await createAdminClient(await adminTarget(context)).text('/audit/key'))
}

/** A key that is none verifies nothing: the signature is then one of a key that nobody knows. */
function keysOf(written: Readonly<Record<string, string>>): PublicKeys {
  const keys = Object.values(written).flatMap((spki) => {
    try {
      return [createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })]
    } catch {
      return []
    }
  })
  return new Map(keys.map((key) => [keyIdOf(key), key]))
}

/** The server ends a line that a crash cut off and goes on: it says nothing, and keeps no other from being a witness. */
async function witnessesIn({ terminal }: Context, path: string | undefined): Promise<readonly Checkpoint[]> {
  if (path === undefined) return []
  const text = await readFile(resolve(terminal.cwd, path), 'utf8')
  const strange: string[] = []
  const witnesses = text.split('\n').flatMap((line, index) => {
    if (line === '') return []
    const record = parseRecord(line)
    if (record?.kind !== 'checkpoint') {
      strange.push(`line ${index + 1} of ${path} is no checkpoint`)
      return []
    }
    const { kind: _, ...checkpoint } = record
    return [checkpoint]
  })
  const [first] = strange
  if (first !== undefined && witnesses.length === 0) throw new UsageError(first)
  for (const words of strange)
    terminal.err(`${words}: was it cut off by a crash? / チェックポイントではない行があります\n`)
  return witnesses
}

function tell(
  { terminal, format }: Context,
  verification: Verification,
  { isTrusted, keyIds }: { readonly isTrusted: boolean; readonly keyIds: readonly string[] },
): void {
  const { chains, findings, findingCount } = verification
  if (format === 'json') terminal.out(toJson({ ...verification, keys: keyIds, isTrusted }))
  else {
    for (const { chain, exportedAt, events, seq, signedSeq, isClosed } of chains)
      terminal.out(
        `${chain} as of ${printable(exportedAt)}: ${events} events, to number ${seq}, signed to ${signedSeq}${isClosed ? ', closed / 確定済み' : ''}\n`,
      )
    for (const finding of findings) terminal.out(`${printable(lineOf(finding))}\n`)
    if (!isTrusted)
      terminal.err(`the keys are those the file names: ${keyIds.join(', ')} / 鍵の正当性は別途確認してください\n`)
  }
  if (findingCount > 0)
    throw new RefusedError(
      `the audit log is NOT whole: ${findingCount} findings / 監査証跡に${findingCount}件の不整合があります`,
    )
  if (format !== 'json') terminal.out('the audit log is whole / 改ざんは見つかりませんでした\n')
}

function lineOf({ kind, chain, seq, position, eventId, checkpoint, words }: Finding): string {
  const places = [
    seq === undefined ? '' : `number ${seq}`,
    position === undefined ? '' : `position ${position}`,
    eventId === undefined ? '' : `event ${eventId}`,
    checkpoint === undefined ? '' : `checkpoint ${checkpoint}`,
  ].filter((place) => place !== '')
  return `${chain} ${kind}${places.length === 0 ? '' : ` (${places.join(', ')})`}: ${words}`
}
