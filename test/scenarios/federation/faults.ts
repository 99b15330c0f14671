// Everything that a neighbour may do wrong, and what is said of it to whoever asked (ITI TF-2 3.18.4.1.3, 3.38.4.1.3, 3.39.4.1.3; TF-3 4.2.4).

import { ANONYMOUS } from '../../../src/codec/soap/constants.ts'
import { type Answer, type Fault, type Passing, respond } from './faulty-gateway.ts'

/** What the answer says of the neighbour; `reason` is in the codeContext. */
export interface Told {
  readonly code: string
  readonly reason: RegExp
}

export interface FaultCase {
  readonly name: string
  readonly fault: Fault
  /** Absent: the fault concerns the other transaction alone. */
  readonly query?: Told
  readonly retrieve?: Told
}

const unavailable = (reason: RegExp): Told => ({ code: 'XDSUnavailableCommunity', reason })
/** The rest of its answer is passed on. */
const leftOut = (reason: RegExp): Told => ({ code: 'XDSRegistryMetadataError', reason })
const both = (told: Told): Pick<FaultCase, 'query' | 'retrieve'> => ({ query: told, retrieve: told })

/** The answer of the neighbour, changed. */
function bent(change: (answer: Answer, passing: Passing) => Answer): Fault {
  return async (passing) => respond(passing.response, change(await passing.forward(), passing))
}

/** Only for one transaction; the other is passed on. */
function only(which: 'query' | 'retrieve', fault: Fault): Fault {
  return async (passing) => {
    if (passing.isRetrieve === (which === 'retrieve')) await fault(passing)
    else respond(passing.response, await passing.forward())
  }
}

/** Bytes stay bytes: what is replaced is ASCII. */
function replaced(pattern: RegExp | string, by: string) {
  return (answer: Answer): Answer => ({
    ...answer,
    body: Buffer.from(answer.body.toString('latin1').replaceAll(pattern, by), 'latin1'),
  })
}

function half({ response }: Passing, { status, contentType, body }: Answer): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': body.length })
  response.write(body.subarray(0, body.length / 2))
}

const html = (status: number): Fault =>
  bent(() => ({
    status,
    contentType: 'text/html; charset=UTF-8',
    body: Buffer.from('<!DOCTYPE html><html><body><h1>Service under maintenance / メンテナンス中</h1></body></html>'),
  }))

function soapFault(code: string): Fault {
  return bent((_, { messageId }) => ({
    status: 500,
    contentType: 'application/soap+xml; charset=UTF-8',
    body: Buffer.from(
      `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>` +
        `<a:Action>http://www.w3.org/2005/08/addressing/soap/fault</a:Action><a:To>${ANONYMOUS}</a:To><a:RelatesTo>${messageId}</a:RelatesTo>` +
        `</s:Header><s:Body><s:Fault><s:Code><s:Value>s:${code}</s:Value></s:Code><s:Reason><s:Text xml:lang="en">PLANTED reason</s:Text>` +
        `</s:Reason></s:Fault></s:Body></s:Envelope>`,
    ),
  }))
}

const MIB = 2 ** 20

/** @param home of the neighbour, urn:oid: and all. */
export function faultCases(home: string): readonly FaultCase[] {
  return [
    { name: 'accepts and never answers', fault: async () => {}, query: unavailable(/no whole answer in time/) },
    {
      name: 'hangs in the middle of its answer',
      fault: async (passing) => half(passing, await passing.forward()),
      query: unavailable(/no whole answer in time/),
    },
    {
      name: 'hangs in the middle of a document',
      fault: only('retrieve', async (passing) => half(passing, await passing.forward())),
      retrieve: unavailable(/no whole answer in time/),
    },
    {
      name: 'answers a byte at a time',
      fault: async (passing) => {
        const { response } = passing
        const { status, contentType, body } = await passing.forward()
        response.writeHead(status, { 'content-type': contentType })
        let sent = 0
        const timer = setInterval(() => response.write(body.subarray(sent, ++sent)), 50)
        response.once('close', () => clearInterval(timer))
      },
      query: unavailable(/no whole answer in time/),
    },
    {
      name: 'breaks off in the middle of its answer',
      fault: async (passing) => {
        half(passing, await passing.forward())
        setImmediate(() => passing.response.destroy())
      },
      ...both(unavailable(/UND_ERR_SOCKET|ECONNRESET|MTOM_PACKAGE/)),
    },
    { name: 'answers a SOAP fault', fault: soapFault('Receiver'), ...both(unavailable(/SOAP fault Receiver/)) },
    { name: 'says that we are wrong', fault: soapFault('Sender'), ...both(unavailable(/SOAP fault Sender/)) },
    { name: 'answers HTML as success', fault: html(200), ...both(unavailable(/CONTENT_TYPE/)) },
    { name: 'answers HTML as 502', fault: html(502), ...both(unavailable(/CONTENT_TYPE/)) },
    {
      name: 'answers 503 without a word',
      fault: async ({ response }) => void response.writeHead(503).end(),
      ...both(unavailable(/CONTENT_TYPE/)),
    },
    {
      name: 'sends us elsewhere',
      fault: async ({ response }) => void response.writeHead(302, { location: 'https://localhost:1/xca' }).end(),
      ...both(unavailable(/CONTENT_TYPE/)),
    },
    {
      name: 'answers nothing',
      fault: bent((answer) => ({ ...answer, body: Buffer.alloc(0) })),
      ...both(unavailable(/XML|MTOM_PACKAGE/)),
    },
    {
      name: 'answers XML with a document type declaration',
      fault: only('query', bent(replaced(/^(<\?xml[^>]*>)?/g, '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'))),
      query: unavailable(/XML_\w+/),
    },
    {
      name: 'answers more than is taken',
      fault: only(
        'query',
        bent((answer) => ({ ...answer, body: Buffer.concat([answer.body, Buffer.alloc(9 * MIB, ' ')]) })),
      ),
      query: unavailable(/TOO_LARGE/),
    },
    {
      name: 'answers another message',
      fault: bent((answer, { messageId }) => replaced(messageId, `${messageId.slice(0, -4)}0000`)(answer)),
      ...both(unavailable(/not one to this message/)),
    },
    {
      name: 'answers another transaction',
      fault: bent(replaced(/CrossGateway(Query|Retrieve)Response</g, 'Registry$1Response<')),
      ...both(unavailable(/not one to this message/)),
    },
    {
      name: 'answers with the home of somebody else',
      fault: only('query', bent(replaced(`home="${home}"`, 'home="urn:oid:2.25.7"'))),
      query: leftOut(/carry the home that was asked/),
      retrieve: { code: 'XDSDocumentUniqueIdError', reason: /./ },
    },
    {
      name: 'answers without its home',
      fault: only('query', bent(replaced(` home="${home}"`, ''))),
      query: { code: 'XDSMissingHomeCommunityId', reason: /./ },
      retrieve: { code: 'XDSDocumentUniqueIdError', reason: /./ },
    },
    {
      name: 'writes its home without urn:oid:',
      fault: only('query', bent(replaced(`home="${home}"`, `home="${home.replace('urn:oid:', '')}"`))),
      query: leftOut(/carry the home that was asked/),
      retrieve: { code: 'XDSDocumentUniqueIdError', reason: /./ },
    },
    {
      name: 'answers another patient’s documents',
      fault: only('query', bent(replaced(/[^"'<>\s]+\^\^\^&amp;/g, 'SOMEBODY-ELSE^^^&amp;'))),
      query: leftOut(/about the patient who was asked for/),
      retrieve: { code: 'XDSDocumentUniqueIdError', reason: /./ },
    },
    {
      name: 'packs documents with another boundary than it says',
      fault: only(
        'retrieve',
        bent((answer) => ({ ...answer, contentType: answer.contentType.replace('MIMEBoundary_', 'MIMEBoundary_X') })),
      ),
      retrieve: unavailable(/MTOM_PACKAGE/),
    },
    {
      name: 'includes a part that is not there',
      fault: only('retrieve', bent(replaced(/href="cid:/g, 'href="cid:not-'))),
      retrieve: unavailable(/a part for each document/),
    },
    {
      name: 'ends its package too early',
      fault: only(
        'retrieve',
        bent((answer) => ({ ...answer, body: answer.body.subarray(0, answer.body.length - 60) })),
      ),
      retrieve: unavailable(/MTOM_PACKAGE/),
    },
    {
      name: 'sends a document that nobody asked for',
      fault: only('retrieve', bent(replaced(/(DocumentUniqueId>)[^<]+</g, '$12.25.71<'))),
      retrieve: leftOut(/a document for each that was asked/),
    },
  ]
}
