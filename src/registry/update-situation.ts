// What an update of metadata is judged by (ITI TF-2 3.57.4.1.3, 3.92.4.1.3).

import type { PatientAccess } from '../model/access.ts'
import type { Caller } from '../model/caller.ts'
import type { Submission } from '../model/document-entry.ts'
import type { SubmissionRules } from './assemble.ts'
import type { ReferencedObject, RegistrationFacts, RegistryPorts, StandingVersions } from './ports.ts'
import type { Operations, VersionUpdate } from './update-operations.ts'

export interface UpdateRules extends SubmissionRules {
  readonly kind: 'update' | 'restricted'
}

/** Everything an update is judged by. */
export interface Situation {
  readonly rules: UpdateRules
  readonly submission: Submission
  readonly operations: Operations
  readonly facts: RegistrationFacts
  readonly standing: StandingVersions
  readonly patient: PatientAccess
  readonly caller: Caller
  readonly ports: RegistryPorts
}

/** The version that an update follows; undefined when there is no such object. */
export function currentOf({ logicalId, object }: VersionUpdate, { standing }: Situation): ReferencedObject | undefined {
  return standing.objects.find((candidate) => candidate.logicalId === logicalId && candidate.object === object)
}

/** An object is updated by the facility that published it, and by trusted systems. */
export function isOwn(object: ReferencedObject, caller: Caller): boolean {
  return caller.accessMode === 'affinity-domain' || object.publisher === caller.facilityId
}
