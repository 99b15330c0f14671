// A kept message through the door that it came by, from its bytes to what the actor makes of it; nobody is answered (docs/adr/0038).

import { iheError } from '../../profiles/errors/index.ts'
import { NS } from '../../profiles/transactions/index.ts'
import type { XuaPolicy } from '../access/xua/ports.ts'
import { isBatch } from '../codec/hl7v2/batch.ts'
import { parseContentType } from '../codec/mtom/content-type.ts'
import { contentIdOf } from '../codec/mtom/include.ts'
import { SOAP12, WSSE } from '../codec/soap/constants.ts'
import { attributeOf, childOf, elementsOf } from '../codec/xml/navigate.ts'
import type { XmlElement } from '../codec/xml/read.ts'
import type { KeptMessage } from '../journal/kept-message.ts'
import type { Obstacle, Replayable } from '../journal/replay-ports.ts'
import type { Caller, Exchange } from '../model/caller.ts'
import { IheError } from '../model/error.ts'
import type { StagedContent } from '../model/staged-document.ts'
import type { Binding } from './binding.ts'
import { type DoorPorts, newExchange } from './door.ts'
import { type Hl7v2Door, receiveMessage } from './hl7v2-door.ts'
import { type AllowedAddress, routeOf } from './reply-route.ts'
import type { Channel } from './soap-answer.ts'
import { bindingOf } from './soap-dispatch.ts'
import { answer, fault, mayCall } from './soap-door.ts'
import { open, type Packed, packagingOf, parse } from './soap-message.ts'
import { type Progress, type SoapEndpoint, understoodAt } from './soap-receive.ts'
import { carriageOf, STORE_CLIENT_PATH } from './storeclient-door.ts'
import type { XuaGate } from './xua.ts'

/** Doors with the actors of an attempt behind them. */
export interface ReplayDoors {
  readonly ports: DoorPorts
  readonly endpoints: readonly SoapEndpoint[]
  readonly storeClient: Hl7v2Door['serviceOf']
  readonly pix: Hl7v2Door['serviceOf']
  readonly allowedReplies: readonly AllowedAddress[]
  readonly policyOf: XuaGate['policyOf']
}

/** What is wrong with performing this message again, whoever sent it. */
export async function obstacleOf(
  { former, message, system }: Replayable,
  doors: Pick<ReplayDoors, 'policyOf'> & { readonly paths: readonly string[] },
): Promise<Obstacle | undefined> {
  if (doors.paths.includes(former.endpoint)) {
    const document = documentOf(message)
    const policy = await doors.policyOf(former.endpoint, system.systemId)
    // An assertion is worth something for minutes, and to whoever shows it: nobody can show it again on the user's behalf.
    if (policy === 'required' || (policy === 'optional' && namesUser(document))) return 'assertion'
    return document !== undefined && lacksPart(document, message) ? 'part not kept' : undefined
  }
  if (hl7v2Of(former.endpoint) === undefined) return 'no message'
  return isBatch(message.bytes) ? 'batch' : undefined
}

function namesUser(document: XmlElement | undefined): boolean {
  const header = document === undefined ? undefined : childOf(document, SOAP12, 'Header')
  return header !== undefined && childOf(header, WSSE, 'Security') !== undefined
}

/** Of a system that may not send documents no part is read, so that none is kept either. */
function lacksPart(element: XmlElement, { parts }: Pick<KeptMessage, 'parts'>): boolean {
  if (element.ns === NS.xop && element.name === 'Include') {
    const named = contentIdIn(attributeOf(element, 'href') ?? '')
    return named !== undefined && !parts.some(({ contentId }) => contentId === named)
  }
  return elementsOf(element).some((child) => lacksPart(child, { parts }))
}

/** A reference that cannot be read is refused again. */
function contentIdIn(href: string): string | undefined {
  try {
    return contentIdOf(href)
  } catch (error) {
    if (error instanceof IheError) return undefined
    throw error
  }
}

/** What cannot be read names nobody, and is refused again. */
function documentOf(message: KeptMessage): XmlElement | undefined {
  try {
    return parse(packedOf(message, new Map())).document
  } catch (error) {
    if (error instanceof IheError) return undefined
    throw error
  }
}

function hl7v2Of(endpoint: string): 'storeClient' | 'pix' | undefined {
  switch (endpoint) {
    case STORE_CLIENT_PATH:
    case 'mllp/storeclient':
      return 'storeClient'
    case 'mllp/pix':
      return 'pix'
  }
  return undefined
}

/**
 * Performs the message in an exchange of the id given; how it ended stands in the journal afterwards.
 * @returns how much a query found, or a retrieval would deliver.
 */
export async function performAgain(
  exchangeId: string,
  replayable: Replayable,
  doors: ReplayDoors,
): Promise<number | undefined> {
  const { endpoint: path } = replayable.former
  const exchange = newExchange({
    id: exchangeId,
    door: 'job',
    // So that the journal names the message.
    endpoint: `replay/${replayable.former.exchangeId}`,
    peer: 'localhost',
    transaction: 'unknown',
  })
  const endpoint = doors.endpoints.find((candidate) => candidate.path === path)
  if (endpoint !== undefined) return performSoap({ ...replayable, exchange, endpoint }, doors)
  const service = hl7v2Of(path)
  if (service === undefined) throw new Error(`no door is named ${path}`)
  const { message, system } = replayable
  let found: number | undefined
  const serviceOf: Hl7v2Door['serviceOf'] = (header) => {
    const inner = doors[service](header)
    const perform: typeof inner.perform = async (...given) => {
      const performed = await inner.perform(...given)
      found = howMany(performed.answer)
      return performed
    }
    return { ...inner, perform }
  }
  await receiveMessage(
    message.bytes,
    {
      system,
      active: 'yes',
      door: exchange.door,
      endpoint: exchange.endpoint,
      peer: exchange.peer,
      exchangeId,
      carriage: carriageOf({ headers: message.headers ?? {} }, charsetOf(message)),
    },
    { ports: doors.ports, serviceOf, rate: UNLIMITED },
  )
  return found
}

/** Members of answers that list what was found. */
const LISTS = ['objects', 'ids', 'patients'] as const

/** What it is stays in the attempt. */
function howMany(answer: unknown): number | undefined {
  if (Array.isArray(answer)) return answer.length
  if (typeof answer !== 'object' || answer === null) return undefined
  const lists: Readonly<Record<string, unknown>> = { ...answer }
  const list = LISTS.map((name) => lists[name]).find(Array.isArray)
  return list?.length
}

const UNLIMITED = { take: (): void => {} }
const AT_ONCE = { take: async () => () => {} }

interface Performing extends Replayable {
  readonly exchange: Exchange
  readonly endpoint: SoapEndpoint
}

async function performSoap(given: Performing, doors: ReplayDoors): Promise<number | undefined> {
  let found: number | undefined
  const { system, endpoint } = given
  const progress: Progress = { packaging: 'simple', exchange: given.exchange, staged: [] }
  const served = {
    active: 'yes',
    system,
    endpoint,
    // Who names a user is not performed again.
    options: { ports: doors.ports, rate: UNLIMITED, turns: AT_ONCE, xua: { assertPatients: async () => {} } },
  } as const
  const channel = toNobody()
  try {
    const policy = await doors.policyOf(endpoint.path, system.systemId)
    const { message, incoming } = await read(given, progress, policy)
    const binding = counting(bindingOf(endpoint, message), (count) => {
      found = count
    })
    progress.exchange = { ...progress.exchange, transaction: binding.transaction.id }
    if (!mayCall(served, binding))
      throw iheError('ROLE_MISSING', { rule: `roles ${binding.transaction.roles.join(', ')}` })
    routeOf(message, { systemId: system.systemId, allowed: doors.allowedReplies })
    const caller: Caller = { ...system, exchange: progress.exchange }
    await answer({ served, progress, binding, incoming, caller, message }, channel)
  } catch (error) {
    await fault(served, progress, { error, channel })
  }
  return found
}

function counting(binding: Binding, count: (found: number | undefined) => void): Binding {
  return {
    ...binding,
    prepare: async (incoming) => {
      const perform = await binding.prepare(incoming)
      return async (caller) => {
        const performed = await perform(caller)
        count(howMany(performed.outcome.answer))
        return performed
      }
    },
  }
}

/** As the door receives it, from what was kept. @throws {IheError} everything that is answered as a fault. */
async function read({ message, endpoint, system }: Performing, progress: Progress, policy: XuaPolicy) {
  const staged: StagedContent[] = []
  progress.staged = staged
  progress.exchange = { ...progress.exchange, requestBytes: message.sizeBytes }
  const parts = new Map<string, StagedContent>()
  const { staging } = endpoint
  if (staging !== undefined && system.roles.has('document-source'))
    for (const { contentId, bytes = Buffer.alloc(0) } of message.parts) {
      const content = await staging.stage(once(bytes))
      staged.push(content)
      parts.set(contentId, content)
    }
  const packed = packedOf(message, parts)
  progress.packaging = packed.packaging
  const parsed = parse(packed)
  if (parsed.messageId !== undefined) progress.exchange = { ...progress.exchange, messageId: parsed.messageId }
  const envelope = open(parsed, understoodAt(endpoint, policy))
  const { headers, body } = envelope
  return { message: envelope, incoming: { headers, body, packaging: packed.packaging, parts } }
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes
}

function charsetOf({ contentType }: KeptMessage): string | undefined {
  return contentType === undefined ? undefined : parseContentType(contentType).parameters.get('charset')
}

/** @throws {IheError} CONTENT_TYPE */
function packedOf(message: KeptMessage, parts: Packed['parts']): Packed {
  const { contentType = '' } = message
  const packaging = packagingOf(contentType)
  if (packaging === undefined) throw iheError('CONTENT_TYPE', { at: 'Content-Type', value: contentType })
  // Of a package the charset is its root's: what is kept of it says so in its XML declaration, or is UTF-8.
  const charset = packaging === 'simple' ? charsetOf(message) : undefined
  return { packaging, root: message.bytes, charset, parts, bytes: message.sizeBytes }
}

function toNobody(): Channel {
  let isUsed = false
  const take = async (): Promise<void> => {
    isUsed = true
  }
  return {
    kind: 'connection',
    answerTo: undefined,
    faultTo: undefined,
    answer: take,
    fault: take,
    isUsed: () => isUsed,
  }
}
