// Runs the test file that is named. Sources and tests are put together as the server's are (docs/adr/0048): loaded module by module,
// each through a loader that takes its types away, the whole server costs a test process 4 s of processor time; so it costs 1.8 s.

import { readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { builtName, keep } from '../../src/sources.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const [, , file = ''] = process.argv
const entries = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => join('test', path))
  .sort()
const folder = await keep({ folders: ['src', 'profiles', 'test'], entries })
await import(pathToFileURL(join(folder, builtName(relative(root, file)))).href)
