// Passwords as scrypt digests: parameters, equal time, a bounded number at a time (RFC 7914; security f, e.36).

import { scryptSync } from 'node:crypto'
import t from 'tap'
import { createHasher, USUAL_COST } from '../../../src/access/accounts/hasher.ts'
import { TEST_PASSWORDS } from '../passwords.ts'

const quick = createHasher(TEST_PASSWORDS)

t.test('the usual cost is N=2^17, r=8, p=1, and stands with the digest', async (t) => {
  const made = await createHasher().hash('correct horse')
  t.match(made, { n: 2 ** 17, r: 8, p: 1 })
  t.equal(USUAL_COST, 131_072)
  const expected = scryptSync('correct horse', made.salt, 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 })
  t.ok(made.hash.equals(expected))
  t.ok(await quick.verify('correct horse', made), 'whatever the cost is now')
})

t.test('the same password has another salt each time, unless one is given', async (t) => {
  const [one, other] = await Promise.all([quick.hash('a'), quick.hash('a')])
  t.notOk(one.salt.equals(other.salt))
  t.notOk(one.hash.equals(other.hash))
  t.ok((await quick.hash('a', one.salt)).hash.equals(one.hash))
})

t.test('right, wrong, unknown; full width and decomposed forms are the same password', async (t) => {
  const stored = await quick.hash('パスワード7が')
  t.ok(await quick.verify('パスワード7が', stored))
  t.ok(await quick.verify('ﾊﾟｽﾜｰﾄﾞ７か\u3099', stored))
  t.notOk(await quick.verify('パスワード7か', stored))
  t.notOk(await quick.verify('パスワード7が', undefined))
})

t.test('an unknown name takes as long as a wrong password', async (t) => {
  const hasher = createHasher({ cost: 2 ** 14, atOnce: 1 })
  const stored = await hasher.hash('a')
  const timed = async (compared: typeof stored | undefined): Promise<number> => {
    const begun = performance.now()
    await hasher.verify('wrong', compared)
    return performance.now() - begun
  }
  const [known, unknown]: [number[], number[]] = [[], []]
  for (let round = 0; round < 15; round += 1) {
    known.push(await timed(stored))
    unknown.push(await timed(undefined))
  }
  const median = (all: number[]): number => all.sort((one, other) => one - other)[7] ?? 0
  // A decoy that was not derived would take no time at all.
  t.ok(median(unknown) > median(known) / 2 && median(unknown) < median(known) * 2)
})

t.test('so many at a time, so many wait, the others are told to come again', async (t) => {
  const hasher = createHasher({ ...TEST_PASSWORDS, atOnce: 1, waiting: 3 })
  const settled = await Promise.allSettled(Array.from({ length: 10 }, () => hasher.hash('a')))
  t.equal(settled.filter(({ status }) => status === 'fulfilled').length, 4)
  const refused = settled.find(({ status }) => status === 'rejected') as PromiseRejectedResult
  t.equal(refused.reason.row.code, 'BUSY')
  t.ok(await hasher.hash('a'), 'and when they are done, the next is served')
})
