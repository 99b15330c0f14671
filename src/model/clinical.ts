// What a clinical message says, as values: one union over all StoreClient data kinds (HL7 v2.5 chapters 3, 4, 7, 9, 12; JAHIS; SS-MIX2).
// Read from the stored message whenever it is shown, and once when it arrives, for the metadata; never stored in its place.

import type { Hl7Time } from './hl7-time.ts'
import type { Demographics } from './person.ts'

/** CWE as written: a code is shown by its text, and an unknown code is no error (HL7 v2.5 2.A.13). */
export interface Coded {
  readonly code: string
  readonly text: string
  /** Coding system name of the message (`HOT9`, `JC10`, `99ABC`), not an OID. */
  readonly system: string
  readonly alternative?: { readonly code: string; readonly text: string; readonly system: string }
}

/** Number and unit as written; Japanese systems write free text for both. */
export interface Quantity {
  readonly value: string
  readonly unit: string
}

/** XCN: who ordered, performed, wrote. */
export interface StaffMember {
  readonly id: string
  readonly name: string
}

/** PL: ward, room, bed, or a department for outpatients. */
export interface Place {
  readonly ward: string
  readonly room: string
  readonly bed: string
}

/** File inside a message: OBX-5 of type ED. */
export interface EmbeddedFile {
  readonly mimeType: string
  /** The type OBX-5 declares, where the bytes are something else. */
  readonly declaredType?: string
  /** TXA-16 or OBX-5 as far as one is named. */
  readonly fileName?: string
  readonly title: string
  readonly bytes: Buffer
  /** 1-based OBX the file stands in. */
  readonly occurrence: number
  /** 1-based, where it is not the first repetition of OBX-5. */
  readonly repetition?: number
}

export interface Observation {
  readonly item: Coded
  /** OBX-4: groups rows that belong together. */
  readonly subId: string
  /** OBX-2; `ST` where the declared type does not fit the value. */
  readonly valueType: string
  /** All repetitions as text, escapes resolved. */
  readonly value: string
  readonly unit: string
  readonly range: string
  /** Table 0078: H, L, HH, LL, A …; '' when none. */
  readonly flag: string
  /** Table 0085. */
  readonly status: string
  readonly at?: Hl7Time
  readonly notes: readonly string[]
}

/** A specimen or request with its observations. */
export interface ObservationGroup {
  readonly request: Coded
  readonly specimen: Coded
  /** SPM-8: where of the body it was taken. */
  readonly site?: Coded
  readonly specimenId: string
  readonly collected?: Hl7Time
  readonly reported?: Hl7Time
  readonly status: string
  /** OBR-26: the result this request goes on from, such as the germ of a susceptibility test. */
  readonly parentResult?: string
  readonly comments: readonly string[]
  readonly observations: readonly Observation[]
  /** This request is cancelled, the order stands. */
  readonly cancelled?: true
}

export interface OrderHead {
  /** ORC-2.1 or OBR-2.1 as written. */
  readonly number: string
  /** Table 0119, of the first line that stands; '' when the message has no ORC. */
  readonly control: string
  readonly orderedAt?: Hl7Time
  readonly orderer?: StaffMember
  readonly department: Coded
}

export type EncounterEvent =
  | 'attending-doctor'
  | 'reception'
  | 'planned-admission'
  | 'admission'
  | 'leave'
  | 'return'
  | 'planned-transfer'
  | 'transfer'
  | 'planned-discharge'
  | 'discharge'

export interface Encounter {
  readonly type: 'encounter'
  readonly event: EncounterEvent
  /** Table 0004: I, O …. */
  readonly patientClass: string
  readonly at?: Hl7Time
  readonly until?: Hl7Time
  readonly department: Coded
  readonly place?: Place
  readonly previousPlace?: Place
  readonly plannedPlace?: Place
  readonly doctor?: StaffMember
  /** Table 0112. */
  readonly disposition: string
}

export interface PersonRecord {
  readonly type: 'demographics'
  readonly person: Demographics
  readonly observations: readonly Observation[]
  readonly allergies: readonly Coded[]
  readonly insurances: readonly { readonly plan: Coded; readonly insurer: string; readonly number: string }[]
}

export interface AllergyList {
  readonly type: 'allergies'
  readonly allergies: readonly {
    readonly category: Coded
    readonly allergen: Coded
    readonly severity: Coded
    readonly reactions: readonly string[]
    /** Table 0323; D takes the line out of the list. */
    readonly action: string
    readonly onset: string
    readonly status: Coded
  }[]
}

export interface DiagnosisList {
  readonly type: 'diagnoses'
  readonly diagnoses: readonly {
    /** With its prefix and suffix modifiers, as it is read aloud. */
    readonly name: string
    readonly disease: Coded
    readonly icd10: string
    /** Table 0287; DE takes the line out of the list. */
    readonly action: string
    readonly instanceId: string
    readonly from?: Hl7Time
    readonly until?: Hl7Time
    readonly outcome: Coded
    readonly suspected: boolean
    readonly main: boolean
    readonly comment: string
    readonly confidentiality: string
  }[]
}

export interface DietOrder {
  readonly type: 'diet'
  readonly order: OrderHead
  readonly lines: readonly {
    /** Table 0159: S supplement, P preference; left out for a diet. */
    readonly category?: string
    readonly diet: Coded
    readonly from?: Hl7Time
    readonly until?: Hl7Time
    readonly timing: string
    readonly instruction: string
    /** This line is cancelled, the order stands. */
    readonly cancelled?: true
  }[]
}

export interface MedicationLine {
  /** RP number: lines of one group are taken together. */
  readonly group: string
  readonly drug: Coded
  /** RXE-25, RXE-26: of one unit, where the name does not say it. */
  readonly strength?: Quantity
  readonly dose: Quantity
  /** RXE-4, of uneven dosing: the largest dose; `dose` is the smallest then. */
  readonly maximumDose?: Quantity
  readonly dailyDose?: Quantity
  readonly total?: Quantity
  /** RXE-23, RXE-24: speed of an infusion. */
  readonly rate?: Quantity
  readonly form: Coded
  /** RXE-27: 内服, 頓用, 外用 (JHSP0003). */
  readonly category?: Coded
  readonly route: Coded
  /** RXR-2, RXR-3: where and with what it is given. */
  readonly site?: Coded
  readonly device?: Coded
  /** 用法, joined as it is read aloud. */
  readonly usage: string
  readonly instructions: readonly string[]
  readonly days: string
  /** TQ1-14: how many doses, of what is taken as needed. */
  readonly occasions?: string
  readonly from?: Hl7Time
  readonly until?: Hl7Time
  readonly components: readonly {
    readonly kind: 'base' | 'additive'
    readonly drug: Coded
    /** RXC-5, RXC-6. */
    readonly strength?: Quantity
    readonly amount: Quantity
  }[]
  readonly comments: readonly string[]
  /** RXE-15: number of the paper it is written on. */
  readonly prescriptionNumber?: string
  /** This line is cancelled, the order stands. */
  readonly cancelled?: true
}

export interface MedicationOrder {
  readonly type: 'prescription' | 'injection-order'
  readonly order: OrderHead
  readonly lines: readonly MedicationLine[]
  /** OBX of the order: body weight, laboratory values for the pharmacist. */
  readonly observations?: readonly Observation[]
}

export interface MedicationGiven {
  readonly type: 'dispensing' | 'injection-given'
  readonly order: OrderHead
  readonly lines: readonly {
    readonly group: string
    readonly drug: Coded
    /** RXA-13, RXA-14. */
    readonly strength?: Quantity
    readonly amount: Quantity
    readonly route: Coded
    readonly site?: Coded
    readonly device?: Coded
    /** RXA-12: speed of an infusion, as written. */
    readonly rate?: string
    readonly from?: Hl7Time
    readonly until?: Hl7Time
    readonly by?: StaffMember
    /** RXA-15: lot of the substance. */
    readonly lot?: string
    /** Table 0322. */
    readonly completion: string
    /** Table 0323; D takes the line out. */
    readonly action: string
    readonly comments: readonly string[]
    /** This line is cancelled by its order control. */
    readonly cancelled?: true
  }[]
  readonly observations?: readonly Observation[]
}

export interface Laboratory {
  readonly type: 'laboratory-order' | 'laboratory-result'
  readonly order: OrderHead
  readonly groups: readonly ObservationGroup[]
}

/** Radiology, endoscopy, physiology: what was asked or done. */
export interface Imaging {
  readonly type: 'imaging-order' | 'imaging-performed'
  readonly discipline: 'radiology' | 'endoscopy' | 'physiology'
  readonly order: OrderHead
  readonly procedures: readonly {
    readonly procedure: Coded
    readonly control: string
    readonly at?: Hl7Time
    readonly comments: readonly string[]
    readonly observations: readonly Observation[]
  }[]
  readonly performed: readonly {
    readonly act: Coded
    readonly by?: StaffMember
    readonly supplies: readonly string[]
    readonly exposures: readonly string[]
  }[]
  readonly studies: readonly { readonly accession: string; readonly studyUid: string; readonly modality: string }[]
}

/** Physiology results and vital signs. */
export interface Measurements {
  readonly type: 'physiology-result' | 'vitals'
  readonly order: OrderHead
  readonly groups: readonly ObservationGroup[]
}

export interface Report {
  readonly type: 'report'
  /** Number of the report itself, where it is not that of the order it is about. */
  readonly number?: string
  readonly order: OrderHead
  readonly title: Coded
  readonly at?: Hl7Time
  readonly status: string
  /** Paragraphs, formatting commands turned into line breaks; `withdrawn` is the status (table 0085) of one that does not, or no longer, stand. */
  readonly text: readonly { readonly heading: string; readonly text: string; readonly withdrawn?: string }[]
  readonly files: readonly EmbeddedFile[]
}

export interface WrittenDocument {
  readonly type: 'document' | 'file' | 'note'
  /** TXA-12.1. */
  readonly number: string
  /** TXA-13.1; '' when the document stands alone. */
  readonly parentNumber: string
  readonly documentType: Coded
  readonly title: string
  readonly at?: Hl7Time
  readonly author?: StaffMember
  /** Table 0271. */
  readonly completion: string
  readonly text: readonly string[]
  readonly files: readonly EmbeddedFile[]
}

export type Clinical =
  | PersonRecord
  | Encounter
  | AllergyList
  | DiagnosisList
  | DietOrder
  | MedicationOrder
  | MedicationGiven
  | Laboratory
  | Imaging
  | Measurements
  | Report
  | WrittenDocument
