// Audit of what staff see of a person in the index: who is behind a number, what sources say, what happened, which consents (docs/access-log.md).

import type { FastifyRequest } from 'fastify'
import type { PatientId } from '../../model/identifiers.ts'
import type { AdminPorts } from './ports.ts'
import { whoOf } from './schemas.ts'

/** Ids of the network; of a person who has none, a number. What was typed is kept nowhere. */
export interface Looked {
  /** Without personal data. */
  readonly what: string
  readonly patients: readonly (string | PatientId)[]
}

/** Resolves when it is durable: before the answer leaves (ITI TF-2 3.20; DICOM PS3.15 A.5.3.10). */
export function looked(
  request: FastifyRequest,
  { index }: Pick<AdminPorts, 'index'>,
  { what, patients }: Looked,
): Promise<void> {
  const ids = patients.map((id) => (typeof id === 'string' ? { value: id, authority: index.affinityDomain } : id))
  const each = new Map(ids.map((id) => [`${id.value}^^^&${id.authority}`, id]))
  return index.administration.recordLook({ ...whoOf(request), operation: what, patients: [...each.values()] })
}
