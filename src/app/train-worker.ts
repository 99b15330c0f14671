// Trains a model of the matcher and says it to the thread that asked.

import { parentPort, workerData } from 'node:worker_threads'
import type { MatchFeatures } from '../identity/matching/features.ts'
import { train } from '../identity/matching/train.ts'

export interface Training {
  readonly records: readonly MatchFeatures[]
  readonly note: string
  readonly population: number
}

const { records, note, population }: Training = workerData
parentPort?.postMessage(train(records, { version: note, population }))
