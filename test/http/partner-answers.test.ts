// What is made of answers of neighbouring communities that are not to the letter (ITI TF-2 3.38.4.1.3, 3.39.4.1.3; Appendix V.3).

import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { type ToleranceCode, tolerances } from '../../profiles/partners/tolerances.ts'
import { iti18, iti38, iti39, iti43, iti55 } from '../../profiles/transactions/index.ts'
import { writeRetrieveResponse } from '../../src/codec/ebxml/retrieve.ts'
import { XCPD_NS } from '../../src/codec/hl7v3/discovery-codes.ts'
import { writeRelated } from '../../src/codec/mtom/write.ts'
import { SOAP12 } from '../../src/codec/soap/constants.ts'
import { writeEnvelope } from '../../src/codec/soap/write.ts'
import { trusted } from '../../src/codec/xml/write.ts'
import { CALLER, HOME, stagingIn, startGateway } from './partner-gateway.ts'

const QUERY = '<query/>'
const OID = HOME.replace('urn:oid:', '')

t.test('a page of a proxy is no answer, and ends nothing but this call', async (t) => {
  const { client, community, entries } = await startGateway(t, (_, response) => {
    response.writeHead(502, { 'content-type': 'text/html' }).end('<html></html>')
  })
  t.match(await client.ask(community, QUERY, CALLER), { kind: 'unavailable', reason: /CONTENT_TYPE/ })
  t.match(entries, [{ result: 'failure', facilityId: 'network-east' }])
})

t.test('who does not answer in the time that others left of its own has not failed (3.38.4.1.3)', async (t) => {
  let isSilent = true
  const { client, community } = await startGateway(t, (messageId, response) => {
    if (!isSilent) answerQuery(response, messageId, {})
  })
  const left = { ...community, queryMs: 20, isCurtailed: true } as const
  for (let call = 0; call < 6; call += 1)
    t.match(await client.ask(left, QUERY, CALLER), { kind: 'unavailable', reason: 'no whole answer in time' })
  isSilent = false
  t.match(await client.ask(community, QUERY, CALLER), { kind: 'answered' })
  isSilent = true
  for (let call = 0; call < 5; call += 1) await client.ask({ ...community, queryMs: 20 }, QUERY, CALLER)
  t.match(await client.ask(community, QUERY, CALLER), { reason: /failed repeatedly/ }, 'its own time is another matter')
})

/** One document of this size, or cut in the middle of it. */
async function answerDocuments(
  response: ServerResponse,
  relatesTo: string,
  given: { readonly size: number; readonly isCut?: boolean },
): Promise<void> {
  const contentId = 'd@example.jp'
  const written = writeRetrieveResponse(
    [{ request: DOCUMENT, mimeType: 'text/plain', content: { kind: 'part', contentId } }],
    { result: 'success', errors: [], journalId: randomUUID() },
  )
  const envelope = writeEnvelope({ action: iti39.responseAction, relatesTo, body: written })
  const part = { contentId, contentType: 'text/plain', body: Buffer.alloc(given.size, 'x') }
  const { contentType, body } = writeRelated(envelope, [part])
  response.setHeader('content-type', contentType)
  const bytes = Buffer.isBuffer(body) ? body : await buffer(body)
  if (given.isCut !== true) response.end(bytes)
  else response.write(bytes.subarray(0, -given.size / 2), () => response.destroy())
}

const DOCUMENT = { repositoryUniqueId: '2.25.1', documentUniqueId: '2.25.2', homeCommunityId: HOME }

t.test('what a community failed at an address that was wrong is not held against the one that is right', async (t) => {
  const { client, community } = await startGateway(t, (messageId, response, { url }) => {
    if (url === '/xca/responding') answerQuery(response, messageId, {})
    else response.writeHead(404).end()
  })
  const wrong = { ...community, queryUrl: community.queryUrl.replace('responding', 'nothing') }
  for (let call = 0; call < 5; call += 1) await client.ask(wrong, QUERY, CALLER)
  t.match(await client.ask(wrong, QUERY, CALLER), { reason: /failed repeatedly/ })
  t.match(await client.ask(community, QUERY, CALLER), { kind: 'answered' }, 'as soon as it was changed')
})

t.test('a disk of ours that is full, a database that is down, are no failures of a community', async (t) => {
  const kept = stagingIn(new Set())
  let isFull = true
  const fault = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  const stage: typeof kept.stage = async (body) => {
    if (!isFull) return kept.stage(body)
    for await (const _ of body) throw fault
    throw fault
  }
  const given = { size: 70_000, isCut: false }
  const { client, community } = await startGateway(
    t,
    (messageId, response) => answerDocuments(response, messageId, given),
    { staging: { ...kept, stage } },
  )
  const fetch = (terms = {}) => client.fetch({ ...community, ...terms }, [DOCUMENT], CALLER)
  for (let call = 0; call < 6; call += 1)
    t.match(await fetch(), { reason: 'this server could not take its answer: Error ENOSPC' })
  isFull = false
  t.match(await fetch(), { kind: 'answered' })
  given.isCut = true
  for (let call = 0; call < 5; call += 1) t.notMatch(await fetch(), { reason: /this server/ }, 'cut is cut')
  t.match(await fetch(), { reason: /failed repeatedly, next try in \d+ s/ })

  const expect = () => Promise.reject(Object.assign(new Error('down'), { code: 'ECONNREFUSED' }))
  const awaiting = { expect, owed: async () => new Set<string>(), heard: expect, look: async () => {} }
  const later = await startGateway(t, (messageId, response) => answerDocuments(response, messageId, { size: 10 }), {
    awaiting,
  })
  const ask = (isAsynchronous: boolean) =>
    later.client.fetch({ ...later.community, isAsynchronous }, [DOCUMENT], CALLER)
  for (let call = 0; call < 6; call += 1)
    t.match(await ask(true), { reason: 'this server could not take its answer: Error ECONNREFUSED' })
  t.match(await ask(false), { kind: 'answered' })
})

t.test('a community that has more to tell than is taken is there: others ask it as before', async (t) => {
  const given = { size: 2_000_000 }
  const options = { maxRequestBytes: 1_500_000 }
  const { client, community } = await startGateway(
    t,
    (messageId, response) => answerDocuments(response, messageId, given),
    options,
  )
  const fetch = () => client.fetch(community, [DOCUMENT], CALLER)
  for (let call = 0; call < 6; call += 1) t.match(await fetch(), { reason: /^TOO_LARGE/ })
  given.size = 10
  t.match(await fetch(), { kind: 'answered' })
})

t.test('how long an answer holds may have to be understood, and is (3.55.4.2.3; SOAP 1.2 Part 1, 2.4)', async (t) => {
  const { client, community } = await startGateway(t, (messageId, response) => {
    const body = trusted(
      `<PRPA_IN201306UV02 xmlns="urn:hl7-org:v3"><acknowledgement><typeCode code="AA"/></acknowledgement><controlActProcess><queryAck>
        <queryResponseCode code="NF"/></queryAck></controlActProcess></PRPA_IN201306UV02>`,
    )
    const life = trusted(
      `<x:CorrelationTimeToLive xmlns:x="${XCPD_NS}" xmlns:s="${SOAP12}" s:mustUnderstand="true">P0Y0M7D</x:CorrelationTimeToLive>`,
    )
    response.setHeader('content-type', 'application/soap+xml; charset=UTF-8')
    response.end(writeEnvelope({ action: iti55.responseAction, relatesTo: messageId, blocks: [life], body }))
  })
  const demographics = { names: [], addresses: [], telecoms: [] }
  const { reply, ...told } = await client.discover(community, { demographics }, CALLER)
  t.same(reply, { kind: 'not found' })
  t.match(told, { keptForMs: 7 * 24 * 60 * 60 * 1000 })
  // Of a query it says nothing that is understood.
  t.match(await client.ask(community, QUERY, CALLER), { kind: 'unavailable', reason: /SOAP_MUST_UNDERSTAND/ })
})

interface QueryAnswer {
  readonly action?: string
  readonly relatesTo?: string | null
  readonly home?: string | null
}

/** One object, with its home unless that is null. */
function answerQuery(response: ServerResponse, messageId: string, given: QueryAnswer): void {
  const { action = iti38.responseAction, relatesTo = messageId, home = HOME } = given
  const id = `urn:uuid:${randomUUID()}`
  const body = `<query:AdhocQueryResponse xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
    status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"><rim:RegistryObjectList><rim:ObjectRef id="${id}"${home === null ? '' : ` home="${home}"`}/>
    <rim:Association id="${id}" associationType="urn:x" sourceObject="a" targetObject="b"/></rim:RegistryObjectList></query:AdhocQueryResponse>`
  response.setHeader('content-type', 'application/soap+xml; charset=UTF-8')
  const related = relatesTo === null ? {} : { relatesTo }
  response.end(writeEnvelope({ action, ...related, body: trusted(body) }))
}

async function asked(t: Test, given: QueryAnswer, agreed: readonly ToleranceCode[]) {
  const { client, community, entries } = await startGateway(t, (messageId, response) =>
    answerQuery(response, messageId, given),
  )
  const reply = await client.ask({ ...community, tolerances: agreed }, QUERY, CALLER)
  return { reply, waived: entries[0]?.waived ?? [] }
}

const NOT_OURS = { kind: 'unavailable', reason: /COMMUNITY_ANSWER_INVALID: the answer is not one to this message/ }

t.test('what is not agreed is refused, or left as it came; what is agreed is taken and noted', async (t) => {
  const refused = [
    ['action-of-registry', { action: iti18.responseAction }],
    ['without-relates-to', { relatesTo: null }],
  ] as const
  for (const [code, given] of refused) {
    const others = tolerances.map((one) => one.code).filter((one) => one !== code)
    t.match(await asked(t, given, others), { reply: NOT_OURS }, code)
    const { reply, waived } = await asked(t, given, [code])
    t.match(reply, { kind: 'answered', result: 'success', objects: [{ home: HOME }, {}] }, code)
    t.same(waived, [code])
  }
  const mended = [
    ['home-without-urn', { home: OID }, OID],
    ['objects-without-home', { home: null }, undefined],
  ] as const
  for (const [code, given, asItCame] of mended) {
    const as = await asked(t, given, [])
    t.match(as.reply, { objects: [{ home: asItCame }, { home: undefined }] }, `${code} is left for others to refuse`)
    const { reply, waived } = await asked(t, given, [code])
    t.match(reply, { objects: [{ home: HOME, xml: new RegExp(`home="${HOME}"`) }, { home: undefined }] }, code)
    t.same(waived, [code])
  }
})

t.test('an answer to the letter needs no tolerance, whatever is agreed', async (t) => {
  const all = tolerances.map(({ code }) => code)
  t.match(await asked(t, {}, all), { reply: { kind: 'answered' }, waived: [] })
})

t.test('what would be somebody else’s is never taken: another action, another message, another home', async (t) => {
  const all = tolerances.map(({ code }) => code)
  t.match(await asked(t, { action: iti43.responseAction }, all), { reply: NOT_OURS })
  t.match(await asked(t, { relatesTo: `urn:uuid:${randomUUID()}` }, all), { reply: NOT_OURS })
  t.match(await asked(t, { home: '2.25.777' }, all), { reply: { objects: [{ home: '2.25.777' }, {}] }, waived: [] })
})

t.test('documents come as MTOM; in the envelope itself they are taken where that is agreed', async (t) => {
  const request = { repositoryUniqueId: '2.25.1', documentUniqueId: '2.25.2', homeCommunityId: OID }
  const fetched = async (packing: 'simple' | 'mtom', action: string, agreed: readonly ToleranceCode[]) => {
    const { client, community, staged, entries } = await startGateway(t, (relatesTo, response) => {
      const content = { kind: 'inline', bytes: Buffer.from('検査') } as const
      const written = writeRetrieveResponse([{ request, mimeType: 'text/plain', content }], {
        result: 'success',
        errors: [],
        journalId: randomUUID(),
      })
      const envelope = writeEnvelope({ action, relatesTo, body: written })
      if (packing === 'simple') response.setHeader('content-type', 'application/soap+xml; charset=UTF-8').end(envelope)
      else {
        const { contentType, body } = writeRelated(envelope, [])
        response.setHeader('content-type', contentType).end(body)
      }
    })
    const reply = await client.fetch({ ...community, tolerances: agreed }, [request], CALLER)
    return { reply, staged: staged.size, waived: entries[0]?.waived ?? [] }
  }
  const { responseAction } = iti39
  t.match(await fetched('simple', responseAction, ['home-without-urn']), {
    reply: { kind: 'unavailable', reason: /documents come as MTOM/ },
    staged: 0,
  })
  t.match(await fetched('simple', responseAction, ['documents-without-mtom', 'home-without-urn']), {
    reply: { kind: 'answered', documents: [{ documentUniqueId: '2.25.2', homeCommunityId: HOME }] },
    staged: 1,
    waived: ['documents-without-mtom', 'home-without-urn'],
  })
  t.match(await fetched('mtom', responseAction, []), { reply: { kind: 'answered' }, waived: [] })
  t.match(await fetched('mtom', iti43.responseAction, []), { reply: NOT_OURS, staged: 0 })
  t.match(await fetched('mtom', iti43.responseAction, ['action-of-registry']), { reply: { kind: 'answered' } })
})

t.test(
  'documents of kinds that no agreement covers are not taken over, and the journal says so (idlink U-9)',
  async (t) => {
    const object = (id: string, kind?: string) => {
      const classified = `<rim:Classification id="urn:uuid:${randomUUID()}" classifiedObject="${id}"
      classificationScheme="urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a" nodeRepresentation="${kind}"/>`
      return `<rim:ExtrinsicObject id="${id}" home="${HOME}" objectType="urn:x">${kind === undefined ? '' : classified}</rim:ExtrinsicObject>`
    }
    const association = (source: string, target: string) =>
      `<rim:Association id="${source}-${target}" associationType="urn:x" sourceObject="${source}" targetObject="${target}"/>`
    const objects = [
      ...[
        object('lab', 'LAB'),
        object('report', 'REPORT'),
        object('none'),
        `<rim:RegistryPackage id="set" home="${HOME}"/>`,
      ],
      ...[association('set', 'lab'), association('set', 'report')],
    ]
    const answer = `<query:AdhocQueryResponse xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
    status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"><rim:RegistryObjectList>${objects.join('')}</rim:RegistryObjectList></query:AdhocQueryResponse>`
    const { client, community, entries } = await startGateway(t, (relatesTo, response) => {
      response.setHeader('content-type', 'application/soap+xml; charset=UTF-8')
      response.end(writeEnvelope({ action: iti38.responseAction, relatesTo, body: trusted(answer) }))
    })
    const shown = async (kinds: object) => {
      const reply = await client.ask({ ...community, ...kinds }, QUERY, CALLER)
      return reply.kind === 'answered' ? reply.objects.map(({ id }) => id) : []
    }
    t.same(await shown({}), ['lab', 'report', 'none', 'set', 'set-lab', 'set-report'])
    t.same(await shown({ kinds: ['LAB', 'MEDICATION'] }), ['lab', 'set', 'set-lab'])
    t.match(entries, [
      { result: 'success', errors: [] },
      {
        result: 'success',
        errors: [
          {
            code: 'COMMUNITY_ANSWER_INVALID',
            value: '2 documents of REPORT, no kind',
            rule: 'kinds of the agreements that run',
          },
        ],
      },
    ])
  },
)

t.test('what stands in the place of a fault code and is none is told to nobody (SOAP 1.2 Part 1, 5.4.6)', async (t) => {
  const words = '患者 0000012345 山田太郎 '.repeat(400)
  const { client, community, entries } = await startGateway(t, (_, response) => {
    response.writeHead(500, { 'content-type': 'application/soap+xml; charset=UTF-8' })
    response.end(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>
      <s:Subcode><s:Value>x:${words}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="ja">${words}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>`)
  })
  t.same(await client.ask(community, QUERY, CALLER), { kind: 'unavailable', reason: 'SOAP fault Sender' })
  t.match(entries, [{ errors: [{ rule: 'SOAP fault Sender' }] }])
})
