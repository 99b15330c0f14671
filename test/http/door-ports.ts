// Doors that keep nothing and say nothing, for tests that look at one of their ports.

import type { DoorPorts } from '../../src/http/door.ts'

const silent = (): void => {}

export const quietPorts: DoorPorts = {
  recorder: { record: async () => {} },
  keeper: { keeping: 'none', keep: silent },
  log: { info: silent, warn: silent, error: silent },
  meter: { exchange: silent, opened: () => silent, turnedAway: silent },
}
