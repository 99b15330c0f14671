// Bytes that are kept until they were passed on: whoever reads them to their end, or closes them unread, is done with them (docs/adr/0040).

/** `done` is called once, also when nothing was read: a generator that was never begun would not hear of its end. */
export function passedOn(source: AsyncIterable<Buffer>, done: () => Promise<void>): AsyncIterable<Buffer> {
  const iterator = source[Symbol.asyncIterator]()
  let isDone = false
  const finish = async (): Promise<void> => {
    if (isDone) return
    isDone = true
    await done()
  }
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        try {
          const next = await iterator.next()
          if (next.done === true) await finish()
          return next
        } catch (error) {
          await finish()
          throw error
        }
      },
      return: async () => {
        await iterator.return?.()
        await finish()
        return { done: true, value: undefined }
      },
    }),
  }
}
