// Every transaction this server offers; a transaction that is not in this list answers ActionNotSupported.

import type { Transaction } from './define.ts'
import { iti18 } from './iti-18.ts'
import { iti41 } from './iti-41.ts'
import { iti42 } from './iti-42.ts'
import { iti43 } from './iti-43.ts'
import { iti44Add, iti44Revise } from './iti-44.ts'
import { iti45 } from './iti-45.ts'

export { ENDPOINTS, NS, type QName, type Transaction } from './define.ts'
export { iti18, iti41, iti42, iti43, iti44Add, iti44Revise, iti45 }

export const transactions: readonly Transaction[] = [iti18, iti41, iti42, iti43, iti44Add, iti44Revise, iti45]
