// What is refused whatever it calls itself: programs, scripts, macros, archives nobody can look into; viruses and a silent scanner.

import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { checkFiles, scanFiles } from '../../../src/storeclient/files/file-check.ts'
import { forbiddenIn } from '../../../src/storeclient/files/file-content.ts'
import { typeOfFile } from '../../../src/storeclient/files/file-type.ts'
import { cpuMsOf, growthOf, LINEAR_AT_MOST } from '../../processor-time.ts'
import { EICAR } from '../../scenarios/cases.ts'
import { codeOf, linked, memory, msh, send } from '../memory.ts'

interface Member {
  readonly name: string
  /** Extra field of the directory entry. */
  readonly extra?: Buffer
  readonly content: Buffer | string
  readonly flags?: number
  readonly stored?: true
}

/** A ZIP archive (APPNOTE 4.3): local headers with their data, central directory, end record. */
function zip(members: readonly Member[]): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, flags = 0, stored, extra = Buffer.alloc(0) } of members) {
    const data = Buffer.from(content)
    const packed = stored === undefined ? deflateRawSync(data) : data
    const common = Buffer.alloc(22)
    common.writeUInt16LE(flags, 0)
    common.writeUInt16LE(stored === undefined ? 8 : 0, 2)
    common.writeUInt32LE(packed.length, 12)
    common.writeUInt32LE(data.length, 16)
    common.writeUInt16LE(Buffer.byteLength(name), 20)
    const local = Buffer.concat([
      Buffer.from('504b03041400', 'hex'),
      common,
      Buffer.alloc(2),
      Buffer.from(name),
      packed,
    ])
    const tail = Buffer.alloc(16)
    tail.writeUInt16LE(extra.length, 0)
    tail.writeUInt32LE(offset, 12)
    directory.push(Buffer.concat([Buffer.from('504b010214001400', 'hex'), common, tail, Buffer.from(name), extra]))
    locals.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(members.length, 8)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, central, end])
}

const PROGRAM = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(100)])
const OFFICE = [
  { name: '[Content_Types].xml', content: '<Types/>' },
  { name: 'word/document.xml', content: '<document/>' },
]
const ole = (stream: string) =>
  Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(512), Buffer.from(stream, 'utf16le')])

t.test('programs and scripts are refused by what they are and by what they are called', async (t) => {
  const cases: readonly (readonly [Buffer | string, string?, string?])[] = [
    [PROGRAM, 'application/pdf'],
    [Buffer.from('7f454c4602', 'hex')],
    [Buffer.from('cafebabe00', 'hex')],
    ['#!/bin/sh\n'],
    ['@echo off\r\n'],
    ['<?php echo 1;'],
    ['text', 'text/plain', 'readme.txt.js'],
    ['text', 'text/plain', 'RUN.BAT'],
    ['text', 'application/javascript'],
    ['<html><body onload="x()">', 'text/html'],
    ['<html><SCRIPT src=x></html>', 'text/html'],
    ['<p>a</p><a href="javascript:x()">', 'text/html'],
    ['<svg xmlns="x"><script/></svg>', 'image/svg+xml'],
    ['<?xml version="1.0"?><html xmlns="x"><xhtml:script/></html>', 'text/xml'],
    [Buffer.from('\ufeff<html><script></html>', 'utf16le'), 'text/html'],
    [Buffer.from('\ufeff<html><script></html>', 'utf16le').swap16(), 'text/html'],
    ['<html><scr\u001b(Bipt></html>', 'text/html'],
    ['<html><body onpageshow=x()>', 'text/html'],
    ['<html><a href="java&#115;cript:x()">', 'text/html'],
    ['<html><a href="java\n&#x73;cript&colon;x()">', 'text/html'],
    ['<html><iframe srcdoc="&lt;script&gt;">', 'text/html'],
  ]
  for (const [content, mimeType, fileName] of cases) {
    const file = { bytes: Buffer.from(content), ...(mimeType && { mimeType }), ...(fileName && { fileName }) }
    t.ok(forbiddenIn(file), `${mimeType ?? ''} ${fileName ?? ''} ${content.toString().slice(0, 20)}`)
  }
})

t.test('office files with macros or a password, and installers, are refused', async (t) => {
  t.match(forbiddenIn({ bytes: zip([...OFFICE, { name: 'word/vbaProject.bin', content: 'x' }]) }), 'macros')
  t.match(forbiddenIn({ bytes: zip([...OFFICE, { name: 'xl/macrosheets/sheet1.xml', content: 'x' }]) }), 'macros')
  t.match(
    forbiddenIn({
      bytes: zip([
        { name: 'mimetype', content: 'x' },
        { name: 'Basic/Standard/Module1.xml', content: 'x' },
      ]),
    }),
    'macros',
  )
  const unnamed = [
    { name: 'META-INF/manifest.xml', content: '<manifest/>' },
    { name: 'Basic/Standard/Module1.xml', content: 'x' },
  ]
  t.match(forbiddenIn({ bytes: zip(unnamed) }), 'macros', 'ODF opens without its mimetype too')
  t.match(forbiddenIn({ bytes: zip(OFFICE), fileName: 'a.docm' }), 'macros')
  t.match(forbiddenIn({ bytes: ole('_VBA_PROJECT') }), 'macros')
  t.match(forbiddenIn({ bytes: ole('EncryptedPackage') }), 'password')
})

t.test('archives are refused for what is in them, and when nobody can see what is', async (t) => {
  const reason = (members: readonly Member[]) => forbiddenIn({ bytes: zip(members) })
  t.match(reason([{ name: 'a/setup.exe', content: 'x' }]), '.exe')
  t.match(reason([{ name: 'photo.jpg', content: PROGRAM }]), 'Windows program', 'under another name')
  t.match(reason([{ name: 'photo.jpg', content: PROGRAM, stored: true }]), 'Windows program')
  t.match(reason([{ name: 'a.txt', content: 'x', flags: 1 }]), 'password')
  t.match(reason([{ name: 'inner.zip', content: zip([{ name: 'b.vbs', content: 'x' }]) }]), '.vbs')
  const deep = [1, 2, 3].reduce(
    (inner) => zip([{ name: 'a.zip', content: inner }]),
    zip([{ name: 'a.txt', content: 'x' }]),
  )
  t.match(forbiddenIn({ bytes: deep }), 'archives inside archives')
  t.match(
    reason([{ name: 'bomb.zip', content: Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(70 * 2 ** 20)]) }]),
    'too large',
  )
  for (const magic of ['526172211a0700', '377abcaf271c', '4d534346', '1f8b0800'])
    t.match(forbiddenIn({ bytes: Buffer.from(`${magic}00000000`, 'hex') }), 'archive')
  for (const magic of [
    '1f002d6c68352d',
    '1f002d6c7a732d',
    '60ea2900',
    '28b52ffd',
    '1f9d90',
    '4d5357494d000000',
    '7668647866696c65',
  ])
    t.match(forbiddenIn({ bytes: Buffer.from(`${magic}00000000`, 'hex') }), /archive|disk/, magic)
  t.match(forbiddenIn({ bytes: Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\u000000')]) }), 'TAR archive')
  t.match(forbiddenIn({ bytes: Buffer.concat([Buffer.alloc(32_769), Buffer.from('CD001')]) }), 'disk image')
  t.match(forbiddenIn({ bytes: zip(OFFICE).subarray(0, 60) }), 'cannot be read')
})

t.test('what the clinic sends every day is taken', async (t) => {
  const fine: readonly (readonly [Buffer | string, string?, string?])[] = [
    ['%PDF-1.4\n', 'application/pdf', '紹介状.pdf'],
    ['MZの型番について', 'text/plain'],
    ['<?xml version="1.0"?><ClinicalDocument><title>紹介</title></ClinicalDocument>', 'text/xml'],
    ['<html><p>one=1</p></html>', 'text/html'],
    ['<html><p>Onset = 3日前, online=可</p></html>', 'text/html'],
    ['日,目標\r\n1,離床\r\n', 'text/csv', 'path.csv'],
    [zip(OFFICE), '', '計画.docx'],
    [zip([...OFFICE, { name: 'xl/printerSettings/printerSettings1.bin', content: 'x' }]), '', 'a.xlsx'],
    [zip([...OFFICE, { name: 'word/embeddings/Sheet1.xlsx', content: zip(OFFICE) }])],
    [
      zip([
        { name: '写真/', content: '' },
        { name: '写真/1.jpg', content: Buffer.from('ffd8ff', 'hex') },
      ]),
    ],
    [zip([])],
    [ole('WordDocument'), 'application/msword', 'a.doc'],
  ]
  for (const [content, mimeType, fileName] of fine) {
    const file = { bytes: Buffer.from(content), ...(mimeType && { mimeType }), ...(fileName && { fileName }) }
    t.equal(forbiddenIn(file), undefined, `${mimeType ?? ''} ${fileName ?? ''}`)
  }
})

const file = (bytes: Buffer, occurrence: number) => ({ bytes, occurrence, mimeType: 'text/plain', title: '' })

t.test('size is judged in decoded bytes, at the OBX of the file', async (t) => {
  const files = [file(Buffer.alloc(10, 'a'), 2), file(Buffer.alloc(11, 'a'), 4)]
  t.throws(() => checkFiles(files, 10), { name: 'IheError', at: 'OBX[4]-5' })
  t.same(checkFiles(files, 11), [])
  const other = { ...file(Buffer.from('a'), 3), declaredType: 'application/pdf' }
  t.match(checkFiles([other], 11), [{ at: 'OBX[3]-5', value: 'application/pdf: text/plain' }])
})

t.test(
  'a virus is refused, and so is what a silent scanner has not seen; the test string is found without one',
  async (t) => {
    const clean = file(Buffer.from('clean'), 1)
    const codeOf = async (files: readonly ReturnType<typeof file>[], verdict: 'clean' | 'infected' | 'unavailable') =>
      (await scanFiles(files, async () => verdict))?.row.code
    t.equal(await codeOf([clean], 'clean'), undefined)
    t.equal(await codeOf([clean], 'infected'), 'HL7_FILE_INFECTED')
    t.equal(await codeOf([clean], 'unavailable'), 'HL7_SCAN_UNAVAILABLE')
    t.equal(await codeOf([clean, file(Buffer.from(`${EICAR}\r\n`), 2)], 'clean'), 'HL7_FILE_INFECTED')
  },
)

const HEAD = ['EVN|T02|20260401', 'PID|0001||0000012345^^^^PI||架空^太郎^^^^^L^I||19580412|M', 'PV1|1|O']

/** A document with one PDF. */
function mdm(controlId: string): string {
  const pdf = Buffer.from('%PDF-1.4\n').toString('base64')
  return [
    msh('MDM^T02', { controlId }),
    ...HEAD,
    'TXA|1|18842-5^退院時サマリー^LN|AP|20260401||||||||N-1',
    `OBX|1|ED|18842-5^退院時サマリー^LN|1|^AP^PDF^Base64^${pdf}||||||F`,
  ].join('\r')
}

t.test('the scan is told in its turn: after link and consent, and not to a resend', async (t) => {
  const at = memory()
  at.verdict = 'infected'
  at.patient = undefined
  t.equal(codeOf(await send(mdm('M1'), at)), 'HL7_PATIENT_NOT_LINKED')
  at.patient = linked
  t.equal(codeOf(await send(mdm('M1'), at)), 'HL7_FILE_INFECTED')
  t.same([at.writes, at.staged], [[], []], 'nothing is kept')
  at.verdict = 'clean'
  t.equal(codeOf(await send(mdm('M1'), at)), 'accepted')
  t.match(at.writes[0]?.effects[0], { files: [{ entry: { mimeType: 'application/pdf' } }] })
  at.verdict = 'unavailable'
  t.equal(codeOf(await send(mdm('M1'), at)), 'accepted', 'it was scanned when it came first')
  t.equal(codeOf(await send(mdm('M2'), at)), 'HL7_SCAN_UNAVAILABLE')
})

t.test('the root of markup is found behind any row of comments, and soon', async (t) => {
  const comments = (count: number) => Buffer.from(`${'<!---->'.repeat(count)}x`)
  t.equal(typeOfFile(comments(290), undefined, undefined).type, 'text/plain')
  const growth = await growthOf(comments, (bytes) => typeOfFile(bytes, undefined, undefined), 70)
  t.ok(growth < LINEAR_AT_MOST, 'it grows with the comments, not with the ways to part them')
  const svg = Buffer.from(`<?xml version="1.0"?> <!-- a --> <!DOCTYPE svg> <!-- b --><svg xmlns="x"/>`)
  t.equal(typeOfFile(svg, undefined, undefined).type, 'image/svg+xml')
})

/** An archive whose directory names its one entry `times` times. */
function sharing(times: number, archive: Buffer): Buffer {
  const directory = archive.lastIndexOf(Buffer.from('504b0102', 'hex'))
  const entry = archive.subarray(directory, archive.length - 22)
  const end = Buffer.from(archive.subarray(-22))
  for (const at of [8, 10]) end.writeUInt16LE(times, at)
  end.writeUInt32LE(entry.length * times, 12)
  return Buffer.concat([archive.subarray(0, directory), ...Array.from({ length: times }, () => entry), end])
}

t.test('an archive is looked into within bounds, whatever its entries share', async (t) => {
  const bomb = sharing(1000, zip([{ name: 'a', content: Buffer.alloc(1_000_000, 'a') }]))
  const tookMs = await cpuMsOf(() => {
    t.match(forbiddenIn({ bytes: bomb }), /too large/)
    t.match(forbiddenIn({ bytes: sharing(50, zip([{ name: 'b', content: bomb, stored: true }])) }), /too large/)
    const many = sharing(5000, zip([{ name: 'c', content: 'c', stored: true }]))
    t.match(forbiddenIn({ bytes: sharing(3, zip([{ name: 'd', content: many, stored: true }])) }), /too many entries/)
  })
  t.ok(tookMs < 3000, `and soon: ${tookMs} ms`)
})

t.test('an entry that the end record does not count is not hidden by it', async (t) => {
  const archive = zip([
    { name: 'a.txt', content: 'text' },
    { name: 'b.exe', content: PROGRAM },
  ])
  for (const at of [8, 10]) archive.writeUInt16LE(1, archive.length - 22 + at)
  t.equal(forbiddenIn({ bytes: archive }), 'archive that cannot be read')
})

t.test('a page cannot hide its script in its encoding, in references, or behind an event few know', async (t) => {
  const scripted: readonly (readonly [Buffer | string, string])[] = [
    [Buffer.from('\ufeff<html><script></html>', 'utf16le').swap16(), 'text/html'],
    [Buffer.from('<?xml version="1.0"?><svg><script/></svg>', 'utf16le'), 'image/svg+xml'],
    [Buffer.from('<?xml version="1.0"?><svg><script/></svg>', 'utf16le').swap16(), 'image/svg+xml'],
    ['<html><a href="java&#115;cript:x()">', 'text/html'],
    ['<html><a href="java&#x0073;cript:x()">', 'text/html'],
    ['<html><a href="javascript&colon;x()">', 'text/html'],
    ['<html><a href="java\tscr\nipt:x()">', 'text/html'],
    ['<html><a href="java&Tab;script:x()">', 'text/html'],
    ['<html><body onpageshow=x()>', 'text/html'],
    ['<html><div onwheel="x()">', 'text/html'],
    ['<svg><image onrepeat="x()"/></svg>', 'image/svg+xml'],
    ['<html><iframe srcdoc="&lt;script&gt;x()">', 'text/html'],
    ['<html><iframe src="data:text/html;base64,PHNjcmlwdD4=">', 'text/html'],
  ]
  for (const [content, mimeType] of scripted)
    t.match(forbiddenIn({ bytes: Buffer.from(content), mimeType }), 'script', content.toString())
  const late = `<html>${'あ'.repeat(2000)}<script>x()</script></html>`
  t.match(
    forbiddenIn({ bytes: zip([{ name: 'a.html', content: late, stored: true }]) }),
    'script',
    'far into a page of an archive',
  )
  const fine = '<html><p>one = 1, 経過 only=2&#12290;</p><img src="data:image/png;base64,AA=="></html>'
  t.equal(forbiddenIn({ bytes: Buffer.from(fine), mimeType: 'text/html' }), undefined)
})

t.test(
  'what a document carries within itself is judged as a file of its own (CDA R2 4.2.2.1 nonXMLBody)',
  async (t) => {
    const cda = (attributes: string, content: string) => ({
      bytes: Buffer.from(
        `<?xml version="1.0"?><ClinicalDocument><nonXMLBody><text ${attributes}>${content}</text></nonXMLBody></ClinicalDocument>`,
      ),
      mimeType: 'text/xml',
    })
    const lines = PROGRAM.toString('base64').replaceAll(/.{76}/g, '$&\r\n')
    t.match(forbiddenIn(cda('mediaType="application/pdf" representation="B64"', lines)), 'Windows program')
    t.match(
      forbiddenIn(cda(`representation = 'B64' mediaType="application/pdf"`, `<![CDATA[${lines}]]>`)),
      'Windows program',
    )
    const archive = zip([{ name: 'a.vbs', content: 'x' }]).toString('base64')
    t.match(forbiddenIn(cda('representation="B64"', archive)), '.vbs')
    const pdf = Buffer.from('%PDF-1.4\n').toString('base64')
    t.equal(forbiddenIn(cda('mediaType="application/pdf" representation="B64"', pdf)), undefined)
    t.equal(forbiddenIn(cda('mediaType="text/plain"', lines)), undefined, 'a text that looks like Base64 is a text')
  },
)

/** Info-ZIP Unicode Path: the name that many programs take instead of the entry's own (APPNOTE 4.6.9). */
function unicodePath(name: string): Buffer {
  const extra = Buffer.alloc(9)
  extra.writeUInt16LE(0x7075, 0)
  extra.writeUInt16LE(5 + Buffer.byteLength(name), 2)
  extra.writeUInt8(1, 4)
  return Buffer.concat([extra, Buffer.from(name)])
}

t.test(
  'an archive that hides entries from one reader and shows them to another is refused (APPNOTE 4.3)',
  async (t) => {
    const archive = zip([
      { name: 'a.txt', content: 'x' },
      { name: 'b.exe', content: 'x' },
    ])
    for (const count of [0, 1]) {
      const lying = Buffer.from(archive)
      lying.writeUInt16LE(count, archive.length - 12)
      t.match(forbiddenIn({ bytes: lying }), 'cannot be read', `${count} of 2 counted`)
    }
    const behind = Buffer.concat([Buffer.from('%PDF-1.4\n%%EOF\n'), archive])
    t.match(forbiddenIn({ bytes: behind, mimeType: 'application/pdf' }), '.exe', 'behind another file')
    const split = Buffer.concat([Buffer.from('504b0708', 'hex'), archive])
    t.match(forbiddenIn({ bytes: split }), '.exe', 'behind the mark of a split archive')
    const end = archive.length - 22
    const large = Buffer.concat([
      archive.subarray(0, end),
      Buffer.from('504b0607', 'hex'),
      Buffer.alloc(16),
      archive.subarray(end),
    ])
    t.match(forbiddenIn({ bytes: large }), 'cannot be read', 'ZIP64 end record that says otherwise')
    for (const name of ['b.vbs.', 'b.vbs. .', 'b.vbs\0.txt'])
      t.match(forbiddenIn({ bytes: zip([{ name, content: 'x' }]) }), '.vbs', JSON.stringify(name))
    t.match(forbiddenIn({ bytes: zip([{ name: 'b.docm/', content: PROGRAM }]) }), 'Windows program', 'no folder')
    t.match(forbiddenIn({ bytes: zip([{ name: 'a.txt', content: 'x', extra: unicodePath('b.vbs') }]) }), '.vbs')
    t.equal(forbiddenIn({ bytes: zip([{ name: 'a.txt', content: 'x', extra: unicodePath('紹介.txt') }]) }), undefined)
  },
)
