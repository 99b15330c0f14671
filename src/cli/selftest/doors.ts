// Self-test of the doors as a stranger sees them, over real TLS: do they listen, as whom, and do they refuse him (ITI TF-2 3.19).

import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import {
  checkServerIdentity,
  connect,
  type PeerCertificate,
  rootCertificates,
  type SecureVersion,
  type TLSSocket,
} from 'node:tls'
import { Agent, request } from 'undici'
import { ENDPOINTS } from '../../../profiles/transactions/index.ts'
import { certificatesIn } from '../../certificates/certificate.ts'
import { type TlsPreset, tlsOptions } from '../../certificates/presets.ts'
import type { Config } from '../../config/config.ts'
import { reachable } from '../context.ts'
import { type ClockTelling, doorClock } from './database.ts'
import { codeOf, type Finding, failed, passed, reasonOf, skipped, warned, within } from './step.ts'

const HANDSHAKE_MS = 8000
/** A door hangs up as soon as it has asked the database who that is. */
const HANG_UP_MS = 8000
const ANSWER_MS = 10_000
const DAY_MS = 86_400_000
/** As alerts and `cert expiring` count (docs/operations/README.md). */
const SOON_DAYS = 30

export interface Door {
  readonly name: 'https' | 'mllp/storeclient' | 'mllp/pix' | 'syslog' | 'public address'
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** The setting that has the port. */
  readonly setting: string
  /** Of the network: what the certificate must be for. */
  readonly serverName: string
}

/** Those that are configured, as this machine reaches them. */
export function doorsOf({ https, mllp, audit }: Config): readonly Door[] {
  const serverName = bare(new URL(https.publicUrl).hostname)
  const at = (name: Door['name'], host: string, port: number, setting: string): Door => ({
    name,
    host: bare(reachable(host)),
    port,
    setting,
    serverName,
  })
  const { receiver } = audit
  return [
    at('https', https.host, https.port, 'https.port'),
    at('mllp/storeclient', mllp.host, mllp.storeclient.port, 'mllp.storeclient.port'),
    at('mllp/pix', mllp.host, mllp.pix.port, 'mllp.pix.port'),
    ...(receiver.port === undefined ? [] : [at('syslog', receiver.host, receiver.port, 'audit.receiver.port')]),
  ]
}

/** The HTTPS door as others find it; undefined where that is this machine by name. */
export function publicDoorOf({ https }: Config): Door | undefined {
  const { hostname, port } = new URL(https.publicUrl)
  const host = bare(hostname)
  if (host === 'localhost' || host === '127.0.0.1' || host === '::1') return undefined
  return { name: 'public address', host, port: Number(port || '443'), setting: 'https.publicUrl', serverName: host }
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '')
}

export function placeOf({ host, port }: Door): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** What a TLS connection without client certificate has shown. */
interface Shown {
  readonly protocol: string
  readonly cipher: string
  readonly certificate: X509Certificate
  /** What our check of chain and name says against it. */
  readonly fault?: string
}

interface Versions {
  readonly preset: TlsPreset
  readonly atnaDhe: boolean
  readonly only?: SecureVersion
}

function optionsOf({ preset, atnaDhe, only }: Versions) {
  const own = tlsOptions({ preset, atnaDhe })
  return only === undefined ? own : { ...own, minVersion: only, maxVersion: only }
}

/** The handshake refuses nobody, so that everything about the certificate can be told; nothing is sent. */
async function open(door: Door, versions: Versions, ca: readonly string[] = []): Promise<TLSSocket> {
  const socket = connect({
    ...optionsOf(versions),
    host: door.host,
    port: door.port,
    ...(isIP(door.serverName) === 0 ? { servername: door.serverName } : {}),
    ...(ca.length === 0 ? {} : { ca: [...ca] }),
    rejectUnauthorized: false,
  })
  try {
    await within(
      HANDSHAKE_MS,
      new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject)),
    )
    // What comes after the handshake is told by `close`.
    socket.on('error', () => {})
    return socket
  } catch (error) {
    socket.on('error', () => {}).destroy()
    throw error
  }
}

async function look(door: Door, config: Config): Promise<Shown> {
  const socket = await open(door, config.tls, await authorities(config))
  try {
    const peer = socket.getPeerCertificate(true)
    const certificate = new X509Certificate(peer.raw)
    const fault = faultOf(socket, door.serverName, peer)
    const [protocol, cipher] = [socket.getProtocol() ?? '', socket.getCipher().standardName]
    return { protocol, cipher, certificate, ...(fault === undefined ? {} : { fault }) }
  } finally {
    socket.destroy()
  }
}

/** The way to an authority first: without one a name says nothing. */
function faultOf(socket: TLSSocket, serverName: string, peer: PeerCertificate): string | undefined {
  if (!socket.authorized) return String(socket.authorizationError)
  const objection = checkServerIdentity(serverName, peer)
  return objection === undefined ? undefined : codeOf(objection)
}

/** Those that our systems believe, and those that everybody does. */
async function authorities({ tls }: Config): Promise<readonly string[]> {
  return [...certificatesIn(await readFile(tls.ca, 'latin1')), ...rootCertificates]
}

/**
 * A connection, the handshake, and the certificate: for the public name, to an authority, and how long.
 * @param opened is told when the handshake was made: without one nothing else can be tried at this door.
 */
export async function certificateStep(door: Door, config: Config, opened: () => void = () => {}): Promise<Finding> {
  let shown: Shown
  try {
    shown = await look(door, config)
  } catch (error) {
    return noHandshake(error, door)
  }
  opened()
  const { protocol, cipher, certificate, fault } = shown
  if (fault !== undefined) return certificateFault(fault, { door, certificate, config })
  const daysLeft = Math.floor((Date.parse(certificate.validTo) - Date.now()) / DAY_MS)
  const about = `${protocol}, ${cipher}; certificate of ${oneLine(certificate.subject)} for ${door.serverName}, ${daysLeft} days left`
  const ja = `${protocol}、${cipher}。${door.serverName} のサーバ証明書（${oneLine(certificate.subject)}、残り${daysLeft}日）`
  if (await isOfFile(certificate, config)) return daysLeft < SOON_DAYS ? soon(about, ja) : passed(about, ja)
  return warned(
    `${about}; it is not that of the file ${config.tls.certificate}`,
    'The server kept its former one: the new certificate and key do not fit, or cannot be read by it (its log says so); SIGHUP makes it read them again. Behind a proxy that ends TLS this is as it should be',
    `${ja}。ファイル ${config.tls.certificate} の証明書とは異なります。証明書と鍵の組合せ、サーバのログを確認し、SIGHUPで再読込してください（TLSを終端するプロキシの背後では正常です）。`,
  )
}

function soon(about: string, ja: string): Finding {
  return warned(
    about,
    'It ends soon: write the new tls.certificate and tls.key, which are read within seconds (docs/certificates-at-the-doors.md)',
    `${ja}。まもなく期限切れになります。新しい tls.certificate と tls.key を配置してください（再起動は不要です）。`,
  )
}

async function isOfFile({ fingerprint256 }: X509Certificate, { tls }: Config): Promise<boolean> {
  const [first] = certificatesIn(await readFile(tls.certificate, 'latin1'))
  return first !== undefined && new X509Certificate(first).fingerprint256 === fingerprint256
}

function oneLine(name: string): string {
  return name.replaceAll('\n', ', ')
}

function noHandshake(error: unknown, { setting, name }: Door): Finding {
  const code = codeOf(error)
  if (name === 'public address')
    return warned(
      `not reached from here (${code})`,
      'Ask from outside too: many networks let nobody out and in again. Else see DNS, the firewall and the load balancer, and https.publicUrl',
      `この機器からは到達できません（${code}）。外部からも確認し、DNS・ファイアウォール・負荷分散装置・https.publicUrl を確認してください。`,
    )
  if (code === 'ECONNREFUSED')
    return failed(
      'nothing listens there',
      `The server does not run, or with another ${setting} (tsunagi config explain)`,
      `接続できません。サーバが起動していないか、${setting} が異なります（tsunagi config explain で確認）。`,
    )
  if (code === 'ENOENT' || code === 'EACCES')
    return failed(
      `a file cannot be read: ${reasonOf(error)}`,
      'Run this as the user of the server; see tls.ca and tls.certificate (tsunagi config explain)',
      `ファイルを読めません（${reasonOf(error)}）。サーバと同じ利用者で実行し、tls.ca と tls.certificate を確認してください。`,
    )
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return failed(
      `what answers does not speak TLS (${code})`,
      `Another program has the port: see who (ss -ltnp), and ${setting}`,
      `TLSの応答ではありません（${code}）。別のプログラムがポートを使用していないか（ss -ltnp）、${setting} を確認してください。`,
    )
  return failed(
    `the TLS handshake ended (${code})`,
    'The server is held up, has too many connections of strangers (limits.connectionsPerStranger), or something is in between: see its log',
    `TLSの接続確立に失敗しました（${code}）。サーバのログ、接続数の上限、経路上の機器を確認してください。`,
  )
}

function certificateFault(
  fault: string,
  {
    door,
    certificate,
    config,
  }: { readonly door: Door; readonly certificate: X509Certificate; readonly config: Config },
): Finding {
  const names = certificate.subjectAltName ?? 'no name'
  if (fault === 'CERT_HAS_EXPIRED' || fault === 'CERT_NOT_YET_VALID')
    return failed(
      `the certificate of the server is not valid now (${fault}): from ${certificate.validFrom} to ${certificate.validTo}`,
      'Write a new tls.certificate and tls.key; when its dates are good, the clock of this machine is wrong',
      `サーバ証明書が有効期間外です（${fault}、${certificate.validTo} まで）。新しい tls.certificate と tls.key を配置してください。期間が正しい場合は、この機器の時刻を確認してください。`,
    )
  if (fault === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return failed(
      `the certificate of the server is for ${names}, not for ${door.serverName}: others refuse to connect`,
      'Get a certificate for the name in https.publicUrl, or give there the name that it has',
      `サーバ証明書の名前（${names}）が ${door.serverName} と一致しないため、他のシステムは接続できません。https.publicUrl の名前の証明書に更新するか、https.publicUrl を修正してください。`,
    )
  const issuer = oneLine(certificate.issuer)
  const say = door.name === 'public address' && config.proxy.trusted ? warned : failed
  return say(
    `the certificate of the server leads to no authority of ${config.tls.ca} (${fault}); its issuer is ${issuer}`,
    'tls.certificate has the certificate of the server first, then those between it and the root; tls.ca has the root. Another program may have the port',
    `サーバ証明書から ${config.tls.ca} の認証局にたどり着けません（${fault}、発行者 ${issuer}）。tls.certificate に中間証明書が含まれているか、tls.ca に認証局があるか確認してください。`,
  )
}

/** TLS 1.3 always; TLS 1.2 where the preset has it, and nowhere else. */
export async function versionsStep(door: Door, { tls }: Config): Promise<Finding> {
  const results = await Promise.all(
    (['TLSv1.3', 'TLSv1.2'] as const).map((only) => speaks(door, { ...tls, preset: 'high+1.2', only })),
  )
  const [newer, older] = results
  if (newer === undefined || older === undefined || newer === 'unreachable' || older === 'unreachable')
    return skipped('there is no connection to try them on', '接続できないため確認していません。')
  const wants = tls.preset === 'high' ? 'no' : 'yes'
  const found = `TLS 1.3: ${newer}, TLS 1.2: ${older} (tls.preset ${tls.preset})`
  if (newer === 'yes' && older === wants) return passed(found, `TLSバージョンは設定どおりです（${found}）。`)
  return failed(
    found,
    'The server was started with another tls.preset, or something before it ends TLS: restart the server, or look there',
    `TLSバージョンが設定と異なります（${found}）。サーバを再起動するか、手前の機器の設定を確認してください。`,
  )
}

async function speaks(door: Door, versions: Versions): Promise<'yes' | 'no' | 'unreachable'> {
  try {
    const socket = await open(door, versions)
    socket.destroy()
    return 'yes'
  } catch (error) {
    return /SSL|TLS|PROTO|EPROTO/.test(codeOf(error)) ? 'no' : 'unreachable'
  }
}

/** Where everybody is asked for a certificate; nobody gets more than an empty 403 without one (docs/certificates-at-the-doors.md). */
const CLOSED_PATH = `${ENDPOINTS.DocumentRegistry}?wsdl`
/** Without a certificate there is the way to get one. */
const PUBLIC_PATH = '/onboarding/ca.pem'

interface Answer {
  readonly status: number
  readonly body: string
  readonly clock: ClockTelling | undefined
}

async function stranger(door: Door, { tls }: Config, path: string): Promise<Answer> {
  const servername = isIP(door.serverName) === 0 ? { servername: door.serverName } : {}
  const agent = new Agent({ connect: { ...optionsOf(tls), ...servername, rejectUnauthorized: false } })
  try {
    const sentAt = Date.now()
    const { statusCode, headers, body } = await request(`https://${placeOf(door)}${path}`, {
      dispatcher: agent,
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    })
    const heardAt = Date.now()
    const { date } = headers
    const clock = doorClock(typeof date === 'string' ? date : undefined, { sentAt, heardAt })
    return { status: statusCode, body: await body.text(), clock }
  } finally {
    await agent.destroy()
  }
}

/** @param heard is told the clock of the server. */
export async function httpsStrangerStep(
  door: Door,
  config: Config,
  heard: (clock: ClockTelling) => void,
): Promise<Finding> {
  const closed = await stranger(door, config, CLOSED_PATH)
  if (closed.clock !== undefined) heard(closed.clock)
  if (closed.status !== REFUSED)
    return failed(
      `${CLOSED_PATH} answers a caller without a certificate (HTTP ${closed.status}), not 403`,
      'Whoever answers is not our door, or something before it shows a certificate of its own for everybody: take the network off the line until that is clear',
      `クライアント証明書のない接続に HTTP ${closed.status} を返しています（正しくは403）。手前のプロキシ等が自身の証明書を提示していないか、直ちに確認してください。`,
    )
  const open = await stranger(door, config, PUBLIC_PATH)
  if (open.status !== 200 || certificatesIn(open.body).length === 0)
    return failed(
      `${PUBLIC_PATH} answers HTTP ${open.status} without a certificate in it`,
      'Vendors fetch the authority there: see the log of the server',
      `${PUBLIC_PATH} から認証局証明書を取得できません（HTTP ${open.status}）。サーバのログを確認してください。`,
    )
  return passed(
    `refused with 403; ${PUBLIC_PATH} is there for everybody`,
    `証明書のない接続は403で拒否され、${PUBLIC_PATH} は取得できます。`,
  )
}

const REFUSED = 403

/** The handshake is made, and then the door hangs up without a word. */
export async function mllpStrangerStep(door: Door, config: Config): Promise<Finding> {
  const socket = await open(door, config.tls)
  let words = 0
  socket.on('data', (chunk: Buffer) => {
    words += chunk.length
  })
  try {
    await within(HANG_UP_MS, new Promise((resolve) => socket.once('close', resolve)))
  } catch {
    return failed(
      'the connection of a caller without a certificate stays open',
      'Whoever answers is not our door, or its database does not answer: see the log of the server',
      'クライアント証明書のない接続が切断されません。サーバのログとデータベースの状態を確認してください。',
    )
  } finally {
    socket.destroy()
  }
  if (words === 0) return passed('hung up without a word', '証明書のない接続は応答なしで切断されます。')
  return failed(
    'a caller without a certificate gets an answer',
    'Whoever answers is not our door: see what has the port (ss -ltnp)',
    'クライアント証明書のない接続に応答があります。ポートを使用しているプログラムを確認してください。',
  )
}
