// Messages of one document in whatever order they come: one end state (HL7 v2.5 2.9; ITI TF-3 4.2.2.2.3 RPLC; SS-MIX2: newest wins).

import { randomBytes } from 'node:crypto'
import t from 'tap'
import { readAck } from '../../src/codec/hl7v2/ack.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'

t.setTimeout(170_000)

const network = await startNetwork(t)
const patient = await network.xadForStaff({ value: '0000012345', authority: DOMAINS['hospital-a'] })
const connection = await network.mllp('hospital-a')
t.teardown(connection.close)

/** MSH-7 of the n-th message of a story. */
const at = (step: number): string => `2026040109${String(step).padStart(2, '0')}00`
const PID = 'PID|0001||0000012345^^^^PI||架空^太郎^^^^^L^I~カクウ^タロウ^^^^^L^P||19580412|M'

type Segments = (number: string) => readonly string[]

interface Step {
  readonly event: string
  readonly segments: Segments
}

const document = (trigger: string, txa: (number: string) => string): Step => ({
  event: `MDM^${trigger}^${trigger === 'T11' ? 'MDM_T01' : 'MDM_T02'}`,
  segments: (number) => [
    `EVN|${trigger}|20260401090000`,
    PID,
    'PV1|1|O',
    `TXA|1|18842-5^退院時サマリー^LN|AP|20260401||||||||${txa(number)}||||AU||AV`,
    ...(trigger === 'T11' ? [] : [`OBX|1|TX|18842-5^退院時サマリー^LN||${trigger} ${number}||||||F`]),
  ],
})
const first = document('T02', (number) => `${number}-A`)
const edited = document('T08', (number) => `${number}-A`)
const replacement = document('T10', (number) => `${number}-B|${number}-A`)
const cancelled = document('T11', (number) => `${number}-B`)

const cancelledFormer = document('T11', (number) => `${number}-A`)

const result = (status: string, value: string): Step => ({
  event: 'OUL^R22^OUL_R22',
  segments: (number) => [
    PID,
    'SPM|1|||023^血清^JC10|||||||||||||20260401083000',
    `OBR|1|${number}||3B035^AST^JC10|||20260401083000`,
    `ORC|${status === 'CA' ? 'CA' : 'SC'}|${number}`,
    `OBX|1|NM|3B035000002327201^AST^JC10||${value}|U/L|13-30||||${status === 'CA' ? 'X' : status}`,
  ],
})
/** One of two results that a laboratory sends apart under one number. */
const part = (code: string, value: string, status: string): Step => ({
  event: 'OUL^R22^OUL_R22',
  segments: (number) => [
    PID,
    'SPM|1|||023^血清^JC10|||||||||||||20260401083000',
    `OBR|1|${number}||E002^生化学^99O03|||20260401083000`,
    `ORC|SC|${number}`,
    `OBX|1|NM|${code}^項目^JC10||${value}|U/L|||||${status}`,
  ],
})
const AST = '3B035000002327201'
const ALT = '3B045000002327201'
const order = (control: string, amount: string): Step => ({
  event: 'RDE^O11^RDE_O11',
  segments: (number) => [
    PID,
    `ORC|${control}|${number}||${number}_01|||||20260401085500`,
    `RXE||103835401^薬Ａ^HOT9|1||TAB^錠^MR9P|||||${amount}|TAB^錠^MR9P`,
    'TQ1|1||1013044400000000&内服・経口・１日３回朝昼夕食後&JAMISDP01|||7^D&日&ISO+|20260401',
    'RXR|PO^口^HL70162',
  ],
})

const report = (status: string): Step => ({
  event: 'ORU^R01^ORU_R01',
  segments: (number) => [
    PID,
    `OBR|1|${number}|${number}|18748-4^画像診断レポート^LN|||20260401105000${'|'.repeat(17)}RAD|${status}`,
    `OBX|1|FT|FIND^所見^99STC||左肺に結節影||||||${status}`,
  ],
})

interface Story {
  readonly name: string
  readonly steps: readonly Step[]
  /** Which of them is Approved in the end, counted from 1; of steps with the same words, the first. */
  readonly stands: readonly number[]
}

const STORIES: readonly Story[] = [
  {
    name: 'preliminary, final, corrected',
    steps: [result('P', '24'), result('F', '25'), result('C', '26')],
    stands: [3],
  },
  { name: 'final, cancelled', steps: [result('F', '25'), result('CA', '25')], stands: [] },
  {
    name: 'final, cancelled, final again',
    steps: [result('F', '25'), result('CA', '25'), result('F', '27')],
    stands: [3],
  },
  {
    name: 'final, corrected, and as it was first',
    steps: [result('F', '25'), result('F', '26'), result('F', '25')],
    stands: [1],
  },
  {
    name: 'prescribed, changed, cancelled',
    steps: [order('NW', '21'), order('XO', '42'), order('CA', '42')],
    stands: [],
  },
  { name: 'document, edited, replaced under a new number', steps: [first, edited, replacement], stands: [3] },
  { name: 'document, replaced, edited under its old number', steps: [first, replacement, edited], stands: [3] },
  {
    name: 'document, replaced, cancelled under its former number',
    steps: [first, replacement, cancelledFormer],
    stands: [],
  },
  {
    name: 'document, cancelled, replaced under a new number',
    steps: [first, cancelledFormer, replacement],
    stands: [3],
  },
  {
    name: 'document, replaced, edited under its former number, cancelled under it',
    steps: [first, replacement, edited, cancelledFormer],
    stands: [],
  },
  {
    name: 'document, replaced, cancelled under its former number, edited under it',
    steps: [first, replacement, cancelledFormer, edited],
    stands: [4],
  },
  {
    name: 'report, of the wrong patient, and that said twice',
    steps: [report('F'), report('W'), report('W')],
    stands: [],
  },
  { name: 'document, edited, replaced, cancelled', steps: [first, edited, replacement, cancelled], stands: [] },
]

function permutations(count: number): readonly (readonly number[])[] {
  if (count === 1) return [[0]]
  return permutations(count - 1).flatMap((shorter) =>
    Array.from({ length: count }, (_, place) => [...shorter.slice(0, place), count - 1, ...shorter.slice(place)]),
  )
}

let stories = 0

/** The `index`-th message of a story, counted from 0, under its own control id. */
function messageOf(step: Step, index: number, number: string): Buffer {
  const msh = `MSH|^~\\&|EHR|1399100015|GW|TSUNAGI|${at(index + 1)}||${step.event}|P-${number.slice(-6)}-${index + 1}|P|2.5||||||UNICODE UTF-8`
  return Buffer.from([msh, ...step.segments(number), ''].join('\r'))
}

t.test('a result is withdrawn: one that was sent apart from it stands, whenever it comes (orders.md)', async (t) => {
  const steps = [part(AST, '25', 'F'), part(ALT, '31', 'F'), part(AST, '25', 'W')]
  for (const sequence of permutations(steps.length)) {
    stories += 1
    const number = String(260_401_000_000_000 + stories)
    for (const index of sequence) {
      const ack = readAck(await connection.send(messageOf(steps[index] as Step, index, number)))
      t.equal(ack.code, 'AA')
    }
    const stands = await standing(number)
    const sent = `sent as ${sequence.map((index) => index + 1).join(', ')}`
    t.ok(stands.includes(2), `${sent}: the other result is seen`)
    t.notOk(stands.includes(1), `${sent}: the withdrawn one is not`)
  }
})

t.test('an order that is cancelled takes with it what comes of it piecewise and late', async (t) => {
  const steps = [part(AST, '25', 'F'), part(ALT, '31', 'F'), result('CA', '25')]
  for (const sequence of permutations(steps.length)) {
    stories += 1
    const number = String(260_401_000_000_000 + stories)
    for (const index of sequence) await connection.send(messageOf(steps[index] as Step, index, number))
    t.same(await standing(number), [], `sent as ${sequence.map((index) => index + 1).join(', ')}`)
  }
})

for (const { name, steps, stands } of STORIES) {
  t.test(name, async (t) => {
    for (const sequence of permutations(steps.length)) {
      stories += 1
      const number = String(260_401_000_000_000 + stories)
      for (const index of sequence) {
        const step = steps[index]
        if (step === undefined) throw new Error('a permutation names what is not there')
        const ack = readAck(await connection.send(messageOf(step, index, number)))
        t.equal(ack.code, 'AA', `${sequence.join()}: ${ack.errors.map(({ userText }) => userText).join('; ')}`)
      }
      t.same(
        (await standing(number)).map((step) => firstSaying(steps, step)),
        stands,
        `sent as ${sequence.map((index) => index + 1).join(', ')}`,
      )
    }
  })
}

t.test(
  'three connections push the versions of one order at once: the newest stands (two of them the same bytes)',
  async (t) => {
    const versions = [result('P', '24'), result('F', '25'), result('C', '26')]
    const connections = await Promise.all(versions.map(() => network.mllp('hospital-a')))
    t.teardown(() => Promise.all(connections.map((one) => one.close())))
    for (let round = 0; round < 15; round++) {
      stories += 1
      const number = String(260_401_000_000_000 + stories)
      const messages = versions.map((step, index) => messageOf(step, index, number))
      // The last version comes on every connection: a sender that lost its connection says it again on the next.
      const [, , last = Buffer.alloc(0)] = messages
      const acks = await Promise.all(
        connections.map(async (one, index) => [
          readAck(await one.send(messages[(index + round) % messages.length] ?? last)).code,
          readAck(await one.send(last)).code,
        ]),
      )
      t.same(new Set(acks.flat()), new Set(['AA']))
      t.same(await standing(number), [3])
      const { rows } = await network.pool.query<{ documents: string }>(
        `select count(*) as documents from registry.document_entry e join registry.series s on s.series_id = e.series_id
       where s.order_number = $1 and e.series_version like $2`,
        [number, `${at(3)}%`],
      )
      t.equal(rows[0]?.documents, '1', 'the same message is one document, however often and wherever it came')
    }
  },
)

t.test('a number longer than an index row holds is a number like any other', async (t) => {
  const number = randomBytes(4000).toString('hex')
  for (const [step, day] of ['01', '03'].entries()) {
    const msh = `MSH|^~\\&|EHR|1399100015|GW|TSUNAGI|${at(step)}||RDE^O11^RDE_O11|P-LONG-${step}|P|2.5||||||UNICODE UTF-8`
    const segments = order('XO', '21')
      .segments(number)
      .map((segment) => segment.replace('20260401085500', `202604${day}085500`))
    const ack = readAck(await connection.send(Buffer.from([msh, ...segments, ''].join('\r'))))
    t.equal(ack.code, 'AA', ack.errors.map(({ userText }) => userText).join('; '))
    t.equal(ack.errors.length, step, 'the document of the former day is found again')
  }
})

/** The first step that says what the n-th one says, both counted from 1. */
function firstSaying(steps: readonly Step[], step: number): number {
  const words = ({ event, segments }: Step) => [event, ...segments('1')].join('\r')
  return steps.map(words).indexOf(words(steps[step - 1] as Step)) + 1
}

/** Steps of a story whose message is Approved, by the control ids in their bytes. */
async function standing(number: string): Promise<readonly number[]> {
  const entries = await network.find('hospital-a', patient)
  const { documents } = await network.fetch(
    'hospital-a',
    entries.filter(({ mimeType }) => mimeType === 'x-application/hl7-v2+er7').map(({ uniqueId }) => uniqueId),
  )
  const controlId = new RegExp(`\\|P-${number.slice(-6)}-(\\d)\\|`)
  return documents
    .flatMap(({ bytes }) => controlId.exec(bytes.toString('utf8'))?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}
