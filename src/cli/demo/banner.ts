// What "tsunagi demo" prints when the doors are open: three commands to paste, and one that finds nothing on purpose.

import { relative } from 'node:path'
import { httpsUrlOf, pkiDirectory } from '../context.ts'
import { ER7_TYPE } from '../push.ts'
import { localAddresses, type RunningServer } from '../running-server.ts'
import type { LoadedTour } from './load.ts'
import { messagePath } from './network.ts'

/** Paths are those of the effective data directory, as seen from `cwd`, where the commands will be pasted. */
export function writeBanner(server: RunningServer, tour: LoadedTour, cwd: string): string {
  const { push, viewer, stranger, xad, documentUniqueId } = tour
  const tsunagi = (command: string): string => `npx tsunagi ${command}${settingsOf(server, cwd)}`
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
  const { config, httpsPort, managementPort } = server
  const dataDir = shown(config.dataDir, cwd)
  const { httpsUrl } = localAddresses(server)
  return [
    dataDir === 'var' ? '' : ` --data-dir ${shell(dataDir)}`,
    managementPort === DEFAULT_MANAGEMENT_PORT ? '' : ` --set management.port=${managementPort}`,
    httpsPort === DEFAULT_HTTPS_PORT && httpsUrlOf(config) === httpsUrl ? '' : ` --url ${httpsUrl}`,
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
