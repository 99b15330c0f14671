// Clinicians of a running network: entered by the administrator of their facility and logged on, since nobody else reads clinical content.

import { request } from 'undici'
import { type Call, enterPerson, type Person } from '../http/persons.ts'

export interface Clinicians {
  /** Session of a doctor of this facility, made at the first call. */
  readonly sessionOf: (facilityId: string) => Promise<string>
  /** Session of an administrator of this facility, made at the first call. */
  readonly administratorOf: (facilityId: string) => Promise<string>
  readonly call: Call
}

export function clinicians(given: { readonly managementUrl: string; readonly adminToken: string }): Clinicians {
  const call: Call = async (method, path, { body, session } = {}) => {
    const response = await request(`${given.managementUrl}/admin/v1${path}`, {
      method: method as 'GET',
      headers: {
        authorization: `Bearer ${session ?? given.adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.statusCode, body: (await response.body.json()) as Record<string, unknown> }
  }
  const kept = (people: Map<string, Promise<Person>>, facilityId: string, enter: () => Promise<Person>) => {
    const person = people.get(facilityId) ?? enter()
    people.set(facilityId, person)
    return person
  }
  const administrators = new Map<string, Promise<Person>>()
  const doctors = new Map<string, Promise<Person>>()
  const administratorOf = async (facilityId: string): Promise<string> =>
    (await kept(administrators, facilityId, () => enterAdministrator(call, facilityId))).session
  return {
    call,
    administratorOf,
    sessionOf: async (facilityId) => {
      const enter = async () => enterDoctor(call, { facilityId, by: await administratorOf(facilityId) })
      return (await kept(doctors, facilityId, enter)).session
    },
  }
}

function enterAdministrator(call: Call, facilityId: string): Promise<Person> {
  return enterPerson(call, { staffId: `${facilityId}-test-admin`, facilityId, roles: ['facility-administrator'] })
}

function enterDoctor(call: Call, given: { readonly facilityId: string; readonly by: string }): Promise<Person> {
  const { facilityId, by } = given
  const doctor = { staffId: `${facilityId}-test-doctor`, facilityId, job: 'doctor', roles: ['clinician'] as const }
  return enterPerson(call, doctor, { by })
}
