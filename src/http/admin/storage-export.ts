// Admin route of exports: what a facility published, as the files of an SS-MIX2 storage, streamed one after the other.

import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { findFacility } from '../../access/administration.ts'
import type { Exported } from '../../storeclient/ssmix/export.ts'
import { nameOf } from '../failure.ts'
import { notFound } from './answers.ts'
import type { AdminPorts } from './ports.ts'
import { described, exactly, slug, whoOf } from './schemas.ts'

/** A line of JSON, then the bytes it announces: the message, and the files inside it. */
const FRAMED = 'application/x-tsunagi-files'

export function registerStorageExport(app: FastifyInstance, ports: AdminPorts): void {
  app.get<{ Params: { id: string }; Querystring: { patient?: string } }>(
    '/facilities/:id/ssmix',
    {
      // Clinical content: the facility’s own, for its administrator; whoever runs the network has none (idlink A-8).
      schema: described('All versions of the documents a facility published, as files of an SS-MIX2 storage', {
        roles: ['facility-administrator'],
        own: 'facility',
        params: exactly({ id: slug }),
        querystring: exactly({ patient: { type: 'string', minLength: 1, maxLength: 64 } }, ['patient']),
      }),
    },
    async (request, reply) => {
      const { id: facilityId } = request.params
      const { patient } = request.query
      const facility = await findFacility(facilityId, ports.store)
      if (facility === undefined) return notFound(reply)
      const files = ports.exportStorage({
        facilityId,
        ...whoOf(request),
        ...(patient === undefined ? {} : { patientNumber: patient }),
      })
      return reply.type(FRAMED).send(Readable.from(framed(files, { request, ports }), { objectMode: false }))
    },
  )
}

/** The last line says that it was all; a stream without it was cut off. */
async function* framed(
  files: AsyncIterable<Exported>,
  { request, ports }: { readonly request: FastifyRequest; readonly ports: AdminPorts },
): AsyncGenerator<Buffer> {
  try {
    for await (const one of files) yield* frame(one)
    yield line({ kind: 'end' })
  } catch (error) {
    ports.log.error({ cause: nameOf(error), route: request.routeOptions.url }, 'an export failed')
    throw error
  }
}

function* frame(one: Exported): Generator<Buffer> {
  if (one.kind === 'refused') {
    yield line(one)
    return
  }
  const { message, files, ...head } = one
  yield line({
    ...head,
    bytes: message.length,
    files: files.map(({ mimeType, occurrence, repetition, bytes }) => ({
      mimeType,
      occurrence,
      ...(repetition === undefined ? {} : { repetition }),
      bytes: bytes.length,
    })),
  })
  yield message
  for (const { bytes } of files) yield bytes
}

function line(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}
