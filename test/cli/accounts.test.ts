// tsunagi login, account and staff against a real admin API: prompts without echo, files, sessions (idlink A-7, S-2 to S-5).

import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { main } from '../../src/cli/main.ts'
import { openAdministration, TOKEN } from '../http/administration.ts'
import { amidStep, codeOf, newPassword } from '../http/persons.ts'

t.setTimeout(120_000)

const { url, pool, config, call } = await openAdministration(t)
const { dataDir } = config
await mkdir(join(dataDir, 'config'), { recursive: true })
await writeFile(join(dataDir, 'config', 'admin-token'), `${TOKEN}\n`, { mode: 0o600 })
for (const [index, facilityId] of ['clinic-a', 'clinic-b'].entries()) {
  const patientDomain = { oid: `2.25.200${index}`, name: facilityId.toUpperCase() }
  await call('POST', '/facilities', {
    facilityId,
    oid: `2.25.100${index}`,
    name: facilityId,
    kind: 'viewing',
    patientDomain,
  })
}

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** What is typed at each prompt, or made of what was shown until then. */
type Typed = readonly (string | ((shown: string) => string))[]

/** One shell of one person, whose home directory is `shell`. */
function shellOf(shell: string) {
  return async (argv: readonly string[], typed: Typed = [], input?: string): Promise<Ran> => {
    let [out, err] = ['', '']
    const left = [...typed]
    const settings = ['--data-dir', dataDir, '--set', `management.port=${new URL(url).port}`]
    const code = await main([...argv, ...settings], {
      out: (data) => {
        out += String(data)
      },
      err: (text) => {
        err += text
      },
      ...(typed.length === 0
        ? {}
        : {
            ask: async () => {
              const next = left.shift()
              if (next === undefined) throw new Error('one question too many')
              return typeof next === 'string' ? next : next(out)
            },
          }),
      ...(input === undefined ? {} : { input: async () => input }),
      env: { HOME: join(dataDir, shell) },
      cwd: dataDir,
    })
    return { code, out, err }
  }
}

const sessionFile = (shell: string): string => join(dataDir, shell, '.local', 'state', 'tsunagi', 'session.json')
const administrator = shellOf('administrator')
const doctor = shellOf('doctor')
let secret = ''
const doctorsPassword = newPassword()

t.beforeEach(() => pool.query('delete from access.login_guard'))

t.test(
  'the host enters the administrator of a facility, who sets password and authenticator at the prompt',
  async (t) => {
    const entry = [
      'staff',
      'add',
      'admin-a',
      '--facility',
      'clinic-a',
      '--name',
      '管理 太郎',
      '--roles',
      'facility-administrator',
    ]
    t.match(await administrator(entry), { code: 1, err: /"job" is required/ })
    const entered = await administrator([...entry, '--job', 'clerk', '--access-code'])
    t.match(entered, { code: 0, err: /本人に直接渡して/ })
    const accessCode = /^(\w{5}-){3}\w{5}$/m.exec(entered.out)?.[0] ?? ''
    t.match(await administrator(['login']), { code: 2, err: /--user/ }, 'nobody can be asked')
    t.match(await administrator(['login', '--user', 'admin-a']), { code: 2, err: /--password-file/ })
    t.match(await administrator(['login'], ['admin-a', 'wrong']), { code: 1, err: /LOGIN_REFUSED/ })
    const first = await administrator(['login'], ['admin-a', accessCode])
    t.match(first, { code: 0, err: /tsunagi account password[\s\S]*tsunagi account totp/ })
    t.match(await administrator(['staff', 'list', '--as-me']), { code: 1, err: /PASSWORD_CHANGE_REQUIRED/ })
    const password = newPassword()
    t.match(await administrator(['account', 'password'], [accessCode, password, 'another']), {
      code: 2,
      err: /not the same/,
    })
    t.match(await administrator(['account', 'password'], [accessCode, 'password12345', 'password12345']), {
      code: 1,
      err: /everybody tries/,
    })
    const set = await administrator(['account', 'password'], [accessCode, password, password])
    t.match(set, { code: 0 })
    await amidStep()
    const factor = await administrator(
      ['account', 'totp'],
      [
        (shown) => {
          secret = /^[A-Z2-7]{32}$/m.exec(shown)?.[0] ?? ''
          return codeOf(secret, -1)
        },
      ],
    )
    t.match(factor, { code: 0, out: /otpauth:\/\/totp\/Tsunagi:admin-a/ })
    t.equal(factor.out.match(/^\w{5}-\w{5}-\w{5}$/gm)?.length, 10, 'recovery codes')
    t.match(await administrator(['staff', 'list', '--as-me']), { code: 0, out: /admin-a/ })
    t.match(await administrator(['login'], ['admin-a', password, codeOf(secret)]), {
      code: 0,
      out: /^admin-a 管理 太郎 \(clerk\) of clinic-a clinic-a: facility-administrator$/m,
      err: /ほかの場所でもログイン中/,
    })
    for (const { out, err } of [entered, first, set, factor]) t.notMatch(out + err, password)
  },
)

t.test('the session is a file of mode 0600, for its server, and never shown', async (t) => {
  t.equal((await stat(sessionFile('administrator'))).mode & 0o777, 0o600)
  const saved = JSON.parse(await readFile(sessionFile('administrator'), 'utf8'))
  t.match(saved, { baseUrl: url.replace('127.0.0.1', '127.0.0.1'), staffId: 'admin-a' })
  t.notMatch((await administrator(['whoami', '--json'])).out, saved.session)
  await writeFile(sessionFile('administrator'), JSON.stringify({ ...saved, baseUrl: 'http://10.0.0.1:8080' }))
  t.match(await administrator(['whoami']), { code: 2, err: /session of http:\/\/10\.0\.0\.1/ })
  await writeFile(sessionFile('administrator'), '{')
  t.match(await administrator(['whoami']), { code: 2, err: /tsunagi login/ })
  await writeFile(sessionFile('administrator'), JSON.stringify(saved))
  t.match(await administrator(['whoami']), { code: 0 })
})

t.test('the administrator enters a doctor, who logs on by files', async (t) => {
  const entry = [
    'staff',
    'add',
    'doc-a',
    '--as-me',
    '--facility',
    'clinic-a',
    '--name',
    '医師 花子',
    '--kana',
    'イシ ハナコ',
  ]
  const more = ['--job', 'doctor', '--roles', 'clinician,registrar', '--ems', '--access-code']
  const entered = await administrator([...entry, ...more])
  t.match(entered, { code: 0 })
  const accessCode = /^(\w{5}-){3}\w{5}$/m.exec(entered.out)?.[0] ?? ''
  const file = join(dataDir, 'password')
  await writeFile(file, `${doctorsPassword}\n`)
  t.match(await doctor(['login', '--user', 'doc-a', '--password-file', '-'], [], `${accessCode}\n`), { code: 0 })
  const files = ['account', 'password', '--current-file', '-', '--password-file', file]
  t.match(await doctor(files, [], accessCode), { code: 0 })
  t.match(await doctor(['login', '--user', 'doc-a', '--password-file', file]), { code: 0, out: /clinician, registrar/ })
  t.match(await doctor(['login', '--user', 'doc-a', '--password-file', 'nowhere']), { code: 2, err: /nowhere/ })
  t.match(await doctor(['staff', 'list', '--as-me']), { code: 1, err: /ROLE_REQUIRED/ })
  t.match(await doctor(['account', 'totp']), { code: 0, err: /--code/, out: /^[A-Z2-7]{32}$/m })
})

t.test('changes, states, locks and idle minutes', async (t) => {
  const asMe = async (...argv: readonly string[]) => administrator([...argv, '--as-me'])
  t.match(await asMe('staff', 'change', 'doc-a', '--job', 'dentist', '--ems', 'no', '--reason', '訂正'), { code: 0 })
  t.match(await asMe('staff', 'change', 'doc-a', '--reason', 'x'), { code: 2 })
  t.match(await asMe('staff', 'show', 'doc-a'), {
    code: 0,
    out: /dentist[\s\S]*staff:admin-a: person doc-a changed: job, mayUseEms 訂正/,
  })
  t.match(await asMe('staff', 'suspend', 'doc-a', '--reason', '調査'), { code: 0 })
  t.match(await doctor(['whoami']), { code: 1, err: /SESSION_ENDED/ })
  t.match(await asMe('staff', 'resume', 'doc-a', '--reason', '完了'), { code: 0 })
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await doctor(['login', '--user', 'doc-a', '--password-file', '-'], [], 'wrong')
    await pool.query('update access.login_guard set blocked_until = null where failures > 0')
  }
  const file = join(dataDir, 'password')
  t.match(await doctor(['login', '--user', 'doc-a', '--password-file', file]), { code: 1, err: /LOGIN_WAIT/ })
  t.match(await asMe('account', 'unlock', 'doc-a', '--reason', '本人'), { code: 0 })
  t.match(await doctor(['login', '--user', 'doc-a', '--password-file', file]), { code: 0 })
  t.match(await asMe('account', 'reissue', 'doc-a', '--reason', '紛失', '--reset-second-factor'), {
    code: 0,
    out: /^\w{5}-/,
  })
  t.match(await doctor(['login', '--user', 'doc-a', '--password-file', file]), { code: 1, err: /LOGIN_REFUSED/ })
  t.match(await asMe('staff', 'idle', 'clinic-a', '5'), { code: 0 })
  t.match(await asMe('staff', 'idle', 'clinic-a'), { code: 0, out: /5 +facility/ })
  t.match(await asMe('staff', 'idle', 'clinic-a', '181'), { code: 1, err: /minutes 181/ })
  t.match(await asMe('staff', 'idle', 'clinic-a', 'network'), { code: 0 })
  t.match(await asMe('staff', 'idle', 'clinic-b', '5'), { code: 1, err: /NOT_FOUND/ })
  t.match(await asMe('staff', 'end', 'doc-a', '--reason', '退職'), { code: 0 })
  t.match(await asMe('staff', 'list'), { code: 0, out: /doc-a.*ended/ })
  t.match(await administrator(['logout']), { code: 0 })
  t.match(await administrator(['whoami']), { code: 2, err: /ログイン/ })
})
