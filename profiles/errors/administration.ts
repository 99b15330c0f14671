// Refusals of registration staff's work (admin API; 同意患者登録).

import { row } from './define.ts'

export const administrationErrors = [
  row({
    code: 'PERSON_FED',
    http: 409,
    message: 'The patient id of the network was given by its own source, so only a merge of that source ends it',
    hint: 'Merge the other way round, or let the source of the patient ids send the merge (ITI-44 PRPA_IN201304UV02, ADT^A40)',
    ja: 'この地域患者IDは発番元システムが付番したものです。統合の向きを逆にするか、発番元から統合を送信してください。',
  }),
  row({
    code: 'MERGE_UNKNOWN',
    http: 404,
    message: 'There is no merge of this number',
    hint: 'List the merges of a patient: tsunagi patient show, or GET /admin/v1/merges',
    ja: '該当する統合がありません。患者の統合一覧で番号を確認してください。',
  }),
  row({
    code: 'MERGE_STANDS',
    http: 409,
    message: 'The merge cannot be undone',
    hint: 'What was merged or linked later is undone first, the newest first; see the history of both patients',
    ja: 'この統合は取り消せません。後に行われた統合や名寄せがある場合は、新しいものから順に取り消してください。',
  }),
  row({
    code: 'REVIEW_UNKNOWN',
    http: 404,
    message: 'No question of this number waits for an answer',
    hint: 'List those that wait: tsunagi review list, or GET /admin/v1/reviews',
    ja: '回答待ちの確認事項がありません。一覧で番号を確認してください。',
  }),
] as const
