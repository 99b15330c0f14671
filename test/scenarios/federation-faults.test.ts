// Two communities as processes: whatever the neighbour does wrong, the own results stand, the neighbour is named, nobody waits longer than the
// budget (ITI TF-2 3.18.4.1.3, 3.38, 3.39).

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createAuthority, issueServerCertificate } from '../../src/certificates/authority.ts'
import { readAuthority } from '../../src/certificates/pki-directory.ts'
import { eventually } from '../faults/support.ts'
import { BUDGET_MS, errorsOf, has, startCommunities, statusOf } from './federation/communities.ts'
import { type FaultCase, faultCases, type Told } from './federation/faults.ts'
import { respond, type ServerKey } from './federation/faulty-gateway.ts'

t.setTimeout(170_000)

/** What a busy machine may take beside the budget. */
const SLACK_MS = 4000
const DAY_MS = 86_400_000

const [west, east] = await startCommunities(t, 2)
if (west === undefined || east === undefined) throw new Error('two were asked for')
const line = west.gateways.get(east.home)
if (line === undefined) throw new Error('the west knows the east')
const ofWest = await west.provide('西の検査結果')
const ofEast = await east.provide('東の検査結果')

/** Also closes the breaker: as many calls succeed as fail. */
async function isWhole(t: Test): Promise<void> {
  line?.answerBy(undefined)
  const found = await west?.find()
  t.equal(statusOf(found ?? ''), 'Success', 'it is asked and heard again at once')
  t.ok(has(found ?? '', ofWest) && has(found ?? '', ofEast))
}

async function timed(ask: Promise<string> | undefined): Promise<{ readonly text: string; readonly ms: number }> {
  const startedMs = performance.now()
  const text = (await ask) ?? ''
  return { text, ms: performance.now() - startedMs }
}

async function queryTells(t: Test, { code, reason }: Told): Promise<void> {
  const { text, ms } = await timed(west?.find())
  t.equal(statusOf(text), 'PartialSuccess')
  t.ok(has(text, ofWest), 'the own results are intact')
  t.notOk(has(text, ofEast))
  const errors = errorsOf(text)
  t.match(errors, [{ code, location: east?.home, context: reason }])
  t.equal(errors.length, 1)
  t.notMatch(text, 'PLANTED', 'what a stranger wrote is not passed on in words of ours')
  t.ok(ms < BUDGET_MS + SLACK_MS, `${Math.round(ms)} ms`)
}

async function retrieveTells(t: Test, { code, reason }: Told): Promise<void> {
  const { text, ms } = await timed(west?.fetch([ofEast, ofWest]))
  t.equal(statusOf(text), 'PartialSuccess')
  t.match(text, ofWest.text, 'the own document is delivered')
  t.notMatch(text, ofEast.text)
  const errors = errorsOf(text)
  t.match(errors, [{ code, location: `${east?.home}:${ofEast.uniqueId}`, context: reason }])
  t.equal(errors.length, 1)
  // A document request is two calls: whose it is, and the document.
  t.ok(ms < 2 * BUDGET_MS + SLACK_MS, `${Math.round(ms)} ms`)
}

async function failuresKept(): Promise<number> {
  const { rows } = await (west ?? never()).pool.query(
    `select count(*)::int as n from journal.exchange where facility_id = $1 and result = 'failure'
       and 'COMMUNITY_UNAVAILABLE' = any(error_codes)`,
    [east?.side.facilityId],
  )
  return rows[0].n
}

function never(): never {
  throw new Error('two were asked for')
}

async function checked(t: Test, { query, retrieve }: Omit<FaultCase, 'name' | 'fault'>, fail: () => void) {
  const told = [query, retrieve].filter((one) => one !== undefined)
  const before = await failuresKept()
  if (query !== undefined) {
    fail()
    await queryTells(t, query)
    await isWhole(t)
  }
  if (retrieve !== undefined) {
    fail()
    await retrieveTells(t, retrieve)
    await isWhole(t)
  }
  // An answer that came whole is a success of the call, whatever had to be left out of it.
  const expected = told.filter(({ code }) => code === 'XDSUnavailableCommunity').length
  t.ok(
    await eventually(async () => (await failuresKept()) - before >= expected, 2000),
    `${expected} failed calls are journalled`,
  )
}

t.test('each sees what is of the other, and a slow answer within its time is an answer', async (t) => {
  await isWhole(t)
  t.match(await west.fetch([ofEast, ofWest]), /東の検査結果[\s\S]*西の検査結果/)
  line.answerBy(async ({ forward, response }) => {
    const answer = await forward()
    setTimeout(() => respond(response, answer), BUDGET_MS / 10)
  })
  const slow = await west.find()
  t.equal(statusOf(slow), 'Success')
  t.ok(has(slow, ofEast))
  const back = await east.find()
  t.ok(has(back, ofWest) && has(back, ofEast), 'the other way round too')
})

for (const { name, fault, ...told } of faultCases(east.home))
  t.test(`a neighbour that ${name}`, (t) => checked(t, told, () => line.answerBy(fault)))

t.test('a neighbour whose certificate has run out, is of a strange authority or of another host', async (t) => {
  const authority = await readAuthority(join(east.side.directory, 'pki'))
  const names = ['localhost', '127.0.0.1']
  const now = new Date()
  const shown: readonly (readonly [ServerKey, RegExp])[] = [
    [
      keyOf(await issueServerCertificate(authority, { names, days: 1, now: new Date(now.getTime() - 3 * DAY_MS) })),
      /CERT_HAS_EXPIRED/,
    ],
    [keyOf(await issueServerCertificate(await createAuthority(), { names })), /UNABLE_TO_|SELF_SIGNED|CERT_SIGNATURE/],
    [keyOf(await issueServerCertificate(authority, { names: ['gateway.elsewhere.example.jp'] })), /ALTNAME/],
  ]
  for (const [certificate, reason] of shown) {
    const told = { code: 'XDSUnavailableCommunity', reason }
    const heard = line.heard()
    line.show(certificate)
    await queryTells(t, told)
    await retrieveTells(t, told)
    t.equal(line.heard(), heard, 'nothing was said to it')
    line.show(undefined)
    await isWhole(t)
    await isWhole(t)
  }
})

function keyOf(issued: { readonly privateKeyPem: string; readonly certificatePem: string }): ServerKey {
  return { key: issued.privateKeyPem, cert: issued.certificatePem }
}

t.test('a neighbour that is down', async (t) => {
  await line.goDown()
  const told = { code: 'XDSUnavailableCommunity', reason: /ECONNREFUSED/ }
  await queryTells(t, told)
  await retrieveTells(t, told)
  await line.comeUp()
  await isWhole(t)
})

t.test('a repository that the neighbour does not have, a document it does not have (3.39.4.1.3)', async (t) => {
  const elsewhere = { ...ofEast, repositoryUniqueId: '2.25.9999' }
  const strange = await west.fetch([elsewhere, ofWest])
  t.equal(statusOf(strange), 'PartialSuccess')
  t.match(errorsOf(strange), [{ code: 'XDSUnknownRepositoryId', location: new RegExp(`^${east.home}`) }])
  const nothing = await west.fetch([{ ...ofEast, uniqueId: '2.25.9998' }, ofWest])
  t.match(errorsOf(nothing), [{ code: 'XDSDocumentUniqueIdError', location: `${east.home}:2.25.9998` }])
  t.match(nothing, ofWest.text)
})
