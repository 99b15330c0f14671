// Invented messages as files: a storage to import (SS-MIX2), a folder of messages to push; for rehearsals and tests.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writePersonRecord } from '../../../codec/ndjson/person-record.ts'
import type { Oid } from '../../../model/identifiers.ts'
import { facilityOf, loadDemoNetwork } from '../../demo/network.ts'
import { everyKind, openHistory } from './episode.ts'
import { type MessageCharset, messageBytes } from './message.ts'
import { type Cast, demoCast, inventPatients } from './patients.ts'
import { openDesk } from './scene.ts'
import { storageTree } from './storage.ts'
import { moment } from './time.ts'

const SEED = 1
/** Who has no other sender to be. */
const DEMO_FACILITY = 'hospital-a'

export interface TreeOptions {
  readonly folder: string
  readonly files: number
  /** Invented people instead of the patients of the demo network. */
  readonly people?: number
}

/** Writes the storage; of invented people also `<folder>.patients.ndjson`, for `tsunagi patient import`. @returns the patients. */
export async function writeTree({ folder, files, people }: TreeOptions): Promise<number> {
  const cast = people === undefined ? await demoCast(DEMO_FACILITY) : await inventedCast(folder, people)
  for (const { path, bytes } of storageTree({ ...cast, seed: SEED, files })) {
    const place = join(folder, ...path.split('/'))
    await mkdir(dirname(place), { recursive: true })
    await writeFile(place, bytes)
  }
  return cast.patients.length
}

async function inventedCast(folder: string, people: number): Promise<Cast> {
  const patients = inventPatients(SEED, people)
  const domain = facilityOf(await loadDemoNetwork(), DEMO_FACILITY).patientDomain.oid as Oid
  const lines = patients.map(({ localId, demographics }) =>
    writePersonRecord({ id: { value: localId, authority: domain }, demographics }, domain),
  )
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder.replace(/\/+$/, '')}.patients.ndjson`, lines.join(''))
  return { ...(await demoCast(DEMO_FACILITY)), patients }
}

const REHEARSAL_START = moment(2025, 4, 1)

/**
 * Writes every kind of message with its changes and cancels for the patients of the demo network, a folder a patient, named in
 * the order in which they are to be sent. @returns the number of messages.
 */
export async function writeRehearsal(folder: string, charset: MessageCharset): Promise<number> {
  const { sender, patients } = await demoCast(DEMO_FACILITY)
  let count = 0
  for (const [index, patient] of patients.entries()) {
    const desk = openDesk(sender, { seed: SEED + index, series: `9${String(index).padStart(4, '0')}` })
    const place = join(folder, patient.localId)
    await mkdir(place, { recursive: true })
    for (const [number, one] of everyKind(openHistory(desk, patient), REHEARSAL_START).entries()) {
      const name = `${String(number + 1).padStart(4, '0')}_${one.kind}_${one.type.trigger}_${one.action}.hl7`
      await writeFile(join(place, name), messageBytes(one, charset))
      count += 1
    }
  }
  return count
}
