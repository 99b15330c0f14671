// Which transaction a message is: by its action, and by the root of its body where an action serves several (ITI TF-2 Appendix V).

import { iheError } from '../../profiles/errors/index.ts'
import type { SoapMessage } from '../codec/soap/read.ts'
import type { Binding } from './binding.ts'

interface Offered {
  readonly bindings: readonly Binding[]
}

/** @throws {IheError} WSA_ACTION_UNKNOWN, WSA_BODY_MISMATCH */
export function bindingOf(endpoint: Offered, message: SoapMessage): Binding {
  const named = endpoint.bindings.find((candidate) => candidate.transaction.action === message.action)
  if (named === undefined) throw iheError('WSA_ACTION_UNKNOWN', { at: 'Header/Action', value: message.action })
  const binding = named.transaction.chosenBy === 'root' ? (byRoot(endpoint, message) ?? named) : named
  if (!isRootOf(binding, message)) {
    const { ns, name } = binding.transaction.request
    throw iheError('WSA_BODY_MISMATCH', {
      at: 'Envelope/Body',
      value: `{${message.body.ns}}${message.body.name}`,
      rule: `${binding.transaction.action} takes {${ns}}${name}`,
    })
  }
  return binding
}

function byRoot(endpoint: Offered, message: SoapMessage): Binding | undefined {
  return endpoint.bindings.find(
    (candidate) => candidate.transaction.chosenBy === 'root' && isRootOf(candidate, message),
  )
}

function isRootOf({ transaction: { request } }: Binding, { body }: SoapMessage): boolean {
  return body.ns === request.ns && body.name === request.name
}
