// Pages of documents: well-formed and self-contained, readable with and without eyes for colour, safe with hostile content.

import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { readXml, type XmlElement } from '../../src/codec/xml/read.ts'
import { html, rendered, visible } from '../../src/console/html.ts'
import { documentPage, PAGE_POLICY } from '../../src/console/page.ts'
import { documentText } from '../../src/console/plain.ts'
import { ALARM_COLOURS, type Colours, PAGE_COLOURS } from '../../src/console/style.ts'
import type { Clinical, Observation } from '../../src/model/clinical.ts'
import {
  ALL,
  allergies,
  at,
  coded,
  diagnoses,
  diet,
  dispensing,
  encounter,
  formerLaboratory,
  imaging,
  injection,
  laboratory,
  note,
  person,
  prescription,
  report,
  viewOf,
  vitals,
} from './values.ts'

const LIMITS = { maxBytes: 64 * 1024 * 1024 }

const address = (id: string): string => `../${encodeURIComponent(id)}/bytes?facility=clinic-b&by=sato`

/** The page as a tree, by the reader of XML that all messages go through: it knows no forgiveness. */
function treeOf(page: string): XmlElement {
  const doctype = '<!DOCTYPE html>\n'
  if (!page.startsWith(doctype)) throw new Error('no doctype')
  return readXml(Buffer.from(page.slice(doctype.length)), { limits: LIMITS })
}

function elements(root: XmlElement): readonly XmlElement[] {
  const found: XmlElement[] = []
  const visit = (element: XmlElement): void => {
    found.push(element)
    for (const child of element.children) if (typeof child !== 'string') visit(child)
  }
  visit(root)
  return found
}

function textOf(element: XmlElement): string {
  return element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('')
}

function named(root: XmlElement, name: string): readonly XmlElement[] {
  return elements(root).filter((element) => element.name === name)
}

function attribute(element: XmlElement, name: string): string | undefined {
  return element.attributes.get(name)
}

/** Nothing that runs, loads or leads away; nothing but what a page of ours is made of. */
function isSelfContained(t: Test, root: XmlElement): void {
  const known = new Set(
    'html head meta title style body main header section h1 h2 h3 p span dl div dt dd figure table caption thead tbody tr th td small ul li a details summary pre footer'.split(
      ' ',
    ),
  )
  const names = new Set([...elements(root)].map(({ name }) => name))
  t.same(
    [...names].filter((name) => !known.has(name)),
    [],
    'no element but the known ones',
  )
  const attributes = new Set(elements(root).flatMap((element) => [...element.attributes.keys()]))
  const usual = new Set(['lang', 'class', 'scope', 'href', 'charset', 'name', 'content', 'role'])
  t.same(
    [...attributes].filter((name) => !usual.has(name)),
    [],
    'no attribute but the known ones: no handler, no style, no source',
  )
  for (const link of named(root, 'a')) t.match(attribute(link, 'href'), /^\.\.\/[^/:]+\/bytes\?facility=/)
  t.equal(named(root, 'style').length, 1)
}

function isAccessible(t: Test, root: XmlElement): void {
  t.equal(attribute(root, 'lang'), 'ja')
  t.equal(named(root, 'h1').length, 1)
  t.equal(named(root, 'main').length, 1)
  for (const english of elements(root).filter((element) => attribute(element, 'lang') !== undefined))
    t.match(attribute(english, 'lang'), /^(ja|en)$/)
  for (const table of named(root, 'table')) {
    const [head] = named(table, 'thead')
    const columns = head === undefined ? [] : named(head, 'th')
    t.ok(columns.length > 0 && columns.every((column) => attribute(column, 'scope') === 'col'))
    t.equal(named(table, 'caption').length, 1)
    const [body] = named(table, 'tbody')
    for (const row of body === undefined ? [] : named(body, 'tr')) {
      t.equal(named(row, 'th').filter((name) => attribute(name, 'scope') === 'row').length, 1)
      t.equal(named(row, 'th').length + named(row, 'td').length, columns.length, 'as many cells as columns')
    }
  }
}

function changed(content: Clinical, change: object): Clinical {
  return { ...content, ...change }
}

/** The lines of an order, to be changed. */
function lineOf(content: Clinical): readonly object[] {
  return 'lines' in content ? content.lines : []
}

/** The first group of a result, to be changed. */
function groupOf(content: Clinical): object {
  return 'groups' in content ? (content.groups[0] ?? {}) : {}
}

const bodyWeight: Observation = {
  item: coded('体重'),
  subId: '',
  valueType: 'NM',
  value: '58.2',
  unit: 'kg',
  range: '',
  flag: '',
  status: 'F',
  notes: [],
}

t.test(
  'every kind of content becomes a page that is well-formed, self-contained and has headings and named tables',
  async (t) => {
    for (const content of ALL) {
      const root = treeOf(documentPage(viewOf(content), address))
      isSelfContained(t, root)
      isAccessible(t, root)
      t.match(textOf(root), '架空 太郎', `${content.type} names the patient`)
    }
  },
)

/** Every text member of a value replaced; times and bytes stay. */
function poisoned<T>(value: T, poison: string): T {
  if (typeof value === 'string') return poison as T
  if (Array.isArray(value)) return value.map((one) => poisoned(one, poison)) as T
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || 'jstDate' in value) return value
  const structural = new Set(['type', 'event', 'discipline', 'kind', 'representation', 'state'])
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      structural.has(name) && typeof member === 'string' ? member : poisoned(member, poison),
    ]),
  ) as T
}

const SCRIPT = `<script>alert(1)</script>"'&<img src=x onerror=alert(1)>]]>--></style><a href="javascript:1">`

t.test('markup in any text of a message is shown as it is written', async (t) => {
  for (const content of ALL) {
    const view = viewOf(content)
    const hostile = {
      ...view,
      content: poisoned(content, SCRIPT),
      patient: poisoned(view.patient, SCRIPT),
      segments: [SCRIPT],
      document: { ...poisoned(view.document, SCRIPT), kind: { ja: SCRIPT, en: SCRIPT, code: SCRIPT } },
    } as typeof view
    const page = documentPage(hostile, address)
    const root = treeOf(page)
    isSelfContained(t, root)
    t.equal(named(root, 'script').length + named(root, 'img').length, 0)
    t.ok(textOf(root).includes(SCRIPT), 'the reader sees what was written')
  }
})

t.test('marks that turn the writing direction, control characters and half characters are shown as dots', async (t) => {
  const turned = '10\u202e gm \u0000\u0007\u2066x\ud800y\u0085\ufffe'
  for (const content of ALL) {
    const page = documentPage({ ...viewOf(poisoned(content, turned)), segments: [turned] }, address)
    treeOf(page)
    t.notMatch(page, /(?![\n\t\r])[\p{Cc}\u202a-\u202e\u2066-\u2069\ufffe]/u)
    const text = documentText({ ...viewOf(poisoned(content, turned)), segments: [turned] })
    t.notMatch(text, /(?![\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u, 'nor do they act on a terminal')
  }
  t.equal(visible('a\u202eb\tc\nd'), 'a·b\tc\nd')
  t.equal(rendered(html`<b>${['<', html`<i>${'&'}</i>`]}${undefined}${3}</b>`), '<b>&lt;<i>&amp;</i>3</b>')
})

t.test('ten thousand results are one page, made in a moment', async (t) => {
  const [group] = laboratory.type === 'laboratory-result' ? laboratory.groups : []
  if (laboratory.type !== 'laboratory-result' || group === undefined) throw new Error('no results')
  const many = Array.from({ length: 10_000 }, (_, index) => ({
    ...(group.observations[index % group.observations.length] ?? group.observations[0]),
    subId: String(index),
  })) as typeof group.observations
  const content: Clinical = { ...laboratory, groups: [{ ...group, observations: many }] }
  const started = performance.now()
  const page = documentPage({ ...viewOf(content), former: content }, address)
  t.ok(performance.now() - started < 5000)
  const root = treeOf(page)
  t.equal(named(root, 'tbody').flatMap((body) => named(body, 'tr')).length, 10_000)
})

t.test(
  'WCAG 1.4.6: every colour that says something has a contrast of 7 to 1, and the letter says it too',
  async (t) => {
    for (const [name, colours] of Object.entries({ ...ALARM_COLOURS, ...PAGE_COLOURS }))
      t.ok(contrast(colours) >= 7, `${name}: ${contrast(colours).toFixed(1)}`)
    const root = treeOf(documentPage(viewOf(laboratory), address))
    const flagged = elements(root).filter((element) =>
      /\b(high|low|abnormal|critical)\b/.test(attribute(element, 'class') ?? ''),
    )
    const flags = flagged.filter(({ name }) => name === 'span').map(textOf)
    t.same([...new Set(flags)].sort(), ['A 異常', 'H 高値', 'HH 極高値', 'L 低値'])
    t.equal(flagged.length, flags.length * 2, 'each value has its flag in words beside it')
  },
)

t.test('R-5: what is shown says that it is a copy for reference, of which facility, and when, in Japan', async (t) => {
  const view = viewOf(laboratory)
  const shownMs = Date.parse('2026-03-31T15:04:00Z')
  const source = view.document.facility.name
  t.match(documentPage(view, address, shownMs), `参照用（${source}の記録の写し、2026-04-01 00:04 表示）`)
  t.match(documentPage(view, address, shownMs), `Reference copy of a record of ${source}, shown 2026-04-01 00:04 JST`)
  t.match(documentText(view, shownMs), `\n参照用（${source}の記録の写し、2026-04-01 00:04 表示）\n`)
})

function contrast({ ink, paper }: Colours): number {
  const [dark = 0, light = 0] = [luminance(ink), luminance(paper)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

/** WCAG 2.1, relative luminance of #rrggbb. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

t.test('the policy of the page names its one style and allows nothing else', async (t) => {
  const page = documentPage(viewOf(laboratory), address)
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? ''
  t.match(PAGE_POLICY, `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`)
  t.match(PAGE_POLICY, /^default-src 'none';/)
  t.notMatch(PAGE_POLICY, /unsafe|\*|https?:/)
  t.notMatch(style, /url\(|@import|expression/, 'nothing is fetched')
  t.match(style, '@page { size: A4')
})

function shown(content: Clinical, more: Parameters<typeof viewOf>[1] = {}): string {
  return documentText(viewOf(content, more)).replaceAll('\u00a0', ' ')
}

t.test(
  'a laboratory result: units, reference ranges, flags, remarks; of a corrected one what it said before',
  async (t) => {
    const text = shown(laboratory)
    t.match(text, 'カリウム (3H015000002326101 JC10) | 6.4 | HH 極高値 | mmol/L | 3.6 - 4.8 | 再検済 / 溶血なし')
    t.match(text, 'カリウム高値のため至急報告済')
    t.match(text, '採取日時: 2026-04-01 08:30')
    const corrected = documentText({ ...viewOf(laboratory), former: formerLaboratory })
    t.match(corrected, /HbA1c\(NGSP\) .*\| 6\.1 \| H 高値 \| % \| 4\.9 - 6\.0 \| 16\.1 HH \(変更 changed\)/)
    t.match(corrected, /総蛋白 .*\| 7\.2 \| {2}\| g\/dL \| 6\.6 - 8\.1 \| 7\.2 \|/)
    const flags = { ...laboratory, groups: [] } as Clinical
    t.notMatch(shown(flags), '[')
  },
)

t.test(
  'what a corrected value said before is that of its own hour and germ, and none where that cannot be told',
  async (t) => {
    // OBX-14 parts vital signs of one day, OBR-26 the susceptibility tests of two germs (HL7 v2.5 7.4.2.14, 7.4.1.26).
    const pulse = (value: string, hour?: string): Observation => ({
      ...bodyWeight,
      item: coded('脈拍'),
      value,
      unit: '/分',
      ...(hour === undefined ? {} : { at: at(`20260401${hour}`) }),
    })
    const version = (...observations: readonly Observation[]) =>
      changed(vitals, { groups: [{ ...groupOf(vitals), observations }] })
    const page = documentText({
      ...viewOf(version(pulse('72', '0800'), pulse('141', '1400'))),
      former: version(pulse('72', '0800'), pulse('41', '1400')),
    })
    t.match(page, /脈拍 \| 72 \| \/分 \| 72 \|/)
    t.match(page, /脈拍 \| 141 \| \/分 \| 41 \(変更 changed\)/)
    const timeless = documentText({
      ...viewOf(version(pulse('72'), pulse('141'))),
      former: version(pulse('72'), pulse('41')),
    })
    t.match(timeless, /脈拍 \| 72 \| \/分 \| —/)

    const germs = (first: string, second: string) =>
      changed(laboratory, {
        groups: [
          ['E.coli', first],
          ['P.aeruginosa', second],
        ].map(([germ, value]) => ({
          ...groupOf(laboratory),
          parentResult: germ,
          observations: [{ ...bodyWeight, item: coded('セフタジジム'), unit: '', value }],
        })),
      })
    const tested = documentText({ ...viewOf(germs('<= 4', '32')), former: germs('<= 4', '16') })
    t.match(tested, /親の結果: E\.coli\n(.*\n)*?セフタジジム \| <= 4 \| <= 4\n/)
    t.match(tested, /親の結果: P\.aeruginosa\n(.*\n)*?セフタジジム \| 32 \| 16 \(変更 changed\)/)
  },
)

t.test('a prescription: drugs by RP, the usage of each once, days as they are read aloud', async (t) => {
  const text = shown(prescription)
  t.match(text, '[Rp 1]\n薬剤 | 1回量 | 1日量 | 総量 | 備考\n')
  t.match(text, '用法: 内服・経口・１日１回朝食後\n  日数: 14日分')
  t.match(text, '指示: 一包化、粉砕不可')
  t.match(text, '日数: 10回分')
  t.match(text, '[Rp 4]\n薬剤 | 総量\n')
  t.match(
    shown(injection),
    '[Rp 1 点滴静注 500 mL]\n薬剤 | 区分 | 量\nソリタ－Ｔ３号輸液「見本」 (107750501 HOT9) | 基剤 base | 500 mL',
  )
  t.match(shown(dispensing), '[Rp 1 調剤]')
  t.match(shown(dispensing), '(取消) 取り消した薬 | 1 錠')
})

t.test(
  'a line whose order control cancels it is struck out, and what stands says its doses, rate and number of doses',
  async (t) => {
    // HL7 v2.5 table 0119 ORC-1 CA of one line; RXE-4, RXE-23, RXR-2, RXE-27, TQ1-14 of the others (4.14.4, 4.5.4).
    const [first, second, third] = lineOf(prescription)
    const text = shown(
      changed(prescription, {
        lines: [
          { ...first, group: '01', drug: coded('止める薬'), days: '30', cancelled: true },
          { ...second, group: '01', drug: coded('続ける薬'), days: '14', maximumDose: { value: '2', unit: '錠' } },
          { ...third, group: '02', drug: coded('頓用の薬'), days: '', occasions: '5', category: coded('頓用') },
        ],
        observations: [bodyWeight],
      }),
    )
    t.match(text, /\(取消\) 止める薬 .*\| 取消 cancelled\n/)
    t.match(text, /\n続ける薬 \| 1〜2 錠 /)
    t.match(text, '日数: 14日分\n')
    t.notMatch(text, '30日分')
    t.match(text, /区分: 頓用\n(.*\n)*? {2}回数: 5回分\n/)
    t.match(text, '体重 | 58.2 | kg')

    const [mixed] = lineOf(injection)
    const rate = { value: '60', unit: 'mL/h' }
    const running = shown(changed(injection, { lines: [{ ...mixed, rate, site: coded('左前腕') }] }))
    t.match(running, '速度: 60 mL/h')
    t.match(running, '部位: 左前腕')
    const stopped = shown(changed(injection, { lines: [{ ...mixed, cancelled: true }] }))
    t.match(stopped, '[【取消 cancelled】 Rp 1 点滴静注 500 mL]')
    t.match(stopped, '(取消) ソリタ－Ｔ３号輸液「見本」')

    const [handed] = lineOf(dispensing)
    const given = shown(
      changed(dispensing, {
        lines: [{ ...handed, cancelled: true, lot: 'LOT-7', rate: '40 mL/h' }],
      }),
    )
    t.match(given, /\(取消\) アムロジピン.*\| 40 mL\/h \|.*\| LOT-7 \| 取消 cancelled \/ 先発品から変更/)

    const [meal] = lineOf(diet)
    const meals = shown(
      changed(diet, {
        lines: [
          { ...meal, cancelled: true },
          { ...meal, diet: coded('牛乳'), category: 'S' },
        ],
      }),
    )
    t.match(meals, '(取消) 糖尿病食 1600 kcal')
    t.match(meals, /\n牛乳 \| 補食 supplement/)
  },
)

t.test('the other kinds say what they say', async (t) => {
  t.match(shown(allergies), 'ペニシリン系 (J01C 99A01) | 薬剤 | 重度 severe | アナフィラキシー | 2019年頃')
  t.match(shown(allergies), '(取消) そば')
  t.match(shown({ type: 'allergies', allergies: [] }), '登録なし')
  t.match(shown(diagnoses), '【主】急性胃腸炎の疑い (20061592 MDCDX2) | A099 | 2026-04-01')
  t.match(
    shown(diagnoses),
    '(取消) 高血圧症 (20054237 MDCDX2) | I10 | 2015-04 | 2026-03-31 | 中止 | 削除 deleted 登録誤り',
  )
  t.match(shown(encounter), '■ 入院 Admission\n日時: 2026-04-01 10:30\n患者区分: 入院 Inpatient')
  t.match(shown(person), '住所: 000-0001 架空県想定市一丁目1番')
  t.match(shown(imaging), '胸部単純X線 正面 (1000000000200000 JJ1017) | 親オーダ (PA) | 2026-04-01 09:15 | 立位')
  const [procedure] = 'procedures' in imaging ? imaging.procedures : []
  t.match(shown(changed(imaging, { procedures: [{ ...procedure, control: 'CA' }] })), '(取消) 胸部単純X線 正面')
  t.match(shown(vitals), '体温 | 38.4 | H 高値 | ℃ | 2026-04-01 08:00')
  t.match(shown(report), '■ 所見\n右肺上葉に径 8 mm の結節を認めます。\n胸水はありません。')
  t.match(shown(note), '[2026-04-01 15:30] ノート 『訪問看護 経過』 記載者: 架空中央病院 想定 看護師')
  t.match(shown(note), '・下腿の写真 (image/jpeg, 4 B)')
  t.match(
    shown(note, { files: [{ uniqueId: '2.25.7', title: '下腿', mimeType: 'image/jpeg', sizeBytes: 2048, hash: '' }] }),
    '・下腿 (image/jpeg, 2.0 kB) 2.25.7',
  )
})

t.test('a code that every object of JavaScript has is in no table, and shown as it is', async (t) => {
  for (const code of ['constructor', 'toString', '__proto__', 'valueOf']) {
    const odd = changed(laboratory, {
      groups: [{ ...groupOf(laboratory), status: code, observations: [{ ...bodyWeight, status: code, flag: code }] }],
    })
    const view = viewOf(odd)
    const named = { ...view, patient: { number: '1', names: [], birthTime: '', sex: code } }
    t.match(documentText(named), `体重 | 58.2 | ${code} | kg`)
    t.match(documentPage(named, address), `<span>${code}</span>`)
    t.notMatch(documentPage(named, address), /undefined|function|\[object/)
    const [handed] = lineOf(dispensing)
    t.notMatch(shown(changed(dispensing, { lines: [{ ...handed, completion: code }] })), /undefined|function|\[object/)
    t.match(shown(changed(encounter, { patientClass: code })), `患者区分: ${code}`)
  }
})

t.test('an unknown code is shown by its text, a code without text by itself', async (t) => {
  const content: Clinical = {
    type: 'allergies',
    allergies: [
      {
        category: coded('', '', ''),
        allergen: coded('', 'X-1', '99Z'),
        severity: coded('', '?', ''),
        reactions: [],
        action: '',
        onset: '',
        status: { ...coded(''), alternative: coded('施設コードの名称', 'L1', 'LOCAL') },
      },
    ],
  }
  t.match(shown(content), '\nX-1 | ? | 施設コードの名称\n')
})

t.test('a former version and a cancelled document say so at the top, in words', async (t) => {
  const stateOf = (state: 'current' | 'former' | 'cancelled') =>
    named(treeOf(documentPage(viewOf(laboratory, { state }), address)), 'p')
      .filter((line) => attribute(line, 'role') === 'status')
      .map(textOf)
  t.same(stateOf('current'), [])
  t.match(stateOf('former'), [/旧版.*Former version/])
  t.match(stateOf('cancelled'), [/取消済み.*Cancelled/])
})

t.test('a document that is no message: what is known of it, and where its bytes are', async (t) => {
  const page = documentPage(
    { ...viewOf(undefined, { mimeType: 'application/pdf', sizeBytes: 5_242_880 }), segments: [] },
    address,
  )
  const root = treeOf(page)
  t.match(textOf(root), /application\/pdf.*5\.0 MB/s)
  t.equal(named(root, 'a').length, 2)
  t.equal(named(root, 'details').length, 0)
  const elsewhere = treeOf(
    documentPage({ ...viewOf(undefined, { repositoryUniqueId: '2.25.9' }), segments: [] }, address),
  )
  t.match(textOf(elsewhere), /保管先.*2\.25\.9/s)
  t.equal(named(elsewhere, 'a').length, 0, 'its bytes are not here')
})

t.test('a time is shown in the precision of the message, in Japan', async (t) => {
  const shownAt = (text: string) =>
    /■ 入院 Admission\n日時: (.*)/.exec(shown({ ...encounter, at: at(text) } as Clinical))?.[1]
  t.equal(shownAt('20260401103015'), '2026-04-01 10:30:15')
  t.equal(shownAt('20260401103000'), '2026-04-01 10:30')
  t.equal(shownAt('202604011030'), '2026-04-01 10:30')
  t.equal(shownAt('2026040110'), '2026-04-01 10:00')
  t.equal(shownAt('20260401'), '2026-04-01')
  t.equal(shownAt('202604'), '2026-04')
  t.equal(shownAt('2026'), '2026')
  t.equal(shownAt('20260401003000+0000'), '2026-04-01 09:30')
})
