// Admin routes of issuers of assertions: who may say who a user is, for which facilities, with which keys (ITI TF-2 3.40).

import { X509Certificate } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Issuer, IssuerCertificate, NewIssuer, StaffIdentity } from '../../access/xua/ports.ts'
import { type AdminError, answerChanged, answerStored, invalid, notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { changeOf, described, exactly, NO_ZERO, slug } from './schemas.ts'

const HOUR_SECONDS = 3600
const MAX_HOURS = 24
const MIN_RSA_BITS = 2048
const uri = {
  type: 'string',
  minLength: 1,
  maxLength: 1024,
  pattern: '^[^\\s\\u0000]+$',
  description: 'without white space',
} as const
const subject = { type: 'string', minLength: 1, maxLength: 1024, pattern: NO_ZERO } as const
const uris = { type: 'array', items: uri, maxItems: 50 } as const

const facilities = {
  type: 'array',
  maxItems: 1000,
  items: exactly({ facilityId: slug, organizationIds: uris }, ['organizationIds']),
} as const

const issuer = exactly(
  {
    issuerId: slug,
    entityId: { ...uri, description: 'content of saml2:Issuer, exactly' },
    scope: { enum: ['network', 'facilities'] },
    facilities,
    allowsSha1: { type: 'boolean' },
    needsFormats: { type: 'boolean' },
    maxLifetimeSeconds: { type: 'integer', minimum: 60, maximum: MAX_HOURS * HOUR_SECONDS },
    authnContexts: { ...uris, minItems: 1 },
    audiences: uris,
  },
  ['facilities', 'allowsSha1', 'needsFormats', 'maxLifetimeSeconds', 'authnContexts', 'audiences'],
)

type GivenFacility = { readonly facilityId: string; readonly organizationIds?: readonly string[] }
type Given = Pick<NewIssuer, 'issuerId' | 'entityId' | 'scope'> &
  Partial<Omit<NewIssuer, 'facilities'>> & { readonly facilities?: readonly GivenFacility[] }

const DEFAULTS = {
  allowsSha1: false,
  needsFormats: false,
  maxLifetimeSeconds: 8 * HOUR_SECONDS,
  audiences: [],
} as const

export function registerIssuerRoutes(app: FastifyInstance, ports: AdminPorts): void {
  const { issuers: store } = ports
  app.get('/issuers', { schema: described('All issuers of assertions') }, () => store.issuers())
  app.get<{ Params: { id: string } }>('/issuers/:id', { schema: described('One issuer') }, async (request, reply) => {
    const found = (await store.issuers()).find(({ issuerId }) => issuerId === request.params.id)
    return found ?? notFound(reply)
  })
  app.post<{ Body: Given }>(
    '/issuers',
    { schema: described('Trust an issuer of assertions (X-Assertion Provider)', { body: issuer }) },
    async (request, reply) => {
      const given: NewIssuer = { ...DEFAULTS, ...request.body, facilities: (request.body.facilities ?? []).map(whole) }
      const stored = await store.addIssuer(given, changeOf(request, `issuer ${given.issuerId} trusted`))
      return answerStored(reply, stored, given)
    },
  )
  app.patch<{ Params: { id: string }; Body: { status?: Issuer['status']; facilities?: readonly GivenFacility[] } }>(
    '/issuers/:id',
    {
      schema: described('Suspend or resume an issuer, or replace the facilities whose users it may assert', {
        body: exactly({ status: { enum: ['active', 'suspended'] }, facilities }, ['status', 'facilities']),
      }),
    },
    async (request, reply) => {
      const { status, facilities: named } = request.body
      const set = {
        ...(status === undefined ? {} : { status }),
        ...(named === undefined ? {} : { facilities: named.map(whole) }),
      }
      const what = [status, named?.map(({ facilityId }) => facilityId).join(', ')].filter((part) => part !== undefined)
      const change = changeOf(request, `issuer ${request.params.id}: ${what.join('; ')}`)
      return answerChanged(reply, await store.setIssuer(request.params.id, set, change))
    },
  )
  app.delete<{ Params: { id: string } }>(
    '/issuers/:id',
    { schema: described('Trust an issuer no longer; its history stays, its id is not used again') },
    async (request, reply) => {
      const { id } = request.params
      return answerChanged(reply, await store.removeIssuer(id, changeOf(request, `issuer ${id} removed`)))
    },
  )
  registerIssuerCertificates(app, ports)
  registerSubjects(app, ports)
  registerSystemPolicy(app, ports)
}

function whole({ facilityId, organizationIds = [] }: GivenFacility): Issuer['facilities'][number] {
  return { facilityId, organizationIds }
}

function registerIssuerCertificates(app: FastifyInstance, { issuers: store }: AdminPorts): void {
  app.post<{ Params: { id: string }; Body: { pem: string } }>(
    '/issuers/:id/certificates',
    {
      schema: described('Register a certificate by which signatures of an issuer are verified; several may overlap', {
        body: exactly({ pem: { type: 'string', maxLength: 32768 } }),
      }),
    },
    async (request, reply) => {
      const certificate = certificateOf(request.body.pem)
      if ('message' in certificate) return invalid(reply, certificate)
      const { id } = request.params
      const change = changeOf(request, `certificate ${certificate.fingerprint} of issuer ${id} registered`)
      return answerStored(reply, await store.addIssuerCertificate(id, certificate, change), {
        issuerId: id,
        fingerprint: certificate.fingerprint,
      })
    },
  )
  app.delete<{ Params: { id: string; fingerprint: string } }>(
    '/issuers/:id/certificates/:fingerprint',
    { schema: described('Take a certificate from an issuer, for good: what it signed is refused from now on') },
    async (request, reply) => {
      const { id, fingerprint } = request.params
      const change = changeOf(request, `certificate ${fingerprint} of issuer ${id} removed`)
      return answerChanged(reply, await store.removeIssuerCertificate(id, fingerprint, change))
    },
  )
}

function certificateOf(pem: string): IssuerCertificate | Omit<AdminError, 'code'> {
  let read: X509Certificate
  try {
    read = new X509Certificate(pem)
  } catch {
    return {
      message: 'pem is no certificate that can be read',
      hint: 'Send the PEM text of one certificate, from -----BEGIN CERTIFICATE----- to its end',
      ja: 'pemがPEM形式の証明書ではありません。',
    }
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = read.publicKey
  if (asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS)
    return {
      message: `pem: the key is not RSA of at least ${MIN_RSA_BITS} bits`,
      hint: 'Have the issuer sign its assertions with such a key: signatures of other kinds are not verified here',
      ja: `署名の鍵はRSA ${MIN_RSA_BITS}ビット以上が必要です。`,
    }
  return {
    fingerprint: read.fingerprint256,
    pem: read.toString(),
    notBefore: new Date(read.validFrom),
    notAfter: new Date(read.validTo),
  }
}

function registerSubjects(app: FastifyInstance, { issuers: store }: AdminPorts): void {
  app.get<{ Params: { id: string } }>(
    '/issuers/:id/staff',
    { schema: described('Which member of staff a subject (NameID) of an issuer is') },
    (request) => store.identities(request.params.id),
  )
  app.post<{ Params: { id: string }; Body: Omit<StaffIdentity, 'issuerId'> }>(
    '/issuers/:id/staff',
    { schema: described('Say which member of staff a subject is', { body: exactly({ subject, staffId: slug }) }) },
    async (request, reply) => {
      const identity = { ...request.body, issuerId: request.params.id }
      const change = changeOf(request, `staff ${identity.staffId} is a subject of issuer ${identity.issuerId}`)
      return answerStored(reply, await store.addIdentity(identity, change), identity)
    },
  )
  app.delete<{ Params: { id: string }; Body: Pick<StaffIdentity, 'subject'> }>(
    '/issuers/:id/staff',
    { schema: described('A subject is no longer a member of staff', { body: exactly({ subject }) }) },
    async (request, reply) => {
      const { id } = request.params
      const change = changeOf(request, `a subject of issuer ${id} is no member of staff any more`)
      const identity = { issuerId: id, subject: request.body.subject }
      return answerChanged(reply, await store.removeIdentity(identity, change))
    },
  )
}

function registerSystemPolicy(app: FastifyInstance, { issuers: store }: AdminPorts): void {
  app.put<{ Params: { id: string }; Body: { policy: 'required' | 'as-endpoint' } }>(
    '/systems/:id/assertions',
    {
      schema: described('Hold a system to assertions about users, wherever an endpoint does not ignore them', {
        body: exactly({ policy: { enum: ['required', 'as-endpoint'] } }),
      }),
    },
    async (request, reply) => {
      const { id } = request.params
      const { policy } = request.body
      const change = changeOf(request, `assertions of system ${id}: ${policy}`)
      return answerChanged(reply, await store.setSystemPolicy(id, policy, change))
    },
  )
}
