// Feeds, merges and submissions of one patient, as systems of a running network send them (ITI-8, ITI-41, ITI-44).

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { rowsOf, textOf } from '../../src/cli/admin-client.ts'
import { issue } from '../../src/cli/cert.ts'
import { type Fed, type Feeding, feed } from '../../src/cli/feed.ts'
import { type ReadAck, readAck } from '../../src/codec/hl7v2/ack.ts'
import { components, writeEr7 } from '../../src/codec/hl7v2/write.ts'
import type { Oid, PatientId } from '../../src/model/identifiers.ts'
import type { Demographics } from '../../src/model/person.ts'
import { type Submission, type Submitted, submissionOf } from '../faults/messages.ts'
import type { TestNetwork } from '../faults/support.ts'

const RIN: Demographics = {
  names: [{ representation: 'SYL', family: 'サワムラ', given: 'リン' }],
  sex: 'F',
  birthTime: '19710203',
  addresses: [],
  telecoms: [],
}

export function idIn(authority: Oid, value: string): PatientId {
  return { value, authority }
}

export interface Adt {
  readonly event: string
  readonly id: PatientId
  readonly prior?: PatientId
  readonly controlId?: string
  readonly version?: string
}

/** An ADT message about 澤村 凛; of A40 `prior` is the id that goes. */
export function adt({ event, id, prior, controlId = randomUUID().slice(0, 20), version = '2.3.1' }: Adt): Buffer {
  const cx = ({ value, authority }: PatientId) => components(value, '', '', ['', authority, 'ISO'], 'PI')
  const time = '20270401090000'
  const header = ['HIS', 'HOSPA', 'MPI', 'NET', time, '', components('ADT', event), controlId, 'P', version] as const
  const name = [
    components('澤村', '凛', '', '', '', '', 'L', 'I'),
    components('サワムラ', 'リン', '', '', '', '', 'L', 'P'),
  ]
  return writeEr7(
    [
      ['MSH', ...header, ...Array<string>(5).fill(''), 'UNICODE UTF-8'],
      ['EVN', event, time],
      ['PID', '1', '', cx(id), '', name, '', '19710203', 'F'],
      prior === undefined ? ['PV1', '', 'O'] : ['MRG', cx(prior)],
    ],
    { charset: 'UTF-8' },
  )
}

type Door = Feeding['to']

/** The senders of one network. */
export function feedingOf(network: TestNetwork) {
  const feedAs = async (
    systemId: string,
    feeding: Pick<Feeding, 'id' | 'to'> & { kind: 'add' | 'revise' },
  ): Promise<Fed> => feed(await network.as(systemId), { ...feeding, demographics: RIN, providerName: systemId })
  return {
    add: (systemId: string, id: PatientId, to: Door = 'PIXManager') => feedAs(systemId, { kind: 'add', id, to }),
    revise: (systemId: string, id: PatientId, to: Door = 'PIXManager') => feedAs(systemId, { kind: 'revise', id, to }),
    merge: async (
      systemId: string,
      pair: { readonly from: PatientId; readonly into: PatientId },
      to: Door = 'PIXManager',
    ): Promise<Fed> =>
      feed(await network.as(systemId), {
        kind: 'merge',
        id: pair.into,
        subsumed: pair.from,
        to,
        demographics: RIN,
        providerName: systemId,
      }),
    adt: async (systemId: string, message: Buffer): Promise<ReadAck> => {
      const connection = await network.feed(systemId)
      try {
        return readAck(await connection.send(message))
      } finally {
        await connection.close()
      }
    },
    /** ITI-41 of a new document; the answer as text. */
    submit: async (
      systemId: string,
      given: Pick<Submitted, 'patientId'> & Partial<Submitted>,
    ): Promise<Submission & { readonly text: string }> => {
      const submission = submissionOf({ bytes: Buffer.from(randomUUID()), ...given })
      const { text } = await network.soap(systemId, submission.provide)
      return { ...submission, text }
    },
    uniqueIds: async (systemId: string, id: PatientId): Promise<readonly string[]> =>
      (await network.find(systemId, id)).map(({ uniqueId }) => uniqueId).sort(),
    link: (xad: PatientId, facilityId: string, id: string) =>
      network.admin.post(`/patients/${xad.value}/links`, { facilityId, id, reason: 'sheet' }),
    /** A system of the hospital that the administrator made the source of the affinity domain's ids. */
    registerSource: async (systemId: string): Promise<void> => {
      const { admin, server } = network
      const facilities = rowsOf((await admin.get('/facilities')).body)
      const facilityOid = textOf(facilities.find(({ facilityId }) => facilityId === 'hospital-a')?.oid)
      const roles = ['patient-identity-source', 'affinity-domain-source', 'pix-consumer']
      await admin.post('/systems', { systemId, facilityId: 'hospital-a', roles })
      const { paths } = await issue(server.config, { systemId, facilityOid })
      await admin.post(`/systems/${systemId}/certificates`, { pem: await readFile(paths.certificate, 'utf8') })
    },
  }
}
