// Self-test of the running server by its management port: does it live, is it ready, is it the one that the configuration means.

import { readFileSync } from 'node:fs'
import { request } from 'undici'
import type { Config } from '../../config/config.ts'
import { type AdminClient, isObject, type Json, textOf } from '../admin-client.ts'
import { type Figure, readFigures } from './figures.ts'
import { codeOf, type Finding, failed, passed, reasonOf, warned } from './step.ts'

/** /readyz gives up after a second by itself. */
const ANSWER_MS = 10_000

interface Answer {
  readonly status: number
  readonly text: string
}

/** A page that needs no token. */
async function page(url: string): Promise<Answer> {
  const timeouts = { headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS }
  const { statusCode, body } = await request(url, timeouts)
  return { status: statusCode, text: await body.text() }
}

/** The object that an answer is; an empty one for anything else. */
export function jsonOf(text: string): Json {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

export async function serverStep(baseUrl: string): Promise<Finding> {
  try {
    const { status, text } = await page(`${baseUrl}/livez`)
    if (status === 200 && jsonOf(text).status === 'ok') return passed('the server runs', 'サーバは稼働しています。')
    return failed(
      `something else than this server answers (HTTP ${status})`,
      'Another program has the port: see who (ss -ltnp), and what management.port is (tsunagi config explain)',
      `別のプログラムが応答しています（HTTP ${status}）。management.port と、ポートの使用状況（ss -ltnp）を確認してください。`,
    )
  } catch (error) {
    return codeOf(error) === 'ECONNREFUSED' ? NOT_RUNNING : silent(reasonOf(error))
  }
}

const NOT_RUNNING = failed(
  'nothing listens there: the server does not run, or with other settings',
  'Start it (tsunagi serve, or its service), and read the end of its log if it does not stay; else see management.host and management.port (tsunagi config explain)',
  '接続できません。サーバが起動していないか、別の設定で動作しています。サーバを起動し、起動しない場合はログの末尾を確認してください。',
)

function silent(reason: string): Finding {
  return failed(
    `no answer (${reason})`,
    'The process is there but held up, or a firewall of this machine is in the way: see its log and its processor time; restart it if it stays so, nothing acknowledged is lost',
    `応答がありません（${reason}）。ログとCPU使用率を確認し、続く場合は再起動してください。送達確認済みのデータは失われません。`,
  )
}

/** What /readyz finds wrong, and what helps. */
const READINESS: Readonly<Record<string, { readonly hint: string; readonly ja: string }>> = {
  database: {
    hint: 'Does PostgreSQL run, can it be reached, has its disk room, is it a standby? See its log (postgres/postgres.log in the data directory)',
    ja: 'PostgreSQLの稼働、接続、ディスクの空き、スタンバイでないことを確認してください。',
  },
  documents: {
    hint: 'documents/incoming in the data directory belongs to the user of the server, on a storage that can be written and has room for names (df -i)',
    ja: 'documents/incoming の所有者・権限、マウント状態、iノードの空き（df -i）を確認してください。',
  },
  disk: {
    hint: 'Extend the disk of the data directory (docs/operations/README.md, Disks)',
    ja: 'データディレクトリのディスクを拡張してください。',
  },
  drain: {
    hint: 'It was told to stop and finishes what it has begun; start it again afterwards',
    ja: '停止処理中です。終了後に再度起動してください。',
  },
  checks: {
    hint: 'The database answers too late: look at its load and locks (pg_stat_activity)',
    ja: 'データベースの応答が遅延しています。負荷とロック（pg_stat_activity）を確認してください。',
  },
}

/** Database, place of documents and room, as the server itself tries them. */
export async function readinessStep(baseUrl: string): Promise<Finding> {
  const { status, text } = await page(`${baseUrl}/readyz`)
  const { checks } = jsonOf(text)
  const all = Object.entries(isObject(checks) ? checks : {})
  const wrong = all.filter(([, found]) => found !== 'ok')
  const list = (wrong.length > 0 ? wrong : all).map(([name, found]) => `${name}: ${textOf(found)}`).join(', ')
  if (status === 200) return passed(`it takes messages (${list})`, `電文を受け付けられます（${list}）。`)
  const words = wrong.flatMap(([name]) => READINESS[name] ?? [])
  return failed(
    `it takes no messages now (${list || `HTTP ${status}`})`,
    words.map(({ hint }) => hint).join('. ') || 'See the log of the server',
    `電文を受け付けられません（${list}）。${words.map(({ ja }) => ja).join('') || 'サーバのログを確認してください。'}`,
  )
}

export async function readFiguresOf(baseUrl: string): Promise<readonly Figure[]> {
  const { status, text } = await page(`${baseUrl}/metrics`)
  if (status !== 200) throw new Error(`/metrics answered HTTP ${status}`)
  return readFigures(text)
}

export function versionStep(figures: readonly Figure[]): Finding {
  const running = figures.find(({ name }) => name === 'tsunagi_build_info')?.labels
  const own = ownVersion()
  if (running?.version === own) return passed(`version ${own}, Node ${running.node ?? ''}`, `バージョン ${own}`)
  const other = running?.version ?? 'unknown'
  return warned(
    `the server runs version ${other}, these files are ${own}`,
    'Restart the server to run what is installed here, or use the command of its own version',
    `稼働中のバージョンは ${other}、このコマンドは ${own} です。サーバを再起動するか、同じバージョンのコマンドを使用してください。`,
  )
}

function ownVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return textOf(jsonOf(text).version)
}

/** What the running server says of itself must be what the configuration says now: else the next start would change it. */
export async function settingsStep(config: Config, admin: AdminClient): Promise<Finding> {
  const { body } = await admin.get('/network')
  const differences = differencesOf(config, isObject(body) ? body : {})
  if (differences.length === 0)
    return passed(
      'the running server has the identifiers, addresses and access mode of this configuration',
      '稼働中のサーバの識別子・アドレス・アクセス方式は、この設定と一致しています。',
    )
  return failed(
    differences.join('; '),
    'The server was started with another configuration, or before it was changed: run this with the same --config, --data-dir, --set and variables as the server, or restart the server',
    `稼働中のサーバの設定がこの設定と異なります（${differences.join('；')}）。サーバと同じ設定で実行するか、サーバを再起動してください。`,
  )
}

function differencesOf(config: Config, running: Json): readonly string[] {
  const compared: readonly [setting: string, ours: string | number, theirs: unknown][] = [
    ['community.homeCommunityId', config.community.homeCommunityId, running.homeCommunityId],
    ['repository.uniqueId', config.repository.uniqueId, running.repositoryUniqueId],
    ['identity.affinityDomainAuthority', config.identity.affinityDomainAuthority, running.affinityDomainAuthority],
    ['access.mode', config.access.mode, running.accessMode],
    ['https.publicUrl', config.https.publicUrl, running.publicUrl],
    ['https.port', config.https.port, running.httpsPort],
    ['mllp.storeclient.port', config.mllp.storeclient.port, running.mllpPort],
  ]
  return compared
    .filter(([, ours, theirs]) => ours !== theirs)
    .map(([setting, ours, theirs]) => `${setting} is ${ours} here and ${textOf(theirs) || 'unknown'} there`)
}
