// Requests that arrive while others are at work are put together into the next statement: a round trip a batch, not a request (design §2).

export interface GatheringOptions<Request, Answer> {
  /** Batches at work at a time; while they are, the next one gathers. */
  readonly maxRunning: number
  /** How many of the requests waiting go together; at least one. */
  readonly batchOf: (waiting: readonly Request[]) => number
  /** Answers in the order of the requests. */
  readonly run: (batch: readonly Request[]) => Promise<readonly Answer[]>
  /** A batch that failed so is run one by one, so that a request that fails takes no other with it. */
  readonly divides: (error: unknown) => boolean
}

interface Waiting<Request, Answer> {
  readonly request: Request
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** @returns a function that answers one request, together with others. */
export function createGathering<Request, Answer>(
  options: GatheringOptions<Request, Answer>,
): (request: Request) => Promise<Answer> {
  let waiting: Waiting<Request, Answer>[] = []
  let running = 0

  async function runAll(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const batch = waiting.slice(0, options.batchOf(waiting.map(({ request }) => request)))
        waiting = waiting.slice(batch.length)
        await runBatch(batch, options)
      }
    } finally {
      // In the very turn that found nobody waiting: whoever asks in a later one finds that nothing runs, and begins.
      running -= 1
    }
  }

  return (request) =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject })
      if (running >= options.maxRunning) return
      running += 1
      // What arrives in the same turn of the event loop goes together.
      setImmediate(() => void runAll())
    })
}

async function runBatch<Request, Answer>(
  batch: readonly Waiting<Request, Answer>[],
  options: GatheringOptions<Request, Answer>,
): Promise<void> {
  try {
    const answers = await options.run(batch.map(({ request }) => request))
    for (const [index, { resolve, reject }] of batch.entries()) {
      const answer = answers[index]
      if (answer === undefined) reject(new Error('a batch gave no answer to one of its requests'))
      else resolve(answer)
    }
  } catch (error) {
    if (batch.length > 1 && options.divides(error)) for (const entry of batch) await runBatch([entry], options)
    else for (const { reject } of batch) reject(error)
  }
}
