// A site's affinity domain over ours: merged, checked, and refused with file, key and value (ITI TF-3 4.2.3.1.2; design §5).

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { affinityDomain } from '../../profiles/affinity-domain/index.ts'
import { dataKinds } from '../../profiles/storeclient/index.ts'
import { ConfigError } from '../../src/config/error.ts'
import { loadAffinityDomain, loadStoreClientKinds } from '../../src/config/site-data.ts'

function site(t: Test, content: string, file = 'affinity-domain.json'): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'tsunagi-site-'))
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true }))
  mkdirSync(join(dataDir, 'config'))
  writeFileSync(join(dataDir, 'config', file), content)
  return dataDir
}

const code = { code: 'A', scheme: '2.25.900.3', display: 'a' }

t.test('without a file the affinity domain is ours, every attribute open', async (t) => {
  t.equal(loadAffinityDomain(join(tmpdir(), 'tsunagi-there-is-none')), affinityDomain)
  t.same([...new Set(Object.values(affinityDomain.enforcement))], ['open'])
  t.same(affinityDomain.rules, {})
})

t.test('a list replaces the list of that name, enforcement and rules are laid over key by key', async (t) => {
  const domain = loadAffinityDomain(
    site(
      t,
      JSON.stringify({
        classCode: [code],
        enforcement: { classCode: 'closed' },
        rules: { 'XDS-AUTHOR-IDENTIFIED': 'warn' },
      }),
    ),
  )
  t.same(domain.classCode, [code])
  t.same(domain.typeCode, affinityDomain.typeCode)
  t.same(domain.enforcement, { ...affinityDomain.enforcement, classCode: 'closed' })
  t.same(domain.rules, { 'XDS-AUTHOR-IDENTIFIED': 'warn' })
})

const wrong: readonly (readonly [content: string, says: string])[] = [
  ['{', 'is not JSON'],
  ['[]', 'the file: must be an object, not []'],
  ['{"clasCode":[]}', 'the file: clasCode is not known here'],
  ['{"classCode":[{"code":"","scheme":"2.25.1","display":"x"}]}', 'classCode.0.code: must NOT have fewer than 1 char'],
  ['{"classCode":"A"}', 'classCode: must be array, not "A"'],
  ['{"enforcement":{"classCode":"strict"}}', 'enforcement.classCode: must be one of open, closed, not "strict"'],
  ['{"enforcement":{"codeList":"closed"}}', 'enforcement.codeList: closed, but codeList lists nothing'],
  ['{"rules":{"XDS-AUTHOR-IDENTIFIED":"off"}}', 'rules.XDS-AUTHOR-IDENTIFIED: must be one of refuse, warn, accept'],
  ['{"rules":{"XDS-DE-HASH-SHA1":"accept"}}', 'rules.XDS-DE-HASH-SHA1: no rule of docs/rules.md that may be switched'],
]

for (const [content, says] of wrong) {
  t.test(`${content} is refused: ${says}`, async (t) => {
    const dataDir = site(t, content)
    try {
      loadAffinityDomain(dataDir)
      t.fail('was accepted')
    } catch (error) {
      t.ok(error instanceof ConfigError)
      t.match(String(error), `${join(dataDir, 'config', 'affinity-domain.json')}: `)
      t.match(String(error), says)
    }
  })
}

t.test('without a file the data kinds are ours', async (t) => {
  t.same(loadStoreClientKinds(join(tmpdir(), 'tsunagi-there-is-none'), affinityDomain), dataKinds)
})

t.test('a site names, codes and places its kinds otherwise, and only those', async (t) => {
  const own = { kind: 'OMD', name: { ja: '給食', en: 'Meals' }, calendarRow: '食事', classCode: 'DOCUMENT' }
  const kinds = loadStoreClientKinds(site(t, JSON.stringify({ kinds: [own] }), 'storeclient.json'), affinityDomain)
  const [diet, ...others] = kinds.filter(({ kind, name }) => kind === 'OMD' || name.ja === '給食')
  t.match(diet, { name: own.name, calendarRow: '食事', classCode: { code: 'DOCUMENT' }, typeCode: { code: 'OMD' } })
  t.same(others, [])
  t.equal(kinds.length, dataKinds.length)
})

t.test('a kind that does not exist, a changed key and a code of no set are refused by name', async (t) => {
  const load = (rows: unknown) => () =>
    loadStoreClientKinds(site(t, JSON.stringify({ kinds: rows }), 'storeclient.json'), {
      ...affinityDomain,
      enforcement: { ...affinityDomain.enforcement, classCode: 'closed' },
    })
  t.throws(load([{ kind: 'OMX' }]), { message: /storeclient\.json: \/kinds\/0\/kind/ })
  t.throws(load([{ kind: 'OMD', key: 'patient' }]), { message: /must NOT have additional properties/ })
  t.throws(load([{ kind: 'OMD', classCode: 'MEALS' }]), { message: /kind OMD: classCode MEALS is not in the affinity/ })
})
