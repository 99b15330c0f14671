// Every case of fixtures/storeclient, byte for byte, through the reader and the actor (HL7 v2.5 2.15, table 0357).

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import type { StoreClientContract } from '../../src/model/caller.ts'
import { accept } from '../../src/storeclient/accept.ts'
import { generated } from '../scenarios/cases.ts'
import { caller, codeOf, linked, type Memory, memory, warningsOf } from './memory.ts'

const folder = new URL('../../fixtures/storeclient/', import.meta.url)

interface Expectation {
  readonly ack: 'AA' | 'AE' | 'AR'
  readonly code: string | null
  /** Cases to send before this one. */
  readonly after?: readonly string[]
  /** How the network differs from the demo network. */
  readonly setup?: {
    readonly consent?: 'withdrawn'
    readonly contract?: Partial<StoreClientContract>
    readonly facility?: 'suspended'
  }
  readonly generate?: { readonly kind: string; readonly count: number }
  readonly settings?: Readonly<Record<string, string>>
}

function expectationOf(name: string): Expectation {
  return JSON.parse(readFileSync(new URL(`${name}/expect.json`, folder), 'utf8')) as Expectation
}

function send(name: string, at: Memory) {
  const { generate } = expectationOf(name)
  const request = readFileSync(new URL(`${name}/request.hl7`, folder))
  const bytes = generate === undefined ? request : generated(request, generate)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return accept({ message: readEr7(bytes), bytes, sha256 }, caller, at.ports)
}

/** What was sent before, and before that. */
async function sendBefore(name: string, at: Memory): Promise<void> {
  for (const before of expectationOf(name).after ?? []) {
    await sendBefore(before, at)
    await send(before, at)
  }
}

for (const name of readdirSync(folder)) {
  const expected = expectationOf(name)
  t.test(`${name}: ${expected.ack} ${expected.code ?? ''}`, async (t) => {
    const at = memory()
    await sendBefore(name, at)
    if (expected.settings?.['storeclient.clamd'] !== undefined) at.verdict = 'unavailable'
    const { consent, contract, facility } = expected.setup ?? {}
    if (consent === 'withdrawn') at.patient = { ...linked, consent: false }
    at.facility = { ...at.facility, ...contract }
    at.status = facility ?? 'active'
    const outcome = await send(name, at)
    const { answer } = outcome
    t.equal(answer.kind === 'refused' ? answer.error.row.v2.ack : 'AA', expected.ack)
    if (expected.ack !== 'AA') t.equal(codeOf(outcome), expected.code)
    else t.same(warningsOf(outcome), expected.code === null ? [] : [expected.code])
  })
}
