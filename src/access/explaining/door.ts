// What refuses a call before the access decision is asked: facility, system, certificate, person (ITI TF-2 3.19).

import type { AskedViewer, DoorState } from './ports.ts'
import type { DoorReason, FactorName } from './words.ts'

export interface DoorFactor {
  readonly name: FactorName
  readonly outcome: 'holds' | 'closes'
  readonly reason: DoorReason | 'union, consent and link stand'
  readonly behind: readonly object[]
}

/** In the order in which the doors ask. */
export function doorFactors({ facility, system, staff }: DoorState, asked: AskedViewer): readonly DoorFactor[] {
  return [
    ...(system === undefined
      ? []
      : [
          factor('certificate', isOneGood(system.certificates) ? undefined : 'no certificate of the system is good', [
            ...system.certificates,
          ]),
          factor('system', system.status === 'active' ? undefined : 'the system is not active', [
            { systemId: system.systemId, status: system.status },
          ]),
        ]),
    factor('facility', facility.status === 'active' ? undefined : 'the facility is not active', [facility]),
    ...(staff === undefined ? [] : [personFactor(staff, asked)]),
  ]
}

function isOneGood(certificates: NonNullable<DoorState['system']>['certificates']): boolean {
  return certificates.some(({ status }) => status === 'active')
}

function personFactor(staff: NonNullable<DoorState['staff']>, { facilityId }: AskedViewer): DoorFactor {
  const { staffId, job, status, isInPeriod } = staff
  const behind = [{ staffId, job, status }]
  if (staff.facilityId !== facilityId) return factor('person', 'the person belongs to another facility', behind)
  return factor('person', status === 'active' && isInPeriod ? undefined : 'the person is not active', behind)
}

function factor(name: FactorName, closed: DoorReason | undefined, behind: readonly object[]): DoorFactor {
  return closed === undefined
    ? { name, outcome: 'holds', reason: 'union, consent and link stand', behind }
    : { name, outcome: 'closes', reason: closed, behind }
}
