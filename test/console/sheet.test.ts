// Sheets of referral (idlink C-8): well-formed, self-contained, safe with hostile names.

import t from 'tap'
import { readXml, type XmlElement } from '../../src/codec/xml/read.ts'
import { type PatientSheet, patientSheet, SHEETS, type SheetKind } from '../../src/console/sheet.ts'

const HOSTILE = `<script>alert(1)</script>"'&]]>--></style>\u202e`

const sheet: PatientSheet = {
  kind: 'information',
  facility: { facilityId: 'hospital-a', name: '想像病院', postalCode: '000-0000', address: '架空県', phone: '000' },
  patient: {
    names: [
      { representation: 'IDE', family: '架空', given: '太郎' },
      { representation: 'SYL', family: 'カクウ', given: 'タロウ' },
    ],
    birthTime: '19580412',
    sex: 'M',
    number: '0000012345',
    xad: 'X1',
  },
  consents: [{ consentId: '7', kind: 'individual', relation: 'family', form: 'oral', givenOn: '2026-04-01' }],
  printedAtMs: Date.parse('2026-04-01T20:00:00Z'),
  printedBy: 'staff:sato',
}

function treeOf(page: string): XmlElement {
  return readXml(Buffer.from(page.replace('<!DOCTYPE html>\n', '')), { limits: { maxBytes: 1024 * 1024 } })
}

function elements(root: XmlElement): readonly XmlElement[] {
  return [root, ...root.children.flatMap((child) => (typeof child === 'string' ? [] : elements(child)))]
}

function textOf(element: XmlElement): string {
  return element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('')
}

t.test('a sheet says who, whose number and from whom; a consent sheet also what was consented to', async (t) => {
  const information = textOf(treeOf(patientSheet(sheet)))
  for (const part of [
    '患者情報送信票',
    '架空 太郎',
    'カクウ タロウ',
    '1958-04-12',
    '男',
    '0000012345',
    'X1',
    '想像病院',
  ])
    t.match(information, part)
  t.match(information, '2026-04-02 05:00 staff:sato', 'printed at, in Japan')
  t.notMatch(information, '個別同意')
  t.match(
    textOf(treeOf(patientSheet({ ...sheet, kind: 'consent' }))),
    /同意書送信票[\s\S]*個別同意[\s\S]*家族[\s\S]*口頭/,
  )
})

t.test('it is well-formed and loads nothing, whatever stands in it', async (t) => {
  const { patient, facility } = sheet
  const hostile: PatientSheet = {
    ...sheet,
    facility: { ...facility, name: HOSTILE, address: HOSTILE },
    patient: { ...patient, names: [{ representation: 'IDE', family: HOSTILE, given: HOSTILE }], number: HOSTILE },
    consents: [{ consentId: HOSTILE, kind: 'comprehensive', textVersion: HOSTILE, relation: HOSTILE }],
    printedBy: HOSTILE,
  }
  for (const kind of Object.keys(SHEETS) as SheetKind[]) {
    const root = treeOf(patientSheet({ ...hostile, kind }))
    const names = elements(root).map(({ name }) => name)
    for (const name of ['script', 'img', 'link', 'iframe', 'a']) t.notOk(names.includes(name), name)
    t.equal(names.filter((name) => name === 'h1').length, 1)
    t.match(textOf(root), '<script>alert(1)</script>', 'shown as it is written')
    t.notMatch(textOf(root), '\u202e')
  }
})
