// Admin routes of systems and their client certificates (security rules of the network: certificate → system → facility).

import type { FastifyInstance } from 'fastify'
import { switchableRules } from '../../../profiles/metadata/rules.ts'
import { registerSystem } from '../../access/administration.ts'
import type { CertificateRecord, SystemRecord } from '../../access/ports.ts'
import { CONFIDENTIALITY_ORDER, ROLES } from '../../model/caller.ts'
import { RULE_SWITCHES, type RuleSwitches } from '../../model/rule-switch.ts'
import { answerChanged, answerStored, invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { activity, changeOf, described, exactly, oid, slug } from './schemas.ts'

const ruleSwitches = exactly(
  Object.fromEntries(switchableRules.map((id) => [id, { enum: RULE_SWITCHES }])),
  switchableRules,
)

const system = exactly(
  {
    systemId: slug,
    facilityId: slug,
    roles: { type: 'array', items: { enum: ROLES }, minItems: 1, uniqueItems: true },
    accessMode: { enum: ['consent', 'affinity-domain'] },
    assigningAuthority: oid,
    repositories: { type: 'array', items: oid, maxItems: 100 },
    confidentialityCeiling: { enum: CONFIDENTIALITY_ORDER },
    ruleSwitches,
  },
  ['accessMode', 'assigningAuthority', 'repositories', 'confidentialityCeiling', 'ruleSwitches'],
)

type Body = Omit<SystemRecord, 'status' | 'repositories' | 'confidentialityCeiling' | 'ruleSwitches'> &
  Partial<SystemRecord>

export function registerSystemRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { store } = ports
  app.get('/systems', { schema: described('All systems') }, () => store.systems())
  app.get<{ Params: { id: string } }>('/systems/:id', { schema: described('One system') }, async (request, reply) => {
    const found = (await store.systems()).find((entry) => entry.systemId === request.params.id)
    return found ?? notFound(reply)
  })
  app.post<{ Body: Body }>(
    '/systems',
    { schema: described('Register a system of a facility', { body: system }) },
    async (request, reply) => {
      const given: SystemRecord = {
        repositories: [],
        confidentialityCeiling: 'N',
        ruleSwitches: {},
        ...request.body,
        status: 'active',
      }
      const change = changeOf(request, `system ${given.systemId} registered`)
      const { stored, there } = await registerSystem(given, change, store)
      return answerStored(reply, stored, there)
    },
  )
  app.patch<{ Params: { id: string }; Body: { status: SystemRecord['status'] } }>(
    '/systems/:id',
    { schema: described('Suspend or resume a system', { body: exactly({ status: activity }) }) },
    async (request, reply) => {
      const { id } = request.params
      const { status } = request.body
      return answerChanged(reply, await store.setSystemStatus(id, status, changeOf(request, `system ${id} ${status}`)))
    },
  )
  app.put<{ Params: { id: string }; Body: RuleSwitches }>(
    '/systems/:id/rules',
    {
      schema: described('Switch metadata rules for a system; those not named are as the affinity domain has them', {
        body: ruleSwitches,
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const named = Object.entries(request.body).map(([rule, decided]) => `${rule} ${decided}`)
      const change = changeOf(request, `rules of system ${id}: ${named.join(', ') || 'none switched'}`)
      return answerChanged(reply, await store.setRuleSwitches(id, request.body, change))
    },
  )
  registerCertificateRoutes(app, ports)
}

function registerCertificateRoutes(app: FastifyInstance, { store, readCertificate }: AdminPorts): void {
  app.get<{ Params: { id: string } }>(
    '/systems/:id/certificates',
    { schema: described('Certificates of a system') },
    (request) => store.certificates(request.params.id),
  )
  app.post<{ Params: { id: string }; Body: { pem: string } }>(
    '/systems/:id/certificates',
    {
      schema: described('Register a client certificate', {
        body: exactly({ pem: { type: 'string', maxLength: 32768 } }),
      }),
    },
    async (request, reply) => {
      const certificate = tryRead(readCertificate, request.body.pem)
      if (certificate === undefined)
        return invalid(reply, {
          message: 'pem is no certificate that can be read',
          hint: 'Send the PEM text of one client certificate, from -----BEGIN CERTIFICATE----- to its end',
          ja: 'pemがPEM形式の証明書ではありません。',
        })
      const { id } = request.params
      const change = changeOf(request, `certificate ${certificate.fingerprint} of system ${id} registered`)
      return answerStored(reply, await store.addCertificate(id, certificate, change), {
        systemId: id,
        fingerprint: certificate.fingerprint,
      })
    },
  )
  app.patch<{ Params: { fingerprint: string }; Body: { status: CertificateRecord['status'] } }>(
    '/certificates/:fingerprint',
    {
      schema: described('Suspend, resume or revoke a certificate; revoked is for ever', {
        body: exactly({ status: { enum: ['active', 'suspended', 'revoked'] } }),
      }),
    },
    async (request, reply) => {
      const { fingerprint } = request.params
      const { status } = request.body
      return answerChanged(
        reply,
        await store.setCertificateStatus(
          fingerprint,
          status,
          changeOf(request, `certificate ${fingerprint} ${status}`),
        ),
      )
    },
  )
}

function tryRead(
  read: AdminPorts['readCertificate'],
  pem: string,
): ReturnType<AdminPorts['readCertificate']> | undefined {
  try {
    return read(pem)
  } catch {
    // Whatever the parser disliked, the sender's text is no certificate.
    return undefined
  }
}
