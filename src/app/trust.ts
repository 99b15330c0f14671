// Composition root: the authorities that the doors believe now, from the file tls.ca and the database, and reading them anew (docs/adr/0026).

import { constants, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { SecureContextOptions } from 'node:tls'
import { checkServerIdentity, createSecureContext } from 'node:tls'
import { readAnchor } from '../certificates/anchor.ts'
import { factsOf } from '../certificates/certificate.ts'
import { anchorsOf, createJudge, revocationOfServer, revocationOfSigner } from '../certificates/judge.ts'
import { tlsOptions } from '../certificates/presets.ts'
import type { Config } from '../config/config.ts'
import { anchorsVersion, createAnchorStore, loadAnchors, type StoredAnchor } from '../db/access/anchors.ts'
import type { AnchorPorts } from '../http/admin/anchor-ports.ts'
import { nameOf } from '../http/failure.ts'
import type { OutgoingTls } from '../http/outgoing-tls.ts'
import { certificatesOf, shownOf } from '../http/shown-certificate.ts'
import { DOORS, type DoorName, type Judge, type RevocationList, type TrustAnchor } from '../model/trust.ts'
import type { Given } from './actor-ports.ts'
import { type CalledServer, type CalledServers, certificateFault, createCalledServers } from './called-servers.ts'

export type DoorTls = SecureContextOptions & { readonly honorCipherOrder?: boolean; readonly ecdhCurve?: string }
/** What a connection that we open is made with. */
export type CallTls = DoorTls & Pick<ReturnType<OutgoingTls>, 'checkServerIdentity' | 'connected'>

/** Certificate, key and authorities, as the files have them. */
export interface TlsFiles {
  readonly cert: Buffer
  readonly key: Buffer
  readonly ca: Buffer
}

export interface Trust {
  readonly judge: Judge
  readonly tlsOf: (door: DoorName) => DoorTls
  /** For connections that we open: the authorities of the file alone. */
  readonly outgoing: () => DoorTls
  /** To a facility: its own authorities count too, for it alone; whom they revoked is not spoken to. Without one: as `outgoing`, but so. */
  readonly outgoingTo: (facilityId?: string) => CallTls
  /** Why a certificate that signs assertions counts no longer, though its dates are good: the lists of all authorities are asked. */
  readonly revocationOf: (pem: string) => string | undefined
  /** Reads files and database again; true when something is different. What cannot be read stays as it was. */
  readonly refresh: () => Promise<boolean>
}

interface State {
  readonly files: TlsFiles
  readonly version: string
  readonly anchors: readonly TrustAnchor[]
  /** Those of the file tls.ca among them. */
  readonly ofFile: readonly TrustAnchor[]
  readonly judge: Judge
}

const HOUR_MS = 3_600_000

export async function readTlsFiles({ tls }: Config): Promise<TlsFiles> {
  const [cert, key, ca] = await Promise.all([readFile(tls.certificate), readFile(tls.key), readFile(tls.ca)])
  return { cert, key, ca }
}

/** @throws {Error} when the files do not go together. */
export async function openTrust(given: Given): Promise<Trust> {
  const { config, log } = given
  let state = await load(given)
  let failure: string | undefined
  const called = createCalledServers()
  return {
    judge: (shown, door) => state.judge(shown, door),
    tlsOf: (door) => tlsFor(config, state, door),
    outgoing: () => ({ ...tlsOptions({ preset: config.tls.preset, atnaDhe: config.tls.atnaDhe }), ...state.files }),
    outgoingTo: (facilityId) => callTls(config, state, { facilityId, called }),
    revocationOf: (pem) =>
      revocationOfSigner(new X509Certificate(pem), state.anchors, { crlGraceMs: graceOf(config.tls.crlStale) }),
    refresh: async () => {
      try {
        const next = await load(given, state)
        const isNew = next !== state
        state = next
        // Also when nothing is different: a list runs out by time alone.
        called.judgeAgain((server) => serverFault(config, next, server))
        failure = undefined
        return isNew
      } catch (error) {
        const cause = nameOf(error)
        if (cause !== failure)
          log.error({ cause }, 'certificate, key or authorities cannot be read; the former ones stay')
        failure = cause
        return false
      }
    },
  }
}

/** For one connection: what its server showed is looked at when the handshake is done, and again while it stands. */
function callTls(
  config: Config,
  state: State,
  { facilityId, called }: { facilityId: string | undefined; called: CalledServers },
): CallTls {
  const { files, anchors } = state
  const own = ownAnchors(anchors, facilityId)
  let shown: CalledServer['shown'] | undefined
  return {
    ...tlsOptions({ preset: config.tls.preset, atnaDhe: config.tls.atnaDhe }),
    ...files,
    ca: [files.ca, ...own.map(({ certificate }) => certificate.toString())],
    checkServerIdentity: (host, peer) => {
      const objection = checkServerIdentity(host, peer)
      if (objection !== undefined) return objection
      shown = shownOf(peer)
      const reason = serverFault(config, state, { facilityId, shown })
      return reason === undefined ? undefined : certificateFault(reason)
    },
    connected: (socket) => {
      if (shown !== undefined) called.opened(socket, { facilityId, shown })
    },
  }
}

function ownAnchors(anchors: readonly TrustAnchor[], facilityId: string | undefined): readonly TrustAnchor[] {
  return facilityId === undefined ? [] : anchors.filter((anchor) => anchor.facilityId === facilityId)
}

/** Lists count of every authority that may be believed for the facility. */
function serverFault(
  { tls }: Config,
  { anchors, ofFile }: State,
  { facilityId, shown }: CalledServer,
): string | undefined {
  const own = ownAnchors(anchors, facilityId)
  const listed = anchors.filter((anchor) => anchor.facilityId === undefined || anchor.facilityId === facilityId)
  const trusted = [...ofFile, ...own]
  return revocationOfServer(shown, { trusted, listed }, { crlGraceMs: graceOf(tls.crlStale) })
}

/** Anchors as administration sees them; the file tls.ca as it is now. */
export function anchorPorts({ config, pool }: Pick<Given, 'config' | 'pool'>): AnchorPorts {
  return {
    store: createAnchorStore(pool),
    readAnchor: (pem) => readAnchor(pem, new Date()),
    fileAnchors: async () =>
      fileAnchors(await readTlsFiles(config)).map(({ certificate }) => {
        const { fingerprint256: fingerprint, subject, notBefore, notAfter } = factsOf(certificate)
        return { fingerprint, subject, notBefore, notAfter }
      }),
  }
}

/** The state as it was when nothing is different. */
async function load(given: Given, known?: State): Promise<State> {
  const { config, pool } = given
  const files = await readTlsFiles(config)
  const version = await anchorsVersion(pool)
  const isSame = known !== undefined && version === known.version && sameFiles(files, known.files)
  if (isSame) return known
  const ofFile = fileAnchors(files)
  const anchors = [...ofFile, ...(await loadAnchors(pool)).map(toAnchor)]
  const options = { rule: config.tls.trust, crlGraceMs: graceOf(config.tls.crlStale) }
  const state = { files, version, anchors, ofFile, judge: createJudge(anchors, options) }
  // Throws when key and certificate are not a pair, as while both are being replaced.
  for (const door of DOORS) createSecureContext(tlsFor(config, state, door))
  return state
}

function sameFiles(one: TlsFiles, other: TlsFiles): boolean {
  return one.cert.equals(other.cert) && one.key.equals(other.key) && one.ca.equals(other.ca)
}

function fileAnchors({ ca }: TlsFiles): readonly TrustAnchor[] {
  return certificatesOf(ca.toString('latin1')).map((certificate) => ({ certificate }))
}

function toAnchor({ pem, door, facilityId, addedAt, crl }: StoredAnchor): TrustAnchor {
  const [certificate] = certificatesOf(pem)
  if (certificate === undefined) throw new Error('a trust anchor of the database is no certificate')
  const list = crl === undefined ? undefined : toList(crl)
  return {
    certificate,
    ...(door === undefined ? {} : { door }),
    ...(facilityId === undefined ? {} : { facilityId }),
    ...(crl === undefined ? {} : { revocation: { since: addedAt, ...(list === undefined ? {} : { list }) } }),
  }
}

function toList({ serials, thisUpdate, nextUpdate }: NonNullable<StoredAnchor['crl']>): RevocationList | undefined {
  if (serials === undefined || thisUpdate === undefined || nextUpdate === undefined) return undefined
  return { serials: new Set(serials), thisUpdate, nextUpdate }
}

/** `deny`: none; `grace:<hours>`. */
function graceOf(setting: string): number {
  return setting === 'deny' ? 0 : Number(setting.replace(/^grace:/, '')) * HOUR_MS
}

/**
 * Nobody renegotiates (BCP 195: RFC 9325, 3.5), and no session is taken up again: it would bring the certificate without those above it
 * (RFC 8446, 2.2), so that who shows an issuing authority would be refused on the second connection, and it outlives what was trusted.
 */
function tlsFor({ tls }: Config, { files, anchors }: Pick<State, 'files' | 'anchors'>, door: DoorName): DoorTls {
  const { cert, key } = files
  const secureOptions = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET
  const versions = { ...tlsOptions({ preset: tls.preset, atnaDhe: tls.atnaDhe }), secureOptions }
  // A client that chooses by the authorities that we name would find none of its own, where each certificate stands for itself.
  if (tls.trust === 'registered') return { ...versions, cert, key }
  return { ...versions, cert, key, ca: anchorsOf(anchors, door).map(({ certificate }) => certificate.toString()) }
}
