// What the commands over the admin API share: the call, and showing its answer as a table or JSON.

import type { Command } from 'commander'
import {
  type AdminAnswer,
  type AdminClient,
  createAdminClient,
  isObject,
  type Json,
  rowsOf,
  textOf,
} from './admin-client.ts'
import { adminTarget, type Context, contextOf, sessionTarget } from './context.ts'
import { printRows, toJson } from './output.ts'
import type { Terminal } from './terminal.ts'

export interface AdminCall {
  readonly admin: AdminClient
  readonly context: Context
}

/** Opens the admin API for the command and runs `work`. */
export async function withAdmin(
  command: Command,
  terminal: Terminal,
  work: (call: AdminCall) => Promise<void>,
): Promise<void> {
  const context = contextOf(command, terminal)
  await work({ admin: createAdminClient(await adminTarget(context)), context })
}

/** As the person who is logged on, whom clinical content is for; the token of the host does not open it. */
export async function withSession(
  command: Command,
  terminal: Terminal,
  work: (call: AdminCall) => Promise<void>,
): Promise<void> {
  const context = contextOf(command, terminal)
  await work({ admin: createAdminClient(await sessionTarget(context)), context })
}

/** A list answer; `members` are the JSON members shown, in order. */
export function showList({ context }: AdminCall, answer: AdminAnswer, members: readonly string[]): void {
  if (context.format === 'json') {
    context.terminal.out(toJson(answer.body ?? null))
    return
  }
  const columns = members.map((member) => ({
    title: member,
    value: (row: Json) => cell(row[member]),
  }))
  printRows(context.terminal, { rows: rowsOf(answer.body), columns, empty: 'none / なし' }, 'table')
}

/** What became of a change: the sentence for people, the answer itself for programs. */
export function showChange({ context }: AdminCall, answer: AdminAnswer, sentence: string): void {
  if (context.format === 'json') context.terminal.out(toJson(answer.body ?? null))
  else context.terminal.out(`${sentence}${answer.status === 200 ? '' : ` (${answer.status})`}\n`)
}

function cell(value: unknown): string {
  if (Array.isArray(value)) return value.map(cell).join(',')
  if (isObject(value)) return textOf(value.oid) || textOf(value.facilityId) || JSON.stringify(value)
  return typeof value === 'boolean' ? String(value) : textOf(value)
}

/** The members that were given: the admin API refuses null and unknown ones. */
export function given(members: Readonly<Record<string, unknown>>): Json {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

export function segment(text: string): string {
  return encodeURIComponent(text)
}
