// Deviations of neighbouring communities from XCA that may be taken for a time, each with what it deviates from (ITI TF-2 3.38, 3.39).

export interface Tolerance {
  readonly code: string
  /** What is taken. */
  readonly taken: string
  readonly ja: string
  /** From which it deviates. */
  readonly section: string
}

/** Nothing of these changes whose data is shown to whom: who the community is its certificate says, whose an object is the query. */
export const tolerances = [
  {
    code: 'action-of-registry',
    taken: 'answers to ITI-38 and ITI-39 carry the action of the answers to ITI-18 and ITI-43',
    ja: 'ITI-38・ITI-39の応答のActionがITI-18・ITI-43の応答のものである',
    section: 'ITI TF-2 3.38.5, 3.39.5',
  },
  {
    code: 'without-relates-to',
    taken:
      'answers do not say to which message they relate; one that relates to another message is no answer all the same',
    ja: '応答にRelatesToがない（別のメッセージへの応答は受け付けない）',
    section: 'ITI TF-2 V.3; WS-Addressing 1.0 Core 3.4',
  },
  {
    code: 'home-without-urn',
    taken: 'its homeCommunityId is written without urn:oid:',
    ja: 'homeCommunityIdに urn:oid: が付いていない',
    section: 'ITI TF-3 4.2.3.2.12',
  },
  {
    code: 'objects-without-home',
    taken: 'objects of a query answer carry no homeCommunityId; they get that of the community that was asked',
    ja: '照会応答の項目にhomeCommunityIdがない（照会先のIDを補う）',
    section: 'ITI TF-2 3.38.4.1.3',
  },
  {
    code: 'documents-without-mtom',
    taken: 'documents come in the envelope itself, as base64, instead of as MTOM',
    ja: '文書がMTOMでなくSOAP本文中のbase64で返される',
    section: 'ITI TF-2 3.39.5; V.3.6',
  },
] as const satisfies readonly Tolerance[]

export type ToleranceCode = (typeof tolerances)[number]['code']

export const TOLERANCE_CODES: readonly ToleranceCode[] = tolerances.map(({ code }) => code)
