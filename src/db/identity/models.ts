// Versioned models of the matcher: weights and frequencies as trained on the network's own data; links name the version that made them.

import type pg from 'pg'
import type { AdministrationStore, LinkSample, ModelView } from '../../identity/administration-ports.ts'
import type { MatchFeatures } from '../../identity/matching/features.ts'
import type { MatchModel } from '../../identity/matching/model.ts'
import type { CandidateRecord } from '../../identity/matching/types.ts'
import type { PersonKey, RecordKey } from '../../identity/ports.ts'
import { transaction } from '../pool.ts'
import { execute, type Queryable, query, queryOne, sql } from '../sql.ts'
import { recordChange } from '../staff-change.ts'
import { scanning } from './scan.ts'

type Models = Pick<
  AdministrationStore,
  'models' | 'model' | 'addModel' | 'activateModel' | 'sampleFeatures' | 'sampleLinks'
>

/** The newest active model; absent while the one that the program brings is in use. */
export function newestModel(
  client: Queryable,
): Promise<{ readonly version: string; readonly model: MatchModel } | undefined> {
  return queryOne(
    client,
    sql`/* the matcher's model */ select version, model from identity.match_model where active order by version desc limit 1`,
  )
}

/** Version of the model that the program brings: it has no row. */
const BUILT_IN = '0'

export function models(pool: pg.Pool): Models {
  return {
    models: () => listed(pool),
    async model(version) {
      const row = await queryOne<{ readonly model: MatchModel }>(
        pool,
        sql`/* a model */ select model from identity.match_model where version = ${version}`,
      )
      return row?.model
    },
    addModel: (model, { by, peer, reason }) =>
      transaction(pool, async (client) => {
        const row = await queryOne<{ readonly version: string }>(
          client,
          sql`/* a new model, not in use yet */
            insert into identity.match_model (model, made_by, note) values (${JSON.stringify(model)}, ${by}, ${reason}) returning version`,
        )
        if (row === undefined) throw new Error('insert returned no row')
        await recordChange(client, { by, peer, operation: `matching model ${row.version} trained`, patients: [] })
        return row.version
      }),
    activateModel: (version, { by, peer, reason }) =>
      transaction(pool, async (client) => {
        const all = await query<{ readonly version: string; readonly active: boolean }>(
          client,
          sql`/* which model counts */ select version, active from identity.match_model order by version for update`,
        )
        if (version !== BUILT_IN && !all.some((one) => one.version === version)) return 'missing'
        if (all.every((one) => one.active === (one.version === version))) return 'unchanged'
        await execute(client, sql`update identity.match_model set active = (version = ${version}) where true`)
        const alert = `matching model ${version} activated`
        await recordChange(client, { by, peer, operation: `${alert}: ${reason}`, alert, patients: [] })
        return 'changed'
      }),
    sampleFeatures: (limit, foldVersion) => scanning(pool, (client) => sampleFeatures(client, limit, foldVersion)),
    sampleLinks: (limit) => scanning(pool, (client) => sampleLinks(client, limit)),
  }
}

async function listed(pool: pg.Pool): Promise<readonly ModelView[]> {
  const rows = await query<Omit<ModelView, 'madeAt'> & { readonly madeAt: Date }>(
    pool,
    sql`/* models */
      select version, made_at as "madeAt", made_by as "madeBy", note, active from identity.match_model order by version`,
  )
  return rows.map((row) => ({ ...row, madeAt: row.madeAt.toISOString() }))
}

/** By a hash of the key: the same records every time, spread over the whole index, obsolete ones left out. */
async function sampleFeatures(
  client: pg.ClientBase,
  limit: number,
  foldVersion: number,
): Promise<readonly MatchFeatures[]> {
  const rows = await query<{ readonly features: MatchFeatures }>(
    client,
    sql`/* a sample of records */
      with chosen as materialized (
        select m.record_id from identity.match_record m join identity.identifier i using (record_id)
        where m.version = ${foldVersion} and i.status = 'active' order by hashint8(m.record_id) limit ${limit})
      select m.features from chosen join identity.match_record m using (record_id)`,
  )
  return rows.map(({ features }) => features)
}

interface LinkRow {
  readonly person_key: PersonKey
  readonly record_id: RecordKey
  readonly domain: string
  readonly features: MatchFeatures
}

/** Of each person chosen, the newest record beside all the others. */
async function sampleLinks(client: pg.ClientBase, limit: number): Promise<readonly LinkSample[]> {
  const rows = await query<LinkRow>(
    client,
    sql`/* a sample of links */
      with person as materialized (
        select person_key from identity.identifier i join identity.match_record m using (record_id)
        where i.status = 'active' group by person_key having count(*) > 1 order by hashint8(person_key) limit ${limit})
      select i.person_key, i.record_id, i.domain, m.features
      from person join identity.identifier i using (person_key) join identity.match_record m using (record_id)
      where i.status = 'active' order by i.person_key, i.record_id desc`,
  )
  const persons = new Map<PersonKey, LinkRow[]>()
  for (const row of rows) persons.set(row.person_key, [...(persons.get(row.person_key) ?? []), row])
  return [...persons].flatMap(([person, [newest, ...others]]) =>
    newest === undefined
      ? []
      : [{ domain: newest.domain, features: newest.features, person: { person, records: others.map(toCandidate) } }],
  )
}

function toCandidate({ record_id, domain, features }: LinkRow): CandidateRecord {
  return { record: record_id, domain, features, vetoed: false }
}
