// Why a message cannot be performed again, in words for whoever asked.

import type { Obstacle } from '../../journal/replay-ports.ts'
import type { AdminError } from './answers.ts'

export const OBSTACLE_WORDS: Readonly<Record<Obstacle, Omit<AdminError, 'code'>>> = {
  'no message': {
    message: 'This exchange is no message that a system sent to a door: staff, a job or this server itself began it',
    hint: 'Replay the exchange of the message itself; the endpoint replay/… or withheld/… of an entry names where it came from',
    ja: 'この交換はシステムから届いたメッセージではありません（職員の操作、ジョブ、または本サーバ発の通信）。元のメッセージの交換を指定してください。',
  },
  'unknown sender': {
    message: 'It was refused before it was known which system sent it',
    hint: 'Register the certificate of the system or mend its connection, and let it send the message again',
    ja: '送信元システムが特定される前に拒否された交換です。証明書や接続を直し、送信元から再送してください。',
  },
  'not kept': {
    message: 'The message itself is not kept, or not any more',
    hint: 'journal.keep says which messages are kept and journal.messageDays for how long; let the system send it again',
    ja: 'メッセージ本体が保存されていません（保存対象外、または保存期間 journal.messageDays を過ぎています）。送信元から再送してください。',
  },
  cut: {
    message: 'The message was longer than is kept: its end is missing',
    hint: 'journal.messageBytes is how much is kept of a message; let the system send it again',
    ja: 'メッセージが保存上限（journal.messageBytes）を超えたため末尾がありません。送信元から再送してください。',
  },
  'part not kept': {
    message: 'A document of the message was larger than is kept, or has been removed since',
    hint: 'journal.partBytes is how large a document may be to be kept; let the system send it again',
    ja: '添付文書が保存上限（journal.partBytes）を超えたか、その後削除されたため、ありません。送信元から再送してください。',
  },
  'system not active': {
    message: 'The system that sent it, or its facility, is suspended or has ended',
    hint: 'Resume it first (tsunagi system, tsunagi facility); in the name of one that is not active nothing is done',
    ja: '送信元のシステムまたは施設が停止中か、利用を終了しています。再開後に再実行してください。',
  },
  assertion: {
    message: 'The message speaks for a user by an assertion, or has to: only the user’s own system can show one again',
    hint: 'Let the user repeat it, with a new assertion',
    ja: '利用者のアサーションを伴う（または必要とする）メッセージです。利用者本人がもう一度操作してください。',
  },
  'registry elsewhere': {
    message: 'The registry of this repository is elsewhere: nothing that leaves the house can be tried',
    hint: 'Let the source send it again: the same wsa:MessageID registers it once',
    ja: 'レジストリが外部にあるため試行できません。送信元から再送してください（同じ wsa:MessageID なら二重登録になりません）。',
  },
  batch: {
    message: 'It is a batch that was refused as a whole',
    hint: 'Let the system send its messages again, one by one or as a batch that can be read',
    ja: '全体として拒否されたバッチです。メッセージを個別に、または読み取れるバッチとして再送してください。',
  },
}
