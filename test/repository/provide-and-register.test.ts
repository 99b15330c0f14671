// ITI-41 without a database: documents and metadata matched, hash and size checked and filled, nothing left behind (ITI TF-2 3.41.4.1.3).

import { createHash } from 'node:crypto'
import t from 'tap'
import { iheError } from '../../profiles/errors/index.ts'
import { slotValues } from '../../src/model/ebrim.ts'
import { NO_EVIDENCE } from '../../src/model/evidence.ts'
import type { StagedContent } from '../../src/model/staged-document.ts'
import type { RepositoryPorts } from '../../src/repository/ports.ts'
import { type ProvideAndRegisterRequest, provideAndRegister } from '../../src/repository/provide-and-register.ts'
import { caller, REPOSITORY, submission } from '../registry/submission.ts'

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex')
const staged = (text: string, key: string): StagedContent => ({
  content: { kind: 'file', key },
  sizeBytes: Buffer.byteLength(text),
  sha1: sha1(text),
  sha256: createHash('sha256').update(text).digest('hex'),
})

interface Given {
  readonly result?: 'success' | 'failure' | 'replay' | 'throw' | 'doubt'
  readonly stored?: Awaited<ReturnType<RepositoryPorts['stored']>>
  /** Files that a row names afterwards. */
  readonly named?: readonly string[]
}

function world(given: Given = { named: ['k1'] }) {
  const { result = 'success' } = given
  const discarded: string[] = []
  const registered: Parameters<RepositoryPorts['register']>[0][] = []
  const ports: RepositoryPorts = {
    repositoryUniqueId: REPOSITORY,
    blobs: {
      discard: async ({ content }) => {
        if (content.kind === 'file') discarded.push(content.key)
      },
      read: async function* () {},
    },
    documents: async () => [],
    admits: () => ({ allowed: false, reason: 'no consent stands' }),
    load: async () => undefined,
    stored: async () => given.stored ?? [],
    named: async (keys) => new Set(keys.filter((key) => given.named?.includes(key))),
    register: async (request) => {
      const objections = await request.objections()
      if (objections.length > 0)
        return { answer: undefined, result: 'failure', errors: objections, evidence: NO_EVIDENCE, recorded: false }
      registered.push(request)
      if (result === 'throw') throw new Error('disk full')
      if (result === 'doubt') throw iheError('OUTCOME_UNKNOWN')
      const errors = result === 'failure' ? [iheError('UNKNOWN_PATIENT')] : []
      return {
        answer: undefined,
        result: result === 'failure' ? 'failure' : 'success',
        errors,
        evidence: { patients: [], documents: [] },
        recorded: result === 'success',
      }
    },
    alarm: () => {},
  }
  const send = (change: Partial<ProvideAndRegisterRequest> = {}) =>
    provideAndRegister(
      {
        submission: submission({ entries: [{ hash: sha1('text'), size: '4', repositoryUniqueId: '2.25.1' }] }),
        documents: [{ id: 'Document01', staged: staged('text', 'k1') }],
        unreferenced: [],
        ...change,
      },
      caller(),
      ports,
    )
  return { send, discarded, registered }
}

const codesOf = (outcome: Awaited<ReturnType<typeof provideAndRegister>>) =>
  outcome.errors.map((error) => error.row.code)
const withSlots = (change: { readonly hash?: string; readonly size?: string }) => {
  const given = submission({ entries: [change] })
  const absent = ['hash', 'size'].filter((name) => !(name in change))
  const objects = given.objects.map((object) => ({
    ...object,
    slots: object.slots.filter((slot) => !absent.includes(slot.name)),
  }))
  return { submission: { ...given, objects } }
}

t.test('repositoryUniqueId is ours whatever was sent; everything else stays', async (t) => {
  const { send, registered, discarded } = world()
  t.match(await send(), { result: 'success', errors: [] })
  const [object] = registered[0]?.submission.objects.filter(({ kind }) => kind === 'ExtrinsicObject') ?? []
  t.strictSame(object === undefined ? [] : slotValues(object, 'repositoryUniqueId'), [REPOSITORY])
  t.strictSame(object === undefined ? [] : slotValues(object, 'hash'), [sha1('text')])
  t.strictSame(discarded, [])
})

t.test('hash and size are filled where absent, kept as sent where they agree', async (t) => {
  for (const [change, hash] of [
    [{}, sha1('text')],
    [{ hash: sha1('text').toUpperCase() }, sha1('text').toUpperCase()],
    [{ size: '4' }, sha1('text')],
    [{ size: '0004' }, sha1('text')],
  ] as const) {
    const { send, registered } = world()
    t.match(await send(withSlots(change)), { result: 'success' }, JSON.stringify(change))
    const object = registered[0]?.submission.objects.find(({ kind }) => kind === 'ExtrinsicObject')
    t.strictSame(object === undefined ? [] : slotValues(object, 'hash'), [hash])
    t.equal(object === undefined ? 0 : Number(slotValues(object, 'size')[0]), 4)
  }
})

t.test('a hash or size that is not that of the bytes is refused, and the file goes', async (t) => {
  for (const change of [
    { hash: sha1('other') },
    { size: '5' },
    { size: '-4' },
    { size: 'four' },
    { size: '4.5' },
    { hash: '' },
  ]) {
    const { send, registered, discarded } = world({})
    t.strictSame(codesOf(await send(withSlots(change))), ['REPOSITORY_METADATA'], JSON.stringify(change))
    t.equal(registered.length, 0)
    t.strictSame(discarded, ['k1'])
  }
})

t.test('documents and entries are matched one to one', async (t) => {
  const document = { id: 'Document01', staged: staged('text', 'k1') }
  const cases: readonly (readonly [string, Partial<ProvideAndRegisterRequest>, readonly string[]])[] = [
    ['no document', { documents: [] }, ['MISSING_DOCUMENT']],
    ['part absent', { documents: [{ id: 'Document01', staged: undefined }] }, ['MISSING_DOCUMENT']],
    [
      'another id',
      { documents: [{ ...document, id: 'document01' }] },
      ['MISSING_DOCUMENT', 'MISSING_DOCUMENT_METADATA'],
    ],
    ['one too many', { documents: [document, { id: 'D2', staged: staged('x', 'k2') }] }, ['MISSING_DOCUMENT_METADATA']],
    ['id twice', { documents: [{ ...document, staged: staged('x', 'k2') }, document] }, ['MISSING_DOCUMENT_METADATA']],
    [
      'unreferenced part',
      { unreferenced: [{ contentId: 'c', staged: staged('x', 'k3') }] },
      ['MISSING_DOCUMENT_METADATA'],
    ],
  ]
  for (const [name, change, codes] of cases) {
    const { send, registered, discarded } = world({})
    t.strictSame(codesOf(await send(change)), codes, name)
    t.equal(registered.length, 0)
    const sent = [...(change.documents ?? [document]), ...(change.unreferenced ?? [])].flatMap(
      (part) => part.staged ?? [],
    )
    t.equal(discarded.length, sent.length, `${name}: every staged file goes`)
  }
})

t.test('what no row names goes at once; only a commit in doubt leaves its files to the sweep', async (t) => {
  for (const result of ['failure', 'replay', 'success'] as const) {
    const { send, discarded } = world({ result })
    await send()
    t.strictSame(discarded, ['k1'], `${result}, and the document was stored before or not at all`)
  }
  const kept = world({ named: ['k1'] })
  t.match(await kept.send(), { result: 'success' })
  t.strictSame(kept.discarded, [])
  const failed = world({ result: 'throw' })
  await t.rejects(failed.send(), { message: 'disk full' })
  t.strictSame(failed.discarded, ['k1'])
  const doubtful = world({ result: 'doubt' })
  await t.rejects(doubtful.send())
  t.strictSame(doubtful.discarded, [])
})

t.test('a uniqueId twice in the message has the code of the repository (ITI TF-3 Table 4.2.4.1-2)', async (t) => {
  const twice = submission({
    entries: [
      { hash: sha1('text'), size: '4' },
      { entryUUID: 'Document02', hash: sha1('text'), size: '4' },
    ],
  })
  const documents = ['Document01', 'Document02'].map((id) => ({ id, staged: staged('text', id) }))
  const { send, registered, discarded } = world({})
  const outcome = await send({ submission: twice, documents })
  t.match(outcome.errors, [
    { row: { ihe: 'XDSRepositoryDuplicateUniqueIdInMessage' }, value: '2.25.900.4.1', at: /Document02/ },
  ])
  t.equal(registered.length, 0)
  t.strictSame(discarded, ['Document01', 'Document02'])
  const set = submission({ set: { uniqueId: '2.25.900.4.1' }, entries: [{ hash: sha1('text'), size: '4' }] })
  t.strictSame(codesOf(await world({}).send({ submission: set })), ['REPOSITORY_DUPLICATE_IN_MESSAGE'])
})

t.test('what is stored under a uniqueId stays what it is (ITI TF-2 3.41.4.1.3)', async (t) => {
  const { sha256 } = staged('text', 'k1')
  const stored = (text: string, sizeBytes: number) => [
    { uniqueId: '2.25.900.4.1', sha1: sha1(text), sha256, sizeBytes },
  ]
  t.strictSame(codesOf(await world({ stored: stored('other', 5) }).send()), ['NON_IDENTICAL_HASH'])
  t.strictSame(codesOf(await world({ stored: stored('text', 5) }).send()), ['NON_IDENTICAL_SIZE'])
  t.match(await world({ stored: stored('text', 4) }).send(), { result: 'success' }, 'the same bytes again are no error')
  const collision = stored('text', 4).map((document) => ({ ...document, sha256: staged('other', 'k2').sha256 }))
  t.strictSame(codesOf(await world({ stored: collision }).send()), ['NON_IDENTICAL_HASH'], 'other bytes of one SHA-1')
})

t.test('the digest names content, not packaging', async (t) => {
  const { send, registered } = world()
  const slots = withSlots({})
  const document = (key: string, sha256?: string) => [
    { id: 'Document01', staged: { ...staged('text', key), ...(sha256 === undefined ? {} : { sha256 }) } },
  ]
  await send({ ...slots, documents: document('a') })
  await send({ ...slots, documents: document('b') })
  await send({ ...slots, documents: document('a', 'other') })
  t.equal(registered[0]?.digest, registered[1]?.digest)
  t.not(registered[0]?.digest, registered[2]?.digest)
})
