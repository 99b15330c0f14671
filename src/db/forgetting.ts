// Working state that has lost its use goes by the clock, in small portions, by index (docs/adr/0052; docs/operations/README.md, what is forgotten).

import { KEPT_DAYS as SESSION_DAYS } from './access/sessions.ts'
import { forgetClaims } from './idempotency.ts'
import { execute, type Queryable, type Statement, sql } from './sql.ts'

/** What a community was told of a patient, and told us, that holds no more: the audit log keeps the questions themselves. */
const CORRELATION = '90 days'
/** Longer than a certificate lives, which an old list may be wanted for. */
const LONG = '400 days'
/** A result that nobody asked on for ten minutes is closed; whoever comes for its next page in the meantime is told so. */
const RESULT = '1 day'
const FORGOTTEN_AT_ONCE = 2000
/** Of what is few: a key of two columns is looked for in all of them when many are wanted. */
const FEW_AT_ONCE = 200

export interface Forgotten {
  /** As the log names it. */
  readonly what: string
  /** Some rows whose time is over. @returns how many; none when there is nothing left to forget. */
  readonly forget: (client: Queryable) => Promise<number>
}

/** Each by itself: one that cannot go keeps no other. */
export const FORGOTTEN: readonly Forgotten[] = [
  { what: 'claims of messages', forget: forgetClaims },
  {
    what: 'ids of neighbouring communities that ended',
    forget: removing(
      sql`/* correlations that ended long ago; by correlation_ended */
        delete from identity.correlation where correlation_id = any (array(
          select correlation_id from identity.correlation where ended_at < now() - ${CORRELATION}::interval
          order by ended_at limit ${FORGOTTEN_AT_ONCE} for update skip locked))`,
    ),
  },
  {
    what: 'questions of discovery that ended',
    forget: removing(
      sql`/* questions that ended long ago; by discovery_question_ended */
        delete from identity.discovery_question where question_id = any (array(
          select question_id from identity.discovery_question where ended_at < now() - ${CORRELATION}::interval
          order by ended_at limit ${FORGOTTEN_AT_ONCE} for update skip locked))`,
    ),
  },
  {
    // What staff decided, linked or apart, is why numbers stand as they do.
    what: 'questions of matching that became none',
    forget: removing(
      sql`/* questions that lost their object; by review_item_closed */
        delete from identity.review_item where review_id = any (array(
          select review_id from identity.review_item where state = 'closed' and decided_at < now() - ${LONG}::interval
          order by decided_at limit ${FORGOTTEN_AT_ONCE} for update skip locked))`,
    ),
  },
  {
    // The newest of an authority that signs no more stays: numbers go on from it (RFC 5280 5.2.3).
    what: 'revocation lists',
    forget: removing(
      sql`/* lists that ended long ago; by revocation_list_end */
        delete from access.revocation_list where (authority, number) in (
          select authority, number from access.revocation_list l where next_update < now() - ${LONG}::interval
            and exists (select from access.revocation_list n where n.authority = l.authority and n.number > l.number)
          order by next_update limit ${FEW_AT_ONCE} for update skip locked)`,
    ),
  },
  {
    what: 'orders of PKCS#12',
    forget: removing(
      sql`/* orders that ended long ago; by pkcs12_order_end */
        delete from access.pkcs12_order where order_id = any (array(
          select order_id from access.pkcs12_order where expires_at < now() - ${LONG}::interval
          order by expires_at limit ${FORGOTTEN_AT_ONCE} for update skip locked))`,
    ),
  },
  {
    // Of an authority that is still believed it would be said again.
    what: 'warnings of certificates',
    forget: removing(
      sql`/* warnings of certificates that are gone; by expiry_warning_age */
        delete from access.expiry_warning where (fingerprint, days) in (
          select fingerprint, days from access.expiry_warning w where warned_at < now() - ${LONG}::interval
            and not exists (select from access.trust_anchor a where a.fingerprint = w.fingerprint and a.removed_at is null)
          order by warned_at limit ${FEW_AT_ONCE} for update skip locked)`,
    ),
  },
  {
    what: 'confirmations of replays',
    forget: removing(
      sql`/* dry runs that nobody confirmed, and replays of long ago; by replay_expiry */
        delete from journal.replay where token_digest = any (array(
          select token_digest from journal.replay
          where expires_at < now() - interval '1 day' and (replayed_as is null or expires_at < now() - ${LONG}::interval)
          order by expires_at limit ${FORGOTTEN_AT_ONCE} for update skip locked))`,
    ),
  },
  {
    what: 'sessions',
    forget: removing(
      sql`/* sessions of those who never log on again; by session_started */
        delete from access.session where session_hash = any (array(
          select session_hash from access.session
          where started_at < now() - make_interval(days => ${SESSION_DAYS}) and ended_at is not null
          order by started_at limit ${FORGOTTEN_AT_ONCE} for update skip locked))`,
    ),
  },
  {
    what: 'results of demographics queries',
    forget: removing(
      sql`/* results that nobody reads on; by open_result_used */
        delete from identity.open_result where (system_id, key) in (
          select system_id, key from identity.open_result where used_at < now() - ${RESULT}::interval
          order by used_at limit ${FEW_AT_ONCE} for update skip locked)`,
    ),
  },
]

function removing(statement: Statement): Forgotten['forget'] {
  return (client) => execute(client, statement)
}
