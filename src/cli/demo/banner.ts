// What "tsunagi demo" prints when the doors are open: three commands to paste, and one that finds nothing on purpose.

import { relative } from 'node:path'
import { httpsUrlOf, pkiDirectory } from '../context.ts'
import { ER7_TYPE } from '../push.ts'
import { localAddresses, type RunningServer } from '../running-server.ts'
import type { LoadedTour } from './load.ts'
import { messagePath } from './network.ts'
import { loginFile } from './people.ts'

/** Paths are those of the effective data directory, as seen from `cwd`, where the commands will be pasted. */
export function writeBanner(server: RunningServer, tour: LoadedTour, cwd: string): string {
  const { push, viewer, stranger, xad, documentUniqueId } = tour
  const tsunagi = (command: string): string => `npx tsunagi ${command}${settingsOf(server, cwd)}`
  const admin = (command: string): string => `npx tsunagi ${command}${managementSettingsOf(server, cwd)}`
  const lines = [
    '',
    '1. Push a laboratory result as the hospital / 病院から検査結果を送る',
    `   ${curl(server, push, cwd)}`,
    '',
    '2. Look from the clinic / 診療所から見る',
    `   ${tsunagi(`pix --as ${viewer.systemId} --id ${shell(viewer.id)}`)}`,
    `   ${tsunagi(`query --as ${viewer.systemId} --patient ${shell(xad)}`)}`,
    '',
    '3. Fetch the document, byte for byte or readable / 文書を取得する',
    `   ${tsunagi(`retrieve --as ${viewer.systemId} ${shell(documentUniqueId)} --decode`)}`,
    '',
    '4. Log on as the doctor of the clinic and look at the calendar / 診療所の医師としてログインし、カレンダを見る',
    `   ${admin(`login --user ${viewer.staffId} --password-file ${shell(shown(loginFile(server.config, viewer.staffId), cwd))}`)}`,
    `   ${admin(`calendar ${shell(xad)} --from 2026-01-01 --to 2026-12-31`)}`,
    `   ${admin(`document show ${shell(documentUniqueId)}`)}`,
    '',
    `${stranger.systemId} has not linked a number of this patient and finds nothing / 名寄せのない薬局には見えません`,
    `   ${tsunagi(`query --as ${stranger.systemId} --patient ${shell(xad)}`)}`,
    '',
    `Management / 管理: ${localAddresses(server).managementUrl}`,
    '',
  ]
  return `${lines.join('\n')}\n`
}

function curl(server: RunningServer, push: LoadedTour['push'], cwd: string): string {
  const pki = pkiDirectory(server.config)
  const path = (name: string): string => shell(shown(`${pki}/${name}`, cwd))
  const client = `clients/${push.systemId}`
  return [
    'curl -sS',
    `--cacert ${path('ca.crt')} --cert ${path(`${client}.crt`)} --key ${path(`${client}.key`)}`,
    `-H ${shell(`Content-Type: ${ER7_TYPE}`)}`,
    `--data-binary ${shell(`@${shown(messagePath(push.file), cwd)}`)}`,
    `${localAddresses(server).httpsUrl}/storeclient | tr '\\r' '\\n'`,
  ].join(' ')
}

/** Options that the pasted command needs to find this server; none for the defaults, or what tsunagi.yaml says already. */
function settingsOf(server: RunningServer, cwd: string): string {
  const { config, httpsPort } = server
  const { httpsUrl } = localAddresses(server)
  const isUsual = httpsPort === DEFAULT_HTTPS_PORT && httpsUrlOf(config) === httpsUrl
  return `${managementSettingsOf(server, cwd)}${isUsual ? '' : ` --url ${httpsUrl}`}`
}

/** Those of a command that talks to the admin API only. */
function managementSettingsOf({ config, managementPort }: RunningServer, cwd: string): string {
  const dataDir = shown(config.dataDir, cwd)
  return [
    dataDir === 'var' ? '' : ` --data-dir ${shell(dataDir)}`,
    managementPort === DEFAULT_MANAGEMENT_PORT ? '' : ` --set management.port=${managementPort}`,
  ].join('')
}

const DEFAULT_HTTPS_PORT = 8443
const DEFAULT_MANAGEMENT_PORT = 8080

/** Relative where that is shorter. */
function shown(path: string, cwd: string): string {
  const short = relative(cwd, path)
  return short === '' || short.startsWith('..') ? path : short
}

/** A word of a POSIX shell. */
export function shell(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
