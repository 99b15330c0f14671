// Clinicians of a running network: entered by the administrator of their facility and logged on, since nobody else reads clinical content.

import { request } from 'undici'
import { type Call, enterPerson, type Person } from '../http/persons.ts'

export interface Clinicians {
  /** Session of a doctor of this facility, made at the first call. */
  readonly sessionOf: (facilityId: string) => Promise<string>
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
  const made = new Map<string, Promise<Person>>()
  return {
    call,
    sessionOf: async (facilityId) => {
      const doctor = made.get(facilityId) ?? enterDoctor(call, facilityId)
      made.set(facilityId, doctor)
      return (await doctor).session
    },
  }
}

async function enterDoctor(call: Call, facilityId: string): Promise<Person> {
  const administrator = await enterPerson(call, {
    staffId: `${facilityId}-test-admin`,
    facilityId,
    roles: ['facility-administrator'],
  })
  const doctor = { staffId: `${facilityId}-test-doctor`, facilityId, job: 'doctor', roles: ['clinician'] as const }
  return enterPerson(call, doctor, { by: administrator.session })
}
