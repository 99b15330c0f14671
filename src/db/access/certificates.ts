// Client certificates of systems on PostgreSQL: what is registered, and its state.

import type pg from 'pg'
import type {
  CertificateFilter,
  CertificateRegister,
  CertificateView,
  StateChange,
} from '../../access/certificates/register-ports.ts'
import type { RevokedEntry, TakenUp } from '../../access/certificates/revocation-list.ts'
import type { AdministrationStore, CertificateRecord, Changed } from '../../access/ports.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordCredentialChange } from '../staff-change.ts'
import { changingCredentials, isThere, outcomeOf, withoutNulls } from './changing.ts'

export function certificates(pool: pg.Pool): Pick<AdministrationStore, 'certificates' | 'addCertificate'> {
  return {
    certificates: (systemId) =>
      query<CertificateRecord>(
        pool,
        sql`/* certificates of a system */
          select fingerprint, system_id as "systemId", serial, subject, issuer, not_before as "notBefore", not_after as "notAfter", status
          from access.client_certificate where system_id = ${systemId} order by not_before`,
      ),
    addCertificate: (systemId, c, change) =>
      changingCredentials(pool, change, async (client) => {
        if (!(await isThere(client, sql`select 1 as there from access.system where system_id = ${systemId}`)))
          return 'missing'
        return outcomeOf(
          client,
          sql`insert into access.client_certificate (fingerprint, system_id, serial, subject, issuer, not_before, not_after, san, key_hash, pem)
              values (${c.fingerprint}, ${systemId}, ${c.serial}, ${c.subject}, ${c.issuer}, ${c.notBefore}, ${c.notAfter},
                      ${c.san ?? []}, ${c.keyHash ?? null}, ${c.pem ?? null}) on conflict do nothing`,
          sql`select true as same from access.client_certificate where fingerprint = ${c.fingerprint} and system_id = ${systemId}`,
        )
      }),
  }
}

export function createCertificateRegister(pool: pg.Pool): CertificateRegister {
  return {
    list: async (filter) => (await query<CertificateView>(pool, listed(filter))).map(withoutNulls),
    find: async (fingerprint) => {
      const row = await queryOne<CertificateView & { readonly pem?: string }>(
        pool,
        sql`/* one certificate */ select ${viewColumns()}, c.pem from ${registered()} where c.fingerprint = ${fingerprint}`,
      )
      return row === undefined ? undefined : withoutNulls(row)
    },
    setState: (fingerprint, state, change) =>
      changingCredentials(pool, change, (client) => setState(client, fingerprint, state)),
    confirm: (fingerprint, change) => changingCredentials(pool, change, (client) => confirm(client, fingerprint)),
  }
}

function registered(): Statement {
  return sql`access.client_certificate c join access.system s using (system_id)`
}

/** An expired certificate that was suspended is expired all the same; a revoked one stays revoked. */
function stateColumn(): Statement {
  return sql`case when c.status <> 'revoked' and c.not_after <= now() then 'expired' else c.status end`
}

function viewColumns(): Statement {
  return sql`c.fingerprint, c.system_id as "systemId", s.facility_id as "facilityId", c.serial, c.subject, c.issuer, c.san, c.terminal, c.origin,
             c.not_before as "notBefore", c.not_after as "notAfter", ${stateColumn()} as status, c.status_since as "statusSince",
             c.revoked_at as "revokedAt", c.revoke_reason as "revokeReason", c.replaced_by as "replacedBy", c.overlap_ends_at as "overlapEndsAt"`
}

function listed({ systemId, facilityId, status }: CertificateFilter): Statement {
  return sql`/* certificates by system, facility and state */
    select ${viewColumns()} from ${registered()}
    where (${systemId ?? null}::text is null or c.system_id = ${systemId ?? null})
      and (${facilityId ?? null}::text is null or s.facility_id = ${facilityId ?? null})
      and (${status ?? null}::text is null or ${stateColumn()} = ${status ?? null})
    order by c.system_id, c.not_before, c.fingerprint`
}

/** Revoked is for ever: to take it back is a conflict. */
async function setState(client: Queryable, fingerprint: string, { status, reason }: StateChange): Promise<Changed> {
  // Before any row, as whoever issues.
  if (status === 'revoked' && reason === 'keyCompromise') await holdKeys(client)
  const found = await queryOne<Pick<CertificateRecord, 'status'>>(
    client,
    sql`select status from access.client_certificate where fingerprint = ${fingerprint} for update`,
  )
  if (found === undefined) return 'missing'
  if (status === 'revoked' && reason === 'keyCompromise') return compromise(client, fingerprint)
  if (found.status === status) return 'unchanged'
  if (found.status === 'revoked') return 'conflict'
  if (status === 'revoked') await revoke(client, [fingerprint], reason ?? 'unspecified')
  else
    await execute(
      client,
      sql`update access.client_certificate set status = ${status}, status_since = now() where fingerprint = ${fingerprint}`,
    )
  return 'changed'
}

/**
 * Whoever has the key may have renewed the certificate with it, and confirmed that, so that it is revoked already: what replaced it, and what
 * replaced that, is not to be trusted either, nor any other certificate of these keys. One that was revoked for another reason has this one
 * from now on: its key must not be certified again.
 */
async function compromise(client: Queryable, fingerprint: string): Promise<Changed> {
  const told = await query<Pick<CertificateRecord, 'fingerprint'>>(
    client,
    sql`/* a certificate, all that followed it by renewal, and all of their keys */
      with recursive compromised as (
        select fingerprint, replaced_by, key_hash from access.client_certificate where fingerprint = ${fingerprint}
        union select c.fingerprint, c.replaced_by, c.key_hash
        from access.client_certificate c join compromised k on c.fingerprint = k.replaced_by or c.key_hash = k.key_hash)
      select c.fingerprint from access.client_certificate c join compromised using (fingerprint)
      where c.status <> 'revoked' or c.revoke_reason is distinct from 'keyCompromise' order by c.fingerprint for update of c`,
  )
  if (told.length === 0) return 'unchanged'
  await revoke(
    client,
    told.map((one) => one.fingerprint),
    'keyCompromise',
  )
  return 'changed'
}

/** What was revoked before was revoked then. */
async function revoke(client: Queryable, fingerprints: readonly string[], reason: string): Promise<void> {
  await execute(
    client,
    sql`update access.client_certificate
        set status = 'revoked', status_since = case when status = 'revoked' then status_since else now() end,
            revoked_at = coalesce(revoked_at, now()), revoke_reason = ${reason}
        where fingerprint = any(${fingerprints})`,
  )
}

async function confirm(client: Queryable, fingerprint: string): Promise<Changed> {
  const found = await queryOne<{ readonly isGood: boolean }>(
    client,
    sql`select status = 'active' and not_after > now() as "isGood" from access.client_certificate where fingerprint = ${fingerprint} for update`,
  )
  if (found === undefined) return 'missing'
  const old = await query<Pick<CertificateRecord, 'fingerprint' | 'status'>>(
    client,
    sql`select fingerprint, status from access.client_certificate where replaced_by = ${fingerprint} order by fingerprint for update`,
  )
  if (old.length === 0 || !found.isGood) return 'conflict'
  const standing = old.filter(({ status }) => status !== 'revoked').map((one) => one.fingerprint)
  if (standing.length === 0) return 'unchanged'
  await revoke(client, standing, 'superseded')
  return 'changed'
}

interface Superseded {
  readonly fingerprint: string
  readonly systemId: string
}

/**
 * Revokes what has been replaced when its overlap is over, each with its audit event. A certificate whose replacement is not good any more,
 * nor what replaced that, is left alone: its system would be cut off.
 */
export async function endOverlaps(pool: pg.Pool, now: Date): Promise<readonly Superseded[]> {
  return transaction(pool, async (client) => {
    const ended = await query<Superseded>(
      client,
      sql`/* overlaps that are over */
        select c.fingerprint, c.system_id as "systemId" from access.client_certificate c
        where c.overlap_ends_at <= ${now} and c.status <> 'revoked' and c.not_after > ${now}
          and exists (
            with recursive followed as (
              select n.fingerprint, n.status, n.not_after, n.replaced_by from access.client_certificate n where n.fingerprint = c.replaced_by
              union select n.fingerprint, n.status, n.not_after, n.replaced_by
              from access.client_certificate n join followed f on n.fingerprint = f.replaced_by)
            select from followed f where f.status = 'active' and f.not_after > ${now} and f.fingerprint <> c.fingerprint)
        order by c.fingerprint for update of c skip locked`,
    )
    if (ended.length === 0) return []
    const fingerprints = ended.map(({ fingerprint }) => fingerprint)
    await revoke(client, fingerprints, 'superseded')
    for (const { fingerprint, systemId } of ended)
      await recordCredentialChange(client, {
        by: 'upkeep',
        peer: 'localhost',
        operation: `certificate ${fingerprint} of system ${systemId} revoked (superseded): its overlap is over`,
        patients: [],
      })
    return ended
  })
}

interface Listed {
  readonly serial: string
  readonly fingerprint: string | null
  readonly systemId: string | null
  readonly status: 'active' | 'suspended' | 'revoked' | null
  readonly since: Date
  readonly reason: string
}

/** What a published list has and an older database has not: those that it knows are ended again, each with its audit event. */
export async function takeUpRevocations(
  client: Queryable,
  issuer: string,
  { number, entries }: { readonly number: bigint; readonly entries: readonly RevokedEntry[] },
): Promise<Omit<TakenUp, 'number'>> {
  await holdKeys(client)
  const listed = await query<Listed>(
    client,
    sql`/* certificates of a published list */
      select l.serial, l.since, l.reason, c.fingerprint, c.system_id as "systemId", c.status
      from unnest(${entries.map(({ serial }) => serial)}::text[], ${entries.map(({ since }) => since.toISOString())}::timestamptz[],
                  ${entries.map(({ reason }) => reason)}::text[]) as l(serial, since, reason)
      left join access.client_certificate c on c.issuer = ${issuer} and upper(ltrim(c.serial, '0')) = upper(ltrim(l.serial, '0'))
      order by c.fingerprint, l.serial`,
  )
  const again: string[] = []
  for (const { fingerprint, systemId, status, since, reason } of listed) {
    const isHeld = reason === 'certificateHold'
    if (fingerprint === null || status === 'revoked' || (isHeld && status === 'suspended')) continue
    const changed = await execute(
      client,
      isHeld
        ? sql`update access.client_certificate set status = 'suspended', status_since = ${since}
              where fingerprint = ${fingerprint} and status = 'active'`
        : sql`update access.client_certificate set status = 'revoked', status_since = ${since}, revoked_at = ${since}, revoke_reason = ${reason}
              where fingerprint = ${fingerprint} and status <> 'revoked'`,
    )
    if (changed === 0) continue
    again.push(fingerprint)
    await recordCredentialChange(client, {
      by: 'upkeep',
      peer: 'localhost',
      operation: `certificate ${fingerprint} of system ${systemId} ${isHeld ? 'suspended' : 'revoked'} again (${reason}): the database is older than the revocation list ${number}, which has it`,
      patients: [],
    })
  }
  return { again, unknown: listed.flatMap(({ fingerprint, serial }) => (fingerprint === null ? [serial] : [])) }
}

/** Until the end of the transaction nobody else certifies a key, nor says that one was stolen. */
export async function holdKeys(client: Queryable): Promise<void> {
  await execute(client, sql`select pg_advisory_xact_lock(hashtext('keys of client certificates'))`)
}

/** A number of ours among the advisory locks of the database. */
const SERVER_RENEWAL_LOCK = 250_025

/** Until the end of the transaction; false while another process has it. */
export async function holdServerRenewal(client: Queryable): Promise<boolean> {
  const row = await queryOne<{ readonly held: boolean }>(
    client,
    sql`select pg_try_advisory_xact_lock(${SERVER_RENEWAL_LOCK}) as held`,
  )
  return row?.held === true
}
