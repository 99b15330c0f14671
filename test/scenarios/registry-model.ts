// The rules of a registry in memory, as plainly as they can be said: what a property test compares the real one with (ITI TF-3 4.2.2;
// ITI TF-2 3.18, 3.42, 3.57, 3.62). One affinity domain, everyone may see everything.

import { APND, HAS_MEMBER, RPLC, STATUS_APPROVED, STATUS_DEPRECATED, XFRM, XFRM_RPLC } from '../../src/model/xds.ts'

export interface ModelObject {
  readonly id: string
  readonly kind: 'DocumentEntry' | 'Folder' | 'SubmissionSet'
  readonly patient: string
  readonly uniqueId: string
  readonly logicalId: string
  readonly version: number
  /** `code^^scheme`, of entries. */
  readonly formatCode: string
  readonly confidentiality: readonly string[]
  readonly referenceIds: readonly string[]
  latest: boolean
  status: string
}

export interface ModelAssociation {
  id: string
  readonly type: string
  readonly source: string
  target: string
  status: string
}

export interface NewAssociation {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly target: string
}

export interface ModelSubmission {
  readonly set: ModelObject
  readonly objects: readonly ModelObject[]
  readonly associations: readonly NewAssociation[]
}

export interface ModelUpdate {
  readonly set: ModelObject
  readonly next: ModelObject
  readonly previousVersion: number
  readonly propagation: 'yes' | 'no'
  readonly membership: NewAssociation
}

const REPLACES: readonly string[] = [RPLC, XFRM_RPLC]

/** Each code once, in order. */
function codesOf(reasons: readonly string[]): string {
  return [...new Set(reasons)].sort().join(' ')
}

/** `unknown`: an id of an association that the registry made and that nobody has read yet. */
export const UNKNOWN = 'unknown'

export class RegistryModel {
  objects = new Map<string, ModelObject>()
  associations: ModelAssociation[] = []

  of(kind: ModelObject['kind']): readonly ModelObject[] {
    return [...this.objects.values()].filter((object) => object.kind === kind)
  }

  /** 3.42: accepted and applied, or the reason why not and nothing changed. */
  register({ set, objects, associations }: ModelSubmission): string {
    const own = new Map(objects.map((object) => [object.id, object]))
    const reasons = associations.flatMap((association) => this.#refusals(association, { set, own }))
    if (reasons.length > 0) return codesOf(reasons)
    const inherited = this.#inherited({ set, objects, associations })
    for (const object of [set, ...objects]) this.objects.set(object.id, object)
    for (const association of [...associations, ...inherited])
      this.associations.push({ ...association, status: STATUS_APPROVED })
    for (const { type, target } of associations) if (REPLACES.includes(type)) this.#deprecate(target)
    return 'Success'
  }

  #refusals(
    { type, source, target }: NewAssociation,
    { set, own }: { readonly set: ModelObject; readonly own: ReadonlyMap<string, ModelObject> },
  ): readonly string[] {
    if (source === set.id) return []
    return [source, target]
      .filter((end) => !own.has(end))
      .flatMap((end) => {
        const object = this.objects.get(end)
        if (object === undefined) return 'UnresolvedReferenceException'
        if (object.status !== STATUS_APPROVED) return 'XDSRegistryDeprecatedDocumentError'
        if (type === APND && this.#isTransform(object.id)) return 'XDSRegistryMetadataError'
        if (object.patient !== set.patient) return 'XDSPatientIdDoesNotMatch'
        const isOfOther = this.#foldersOf(target).some((folder) => folder.patient !== set.patient)
        return REPLACES.includes(type) && isOfOther ? 'XDSPatientIdDoesNotMatch' : []
      })
  }

  #isTransform(id: string): boolean {
    return this.associations.some(({ type, source }) => type === XFRM && source === id)
  }

  /** Approved folders, newest versions, that have an entry as member. */
  #foldersOf(entry: string): readonly ModelObject[] {
    return this.of('Folder').filter(
      (folder) =>
        folder.status === STATUS_APPROVED &&
        folder.latest &&
        this.associations.some(
          ({ type, source, target, status }) =>
            type === HAS_MEMBER && source === folder.id && target === entry && status === STATUS_APPROVED,
        ),
    )
  }

  #inherited({ set, associations }: ModelSubmission): readonly NewAssociation[] {
    const said = new Set(associations.map(({ source, target }) => `${source} ${target}`))
    const made: NewAssociation[] = []
    for (const { type, source, target } of associations) {
      if (!REPLACES.includes(type)) continue
      for (const folder of this.#foldersOf(target)) {
        if (said.has(`${folder.id} ${source}`)) continue
        said.add(`${folder.id} ${source}`)
        made.push({ id: UNKNOWN, type: HAS_MEMBER, source: folder.id, target: source })
        made.push({ id: UNKNOWN, type: HAS_MEMBER, source: set.id, target: UNKNOWN })
      }
    }
    return made
  }

  #deprecate(id: string): void {
    const object = this.objects.get(id)
    if (object !== undefined) object.status = STATUS_DEPRECATED
    for (const { type, source, target, status } of this.associations)
      if (target === id && (type === XFRM || type === APND) && status === STATUS_APPROVED) {
        const dependent = this.objects.get(source)
        if (dependent?.status === STATUS_APPROVED) this.#deprecate(source)
      }
  }

  newest(logicalId: string): ModelObject | undefined {
    return [...this.objects.values()].find((object) => object.logicalId === logicalId && object.latest)
  }

  /** 3.57.4.1.3.3.1: a new version. */
  update({ set, next, previousVersion, propagation, membership }: ModelUpdate): string {
    const current = this.newest(next.logicalId)
    if (current === undefined) return 'XDSMetadataVersionError'
    const reasons: string[] = []
    if (current.version !== previousVersion) reasons.push('XDSMetadataVersionError')
    else if (current.status !== STATUS_APPROVED) reasons.push('XDSMetadataUpdateError')
    const isLatest = (id: string): boolean => this.objects.get(id)?.latest === true
    const taken =
      propagation === 'no'
        ? []
        : this.associations.filter(
            ({ source, target, status }) =>
              status === STATUS_APPROVED &&
              (source === current.id || target === current.id) &&
              isLatest(source) &&
              isLatest(target) &&
              this.objects.get(source)?.kind !== 'SubmissionSet',
          )
    const others = taken.map(({ source, target }) => this.objects.get(source === current.id ? target : source))
    if (others.some((other) => other?.patient !== next.patient)) reasons.push('XDSPatientIDReconciliationError')
    if (reasons.length > 0) return codesOf(reasons)
    current.status = STATUS_DEPRECATED
    current.latest = false
    this.objects.set(set.id, set)
    this.objects.set(next.id, next)
    const renewed = taken.map(({ type, source, target }) => ({
      id: UNKNOWN,
      type,
      source: source === current.id ? next.id : source,
      target: target === current.id ? next.id : target,
      status: STATUS_APPROVED,
    }))
    this.associations.push({ ...membership, status: STATUS_APPROVED }, ...renewed)
    return 'Success'
  }

  /** 3.57.4.1.3.3.2: a change of status. */
  changeStatus(
    set: ModelObject,
    change: { readonly target: string; readonly from: string; readonly to: string },
  ): string {
    const object = this.objects.get(change.target)
    const association = this.associations.find(({ id }) => id === change.target)
    const target = object ?? association
    if (target === undefined) return 'UnresolvedReferenceException'
    const ofSet =
      object?.kind === 'SubmissionSet' || this.objects.get(association?.source ?? '')?.kind === 'SubmissionSet'
    if (ofSet || object?.latest === false || target.status !== change.from) return 'XDSMetadataUpdateError'
    if ((object ?? this.objects.get(association?.source ?? ''))?.patient !== set.patient)
      return 'XDSPatientIDReconciliationError'
    target.status = change.to
    this.objects.set(set.id, set)
    return 'Success'
  }

  /** 3.62: all or nothing. */
  remove(ids: readonly string[]): string {
    const listed = new Set(ids)
    const known = (id: string): boolean => this.objects.has(id) || this.associations.some((a) => a.id === id)
    if (ids.length === 0 || !ids.every(known)) return 'UnresolvedReferenceException'
    const kept = this.associations.filter(({ id }) => !listed.has(id))
    const reasons: string[] = []
    if (kept.some(({ source, target }) => listed.has(source) || listed.has(target)))
      reasons.push('ReferencesExistException')
    const gone = this.associations.filter(({ id }) => listed.has(id))
    if (gone.some((association) => this.#leavesAlone(association, { listed, kept })))
      reasons.push('XDSUnreferencedObjectException')
    if (reasons.length > 0) return codesOf(reasons)
    this.associations = kept
    const logicalIds = new Set(ids.map((id) => this.objects.get(id)?.logicalId))
    for (const id of ids) this.objects.delete(id)
    for (const logicalId of logicalIds) {
      const versions = [...this.objects.values()].filter((object) => object.logicalId === logicalId)
      const highest = Math.max(...versions.map(({ version }) => version))
      for (const object of versions) object.latest = object.version === highest
    }
    return 'Success'
  }

  /** An end that stays would have no association any more, or would be in no SubmissionSet where it was in one. */
  #leavesAlone(
    { type, source, target }: ModelAssociation,
    given: { readonly listed: ReadonlySet<string>; readonly kept: readonly ModelAssociation[] },
  ): boolean {
    const { listed, kept } = given
    const stays = (id: string): boolean => !listed.has(id) && (this.objects.has(id) || kept.some((a) => a.id === id))
    const isAlone = (id: string): boolean => !kept.some((other) => other.source === id || other.target === id)
    const isOfNoSet = (id: string): boolean =>
      !kept.some(
        (a) => a.target === id && a.type === HAS_MEMBER && this.objects.get(a.source)?.kind === 'SubmissionSet',
      )
    if (stays(source) && isAlone(source)) return true
    return stays(target) && (isAlone(target) || (type === HAS_MEMBER && isOfNoSet(target)))
  }

  /** Associations that a query at this metadata level shows: Approved, and at level 1 none that leads to a former version. */
  visibleAssociations(level: 1 | 2): readonly ModelAssociation[] {
    const stale = (id: string): boolean => {
      const membership = this.associations.find((association) => association.id === id)
      if (membership !== undefined) return stale(membership.source) || stale(membership.target)
      return this.objects.get(id)?.latest === false
    }
    return this.associations.filter(
      ({ source, target, status }) => status === STATUS_APPROVED && (level === 2 || !(stale(source) || stale(target))),
    )
  }
}
