// DocumentEntry, SubmissionSet and ids of a StoreClient message (ITI TF-3 Tables 4.2.3.2-1 and 4.2.3.3-1).

import { readFileSync } from 'node:fs'
import t from 'tap'
import { affinityDomain } from '../../profiles/affinity-domain/index.ts'
import { dataKinds, readKinds } from '../../profiles/storeclient/index.ts'
import { KIND_NAMES } from '../../profiles/storeclient/schema.ts'
import { encode } from '../../src/codec/hl7v2/charset.ts'
import { readEr7 } from '../../src/codec/hl7v2/read.ts'
import { parseHl7Time, versionTime, xdsTime } from '../../src/model/hl7-time.ts'
import { accept } from '../../src/storeclient/accept.ts'
import { normaliseOrderNumber, uuidv5 } from '../../src/storeclient/identifiers.ts'
import { checkIdentity, normaliseKana } from '../../src/storeclient/identity-check.ts'
import { caller, memory, oml11, send, taro, warningsOf } from './memory.ts'

t.test('a laboratory result becomes a DocumentEntry', async (t) => {
  const at = memory()
  await send(oml11(), at)
  const effect = at.writes[0]?.effects[0]
  if (effect?.kind !== 'register') throw new Error('not registered')
  const { entry } = effect
  t.equal(entry.title, '検体検査結果 2026-04-01')
  t.equal(entry.mimeType, 'x-application/hl7-v2+er7')
  t.same(
    [entry.classCode.code, entry.typeCode.code, entry.formatCode.code],
    ['LAB', '11502-2', 'urn:x-ssmix2:1.2:OML-11'],
  )
  t.same([entry.serviceStartTime, entry.serviceStopTime], ['20260331233000', '20260331233059'])
  t.equal(entry.creationTime, '20260401000000')
  t.equal(entry.sourcePatientId, '0000012345^^^&1.2.392.100495.20.3.51.11399100015&ISO')
  t.same(entry.sourcePatientInfo, [
    'PID-3|0000012345^^^&1.2.392.100495.20.3.51.11399100015&ISO',
    'PID-5|架空^太郎^^^^^L^I',
    'PID-5|カクウ^タロウ^^^^^L^P',
    'PID-7|19580412',
    'PID-8|M',
  ])
  t.equal(entry.author[0]?.authorPerson, 'D0001^医師^一郎^^^^^^&1.2.392.100495.20.3.41.11399100015&ISO')
  t.match(entry.author[0]?.authorInstitution[0], /^架空総合病院\^{5}&[0-9.]+&ISO\^{4}1399100015$/)
  t.same([entry.practiceSettingCode.code, entry.practiceSettingCode.scheme], ['01', '1.2.392.200250.2.2.2'])
  t.equal(entry.healthcareFacilityTypeCode.code, 'OTHER', 'digit 9 as 点数表番号 is no insured institution')
  t.same(
    entry.eventCodeList.map(({ code }) => code),
    ['3A010000002327101', '3B035000002327201'],
  )
  t.same(entry.referenceIdList, ['500001^^^&1.2.392.100495.20.3.51.11399100015.1&ISO^urn:ihe:iti:xds:2013:order'])
  t.same(entry.extraSlots, [{ name: 'urn:x-stc:originalServiceTime', values: ['202604010830'] }])
  t.match(entry.uniqueId, /^2\.25\.\d+$/)
  t.equal(at.writes[0]?.submissionSet?.sourceId, '2.25.1001')
})

t.test('an entry says in which set eight-bit bytes were read, and later versions are compared in it', async (t) => {
  const at = memory()
  const push = (controlId: string, time: string) => {
    const bytes = encode(`${oml11({ controlId, time, results: [{ code: '検査' }] })}\r`, 'EUC-JP') ?? Buffer.alloc(0)
    const message = readEr7(bytes, { eightBit: 'EUC-JP' })
    return accept({ message, bytes, sha256: controlId.padEnd(64, '0') }, caller, at.ports)
  }
  await push('M1', '20260401090000')
  const corrected = await push('M2', '20260401100000')
  t.notOk(warningsOf(corrected).includes('HL7_PARTIAL'))
  t.equal(at.current.length, 1)
  const effect = at.writes[0]?.effects[0]
  t.same(effect?.kind === 'register' ? effect.entry.extraSlots[1] : undefined, {
    name: 'urn:x-stc:charset',
    values: ['EUC-JP'],
  })
})

t.test('the same message gives the same ids on any day', async (t) => {
  const [one, two] = [memory(), memory()]
  await send(oml11(), one)
  await send(oml11(), two)
  t.equal(one.current[0]?.uniqueId, two.current[0]?.uniqueId)
  t.equal(one.writes[0]?.submissionSet?.uniqueId, two.writes[0]?.submissionSet?.uniqueId)
})

t.test('uuid version 5 as RFC 9562 appendix A.4 computes it', async (t) => {
  t.equal(uuidv5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com'), '2ed6657d-e927-568b-95e1-2665a8aea6a2')
  t.same([normaliseOrderNumber(' 42 '), normaliseOrderNumber('l-88')], ['000000000000042', 'L-88'])
})

t.test('HL7 times: JST without zone, first and last moment of a short form', async (t) => {
  const utc = (text: string) => {
    const time = parseHl7Time(text)
    return time === undefined ? undefined : [xdsTime(time.startMs), xdsTime(time.stopMs), time.jstDate]
  }
  t.same(utc('20240401'), ['20240331150000', '20240401145959', '20240401'])
  t.same(utc('202402'), ['20240131150000', '20240229145959', '20240201'])
  t.same(utc('202404010930'), ['20240401003000', '20240401003059', '20240401'])
  t.same(utc('20240401003000+0000'), ['20240401003000', '20240401003000', '20240401'])
  t.same(utc('2024/04/01'), utc('20240401'))
  for (const wrong of ['20240431', '202404012400', 'R6.4.1', '2024-04-01T09:00', ''])
    t.equal(parseHl7Time(wrong), undefined)
  const time = parseHl7Time('20240401093000.1')
  t.equal(time === undefined ? '' : versionTime(time), '20240401093000100')
})

t.test('identity: readings are compared without width, space and small kana', async (t) => {
  t.equal(normaliseKana('ｶｸｳ　ｼﾞｭﾝ'), 'カクウジユン')
  t.equal(normaliseKana('かくう'), 'カクウ')
  const named = (family: string, given: string, kana: string) => [
    { representation: 'IDE' as const, family, given },
    { representation: 'SYL' as const, family: kana, given: '' },
  ]
  const codes = (names: typeof taro.names, birthTime = '19580412') =>
    checkIdentity({ ...taro, names, birthTime }, taro).map((warning) => warning.at)
  t.same(codes(named('架空', '太郎', 'カクウタロウ')), [])
  t.same(codes(named('架構', '太郎', 'カクウタロウ')), ['PID-5'])
  t.same(codes(named('新姓', '太郎', 'シンセイタロウ')), ['PID-5'], 'the given name stays in a marriage')
  t.same(codes(named('架空', '太郎', 'カクウタロウ'), '19580413'), ['PID-7'])
  const refused = { name: 'IheError', at: 'PID-5' }
  t.throws(() => codes(named('架空', '次郎', 'カクウジロウ')), refused, 'a twin is another person')
  t.throws(() => codes(named('別人', '太郎', 'ベツジンタロウ'), '19700101'), refused)
})

t.test('every kind’s codes are in the affinity domain', async (t) => {
  t.same(
    dataKinds.map(({ kind }) => kind),
    [...KIND_NAMES],
  )
  t.ok(affinityDomain.mimeType.includes('x-application/hl7-v2+er7'))
})

t.test('a table of kinds with a key rule nobody knows is refused', async (t) => {
  const table = JSON.parse(readFileSync(new URL('../../profiles/storeclient/kinds.json', import.meta.url), 'utf8'))
  t.throws(() => readKinds({ kinds: [{ ...table.kinds[0], key: 'weather' }] }), {
    message: /\/kinds\/0\/key must be equal/,
  })
})
