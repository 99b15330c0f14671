// Answers of other stacks to ITI-38 and ITI-39, when they lie beside this project: what a gateway of ours makes of them (ITI TF-2 3.38.4.1.3, 3.39.4.1.3).

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { iti38, iti39 } from '../../profiles/transactions/index.ts'
import { writeQueryResponse } from '../../src/codec/ebxml/query-response.ts'
import { readAnswer } from '../../src/codec/soap/answer.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import type { XmlElement } from '../../src/codec/xml/read.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import type { IheError } from '../../src/model/error.ts'
import { type PatientId, parseCx } from '../../src/model/identifiers.ts'
import { schemaFaults } from '../scenarios/validate.ts'
import { askNeighbour, fetchFromNeighbour } from './one-neighbour.ts'

const folder = new URL('../../../shared/samples/xds/', import.meta.url)
/** Of the patient in the samples' entries. */
const PATIENT = parseCx('c4d77e21d0dd487^^^&1.3.6.1.4.1.21367.2005.3.7&ISO') as PatientId
function bodyOf(file: string, action: string): XmlElement {
  const message = readAnswer(readXml(readFileSync(new URL(file, folder))))
  if (message.action !== action) throw new Error(`${file} answers ${message.action}`)
  return message.body
}

const asked = (file: string, home: string) =>
  askNeighbour(bodyOf(file, iti38.responseAction), { home, patientId: PATIENT })

const fetched = (file: string, homeCommunityId: string) =>
  fetchFromNeighbour(bodyOf(file, iti39.responseAction), {
    homeCommunityId,
    repositoryUniqueId: '1.3.6.1.4.1000',
    documentUniqueId: '1.3.6.1.4.2300',
  })

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
    t.match(answer, [{ request: { documentUniqueId: '1.3.6.1.4.2300' }, mimeType: 'text/xml' }])
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
        t.match(answer, [{ request: { homeCommunityId: 'urn:oid:1.2.3', documentUniqueId: '1.3.6.1.4.2300' } }])
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
