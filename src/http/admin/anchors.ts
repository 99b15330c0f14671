// Admin routes of trust anchors: the authorities whose certificates the doors believe, and their revocation lists (ITI TF-2 3.19).

import type { FastifyInstance } from 'fastify'
import type { NewAnchor } from '../../access/anchors.ts'
import { DOORS } from '../../model/trust.ts'
import type { AnchorPorts } from './anchor-ports.ts'
import { answerChanged, answerStored, invalid } from './answers.ts'
import { changeOf, described, exactly, moment, slug } from './schemas.ts'

const anchor = exactly(
  {
    label: slug,
    pem: { type: 'string', maxLength: 32768, description: 'certificate of the authority' },
    door: { enum: DOORS, description: 'the only door at which it counts' },
    facilityId: { ...slug, description: 'the partner whose systems alone may show certificates of it' },
    validFrom: moment,
    validTo: moment,
    crl: {
      type: 'string',
      pattern: '^(https?://[^\\s@#]+|/[^\\u0000]+)$',
      maxLength: 1000,
      description: 'where its revocation list is: http(s) address, or path of a file on the servers',
    },
  },
  ['door', 'facilityId', 'validFrom', 'validTo', 'crl'],
)

type Body = Pick<NewAnchor, 'label' | 'pem' | 'door' | 'facilityId' | 'validFrom' | 'validTo'> & {
  readonly crl?: string
}

export function registerAnchorRoutes(app: FastifyInstance, { store, fileAnchors, readAnchor }: AnchorPorts): void {
  app.get(
    '/trust-anchors',
    { schema: described('Authorities whose certificates the doors believe, and how their revocation lists stand') },
    async () => [
      ...(await fileAnchors()).map((one) => ({ ...one, origin: 'tls.ca', status: 'active' })),
      ...(await store.anchors()).map(({ pem, ...one }) => ({ ...one, origin: 'administration' })),
    ],
  )
  app.post<{ Body: Body }>(
    '/trust-anchors',
    {
      schema: described('Believe certificates of an authority; systems are registered with theirs all the same', {
        body: anchor,
      }),
    },
    async (request, reply) => {
      const { crl, ...given } = request.body
      const read = tryRead(readAnchor, given.pem)
      if (typeof read === 'string')
        return invalid(reply, {
          message: `pem: ${read}`,
          hint: 'Send the PEM text of one certificate authority (CA:TRUE, RSA from 2048 bits or P-256/P-384, SHA-256), not that of a system',
          ja: `認証局の証明書として使用できません（${read}）。CA証明書のPEMを指定してください。`,
        })
      if (given.validTo !== undefined && !(Date.parse(given.validTo) > Date.parse(given.validFrom ?? now())))
        return invalid(reply, {
          message: `validTo ${given.validTo} is not later than validFrom, or than now when validFrom is absent`,
          hint: 'Give a later validTo, or leave it out',
          ja: '有効期間の終了は開始より後の日時を指定してください。',
        })
      const change = changeOf(request, `trust anchor ${given.label}, ${read.fingerprint}, added`)
      const added = { ...given, ...read, ...(crl === undefined ? {} : { crlSource: crl }) }
      const { label } = given
      return answerStored(reply, await store.addAnchor(added, change), { label, fingerprint: read.fingerprint })
    },
  )
  app.delete<{ Params: { label: string } }>(
    '/trust-anchors/:label',
    { schema: described('Believe an authority no more; connections with its certificates are cut') },
    async (request, reply) => {
      const { label } = request.params
      const change = changeOf(request, `trust anchor ${label} removed`)
      return answerChanged(reply, await store.removeAnchor(label, change))
    },
  )
}

function now(): string {
  return new Date().toISOString()
}

/** The reason as text, when it can be no anchor. */
function tryRead(read: AnchorPorts['readAnchor'], pem: string): ReturnType<AnchorPorts['readAnchor']> | string {
  try {
    return read(pem)
  } catch (error) {
    return (error as Error).message
  }
}
