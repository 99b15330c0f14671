// What "tsunagi demo federation" prints when both communities run: what it saw itself, and commands to paste.

import { relative } from 'node:path'
import { localAddresses } from '../../running-server.ts'
import { shell } from '../banner.ts'
import { messagePath } from '../network.ts'
import { consentOf, type Member } from './introduce.ts'
import type { Seen } from './look.ts'
import { communityOf } from './side.ts'

export interface Told {
  readonly west: Member
  readonly east: Member
  /** Systems of the west: one that has linked the patient, one that has not. */
  readonly viewer: string
  readonly stranger: string
  readonly seen: Seen
  /** Where the commands will be pasted. */
  readonly cwd: string
}

export async function writeGuide(told: Told): Promise<string> {
  const { west, east, viewer, stranger, cwd } = told
  const path = (file: string): string => {
    const short = relative(cwd, file)
    return shell(short === '' || short.startsWith('..') ? file : short)
  }
  const at = (member: Member, command: string): string =>
    `   npx tsunagi ${command} --config ${path(member.side.configFile)}`
  const patient = shell(west.xad)
  const all = at(west, `query --as ${viewer} --patient ${patient} --neighbours`)
  const { push } = east.run.network.tour
  const consent = await consentOf(east)
  const change = consent === undefined ? undefined : `consent change ${shell(consent)} --reason demo`
  const lines = [
    '',
    ...[west, east].map(describe),
    '',
    ...summary(told),
    '',
    '1. What the west has itself, and what it has together with the east / 西だけの文書と、東も含めた文書',
    at(west, `query --as ${viewer} --patient ${patient}`),
    all,
    ...fetching(told).map((command) => at(west, command)),
    '',
    '2. A further result is pushed in the east; look again from the west / 東で検査結果を追加し、西から見る',
    at(east, `push ${path(messagePath(push.file))} --as ${push.systemId}`),
    all,
    '',
    `3. ${stranger} has not linked the patient: it sees nothing, and the east is not even asked / 名寄せのない薬局には見えません`,
    at(west, `query --as ${stranger} --patient ${patient} --neighbours`),
    '',
    '4. Both sides know of every call / 両側に記録が残ります',
    at(west, `partner show ${east.side.facilityId}`),
    at(west, `journal search --facility ${east.side.facilityId}`),
    at(east, `journal search --facility ${west.side.facilityId}`),
    '',
    ...(change === undefined
      ? []
      : [
          '5. The patient shares with neighbours no more, then again / 本人が他地域との共有をやめ、また認める',
          at(east, `${change} --no-share-communities`),
          all,
          at(east, `${change} --share-communities`),
          '',
        ]),
    'Ctrl-C ends both / 終了は Ctrl-C',
    '',
  ]
  return `${lines.join('\n')}\n`
}

function describe({ side, run }: Member): string {
  const { httpsUrl, managementUrl } = localAddresses(run.server)
  return `${side.name}: ${side.title}  ${httpsUrl}  management ${managementUrl}  community ${communityOf(side)}`
}

function summary({ viewer, east, seen }: Told): readonly string[] {
  const { own, theirs, fetched } = seen
  const found = `Asked by ${viewer} of the west: documents of its own network ${own}, of the east ${theirs}`
  if (fetched === undefined) return [`${found} / ${east.side.title}の文書は見えませんでした`]
  const { title = '', uniqueId, bytes } = fetched
  return [found, `Fetched from the east: ${title} ${uniqueId}, ${bytes} bytes / 東の文書を取得しました`]
}

function fetching({ viewer, east, seen: { fetched } }: Told): readonly string[] {
  if (fetched?.repositoryUniqueId === undefined) return []
  const { uniqueId, repositoryUniqueId } = fetched
  const place = `--home ${communityOf(east.side)} --repository ${repositoryUniqueId}`
  return [`retrieve --as ${viewer} ${shell(uniqueId)} ${place} --decode`]
}
