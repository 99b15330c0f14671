// Answers of other stacks to ITI-38 and ITI-39, when they lie beside this project: what a gateway of ours makes of them (ITI TF-2 3.38.4.1.3, 3.39.4.1.3).

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { iti38, iti39 } from '../../profiles/transactions/index.ts'
import { writeQueryResponse } from '../../src/codec/ebxml/query-response.ts'
import { readAnswer } from '../../src/codec/soap/answer.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import type { XmlElement } from '../../src/codec/xml/read.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import { type InitiatedQuery, initiateQuery } from '../../src/gateway/initiate-query.ts'
import { initiateRetrieve } from '../../src/gateway/initiate-retrieve.ts'
import type { Community, ForeignDocument } from '../../src/gateway/ports.ts'
import { readDocuments, readQuery } from '../../src/http/partner-message.ts'
import type { Caller } from '../../src/model/caller.ts'
import type { IheError } from '../../src/model/error.ts'
import { NO_EVIDENCE } from '../../src/model/evidence.ts'
import { type PatientId, parseCx } from '../../src/model/identifiers.ts'
import type { StagedContent } from '../../src/model/staged-document.ts'
import { schemaFaults } from '../scenarios/validate.ts'

const folder = new URL('../../../shared/samples/xds/', import.meta.url)
/** Of the patient in the samples' entries. */
const PATIENT = parseCx('c4d77e21d0dd487^^^&1.3.6.1.4.1.21367.2005.3.7&ISO') as PatientId
const CALLER = { systemId: 'clinic-b', facilityId: 'clinic-b', accessMode: 'affinity-domain' } as unknown as Caller
const URL_THERE = 'https://neighbour.example.jp/xca/responding'
const neighbour = (home: string): Community => ({
  facilityId: 'neighbour',
  home,
  queryUrl: URL_THERE,
  retrieveUrl: URL_THERE,
  queryMs: 1000,
  retrieveMs: 1000,
  identity: 'none',
  isAsynchronous: false,
})
const nobodyElse = { knowing: async () => [], mayKnow: async () => new Set<string>() }

function bodyOf(file: string, action: string): XmlElement {
  const message = readAnswer(readXml(readFileSync(new URL(file, folder))))
  if (message.action !== action) throw new Error(`${file} answers ${message.action}`)
  return message.body
}

/** The own registry has nothing, so that all there is comes from the sample. */
async function asked(file: string, home: string) {
  const reply = readQuery(bodyOf(file, iti38.responseAction))
  const query = { kind: 'FindDocuments', patientId: PATIENT, returnType: 'LeafClass' }
  const request = { query, home: undefined, audit: { id: 'q', text: '' }, rewritten: () => '<q/>' }
  return initiateQuery(request as unknown as InitiatedQuery, CALLER, {
    home: 'urn:oid:2.25.1',
    query: async () => ({
      answer: { returnType: 'LeafClass', objects: [] },
      result: 'success',
      errors: [],
      evidence: NO_EVIDENCE,
      recorded: false,
    }),
    directory: {
      ...nobodyElse,
      knowing: async () => [{ ...neighbour(home), patientId: PATIENT }],
      ofHome: async () => undefined,
    },
    ask: async () => ({ kind: 'answered', ...reply }),
  })
}

async function fetched(file: string, home: string) {
  const kept = new Set<StagedContent>()
  const staging = {
    stage: async (body: AsyncIterable<Buffer>): Promise<StagedContent> => {
      const chunks: Buffer[] = []
      for await (const chunk of body) chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      const staged = { content: { kind: 'row', bytes }, sizeBytes: bytes.length, sha1: '', sha256: '' } as const
      kept.add(staged)
      return staged
    },
    discard: async (staged: StagedContent) => void kept.delete(staged),
  }
  const reply = await readDocuments(
    { body: bodyOf(file, iti39.responseAction), headers: [], parts: new Map() },
    staging,
  )
  const wanted = { homeCommunityId: home, repositoryUniqueId: '1.3.6.1.4.1000', documentUniqueId: '1.3.6.1.4.2300' }
  const outcome = await initiateRetrieve<ForeignDocument & { readonly homeCommunityId?: string }>([wanted], CALLER, {
    home: 'urn:oid:2.25.1',
    repositoryUniqueId: '2.25.3',
    retrieve: () => Promise.reject(new Error('nothing is asked of us')),
    directory: { ...nobodyElse, ofHome: async () => neighbour(home) },
    ask: () => Promise.reject(new Error('whose documents these are is no question for this caller')),
    documentsQuery: () => ({ id: 'q', text: '' }),
    fetch: async () => ({ kind: 'answered', ...reply }),
    discard: ({ staged }) => staging.discard(staged),
    deliver: (request, document) => ({ ...document, ...request }),
    requestOf: (document) => document,
  })
  return { ...outcome, kept }
}

const CONTENT = 'R0lGODlhcgGSALMAAAQCAEMmCZtuMFQxDS8b'
const codes = (errors: readonly IheError[]) => errors.map(({ relayed, row }) => relayed?.errorCode ?? row.code)

// A clone that stands alone has no samples of others, and nothing to check here but that.
if (existsSync(folder)) {
  t.test('3.38.4.1.3: objects with the home that was asked are passed on as they came', async (t) => {
    const outcome = await asked('iti38-response-envelope-valid-home.xml', 'urn:oid:2.3.4')
    t.equal(outcome.result, 'success', codes(outcome.errors).join())
    t.match(outcome.answer.foreign, [{ element: 'ExtrinsicObject', home: 'urn:oid:2.3.4' }])
    const { answer, result, errors } = outcome
    const body = writeQueryResponse({ ...answer, home: 'urn:oid:2.25.1' }, { result, errors, journalId: 'j' })
    const envelope = Buffer.from(writeEnvelope({ action: iti38.responseAction, relatesTo: 'urn:uuid:1', body }))
    t.match(envelope.toString(), 'History and Physical')
    t.same(schemaFaults([{ name: 'passed on', envelope }]), [], 'and the answer that holds them is valid')
    const strange = await asked('iti38-response-envelope-valid-home.xml', 'urn:oid:2.3.5')
    t.same(strange.answer.foreign, [])
    t.same(codes(strange.errors), ['COMMUNITY_ANSWER_INVALID'], 'another home is not theirs to give')
  })

  t.test(
    '3.38.4.1.3: what a Failure carries beside its errors is no result; an error code of their own stays',
    async (t) => {
      const outcome = await asked('iti38-response-envelope-error.xml', 'urn:oid:2.3.4')
      t.equal(outcome.result, 'partial', 'the own registry did answer')
      t.same(outcome.answer.foreign, [])
      t.match(outcome.errors, [
        { relayed: { errorCode: 'MyBigError', codeContext: 'My Prog', location: 'urn:oid:1.2.3' } },
      ])
      t.equal(outcome.errors.length, 1)
    },
  )

  t.test('3.39.4.1.3: a document inside the message, a header block that is flawed, one document twice', async (t) => {
    const { result, answer, kept } = await fetched('iti39-response-envelope-docs.xml', 'urn:oid:1.2.3')
    t.equal(result, 'success')
    t.match(answer, [{ documentUniqueId: '1.3.6.1.4.2300', mimeType: 'text/xml' }])
    const [staged, ...more] = kept
    t.same(more, [], 'what was not asked for is not kept')
    t.equal(staged?.content.kind === 'row' && staged.content.bytes.toString(), CONTENT)
  })

  t.test(
    '3.39.4.1.3: a document that claims to be of another community is not taken for the one asked for',
    async (t) => {
      const { result, answer, errors, kept } = await fetched('iti39-response-envelope-docs.xml', 'urn:oid:1.2.3.5')
      t.equal(result, 'failure')
      t.same(answer, [])
      t.same(codes(errors), ['COMMUNITY_ANSWER_INVALID'])
      t.equal(kept.size, 0)
    },
  )

  t.test(
    '3.39.4.1.3: a Failure with documents gives those that were asked for, and its error; without a home too',
    async (t) => {
      for (const file of ['iti39-response-envelope-error.xml', 'iti39-response-invalid-no-homeCommunityId.xml']) {
        const { result, answer, errors, kept } = await fetched(file, 'urn:oid:1.2.3')
        t.equal(result, 'partial', file)
        t.match(answer, [{ homeCommunityId: 'urn:oid:1.2.3', documentUniqueId: '1.3.6.1.4.2300' }])
        t.same(codes(errors), ['MyBigError'])
        t.equal(kept.size, 1)
      }
    },
  )

  t.test('no sample is forgotten', async (t) => {
    const source = readFileSync(new URL(import.meta.url), 'utf8')
    const answers = readdirSync(folder).filter((file) => /^iti3[89]-response/.test(file))
    t.same(
      answers.filter((file) => !source.includes(file)),
      [],
    )
  })
} else t.pass('there are no samples of others')
