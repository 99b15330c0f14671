// ITI-42 to a registry elsewhere without network and database: what each answer leaves, and what the source hears (ITI TF-2 3.41.4.1.3).

import { createHash } from 'node:crypto'
import t from 'tap'
import { writeErrorList } from '../../src/codec/ebxml/registry-response.ts'
import type { RelayedError } from '../../src/model/error.ts'
import { SEVERITY_ERROR, SEVERITY_WARNING } from '../../src/model/xds.ts'
import type { Claim, KeptSubmission, RegistrationRequest, RegistryReply } from '../../src/repository/ports.ts'
import { type ElsewherePorts, registerElsewhere, settle } from '../../src/repository/register-elsewhere.ts'
import { caller, REPOSITORY, submission } from '../registry/submission.ts'

const bytes = Buffer.from('text')
const hex = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex')
const request: RegistrationRequest = {
  submission: submission(),
  documents: [
    {
      entryId: 'Document01',
      staged: { content: { kind: 'row', bytes }, sizeBytes: bytes.length, sha1: hex('sha1'), sha256: hex('sha256') },
    },
  ],
  digest: 'digest',
  objections: async () => [],
}
const refusal = (errorCode: string, severity = SEVERITY_ERROR): RelayedError => ({
  errorCode,
  codeContext: `<why> of ${errorCode}`,
  severity,
  location: 'there',
})
const failed = (...codes: readonly string[]): RegistryReply => ({
  kind: 'answered',
  result: 'failure',
  errors: codes.map((code) => refusal(code)),
})
const TAKEN: RegistryReply = { kind: 'answered', result: 'success', errors: [] }

const REGISTRY_URL = 'https://registry.example.jp/xds/registry'

function world(given: {
  readonly reply: RegistryReply
  readonly attempt?: 'again'
  readonly due?: readonly KeptSubmission[]
}) {
  const happened: string[] = []
  const sent: string[] = []
  const claims: Claim[] = []
  const waiting = [...(given.due ?? [])]
  const ports: ElsewherePorts = {
    repositoryUniqueId: REPOSITORY,
    registryUrl: REGISTRY_URL,
    named: async () => new Set(),
    discardFile: async (key) => {
      happened.push(`discard ${key}`)
    },
    warn: () => happened.push('warn'),
    send: async ({ messageId }) => {
      happened.push('send')
      sent.push(messageId)
      return given.reply
    },
    store: {
      isRegistered: async (claim) => claims.some(({ key, digest }) => key === claim.key && digest === claim.digest),
      keep: async ({ documents }) => {
        happened.push(`keep ${documents.map(({ uniqueId, publisher, kind }) => [uniqueId, publisher, kind]).join()}`)
        return given.attempt ?? 'first'
      },
      complete: async (_, recorded) => {
        happened.push(recorded === 'as kept' ? 'complete later' : 'complete')
      },
      refuse: async () => void happened.push('refuse'),
      drop: async () => {
        happened.push('drop')
        return []
      },
      doubt: async () => {
        happened.push('doubt')
      },
      due: async () => {
        const next = waiting.shift()
        return next === undefined ? undefined : { ...next, fileKeys: ['f1'] }
      },
    },
  }
  const send = (messageId = 'urn:uuid:1') => registerElsewhere(request, caller({ messageId }), ports)
  return { send, happened, sent, claims, ports }
}

t.test('the registry that was asked is evidence, with how it answered (ITI TF-2 3.42.5)', async (t) => {
  const call = { transaction: 'ITI-42', endpoint: REGISTRY_URL }
  const cases = [
    [TAKEN, { ...call, result: 'success' }],
    [failed('XDSUnknownPatientId'), { ...call, result: 'failure', reason: 'XDSUnknownPatientId' }],
    [
      { kind: 'not taken', reason: 'ECONNREFUSED' },
      { ...call, result: 'failure', reason: 'ECONNREFUSED' },
    ],
    [
      { kind: 'in doubt', reason: 'TimeoutError' },
      { ...call, result: 'failure', reason: 'TimeoutError' },
    ],
  ] as const
  for (const [reply, expected] of cases) {
    const { send } = world({ reply })
    t.same((await send()).evidence.calls, [expected])
  }
})

const KEPT = 'keep 2.25.900.4.1,clinic-b,LAB'

t.test(
  'documents are durable before the registry hears of them, and retrievable after it has taken them',
  async (t) => {
    const { send, happened } = world({ reply: TAKEN })
    t.match(await send(), {
      result: 'success',
      recorded: true,
      errors: [],
      evidence: {
        patients: ['P1^^^&2.25.900.1&ISO'],
        submissionSetUniqueId: '2.25.900.6.1',
        documents: [{ documentUniqueId: '2.25.900.4.1', repositoryUniqueId: REPOSITORY }],
      },
    })
    t.strictSame(happened, [KEPT, 'send', 'complete'])
  },
)

t.test('warnings and errors are passed on as they came, and a refusal leaves nothing', async (t) => {
  const warned = world({ reply: { ...TAKEN, errors: [refusal('XDSExtraMetadataNotSaved', SEVERITY_WARNING)] } })
  const success = await warned.send()
  t.match(success, { result: 'success', errors: [{ row: { severity: 'Warning' } }] })
  const refused = world({ reply: failed('XDSUnknownPatientId', 'Whatever') })
  const failure = await refused.send()
  t.match(failure, { result: 'failure', recorded: false, errors: [{ row: { code: 'UNKNOWN_PATIENT' } }, {}] })
  t.strictSame(refused.happened, [KEPT, 'send', 'drop'])
  const written = writeErrorList({ result: 'failure', errors: failure.errors, journalId: 'ours' }).join('')
  t.match(
    written,
    `errorCode="Whatever" codeContext="&lt;why&gt; of Whatever" severity="${SEVERITY_ERROR}" location="there"`,
  )
  t.notMatch(written, 'ours')
})

t.test('a registry that is not reached leaves nothing; one that may have taken it leaves it in doubt', async (t) => {
  const closed = world({ reply: { kind: 'not taken', reason: 'ECONNREFUSED' } })
  t.match((await closed.send()).errors, [{ row: { ihe: 'XDSRegistryNotAvailable', retry: 'same' } }])
  t.strictSame(closed.happened, [KEPT, 'send', 'warn', 'drop'])
  const silent = world({ reply: { kind: 'in doubt', reason: 'TimeoutError' } })
  t.match((await silent.send()).errors, [{ row: { ihe: 'XDSRegistryNotAvailable' }, rule: /may have taken it/ }])
  t.strictSame(silent.happened, [KEPT, 'send', 'warn', 'doubt'])
  const busy = world({ reply: failed('XDSRegistryBusy') })
  t.match((await busy.send()).errors, [{ row: { ihe: 'XDSRegistryBusy' } }])
  t.strictSame(busy.happened, [KEPT, 'send', 'warn', 'doubt'])
})

t.test('the same message is sent on under the same wsa:MessageID, another one under another', async (t) => {
  const { send, sent } = world({ reply: failed('XDSUnknownPatientId') })
  await send()
  await send()
  await send('urn:uuid:2')
  t.equal(sent[0], sent[1])
  t.not(sent[0], sent[2])
  t.match(sent[0], /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
})

t.test('what was registered before is answered from here', async (t) => {
  const { send, claims, happened } = world({ reply: TAKEN })
  claims.push({ scope: '', key: 'urn:uuid:1', digest: 'digest' })
  t.match(await send(), { result: 'success', recorded: false })
  t.strictSame(happened, [])
})

t.test('a registry without memory of messages: its own duplicate is our earlier attempt', async (t) => {
  const again = world({ reply: failed('XDSDuplicateUniqueIdInRegistry'), attempt: 'again' })
  t.match(await again.send(), { result: 'success', errors: [] })
  t.strictSame(again.happened.at(-1), 'complete')
  const first = world({ reply: failed('XDSDuplicateUniqueIdInRegistry') })
  t.match(await first.send(), { result: 'failure' })
  const both = world({ reply: failed('XDSDuplicateUniqueIdInRegistry', 'XDSNonIdenticalHash'), attempt: 'again' })
  t.match(await both.send(), { result: 'failure' })
})

t.test('submissions in doubt are sent again until the registry has spoken', async (t) => {
  const kept = { submissionId: 's', messageId: 'urn:uuid:9', submission: request.submission }
  const taken = world({ reply: TAKEN, due: [kept, kept] })
  t.equal(await settle(taken.ports), 2)
  t.strictSame(taken.sent, ['urn:uuid:9', 'urn:uuid:9'])
  t.strictSame(taken.happened.slice(0, 3), ['send', 'complete later', 'discard f1'])
  const refused = world({ reply: failed('XDSUnknownPatientId'), due: [kept] })
  t.equal(await settle(refused.ports), 1)
  t.strictSame(refused.happened, ['send', 'refuse', 'discard f1'], 'that it was asked again is audited')
  for (const reply of [
    { kind: 'not taken', reason: 'x' },
    { kind: 'in doubt', reason: 'x' },
  ] as const) {
    const open = world({ reply, due: [kept, kept] })
    t.equal(await settle(open.ports), 0, 'and the others wait too')
    t.strictSame(open.happened, ['send', 'warn'], 'nothing is dropped: the earlier attempt may have been taken')
  }
})

t.test('a document without uniqueId cannot be kept (ITI TF-3 4.2.3.2.26)', async (t) => {
  const { happened, ports } = world({ reply: TAKEN })
  const bare = submission({ bend: (object) => ({ ...object, externalIdentifiers: [] }) })
  const outcome = await registerElsewhere({ ...request, submission: bare }, caller(), ports)
  t.match(outcome.errors, [{ row: { ihe: 'XDSRepositoryMetadataError' } }])
  t.strictSame(happened, [])
})
