// Patients side by side, each as a whole: what one waits for holds up nobody else.

/** Works on what the generator gives, `count` at a time. The first failure stops the others after what they are at, and is thrown. */
export async function sideBySide<T>(
  source: AsyncGenerator<T>,
  count: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined
  const worker = async (): Promise<void> => {
    for (let next = await source.next(); next.done !== true; next = await source.next()) {
      if (failure !== undefined) return
      await work(next.value)
    }
  }
  await Promise.all(
    Array.from({ length: count }, () =>
      worker().catch((error: unknown) => {
        failure ??= { error }
      }),
    ),
  )
  if (failure !== undefined) throw failure.error
}
