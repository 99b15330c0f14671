// tsunagi patient: registration by staff: persons, and the patient numbers of facilities that are theirs (design §4).

import { isObject, type Json, rowsOf, textOf } from './admin-client.ts'
import { type AdminCall, segment, showChange, withAdmin } from './admin-command.ts'
import type { Registration } from './context.ts'
import { type DemographicsOptions, demographicsOf, describingPerson } from './demographics-options.ts'
import { registerCorrelations } from './discovery.ts'
import { UsageError } from './failure.ts'
import { formatTable, toJson } from './output.ts'
import { registerSearch } from './patient-search.ts'
import { registerSheet } from './patient-sheet.ts'
import { registerTransfer } from './patient-transfer.ts'
import { registerPersonChanges } from './person-changes.ts'
import { registerPersonViews } from './person-views.ts'
import { registerSupportStop } from './support-stop.ts'

export const registerPatient: Registration = (program, terminal) => {
  const group = program.command('patient').description('patients and their numbers / 患者と患者番号')
  describingPerson(group.command('add').description('register a person without any number yet / 患者の登録')).action(
    (options: DemographicsOptions, command) =>
      withAdmin(command, terminal, async (call) => {
        const answer = await call.admin.post('/patients', { demographics: requireName(options) })
        showChange(call, answer, `patient ${isObject(answer.body) ? textOf(answer.body.xad) : ''} registered`)
      }),
  )
  group
    .command('link <patient> <facilityId> <id>')
    .description('the number <id> of the facility belongs to the patient / 患者番号の名寄せ')
    .requiredOption('--reason <text>', 'how it is known')
    .action((patient: string, facilityId: string, id: string, options: { readonly reason: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/patients/${segment(patient)}/links`
        const answer = await call.admin.post(path, { facilityId, id, reason: options.reason })
        showChange(call, answer, `${facilityId} ${id} belongs to ${patient}`)
      }),
    )
  group
    .command('unlink <patient> <facilityId> <id>')
    .description(
      'the number does not belong to the patient, and is never linked to them by itself again / 名寄せの解除',
    )
    .requiredOption('--reason <text>', 'how it is known')
    .action((patient: string, facilityId: string, id: string, options: { readonly reason: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const path = `/patients/${segment(patient)}/links/${segment(facilityId)}/${segment(id)}`
        const answer = await call.admin.delete(`${path}?reason=${segment(options.reason)}`)
        showChange(call, answer, `${facilityId} ${id} no longer belongs to ${patient}`)
      }),
    )
  registerTransfer(group, terminal)
  group
    .command('find <id>')
    .description(
      'who has this number, or this affinity-domain id; "patient search" looks by name, birth date or phone / 患者番号の照会',
    )
    .option('--domain <oid>', 'assigning authority; default any')
    .action((id: string, options: { readonly domain?: string }, command) =>
      withAdmin(command, terminal, async (call) => {
        const domain = options.domain === undefined ? '' : `&domain=${segment(options.domain)}`
        showPersons(call, (await call.admin.get(`/patients?id=${segment(id)}${domain}`)).body)
      }),
    )
  registerSearch(group, terminal)
  registerPersonViews(group, terminal)
  registerPersonChanges(group, terminal)
  registerSupportStop(group, terminal)
  registerSheet(group, terminal)
  registerCorrelations(group, terminal)
}

function requireName(options: DemographicsOptions) {
  const demographics = demographicsOf(options)
  if (demographics.names.length === 0) throw new UsageError('a person needs a name: --name-kanji "架空 太郎"')
  return demographics
}

/** One line an identifier: a person is their numbers. */
function showPersons({ context }: AdminCall, body: unknown): void {
  const { terminal, format } = context
  if (format === 'json') {
    terminal.out(toJson(body ?? null))
    return
  }
  const rows = rowsOf(body).flatMap((person) =>
    rowsOf(person.identifiers).map((identifier) => ({ xad: textOf(person.xad), ...identified(identifier) })),
  )
  const columns = (['xad', 'domain', 'value', 'status'] as const).map((member) => ({
    title: member,
    value: (row: (typeof rows)[number]) => row[member],
  }))
  terminal.out(rows.length === 0 ? 'nobody has this id / 該当する患者はいません\n' : formatTable(rows, columns))
}

/** Identifiers travel flat (`domain`, `value`) or with the id as its own object. */
function identified(identifier: Json): Readonly<Record<'domain' | 'value' | 'status', string>> {
  const id = isObject(identifier.id) ? identifier.id : identifier
  return {
    domain: textOf(id.domain) || textOf(id.authority),
    value: textOf(id.value) || textOf(id.id),
    status: textOf(identifier.status),
  }
}
