// What findings lead to: refusal, unless the rule may be switched and the system or its affinity domain switched it (docs/rules.md).

import type { IheError } from '../../src/model/error.ts'
import type { RuleSwitches } from '../../src/model/rule-switch.ts'
import { iheError } from '../errors/index.ts'
import { isSwitchable } from './rules.ts'

export interface Judgement {
  readonly refusals: readonly IheError[]
  /** Warnings of the answer, for rules that were switched to `warn`. */
  readonly warnings: readonly IheError[]
  /** Ids of the rules that were broken and did not refuse, for journal and audit. */
  readonly waived: readonly string[]
}

/** @param layers the nearest first: the system's switches, then the affinity domain's. */
export function judge(findings: readonly IheError[], layers: readonly RuleSwitches[]): Judgement {
  const refusals: IheError[] = []
  const warnings: IheError[] = []
  const waived = new Set<string>()
  for (const finding of findings) {
    const { ruleId } = finding
    const decided = ruleId !== undefined && isSwitchable(finding) ? switchOf(ruleId, layers) : 'refuse'
    if (decided === 'refuse') refusals.push(finding)
    else if (ruleId !== undefined) waived.add(ruleId)
    if (decided === 'warn') warnings.push(asWarning(finding))
  }
  return { refusals, warnings, waived: [...waived] }
}

function switchOf(ruleId: string, layers: readonly RuleSwitches[]) {
  return layers.find((layer) => Object.hasOwn(layer, ruleId))?.[ruleId] ?? 'refuse'
}

function asWarning({ at, value, rule, ruleId }: IheError): IheError {
  return iheError('METADATA_WARNING', {
    ...(at === undefined ? {} : { at }),
    ...(value === undefined ? {} : { value }),
    ...(rule === undefined ? {} : { rule }),
    ...(ruleId === undefined ? {} : { ruleId }),
  })
}
