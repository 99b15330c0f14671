// StoreClient messages of other stacks, when they lie beside this project, over both doors: answered as their table says, found by
// ITI-18 and fetched byte for byte by ITI-43 (HL7 v2.5 2.9, 2.15; SS-MIX2; JAHIS).

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { connect as tls } from 'node:tls'
import t, { type Test } from 'tap'
import { readCredentials } from '../../src/cli/credentials.ts'
import { connect, type PushConnection } from '../../src/cli/push.ts'
import { type ReadAck, readAck } from '../../src/codec/hl7v2/ack.ts'
import { encodeFrame } from '../../src/mllp/frame.ts'
import { STATUS_APPROVED, STATUS_DEPRECATED } from '../../src/model/xds.ts'
import { startNetwork, type TestNetwork } from '../faults/support.ts'
import { registerSamples, type SampleNetwork, systemOf } from './sample-network.ts'

t.setTimeout(170_000)

const folder = new URL('../../../shared/samples/storeclient/', import.meta.url)
const HOSPITAL = '1311234567'
/** Needs another certificate than that of the facility it names. */
const OF_ANOTHER_FACILITY = 'bad/116_wrong_facility_code.hl7'
/** Sent before the consent of its patient is recorded. */
const WITHOUT_CONSENT = 'bad/109_no_consent.hl7'
/** Its table links the number to somebody else than its PID describes; filed, it would be under the wrong person. */
const OF_ANOTHER_PERSON = 'good/002_ADT-00_A08_utf8.hl7'
const VIRUS = 'bad/134_virus_test_placeholder.hl7'
/** The test string of the virus scanners, in parts, so that this file is none. */
const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE', '!$H+H*'].join('')

interface Sample {
  readonly file: string
  readonly expect: {
    readonly ack: string | null
    readonly err3?: string
    readonly err5?: string
    readonly err2?: string
  }
}

/** Accepted, but no document of its own: deletes, the same content again, an older version, a resend. */
const NOT_REGISTERED: ReadonlySet<string> = new Set([
  'good/003_ADT-00_A23_delete_jis.hl7',
  'good/007_ADT-21_A27_cancel_jis.hl7',
  'good/009_ADT-22_A11_cancel_jis.hl7',
  'good/016_ADT-52_A13_cancel_jis.hl7',
  'good/024_OMP-01_O11_cancel_jis.hl7',
  'good/046_DOC_T11_cancel_jis.hl7',
  'bad/122_duplicate_control_id_same_body.hl7',
  'bad/124_stale_update_out_of_order.hl7',
  'bad/125_delete_unknown_order.hl7',
])

function samples(): readonly Sample[] {
  const manifest = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as {
    readonly files: readonly Sample[]
  }
  return manifest.files
    .filter(({ file }) => /^(good|bad)\//.test(file) && file !== 'bad/135_empty_message.hl7')
    .map((sample) =>
      sample.file === OF_ANOTHER_PERSON
        ? { ...sample, expect: { ack: 'AE', err3: '204', err5: 'SC-IDENTITY' } }
        : sample,
    )
}

function bytesOf(file: string): Buffer {
  const bytes = readFileSync(new URL(file, folder))
  if (file !== VIRUS) return bytes
  const text = bytes.toString('latin1')
  const from = text.indexOf('Base64^') + 'Base64^'.length
  const to = text.slice(from).search(/[|\r]/) + from
  return Buffer.from(text.slice(0, from) + Buffer.from(EICAR).toString('base64') + text.slice(to), 'latin1')
}

/** MSH-4.1 by its bytes; another facility sends what names none of ours. */
function senderOf(file: string, bytes: Buffer): string {
  const separator = String.fromCharCode(bytes[bytes.indexOf('MSH') + 3] ?? 0x7c)
  const code = bytes.toString('latin1').split(separator)[3] ?? ''
  return file === OF_ANOTHER_FACILITY || !['0119999991', '0149999999', '1369999995'].includes(code) ? HOSPITAL : code
}

type Door = 'mllp' | 'https'

async function connections(network: TestNetwork, door: Door) {
  const open = new Map<string, PushConnection>()
  return {
    of: async (code: string): Promise<PushConnection> => {
      const known = open.get(code)
      if (known !== undefined) return known
      const { config } = network.server
      const made = await connect(config, await readCredentials(config, systemOf(code)), {
        url: network.baseUrl,
        port: network.server.mllpPort,
        ...(door === 'https' ? { http: true } : {}),
      })
      open.set(code, made)
      return made
    },
    /** What comes back over MLLP until the server closes too; a sender that has closed its side still gets what it waits for. */
    silently: async (code: string, bytes: Buffer): Promise<Buffer> => {
      const { key, cert, ca } = await readCredentials(network.server.config, systemOf(code))
      const socket = tls({ host: 'localhost', port: network.server.mllpPort, key, cert, ca })
      socket.end(encodeFrame(bytes))
      const chunks: Buffer[] = []
      for await (const chunk of socket) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks)
    },
    close: async () => void (await Promise.all([...open.values()].map((connection) => connection.close()))),
  }
}

for (const door of ['mllp', 'https'] as const) {
  t.test(`over ${door}`, async (t) => {
    if (!existsSync(folder)) return void t.pass('there are none')
    const network = await startNetwork(t)
    const registered = await registerSamples(network)
    const pool = await connections(network, door)
    const accepted: string[] = []
    try {
      for (const sample of inOrder(samples())) {
        if (sample.file === WITHOUT_CONSENT) await send(t, { sample, pool, door })
        else {
          await registered.consent()
          if (await send(t, { sample, pool, door })) accepted.push(sample.file)
        }
      }
    } finally {
      await pool.close()
    }
    await compareStored(t, { network, registered, accepted })
  })
}

/** The one without consent comes first, because the consent that comes after it is presumed by others. */
function inOrder(all: readonly Sample[]): readonly Sample[] {
  return [...all.filter(({ file }) => file === WITHOUT_CONSENT), ...all.filter(({ file }) => file !== WITHOUT_CONSENT)]
}

interface Sending {
  readonly sample: Sample
  readonly pool: Awaited<ReturnType<typeof connections>>
  readonly door: Door
}

/** Whether the message was accepted. */
async function send(t: Test, { sample, pool, door }: Sending): Promise<boolean> {
  const { file, expect } = sample
  const bytes = bytesOf(file)
  const sender = senderOf(file, bytes)
  const connection = await pool.of(sender)
  if (expect.ack === null) {
    t.equal((door === 'mllp' ? await pool.silently(sender, bytes) : await connection.send(bytes)).length, 0, file)
    return true
  }
  const ack = readAck(await connection.send(bytes))
  const [error] = ack.errors.filter(({ severity }) => severity === 'E')
  const told = { ack: ack.code, err3: error?.code, err5: error?.application.split('^')[0] }
  const wanted = { ack: expect.ack, err3: expect.err3, err5: expect.err5 ?? told.err5 }
  t.same(told, wanted, `${file}: ${explained(ack)}`)
  if (expect.err2 !== undefined) t.ok((error?.location ?? '').startsWith(expect.err2), `${file}: ${error?.location}`)
  return ack.code === 'AA' || ack.code === 'CA'
}

function explained({ code, errors }: ReadAck): string {
  return [code, ...errors.map(({ severity, location, application }) => `${severity} ${application} ${location}`)].join(
    '; ',
  )
}

async function compareStored(
  t: Test,
  {
    network,
    registered,
    accepted,
  }: { readonly network: TestNetwork; readonly registered: SampleNetwork; readonly accepted: readonly string[] },
): Promise<void> {
  const status = [STATUS_APPROVED, STATUS_DEPRECATED]
  const stored = new Set<string>()
  for (const code of [HOSPITAL, '0119999991', '0149999999', '1369999995']) {
    for (const patient of registered.patients) {
      const entries = await network.find(systemOf(code), patient, { status })
      const messages = entries.filter(({ mimeType }) => mimeType === 'x-application/hl7-v2+er7')
      for (const entry of messages) {
        const { documents } = await network.fetch(systemOf(code), [entry.uniqueId])
        const [document] = documents
        if (document !== undefined) stored.add(createHash('sha1').update(document.bytes).digest('hex'))
      }
    }
  }
  for (const file of accepted) {
    if (NOT_REGISTERED.has(file)) continue
    t.ok(
      stored.has(createHash('sha1').update(bytesOf(file)).digest('hex')),
      `${file} is found and comes back as it was sent`,
    )
  }
}
