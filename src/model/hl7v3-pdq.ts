// Messages of the patient demographics query in HL7 v3: the neutral query with its wrapper (ITI TF-2 3.47).

import type { InstanceIdentifier, Transmission } from './hl7v3.ts'
import type { PdqCancellation, PdqContinuation, PdqQuery } from './pdq.ts'

interface Wrapped {
  readonly transmission: Transmission
  readonly queryId: InstanceIdentifier
}

/** PRPA_IN201305UV02. */
export type DemographicsQuery = PdqQuery & Wrapped
/** QUQI_IN000003UV01. */
export type DemographicsContinuation = PdqContinuation & Wrapped
/** QUQI_IN000003UV01_Cancel. */
export type DemographicsCancellation = PdqCancellation & Wrapped
