// The first half of the SOAP pipeline: bytes of a request → message with its staged parts, while what is known of it grows (design §2).

import type { X509Certificate } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { iheError } from '../../profiles/errors/index.ts'
import type { XuaPolicy } from '../access/xua/ports.ts'
import type { PartHeaders } from '../codec/mtom/split.ts'
import type { SoapMessage } from '../codec/soap/read.ts'
import type { KeptPart } from '../journal/kept-message.ts'
import type { Turns } from '../mllp/turns.ts'
import type { ClaimedUser } from '../model/assertion.ts'
import type { CallingSystem, Exchange } from '../model/caller.ts'
import type { StagedContent } from '../model/staged-document.ts'
import { enter } from '../model/stations.ts'
import type { Binding, Incoming } from './binding.ts'
import type { DoorPorts } from './door.ts'
import { type Crossing, tapped } from './keeping.ts'
import type { ReplyDelivery } from './reply-delivery.ts'
import type { AllowedAddress } from './reply-route.ts'
import type { RequestRate } from './request-rate.ts'
import { open, type Packaging, packagingOf, parse, unpack } from './soap-message.ts'
import { type Received, UNDERSTOOD_WITH_XUA, type XuaGate } from './xua.ts'

export interface SoapEndpoint {
  readonly path: string
  readonly bindings: readonly Binding[]
  readonly wsdl: string
  /** Header blocks that its transactions honour beside those of every endpoint, as `{namespace}local`. */
  readonly understood?: ReadonlySet<string>
  /** Where document parts go while they arrive, for endpoints that take documents. */
  readonly staging?: {
    readonly stage: (body: AsyncIterable<Buffer>) => Promise<StagedContent>
    readonly discard: (staged: StagedContent) => Promise<void>
  }
}

/** Whose request it is. */
interface Known {
  readonly system: CallingSystem
  readonly active: 'yes' | 'no'
  /** Client certificate of the system. */
  readonly certificate: X509Certificate
}

export interface SoapDoorOptions {
  readonly ports: DoorPorts
  /** The system behind the request; the door's certificate check has already let it in. */
  readonly systemOf: (request: FastifyRequest) => Known
  readonly limits: { readonly soapBytes: number; readonly documentBytes: number; readonly requestBytes: number }
  readonly rate: RequestRate
  /** Whose message is next, where many are at work. */
  readonly turns: Turns
  /** Asynchronous answers: to which addresses, and who takes them there. */
  readonly replies: { readonly allowed: readonly AllowedAddress[]; readonly delivery: ReplyDelivery }
  /** The user behind a message (ITI-40). */
  readonly xua: XuaGate
}

export interface Served extends Known {
  readonly endpoint: SoapEndpoint
  readonly options: SoapDoorOptions
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** What is known of the message so far; a refusal is answered with as much of it as there is. */
export interface Progress {
  packaging: Packaging
  exchange: Exchange
  staged: readonly StagedContent[]
  /** For the journal: as it came, or its beginning while it is read. */
  crossing?: (() => Crossing | undefined) | undefined
  /** Who an assertion names, as far as it was read. */
  claimed?: ClaimedUser
}

interface Receiving {
  readonly served: Served
  readonly progress: Progress
  readonly policy: XuaPolicy
}

/** @throws {IheError} everything that is answered as a fault. */
export async function receive({ served, progress, policy }: Receiving): Promise<{
  readonly message: SoapMessage
  readonly incoming: Incoming
  readonly received: Received
}> {
  const { request, endpoint, options } = served
  const contentType = request.headers['content-type'] ?? ''
  progress.packaging = packagingOf(contentType) ?? 'simple'
  assertPlain(request.headers['content-encoding'])
  const { staging } = endpoint
  const staged: StagedContent[] = []
  progress.staged = staged
  const parts: KeptPart[] = []
  const tap = tapped(bodyOf(request))
  progress.crossing = () => {
    const seen = tap.seen()
    return seen === undefined ? undefined : { contentType, ...seen, parts: [] }
  }
  const packed = await unpack(tap.body, {
    contentType,
    maxSoapBytes: options.limits.soapBytes,
    maxRequestBytes: options.limits.requestBytes,
    maxDocumentBytes: options.limits.documentBytes,
    ...(staging === undefined || served.active === 'no' || !served.system.roles.has('document-source')
      ? {}
      : {
          stage: async (body: AsyncIterable<Buffer>, headers: PartHeaders) => {
            const content = await staging.stage(body)
            staged.push(content)
            parts.push(keptPart(headers, content))
            return content
          },
        }),
  })
  progress.exchange = { ...progress.exchange, requestBytes: packed.bytes }
  const crossing = { contentType, bytes: packed.root, sizeBytes: packed.bytes, isWhole: true, parts }
  progress.crossing = () => crossing
  enter(progress.exchange.stations, 'decode')
  const parsed = parse(packed)
  if (parsed.messageId !== undefined) progress.exchange = { ...progress.exchange, messageId: parsed.messageId }
  const message = open(parsed, understoodAt(endpoint, policy))
  return {
    message,
    incoming: { headers: message.headers, body: message.body, packaging: packed.packaging, parts: packed.parts },
    received: {
      root: parsed.document,
      bytes: packed.root,
      charset: packed.charset,
      path: endpoint.path,
      system: served.system,
      certificate: served.certificate,
      exchange: progress.exchange,
    },
  }
}

/** Header blocks that are understood at an endpoint. */
export function understoodAt({ understood = NOTHING_MORE }: SoapEndpoint, policy: XuaPolicy): ReadonlySet<string> {
  return policy === 'ignored' ? understood : new Set([...understood, ...UNDERSTOOD_WITH_XUA])
}

const NOTHING_MORE: ReadonlySet<string> = new Set()

/** What is too large for a row is in a file, and only named. */
function keptPart({ contentId, contentType }: PartHeaders, { content, sizeBytes, sha256 }: StagedContent): KeptPart {
  const named = { contentId, contentType, sizeBytes, sha256 }
  return content.kind === 'row' ? { ...named, bytes: content.bytes } : named
}

/** Compression is not offered: what a few bytes unfold to would have to be bounded too. @throws {IheError} CONTENT_TYPE */
function assertPlain(contentEncoding: string | undefined): void {
  if (contentEncoding === undefined || contentEncoding.toLowerCase() === 'identity') return
  throw iheError('CONTENT_TYPE', { at: 'Content-Encoding', value: contentEncoding, rule: 'send without compression' })
}

/** A request without Content-Type and length has no body at all. */
function bodyOf(request: FastifyRequest): AsyncIterable<Buffer> {
  return (request.body as AsyncIterable<Buffer> | undefined) ?? Readable.from([])
}
