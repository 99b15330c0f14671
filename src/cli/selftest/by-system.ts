// Self-test as a connected system: its certificate is let in, and each door answers it as the standard says, about nobody.

import { X509Certificate } from 'node:crypto'
import { Agent, request } from 'undici'
import { ENDPOINTS, iti9, iti18, iti45, storeClientPush, transactions } from '../../../profiles/transactions/index.ts'
import { writeFindDocuments } from '../../codec/ebxml/query-request.ts'
import { readAck } from '../../codec/hl7v2/ack.ts'
import { readPixResponse } from '../../codec/hl7v2/read-pix-response.ts'
import { writeEr7 } from '../../codec/hl7v2/write.ts'
import { writeHeader } from '../../codec/hl7v2/write-header.ts'
import { writePixQuery } from '../../codec/hl7v2/write-pix-query.ts'
import type { Config } from '../../config/config.ts'
import type { Role } from '../../model/caller.ts'
import type { Oid } from '../../model/identifiers.ts'
import { RESPONSE_SUCCESS } from '../../model/xds.ts'
import { type AdminClient, isObject, type Json, rowsOf, textOf } from '../admin-client.ts'
import { facilityDomain } from '../as-system.ts'
import { createSystemClient } from '../client.ts'
import type { Credentials } from '../credentials.ts'
import { RefusedError } from '../failure.ts'
import { describeDetails } from '../feed.ts'
import { askPix } from '../pix.ts'
import { connect, describeAck } from '../push.ts'
import { ask } from '../query.ts'
import { envelopeOf, newId } from '../query-v2.ts'
import { jsonOf } from './management.ts'
import { type Finding, failed, passed, reasonOf, skipped, within } from './step.ts'

const ANSWER_MS = 20_000
const SLOW = 'The server is there but slow or held up: tsunagi_exchange_duration_seconds, its log, and the database'

export interface Subject {
  readonly config: Config
  readonly systemId: string
  readonly credentials: Credentials
  /** HTTPS door, without path. */
  readonly baseUrl: string
  /** Absent when it does not answer. */
  readonly admin: AdminClient | undefined
}

/** As it is registered; undefined when that cannot be asked. */
export async function registered({ admin, systemId }: Subject): Promise<Json | undefined> {
  if (admin === undefined) return undefined
  const systems = rowsOf((await admin.get('/systems')).body)
  return systems.find((system) => system.systemId === systemId) ?? {}
}

async function got(subject: Subject, path: string): Promise<{ readonly status: number; readonly text: string }> {
  const { key, cert, ca, minVersion, maxVersion, ciphers, ecdhCurve } = subject.credentials
  const agent = new Agent({ connect: { key, cert, ca, minVersion, maxVersion, ciphers, ecdhCurve } })
  try {
    const { statusCode, body } = await request(`${subject.baseUrl}${path}`, {
      dispatcher: agent,
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    })
    return { status: statusCode, text: await body.text() }
  } finally {
    await agent.destroy()
  }
}

/** The door lets the certificate in, and knows it as that of this system. */
export async function ownCertificateStep(subject: Subject): Promise<Finding> {
  const { status, text } = await got(subject, '/certificate')
  if (status === 403) return refused(subject)
  const answer = jsonOf(text)
  if (status !== 200) throw new RefusedError(`HTTP ${status}: ${textOf(answer.message) || text.slice(0, 200)}`)
  const systemId = textOf(answer.systemId)
  const until = textOf(answer.notAfter)
  if (systemId === subject.systemId)
    return passed(
      `let in as ${systemId}; good until ${until}`,
      `${systemId} として受け入れられました（${until} まで有効）。`,
    )
  return failed(
    `the certificate is that of ${systemId}, not of ${subject.systemId}`,
    `Show the certificate of ${subject.systemId}: its messages would be taken for those of ${systemId}`,
    `この証明書は ${subject.systemId} ではなく ${systemId} のものです。正しい証明書を使用してください。`,
  )
}

/** The door says nothing of why; whoever runs the server may know it. */
async function refused({ admin, credentials, systemId }: Subject): Promise<Finding> {
  const { fingerprint256, validTo, issuer } = new X509Certificate(credentials.cert)
  const known = await admin?.get(`/certificates/${encodeURIComponent(fingerprint256)}`).catch(() => undefined)
  const row = isObject(known?.body) ? known.body : undefined
  const state =
    row === undefined
      ? 'it is not registered here'
      : `it is registered for ${textOf(row.systemId)}, ${textOf(row.status)}`
  return failed(
    `refused with 403: ${admin === undefined ? 'why can be told where the server runs' : state}; good until ${validTo}, of ${issuer.replaceAll('\n', ', ')}`,
    `Register it (tsunagi system cert ${systemId} <file>), resume or renew it (tsunagi cert list --system ${systemId}); its authority must be believed at this door (tsunagi anchor list)`,
    `403で拒否されました（${state}、${validTo} まで）。登録（tsunagi system cert）、状態（tsunagi cert list --system ${systemId}）、認証局（tsunagi anchor list）を確認してください。`,
  )
}

/** Each endpoint describes all of its transactions (ITI TF-2 Appendix V.2). */
export async function wsdlStep(subject: Subject): Promise<Finding> {
  const wrong: string[] = []
  for (const [actor, path] of Object.entries(ENDPOINTS)) {
    const { status, text } = await got(subject, `${path}?wsdl`)
    const missing = transactions.filter((one) => one.actor === actor && !text.includes(`"${one.action}"`))
    if (status !== 200 || !/<(\w+:)?definitions[\s>]/.test(text)) wrong.push(`${path} (HTTP ${status})`)
    else if (missing.length > 0) wrong.push(`${path} (without ${missing.map(({ id }) => id).join(', ')})`)
  }
  const count = Object.keys(ENDPOINTS).length
  if (wrong.length === 0) return passed(`${count} endpoints describe themselves`, `${count}件のWSDLを取得できました。`)
  return failed(
    `no WSDL, or not of this version: ${wrong.join(', ')}`,
    'Another version runs, or something between answers in place of the server: see the version above and the log',
    `WSDLを取得できないか、内容が異なります（${wrong.join('、')}）。稼働中のバージョンと経路上の機器を確認してください。`,
  )
}

/** Why a system is not asked to try it; what is not known is tried. */
function withoutRole(system: Json | undefined, roles: readonly Role[]): Finding | undefined {
  const held: unknown = system?.roles
  if (!Array.isArray(held) || roles.some((role) => held.includes(role))) return undefined
  const names = roles.join(', ')
  return skipped(`the system has not the role ${names}`, `このシステムには役割 ${names} がありません。`)
}

/** A number that nobody has: twenty random digits of hexadecimal. */
async function nobody({ config, systemId }: Subject): Promise<{ readonly value: string; readonly authority: Oid }> {
  const community = config.identity.affinityDomainAuthority
  const authority = await facilityDomain(config, systemId, undefined).catch(() => community)
  return { value: newId(), authority }
}

/** Of a number that nobody has nothing is known (ITI TF-2 3.45.4.2.3, case 3). */
export async function pixStep(subject: Subject, system: Json | undefined): Promise<Finding> {
  const skip = withoutRole(system, iti45.roles)
  if (skip !== undefined) return skip
  const { config, credentials, baseUrl } = subject
  const client = createSystemClient({ baseUrl, credentials })
  try {
    const { answer } = await within(ANSWER_MS, askPix({ config, client }, await nobody(subject), []))
    if (answer.kind === 'nothing') return unknownPatient('no ids')
    if (answer.kind === 'found') return strange('a number that was made a moment ago')
    const text = describeDetails(answer.details)
    return answer.details.some(({ code }) => code === UNKNOWN_KEY) ? unknownPatient('204') : answeredOtherwise(text)
  } catch (error) {
    return answeredOtherwise(reasonOf(error))
  } finally {
    await client.close()
  }
}

/** Table 0357, also in HL7 v3 (ITI TF-2 3.45.4.2.3). */
const UNKNOWN_KEY = '204'

function unknownPatient(how: string): Finding {
  return passed(
    `a number that nobody has is unknown (${how})`,
    `存在しない患者番号は「不明」と応答されました（${how}）。`,
  )
}

function strange(what: string): Finding {
  return failed(
    `something is found for ${what}`,
    'Whoever answers makes answers up: see what listens there',
    '存在しない患者番号に対して結果が返りました。接続先を確認してください。',
  )
}

function answeredOtherwise(reason: string): Finding {
  const isLate = reason.includes('no answer within')
  return failed(
    reason.slice(0, 600),
    isLate
      ? SLOW
      : 'The answer names a journal id where the server took it: tsunagi journal show <id> tells each station',
    `想定した応答がありません（${reason.slice(0, 300)}）。応答に記録番号があれば tsunagi journal show <id> で確認してください。`,
  )
}

/** Of a patient who is not there no documents are found, or the patient is unknown (ITI TF-2 3.18.4.1.3; TF-3 4.2.4.1). */
export async function queryStep(subject: Subject, system: Json | undefined): Promise<Finding> {
  const skip = withoutRole(system, iti18.roles)
  if (skip !== undefined) return skip
  const { config, credentials, baseUrl } = subject
  const client = createSystemClient({ baseUrl, credentials })
  const patientId = { value: newId(), authority: config.identity.affinityDomainAuthority }
  try {
    const body = writeFindDocuments({ patientId, returnType: 'ObjectRef' })
    const { response } = await within(ANSWER_MS, ask({ config, client }, body))
    const { status, errors, references, objects } = response
    if (references.length + objects.length > 0) return strange('a patient who was made up a moment ago')
    const codes = errors.map(({ errorCode }) => errorCode)
    if (status === RESPONSE_SUCCESS || codes.every((code) => code === 'XDSUnknownPatientId'))
      return passed(
        `nothing is found for a patient who is not there (${codes.join(', ') || 'Success'})`,
        `存在しない患者の照会に正しく応答しました（${codes.join('、') || 'Success'}）。`,
      )
    return answeredOtherwise(errors.map(({ errorCode, codeContext }) => `${errorCode}: ${codeContext}`).join(' '))
  } catch (error) {
    return answeredOtherwise(reasonOf(error))
  } finally {
    await client.close()
  }
}

/** ITI-9 over MLLP: an error of the unknown key (ITI TF-2 3.9.4.2.2, case 3). */
export async function pixV2Step(subject: Subject, system: Json | undefined): Promise<Finding> {
  const skip = withoutRole(system, iti9.roles)
  if (skip !== undefined) return skip
  const query = { ...envelopeOf(subject.systemId, newId()), patientId: await nobody(subject), domains: [] }
  const raw = await exchanged(subject, { port: subject.config.mllp.pix.port }, writePixQuery(query))
  if (!Buffer.isBuffer(raw)) return raw
  const answer = readPixResponse(raw)
  if (answer.kind === 'nothing') return unknownPatient('no ids')
  if (answer.kind === 'found') return strange('a number that was made a moment ago')
  const text = describeAck(answer.ack, iti9.id)
  return answer.ack.errors.some(({ code }) => code === UNKNOWN_KEY) ? unknownPatient('204') : answeredOtherwise(text)
}

/** A message type that no kind of data has: whatever else is in order, it is refused, and nothing can be kept of it. */
const NO_TYPE = ['ZZZ', 'Z99'] as const
/** Table 0357: unsupported message type, unsupported event code. */
const UNSUPPORTED = new Set(['200', '201'])

/** A message that can only be refused, AR 200 (HL7 v2.5 2.9.2): StoreClient reads, journals and answers, and keeps nothing. */
export async function storeClientStep(
  subject: Subject,
  system: Json | undefined,
  way: 'mllp' | 'https',
): Promise<Finding> {
  const skip = withoutRole(system, storeClientPush.roles)
  if (skip !== undefined) return skip
  const message = writeEr7([writeHeader(envelopeOf(subject.systemId, newId()), NO_TYPE)])
  const ways = way === 'https' ? ({ http: true } as const) : { port: subject.config.mllp.storeclient.port }
  const raw = await exchanged(subject, ways, message)
  if (!Buffer.isBuffer(raw)) return raw
  const ack = readAck(raw)
  if (ack.code === 'AR' && ack.errors.some(({ code }) => UNSUPPORTED.has(code)))
    return passed(
      'a message of no kind is refused as it should be (AR), and nothing is kept of it',
      '対象外の電文は正しく拒否されました（AR、保存なし）。',
    )
  return answeredOtherwise(describeAck(ack, NO_TYPE.join('^')).replaceAll('\n', ' '))
}

async function exchanged(
  { config, credentials, baseUrl }: Subject,
  ways: { readonly http?: true; readonly port?: number },
  message: Buffer,
): Promise<Buffer | Finding> {
  try {
    const connection = await within(ANSWER_MS, connect(config, credentials, { url: baseUrl, ...ways }))
    try {
      return await within(ANSWER_MS, connection.send(message))
    } finally {
      void connection.close().catch(() => {})
    }
  } catch (error) {
    return answeredOtherwise(reasonOf(error))
  }
}
