// Refusals of registration staff's work (admin API; 同意患者登録).

import { row } from './define.ts'

export const administrationErrors = [
  row({
    code: 'LINK_WITH_DOCUMENTS',
    http: 409,
    message: 'The number belongs to another person who has registered documents, so it is not moved',
    hint: 'Link the other way round: take the person with the documents and link the other facility’s number to that person',
    ja: 'この患者番号は文書が登録済みの別の患者に属しています。文書のある患者に、他施設の番号を紐付けてください。',
  }),
] as const
