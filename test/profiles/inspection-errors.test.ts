// What is shown of an error to who did not send the message: places and vocabularies, never what was said of a person (docs/adr/0039).

import t from 'tap'
import { shownAt, shownRule, shownValue } from '../../profiles/inspection/errors.ts'
import { growthOf, LINEAR_AT_MOST } from '../processor-time.ts'

t.test('a value is shown where only words of a vocabulary stand, or where its form tells nothing', async (t) => {
  for (const [at, value, expected] of [
    ['MSH-12', '9.9', '9.9'],
    ['DocumentEntry(doc1).classCode', 'XRAY', 'XRAY'],
    ['Content-Type', 'text/html', 'text/html'],
    ['Header/Action', 'urn:ihe:iti:2007:Nonsense', 'urn:ihe:iti:2007:Nonsense'],
    ['RepositoryUniqueId', '2.25.7', '2.25.7'],
    ['DocumentEntry(doc1).patientId', '0000012345^^^&2.25.7&ISO', '•••^^^&2.25.7&ISO'],
    ['PID-3', '0000012345', '•••'],
    ['PID-5', '見本^花子', '•••'],
    ['DocumentEntry(doc1).title', 'Pregnancy test', '•••'],
    ['DocumentEntry(doc1).practiceSettingCode', 'PSYCHIATRY', '•••'],
    ['somewhere', '4711', '•••'],
    ['MSH-3', '花子', '•••'],
  ] as const)
    t.equal(shownValue(at, value), expected, `${at} ${value}`)
})

t.test('places are shown without the ids that senders chose', async (t) => {
  t.equal(shownAt('DocumentEntry(hanako-mihon).uniqueId'), 'DocumentEntry(•••).uniqueId')
  const uuid = 'urn:uuid:1b1d1c1e-0000-4000-8000-000000000001'
  t.equal(shownAt(`DocumentEntry(${uuid}).uniqueId`), `DocumentEntry(${uuid}).uniqueId`)
  t.equal(shownAt('PID-3[2].4'), 'PID-3[2].4')
  t.equal(shownAt('花子'), '•••')
})

t.test('rules are shown without patient ids, long numbers and what a parser met', async (t) => {
  t.equal(shownRule('ROLE_MISSING', 'roles document-consumer'), 'roles document-consumer')
  t.equal(shownRule('ANY', 'replaced by 0000012346^^^&2.25.7&ISO'), 'replaced by •••^^^&2.25.7&ISO')
  t.equal(shownRule('ANY', 'number 0000012346 is in the way'), 'number ••• is in the way')
  t.equal(shownRule('ANY', 'ITI TF-2 3.42.4.1.3'), 'ITI TF-2 3.42.4.1.3')
  t.equal(shownRule('TOO_LARGE', 'at most 67108864 bytes'), 'at most 67108864 bytes')
  t.equal(shownRule('XML_NOT_WELL_FORMED', 'unexpected close tag: hanako'), '•••')
})

t.test('what a sender made long is not looked through: that would keep everybody else waiting', async (t) => {
  const place = (size: number) => `Association(${'('.repeat(size)})`
  const rule = (size: number) => 'a'.repeat(size)
  t.equal(shownAt(place(1_000_000)), '•••')
  t.equal(shownRule('ANY', rule(1_000_000)), '•••')
  t.ok((await growthOf(place, shownAt, 250_000)) < LINEAR_AT_MOST)
  t.ok((await growthOf(rule, (text) => shownRule('ANY', text), 250_000)) < LINEAR_AT_MOST)
})
