// What is made of answers of neighbouring communities that are none (ITI TF-2 3.38.4.1.3; Appendix V.3).

import t from 'tap'
import { CALLER, startGateway } from './partner-gateway.ts'

const QUERY = '<query/>'

t.test('a page of a proxy is no answer, and ends nothing but this call', async (t) => {
  const { client, community, entries } = await startGateway(t, (_, response) => {
    response.writeHead(502, { 'content-type': 'text/html' }).end('<html></html>')
  })
  t.match(await client.ask(community, QUERY, CALLER), { kind: 'unavailable', reason: /CONTENT_TYPE/ })
  t.match(entries, [{ result: 'failure', facilityId: 'network-east' }])
})
