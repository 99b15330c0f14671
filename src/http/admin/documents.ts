// Admin routes of one document, as one facility sees it: its content as JSON, as a page and as text, and its bytes.

import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { staffContent } from '../../../profiles/transactions/index.ts'
import { documentPage, PAGE_POLICY } from '../../console/page.ts'
import { documentText } from '../../console/plain.ts'
import type { ClinicalView } from '../../model/clinical-view.ts'
import {
  clinicalView,
  type DocumentBytes,
  type DocumentRequest,
  documentBytes,
} from '../../storeclient/view/clinical-view.ts'
import { notFound } from './answers.ts'
import { clinicalJson } from './clinical-json.ts'
import type { AdminPorts } from './ports.ts'
import { described, exactly, NO_ZERO } from './schemas.ts'
import { CLINICAL_ROLES, type ReadingQuery, readingOf, readingQuery } from './staff-reading.ts'

interface Asked {
  Params: { uniqueId: string }
  Querystring: ReadingQuery
}

const uniqueId = {
  type: 'string',
  minLength: 1,
  maxLength: 128,
  pattern: NO_ZERO,
  description: 'uniqueId of the document',
} as const

function schemaOf(summary: string): Readonly<Record<string, unknown>> {
  return described(`${summary}; absent for a clinician who may not see it. Every call is audited`, {
    roles: CLINICAL_ROLES,
    params: exactly({ uniqueId }),
    querystring: exactly(readingQuery, Object.keys(readingQuery)),
  })
}

/** Whatever a document holds is not for caches, nor for a browser to guess at. */
const GUARDED = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }

export function registerDocumentRoutes(app: FastifyInstance, { viewing }: AdminPorts): void {
  app.get<Asked>(
    '/documents/:uniqueId/content',
    { schema: schemaOf('Clinical content of a document as JSON') },
    async (request, reply) => {
      const view = await viewOf(request, 'content', viewing)
      return view === undefined ? notFound(reply) : reply.headers(GUARDED).send(clinicalJson(view))
    },
  )
  app.get<Asked>(
    '/documents/:uniqueId/page',
    { schema: schemaOf('Readable page of a document, self-contained HTML without script') },
    async (request, reply) => {
      const view = await viewOf(request, 'page', viewing)
      if (view === undefined) return notFound(reply)
      const page = documentPage(view, addressOf)
      return reply
        .headers({ ...GUARDED, 'content-security-policy': PAGE_POLICY })
        .type('text/html; charset=utf-8')
        .send(page)
    },
  )
  app.get<Asked>(
    '/documents/:uniqueId/text',
    { schema: schemaOf('Readable text of a document') },
    async (request, reply) => {
      const view = await viewOf(request, 'text', viewing)
      if (view === undefined) return notFound(reply)
      return reply.headers(GUARDED).type('text/plain; charset=utf-8').send(documentText(view))
    },
  )
  app.get<Asked>(
    '/documents/:uniqueId/bytes',
    { schema: schemaOf('Bytes of a document, with the MIME type it was registered with') },
    async (request, reply) => {
      const asked = requestOf(request, 'bytes')
      const document = asked === undefined ? undefined : await documentBytes(asked, viewing)
      return document === undefined ? notFound(reply) : sendBytes(reply, document)
    },
  )
}

async function viewOf(
  request: FastifyRequest<Asked>,
  as: string,
  viewing: AdminPorts['viewing'],
): Promise<ClinicalView | undefined> {
  const asked = requestOf(request, as)
  return asked === undefined ? undefined : clinicalView(asked, viewing)
}

function requestOf(request: FastifyRequest<Asked>, as: string): DocumentRequest | undefined {
  const reading = readingOf(request, { transaction: staffContent.id, endpoint: `/admin/v1/documents/${as}` })
  return reading === undefined ? undefined : { ...reading, uniqueId: request.params.uniqueId }
}

/** Beside the page, for the same session. */
function addressOf(id: string): string {
  return `../${encodeURIComponent(id)}/bytes`
}

const SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"

/** A document of this type must not be shown by a browser as ours: it is always saved. */
function sendBytes(reply: FastifyReply, { mimeType, body, title, fileName }: DocumentBytes): FastifyReply {
  const name = encodeURIComponent(fileName ?? title).replaceAll(
    /['()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16)}`,
  )
  return reply
    .headers({
      ...GUARDED,
      'content-security-policy': SANDBOX,
      'content-disposition': `attachment; filename="document"; filename*=UTF-8''${name}`,
    })
    .type(MIME.test(mimeType) ? mimeType : 'application/octet-stream')
    .send(Buffer.isBuffer(body) ? body : Readable.from(body, { objectMode: false }))
}

/** A type and subtype of tokens (RFC 9110 8.3.1): what a sender registered goes into a header. */
const MIME = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/
