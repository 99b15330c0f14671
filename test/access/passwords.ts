// Derivations as cheap as they may be, for tests that log on and are about something else.

export const TEST_PASSWORDS = { cost: 2 ** 10 } as const
