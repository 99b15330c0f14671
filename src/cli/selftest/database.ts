// Self-test of the database beside the server: the schema of this version, and the clocks.

import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import type { DatabaseLook } from '../../db/look.ts'
import { type Finding, failed, passed, reasonOf, skipped, warned } from './step.ts'

/** Undefined when our own PostgreSQL does not run. @throws {Error} when the database cannot be reached. */
export async function lookAt(config: Config): Promise<DatabaseLook | undefined> {
  const { findOwnDatabase, lookAtDatabase } = await import('../../db/look.ts')
  const { url } = config.database
  const connection =
    url === undefined ? await findOwnDatabase(join(config.dataDir, 'postgres')) : { connectionString: url }
  return connection === undefined ? undefined : lookAtDatabase(connection)
}

/** @param look rejects with why the database could not be looked at. */
export async function schemaStep(look: Promise<DatabaseLook | undefined>): Promise<Finding> {
  let found: DatabaseLook | undefined
  try {
    found = await look
  } catch (error) {
    const reason = reasonOf(error)
    return failed(
      `the database cannot be looked at: ${reason}`,
      'See database.url (tsunagi config explain), name, password, certificate and pg_hba.conf of the database, and whether it runs; our own is looked at as the user of the server',
      `データベースを確認できません（${reason}）。database.url、認証情報、pg_hba.conf、稼働状況を確認してください。`,
    )
  }
  if (found === undefined)
    return skipped(
      'our own PostgreSQL does not run; it starts with the server',
      '内蔵PostgreSQLは停止しています（サーバとともに起動します）。',
    )
  if (found.missing.length === 0) return passed('the schema is that of this version', 'データベースの構造は最新です。')
  return failed(
    `schema changes are missing: ${found.missing.join(', ')}`,
    'Restart the server, which applies them, or run tsunagi migrate',
    `未適用の移行があります（${found.missing.join('、')}）。サーバを再起動するか、tsunagi migrate を実行してください。`,
  )
}

/** Consistent Time asks for a second (ITI TF-2 3.1). */
const OFF_MS = 1000
/** From here on assertions, consents and certificates begin and end wrongly. */
const FAR_OFF_MS = 60_000
/** A Date header has no fraction of a second. */
const DATE_MS = 1000

export interface ClockTelling {
  /** What tells it, in the order English, Japanese. */
  readonly of: readonly [string, string]
  readonly aheadMs: number
  /** How exact that is. */
  readonly uncertainMs: number
}

export function databaseClock(look: DatabaseLook): ClockTelling {
  return { of: ['the database', 'データベース'], aheadMs: look.aheadMs, uncertainMs: look.tookMs / 2 }
}

/** By the Date header of an answer that took so long. Undefined without one. */
export function doorClock(
  date: string | undefined,
  { sentAt, heardAt }: { sentAt: number; heardAt: number },
): ClockTelling | undefined {
  const told = Date.parse(date ?? '')
  if (Number.isNaN(told)) return undefined
  const aheadMs = told + DATE_MS / 2 - (sentAt + heardAt) / 2
  return { of: ['the server', 'サーバ'], aheadMs, uncertainMs: DATE_MS / 2 + (heardAt - sentAt) / 2 }
}

/** Whether clocks agree with that of this machine; which of them is right only its time service knows. */
export function clockStep(tellings: readonly ClockTelling[]): Finding {
  if (tellings.length === 0)
    return skipped('neither server nor database tells its time', 'サーバ・データベースの時刻を確認できません。')
  const surely = (telling: ClockTelling) => Math.max(0, Math.abs(telling.aheadMs) - telling.uncertainMs)
  const worst = Math.max(...tellings.map(surely))
  const en = tellings.map(({ of, aheadMs }) => `${of[0]} ${secondsOf(aheadMs)} s`).join(', ')
  const ja = tellings.map(({ of, aheadMs }) => `${of[1]} ${secondsOf(aheadMs)}秒`).join('、')
  if (worst <= OFF_MS) return passed(`clocks agree with this machine: ${en}`, `時刻は一致しています（${ja}）。`)
  const say = worst > FAR_OFF_MS ? failed : warned
  return say(
    `clocks do not agree with this machine: ${en}`,
    'Have all machines follow the same time servers (chronyc tracking, timedatectl); times in the audit log are of the server and the database',
    `この機器との時刻差があります（${ja}）。全機器でNTPの同期（chronyc tracking、timedatectl）を確認してください。`,
  )
}

function secondsOf(ms: number): string {
  const text = (ms / 1000).toFixed(1)
  return ms < 0 ? text : `+${text}`
}
