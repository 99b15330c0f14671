// Patients of invented messages: those of the demo network, or any number of invented people of one hospital.

import { facilityOf, loadDemoNetwork, demographicsOf as ofDemo } from '../../demo/network.ts'
import { hospitals, people } from '../people/people.ts'
import type { InventedPatient, Sender } from './scene.ts'

const [HOSPITAL] = hospitals

export interface Cast {
  readonly sender: Sender
  readonly patients: readonly InventedPatient[]
}

/** The patients of a facility of the demo network who consent, so that everything sent of them is accepted. */
export async function demoCast(facilityId: string): Promise<Cast> {
  const network = await loadDemoNetwork()
  const { code = '', name } = facilityOf(network, facilityId)
  const patients = network.patients.flatMap((patient) => {
    const number =
      patient.consent === undefined ? undefined : patient.numbers.find((one) => one.facilityId === facilityId)
    return number === undefined ? [] : [{ localId: number.id, demographics: ofDemo(patient) }]
  })
  return { sender: { application: 'EHR', facilityCode: code, facilityName: name }, patients }
}

/** `count` people whom one hospital knows; their first record there is what its messages say of them. */
export function inventPatients(seed: number, count: number): readonly InventedPatient[] {
  const patients: InventedPatient[] = []
  for (const { domain, value, demographics } of people(seed, count * PERSONS_OF_ONE)) {
    if (domain === HOSPITAL) patients.push({ localId: value, demographics })
    if (patients.length === count) break
  }
  return patients
}

/** One of them is known to the hospital for sure: of three hospitals each knows half of all people. */
const PERSONS_OF_ONE = 6
