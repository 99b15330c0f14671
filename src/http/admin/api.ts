// /admin/v1: every route closed without the token, refusals in words; OpenAPI comes from the same schemas that check (design §5).

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { IheError } from '../../model/error.ts'
import type { DoorLog } from '../door.ts'
import { nameOf } from '../failure.ts'
import { registerAccessRoutes } from './access.ts'
import { registerAgreementRoutes } from './agreements.ts'
import { registerAnchorRoutes } from './anchors.ts'
import { answerError, answerInvalid, answerRefusal, invalid, notFound } from './answers.ts'
import { registerAuditChainRoutes } from './audit-chain.ts'
import { registerAuditLogRoutes } from './audit-log.ts'
import { registerAuditTargetRoutes } from './audit-targets.ts'
import { authorise } from './authorise.ts'
import { registerCalendarRoutes } from './calendar.ts'
import { registerCertificateRoutes } from './certificates.ts'
import { registerConsentRoutes } from './consents.ts'
import { registerContentReferences } from './content-references.ts'
import { registerContractRoutes } from './contracts.ts'
import { registerDiscoveryRoutes } from './discovery.ts'
import { registerDocumentRoutes } from './documents.ts'
import { registerEmergencyRoutes } from './emergency.ts'
import { registerFacilityRoutes } from './facilities.ts'
import { registerProfileRoutes } from './facility-profile.ts'
import { registerInvitationRoutes } from './invitations.ts'
import { registerIssuerRoutes } from './issuers.ts'
import { registerJournalRoutes } from './journal.ts'
import { registerLedgerRoutes } from './ledger.ts'
import { registerLoginRoutes } from './login.ts'
import { registerMatchingRoutes } from './matching.ts'
import { registerMergeRoutes } from './merges.ts'
import { refuseForeign } from './own.ts'
import { registerPartnerTolerances } from './partner-tolerances.ts'
import { registerPartnerRoutes } from './partners.ts'
import { registerSearchRoutes } from './patient-search.ts'
import { registerSheetRoutes } from './patient-sheet.ts'
import { registerTransferRoutes } from './patient-transfer.ts'
import { registerPatientRoutes } from './patients.ts'
import type { AdminPorts } from './ports.ts'
import { decoratePrincipal, refuseRole, routeRolesOf } from './principal.ts'
import { registerReplayRoutes } from './replays.ts'
import { registerRepositoryRoutes } from './repositories.ts'
import { registerReviewRoutes } from './reviews.ts'
import { registerRightsRoutes } from './rights.ts'
import { described } from './schemas.ts'
import { registerServiceContractRoutes } from './service-contracts.ts'
import { registerStaffRoutes } from './staff.ts'
import { registerStorageExport } from './storage-export.ts'
import { registerSubscriptionRoutes } from './subscriptions.ts'
import { registerSupportStopRoutes } from './support-stops.ts'
import { registerSynchronisationRoutes } from './synchronisation.ts'
import { registerSystemRoutes } from './systems.ts'
import { registerToleranceRoutes } from './tolerances.ts'
import { registerUnionRoutes } from './unions.ts'
import { registerUsageRoutes } from './usage.ts'
import { registerWithheldRoutes } from './withheld.ts'

export async function registerAdminApi(app: FastifyInstance, ports: AdminPorts): Promise<void> {
  decoratePrincipal(app)
  app.addHook('onRequest', async (request, reply) => authorise(request, reply, ports))
  app.addHook('onRequest', async (request, reply) => refuseRole(request, reply))
  app.addHook('preHandler', async (request, reply) => refuseUnkeepable(request, reply))
  app.addHook('preHandler', async (request, reply) => refuseForeign(request, reply, ports))
  app.addHook('onSend', async (request) => {
    // Attempts to log on change nothing that the doors remember, and anybody may make them.
    if (request.method !== 'GET' && routeRolesOf(request) !== 'public') ports.changed()
  })
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(reply, { error, request, log: ports.log }))
  app.setNotFoundHandler(async (_request, reply) => notFound(reply))
  app.get('/openapi.json', { schema: { ...described('', { roles: 'anyone' }), hide: true } }, async () => app.swagger())
  app.get(
    '/network',
    { schema: described('Identifiers and addresses of this network', { roles: 'anyone' }) },
    async () => ports.network(),
  )
  registerLoginRoutes(app, ports)
  registerStaffRoutes(app, ports)
  registerFacilityRoutes(app, ports)
  registerProfileRoutes(app, ports)
  registerLedgerRoutes(app, ports)
  registerServiceContractRoutes(app, ports)
  registerIssuerRoutes(app, ports)
  registerStorageExport(app, ports)
  registerSystemRoutes(app, ports)
  registerCertificateRoutes(app, ports)
  registerInvitationRoutes(app, ports)
  registerToleranceRoutes(app, ports)
  registerAnchorRoutes(app, ports.anchors)
  registerAuditTargetRoutes(app, ports.auditTargets)
  registerUnionRoutes(app, ports)
  registerPartnerRoutes(app, ports)
  registerSynchronisationRoutes(app, ports)
  registerPartnerTolerances(app, ports)
  registerRepositoryRoutes(app, ports)
  registerDiscoveryRoutes(app, ports)
  registerAgreementRoutes(app, ports)
  registerRightsRoutes(app, ports)
  registerAccessRoutes(app, ports)
  registerPatientRoutes(app, ports)
  registerConsentRoutes(app, ports)
  registerSupportStopRoutes(app, ports)
  registerSheetRoutes(app, ports)
  registerSearchRoutes(app, ports)
  registerTransferRoutes(app, ports)
  registerMergeRoutes(app, ports)
  registerReviewRoutes(app, ports)
  registerMatchingRoutes(app, ports)
  registerSubscriptionRoutes(app, ports)
  registerContractRoutes(app, ports)
  registerWithheldRoutes(app, ports)
  registerReplayRoutes(app, ports)
  registerUsageRoutes(app, ports)
  registerCalendarRoutes(app, ports)
  registerDocumentRoutes(app, ports)
  registerEmergencyRoutes(app, ports)
  registerAuditLogRoutes(app, ports)
  registerContentReferences(app, ports)
  registerJournalRoutes(app, ports)
  registerAuditChainRoutes(app, ports)
}

/** PostgreSQL keeps no zero character and no half of a pair: nothing has such a name, and nothing is called so. */
function refuseUnkeepable({ params, query, body }: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  if (unkeepableIn(params) !== undefined) return notFound(reply)
  const key = unkeepableIn(query) ?? unkeepableIn(body)
  if (key === undefined) return undefined
  return invalid(reply, {
    message: `${key}: a zero character, or half of a character of two halves, cannot be kept`,
    hint: 'Send text without them',
    ja: `${key}: 保存できない文字（NUL、または不完全なサロゲート）が含まれています。`,
  })
}

/** Where the first such text stands, as `answerInvalid` names it. */
function unkeepableIn(value: unknown, key = ''): string | undefined {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? key : undefined
  // A body that is a stream is read by its route.
  if (typeof value !== 'object' || value === null || Symbol.asyncIterator in value) return undefined
  for (const [name, member] of Object.entries(value)) {
    const found = unkeepableIn(member, key === '' ? name : `${key}.${name}`)
    if (found !== undefined) return found
  }
  return undefined
}

function refuse(
  reply: FastifyReply,
  given: { readonly error: FastifyError; readonly request: FastifyRequest; readonly log: DoorLog },
): FastifyReply {
  const { error } = given
  if (error instanceof IheError) return answerRefusal(reply, error)
  if (error.validation !== undefined) return answerInvalid(reply, error)
  const status = error.statusCode ?? 500
  if (status < 500)
    return answerError(reply, status, {
      code: 'INVALID',
      message: error.message,
      hint: 'Send JSON as Content-Type: application/json; GET /admin/v1/openapi.json has the schema of every request',
      ja: 'リクエストに誤りがあります。Content-Type: application/json でJSONを送信してください。',
    })
  given.log.error({ cause: nameOf(error), route: given.request.routeOptions.url }, 'an admin request failed')
  return answerError(reply, 500, {
    code: 'INTERNAL',
    message: 'The server failed on this request',
    hint: 'See the log of the server; what was not confirmed was not stored',
    ja: 'サーバ内部の障害です。ログを確認してください。',
  })
}
