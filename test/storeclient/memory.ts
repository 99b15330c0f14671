// In-memory ports of the StoreClient actor and builders of its messages, for the tests of this folder.

import { createHash } from 'node:crypto'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import { type Caller, DEFAULT_CONTRACT, type FacilityStatus } from '../../src/model/caller.ts'
import type { Outcome } from '../../src/model/evidence.ts'
import { parseOid } from '../../src/model/identifiers.ts'
import type { Demographics } from '../../src/model/person.ts'
import { accept, type StoreClientAnswer } from '../../src/storeclient/accept.ts'
import type { NewWithheld } from '../../src/storeclient/hold/hold-ports.ts'
import type {
  CurrentDocument,
  FacilitySettings,
  LinkedPatient,
  SeriesState,
  StoreClientPorts,
  VersionRow,
  Write,
} from '../../src/storeclient/ports.ts'

export function oid(text: string) {
  const parsed = parseOid(text)
  if (parsed === undefined) throw new Error(`no OID: ${text}`)
  return parsed
}

export const caller: Caller = {
  systemId: 'hospital-a',
  facilityId: 'facility-a',
  facilityOid: oid('2.25.1001'),
  facilityName: '架空総合病院',
  facilityCode: '1399100015',
  roles: new Set(['store-client'] as const),
  accessMode: 'consent',
  patientIdForm: 'exact',
  repositories: [],
  unionFacilities: [],
  confidentialityCeiling: 'N',
  exchange: {
    id: 'exchange-1',
    door: 'mllp',
    endpoint: '2575',
    peer: '127.0.0.1',
    receivedAt: new Date(0),
    requestBytes: 0,
    startedMs: 0,
    transaction: 'StoreClient',
  },
}

export const taro: Demographics = {
  names: [
    { representation: 'IDE', family: '架空', given: '太郎' },
    { representation: 'SYL', family: 'カクウ', given: 'タロウ' },
  ],
  sex: 'M',
  birthTime: '19580412',
  addresses: [],
  telecoms: [],
}

export const linked: LinkedPatient = {
  personKey: 'person-1',
  affinityId: { value: 'R-0001', authority: oid('2.25.2002') },
  localId: '0000012345',
  demographics: taro,
  consent: true,
  stopped: false,
}

interface Stored {
  readonly row: VersionRow
  readonly entryUUID: string
  readonly uniqueId: string
  readonly personKey: string
}

export interface Memory {
  readonly ports: StoreClientPorts
  readonly writes: Write[]
  readonly staged: Buffer[]
  current: Stored[]
  patient: LinkedPatient | undefined
  facility: FacilitySettings
  verdict: Awaited<ReturnType<StoreClientPorts['scan']>>
  status: FacilityStatus
  readonly withheld: NewWithheld[]
  /** What the facility stores already. */
  storedBytes: number
  /** Whether a message may still be withheld. */
  room: boolean
}

/** Ports over plain arrays; `patient` answers for canonical number 0000012345 only. */
export function memory(): Memory {
  const answers = new Map<string, { readonly digest: string; readonly answer: string }>()
  const series = new Map<string, { lastPart: number; tombstone?: string }>()
  const state: Omit<Memory, 'ports'> = {
    writes: [],
    staged: [],
    current: [],
    patient: linked,
    verdict: 'clean',
    facility: { localIdForm: 'exact', ...DEFAULT_CONTRACT },
    status: 'active',
    withheld: [],
    storedBytes: 0,
    room: true,
  }
  const self = state as Memory
  const ports: StoreClientPorts = {
    settings: {
      namespace: 'b254efc9-4b81-42aa-9a5b-8fb34ea24e6d',
      repositoryUniqueId: '2.25.3003',
      processingIds: ['P'],
      kinds: new Map(),
      maxFileBytes: 30 * 2 ** 20,
    },
    facilitySettings: () => self.facility,
    withhold: async (message, recorded) => {
      if (!self.room) return 'full'
      self.withheld.push(message)
      const kept = { withheldId: String(self.withheld.length), until: new Date('2026-05-31T00:00:00Z') }
      recorded(kept)
      return kept
    },
    storedBytes: async () => self.storedBytes,
    now: () => new Date('2026-05-01T00:00:00Z'),
    decode: readEr7,
    stage: async (bytes) => {
      self.staged.push(bytes)
      const hash = (name: string) => createHash(name).update(bytes).digest('hex')
      return { content: { kind: 'row', bytes }, sizeBytes: bytes.length, sha1: hash('sha1'), sha256: hash('sha256') }
    },
    scan: async () => self.verdict,
    inTransaction: (work) =>
      work({
        situation: async ({ claim, patient, series: asked, changed }) => {
          const former = answers.get(`${claim.scope}|${claim.key}`)
          const found = patient?.canonicalId === '0000012345' ? self.patient : undefined
          const states = asked.map((id) => [id, stateOf(self, series, id)] as const)
          return {
            claim:
              former === undefined
                ? { kind: 'new' }
                : former.digest === claim.digest
                  ? { kind: 'replay', answer: former.answer }
                  : { kind: 'other-content' },
            facility: self.status,
            ...(found === undefined ? {} : { patient: found }),
            series: new Map(states),
            ofOrders: new Map(
              (changed?.orderNumbers ?? []).map((number) => [number, ordersOf(self, changed?.kind, number)]),
            ),
          }
        },
        write: async (write) => {
          self.writes.push(write)
          answers.set(`${write.claim.scope}|${write.claim.key}`, { digest: write.claim.digest, answer: write.answer })
          for (const effect of write.effects) {
            if (effect.kind === 'confirm') {
              const { seriesId, version } = effect
              self.current = self.current.map((one) =>
                one.row.seriesId === seriesId ? { ...one, row: { ...one.row, version } } : one,
              )
              continue
            }
            const known = series.get(effect.row.baseSeriesId) ?? { lastPart: 0 }
            series.set(effect.row.baseSeriesId, known)
            if (effect.kind === 'supersede') continue
            const gone = new Set([...effect.deprecates, ...(effect.kind === 'register' ? effect.replaces : [])])
            self.current = self.current.filter(({ entryUUID }) => !gone.has(entryUUID))
            if (effect.kind === 'delete') known.tombstone = effect.tombstone
            else {
              known.lastPart = Math.max(known.lastPart, effect.row.part)
              const { entryUUID, uniqueId } = effect.entry
              self.current.push({ row: effect.row, entryUUID, uniqueId, personKey: write.personKey })
            }
          }
        },
      }),
  }
  return Object.assign(self, { ports })
}

function stateOf(
  self: Memory,
  series: ReadonlyMap<string, { readonly lastPart: number; readonly tombstone?: string }>,
  id: string,
): SeriesState {
  const currents = self.current.filter(({ row }) => row.baseSeriesId === id).map(asCurrent)
  return { lastPart: 0, ...series.get(id), currents }
}

/** Current documents of an order under any day. */
function ordersOf(self: Memory, kind: string | undefined, number: string) {
  return self.current.filter(({ row }) => row.kind === kind && row.number === number).map(asCurrent)
}

function asCurrent({ row, ...ids }: Stored): CurrentDocument & { readonly baseSeriesId: string } {
  const { content } = row.document
  if (content.kind !== 'row') throw new Error('memory ports keep documents in rows')
  return { ...ids, ...row, bytes: content.bytes }
}

export interface Lines {
  readonly msh?: string
  readonly pid?: string
  readonly controlId?: string
  readonly time?: string
}

const PID = 'PID|0001||0000012345^^^^PI||架空^太郎^^^^^L^I~カクウ^タロウ^^^^^L^P||19580412|M'

export function msh(event: string, given: Lines): string {
  const time = given.time ?? '20260401090000'
  return `MSH|^~\\&|EHR|1399100015|GW|TSUNAGI|${time}||${event}|${given.controlId ?? 'M1'}|P|2.5||||||UNICODE UTF-8`
}

export function adt00(given: Lines = {}, pidTail = '|||^^^^100-0000^JPN^H^架空県架空市１−２'): string {
  return [
    given.msh ?? msh('ADT^A08^ADT_A01', given),
    'EVN||20260401090000',
    given.pid ?? `${PID}${pidTail}`,
    'PV1|0001|O|01^^^^^C',
  ].join('\r')
}

export function adtDelete(given: Lines = {}): string {
  return [msh('ADT^A23^ADT_A21', given), 'EVN||20260401090000', given.pid ?? PID, 'PV1|0001|O'].join('\r')
}

export interface Result {
  readonly code: string
  readonly value?: string
  readonly status?: string
}

export interface Lab extends Lines {
  readonly order?: string
  readonly control?: string
  readonly collected?: string
  readonly specimen?: string
  readonly results?: readonly Result[]
}

export const TP = '3A010000002327101'
export const AST = '3B035000002327201'
export const WBC = '2A010000001930901'

export function oml11(given: Lab = {}): string {
  const order = given.order ?? '500001'
  const results = given.results ?? [{ code: TP }, { code: AST }]
  return [
    given.msh ?? msh('OUL^R22^OUL_R22', given),
    given.pid ?? PID,
    'PV1|0001|O|01^^^^^C||||D0001^医師^一郎|||01',
    `SPM|1|${given.specimen ?? ''}||023^血清^JC10|||||||||||||${given.collected ?? '202604010830'}`,
    `OBR|1|${order}||E002^生化学^99O03`,
    `ORC|${given.control ?? 'SC'}|${order}||||||||||D0001^医師^一郎|||||01^内科^HL70069`,
    ...results.map(
      ({ code, value, status }, index) =>
        `OBX|${index + 1}|NM|${code}^項目^JC10||${value ?? '7.2'}|g/dL|||||${status ?? 'F'}`,
    ),
  ].join('\r')
}

/** Sends a message text, as UTF-8 bytes, through the codec's reader into the actor. */
export function send(text: string, at: Memory, from: Caller = caller): Promise<Outcome<StoreClientAnswer>> {
  const bytes = Buffer.from(`${text}\r`)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return accept({ message: readEr7(bytes), bytes, sha256 }, from, at.ports)
}

/** The code of a refusal, or `accepted`. */
export function codeOf(outcome: Outcome<StoreClientAnswer>): string {
  return outcome.answer.kind === 'refused' ? outcome.answer.error.row.code : 'accepted'
}

export function warningsOf(outcome: Outcome<StoreClientAnswer>): readonly string[] {
  return outcome.answer.warnings.map(({ row }) => row.code)
}
