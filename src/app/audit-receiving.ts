// Composition root: audit records of other systems, from the door to the rows (ITI TF-2 3.20, Audit Record Repository).

import { isUtf8 } from 'node:buffer'
import { iheError } from '../../profiles/errors/index.ts'
import type { RecordOrigin } from '../audit/event.ts'
import { type ReceivedEvent, receivedEvent } from '../audit/received.ts'
import { readAuditMessage } from '../codec/atna/read.ts'
import { readSyslog, type SyslogHeader } from '../codec/syslog/message.ts'
import { keepReceived } from '../db/audit/received.ts'
import type { DoorPorts } from '../http/door.ts'
import { createSyslogDoor, type SyslogDoor } from '../http/syslog-door.ts'
import type { CallingSystem, Exchange } from '../model/caller.ts'
import type { Given } from './actor-ports.ts'
import type { Doors } from './doors.ts'

/** Undefined when no port is set: then nothing listens. */
export function openAuditReceiver(given: Given, doors: Doors, ports: DoorPorts): SyslogDoor | undefined {
  const { config, pool } = given
  if (config.audit.receiver.port === undefined) return undefined
  return createSyslogDoor({
    ...doors.shared,
    ports,
    tls: doors.tlsOf('syslog'),
    limits: config.limits,
    read: readRecord,
    keep: (records) => keepReceived(pool, records),
  })
}

function readRecord(message: Buffer, exchange: Exchange, system: CallingSystem): ReceivedEvent {
  const { content, ...header } = readSyslog(message)
  const xml = textOf(content)
  const { uuid, eventId, eventTypes, action, outcome, objects } = readAuditMessage(xml)
  const record = {
    ...(uuid === undefined ? {} : { uuid }),
    eventCode: eventId.code,
    typeCode: eventTypes[0]?.code ?? '',
    action,
    outcome,
    objects,
  }
  return receivedEvent({ record, origin: originOf(header), xml: oneLine(xml) }, exchange, system)
}

function originOf({ hostName, appName, processId, at }: SyslogHeader): RecordOrigin {
  return {
    ...(hostName === undefined ? {} : { hostName }),
    ...(appName === undefined ? {} : { appName }),
    ...(processId === undefined ? {} : { processId }),
    ...(at === undefined ? {} : { at: at.toISOString() }),
  }
}

/** As it came, but for line ends, which a syslog message that is sent on must not hold; XML reads them as spaces all the same. */
function oneLine(xml: string): string {
  return xml.replaceAll(/[\r\n]+/g, ' ').trim()
}

function textOf(content: Buffer): string {
  if (isUtf8(content)) return content.toString('utf8')
  throw iheError('SYSLOG_MESSAGE', { at: 'MSG', rule: 'RFC 5424, 6.4: UTF-8' })
}
