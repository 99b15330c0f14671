// The demo networks as data: fixtures/demo/network.yaml and its neighbour east.yaml, checked by schema before anything is sent (design §5).

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Ajv, type ValidateFunction } from 'ajv'
import { parse } from 'yaml'
import { OWN_SCHEMAS } from '../../../profiles/own-schemas.ts'
import type { Role } from '../../model/caller.ts'
import type { Oid } from '../../model/identifiers.ts'
import type { Demographics } from '../../model/person.ts'
import type { Job, StaffRole } from '../../model/user.ts'
import { nameOf } from '../demographics-options.ts'
import { demoSchema, neighbourSchema } from './schema.ts'

export interface DemoFacility {
  readonly facilityId: string
  readonly oid: Oid
  readonly code?: string
  readonly name: string
  readonly nameKana: string
  readonly kind: string
  readonly facilityType: string
  readonly patientIdForm?: string
  readonly patientDomain: { readonly oid: Oid; readonly name: string }
}

export interface DemoSystem {
  readonly systemId: string
  readonly facilityId: string
  readonly roles: readonly Role[]
  readonly accessMode?: string
  readonly assigningAuthority?: string
  readonly repositories?: readonly string[]
  readonly confidentialityCeiling?: string
}

export interface DemoUnion {
  readonly unionId: string
  readonly name: string
  readonly kind: string
  readonly members: readonly string[]
}

export interface DemoNumber {
  readonly facilityId: string
  readonly id: string
  /** `yes`: the facility's system registers it by ITI-44; `no`: staff enter it with the link. */
  readonly feed: 'yes' | 'no'
}

export interface DemoConsent {
  readonly kind: string
  readonly facilities?: readonly string[]
  readonly excludedFacilities?: readonly string[]
  readonly excludedKinds?: readonly string[]
  readonly evidence: string
}

export interface DemoPatient {
  readonly name: { readonly kanji: string; readonly kana: string; readonly romaji: string }
  readonly birthTime: string
  readonly sex: 'M' | 'F'
  readonly address: { readonly postalCode: string; readonly text: string }
  readonly telecom: string
  /** The first one names the person. */
  readonly numbers: readonly DemoNumber[]
  readonly consent?: DemoConsent
}

export interface DemoPerson {
  readonly staffId: string
  readonly facilityId: string
  readonly name: string
  readonly nameKana: string
  readonly job: Job
  readonly roles: readonly StaffRole[]
  readonly mayUseEms?: boolean
}

export interface DemoMessage {
  readonly systemId: string
  readonly file: string
}

/** The patient who is shown, and a message about the patient that the reader may send. */
export interface NeighbourTour {
  readonly patient: { readonly facilityId: string; readonly id: string }
  readonly push: DemoMessage
}

export interface DemoTour extends NeighbourTour {
  readonly viewer: { readonly systemId: string; readonly id: string; readonly staffId: string }
  readonly stranger: { readonly systemId: string }
}

export interface DemoNetwork<Tour extends NeighbourTour = DemoTour> {
  readonly facilities: readonly DemoFacility[]
  readonly systems: readonly DemoSystem[]
  readonly unions: readonly DemoUnion[]
  readonly people: readonly DemoPerson[]
  readonly patients: readonly DemoPatient[]
  readonly messages: readonly DemoMessage[]
  readonly tour: Tour
}

/** A network that is looked at from another one. */
export type DemoNeighbour = DemoNetwork<NeighbourTour>

const FOLDER = new URL('../../../fixtures/demo/', import.meta.url)

const ajv = new Ajv({ ...OWN_SCHEMAS, allErrors: true })
const isDemoNetwork = ajv.compile<DemoNetwork>(demoSchema)
const isNeighbour = ajv.compile<DemoNeighbour>(neighbourSchema)

/** @throws {Error} naming every place of the file that does not fit the schema. */
export function readDemoNetwork(yaml: string): DemoNetwork {
  return checked(yaml, isDemoNetwork)
}

function checked<T>(yaml: string, validate: ValidateFunction<T>): T {
  const network: unknown = parse(yaml)
  if (validate(network)) return network
  const places = (validate.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`)
  throw new Error(`the demo network does not fit its schema: ${places.join('; ')}`)
}

export async function loadDemoNetwork(): Promise<DemoNetwork> {
  return readDemoNetwork(await readFile(new URL('network.yaml', FOLDER), 'utf8'))
}

/** The network beside it, of "tsunagi demo federation". */
export async function loadDemoNeighbour(): Promise<DemoNeighbour> {
  return checked(await readFile(new URL('east.yaml', FOLDER), 'utf8'), isNeighbour)
}

/** Path of a message file, for reading it here and for showing it to people. */
export function messagePath(file: string): string {
  return fileURLToPath(new URL(`messages/${file}`, FOLDER))
}

/** Throws for an id that the network does not define: the file contradicts itself. */
export function facilityOf(network: DemoNeighbour, facilityId: string): DemoFacility {
  const found = network.facilities.find((facility) => facility.facilityId === facilityId)
  if (found === undefined) throw new Error(`the demo network has no facility ${facilityId}`)
  return found
}

/** The system of a facility that feeds its patients. */
export function feederOf(network: DemoNeighbour, facilityId: string): DemoSystem {
  const found = network.systems.find(
    (system) => system.facilityId === facilityId && system.roles.includes('patient-identity-source'),
  )
  if (found === undefined) throw new Error(`facility ${facilityId} of the demo network has no system that may feed`)
  return found
}

export function demographicsOf({ name, birthTime, sex, address, telecom }: DemoPatient): Demographics {
  return {
    names: [...nameOf('IDE', name.kanji), ...nameOf('SYL', name.kana), ...nameOf('ABC', name.romaji)],
    sex,
    birthTime,
    addresses: [address],
    telecoms: [telecom],
  }
}
