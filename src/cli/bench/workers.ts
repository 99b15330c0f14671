// tsunagi bench --workers: processes that share the doors, beside one process alone on the same database (design §6 and §7).

import { loadConfig } from '../../config/config.ts'
import { serverDevice } from '../as-system.ts'
import { compare, type Measuring, type Pair } from './compare.ts'
import { createGun } from './load.ts'
import { type BenchPatient, pixShot } from './messages.ts'
import { fill, transactionsOf } from './transactions.ts'
import type { World } from './world.ts'

export async function measureWorkers({ subject, directory, world, run }: Measuring, count: number): Promise<void> {
  const [reader] = world.patients
  if (reader === undefined) throw new Error('the bench has no patient')
  const documentUniqueId = await fill({ world, subject })
  const { httpsPort } = await subject.ask({ kind: 'workers', count })
  const { callers } = run
  let number = 0
  for (const { name, as, path, shot, accepts } of [
    ...transactionsOf(world, { reader, documentUniqueId }),
    numbersOf(world, { reader, directory }),
  ]) {
    if (!name.includes(run.only)) continue
    const load = { callers, shot: () => shot(number++), accepts }
    const alone = createGun({ origin: subject.httpsUrl, path, tls: as }, callers)
    const workers = createGun({ origin: `https://localhost:${httpsPort}`, path, tls: as }, callers)
    const { barePerSecond, ratio, ratios, bareP95Ms, ...others } = await compare(
      {
        bare: (durationMs) => alone.run({ ...load, durationMs }),
        ours: (durationMs) => workers.run({ ...load, durationMs }),
      },
      run.roundMs,
    )
    await Promise.all([alone.close(), workers.close()])
    run.print({
      bench: `${name}, ${count} workers beside one process`,
      ...others,
      alonePerSecond: barePerSecond,
      aloneP95Ms: bareP95Ms,
      gain: ratio,
      gains: ratios,
    })
  }
}

/** ITI-45 of all patients, as the hospital that knows them asks. */
function numbersOf(
  world: World,
  { reader, directory }: { readonly reader: BenchPatient; readonly directory: string },
): Omit<Pair, 'bare'> {
  const receiver = serverDevice(loadConfig({ flags: { dataDir: directory }, env: {} }))
  return {
    name: 'ITI-45',
    as: world.hospital,
    path: '/pix/manager',
    shot: (number) => {
      const { localId, localAuthority } = world.patients[number % world.patients.length] ?? reader
      return pixShot({ value: localId, authority: localAuthority }, receiver)
    },
    accepts: (answer) => answer.includes('queryResponseCode code="OK"'),
  }
}
