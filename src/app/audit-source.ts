// Composition root: what this process says of itself in audit messages.

import type { AuditSource } from '../audit/source.ts'
import type { Config } from '../config/config.ts'

export const PRODUCT = 'Tsunagi'
const URN_OID = 'urn:oid:'

export function auditSource({ https, management, community }: Config): AuditSource {
  const { hostname } = new URL(https.publicUrl)
  return {
    publicUrl: https.publicUrl,
    managementUrl: `http://${management.host}:${management.port}`,
    hostName: hostname,
    product: `${PRODUCT} ${hostname}`,
    pid: process.pid,
    enterpriseSiteId: community.homeCommunityId.slice(URN_OID.length),
    sourceId: hostname,
  }
}
