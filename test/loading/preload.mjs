// Loaded first in every test process. Sources and tests are put together as the server's are (docs/adr/0048): loaded module by module,
// each through a loader that takes its types away, the whole server costs a test process 4 s of processor time; so it costs 1.5 s.

import { readdirSync } from 'node:fs'
import { register } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keep } from '../../src/sources.js'

// The test runner keeps a record of the files that a process loads, for its coverage and for running what has changed; neither is
// used here. Processes that a test starts inherit the answer, not the way to it, which would not be found from another folder.
process.env._TAPJS_PROCESSINFO_EXCLUDE_ = '/./'
delete process.env.NODE_OPTIONS

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const entries = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => join('test', path))
  .sort()
const folder = await keep({ folders: ['src', 'profiles', 'test'], entries })

process.setSourceMapsEnabled(true)
register('./hooks.mjs', import.meta.url, { data: { root, folder } })
