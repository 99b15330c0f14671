// What a neighbouring community is told and asked of patients, on a real PostgreSQL (ITI TF-2 3.44.4, 3.45.4; idlink X-3; docs/adr/0043).

import t from 'tap'
import { createSynchronisationStore, synchronisationStates } from '../../src/db/synchronisation/administration.ts'
import { linkRecord, unlinkRecord } from '../../src/identity/linking.ts'
import { AFFINITY, DOMAIN_A, HANA, idIn } from '../identity/in-memory.ts'
import { EAST, openSynchronised } from './synchronising.ts'

const {
  pool,
  ports,
  neighbour,
  work,
  sweep,
  add,
  revise,
  merge,
  theirAdd,
  consent,
  withdraw,
  theirsOf,
  conflictOf,
  personOf,
} = await openSynchronised(t)
const KIN = { by: 'staff', peer: '127.0.0.1:1', reason: 'asked the family' }

let people = 0
/** Nobody resembles anybody. */
function someone() {
  people += 1
  const kana = 'アカサタナハマヤラワ'.charAt(people % 10) + 'ンヌネノヒフヘホミム'.charAt(Math.floor(people / 10) % 10)
  return {
    ...HANA,
    names: [
      { representation: 'IDE' as const, family: `架空${people}`, given: `花${people}` },
      { representation: 'SYL' as const, family: `カクウ${kana}`, given: `${kana}ハナ` },
    ],
    birthTime: `19${40 + (people % 50)}0${1 + (people % 9)}1${people % 10}`,
    telecoms: [],
    addresses: [],
  }
}

t.beforeEach(async () => {
  await work()
  neighbour.heard.length = 0
  neighbour.messages.length = 0
  neighbour.answer = 'accepted'
  neighbour.meanwhile = async () => {}
  neighbour.knows.clear()
})

t.test(
  'who consents to sharing is fed, then asked about; what changes later is revised (3.44.4.1.1, 3.44.4.2.1)',
  async (t) => {
    const id = await add('A-1', someone())
    await work()
    t.same(neighbour.heard, [], 'nobody is told of who did not consent')
    await consent(id, false)
    await work()
    t.same(neighbour.heard, [], 'nor of who consented to less')
    await consent(id)
    await work()
    t.same(neighbour.heard, [`add ${id.value}`, `ask ${id.value}`])
    const other = someone()
    await revise('A-1', other)
    await work()
    t.same(neighbour.heard.slice(2), [`revise ${id.value}`, `ask ${id.value}`])
    t.match(neighbour.messages[2], { content: { demographics: { names: other.names, birthTime: other.birthTime } } })
    await revise('A-1', other)
    await work()
    t.equal(neighbour.heard.length, 4, 'nothing new is no news')
  },
)

t.test(
  'a withdrawn consent stops the feed, also of what waited; given again, all is told anew (idlink X-3)',
  async (t) => {
    const id = await add('A-2', someone())
    await consent(id)
    neighbour.answer = 'busy'
    await work()
    t.same(neighbour.heard, [`add ${id.value}`])
    await withdraw(id)
    neighbour.answer = 'accepted'
    await work()
    await revise('A-2', someone())
    await work()
    t.equal(neighbour.heard.length, 1, 'nothing leaves any more')
    await consent(id)
    await work()
    t.same(neighbour.heard.slice(1), [`add ${id.value}`, `ask ${id.value}`])
    await withdraw(id)
    await work()
    await consent(id)
    await work()
    t.same(neighbour.heard.slice(3), [`revise ${id.value}`], 'it may have forgotten; what it says of it, it will tell')
  },
)

t.test(
  'the same message is sent until it is answered, and what is newer follows it (reliability: outbox)',
  async (t) => {
    const id = await add('A-3', someone())
    await consent(id)
    neighbour.answer = 'busy'
    await work()
    await revise('A-3', someone())
    neighbour.answer = 'accepted'
    await work()
    t.same(neighbour.heard, [`add ${id.value}`, `add ${id.value}`, `revise ${id.value}`, `ask ${id.value}`])
    const [first, second, third] = neighbour.messages
    t.same(second, first)
    t.not(third?.messageId, first?.messageId)
  },
)

t.test('what changes while a message is under way is told after it', async (t) => {
  const id = await add('A-4', someone())
  await consent(id)
  let changed = false
  neighbour.meanwhile = async () => {
    if (!changed) await revise('A-4', someone())
    changed = true
  }
  await work()
  await work()
  t.same(neighbour.heard, [`add ${id.value}`, `revise ${id.value}`, `ask ${id.value}`])
})

t.test('a merge follows the feed of the id that survives (3.44.4.3.1)', async (t) => {
  const [gone, stays] = [await add('A-5', someone()), await add('A-6', someone())]
  await consent(gone)
  await consent(stays)
  await work()
  neighbour.heard.length = 0
  await merge('A-5', 'A-6')
  await work()
  t.same(neighbour.heard, [`merge ${gone.value} ${stays.value}`, `ask ${stays.value}`])
})

t.test(
  'a community that was paused over a long weekend has its 72 hours when it goes on (docs/federation.md)',
  async (t) => {
    const id = await add('A-70', someone())
    await consent(id)
    neighbour.answer = 'busy'
    await work()
    const as = (status: string) =>
      pool.query(`update access.partner set status = $1 where facility_id = 'east'`, [status])
    await as('paused')
    await pool.query(`update jobs.synchronisation set due_since = due_since - interval '4 days'`)
    await work()
    t.same(neighbour.heard, [`add ${id.value}`], 'nothing leaves')
    await as('active')
    await work()
    t.same(neighbour.heard.slice(1), [`add ${id.value}`])
    const { rows } = await pool.query('select state from jobs.synchronisation where person_key = $1', [
      await personOf(id),
    ])
    t.same(rows, [{ state: 'waiting' }], 'its first answer after that is not its last')
    neighbour.answer = 'accepted'
    await work()
    t.same(neighbour.heard.slice(2), [`add ${id.value}`, `ask ${id.value}`])
  },
)

t.test('what was tried more than once is no news when it is answered', async (t) => {
  const id = await add('A-71', someone())
  await consent(id)
  neighbour.answer = 'busy'
  await work()
  neighbour.answer = 'accepted'
  await work()
  t.same(neighbour.heard, [`add ${id.value}`, `add ${id.value}`, `ask ${id.value}`])
  t.same(neighbour.messages[1], neighbour.messages[0])
})

t.test('a refusal is parked and tried again when the patient changes; its place is kept', async (t) => {
  const id = await add('A-7', someone())
  await consent(id)
  neighbour.answer = 'refused'
  await work()
  await work()
  t.same(neighbour.heard, [`add ${id.value}`])
  const parked = async () =>
    (
      await pool.query(`select last_error from jobs.synchronisation where state = 'parked' and person_key = $1`, [
        await personOf(id),
      ])
    ).rows
  t.same(await parked(), [{ last_error: 'refused' }])
  neighbour.answer = 'accepted'
  await revise('A-7', someone())
  await work()
  t.same(neighbour.heard.slice(1), [`add ${id.value}`, `ask ${id.value}`])
  t.same(await parked(), [])
})

t.test(
  'its answer becomes a number with its provenance, is replaced by another, and leaves with it (3.45.4.2)',
  async (t) => {
    const id = await add('A-8', someone())
    await consent(id)
    neighbour.knows.set(id.value, [idIn(EAST, 'E-8')])
    await work()
    t.same(await theirsOf(id), ['E-8'])
    const { rows } = await pool.query(
      `select h.by, h.reason, s.exchange_id from identity.identifier_history h join identity.synchronised s on s.value = $1 where h.value = 'E-8'`,
      [id.value],
    )
    t.match(rows, [{ by: 'partner:east', reason: `ITI-45 ${rows[0]?.exchange_id}` }])
    neighbour.knows.set(id.value, [idIn(EAST, 'E-8b')])
    await ask(id.value)
    t.same(await theirsOf(id), ['E-8b'])
    neighbour.knows.set(id.value, [])
    await ask(id.value)
    t.same(await theirsOf(id), [])
    neighbour.knows.set(id.value, [idIn(EAST, 'E-8')])
    await ask(id.value)
    t.same(await theirsOf(id), ['E-8'], 'nobody had decided that it is somebody else')
    t.equal(await conflictOf(id), null)
  },
)

t.test('a number that it fed and of which nothing else is known joins who it says it is', async (t) => {
  await theirAdd('E-9', someone())
  const id = await add('A-9', someone())
  await consent(id)
  neighbour.knows.set(id.value, [idIn(EAST, 'E-9')])
  await work()
  t.same(await theirsOf(id), ['E-9'])
})

t.test('what contradicts staff, or would make one of two persons, is a question and changes nothing', async (t) => {
  const [id, other] = [await add('A-10', someone()), await add('A-11', someone())]
  await theirAdd('E-10', someone())
  await linkRecord({ ...KIN, domain: EAST, value: 'E-10', person: other.value }, ports)
  await consent(id)
  neighbour.knows.set(id.value, [idIn(EAST, 'E-10')])
  await work()
  t.same(await theirsOf(id), [])
  t.same(await theirsOf(other), ['E-10'])
  t.match(await conflictOf(id), /linked to somebody else/)
  const { rows } = await pool.query(
    `select count(*)::int as n from identity.review_item where reason = 'neighbour links' and state = 'open'`,
  )
  t.equal(rows[0].n, 1)

  await unlinkRecord({ ...KIN, domain: EAST, value: 'E-10' }, ports)
  await linkRecord({ ...KIN, domain: EAST, value: 'E-10', person: id.value }, ports)
  await ask(id.value)
  t.equal(await conflictOf(id), null, 'staff here say so now')
  neighbour.knows.set(id.value, [])
  await ask(id.value)
  t.same(await theirsOf(id), ['E-10'], 'what staff linked stays')
  t.match(await conflictOf(id), /staff here linked/)
  await unlinkRecord({ ...KIN, domain: EAST, value: 'E-10' }, ports)
  neighbour.knows.set(id.value, [idIn(EAST, 'E-10')])
  await ask(id.value)
  t.same(await theirsOf(id), [], 'what staff separated stays apart')
  t.match(await conflictOf(id), /somebody else/)
  neighbour.knows.set(id.value, [idIn(EAST, 'E-10'), idIn(EAST, 'E-10b')])
  await ask(id.value)
  t.match(await conflictOf(id), /several/)
})

t.test(
  'terms and agreements that come later find everybody who consented; those who have all are left alone',
  async (t) => {
    await pool.query(`update access.agreement set direction = 'incoming'`)
    const id = await add('A-12', someone())
    await consent(id)
    await work()
    t.same(neighbour.heard, [], 'an agreement for incoming alone tells nobody')
    await pool.query(`update access.agreement set direction = 'both'`)
    await sweep()
    await work()
    t.same(
      neighbour.heard.filter((one) => one.startsWith('add')),
      [`add ${id.value}`],
    )
    neighbour.heard.length = 0
    await pool.query('update identity.synchronising set survey_due = now()')
    await sweep()
    await work()
    t.same(neighbour.heard, [])
  },
)

t.test('whose source asks for discretion is not told of', async (t) => {
  const id = await add('A-13', { ...someone(), restricted: true })
  await consent(id)
  await work()
  t.same(neighbour.heard, [])
})

t.test('the operator sees what waits, what is parked and what contradicts, and goes on with it', async (t) => {
  const store = createSynchronisationStore(pool, AFFINITY)
  t.equal(await store.state('hospital'), 'missing')
  const id = await add('A-14', someone())
  await consent(id)
  neighbour.answer = 'refused'
  await work()
  const state = await store.state('east')
  if (state === 'missing') throw new Error('the community is not known')
  t.match(state, { facilityId: 'east', parked: 1, failures: 0 })
  t.match(
    state.troubles.find(({ kind }) => kind === 'parked'),
    { patient: id.value, why: 'refused' },
  )
  t.equal(state.troubles.filter(({ kind }) => kind === 'conflict').length, state.conflicts)
  neighbour.answer = 'accepted'
  neighbour.heard.length = 0
  const change = { by: 'admin', peer: '127.0.0.1:1', operation: 'test' }
  t.equal(await store.resume('east', change), 'changed')
  t.equal(await store.resume('hospital', change), 'missing')
  await sweep()
  await work()
  t.ok(neighbour.heard.includes(`add ${id.value}`), 'what it refused is told anew')
  t.ok(neighbour.heard.length > 5, 'and it is asked about everybody')
  t.match(await synchronisationStates(pool), [{ facilityId: 'east', parked: 0, waiting: 0 }])
})

t.test(
  'what was composed when a record was one of the patient is not sent again when it is somebody else’s',
  async (t) => {
    const id = await add('A-15', someone())
    const other = await add('A-16', someone())
    const stranger = someone()
    await pool.query(
      `insert into identity.identifier (domain, value, person_key, second, demographics, received)
     values ($1, 'A-15b', $2, true, $3, 'PID')`,
      [DOMAIN_A, await personOf(id), JSON.stringify(stranger)],
    )
    await pool.query(
      `insert into identity.identifier_history (domain, value, event, by, reason, person_key, demographics) values ($1, 'A-15b', 'add', 'test', 'test', $2, $3)`,
      [DOMAIN_A, await personOf(id), JSON.stringify(stranger)],
    )
    await consent(id)
    neighbour.answer = 'unreachable'
    await work()
    t.match(neighbour.messages, [{ content: { demographics: { names: stranger.names } } }])
    await pool.query(`update identity.identifier set person_key = $1 where value = 'A-15b'`, [await personOf(other)])
    await pool.query('update identity.synchronising set failures = 0, retry_at = null')
    neighbour.answer = 'accepted'
    neighbour.messages.length = 0
    await work()
    t.notMatch(JSON.stringify(neighbour.messages), stranger.birthTime, 'who did not consent')
    t.same(neighbour.heard, [`add ${id.value}`, `add ${id.value}`, `ask ${id.value}`])
  },
)

t.test('who was parked has all patience anew when something changes, and a community that is down rests', async (t) => {
  const id = await add('A-17', someone())
  const job = async () =>
    (await pool.query('select state from jobs.synchronisation where person_key = $1', [await personOf(id)])).rows[0]
  await consent(id)
  neighbour.answer = 'unreachable'
  await work()
  t.same(await job(), { state: 'waiting' })
  await pool.query(`update jobs.synchronisation set due_since = now() - interval '4 days'`)
  await pool.query('update identity.synchronising set retry_at = null')
  await work()
  t.same(await job(), { state: 'parked' })
  await revise('A-17', someone())
  await pool.query('update identity.synchronising set failures = 0, retry_at = null')
  await work()
  t.same(await job(), { state: 'waiting' })
  const { rows } = await pool.query('select failures from identity.synchronising')
  t.same(rows, [{ failures: 1 }])
  await pool.query('update identity.synchronising set failures = 0, retry_at = null')
})

async function ask(value: string): Promise<void> {
  await pool.query('update identity.synchronised set ask_since = clock_timestamp() where domain = $1 and value = $2', [
    AFFINITY,
    value,
  ])
  await pool.query(`select identity.mark_synchronisation(array[$1]::bigint[])`, [await personOf(idIn(AFFINITY, value))])
  await work()
}
