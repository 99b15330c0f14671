// HL7 v2 messages of other stacks, when they lie beside this project: answered as their table says (ITI TF-2 3.8, 3.9, 3.21).

import { existsSync, readFileSync } from 'node:fs'
import type { Test } from 'tap'
import type { Scenario } from './harness.ts'

const folder = new URL('../../../shared/samples/pix/', import.meta.url)

/** Domains and ids that the samples presume: the sender is of the first hospital, the second one knows the same patient. */
const SENDER = { facility: 'tester', name: 'HOSA', oid: '1.2.392.100495.20.3.51.11311234567' }
const OTHER = { facility: 'clinic-b', name: 'HOSB', oid: '1.2.392.100495.20.3.51.11311234568' }
const MERGED = '0009999'
const LINKED = 'B-77'

/** Messages in the order they make sense in, with the pieces their answers must have. */
const EXPECTED: readonly (readonly [file: string, ...pieces: readonly string[]])[] = [
  ['iti8-a04-jp-valid.hl7', '|2.3.1|', '\rMSA|AA|M0001'],
  ['iti8-a40-jp-valid.hl7', '\rMSA|AA|M0002'],
  ['iti8-bad-no-authority.hl7', '\rMSA|AA|M0003'],
  ['iti8-bad-a40-cross-domain.hl7', '\rMSA|AE|M0004|', '\rERR|MRG^1^1^204\r'],
  [
    'iti9-query-valid.hl7',
    `|RSP^K23^RSP_K23|`,
    '\rMSA|AA|M0010\rQAK|QT0010|OK\rQPD|IHE PIX Query|QT0010|0001234^^^HOSA&',
    `\rPID|||${LINKED}^^^${OTHER.name}&${OTHER.oid}&ISO^PI||~^^^^^^S\r`,
  ],
  [
    'iti21-query-valid.hl7',
    `|RSP^K22^RSP_K21|`,
    '\rMSA|AA|M0020\rQAK|QT0020|OK||1|1|0\rQPD|IHE PDQ Query|QT0020|@PID.5.1.1^タカハシ~@PID.7^19850307|',
    `\rPID|1||${LINKED}^^^${OTHER.name}&${OTHER.oid}&ISO^PI||髙橋^花子^^^^^L^I~タカハシ^ハナコ^^^^^L^P~TAKAHASHI^HANAKO^^^^^L^A||19850307|F|`,
  ],
  // Its pointer was given by another server.
  ['iti21-continuation-valid.hl7', '\rMSA|AE|M0021\r', '\rERR||DSC^1^1|204^', '\rQAK|QT0020|AE\r'],
]

export async function runForeignHl7(t: Test, scenario: Scenario): Promise<void> {
  if (!existsSync(folder)) return void t.pass('there are none')
  await presume(scenario)
  const connection = await scenario.mllp('tester', 'pix')
  try {
    for (const [file, ...pieces] of EXPECTED) {
      const answer = (await connection.send(readFileSync(new URL(file, folder)))).toString('utf8')
      for (const piece of pieces) t.ok(answer.includes(piece), `${file}: ${JSON.stringify(piece)} in ${answer}`)
      if (file.startsWith('iti8-a40')) await link(scenario)
    }
  } finally {
    await connection.close()
  }
}

async function presume({ pool }: Scenario): Promise<void> {
  for (const { oid, name, facility } of [SENDER, OTHER])
    await pool.query(`insert into identity.domain (oid, name, kind, facility_id) values ($1, $2, 'facility', $3)`, [
      oid,
      name,
      facility,
    ])
  await pool.query(
    `with person as (insert into identity.person default values returning person_key)
     insert into identity.identifier (domain, value, person_key, received) select $1, $2, person_key, 'before' from person`,
    [SENDER.oid, MERGED],
  )
}

/** The number of the other hospital, which its staff linked to the patient. */
async function link({ pool }: Scenario): Promise<void> {
  await pool.query(
    `insert into identity.identifier (domain, value, person_key)
     select $1, $2, person_key from identity.identifier where domain = $3 and value = '0001234'`,
    [OTHER.oid, LINKED, SENDER.oid],
  )
}
