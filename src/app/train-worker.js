// The thread that a model is trained in.

import { load } from '../sources.js'

await load('src/app/train-worker.ts')
