// tsunagi bench --people: the master patient index at size: bulk import, who was linked, ITI-44 with matching, ITI-45 (design §7).

import { createReadStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../../config/config.ts'
import { newOid, type Oid } from '../../model/identifiers.ts'
import { type AdminTarget, createAdminClient, type Json } from '../admin-client.ts'
import { receiveStream, sendStream } from '../admin-stream.ts'
import { serverDevice } from '../as-system.ts'
import { type Credentials, readCredentials } from '../credentials.ts'
import { anyNumber } from './bare-pix.ts'
import { compare, pairing, type Run, rounded, target } from './compare.ts'
import { type Invention, invent } from './invention.ts'
import { createGun, type Figures } from './load.ts'
import { feedShot, pixShot } from './messages.ts'
import { type Subject, startSubject } from './subject-process.ts'
import { facility } from './world.ts'

/** The size that growth is judged against. */
const FEW_PERSONS = 10_000
const LEAST_RATIO = 0.5
const LEAST_ADDS_PER_SECOND = 200
const MAX_GROWTH_OF_P95 = 1.3
const MOST_MINUTES_A_MILLION = 15
const WARM_ROUNDS = 3

export interface PeopleRun extends Run {
  readonly persons: number
}

/** A server with its people, and a clinic that feeds it. */
interface Region {
  readonly subject: Subject
  readonly admin: AdminTarget
  readonly people: Invention
  readonly receiver: ReturnType<typeof serverDevice>
  readonly clinic: Credentials
  readonly clinicDomain: Oid
  readonly hospital: Credentials
}

export async function measurePeople(run: PeopleRun): Promise<void> {
  await inRegion(run, async (large) => {
    await load(large, run)
    await checkLinks(large, run)
    await measureQueries(large, run)
    const few = { ...run, persons: Math.min(FEW_PERSONS, run.persons), print: () => {} }
    await inRegion(few, async (small) => {
      await load(small, few)
      await measureAdds({ large, small }, run)
    })
  })
}

async function inRegion({ newDirectory, persons }: PeopleRun, work: (region: Region) => Promise<void>): Promise<void> {
  const directory = await newDirectory()
  const files = join(directory, 'people')
  await mkdir(files)
  const people = await invent(files, persons)
  const subject = await startSubject(directory)
  try {
    await work(await openRegion(subject, { directory, people }))
  } finally {
    await subject.stop()
  }
}

/** The hospitals that have the people, and a clinic, in one union. */
async function openRegion(
  subject: Subject,
  { directory, people }: { readonly directory: string; readonly people: Invention },
): Promise<Region> {
  const { managementPort, adminToken } = subject.ready
  const admin = { baseUrl: `http://127.0.0.1:${managementPort}`, token: adminToken }
  const options = { config: loadConfig({ flags: { dataDir: directory }, env: {} }), admin: createAdminClient(admin) }
  const clinicDomain = newOid()
  const facilities = [
    ...people.files.map(({ domain }, index) => ({ facilityId: `bench-hospital-${index + 1}`, domain })),
    { facilityId: 'bench-clinic', domain: clinicDomain },
  ]
  await options.admin.post('/unions', { unionId: 'bench', name: 'bench', kind: 'closed' })
  for (const joining of facilities) {
    await facility(options, joining)
    await options.admin.post('/unions/bench/members', { facilityId: joining.facilityId })
  }
  return {
    subject,
    admin,
    people,
    receiver: serverDevice(options.config),
    clinicDomain,
    clinic: await readCredentials(options.config, 'bench-clinic'),
    hospital: await readCredentials(options.config, 'bench-hospital-1'),
  }
}

async function load(region: Region, { print, persons }: PeopleRun): Promise<void> {
  const { people, admin, subject } = region
  let linked = 0
  let reviews = 0
  const startedMs = performance.now()
  for (const { domain, path } of people.files) {
    let last: Json = {}
    for await (const said of sendStream(admin, `/patients/import?domain=${domain}`, createReadStream(path))) last = said
    if (last.state !== 'done' || last.refused !== 0) throw new Error(`the import ended with ${JSON.stringify(last)}`)
    linked += Number(last.linked)
    reviews += Number(last.reviews)
  }
  const seconds = (performance.now() - startedMs) / 1000
  const recordsPerSecond = people.records / seconds
  const minutesAMillion = rounded(1_000_000 / recordsPerSecond / 60)
  print({
    bench: `import of ${persons} persons`,
    records: people.records,
    recordsPerSecond: rounded(recordsPerSecond),
    minutes: rounded(seconds / 60),
    minutesAMillion,
    linked,
    reviews,
    rssMiB: Math.round((await subject.ask({ kind: 'memory' })).peakBytes / 2 ** 20),
    ...target(`minutesAMillion < ${MOST_MINUTES_A_MILLION}`, minutesAMillion < MOST_MINUTES_A_MILLION),
  })
  await subject.ask({ kind: 'settlePersons' })
}

/** Everyone is exported and compared with who is who in truth. */
async function checkLinks({ admin, people }: Region, { print, persons }: PeopleRun): Promise<void> {
  const truthOf = new Map<string, number>()
  const pieces = new Set<string>()
  let falseLinks = 0
  let records = 0
  const startedMs = performance.now()
  for await (const line of linesOf(receiveStream(admin, '/patients/export'))) {
    const { domain, value, person } = JSON.parse(line)
    const truth = people.truth.get(domain)?.[Number(value) - 1]
    if (truth === undefined) continue
    records += 1
    const first = truthOf.get(person)
    if (first === undefined) truthOf.set(person, truth)
    else if (first !== truth) falseLinks += 1
    pieces.add(`${truth} ${person}`)
  }
  const toLink = records - persons
  print({
    bench: `links of ${persons} persons`,
    records,
    exportedPerSecond: rounded(records / ((performance.now() - startedMs) / 1000)),
    recall: toLink === 0 ? 1 : rounded4(1 - (pieces.size - persons) / toLink),
    falseLinks,
    ...target('no false links', falseLinks === 0 && records === people.records),
  })
}

function rounded4(share: number): number {
  return Math.round(share * 1e4) / 1e4
}

async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

/** A hospital asks for the other ids of random patients of its own. */
async function measureQueries({ subject, hospital, people, receiver }: Region, run: PeopleRun): Promise<void> {
  const [first] = people.files
  if (first === undefined) throw new Error('the bench has no hospital')
  const { domain } = first
  const count = people.truth.get(domain)?.length ?? 0
  const shot = () => pixShot({ value: anyNumber(count), authority: domain }, receiver)
  const gun = createGun({ origin: subject.httpsUrl, path: '/pix/manager', tls: hospital }, 1)
  const { answer, contentType } = await gun.fire(shot())
  await gun.close()
  const bare = await subject.ask({
    kind: 'barePix',
    domain,
    count,
    answer: { contentType, base64: answer.toString('base64') },
  })
  const pair = pairing({ subject, run, bareUrl: `https://localhost:${bare.port}` })
  await pair({
    name: `ITI-45 of ${run.persons} persons`,
    as: hospital,
    path: '/pix/manager',
    bare: '/pix',
    shot,
    accepts: (answered) => answered.includes('queryResponseCode code="OK"'),
    leastRatio: LEAST_RATIO,
  })
}

/** A clinic adds people, every other one known to a hospital; a small index is asked in turn with the large one. */
async function measureAdds(
  { large, small }: { readonly large: Region; readonly small: Region },
  run: PeopleRun,
): Promise<void> {
  const [ours, few] = [addGun(large, run), addGun(small, run)]
  // Code that is not yet compiled would make the small server the slow one.
  await few.run(WARM_ROUNDS * run.roundMs)
  await ours.run(WARM_ROUNDS * run.roundMs)
  const compared = await compare({ bare: few.run, ours: ours.run }, run.roundMs)
  await Promise.all([ours.close(), few.close()])
  const { requestsPerSecond, p50Ms, p95Ms, p99Ms, failures, bareP95Ms } = compared
  run.print({
    bench: `ITI-44 add with matching to ${run.persons} persons`,
    requestsPerSecond,
    p50Ms,
    p95Ms,
    p99Ms,
    failures,
    ...target(
      `requestsPerSecond >= ${LEAST_ADDS_PER_SECOND}`,
      requestsPerSecond >= LEAST_ADDS_PER_SECOND && failures === 0,
    ),
  })
  const growth = rounded(p95Ms / bareP95Ms)
  run.print({
    bench: `ITI-44 add, p95 at ${run.persons} persons to p95 at ${small.people.persons}, in turn`,
    p95Ms,
    p95BeforeMs: bareP95Ms,
    requestsPerSecondBefore: compared.barePerSecond,
    growth,
    failures,
    ...target(`growth <= ${MAX_GROWTH_OF_P95}`, growth <= MAX_GROWTH_OF_P95 && failures === 0),
  })
}

function addGun({ subject, clinic, clinicDomain, people, receiver }: Region, { callers }: PeopleRun) {
  const gun = createGun({ origin: subject.httpsUrl, path: '/pix/manager', tls: clinic }, callers)
  let added = 0
  const shot = () => {
    added += 1
    const known = added % 2 === 0 ? people.known() : undefined
    const id = { value: `C${added}`, authority: clinicDomain }
    return feedShot({ id, demographics: known ?? people.stranger() }, receiver)
  }
  const accepts = (answer: Buffer): boolean => answer.includes('typeCode code="CA"')
  return {
    run: (durationMs: number): Promise<Figures> => gun.run({ callers, durationMs, shot, accepts }),
    close: gun.close,
  }
}
