// Sequence numbers of pushed messages: a gap is refused with the number expected, a lost answer is given again (HL7 v2.5 2.10.1).

import { iheError } from '../../profiles/errors/index.ts'
import { NO_EVIDENCE } from '../model/evidence.ts'
import { type Er7Message, value } from '../model/hl7v2.ts'
import type { Sequences } from '../model/sequence-number.ts'
import { sendingApplicationOf } from '../storeclient/header.ts'
import type { Performed } from './hl7v2-door.ts'

/** What MSA-4 says when the next number may be any. */
const ANY = -1
const NUMBER = /^(-1|\d{1,15})$/

interface Sequenced {
  readonly systemId: string
  readonly message: Er7Message
  readonly perform: () => Promise<Performed>
}

/**
 * Runs messages of a sender with sequence numbers, one after the other in this process. A message that was answered for good,
 * AA or AE, takes its number; one that is to be sent again, AR, does not. The number is written after the message: if that
 * is lost, the sender's repetition is a replay and takes it then.
 */
export function createSequencer(store: Sequences): (given: Sequenced) => Promise<Performed> {
  const last = new Map<string, Promise<unknown>>()
  return (given) => {
    const number = value(given.message, 'MSH', 13)
    if (number === '') return given.perform()
    const application = sendingApplicationOf(given.message)
    const key = JSON.stringify([given.systemId, application])
    const turn = (last.get(key) ?? Promise.resolve()).then(() => inSequence(store, { ...given, application, number }))
    const settled = turn
      .catch(() => undefined)
      .then(() => {
        if (last.get(key) === settled) last.delete(key)
      })
    last.set(key, settled)
    return turn
  }
}

async function inSequence(
  store: Sequences,
  given: Sequenced & { readonly application: string; readonly number: string },
): Promise<Performed> {
  const { systemId, application, message, perform } = given
  if (!NUMBER.test(given.number))
    throw iheError('HL7_SEQUENCE', { at: 'MSH-13', value: given.number, rule: 'a number, 0 or -1' })
  const number = Number(given.number)
  const controlId = value(message, 'MSH', 10)
  if (number === ANY) {
    await store.forget(systemId, application)
    return { ...(await answerTo(message, perform)), expectedSequence: ANY }
  }
  const state = await store.read(systemId, application)
  if (number === 0) return { ...(await answerTo(message, perform)), expectedSequence: state?.expected ?? ANY }
  const isAgain = state !== undefined && number === state.expected - 1 && controlId === state.lastControlId
  if (state !== undefined && number !== state.expected && !isAgain) return gap(given.number, state.expected)
  const performed = await perform()
  if (performed.result === 'failure' && performed.errors[0]?.row.v2.ack === 'AR') return performed
  if (!isAgain) await store.write(systemId, application, { expected: number + 1, lastControlId: controlId })
  return performed
}

/** A message of MSH alone asks for the number or begins anew, and holds nothing that could be kept. */
function answerTo(message: Er7Message, perform: () => Promise<Performed>): Promise<Performed> {
  if (message.segments.length > 1) return perform()
  return Promise.resolve({ answer: undefined, result: 'success', errors: [], evidence: NO_EVIDENCE, recorded: false })
}

function gap(number: string, expected: number): Performed {
  return {
    answer: undefined,
    result: 'failure',
    errors: [iheError('HL7_SEQUENCE', { at: 'MSH-13', value: number, rule: `${expected} expected` })],
    evidence: NO_EVIDENCE,
    recorded: false,
    expectedSequence: expected,
  }
}
