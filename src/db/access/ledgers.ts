// Ledgers of a facility and month on PostgreSQL (管理台帳, idlink C-11), read page by page.

import type pg from 'pg'
import type { LedgerKind, LedgerRequest, LedgerRow, LedgerStore } from '../../access/administration/ledger-ports.ts'
import type { Change } from '../../access/ports.ts'
import { transaction } from '../pool.ts'
import { query, type Statement, sql } from '../sql.ts'
import { recordLedger } from '../staff-change.ts'

const PAGE_ROWS = 500

/** Where to go on: moments as PostgreSQL writes them, to the microsecond. */
interface Place {
  readonly at: string
  readonly id: string
}

interface PagedRow extends Place {
  /** Null for an event that is none of the facility's. */
  readonly row: LedgerRow | null
}

interface Page {
  readonly facilityId: string
  readonly after: Place
  /** Moment at which the month is over. */
  readonly end: string
}

export function ledgers(pool: pg.Pool): LedgerStore {
  return { ledger: (request, change) => pages(pool, request, change) }
}

async function* pages(pool: pg.Pool, request: LedgerRequest, change: Change): AsyncGenerator<readonly LedgerRow[]> {
  await transaction(pool, (client) => recordLedger(client, { ...change, patients: [] }))
  const { facilityId, month } = request
  let after: Place = { at: beginOf(month), id: '-1' }
  for (;;) {
    const rows = await query<PagedRow>(
      pool,
      READERS[request.ledger]({ facilityId, after, end: beginOf(nextMonth(month)) }),
    )
    yield rows.flatMap(({ row }) => (row === null ? [] : [row]))
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE_ROWS) return
    after = last
  }
}

function beginOf(month: string): string {
  return `${month}-01T00:00:00+09:00`
}

function nextMonth(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7)
}

/** Every event of a number of the facility: when it came, whose it became, who did it. */
const links = ({ facilityId, after, end }: Page): Statement => sql`/* ledger of links */
  select h.at::text as at, h.history_id as id,
         jsonb_build_object('time', h.at, 'event', h.event, 'patientNumber', h.value, 'by', h.by, 'reason', h.reason) as row
  from identity.identifier_history h
  where h.domain = (select oid from identity.domain where kind = 'facility' and facility_id = ${facilityId})
    and (h.at, h.history_id) > (${after.at}::timestamptz, ${after.id}::bigint) and h.at < ${end}::timestamptz
  order by h.at, h.history_id limit ${PAGE_ROWS}`

/**
 * Consents recorded, changed and withdrawn: those taken at the facility, and those of patients who have a number there. Each version
 * gives a row for its beginning (an even id) and one for its withdrawal (an odd one).
 */
const consents = ({ facilityId, after, end }: Page): Statement => sql`/* ledger of consents */
  with next as (
    (select recorded_at as at, consent_id * 2 as id, consent_id, recorded_by as by, 'recorded' as event from access.consent
     where recorded_at >= ${after.at}::timestamptz and (recorded_at, consent_id * 2) > (${after.at}::timestamptz, ${after.id}::bigint)
       and recorded_at < ${end}::timestamptz
     order by recorded_at, consent_id limit ${PAGE_ROWS})
    union all
    (select withdrawn_at, consent_id * 2 + 1, consent_id, withdrawn_by, 'withdrawn' from access.consent
     where withdrawn_at >= ${after.at}::timestamptz and (withdrawn_at, consent_id * 2 + 1) > (${after.at}::timestamptz, ${after.id}::bigint)
       and withdrawn_at < ${end}::timestamptz and replaced_by is null
     order by withdrawn_at, consent_id limit ${PAGE_ROWS})
    order by at, id limit ${PAGE_ROWS})
  select e.at::text as at, e.id, case when c.taken_at = ${facilityId} or own.value is not null then jsonb_build_object(
           'time', e.at, 'event', case when e.event = 'recorded' and c.reason is not null then 'changed' else e.event end,
           'patientNumber', coalesce(own.value, ''), 'consentId', c.consent_id::text, 'kind', c.kind,
           'relation', coalesce(c.relation, ''), 'form', coalesce(c.form, ''), 'givenOn', coalesce(c.given_on::text, ''),
           'textVersion', coalesce(c.text_version, ''), 'takenBy', coalesce(c.taken_by, ''), 'takenAt', coalesce(c.taken_at, ''),
           'evidence', coalesce(c.evidence, ''), 'by', e.by) end as row
  from next e
  join access.consent c using (consent_id)
  left join lateral (
    select i.value from identity.domain d
    join identity.identifier i on i.domain = d.oid and i.person_key = c.person_key and i.status = 'active'
    where d.kind = 'facility' and d.facility_id = ${facilityId} order by i.second, i.value limit 1) own on true
  order by e.at, e.id`

const READERS: Readonly<Record<LedgerKind, (page: Page) => Statement>> = { links, consents }
