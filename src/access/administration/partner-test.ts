// What a test of the connection to a neighbouring community says, step by step (docs/federation.md).

export const TEST_STEPS = [
  'terms',
  'name',
  'connection',
  'tls',
  'certificate',
  'own certificate',
  'service description',
  'query',
  'retrieve',
  'discovery',
] as const
export type TestStepName = (typeof TEST_STEPS)[number]

/** In words: what was found; what to do about it, unless it is good. */
export interface Finding {
  readonly result: 'passed' | 'warning' | 'failed'
  readonly message: string
  readonly hint?: string
  /** Both in Japanese. */
  readonly ja: string
}

export interface TestStep extends Finding {
  readonly step: TestStepName
  /** Host and port, or the address. */
  readonly at?: string
  readonly ms?: number
}

export interface PartnerTest {
  readonly facilityId: string
  readonly community: string
  /** `failed` when a step failed: what comes after it at the same address was not tried. */
  readonly result: Finding['result']
  readonly steps: readonly TestStep[]
}

/** The worst of all. */
export function resultOf(steps: readonly Finding[]): Finding['result'] {
  if (steps.some(({ result }) => result === 'failed')) return 'failed'
  return steps.some(({ result }) => result === 'warning') ? 'warning' : 'passed'
}
