// Invented reports (REPORT, ORU^R01), documents, files and notes (MDM^T02 to T11) with text, PDF, PNG and CDA inside (HL7 v2.5 chapter 9).

import { components, type SegmentValue } from '../../../codec/hl7v2/write.ts'
import type { ImagingOrder } from './imaging.ts'
import { type Chart, evn, type InventedMessage, message, orc, pid, pv1 } from './message.ts'
import { pdf } from './pdf.ts'
import { png } from './png.ts'
import { RADIOLOGIST, xcn } from './scene.ts'
import { code, coded, segment } from './segments.ts'
import { dateOf, HOUR, type Moment, minuteOf, stampOf } from './time.ts'

const BODIES = [
  ['両肺野に明らかな異常陰影を認めない。', 'ＣＴＲ　４５％。', '異常なし'],
  ['右下肺野に浸潤影を認める。', '胸水なし。', '肺炎の疑い'],
  ['肝Ｓ６に径１２ｍｍの低吸収域。', '腹水なし。', '肝嚢胞'],
  ['拡散強調像で新鮮梗塞を認めない。', '主幹動脈の描出は良好。', '年齢相応の変化'],
] as const

/** What a report says; a correction says it otherwise under the same number. */
export interface Report {
  readonly number: string
  readonly order: ImagingOrder
  readonly body: number
}

export function inventReport(chart: Chart, order: ImagingOrder): Report {
  return { number: `R${order.number.slice(-11)}`, order, body: chart.desk.random.below(BODIES.length) }
}

/** REPORT with formatted text and the same as PDF; `cancel` takes both back by OBX-11. */
export function report(
  chart: Chart,
  { number, order, body }: Report,
  given: { readonly action: 'new' | 'update' | 'cancel'; readonly doneAt: Moment; readonly sentAt: Moment },
): InventedMessage {
  const { action, doneAt, sentAt } = given
  const [first, second, impression] = BODIES[(action === 'update' ? body + 1 : body) % BODIES.length] ?? BODIES[0]
  const status = action === 'new' ? 'F' : action === 'update' ? 'C' : 'D'
  const text = ['【所見】', first, second, '【診断】', impression]
  return message(chart, {
    kind: 'REPORT',
    action,
    type: 'ORU^R01^ORU_R01',
    sentAt,
    careDate: dateOf(doneAt),
    orderNumber: number,
    body: [
      pid(chart),
      pv1(chart),
      orc(chart, { control: 'SC', number: order.number, status: 'CM', at: sentAt }),
      segment('OBR', {
        1: '1',
        2: order.number,
        3: number,
        4: code('18748-4', '画像診断レポート', 'LN'),
        7: minuteOf(doneAt),
        16: xcn(chart.department.doctor),
        22: stampOf(sentAt),
        24: 'RAD',
        25: status === 'D' ? 'X' : status,
        32: components(['', RADIOLOGIST.family, RADIOLOGIST.given]),
      }),
      segment('OBX', { 1: '1', 2: 'FT', 3: code('FIND', '所見', '99STC'), 5: text.join('\n'), 11: status }),
      embedded(2, { identifier: code('PDF', 'レポートＰＤＦ', 'L'), status }, [
        'application',
        'pdf',
        pdf([`画像診断レポート　${dateOf(doneAt)}`, coded(order.study.procedure).components[1], ...text].map(String)),
      ]),
    ],
  })
}

function embedded(
  number: number,
  { identifier, status }: { readonly identifier: ReturnType<typeof code>; readonly status: string },
  [type, subtype, content]: readonly [type: string, subtype: string, content: Buffer],
): SegmentValue {
  return segment('OBX', {
    1: String(number),
    2: 'ED',
    3: identifier,
    4: String(number),
    5: components('', type, subtype, 'Base64', content.toString('base64')),
    11: status,
  })
}

/** Addendum, edit, replacement, cancel: MDM T06, T08, T10, T11. */
export type DocumentEvent = 'T02' | 'T06' | 'T08' | 'T10' | 'T11'

interface Template {
  readonly kind: 'DOC' | 'FILE' | 'NOTE'
  readonly type: readonly [code: string, text: string, system: string]
  readonly file?: string
  readonly observations: (chart: Chart, given: Filling) => readonly SegmentValue[]
}

interface Filling {
  readonly title: string
  readonly at: Moment
  readonly lines: readonly string[]
}

export const templates = {
  summary: {
    kind: 'DOC',
    type: ['18842-5', '退院時サマリー', 'LN'],
    file: 'summary.pdf',
    observations: (_chart, { title, at, lines }) => [
      embedded(1, { identifier: code('18842-5', title, 'LN'), status: 'F' }, [
        'application',
        'pdf',
        pdf([`${title}　${dateOf(at)}`, ...lines]),
      ]),
    ],
  },
  referral: {
    kind: 'DOC',
    type: ['57133-1', '診療情報提供書', 'LN'],
    file: 'referral.xml',
    observations: (chart, filling) => [
      embedded(1, { identifier: code('57133-1', filling.title, 'LN'), status: 'F' }, [
        'text',
        'xml',
        Buffer.from(clinicalDocument(chart, filling)),
      ]),
    ],
  },
  pathway: {
    kind: 'FILE',
    type: ['FILE', '地域連携パス', '99STC'],
    file: '地域連携パス.pdf',
    observations: (_chart, { title, lines }) => [
      embedded(1, { identifier: code('FILE', title, '99STC'), status: 'F' }, [
        'application',
        'pdf',
        pdf([title, ...lines]),
      ]),
    ],
  },
  record: {
    kind: 'NOTE',
    type: ['NOTE-REC', '訪問看護記録', '99STC'],
    observations: ({ desk }, { title, lines }) => [
      text(1, code('NOTE-REC', title, '99STC'), lines),
      embedded(2, { identifier: code('IMG', '写真', '99STC'), status: 'F' }, ['image', 'png', png(desk.random, 32)]),
    ],
  },
  contact: {
    kind: 'NOTE',
    type: ['NOTE-COM', '連絡', '99STC'],
    observations: (_chart, { title, lines }) => [text(1, code('NOTE-COM', title, '99STC'), lines)],
  },
} as const satisfies Readonly<Record<string, Template>>

export type TemplateName = keyof typeof templates

function text(number: number, identifier: ReturnType<typeof code>, lines: readonly string[]): SegmentValue {
  return segment('OBX', { 1: String(number), 2: 'FT', 3: identifier, 4: String(number), 5: lines.join('\n'), 11: 'F' })
}

const SENTENCES = [
  '全身状態は安定している。',
  '内服薬の自己管理は良好。',
  '食事摂取量は８割程度。',
  '褥瘡は改善傾向、発赤を認めるのみ。',
  '次回受診日を家族に説明した。',
  '血圧１２０／６０、脈拍６７、体温３６．４℃。',
  '退院後は近医にて加療を継続する。',
] as const

/** A document under its number (TXA-12). */
export interface InventedDocument {
  readonly number: string
  readonly template: TemplateName
  readonly createdAt: Moment
  readonly lines: readonly string[]
}

export function inventDocument(chart: Chart, template: TemplateName, createdAt: Moment): InventedDocument {
  const { random, documentNumber } = chart.desk
  const lines = Array.from({ length: 2 + random.below(5) }, () => random.pick(SENTENCES))
  return { number: documentNumber(), template, createdAt, lines }
}

/** The same document with more to say: for an edit under the same number (T08). */
export function edited(document: InventedDocument): InventedDocument {
  return { ...document, lines: [...document.lines, '（追記）検査結果を確認した。'] }
}

const ACTIONS = { T02: 'new', T06: 'new', T08: 'update', T10: 'update', T11: 'cancel' } as const

/** DOC, FILE or NOTE; `parent` is what an addendum or a replacement belongs to (TXA-13). */
export function documentMessage(
  chart: Chart,
  document: InventedDocument,
  given: { readonly event: DocumentEvent; readonly sentAt: Moment; readonly parent?: InventedDocument },
): InventedMessage {
  const { event, sentAt, parent } = given
  const template: Template = templates[document.template]
  const isCancel = event === 'T11'
  const namespace = chart.desk.sender.facilityCode
  const at = document.createdAt
  return message(chart, {
    kind: template.kind,
    action: ACTIONS[event],
    type: `MDM^${event}^${isCancel ? 'MDM_T01' : 'MDM_T02'}`,
    sentAt,
    careDate: dateOf(at),
    orderNumber: document.number,
    body: [
      evn(chart, { at: sentAt, trigger: event }),
      pid(chart),
      pv1(chart),
      segment('TXA', {
        1: '1',
        2: code(...template.type),
        3: template.kind === 'NOTE' ? 'FT' : 'AP',
        4: stampOf(at),
        6: stampOf(at),
        7: stampOf(at),
        9: xcn(chart.department.doctor),
        12: components(document.number, namespace),
        ...(parent === undefined ? {} : { 13: components(parent.number, namespace) }),
        ...(template.file === undefined ? {} : { 16: template.file }),
        17: 'AU',
        19: isCancel ? 'CA' : 'AV',
      }),
      ...(isCancel ? [] : template.observations(chart, { title: template.type[1], at, lines: document.lines })),
    ],
  })
}

/** A CDA R2 document with one section; ids are derived from the moment, as everything of a seed repeats. */
function clinicalDocument({ desk, patient, department }: Chart, { title, at, lines }: Filling): string {
  const [name] = patient.demographics.names
  const stamp = `${stampOf(at)}+0900`
  const person = (family: string, given: string) => `<name><family>${family}</family><given>${given}</given></name>`
  const root = '2.25.299158411853294871'
  return `<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <id root="${root}.1" extension="${desk.sender.facilityCode}-${patient.localId}-${at / HOUR}"/>
  <code code="57133-1" codeSystem="2.16.840.1.113883.6.1" displayName="${title}"/>
  <title>${title}</title>
  <effectiveTime value="${stamp}"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
  <languageCode code="ja-JP"/>
  <recordTarget><patientRole><id root="${root}.2" extension="${patient.localId}"/>
    <patient>${person(name?.family ?? '', name?.given ?? '')}</patient></patientRole></recordTarget>
  <author><time value="${stamp}"/><assignedAuthor><id root="${root}.3" extension="${department.doctor.id}"/>
    <assignedPerson>${person(department.doctor.family, department.doctor.given)}</assignedPerson></assignedAuthor></author>
  <custodian><assignedCustodian><representedCustodianOrganization><id root="${root}.4" extension="${desk.sender.facilityCode}"/>
    <name>${desk.sender.facilityName}</name></representedCustodianOrganization></assignedCustodian></custodian>
  <component><structuredBody><component><section><title>経過</title>
    <text>${lines.map((line) => `<paragraph>${line}</paragraph>`).join('')}</text></section></component></structuredBody></component>
</ClinicalDocument>
`
}
