// tsunagi bench --journal prints a figure with its target for every kind of search that is asked for (docs/journal.md).

import t from 'tap'
import { run } from '../fake-door.ts'

t.setTimeout(60_000)

t.test('every kind of search has a figure with its target', async (t) => {
  const { code, text, err } = await run(['bench', '--journal', '1000', '--only', 'patient'])
  t.equal(code, 0, err)
  const figures = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const searches = figures.filter(({ name }) => name.startsWith('journal search: '))
  t.equal(searches.length, 3)
  for (const { name, p50Ms, p95Ms, target, met } of searches) {
    t.ok(p50Ms > 0 && p95Ms >= p50Ms, name)
    t.match({ target, met }, { target: 'p95 < 1000 ms at 1000 rows', met: Boolean })
  }
  t.match(figures[0], { name: 'journal filled', rows: 1000, months: 12, heapMiB: Number, indexMiB: Number })
})

t.test('a number of entries that is none is refused before anything is started', async (t) => {
  t.match(await run(['bench', '--journal', 'many']), { code: 2, err: /--journal needs a positive number/ })
})
