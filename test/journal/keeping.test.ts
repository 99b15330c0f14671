// What of an exchange is kept: as the operator has it, and never what the sender had no right to hand over (storeclient F.4).

import t from 'tap'
import { iheError } from '../../profiles/errors/index.ts'
import { type Ended, kept } from '../../src/journal/keeping.ts'
import { NO_EVIDENCE } from '../../src/model/evidence.ts'

const success: Ended = {
  transaction: 'ITI-41',
  accessMode: 'consent',
  result: 'success',
  errors: [],
  evidence: NO_EVIDENCE,
}
const denied = { ...NO_EVIDENCE, decision: { allowed: false, reason: 'consent withdrawn' } }
const refused = (code: string, given: Partial<Ended> = {}): Ended => ({
  ...success,
  result: 'failure',
  errors: [iheError(code)],
  ...given,
})

t.test('all, those that did not succeed, or none, as journal.keep says', async (t) => {
  const failure = refused('METADATA_INVALID')
  t.same(
    (['all', 'refused', 'none'] as const).map((keeping) => [kept(keeping, success), kept(keeping, failure)]),
    [
      ['both', 'both'],
      ['nothing', 'both'],
      ['nothing', 'nothing'],
    ],
  )
  t.equal(kept('refused', { ...success, result: 'partial' }), 'both')
})

t.test('without link, without consent, and of another person: the answer alone', async (t) => {
  for (const code of ['HL7_PATIENT_NOT_LINKED', 'HL7_CONSENT', 'HL7_IDENTITY'])
    t.equal(kept('all', refused(code, { transaction: 'StoreClient' })), 'answer', code)
  t.equal(kept('all', refused('METADATA_INVALID', { evidence: denied })), 'answer', 'a submission that access denied')
  // As warnings of what was accepted they say nothing about a right.
  t.equal(kept('all', { ...success, errors: [iheError('HL7_IDENTITY')] }), 'both')
})

t.test('a query brings nothing of a patient, and without consents there is none to miss', async (t) => {
  t.equal(kept('all', refused('METADATA_INVALID', { transaction: 'ITI-18', evidence: denied })), 'both')
  t.equal(kept('all', refused('METADATA_INVALID', { accessMode: 'affinity-domain', evidence: denied })), 'both')
})
