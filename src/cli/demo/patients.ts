// Patients of the demo network: fed by their facilities (ITI-44), then linked and their consents recorded as staff do it.

import { formatCx, type PatientId } from '../../model/identifiers.ts'
import { type AdminClient, rowsOf, textOf } from '../admin-client.ts'
import { given, segment } from '../admin-command.ts'
import { createSystemClient, type SystemClient } from '../client.ts'
import { readCredentials } from '../credentials.ts'
import { RefusedError } from '../failure.ts'
import { feed, requireAccepted } from '../feed.ts'
import { localAddresses } from '../running-server.ts'
import { type DemoNumber, type DemoPatient, demographicsOf, facilityOf, feederOf } from './network.ts'
import type { DemoRun } from './run.ts'

/** A feed of a number that is known changes nothing, nor does a link that stands; consents are asked for first. */
export async function loadPatients(run: DemoRun): Promise<void> {
  const clients = new Map<string, SystemClient>()
  try {
    for (const patient of run.network.patients) {
      await feedNumbers(run, patient, clients)
      const xad = await linkNumbers(run, patient)
      await recordConsent(run, patient, xad)
      run.say(`${patient.name.kanji} ${xad}`)
    }
  } finally {
    await Promise.all([...clients.values()].map((client) => client.close()))
  }
}

async function feedNumbers(run: DemoRun, patient: DemoPatient, clients: Map<string, SystemClient>): Promise<void> {
  const { config } = run.server
  for (const number of patient.numbers) {
    if (number.feed === 'no') continue
    const { systemId } = feederOf(run.network, number.facilityId)
    const client = clients.get(systemId) ?? (await clientOf(run, systemId))
    clients.set(systemId, client)
    const providerName = facilityOf(run.network, number.facilityId).name
    const feeding = { kind: 'add', id: idOf(run, number), demographics: demographicsOf(patient), providerName } as const
    requireAccepted(await feed({ config, client }, feeding))
  }
}

async function clientOf({ server }: DemoRun, systemId: string): Promise<SystemClient> {
  const credentials = await readCredentials(server.config, systemId)
  return createSystemClient({ baseUrl: localAddresses(server).httpsUrl, credentials })
}

function idOf({ network }: DemoRun, number: DemoNumber): PatientId {
  return { value: number.id, authority: facilityOf(network, number.facilityId).patientDomain.oid }
}

/** Links the further numbers to the person of the first one. @returns the affinity-domain id of the person. */
async function linkNumbers(run: DemoRun, { numbers, name }: DemoPatient): Promise<string> {
  const [first, ...further] = numbers
  const xad = first === undefined ? undefined : await xadOf(run.admin, idOf(run, first))
  if (xad === undefined) throw new RefusedError(`${name.kanji} is not known to the server after its feed`)
  for (const { facilityId, id } of further) {
    await run.admin.post(`/patients/${segment(xad)}/links`, { facilityId, id, reason: 'デモ用: 窓口で本人確認' })
  }
  return xad
}

/** The affinity-domain id of whoever has this id; undefined when nobody has. @throws {RefusedError} when several have. */
export async function xadOf(admin: AdminClient, id: PatientId): Promise<string | undefined> {
  const path = `/patients?id=${segment(id.value)}&domain=${segment(id.authority)}`
  const found = rowsOf((await admin.get(path)).body)
  if (found.length > 1) throw new RefusedError(`${formatCx(id)} belongs to several persons`)
  const xad = textOf(found[0]?.xad)
  return xad === '' ? undefined : xad
}

async function recordConsent({ admin }: DemoRun, { consent }: DemoPatient, xad: string): Promise<void> {
  if (consent === undefined) return
  const path = `/patients/${segment(xad)}/consents`
  if (rowsOf((await admin.get(path)).body).length === 0) await admin.post(path, given({ ...consent }))
}
