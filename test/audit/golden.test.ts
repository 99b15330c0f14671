// Kept events and the messages of ITI-20 made of them, one folder a transaction, role and outcome (ITI TF-2 3.20; DICOM PS3.15 A.5).

import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { auditRows, clientAuditRows } from '../../profiles/transactions/index.ts'
import { auditMessages } from '../../src/audit/message.ts'
import type { StoredEvent } from '../../src/audit/stored-event.ts'
import { readAuditMessage } from '../../src/codec/atna/read.ts'
import { writeAuditMessage } from '../../src/codec/atna/write.ts'
import type { XmlElement } from '../../src/codec/xml/element.ts'
import { readXml } from '../../src/codec/xml/read.ts'
import { attribute, children, deviations, TYPES } from './atna-table.ts'
import { SOURCE } from './rendered.ts'

const ROOT = new URL('../../fixtures/atna/', import.meta.url)

const cases = readdirSync(ROOT)

function eventsOf(name: string): readonly StoredEvent[] {
  const rows: readonly (StoredEvent & { readonly at: string })[] = JSON.parse(
    readFileSync(new URL(`${name}/event.json`, ROOT), 'utf8'),
  )
  return rows.map((row) => ({ ...row, at: new Date(row.at) }))
}

function goldenOf(name: string): readonly XmlElement[] {
  const place = (file: string): number => Number(/\d+/.exec(file)?.[0] ?? 1)
  const files = readdirSync(new URL(`${name}/`, ROOT)).filter((file) => file.endsWith('.xml'))
  return files
    .sort((a, b) => place(a) - place(b))
    .map((file) => readXml(readFileSync(new URL(`${name}/${file}`, ROOT))))
}

/** Without the white space that makes a golden message readable. */
function canonical(element: XmlElement): unknown {
  const inner = children(element)
  return [element.name, [...element.attributes], inner.length === 0 ? element.children.join('') : inner.map(canonical)]
}

for (const name of cases) {
  t.test(`${name}: its messages, and all their fields by the tables (ITI TF-2 3.20.4.1)`, async (t) => {
    const messages = eventsOf(name).flatMap((event) => auditMessages(event, SOURCE))
    const written = messages.map((message) => readXml(Buffer.from(writeAuditMessage(message))))
    const golden = goldenOf(name)
    t.same(written.map(canonical), golden.map(canonical))
    for (const message of golden) t.same(deviations(message), [])
    for (const message of messages) t.same(readAuditMessage(writeAuditMessage(message)), message)
    t.equal(new Set(messages.map(({ uuid }) => uuid)).size, messages.length, 'a UUID each')
  })
}

t.test('every transaction and every type of event has its golden messages', async (t) => {
  const rendered = cases.flatMap(goldenOf).map((message) => {
    const [event] = children(message)
    if (event === undefined) throw new Error('a golden message without event')
    const [id, type] = children(event).map((one) => attribute(one, 'csd-code'))
    return { id, type: children(event)[1]?.name === 'EventTypeCode' ? type : '' }
  })
  const types = new Set(rendered.flatMap(({ id, type }) => [type, `${type} ${id}`]))
  const offered = [...auditRows.values(), ...clientAuditRows.values()].map(
    ({ typeCode, eventId }) => `${typeCode} ${eventId}`,
  )
  t.same(
    [...new Set(offered)].filter((one) => !types.has(one)),
    [],
    'transactions',
  )
  t.same(
    TYPES.filter((one) => !types.has(one)),
    [],
    'rows of the table',
  )
})

t.test('each transaction is golden in success and in failure', async (t) => {
  const outcomes = new Map<string, Set<string>>()
  for (const message of cases.flatMap(goldenOf)) {
    const [event] = children(message)
    const type = event === undefined ? undefined : children(event).find((one) => one.name === 'EventTypeCode')
    if (event === undefined || type === undefined || attribute(type, 'codeSystemName') === 'DCM') continue
    const key = attribute(type, 'csd-code')
    outcomes.set(key, (outcomes.get(key) ?? new Set()).add(attribute(event, 'EventOutcomeIndicator')))
  }
  const transactions = new Set([...auditRows.values()].map(({ typeCode }) => typeCode))
  // What staff read has no failure: who may not see it finds nothing.
  for (const key of ['calendar', 'clinical-content']) transactions.delete(key)
  for (const key of transactions) t.ok(outcomes.get(key)?.has('0') && outcomes.get(key)?.has('8'), key)
})

t.test('the same event gives the same messages, whoever asks for them again', async (t) => {
  for (const event of cases.flatMap(eventsOf)) {
    const [once, again] = [auditMessages(event, SOURCE), auditMessages(event, { ...SOURCE, pid: 1 })]
    t.same(
      once.map(({ uuid }) => uuid),
      again.map(({ uuid }) => uuid),
    )
    t.equal(once[0]?.uuid, event.eventUuid)
  }
})

t.test('why something was refused stays inside, and so does what staff typed (ITI TF-2 3.20.4.1)', async (t) => {
  for (const event of cases.flatMap(eventsOf)) {
    const said = auditMessages(event, SOURCE).map(writeAuditMessage).join('')
    const plain = said.replaceAll(/value="([^"]*)"/g, (_, value: string) => Buffer.from(value, 'base64').toString())
    const { reason, objects } = event
    if (reason !== undefined && objects.alert?.includes(reason) !== true) t.notOk(plain.includes(reason), reason)
  }
})
