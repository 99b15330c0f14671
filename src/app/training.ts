// Training of the matcher beside the server's work: seconds of computing, in a thread of its own.

import { Worker } from 'node:worker_threads'
import type { MatchModel } from '../identity/matching/model.ts'
import type { Training } from './train-worker.ts'

/** The server must not run out of memory because somebody trains. */
const MAX_HEAP_MB = 2048

/** @throws {Error} when the thread ends without a model. */
export function trainApart(training: Training): Promise<MatchModel> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./train-worker.js', import.meta.url), {
      workerData: training,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`training ended with ${code}`)))
  })
}
