// Self-test of what lies on the disk: modes of secrets, the data directory and its room (security: secrets; docs/operations/README.md).

import { constants } from 'node:fs'
import { access, readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { refuseOpenSecrets } from '../../app/secret-files.ts'
import { pkiPaths } from '../../certificates/pki-directory.ts'
import { type Config, ConfigError } from '../../config/config.ts'
import { refuseOpenFile } from '../../config/secret-file.ts'
import { pkiDirectory } from '../context.ts'
import { type Finding, failed, passed, warned } from './step.ts'

const GIB = 1024 ** 3
/** Below this the server is not ready. */
const LEAST_FREE = GIB
/** Below these an alert is due (docs/operations/alerts.yml, TsunagiDiskLow). */
const LITTLE_FREE = 5 * GIB
const LITTLE_SHARE = 0.1

/** With secrets that others may read no server starts; keys of systems that lie here too are only lent to it. */
export async function secretsStep(config: Config): Promise<Finding> {
  const problems = await problemsOf(() => refuseOpenSecrets(config))
  if (problems.length > 0)
    return failed(
      problems.join('; '),
      'Run the command that stands there; the server does not start before. Who may have read the file meanwhile? Then make a new secret',
      `他の利用者が読める秘密ファイルがあります。表示された chmod を実行してください（このままではサーバは起動しません）。${problems.join('；')}`,
    )
  const open = (
    await Promise.all(
      (await clientKeys(config)).map((path) => problemsOf(() => refuseOpenFile(path, 'key of a system'))),
    )
  ).flat()
  if (open.length > 0)
    return warned(
      open.join('; '),
      'Hand keys to their systems and remove them here, or run the command that stands there',
      `システムの秘密鍵を他の利用者が読めます。各システムに渡して削除するか、chmod 600 を実行してください。${open.join('；')}`,
    )
  return passed('secrets can be read by their owner alone', '秘密ファイルの権限は正しく設定されています。')
}

async function problemsOf(check: () => Promise<void> | void): Promise<readonly string[]> {
  try {
    await check()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

async function clientKeys(config: Config): Promise<readonly string[]> {
  const { clients } = pkiPaths(pkiDirectory(config))
  const names = await readdir(clients).catch(() => [])
  return names.filter((name) => name.endsWith('.key')).map((name) => join(clients, name))
}

/** Nothing is written here: whether the server can, it tries itself (/readyz). */
export async function dataDirectoryStep({ dataDir }: Config): Promise<Finding> {
  for (const directory of [dataDir, join(dataDir, 'config'), join(dataDir, 'documents')]) {
    const fault = await faultOf(directory)
    if (fault !== undefined)
      return failed(
        `${directory} ${fault}`,
        'Run this as the user of the server, with its --data-dir or configuration; a storage that has become read-only is mounted again',
        `${directory} を使用できません（${fault}）。サーバと同じ利用者・同じ --data-dir で実行しているか、読み取り専用になっていないか確認してください。`,
      )
  }
  const { bavail, bsize, blocks } = await statfs(dataDir)
  return roomFinding(bavail * bsize, blocks * bsize)
}

async function faultOf(directory: string): Promise<string | undefined> {
  try {
    if (!(await stat(directory)).isDirectory()) return 'is not a directory'
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return FAULTS[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message
  }
}

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is below a file',
  EACCES: 'may not be read and written by this user',
  EROFS: 'lies on a storage that cannot be written',
}

export function roomFinding(free: number, size: number): Finding {
  const share = size === 0 ? 0 : free / size
  const room = `${gibOf(free)} GiB of ${gibOf(size)} GiB free`
  const ja = `空き容量 ${gibOf(free)} GiB（全体 ${gibOf(size)} GiB）`
  if (free < LEAST_FREE)
    return failed(
      room,
      'Below 1 GiB the server takes no messages: extend the disk now (docs/operations/README.md, Disks)',
      `${ja}。1 GiB未満では電文を受け付けません。直ちにディスクを拡張してください。`,
    )
  if (free < LITTLE_FREE || share < LITTLE_SHARE)
    return warned(
      room,
      'Less than 10 % or 5 GiB: extend the disk (docs/operations/README.md, Disks)',
      `${ja}。10%または5 GiBを下回っています。ディスクの拡張を計画してください。`,
    )
  return passed(`can be read and written, ${room}`, `読み書き可能です。${ja}`)
}

function gibOf(bytes: number): string {
  return (bytes / GIB).toFixed(1)
}
