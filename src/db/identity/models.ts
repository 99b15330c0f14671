// Versioned models of the matcher: weights and frequencies as trained on the network's own data; links name the version that made them.

import type { MatchModel } from '../../identity/matching/model.ts'
import { type Queryable, queryOne, sql } from '../sql.ts'

/** The newest active model; absent while the one that the program brings is in use. */
export function newestModel(
  client: Queryable,
): Promise<{ readonly version: string; readonly model: MatchModel } | undefined> {
  return queryOne(
    client,
    sql`/* the matcher's model */ select version, model from identity.match_model where active order by version desc limit 1`,
  )
}
