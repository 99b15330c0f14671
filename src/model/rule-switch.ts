// What happens when a metadata rule is broken: decided for the affinity domain, or for one system (docs/rules.md).

export const RULE_SWITCHES = ['refuse', 'warn', 'accept'] as const

/** `refuse`: nothing is stored. `warn`: stored, and the answer says so. `accept`: stored; only journal and audit tell. */
export type RuleSwitch = (typeof RULE_SWITCHES)[number]

/** Rule id to switch; a rule that is not named is refused. */
export type RuleSwitches = Readonly<Record<string, RuleSwitch>>
