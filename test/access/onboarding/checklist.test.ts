// Which first steps a system has to take, and which it has taken (docs/onboarding.md).

import t from 'tap'
import { errorTable } from '../../../profiles/errors/index.ts'
import { checklistOf, WATCHED_TRANSACTIONS, writeChecklist } from '../../../src/access/onboarding/checklist.ts'
import type { First, Progress } from '../../../src/access/onboarding/ports.ts'
import { ROLES, type Role } from '../../../src/model/caller.ts'

function progress(roles: readonly Role[], firsts: readonly First[] = [], more: Partial<Progress> = {}): Progress {
  const system = { systemId: 's', facilityId: 'f', facilityOid: '2.25.1', facilityName: '想像病院', roles }
  return { system, firsts, ...more }
}

const first = (transaction: string, result: First['result'], minute: number): First => ({
  transaction,
  result,
  at: new Date(Date.UTC(2026, 3, 1, 9, minute)).toISOString(),
  journal: `${transaction} ${result}`,
})

const stepsOf = (roles: readonly Role[]) => checklistOf(progress(roles)).steps.map(({ step }) => step)

t.test('only the steps that the roles allow', async (t) => {
  const both = ['certificate-issued', 'first-connection']
  const message = ['first-message', 'first-accepted']
  t.strictSame(stepsOf(['store-client']), [...both, ...message])
  t.strictSame(stepsOf(['document-consumer']), [...both, 'first-query', 'first-retrieve'])
  t.strictSame(stepsOf(['pix-consumer']), [...both, 'first-query'])
  t.strictSame(stepsOf(['patient-identity-source', 'document-consumer']), [
    ...both,
    ...message,
    'first-query',
    'first-retrieve',
  ])
  for (const role of ROLES) t.strictSame(stepsOf([role]).slice(0, 2), both, role)
})

t.test('a refused message is received and not accepted; what came first counts, whatever it was', async (t) => {
  const firsts = [
    first('StoreClient', 'failure', 5),
    first('StoreClient ADT', 'failure', 3),
    first('unknown', 'failure', 1),
    first('ITI-18', 'success', 8),
    first('ITI-45', 'failure', 2),
  ]
  const certified = { certificate: { at: '2026-04-01T08:00:00.000Z' }, validTo: '2027-04-01T00:00:00.000Z' }
  const list = checklistOf(progress(['store-client', 'document-consumer'], firsts, certified))
  t.match(list.steps, [
    { step: 'certificate-issued', at: '2026-04-01T08:00:00.000Z' },
    { step: 'first-connection', at: '2026-04-01T09:01:00.000Z', journal: 'unknown failure' },
    { step: 'first-message', at: '2026-04-01T09:03:00.000Z', journal: 'StoreClient ADT failure' },
    { step: 'first-accepted', at: undefined },
    { step: 'first-query', at: '2026-04-01T09:08:00.000Z' },
    { step: 'first-retrieve', at: undefined },
  ])
  t.match(list, { isComplete: false, next: { step: 'first-accepted', en: /\w/, ja: /[ぁ-ん]/ } })
  t.match(list.certificateValidTo, /^2027/)
})

t.test('the last refusal is told in the words of the error table, without its value', async (t) => {
  const refusal = { transaction: 'StoreClient', at: '2026-04-01T09:00:00.000Z', journal: 'j-1' }
  for (const { code, message, hint, ja } of errorTable) {
    const errors = [{ code, at: 'PID-3', rule: 'a rule', value: 'planted 太郎' }]
    const list = checklistOf(progress(['store-client'], [], { lastRefusal: { ...refusal, errors } }))
    t.match(list.lastRefusal, { code, message, hint, ja, place: 'PID-3', rule: 'a rule', journal: 'j-1' })
    t.notMatch(JSON.stringify(list) + writeChecklist(list), 'planted')
  }
  const errors = [{ code: 'OF_A_FORMER_RELEASE' }]
  const former = checklistOf(progress([], [], { lastRefusal: { ...refusal, errors } }))
  t.match(former.lastRefusal, { code: 'OF_A_FORMER_RELEASE', message: '' })
})

t.test('as text: what is done, when, and what comes next, in both languages', async (t) => {
  const certified = { certificate: { at: '2026-04-01T08:00:00.000Z' } }
  const done = progress(['store-client'], [first('StoreClient', 'success', 1)], certified)
  const text = writeChecklist(checklistOf(done))
  t.match(text, /\[x\] First message accepted \/ 最初の電文の受理 {2}2026-04-01T09:01:00\.000Z/)
  t.match(text, 'Complete / 完了')
  t.match(writeChecklist(checklistOf(progress(['store-client']))), /\[ \] Certificate issued.*\n[\s\S]*Next: .*\n次: /)
})

t.test('every transaction that the journal may name is watched', async (t) => {
  for (const id of ['ITI-18', 'ITI-8 merge', 'ITI-44 revise', 'StoreClient ADT', 'Onboarding checklist', 'unknown'])
    t.ok(WATCHED_TRANSACTIONS.includes(id), id)
})
