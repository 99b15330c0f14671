// Where something happened: addresses of peers, our own addresses, in the form of participants (DICOM PS3.15 A.5.1, NetworkAccessPointID).

import { isIP } from 'node:net'
import type { AuditParticipant } from '../../model/audit-message.ts'
import type { AuditEvent } from '../event.ts'
import type { AuditSource } from '../source.ts'

/** What we ask of others has their address as its endpoint. */
export function isOutgoing({ endpoint }: Pick<AuditEvent, 'endpoint'>): boolean {
  return endpoint.includes('://')
}

/** Endpoint of ours from which a transaction is sent. */
const SENDING_ENDPOINTS: ReadonlyMap<string, string> = new Map([
  ['ITI-38', '/xca/initiating'],
  ['ITI-39', '/xca/initiating'],
  // On behalf of both gateways, as a consumer of repositories apart.
  ['ITI-43', '/xca/responding'],
  ['ITI-55', '/xca/initiating'],
  ['ITI-42', '/xds/repository'],
  // As source and consumer of another network's index; as manager of its own it notifies.
  ['ITI-44', '/pix/consumer'],
  ['ITI-45', '/pix/consumer'],
  ['ITI-46', '/pix/manager'],
])
const ADMINISTRATION = /^\/(?:admin|console)(?:\/|$)/

/** The address at which, or from which, this server took part. */
export function ownUri(event: Pick<AuditEvent, 'endpoint' | 'typeCode'>, source: AuditSource): string {
  const { endpoint } = event
  if (isOutgoing(event)) return `${source.publicUrl}${SENDING_ENDPOINTS.get(event.typeCode) ?? ''}`
  if (!endpoint.startsWith('/')) return endpoint
  return `${ADMINISTRATION.test(endpoint) ? source.managementUrl : source.publicUrl}${endpoint}`
}

const PORT = /:\d+$/
const MAPPED = /^::ffff:(?=\d+\.)/i

/** Name or address of `host:port` (an IPv6 address with or without brackets) or `host`; absent for a peer without a place. */
export function accessPointOf(peer: string): Pick<AuditParticipant, 'networkAccessPoint'> {
  const id = hostOf(peer)
  if (id === '') return {}
  return { networkAccessPoint: { id, type: isIP(id) === 0 ? 'name' : 'address' } }
}

/** A socket's peer always has a port: what stands behind the last colon is never a part of an IPv6 address. */
function hostOf(peer: string): string {
  return peer
    .replace(PORT, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(MAPPED, '')
}

/** The peer as a URI (RFC 3986, 3.2.2). */
export function peerUri(peer: string): string {
  const host = hostOf(peer)
  return `tls://${isIP(host) === 6 ? `[${host}]` : host}${PORT.exec(peer)?.[0] ?? ''}`
}
