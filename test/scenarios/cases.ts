// The cases of fixtures/: their expectation, their request with its placeholders filled, and what is too large to commit (fixtures/README.md).

import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { newOid } from '../../src/model/identifiers.ts'

export interface Expectation {
  /** Whose client certificate; `nobody` has none. */
  readonly system: string
  readonly door?: 'https' | 'mllp' | 'mllp-pix' | 'syslog' | 'admin'
  readonly endpoint?: string
  readonly contentType?: string
  /** Further HTTP headers. */
  readonly headers?: Readonly<Record<string, string>>
  readonly status?: number
  /** Our row of the error table; null when nothing is wrong. */
  readonly code: string | null
  readonly ihe?: string
  readonly fault?: { readonly code: string; readonly subcode?: string; readonly vocabulary?: 'wsse' | 'wsu' }
  readonly ack?: string
  readonly result?: 'success' | 'partial' | 'failure'
  /** `none`: accepted, and nothing is stored but journal and audit. A refusal never stores anything. */
  readonly effect?: 'none'
  readonly contains?: readonly string[]
  /** Requests sent before, same system and endpoint unless a case is named: files of this folder, or `folder/case`. */
  readonly before?: readonly string[]
  /** Cases of the same folder sent before. */
  readonly after?: readonly string[]
  readonly generate?: { readonly kind: string; readonly count: number }
  readonly inject?: string
  /** `dripping`: the request is sent a byte at a time, so that it never ends. */
  readonly pace?: 'dripping'
  /** `later`: the row is written after the answer, by what the answer promised. */
  readonly journalled?: 'later' | 'asked'
  readonly setup?: {
    readonly consent?: 'withdrawn'
    readonly rules?: Readonly<Record<string, string>>
    /** Terms of the StoreClient contract of hospital-a. */
    readonly contract?: Readonly<Record<string, unknown>>
    /** State of hospital-a. */
    readonly facility?: 'suspended'
  }
  /** Metadata rules that the journal says were waived. */
  readonly waived?: readonly string[]
  /** The case's own request goes to a further server of the same network with these settings. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Case {
  /** `iti-41/unknown-patient`. */
  readonly name: string
  readonly folder: URL
  readonly expected: Expectation
}

const ROOT = new URL('../../fixtures/', import.meta.url)
/** The demo network itself, trees of storages and audit messages, no cases. */
const NO_CASES = ['demo', 'ssmix', 'atna']
const REQUESTS = ['request.xml', 'request.mime', 'request.hl7', 'request.json', 'request.syslog']

export function readCase(name: string): Case {
  const folder = new URL(`${name}/`, ROOT)
  const expected: Expectation = JSON.parse(readFileSync(new URL('expect.json', folder), 'utf8'))
  return { name, folder, expected }
}

export function readCases(): readonly Case[] {
  const groups = readdirSync(ROOT, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !NO_CASES.includes(entry.name),
  )
  return groups.flatMap(({ name: group }) =>
    readdirSync(new URL(group, ROOT)).map((name) => readCase(`${group}/${name}`)),
  )
}

/** Bytes of the case's own request, before placeholders are filled. */
export function requestOf({ name, folder }: Case): { readonly file: string; readonly bytes: Buffer } {
  const file = REQUESTS.find((candidate) => existsSync(new URL(candidate, folder)))
  if (file === undefined) throw new Error(`${name} has no request`)
  return { file, bytes: readFileSync(new URL(file, folder)) }
}

export type Values = (name: string) => string | undefined

/**
 * Values of one case: `network` as given; UUID_n and OID_n are made once, UUID and OID anew for each file, where they are
 * the same wherever they stand.
 */
export function valuesOf(network: Readonly<Record<string, string>>): { readonly forFile: () => Values } {
  const kept = new Map<string, string>()
  const make = (name: string, into: Map<string, string>): string | undefined => {
    const value = /^UUID/.test(name) ? randomUUID() : /^OID/.test(name) ? newOid() : undefined
    if (value !== undefined) into.set(name, value)
    return value
  }
  return {
    forFile: () => {
      const own = new Map<string, string>()
      return (name) => network[name] ?? kept.get(name) ?? own.get(name) ?? make(name, /_\d+$/.test(name) ? kept : own)
    },
  }
}

/** Latin-1 keeps every byte as it is, so that this serves binary requests too. */
export function fill(bytes: Buffer, values: Values): Buffer {
  if (!bytes.includes('${')) return bytes
  return Buffer.from(fillText(bytes.toString('latin1'), values), 'latin1')
}

export function fillText(text: string, values: Values): string {
  return text.replaceAll(/\$\{([A-Z0-9_]+)\}/g, (whole, name: string) => {
    const value = values(name)
    if (value === undefined) throw new Error(`no value for the placeholder ${whole}`)
    return value
  })
}

/** Content in place of `<!-- GENERATED -->`, or after the request: what is too large to commit. */
export function generated(request: Buffer, { kind, count }: NonNullable<Expectation['generate']>): Buffer {
  switch (kind) {
    case 'nested':
      return placed(request, '<a>'.repeat(count) + '</a>'.repeat(count))
    case 'metadata-bytes':
      return placed(request, `<rim:Value>${'x'.repeat(count)}</rim:Value>`)
    case 'parts':
      return placed(request, parts(count))
    case 'values':
      return placed(request, `<rim:Value>('urn:uuid:${randomUUID()}')</rim:Value>`.repeat(count))
    case 'file':
      return placed(request, Buffer.alloc(count, '%PDF-1.4 ').toString('base64'))
    case 'eicar':
      return placed(request, Buffer.from(EICAR).toString('base64'))
    case 'segments':
      return Buffer.concat([request, Buffer.from('OBX|1|ST|X||1||||||F\r'.repeat(count))])
  }
  throw new Error(`fixtures know nothing of the kind ${kind}`)
}

/** The test string of the virus scanners, in parts, so that this file is none. */
export const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE', '!$H+H*'].join('')

const MARK = '<!-- GENERATED -->'

function placed(request: Buffer, content: string): Buffer {
  const at = request.indexOf(MARK)
  if (at < 0) throw new Error(`the request has no ${MARK}`)
  return Buffer.concat([request.subarray(0, at), Buffer.from(content), request.subarray(at + MARK.length)])
}

function parts(count: number): string {
  return Array.from(
    { length: count },
    (_, index) => `--fixture\r\nContent-Type: text/plain\r\nContent-ID: <extra.${index}@example.org>\r\n\r\nx\r\n`,
  ).join('')
}
