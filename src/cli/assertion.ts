// --assert <file>: the command speaks for a person; the file says who, and with whose key that is signed (ITI TF-2 3.40).

import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { roleTable } from '../../profiles/access/index.ts'
import { writeAssertion, writeSecurity } from '../codec/saml/write.ts'
import type { Markup } from '../codec/xml/write.ts'
import type { Code } from '../model/code.ts'
import { JOBS } from '../model/user.ts'
import { isObject, textOf } from './admin-client.ts'
import { UsageError } from './failure.ts'

const PASSWORD = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'
const HL7_PURPOSE = '2.16.840.1.113883.1.11.20448'
const LIFETIME_SECONDS = 300
const MEMBERS = [
  'issuer',
  'key',
  'certificate',
  'subject',
  'name',
  'organization',
  'organizationId',
  'role',
  'purpose',
  'patient',
  'authnContext',
  'audience',
] as const
type Member = (typeof MEMBERS)[number]

/** Makes the wsse:Security header of one message. */
export type Assert = () => Markup

/**
 * @param network audience where the file names none.
 * @throws {UsageError} for a file that cannot be read or lacks something
 */
export async function readAssert(path: string, network: string): Promise<Assert> {
  const given = await readMembers(path)
  const [key, certificate] = await Promise.all(
    (['key', 'certificate'] as const).map((member) => readBeside(path, required(path, given, member))),
  )
  const issuer = required(path, given, 'issuer')
  const subject = required(path, given, 'subject')
  const said = {
    issuer,
    subject,
    audience: given.audience ?? network,
    lifetimeSeconds: LIFETIME_SECONDS,
    authnContext: given.authnContext ?? PASSWORD,
    roles: given.role === undefined ? [] : [roleOf(path, given.role)],
    ...(given.name === undefined ? {} : { displayName: given.name }),
    ...(given.organization === undefined ? {} : { organization: given.organization }),
    ...(given.organizationId === undefined ? {} : { organizationId: given.organizationId }),
    ...(given.purpose === undefined ? {} : { purpose: codeOf(given.purpose, HL7_PURPOSE) }),
    ...(given.patient === undefined ? {} : { patientId: given.patient }),
  }
  return () =>
    writeSecurity(writeAssertion({ ...said, issuedAt: new Date() }, { key: key ?? '', certificate: certificate ?? '' }))
}

type Given = Readonly<Partial<Record<Member, string>>>

async function readMembers(path: string): Promise<Given> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new UsageError(`${path} cannot be read as JSON`, { cause })
  }
  if (!isObject(json)) throw new UsageError(`${path} needs an object with ${MEMBERS.join(', ')}`)
  const unknown = Object.keys(json).find((name) => !MEMBERS.some((member) => member === name))
  if (unknown !== undefined) throw new UsageError(`${path}: ${unknown} is not one of ${MEMBERS.join(', ')}`)
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, textOf(value)]))
}

function required(path: string, given: Given, member: Member): string {
  const value = given[member]
  if (value === undefined || value === '') throw new UsageError(`${path} needs ${member}`)
  return value
}

async function readBeside(path: string, file: string): Promise<string> {
  const place = resolve(dirname(path), file)
  return readFile(place, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${place} cannot be read`, { cause })
  })
}

/** A job by its own name, or `code@system`. */
function roleOf(path: string, role: string): Code {
  if (role.includes('@')) return codeOf(role, '')
  if (!JOBS.some((job) => job === role))
    throw new UsageError(`${path}: role needs code@system, or one of ${JOBS.join(', ')}`)
  return codeOf(role, roleTable.ownSystem)
}

function codeOf(text: string, system: string): Code {
  const at = text.lastIndexOf('@')
  const code = at < 0 ? text : text.slice(0, at)
  return { code, scheme: at < 0 ? system : text.slice(at + 1), display: code }
}
