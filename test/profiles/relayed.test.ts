// Errors of other servers under rows of our table (ITI TF-3 4.2.4.1).

import t from 'tap'
import { relayed } from '../../profiles/errors/index.ts'
import { SEVERITY_ERROR, SEVERITY_WARNING } from '../../src/model/xds.ts'

const of = (errorCode: string, severity = SEVERITY_ERROR) =>
  relayed({ errorCode, codeContext: 'as they said', severity })

t.test('a code that we have is the row with its meaning', async (t) => {
  t.equal(of('XDSUnknownCommunity').row.code, 'HOME_UNKNOWN')
  t.equal(of('XDSUnknownCommunity', SEVERITY_WARNING).row.severity, 'Warning')
})

t.test('a code that says nothing is no refusal of ours, such as that of a certificate', async (t) => {
  for (const code of ['XDSRegistryError', 'XDSRepositoryError', 'TheirOwnCode']) {
    t.equal(of(code).row.code, 'METADATA_INVALID')
    t.equal(of(code).row.ihe, code, 'passed on as it came')
  }
})

t.test('what is no code is not passed on as one', async (t) => {
  for (const words of ['', '患者 0000012345 はいません', 'X'.repeat(129)]) {
    const { row, relayed: told } = of(words)
    t.equal(row.ihe, 'XDSRegistryError')
    t.equal(told?.errorCode, 'XDSRegistryError')
  }
})
