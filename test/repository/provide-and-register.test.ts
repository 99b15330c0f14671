// ITI-41 without a database: documents and metadata matched, hash and size checked and filled, nothing left behind (ITI TF-2 3.41.4.1.3).

import { createHash } from 'node:crypto'
import t from 'tap'
import { iheError } from '../../profiles/errors/index.ts'
import { slotValues } from '../../src/model/ebrim.ts'
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

function world(result: 'success' | 'failure' | 'replay' | 'throw' = 'success') {
  const discarded: string[] = []
  const registered: Parameters<RepositoryPorts['register']>[0][] = []
  const ports: RepositoryPorts = {
    repositoryUniqueId: REPOSITORY,
    blobs: {
      stage: async () => staged('', 'none'),
      discard: async ({ content }) => {
        if (content.kind === 'file') discarded.push(content.key)
      },
      sweep: async () => 0,
      read: async function* () {},
    },
    documents: async () => [],
    admits: () => ({ allowed: false, reason: 'no consent stands' }),
    load: async () => undefined,
    register: async (request) => {
      registered.push(request)
      if (result === 'throw') throw new Error('connection lost')
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
    const { send, registered, discarded } = world()
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
    const { send, registered, discarded } = world()
    t.strictSame(codesOf(await send(change)), codes, name)
    t.equal(registered.length, 0)
    const sent = [...(change.documents ?? [document]), ...(change.unreferenced ?? [])].flatMap(
      (part) => part.staged ?? [],
    )
    t.equal(discarded.length, sent.length, `${name}: every staged file goes`)
  }
})

t.test(
  'files go when the registry refuses or answers a repetition, and stay when the commit is in doubt',
  async (t) => {
    const refused = world('failure')
    await refused.send()
    t.strictSame(refused.discarded, ['k1'])
    const replayed = world('replay')
    t.match(await replayed.send(), { result: 'success' })
    t.strictSame(replayed.discarded, ['k1'])
    const lost = world('throw')
    await t.rejects(lost.send())
    t.strictSame(lost.discarded, [])
  },
)

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
