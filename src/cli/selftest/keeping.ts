// Self-test of what must go on by itself: audit log, audit repositories, certificates, neighbours, and what waits for people.

import { type AdminClient, isObject, type Json, rowsOf, textOf } from '../admin-client.ts'
import { segment } from '../admin-command.ts'
import { type Figure, largest } from './figures.ts'
import { type Finding, failed, passed, warned } from './step.ts'

/** As alerts count (docs/operations/alerts.yml). */
const UNSEALED_SECONDS = 60
const UNSIGNED_SECONDS = 3600
const UNVERIFIED_SECONDS = 172_800
const SOON_DAYS = 30
const MOST_NAMED = 5

/** Whole, sealed, signed and verified (docs/audit.md). */
export function auditStep(figures: readonly Figure[]): Finding {
  const broken = largest(figures, 'tsunagi_audit_chains_broken') ?? 0
  if (broken > 0)
    return failed(
      `${broken} months of the audit log were found changed, cut or out of order`,
      'tsunagi audit months names them; keep database and exports as they are, and tell the auditor (docs/audit.md)',
      `監査ログ${broken}か月分に改変・欠落・順序の異常が見つかりました。tsunagi audit months で確認し、データベースと出力を保全して監査担当者に報告してください。`,
    )
  const unsealed = largest(figures, 'tsunagi_audit_unsealed_oldest_seconds')
  if (unsealed === undefined || largest(figures, 'tsunagi_metrics_readable', { group: 'sealing' }) === 0)
    return warned(
      'how the audit log stands cannot be read',
      'The database answers too late: see database above, and the log of the server',
      '監査ログの状態を取得できません。データベースの状態とサーバのログを確認してください。',
    )
  const unsigned = largest(figures, 'tsunagi_audit_unsigned_oldest_seconds') ?? 0
  const unverified = largest(figures, 'tsunagi_audit_verification_age_seconds')
  const late = [
    ...(unsealed > UNSEALED_SECONDS ? [`events are not sealed since ${spanOf(unsealed)}`] : []),
    ...(unsigned > UNSIGNED_SECONDS ? [`seals are not signed since ${spanOf(unsigned)}`] : []),
    ...((unverified ?? 0) > UNVERIFIED_SECONDS ? [`not verified since ${spanOf(unverified ?? 0)}`] : []),
  ]
  if (late.length > 0)
    return warned(
      late.join('; '),
      'Nothing is lost, but nothing proves it yet: the log of the server says what hinders it (docs/audit.md)',
      `監査ログの封印・署名・検証が遅延しています（${late.join('；')}）。サーバのログで原因を確認してください。`,
    )
  const verified = unverified === undefined ? 'not verified yet' : `verified ${spanOf(unverified)} ago`
  return passed(`sealed, signed, ${verified}`, '監査ログは封印・署名されています。')
}

function spanOf(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

/** Of other people's servers: what does not reach them waits here. */
export async function targetsStep(admin: AdminClient): Promise<Finding> {
  const targets = rowsOf((await admin.get('/audit/targets')).body).filter(({ status }) => status === 'active')
  if (targets.length === 0) return passed('audit records are sent to nobody', '監査レコードの送信先はありません。')
  const down = targets.filter(({ state }) => state === 'unreachable' || state === 'refused')
  if (down.length === 0) return passed(`${targets.length} take audit records`, `送信先${targets.length}件は正常です。`)
  const list = named(down, ({ name, state, lastError }) => `${textOf(name)} ${textOf(state)} (${textOf(lastError)})`)
  return warned(
    `audit records do not leave: ${list}`,
    'They wait here and are sent later; see the address, and certificates of both sides (docs/audit-repositories.md)',
    `監査レコードを送信できない送信先があります（${list}）。レコードは保持され、後で送信されます。接続先と双方の証明書を確認してください。`,
  )
}

export async function expiringStep(admin: AdminClient): Promise<Finding> {
  const rows = rowsOf((await admin.get(`/certificates/expiring?days=${SOON_DAYS}`)).body)
  if (rows.length === 0)
    return passed(`none ends within ${SOON_DAYS} days`, `${SOON_DAYS}日以内に期限切れとなる証明書はありません。`)
  const list = named(rows, ({ kind, name, daysLeft }) => `${textOf(kind)} ${textOf(name)}: ${textOf(daysLeft)} days`)
  const say = rows.some(({ kind, daysLeft }) => kind === 'server' && Number(daysLeft) < 0) ? failed : warned
  return say(
    `${rows.length} end within ${SOON_DAYS} days, or have ended: ${list}`,
    'tsunagi cert expiring lists them; renew them in time (docs/certificates.md)',
    `期限切れ間近または期限切れの証明書が${rows.length}件あります（${list}）。tsunagi cert expiring で確認し、更新してください。`,
  )
}

/** What the latest calls to them came to: nobody is asked anew. */
export async function partnersStep(admin: AdminClient): Promise<Finding> {
  const partners = rowsOf((await admin.get('/partners')).body).filter(({ status }) => status === 'active')
  if (partners.length === 0)
    return passed('no neighbouring community is asked', '照会する隣接ネットワークはありません。')
  const down: string[] = []
  for (const { facilityId } of partners) {
    const { body } = await admin.get(`/partners/${segment(textOf(facilityId))}`)
    const calls = rowsOf(isObject(body) ? (body.calls ?? []) : [])
    const failures = calls
      .filter(isDown)
      .map(({ transaction, lastFailure }) => `${textOf(transaction)} ${textOf(lastFailure)}`)
    if (failures.length > 0) down.push(`${textOf(facilityId)} (${failures.join(', ')})`)
  }
  if (down.length === 0)
    return passed(
      `${partners.length} are asked, none fails`,
      `隣接ネットワーク${partners.length}件に障害はありません。`,
    )
  const list = down.slice(0, MOST_NAMED).join('; ')
  return warned(
    `every call of the last hour failed: ${list}`,
    'tsunagi partner test <facilityId> tells at which step; queries here tell that answers are missing',
    `直近1時間の呼出しがすべて失敗しています（${list}）。tsunagi partner test <facilityId> で確認してください。`,
  )
}

function isDown({ inTheLastHour }: Json): boolean {
  const { succeeded, failed: failures } = isObject(inTheLastHour) ? inTheLastHour : {}
  return Number(failures) > 0 && Number(succeeded) === 0
}

const STUCK = [
  {
    name: 'tsunagi_notifications_parked',
    labels: {},
    what: 'notifications parked (tsunagi notifications list --parked)',
  },
  { name: 'tsunagi_synchronisation_parked', labels: {}, what: 'persons a neighbour could not be told of' },
  { name: 'tsunagi_jobs', labels: { state: 'failed' }, what: 'jobs failed for good' },
  {
    name: 'tsunagi_withheld_messages',
    labels: { state: 'stuck' },
    what: 'StoreClient messages stuck (tsunagi held list, tsunagi quarantine list)',
  },
] as const

export function waitingStep(figures: readonly Figure[]): Finding {
  const found = STUCK.flatMap(({ name, labels, what }) => {
    const count = largest(figures, name, labels) ?? 0
    return count > 0 ? [`${count} ${what}`] : []
  })
  if (found.length === 0) return passed('nothing is stuck', '滞留している処理はありません。')
  return warned(
    found.join('; '),
    'Somebody has to decide: docs/operations/README.md, Every day',
    `判断待ちの処理があります（${found.join('；')}）。`,
  )
}

function named(rows: readonly Json[], words: (row: Json) => string): string {
  const list = rows.slice(0, MOST_NAMED).map(words).join('; ')
  return rows.length > MOST_NAMED ? `${list}; …` : list
}
