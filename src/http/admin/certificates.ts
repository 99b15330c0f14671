// Admin routes of client certificates: issue, look, renew, suspend, revoke (security: issuing; a.4; idlink S-7).

import type { FastifyInstance, FastifyReply } from 'fastify'
import type { IssuedForRequest, IssueFault } from '../../access/certificates/issue.ts'
import type { CertificateFilter, StateChange } from '../../access/certificates/register-ports.ts'
import { MAX_CERTIFICATE_DAYS } from '../../model/certificate-life.ts'
import { REVOKE_REASONS } from '../../model/revoke-reason.ts'
import { answerChanged, answerError, answerStored, invalid, notFound } from './answers.ts'
import { answerIssueFault } from './certificate-answers.ts'
import type { AdminPorts } from './ports.ts'
import { ADMINISTRATORS, FACILITY_READERS, facilityOf, ownFacility } from './principal.ts'
import { changeOf, described, exactly, slug, words } from './schemas.ts'

const fingerprint = {
  type: 'string',
  pattern: '^([0-9A-F]{2}:){31}[0-9A-F]{2}$',
  description: 'SHA-256 of the certificate, upper-case hex with colons',
} as const
const csr = { type: 'string', maxLength: 32768, description: 'PKCS#10, PEM' } as const
const days = { type: 'integer', minimum: 1, maximum: MAX_CERTIFICATE_DAYS } as const
const terminal = {
  ...words,
  maxLength: 64,
  description: 'where it is installed, as the facility calls the terminal',
} as const
const earlyBecause = { ...words, description: 'why it is replaced earlier than 60 days before its end' } as const
const form = { enum: ['modern', 'legacy'], description: 'legacy: 3DES and SHA-1, for old Windows' } as const

/** No facility's: seen by the network only. */
const NO_FACILITY = ''

interface Asked {
  readonly csr: string
  readonly days?: number
  readonly terminal?: string
  readonly earlyBecause?: string
}

export function registerCertificateRoutes(app: FastifyInstance, ports: AdminPorts): void {
  registerList(app, ports)
  registerIssue(app, ports)
  registerRenewal(app, ports)
  registerPkcs12(app, ports)
  registerState(app, ports)
  registerForeign(app, ports)
}

function registerList(app: FastifyInstance, { certificates, store }: AdminPorts): void {
  app.get<{ Params: { id: string } }>(
    '/systems/:id/certificates',
    { schema: described('Certificates of a system', { roles: FACILITY_READERS, own: 'system' }) },
    (request) => store.certificates(request.params.id),
  )
  app.get<{ Querystring: { system?: string; facility?: string; status?: CertificateFilter['status'] } }>(
    '/certificates',
    {
      schema: described(
        'Client certificates, by system, facility and state; of the own facility, for its administrator',
        {
          roles: FACILITY_READERS,
          querystring: exactly(
            { system: slug, facility: slug, status: { enum: ['active', 'suspended', 'revoked', 'expired'] } },
            ['system', 'facility', 'status'],
          ),
        },
      ),
    },
    async (request) => {
      const { system, facility, status } = request.query
      const found = await certificates.register.list({
        ...(system === undefined ? {} : { systemId: system }),
        ...(facility === undefined ? {} : { facilityId: facility }),
        ...(status === undefined ? {} : { status }),
      })
      return found.filter(({ facilityId }) => ownFacility(request, facilityId))
    },
  )
  app.get<{ Querystring: { days?: string } }>(
    '/certificates/expiring',
    {
      schema: described('Certificates of systems, of the server and of authorities that end soon, the next one first', {
        roles: FACILITY_READERS,
        querystring: exactly(
          { days: { type: 'string', pattern: '^\\d{1,4}$', description: 'within so many days; 60' } },
          ['days'],
        ),
      }),
    },
    async (request) => {
      const found = await certificates.expiring(Number(request.query.days ?? 60))
      return found.filter(({ facilityId = NO_FACILITY }) => ownFacility(request, facilityId))
    },
  )
  app.get<{ Params: { fingerprint: string } }>(
    '/certificates/:fingerprint',
    { schema: described('One certificate with its PEM', { roles: FACILITY_READERS, own: 'certificate' }) },
    async (request, reply) => (await certificates.register.find(request.params.fingerprint)) ?? notFound(reply),
  )
}

function registerIssue(app: FastifyInstance, { certificates }: AdminPorts): void {
  app.post<{ Params: { id: string }; Body: Asked }>(
    '/systems/:id/certificates/requests',
    {
      schema: described('Issue and register a certificate for a request (PKCS#10); the key stays with the vendor', {
        body: exactly({ csr, days, terminal }, ['days', 'terminal']),
      }),
    },
    async (request, reply) => {
      const { csr: csrPem, ...more } = request.body
      const systemId = request.params.id
      return answerIssued(
        reply,
        await certificates.issue({ systemId, csrPem, ...more }, changeOf(request, 'request signed')),
      )
    },
  )
}

/** The new certificate, and what stands above it, as files want it. */
function answerIssued(reply: FastifyReply, issued: IssuedForRequest | IssueFault): FastifyReply {
  if ('fault' in issued) return answerIssueFault(reply, issued)
  const { certificatePem, chainPem, ...facts } = issued
  return reply.code(201).send({ ...facts, pem: certificatePem, chain: chainPem })
}

function registerRenewal(app: FastifyInstance, { certificates }: AdminPorts): void {
  app.post<{ Params: { fingerprint: string }; Body: Asked }>(
    '/certificates/:fingerprint/renewal',
    {
      schema: described('Issue the certificate that replaces this one; both are good during the overlap', {
        body: exactly({ csr, days, terminal, earlyBecause }, ['days', 'terminal', 'earlyBecause']),
      }),
    },
    async (request, reply) => {
      const { fingerprint: replaces } = request.params
      const old = await certificates.register.find(replaces)
      if (old === undefined) return notFound(reply)
      const { csr: csrPem, ...more } = request.body
      const { systemId } = old
      return answerIssued(
        reply,
        await certificates.issue({ systemId, csrPem, replaces, ...more }, changeOf(request, 'certificate renewed')),
      )
    },
  )
  app.post<{ Params: { fingerprint: string } }>(
    '/certificates/:fingerprint/confirmation',
    {
      schema: described('This new certificate is in use: the one it replaces is revoked at once', {}),
    },
    async (request, reply) => {
      const { fingerprint: confirmed } = request.params
      const change = changeOf(request, `certificate ${confirmed} confirmed: what it replaces is revoked (superseded)`)
      const done = await certificates.register.confirm(confirmed, change)
      await certificates.refreshList()
      if (done !== 'conflict') return answerChanged(reply, done)
      return answerError(reply, 409, {
        code: 'CONFLICT',
        message: 'This certificate replaces no other, or is not active itself',
        hint: 'Confirm the new certificate of a renewal, by its own fingerprint',
        ja: 'この証明書は更新による新しい証明書ではないか、有効な状態ではありません。',
      })
    },
  )
}

function registerPkcs12(app: FastifyInstance, { certificates }: AdminPorts): void {
  app.post<{ Params: { id: string }; Body: Omit<Asked, 'csr'> & { form?: 'modern' | 'legacy'; replaces?: string } }>(
    '/systems/:id/pkcs12',
    {
      schema: described(
        'Order key and certificate as PKCS#12, for a system that cannot make a request; answers a code, good once and for 24 hours, and the password of the file',
        {
          body: exactly({ days, terminal, form, replaces: fingerprint, earlyBecause }, [
            'days',
            'terminal',
            'form',
            'replaces',
            'earlyBecause',
          ]),
        },
      ),
    },
    async (request, reply) => {
      const systemId = request.params.id
      const change = changeOf(request, `PKCS#12 ordered for system ${systemId}`)
      const ordered = await certificates.orderPkcs12({ systemId, ...request.body }, change)
      return 'fault' in ordered
        ? answerIssueFault(reply, ordered)
        : reply.code(201).header('cache-control', 'no-store').send(ordered)
    },
  )
}

function registerState(app: FastifyInstance, { certificates }: AdminPorts): void {
  app.patch<{ Params: { fingerprint: string }; Body: StateChange }>(
    '/certificates/:fingerprint',
    {
      // A terminal that is lost is closed by its own facility, at once; certificates are issued by the network.
      schema: described('Suspend, resume or revoke a certificate; revoked is for ever, and the network alone resumes', {
        roles: ADMINISTRATORS,
        own: 'certificate',
        body: exactly({ status: { enum: ['active', 'suspended', 'revoked'] }, reason: { enum: REVOKE_REASONS } }, [
          'reason',
        ]),
      }),
    },
    async (request, reply) => {
      const { status, reason } = request.body
      // Whom the network stopped, the facility does not let in again; nor does whoever took its administrator's session.
      if (status === 'active' && facilityOf(request) !== undefined) return notYours(reply)
      if (reason !== undefined && status !== 'revoked')
        return invalid(reply, {
          message: 'reason: only a revocation has one',
          hint: 'Leave reason out, or send status revoked',
          ja: 'reason は失効（revoked）の場合だけ指定できます。',
        })
      const why = reason === undefined ? '' : ` (${reason})`
      const change = changeOf(request, `certificate ${request.params.fingerprint} ${status}${why}`)
      const done = await certificates.register.setState(request.params.fingerprint, request.body, change)
      if (done === 'changed') await certificates.refreshList()
      return answerChanged(reply, done)
    },
  )
}

function notYours(reply: FastifyReply): FastifyReply {
  return answerError(reply, 403, {
    code: 'NOT_YOURS',
    message: 'A certificate that was suspended is resumed by those who run the network',
    hint: 'Ask them; the administrator of a facility suspends and revokes',
    ja: '停止した証明書の再開はネットワーク運用者のみが行えます。運用者に依頼してください。',
  })
}

function registerForeign(app: FastifyInstance, { store, readCertificate }: AdminPorts): void {
  app.post<{ Params: { id: string }; Body: { pem: string } }>(
    '/systems/:id/certificates',
    {
      schema: described('Register a client certificate that was issued elsewhere', {
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
