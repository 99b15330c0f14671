// The process of the server under test.

import { load } from '../../sources.js'

await load('src/cli/bench/subject.ts')
