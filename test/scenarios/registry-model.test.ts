// Random submissions, replacements, folder operations, updates and removals through the real door leave the registry equal to a simple
// model of the rules, and every query equal to the model's answer (ITI TF-2 3.18, 3.42, 3.51, 3.57, 3.62; ITI TF-3 4.2.2).

import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { iti57, iti62, NS } from '../../profiles/transactions/index.ts'
import { el } from '../../src/codec/xml/write.ts'
import type { Association } from '../../src/model/ebrim.ts'
import { formatCx, newEntryUuid, type PatientId, uuidToOid } from '../../src/model/identifiers.ts'
import {
  APND,
  HAS_MEMBER,
  RPLC,
  SIGNS,
  STATUS_APPROVED,
  STATUS_DEPRECATED,
  UPDATE_AVAILABILITY_STATUS,
  XFRM,
  XFRM_RPLC,
} from '../../src/model/xds.ts'
import { DOMAINS, startNetwork } from '../faults/support.ts'
import { entry, folder, submissionSet } from '../registry/submission.ts'
import { type ModelObject, type NewAssociation, RegistryModel, UNKNOWN } from './registry-model.ts'
import { queryCases } from './registry-queries.ts'
import { type RegistryClient, registryClient } from './xds-client.ts'

const SEEDS = [20260401, 77]
const STEPS = 120
const CHECK_EVERY = 12
const SCHEME = '2.25.900.3'

/** Numbers that look random and are the same in every run (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

class Walk {
  readonly model = new RegistryModel()
  readonly #random: () => number
  readonly #client: RegistryClient
  readonly #patients: readonly PatientId[]

  constructor(seed: number, client: RegistryClient, patients: readonly PatientId[]) {
    this.#random = randomOf(seed)
    this.#client = client
    this.#patients = patients
  }

  #chance(share: number): boolean {
    return this.#random() < share
  }

  pick<T>(values: readonly T[]): T | undefined {
    return values[Math.floor(this.#random() * values.length)]
  }

  /** One operation by the registry and by the model: what each says. */
  async step(): Promise<{ readonly did: string; readonly registry: string; readonly model: string }> {
    const kind = this.pick(['submit', 'submit', 'submit', 'update', 'status', 'remove'] as const) ?? 'submit'
    switch (kind) {
      case 'submit':
        return { did: kind, ...(await this.#submit()) }
      case 'update':
        return { did: kind, ...(await this.#update()) }
      case 'status':
        return { did: kind, ...(await this.#changeStatus()) }
      case 'remove':
        return { did: kind, ...(await this.#remove()) }
    }
  }

  #object(kind: ModelObject['kind'], patient: string): ModelObject {
    const id = newEntryUuid()
    return {
      id,
      kind,
      patient,
      uniqueId: uuidToOid(randomUUID()),
      logicalId: id,
      version: 1,
      latest: true,
      status: STATUS_APPROVED,
      formatCode: `${this.pick(['f1', 'f2'])}^^${SCHEME}`,
      confidentiality: [`${this.pick(['N', 'R'])}^^2.16.840.1.113883.5.25`],
      referenceIds: this.#chance(0.3) ? [`${this.pick(['A', 'B'])}^^^^urn:ihe:iti:xds:2013:order`] : [],
    }
  }

  #patient(): string {
    return formatCx(this.pick(this.#patients) ?? { value: '', authority: DOMAINS['clinic-b'] })
  }

  async #submit() {
    const patient = this.#patient()
    const set = this.#object('SubmissionSet', patient)
    const entries = Array.from({ length: Math.floor(this.#random() * 3) }, () => this.#object('DocumentEntry', patient))
    const folders = this.#chance(0.3) || entries.length === 0 ? [this.#object('Folder', patient)] : []
    const associations: NewAssociation[] = [...entries, ...folders].map(({ id }) => link(HAS_MEMBER, set.id, id))
    const join = (holder: string, member: string): void => {
      const membership = link(HAS_MEMBER, holder, member)
      associations.push(membership, link(HAS_MEMBER, set.id, membership.id))
    }
    for (const one of entries) {
      const relation = this.#chance(0.5) ? this.pick([RPLC, RPLC, XFRM_RPLC, APND, XFRM, SIGNS]) : undefined
      const target = this.pick(this.model.of('DocumentEntry'))
      if (relation !== undefined && target !== undefined) associations.push(link(relation, one.id, target.id))
      const holder = this.#chance(0.4) ? this.pick([...folders, ...this.model.of('Folder')]) : undefined
      if (holder !== undefined) join(holder.id, one.id)
    }
    const known = this.#chance(0.2) ? this.pick(this.model.of('DocumentEntry')) : undefined
    const holder = this.pick([...folders, ...this.model.of('Folder')])
    if (known !== undefined && holder !== undefined) join(holder.id, known.id)
    const registry = await this.#client.submit({
      set: this.#set(set),
      entries: entries.map((one) => this.#entry(one)),
      folders: folders.map((one) => this.#folder(one)),
      associations: associations.map((one) => onWire(one, set.id, [...entries, ...folders])),
    })
    return { registry, model: this.model.register({ set, objects: [...entries, ...folders], associations }) }
  }

  async #update() {
    const current = this.pick([...this.model.of('DocumentEntry'), ...this.model.of('Folder')])
    if (current === undefined) return { registry: '', model: '' }
    const patient = this.#chance(0.85) ? current.patient : this.#patient()
    const set = this.#object('SubmissionSet', patient)
    const { uniqueId, logicalId, kind } = current
    const previousVersion = this.#chance(0.85) ? (this.model.newest(logicalId)?.version ?? 1) : current.version + 1
    const next = { ...this.#object(kind, patient), uniqueId, logicalId, version: previousVersion + 1 }
    const propagation = this.#chance(0.8) ? 'yes' : 'no'
    const membership = link(HAS_MEMBER, set.id, next.id)
    const registry = await this.#client.submit(
      {
        set: this.#set(set),
        ...(kind === 'Folder' ? { folders: [this.#folder(next)] } : { entries: [this.#entry(next)] }),
        bend: (object) => (object.id === next.id ? { ...object, lid: logicalId } : object),
        associations: [
          {
            ...membership,
            classifications: [],
            slots: [
              { name: 'SubmissionSetStatus', values: ['Original'] },
              { name: 'PreviousVersion', values: [String(previousVersion)] },
              { name: 'AssociationPropagation', values: [propagation] },
            ],
          },
        ],
      },
      iti57,
    )
    return { registry, model: this.model.update({ set, next, previousVersion, propagation, membership }) }
  }

  async #changeStatus() {
    const target = this.pick([
      ...this.model.objects.values(),
      ...this.model.associations.filter(({ id }) => id !== UNKNOWN),
    ])
    if (target === undefined) return { registry: '', model: '' }
    const patient = this.model.objects.get('source' in target ? target.source : target.id)?.patient
    const set = this.#object('SubmissionSet', this.#chance(0.8) ? (patient ?? this.#patient()) : this.#patient())
    const from = this.#chance(0.8) ? target.status : STATUS_DEPRECATED
    const to = from === STATUS_APPROVED ? STATUS_DEPRECATED : STATUS_APPROVED
    const registry = await this.#client.submit(
      {
        set: this.#set(set),
        associations: [
          {
            ...link(UPDATE_AVAILABILITY_STATUS, set.id, target.id),
            classifications: [],
            slots: [
              { name: 'OriginalStatus', values: [from] },
              { name: 'NewStatus', values: [to] },
            ],
          },
        ],
      },
      iti57,
    )
    return { registry, model: this.model.changeStatus(set, { target: target.id, from, to }) }
  }

  /** A whole submission with all that touches it, or only a part of that. */
  async #remove() {
    const set = this.pick(this.model.of('SubmissionSet'))
    if (set === undefined) return { registry: '', model: '' }
    const listed = new Set([set.id])
    const touching = (): readonly { id: string }[] =>
      this.model.associations.filter(({ source, target }) => listed.has(source) || listed.has(target))
    for (const { source, target } of this.model.associations) if (source === set.id) listed.add(target)
    for (const { id } of touching()) listed.add(id)
    for (const { id } of touching()) listed.add(id)
    const ids = [...listed].filter((id) => id !== UNKNOWN && this.#chance(0.97))
    const registry = await this.#client.send(
      iti62,
      el(
        'lcm:RemoveObjectsRequest',
        { 'xmlns:lcm': NS.lcm, 'xmlns:rim': NS.rim },
        el('rim:ObjectRefList', {}, ...ids.map((id) => el('rim:ObjectRef', { id }))),
      ),
    )
    return { registry, model: this.model.remove(ids) }
  }

  #set({ id, uniqueId, patient }: ModelObject) {
    return submissionSet({ entryUUID: id, uniqueId, patientId: idOf(patient, this.#patients) })
  }

  #entry({ id, uniqueId, patient, formatCode, confidentiality, referenceIds }: ModelObject) {
    return entry({
      entryUUID: id,
      uniqueId,
      patientId: idOf(patient, this.#patients),
      formatCode: codeOf(formatCode),
      confidentialityCode: confidentiality.map(codeOf),
      referenceIdList: referenceIds,
    })
  }

  #folder({ id, uniqueId, patient }: ModelObject) {
    return folder({ entryUUID: id, uniqueId, patientId: idOf(patient, this.#patients) })
  }
}

function link(type: string, source: string, target: string): NewAssociation {
  return { id: newEntryUuid(), type, source, target }
}

function onWire(one: NewAssociation, set: string, own: readonly ModelObject[]): Association {
  const isEntry = own.some(({ id, kind }) => id === one.target && kind === 'DocumentEntry')
  const slots = one.source === set && isEntry ? [{ name: 'SubmissionSetStatus', values: ['Original'] }] : []
  return { ...one, slots, classifications: [] }
}

function idOf(cx: string, patients: readonly PatientId[]): PatientId {
  const found = patients.find((patient) => formatCx(patient) === cx)
  if (found === undefined) throw new Error(`no patient ${cx}`)
  return found
}

function codeOf(key: string) {
  const [code = '', scheme = ''] = key.split('^^')
  return { code, scheme, display: code }
}

const network = await startNetwork(t, { 'limits.leafResults': '5000', 'limits.objectRefResults': '5000' })
const client = registryClient(network, 'tester')
const patients = [
  await network.xadBy('clinic-b', { value: 'B-77', authority: DOMAINS['clinic-b'] }),
  await network.xadBy('clinic-b', { value: 'B-78', authority: DOMAINS['clinic-b'] }),
]

interface AssociationRow {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly target: string
  readonly status: string
}

/** What lies in the registry beside what was there before the walk. */
async function stateOf(before: ReadonlySet<string>) {
  const { rows: objects } = await network.pool.query<{ id: string; status: string; latest: boolean; version: number }>(
    `select 'urn:uuid:' || entry_uuid as id, status, latest, version from registry.document_entry
     union all select 'urn:uuid:' || entry_uuid, status, latest, version from registry.folder
     union all select 'urn:uuid:' || entry_uuid, $1, true, 1 from registry.submission_set`,
    [STATUS_APPROVED],
  )
  const { rows: associations } = await network.pool.query<AssociationRow>(
    `select 'urn:uuid:' || association_uuid as id, type, 'urn:uuid:' || source_uuid as source, 'urn:uuid:' || target_uuid as target, status
     from registry.association`,
  )
  return {
    objects: objects.filter(({ id }) => !before.has(id)),
    associations: associations.filter(({ id }) => !before.has(id)),
  }
}

/** Ids of associations that the registry made, learnt from their ends: first those of Folders, then what has those as target. */
function learn(model: RegistryModel, rows: readonly AssociationRow[]): void {
  const known = new Set(model.associations.map(({ id }) => id))
  const made = rows.filter(({ id }) => !known.has(id))
  for (const association of model.associations.filter(({ id }) => id === UNKNOWN)) {
    const isOfSet = association.target === UNKNOWN
    const at = made.findIndex(
      ({ type, source, target }) =>
        type === association.type &&
        source === association.source &&
        (isOfSet ? made.concat(rows).some(({ id }) => id === target) : target === association.target),
    )
    const [row] = at < 0 ? [] : made.splice(at, 1)
    if (row !== undefined) Object.assign(association, { id: row.id, target: row.target })
  }
}

for (const seed of SEEDS)
  t.test(`a walk of ${STEPS} operations, seed ${seed}`, { timeout: 120_000 }, async (t) => {
    const start = await stateOf(new Set())
    const before = new Set([...start.objects, ...start.associations].map(({ id }) => id))
    const walk = new Walk(seed, client, patients)
    const seen = new Map<string, number>()
    for (let step = 1; step <= STEPS; step += 1) {
      const { did, registry, model } = await walk.step()
      seen.set(`${did} ${model}`, (seen.get(`${did} ${model}`) ?? 0) + 1)
      if (!t.equal(registry, model, `step ${step}, ${did}`)) return
      const state = await stateOf(before)
      learn(walk.model, state.associations)
      const isSame = t.strictSame(
        comparable(state.objects, state.associations),
        modelState(walk.model),
        `after step ${step}, ${did}`,
      )
      if (!isSame) return
      if (step % CHECK_EVERY === 0) await checkQueries(t, walk, before)
    }
    for (const outcome of ['submit Success', 'update Success', 'status Success', 'remove Success'])
      t.ok((seen.get(outcome) ?? 0) > 0, `${outcome} among ${[...seen].join('; ')}`)
  })

function comparable(
  objects: readonly {
    readonly id: string
    readonly status: string
    readonly latest: boolean
    readonly version: number
  }[],
  associations: readonly AssociationRow[],
): readonly string[] {
  return [
    ...objects.map(({ id, status, latest, version }) => `${id} ${status} ${latest} ${version}`),
    ...associations.map(({ id, type, source, target, status }) => `${id} ${type} ${source} ${target} ${status}`),
  ].sort()
}

function modelState(model: RegistryModel): readonly string[] {
  return comparable([...model.objects.values()], model.associations)
}

async function checkQueries(t: Test, walk: Walk, before: ReadonlySet<string>): Promise<void> {
  for (const asked of queryCases(walk, patients)) {
    const found = (await client.ids(asked.query)).filter((id) => !before.has(id))
    t.strictSame([...found].sort(), [...asked.expected].sort(), asked.name)
  }
}
