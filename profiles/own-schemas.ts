// How schemas of this project's own are compiled.

/**
 * They are held against JSON Schema's own schema by a test. To do so at every start, and to make checks shorter that few values ever pass,
 * took nearly a third of the time of a start.
 */
export const OWN_SCHEMAS = { validateSchema: false, code: { optimize: false } } as const
