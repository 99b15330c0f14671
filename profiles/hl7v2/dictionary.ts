// Segments and fields of HL7 v2.5 that have a meaning here, in English and Japanese, for inspectors and documentation (HL7 v2.5 chapters 2, 3, 4, 7).

/** R required, RE required when known, C conditional, O optional; as SS-MIX2 uses the field in the kinds we take. */
export type FieldUse = 'R' | 'RE' | 'C' | 'O'

export interface FieldEntry {
  /** 1-based, as HL7 counts. */
  readonly position: number
  readonly english: string
  readonly japanese: string
  /** HL7 data type; `*` where another field names it. */
  readonly type: string
  readonly use: FieldUse
}

export interface SegmentEntry {
  readonly name: string
  readonly english: string
  readonly japanese: string
  readonly fields: readonly FieldEntry[]
}

type FieldRow = readonly [position: number, type: string, use: FieldUse, english: string, japanese: string]

function segment(name: string, english: string, japanese: string, rows: readonly FieldRow[]): SegmentEntry {
  const fields = rows.map(([position, type, use, en, ja]) => ({ position, type, use, english: en, japanese: ja }))
  return { name, english, japanese, fields }
}

export const segmentDictionary: readonly SegmentEntry[] = [
  segment('MSH', 'Message header', 'メッセージヘッダ', [
    [1, 'ST', 'R', 'Field separator', 'フィールド区切文字'],
    [2, 'ST', 'R', 'Encoding characters', 'コード化文字'],
    [3, 'HD', 'O', 'Sending application', '送信アプリケーション'],
    [4, 'HD', 'R', 'Sending facility (10-digit institution code)', '送信施設（医療機関コード10桁）'],
    [5, 'HD', 'O', 'Receiving application', '受信アプリケーション'],
    [6, 'HD', 'O', 'Receiving facility', '受信施設'],
    [7, 'TS', 'R', 'Date and time of the message', 'メッセージ日時'],
    [9, 'MSG', 'R', 'Message type, event and structure', 'メッセージ型'],
    [10, 'ST', 'R', 'Message control id', 'メッセージ制御ID'],
    [11, 'PT', 'R', 'Processing id', '処理ID'],
    [12, 'VID', 'R', 'HL7 version', 'バージョンID'],
    [15, 'ID', 'O', 'Accept acknowledgement wanted', '受諾肯定応答の条件'],
    [16, 'ID', 'O', 'Application acknowledgement wanted', 'アプリケーション肯定応答の条件'],
    [18, 'ID', 'R', 'Character sets', '文字セット'],
    [20, 'ID', 'O', 'Alternate character set handling', '代替文字セット操作法'],
    [21, 'EI', 'O', 'Message profile', 'メッセージプロファイル識別子'],
  ]),
  segment('EVN', 'Event', 'イベント', [
    [2, 'TS', 'R', 'Time the event was recorded', '事象記録日時'],
    [3, 'TS', 'C', 'Time the event is planned for', '事象計画日時'],
    [4, 'IS', 'O', 'Reason of the event', '事象理由コード'],
    [5, 'XCN', 'O', 'Operator', '操作者ID'],
    [6, 'TS', 'C', 'Time the event happened', '事象発生日時'],
    [7, 'HD', 'RE', 'Facility of the event', '事象施設'],
  ]),
  segment('PID', 'Patient identification', '患者識別', [
    [1, 'SI', 'O', 'Set id', 'セットID'],
    [3, 'CX', 'R', 'Patient identifiers', '患者IDリスト'],
    [5, 'XPN', 'R', 'Patient name, ideographic and phonetic', '患者氏名（漢字・カナ）'],
    [6, 'XPN', 'O', 'Mother’s maiden name', '母親の旧姓名'],
    [7, 'TS', 'R', 'Birth date', '生年月日'],
    [8, 'IS', 'R', 'Administrative sex', '性別'],
    [11, 'XAD', 'O', 'Address', '患者住所'],
    [13, 'XTN', 'O', 'Telephone at home', '電話番号（自宅）'],
    [14, 'XTN', 'O', 'Telephone at work', '電話番号（勤務先）'],
    [18, 'CX', 'O', 'Account number', '患者会計番号'],
    [24, 'ID', 'O', 'Twin or other multiple birth', '多胎の有無'],
    [25, 'NM', 'O', 'Order among a multiple birth', '多胎の出生順位'],
    [29, 'TS', 'O', 'Time of death', '死亡日時'],
    [30, 'ID', 'O', 'Death', '死亡の有無'],
    [33, 'TS', 'C', 'Last update', '最終更新日時'],
  ]),
  segment('PV1', 'Patient visit', '来院情報', [
    [1, 'SI', 'O', 'Set id', 'セットID'],
    [2, 'IS', 'R', 'Patient class: inpatient or outpatient', '患者区分（入院・外来）'],
    [3, 'PL', 'O', 'Location of the patient', '患者所在場所'],
    [6, 'PL', 'O', 'Former location', '以前の所在場所'],
    [7, 'XCN', 'O', 'Attending doctor', '主治医'],
    [10, 'IS', 'C', 'Department', '診療部門'],
    [17, 'XCN', 'O', 'Admitting doctor', '入院時医師'],
    [36, 'IS', 'O', 'Discharge disposition', '退院区分'],
    [44, 'TS', 'O', 'Admission or visit time', '入院・来院日時'],
    [45, 'TS', 'O', 'Discharge time', '退院日時'],
  ]),
  segment('SPM', 'Specimen', '検体', [
    [1, 'SI', 'RE', 'Set id', 'セットID'],
    [2, 'EIP', 'RE', 'Specimen id', '検体ID'],
    [4, 'CWE', 'R', 'Specimen material', '検体タイプ（材料）'],
    [8, 'CWE', 'RE', 'Site the specimen was taken from', '検査部位'],
    [17, 'DR', 'RE', 'Collection time', '検体採取日時'],
  ]),
  segment('OBR', 'Observation request', '検査依頼', [
    [1, 'SI', 'C', 'Set id', 'セットID'],
    [2, 'EI', 'R', 'Placer order number', '依頼者オーダ番号'],
    [3, 'EI', 'O', 'Filler order number', '実施者オーダ番号'],
    [4, 'CWE', 'R', 'Service requested', '検査項目'],
    [7, 'TS', 'C', 'Observation or collection time', '検査・採取日時'],
    [8, 'TS', 'O', 'Observation or collection end', '検査・採取終了日時'],
    [16, 'XCN', 'O', 'Ordering provider', '依頼者'],
    [22, 'TS', 'O', 'Time of report or status change', '結果報告日時'],
    [24, 'ID', 'O', 'Diagnostic service section', '診断部門'],
    [25, 'ID', 'C', 'Result status', '結果状態'],
    [26, 'PRL', 'O', 'Parent result', '親結果'],
    [29, 'EIP', 'C', 'Parent order', '親番号'],
  ]),
  segment('ORC', 'Common order', '共通オーダ', [
    [1, 'ID', 'R', 'Order control', 'オーダ制御'],
    [2, 'EI', 'R', 'Placer order number', '依頼者オーダ番号'],
    [3, 'EI', 'O', 'Filler order number', '実施者オーダ番号'],
    [4, 'EI', 'O', 'Placer group number', '依頼者グループ番号'],
    [5, 'ID', 'RE', 'Order status', 'オーダ状態'],
    [8, 'EIP', 'C', 'Parent order', '親'],
    [9, 'TS', 'O', 'Time of the transaction', 'トランザクション日時'],
    [12, 'XCN', 'O', 'Ordering provider', '依頼者'],
    [13, 'PL', 'O', 'Location of entry', '入力場所'],
    [17, 'CWE', 'O', 'Department of entry', '入力組織'],
    [29, 'CWE', 'RE', 'Order type: inpatient or outpatient', 'オーダタイプ（入院・外来）'],
  ]),
  segment('OBX', 'Observation', '検査結果', [
    [1, 'SI', 'O', 'Set id', 'セットID'],
    [2, 'ID', 'C', 'Type of the value', '値型'],
    [3, 'CWE', 'R', 'Observation', '検査項目'],
    [4, 'ST', 'C', 'Sub-id that binds rows together', '検査副ID'],
    [5, '*', 'C', 'Value', '検査値'],
    [6, 'CWE', 'O', 'Unit', '単位'],
    [7, 'ST', 'O', 'Reference range', '基準値範囲'],
    [8, 'IS', 'O', 'Abnormal flags', '異常フラグ'],
    [11, 'ID', 'R', 'Result status', '検査結果状態'],
    [14, 'TS', 'O', 'Time of the observation', '検査日時'],
  ]),
  segment('NTE', 'Note', '注釈', [
    [1, 'SI', 'O', 'Set id', 'セットID'],
    [2, 'ID', 'O', 'Source of the comment', 'コメントの出所'],
    [3, 'FT', 'O', 'Comment', 'コメント'],
  ]),
  segment('MSA', 'Message acknowledgement', 'メッセージ応答', [
    [1, 'ID', 'R', 'Acknowledgement code', '応答コード'],
    [2, 'ST', 'R', 'Control id of the message that is answered', '応答対象のメッセージ制御ID'],
    [3, 'ST', 'O', 'Text, before HL7 v2.5', 'テキスト（2.5より前）'],
  ]),
  segment('ERR', 'Error', 'エラー', [
    [2, 'ERL', 'O', 'Place of the error', 'エラー位置'],
    [3, 'CWE', 'R', 'Condition, HL7 table 0357', 'HL7エラーコード'],
    [4, 'ID', 'R', 'Severity', '重大度'],
    [5, 'CWE', 'O', 'Condition of this server', 'アプリケーションエラーコード'],
    [7, 'TX', 'O', 'Diagnostic with journal id', '診断情報（ジャーナルID）'],
    [8, 'TX', 'O', 'Text for people', '利用者向けメッセージ'],
  ]),
  segment('QPD', 'Query parameters', '照会パラメータ', [
    [1, 'CE', 'R', 'Name of the query', '照会名'],
    [2, 'ST', 'R', 'Query tag', '照会タグ'],
    [3, '*', 'R', 'Patient id (PIX), or @PID.field^value (PDQ)', '患者ID（PIX）または検索条件（PDQ）'],
    [4, 'CX', 'O', 'Domains wanted (PIX)', '回答を求めるドメイン（PIX）'],
    [8, 'CX', 'O', 'Domains wanted (PDQ)', '回答を求めるドメイン（PDQ）'],
  ]),
  segment('RCP', 'Response control', '応答制御', [
    [1, 'ID', 'R', 'Priority: I, at once', '優先度（Iのみ）'],
    [2, 'CQ', 'O', 'Patients a page (PDQ)', '1ページの患者数（PDQ）'],
  ]),
  segment('QAK', 'Query acknowledgement', '照会応答', [
    [1, 'ST', 'R', 'Query tag', '照会タグ'],
    [2, 'ID', 'R', 'Status: OK, NF, AE or AR', '照会結果の状態'],
    [4, 'NM', 'O', 'Patients found', '該当件数'],
    [5, 'NM', 'O', 'Patients in this answer', '今回の件数'],
    [6, 'NM', 'O', 'Patients still to come', '残り件数'],
  ]),
  segment('QRI', 'Match of a patient', '患者一致度', [[1, 'NM', 'O', 'Score, 0 to 100', '一致度（0〜100）']]),
  segment('DSC', 'Continuation', '継続', [
    [1, 'ST', 'O', 'Pointer to the next page', '続きを示すポインタ'],
    [2, 'ID', 'O', 'Style of continuation', '継続方式'],
  ]),
  segment('QID', 'Query identification', '照会識別', [
    [1, 'ST', 'R', 'Query tag', '照会タグ'],
    [2, 'CE', 'R', 'Name of the query', '照会名'],
  ]),
]

const bySegment = new Map(segmentDictionary.map((entry) => [entry.name, entry]))

/** The entry of a segment; undefined for segments kept without being interpreted. */
export function describeSegment(name: string): SegmentEntry | undefined {
  return bySegment.get(name)
}

/** The entry of field `position` (1-based) of a segment. */
export function describeField(name: string, position: number): FieldEntry | undefined {
  return bySegment.get(name)?.fields.find((field) => field.position === position)
}
