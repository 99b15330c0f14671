// Invitations on PostgreSQL: each step with its audit event in one transaction; redeeming is once only (docs/adr/0027).

import type pg from 'pg'
import type { Signed } from '../../access/certificates/ports.ts'
import {
  AGAIN_WITHIN_MINUTES,
  type Attempt,
  type InvitationRecord,
  type InvitationState,
  type InvitationStore,
  type InvitedSystem,
  type NewInvitation,
  type Redemption,
  type RefusedBecause,
} from '../../access/onboarding/ports.ts'
import type { Change, Changed } from '../../access/ports.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, type Statement, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'
import { type InvitedRow, invitedColumns, toInvited } from './invited-system.ts'
import { registerIssued } from './issuing.ts'

export function createInvitationStore(pool: pg.Pool): InvitationStore {
  return {
    create: (invitation, secretDigest, change) =>
      transaction(pool, (client) => create(client, { ...invitation, secretDigest }, change)),
    list: async () =>
      (
        await query<RecordRow>(
          pool,
          sql`/* invitations */ select ${recordColumns()} from access.invitation i join access.system s using (system_id)
              order by i.invitation_id desc`,
        )
      ).map(toRecord),
    find: (invitationId) => find(pool, invitationId),
    withdraw: (invitationId, change) => transaction(pool, (client) => withdraw(client, invitationId, change)),
    redeem: (attempt, sign) => transaction(pool, (client) => redeem(client, attempt, sign)),
  }
}

/** In the order of what is for good. */
function stateColumn(): Statement {
  return sql`case when i.redeemed_at is not null then 'redeemed' when i.withdrawn_at is not null then 'withdrawn'
                  when i.expires_at <= now() then 'expired' else 'open' end`
}

function recordColumns(): Statement {
  return sql`i.invitation_id as "invitationId", i.system_id as "systemId", s.facility_id as "facilityId", ${stateColumn()} as state, i.note,
             i.created_at as "createdAt", i.created_by as "createdBy", i.expires_at as "expiresAt", i.redeemed_at as "redeemedAt",
             i.redeemed_from as "redeemedFrom", i.fingerprint, i.withdrawn_at as "withdrawnAt", i.withdrawn_by as "withdrawnBy"`
}

type Moments = 'createdAt' | 'expiresAt' | 'redeemedAt' | 'withdrawnAt'
type Absent = 'note' | 'redeemedFrom' | 'fingerprint' | 'withdrawnBy'

type RecordRow = Omit<InvitationRecord, Moments | Absent> &
  Record<'createdAt' | 'expiresAt', Date> &
  Record<'redeemedAt' | 'withdrawnAt', Date | null> &
  Record<Absent, string | null>

/** A column without a value is an absent member. */
function toRecord(row: RecordRow): InvitationRecord {
  const { createdAt, expiresAt, redeemedAt, withdrawnAt, note, redeemedFrom, fingerprint, withdrawnBy, ...rest } = row
  return {
    ...rest,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    ...(note === null ? {} : { note }),
    ...(redeemedAt === null ? {} : { redeemedAt: redeemedAt.toISOString() }),
    ...(redeemedFrom === null ? {} : { redeemedFrom }),
    ...(fingerprint === null ? {} : { fingerprint }),
    ...(withdrawnAt === null ? {} : { withdrawnAt: withdrawnAt.toISOString() }),
    ...(withdrawnBy === null ? {} : { withdrawnBy }),
  }
}

async function find(client: Queryable, invitationId: string): Promise<InvitationRecord | undefined> {
  const row = await queryOne<RecordRow>(
    client,
    sql`/* one invitation */ select ${recordColumns()} from access.invitation i join access.system s using (system_id)
        where i.invitation_id = ${invitationId}`,
  )
  return row === undefined ? undefined : toRecord(row)
}

async function create(
  client: Queryable,
  given: NewInvitation & { readonly secretDigest: string },
  change: Change,
): Promise<InvitationRecord | 'missing' | 'inactive'> {
  const system = await queryOne<{ readonly is_active: boolean }>(
    client,
    sql`select s.status = 'active' and f.status = 'active' as is_active
        from access.system s join access.facility f using (facility_id) where s.system_id = ${given.systemId} for key share of s`,
  )
  if (system === undefined) return 'missing'
  if (!system.is_active) return 'inactive'
  const row = await queryOne<{ readonly invitationId: string }>(
    client,
    sql`insert into access.invitation (secret_digest, system_id, note, created_by, expires_at)
        values (${given.secretDigest}, ${given.systemId}, ${given.note ?? null}, ${change.by}, now() + make_interval(days => ${given.days}::int))
        returning invitation_id as "invitationId"`,
  )
  const created = row === undefined ? undefined : await find(client, row.invitationId)
  if (created === undefined) throw new Error('insert returned no row')
  const operation = `invitation ${created.invitationId} for system ${given.systemId} created, valid for ${given.days} days`
  await recordChange(client, { ...change, operation, patients: [] })
  return created
}

async function withdraw(client: Queryable, invitationId: string, change: Change): Promise<Changed> {
  const row = await queryOne<{ readonly state: InvitationState }>(
    client,
    sql`select ${stateColumn()} as state from access.invitation i where i.invitation_id = ${invitationId} for update`,
  )
  if (row === undefined) return 'missing'
  if (row.state === 'redeemed') return 'conflict'
  if (row.state === 'withdrawn') return 'unchanged'
  await execute(
    client,
    sql`update access.invitation set withdrawn_at = now(), withdrawn_by = ${change.by} where invitation_id = ${invitationId}`,
  )
  await recordChange(client, { ...change, patients: [] })
  return 'changed'
}

interface InvitationRow extends InvitedRow {
  readonly invitation_id: string
  readonly state: InvitationState
  readonly is_active: boolean
  readonly key_digest: string | null
  /** Of a certificate that is still good, redeemed so short a while ago that the answer may have been lost. */
  readonly pem: string | null
  readonly chain_pem: string | null
}

type Redeemed = Redemption | { readonly kind: 'key in use' }

async function redeem(
  client: Queryable,
  attempt: Attempt,
  sign: (system: InvitedSystem) => Promise<Signed>,
): Promise<Redeemed> {
  // Read before it is locked: a lock is written to disk, and the wait for that would tell a code that was once good from one that never was.
  const seen = decide(await read(client, attempt), attempt)
  if (seen.kind !== 'open') return seen
  await execute(client, sql`select from access.invitation where secret_digest = ${attempt.secretDigest} for update`)
  const locked = decide(await read(client, attempt), attempt)
  if (locked.kind !== 'open') return locked
  const { invitationId, system } = locked
  const signed = await sign(system)
  const kept = await keep(client, { invitationId, attempt, system, signed })
  if (kept === 'key in use') return { kind: 'key in use' }
  return { kind: 'issued', invitationId, system, certificatePem: signed.certificate.pem, chainPem: signed.chainPem }
}

type Decided = Redemption | { readonly kind: 'open'; readonly invitationId: string; readonly system: InvitedSystem }

function decide(row: InvitationRow | undefined, { keyDigest }: Attempt): Decided {
  if (row === undefined) return { kind: 'refused', because: 'unknown' }
  const { invitation_id: invitationId, pem, chain_pem: chainPem } = row
  const system = toInvited(row)
  if (row.is_active && pem !== null && chainPem !== null && row.key_digest === keyDigest)
    return { kind: 'again', invitationId, system, certificatePem: pem, chainPem }
  const because = refusedBecause(row)
  return because === undefined ? { kind: 'open', invitationId, system } : { kind: 'refused', because, invitationId }
}

function refusedBecause({ state, is_active: isActive }: InvitationRow): RefusedBecause | undefined {
  if (state !== 'open') return state
  return isActive ? undefined : 'its system or facility is not active'
}

/** Once it is locked, this sees what became of an attempt that was waited for: each statement sees what was committed before it. */
function read(client: Queryable, { secretDigest }: Attempt): Promise<InvitationRow | undefined> {
  return queryOne<InvitationRow>(
    client,
    sql`/* redeem an invitation */
      select i.invitation_id, ${stateColumn()} as state, s.status = 'active' and f.status = 'active' as is_active, i.key_digest, i.chain_pem,
             (select c.pem from access.client_certificate c
              where c.fingerprint = i.fingerprint and c.status = 'active'
                and i.redeemed_at > now() - make_interval(mins => ${AGAIN_WITHIN_MINUTES}::int)) as pem,
             ${invitedColumns()}
      from access.invitation i join access.system s using (system_id) join access.facility f using (facility_id)
      where i.secret_digest = ${secretDigest}`,
  )
}

interface Kept {
  readonly invitationId: string
  readonly attempt: Attempt
  readonly system: InvitedSystem
  readonly signed: Signed
}

/** Certificate with its audit event, and the end of the invitation. */
async function keep(
  client: Queryable,
  { invitationId, attempt, system, signed }: Kept,
): Promise<'kept' | 'key in use'> {
  const { systemId } = system
  const { certificate, chainPem } = signed
  const by = `invitation:${invitationId}`
  const operation = `invitation ${invitationId} redeemed: certificate ${certificate.fingerprint} of system ${systemId} issued`
  const change = { by, peer: attempt.peer, operation, endpoint: '/onboarding/redeem' }
  const registered = await registerIssued(client, { certificate, systemId, origin: 'request' }, change)
  // Nothing is replaced, so that no fault of a renewal comes.
  if (registered !== 'registered') return 'key in use'
  await execute(
    client,
    sql`update access.invitation set redeemed_at = now(), redeemed_from = ${attempt.peer}, key_digest = ${attempt.keyDigest},
          fingerprint = ${certificate.fingerprint}, chain_pem = ${chainPem} where invitation_id = ${invitationId}`,
  )
  return 'kept'
}
