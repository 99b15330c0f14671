// A registry object as another community sent it (ITI TF-2 3.38.4.1.3).

export interface ForeignObject {
  readonly element: 'ExtrinsicObject' | 'RegistryPackage' | 'Association' | 'ObjectRef'
  readonly id: string
  readonly home: string | undefined
  /** patientId of its metadata, in CX form; associations and references have none. */
  readonly patientId: string | undefined
  readonly uniqueId: string | undefined
  /** Of an Association: the objects at its ends. */
  readonly ends: readonly string[]
  /** As it came, to be passed on. */
  readonly xml: string
}
