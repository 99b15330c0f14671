// Every admin route with who may call it: a new route without a decision about that fails here (idlink A-7, A-8, R-4).

import { Registry } from 'prom-client'
import t from 'tap'
import { createManagement } from '../../src/http/management.ts'
import { STAFF_ROLES } from '../../src/model/user.ts'
import { noPorts } from './no-ports.ts'

/**
 * `own …`: of the facility whose staff asks, everything else is as if it were not there. `anyone` has shown who they are; `public` is for
 * those who are about to. What staff of a facility get of /staff, /systems, /usage, /held and /quarantine is of that facility too.
 */
const ROUTES: Readonly<Record<string, string>> = {
  'POST /access/explain': 'network-operator facility-administrator',
  'POST /access/simulate': 'network-operator',
  'GET /agreements': 'network-operator auditor',
  'POST /agreements': 'network-operator',
  'POST /agreements/{id}/end': 'network-operator',
  'GET /audit/claims': 'auditor facility-administrator',
  'GET /audit/content-references': 'auditor facility-administrator',
  'GET /audit/events': 'auditor facility-administrator',
  'GET /audit/events/{id}': 'auditor facility-administrator',
  'GET /audit/who-saw': 'auditor facility-administrator',
  'GET /audit/export': 'auditor',
  'GET /audit/key': 'anyone',
  'GET /audit/months': 'network-operator auditor',
  'POST /audit/months/{month}/drop': 'network-operator',
  'GET /calendar/{patient}': 'clinician',
  'GET /audit/targets': 'network-operator auditor',
  'POST /audit/targets': 'network-operator',
  'DELETE /audit/targets/{name}': 'network-operator',
  'PATCH /audit/targets/{name}': 'network-operator',
  'POST /audit/targets/{name}/resend': 'network-operator',
  'GET /certificates': 'network-operator auditor facility-administrator',
  'GET /certificates/expiring': 'network-operator auditor facility-administrator',
  'GET /certificates/{fingerprint}': 'network-operator auditor facility-administrator (own certificate)',
  'PATCH /certificates/{fingerprint}': 'network-operator facility-administrator (own certificate)',
  'POST /certificates/{fingerprint}/confirmation': 'network-operator',
  'POST /certificates/{fingerprint}/renewal': 'network-operator',
  'PATCH /consents/{id}': 'network-operator registrar (own consent)',
  'POST /consents/{id}/withdraw': 'network-operator registrar (own consent)',
  'GET /discovery-questions': 'network-operator',
  'GET /documents/{uniqueId}/bytes': 'clinician',
  'GET /documents/{uniqueId}/content': 'clinician',
  'GET /documents/{uniqueId}/page': 'clinician',
  'GET /documents/{uniqueId}/text': 'clinician',
  'GET /domains': 'network-operator',
  'GET /emergency': 'clinician facility-administrator registrar network-operator auditor',
  'POST /emergency': 'clinician',
  'PUT /emergency/assertions/{facility}': 'network-operator',
  'GET /emergency/counts': 'network-operator auditor',
  'GET /emergency/disasters': 'network-operator auditor facility-administrator registrar clinician',
  'POST /emergency/disasters': 'network-operator',
  'POST /emergency/disasters/{id}/end': 'network-operator',
  'GET /emergency/notices': 'facility-administrator',
  'POST /emergency/notices/{id}/acknowledge': 'facility-administrator',
  'GET /emergency/report': 'facility-administrator network-operator auditor',
  'GET /emergency/{id}': 'clinician facility-administrator registrar network-operator auditor',
  'POST /emergency/{id}/contacted': 'clinician facility-administrator registrar',
  'POST /emergency/{id}/end': 'clinician facility-administrator registrar network-operator',
  'POST /emergency/{id}/review': 'network-operator',
  'GET /facilities': 'network-operator auditor facility-administrator registrar',
  'POST /facilities': 'network-operator',
  'GET /facilities/{id}': 'network-operator auditor facility-administrator registrar',
  'PATCH /facilities/{id}': 'network-operator',
  'DELETE /facilities/{id}/audience': 'network-operator facility-administrator',
  'GET /facilities/{id}/audience': 'network-operator facility-administrator auditor',
  'PUT /facilities/{id}/audience': 'network-operator facility-administrator',
  'GET /facilities/{id}/contract': 'network-operator auditor facility-administrator (own facility)',
  'PATCH /facilities/{id}/contract': 'network-operator',
  'GET /facilities/{id}/counts': 'network-operator auditor facility-administrator (own facility)',
  'GET /facilities/{id}/idle-minutes': 'network-operator auditor facility-administrator (own facility)',
  'PUT /facilities/{id}/idle-minutes': 'network-operator facility-administrator (own facility)',
  'GET /facilities/{id}/ledger': 'network-operator facility-administrator (own facility)',
  'PATCH /facilities/{id}/profile': 'network-operator',
  'GET /facilities/{id}/revisions': 'network-operator auditor facility-administrator (own facility)',
  'DELETE /facilities/{id}/rights': 'network-operator facility-administrator',
  'GET /facilities/{id}/rights': 'network-operator facility-administrator auditor',
  'PUT /facilities/{id}/rights': 'network-operator facility-administrator',
  'GET /facilities/{id}/ssmix': 'facility-administrator (own facility)',
  'GET /facilities/{id}/statuses': 'network-operator auditor facility-administrator (own facility)',
  'GET /held': 'network-operator registrar',
  'GET /held/{id}': 'network-operator registrar',
  'POST /held/{id}/drop': 'network-operator registrar',
  'POST /held/{id}/release': 'network-operator registrar',
  'GET /invitations': 'network-operator auditor',
  'POST /invitations': 'network-operator',
  'GET /invitations/{id}': 'network-operator auditor',
  'POST /invitations/{id}/withdraw': 'network-operator',
  'GET /issuers': 'network-operator',
  'POST /issuers': 'network-operator',
  'DELETE /issuers/{id}': 'network-operator',
  'GET /issuers/{id}': 'network-operator',
  'PATCH /issuers/{id}': 'network-operator',
  'POST /issuers/{id}/certificates': 'network-operator',
  'DELETE /issuers/{id}/certificates/{fingerprint}': 'network-operator',
  'DELETE /issuers/{id}/staff': 'network-operator',
  'GET /issuers/{id}/staff': 'network-operator',
  'POST /issuers/{id}/staff': 'network-operator',
  'GET /journal': 'network-operator auditor facility-administrator',
  'GET /journal/{id}': 'network-operator auditor facility-administrator',
  'POST /journal/{id}/replay': 'network-operator facility-administrator',
  'POST /login': 'public',
  'POST /logout': 'anyone',
  'POST /matches': 'network-operator',
  'GET /matching': 'network-operator',
  'GET /matching/check': 'network-operator',
  'GET /matching/models': 'network-operator',
  'POST /matching/models': 'network-operator',
  'POST /matching/models/{version}/activate': 'network-operator',
  'GET /matching/models/{version}/comparison': 'network-operator',
  'GET /me': 'anyone',
  'POST /me/password': 'anyone',
  'POST /me/second-factor': 'anyone',
  'POST /me/second-factor/confirm': 'anyone',
  'GET /merges': 'network-operator auditor',
  'POST /merges/{id}/undo': 'network-operator',
  'GET /network': 'anyone',
  'GET /notifications': 'network-operator auditor',
  'POST /notifications/{id}/retry': 'network-operator',
  'POST /notifications/{id}/skip': 'network-operator',
  'GET /partners': 'network-operator auditor',
  'POST /partners': 'network-operator',
  'GET /partners/{id}': 'network-operator auditor',
  'PATCH /partners/{id}': 'network-operator',
  'DELETE /partners/{id}': 'network-operator',
  'POST /partners/{id}/discover': 'network-operator',
  'GET /partners/{id}/revisions': 'network-operator auditor',
  'GET /partners/{id}/synchronisation': 'network-operator auditor',
  'POST /partners/{id}/synchronisation/resume': 'network-operator',
  'POST /partners/{id}/test': 'network-operator',
  'GET /partners/{id}/tolerances': 'network-operator auditor',
  'POST /partners/{id}/tolerances': 'network-operator',
  'DELETE /partners/{id}/tolerances/{tolerance}': 'network-operator',
  'GET /repositories': 'network-operator auditor',
  'POST /repositories': 'network-operator',
  'PATCH /repositories/{id}': 'network-operator',
  'DELETE /repositories/{id}': 'network-operator',
  'GET /repositories/{id}/revisions': 'network-operator auditor',
  'GET /patients': 'network-operator registrar',
  'POST /patients': 'network-operator registrar',
  'POST /patients/by-sheet': 'network-operator registrar',
  'GET /patients/export': 'network-operator',
  'POST /patients/import': 'network-operator',
  'GET /patients/search': 'network-operator registrar',
  'GET /patients/{xad}': 'network-operator registrar (own patient)',
  'GET /patients/{xad}/consents': 'network-operator registrar (own patient)',
  'POST /patients/{xad}/consents': 'network-operator registrar (own patient)',
  'GET /patients/{xad}/correlations': 'network-operator auditor',
  'GET /patients/{xad}/history': 'network-operator registrar (own patient)',
  'POST /patients/{xad}/links': 'network-operator registrar',
  'DELETE /patients/{xad}/links/{facilityId}/{id}': 'network-operator registrar',
  'POST /patients/{xad}/merge': 'network-operator',
  'GET /patients/{xad}/merges': 'network-operator auditor',
  'POST /patients/{xad}/resume-support': 'network-operator',
  'GET /patients/{xad}/sheet': 'network-operator registrar (own patient)',
  'POST /patients/{xad}/split': 'network-operator',
  'POST /patients/{xad}/stop-support': 'network-operator registrar (own patient)',
  'GET /patients/{xad}/support-stops': 'network-operator registrar (own patient)',
  'GET /quarantine': 'network-operator registrar',
  'GET /quarantine/{id}': 'network-operator registrar',
  'POST /quarantine/{id}/drop': 'network-operator registrar',
  'POST /quarantine/{id}/release': 'network-operator registrar',
  'GET /reviews': 'network-operator',
  'GET /reviews/counts': 'network-operator',
  'GET /reviews/{id}': 'network-operator',
  'POST /reviews/{id}/answer': 'network-operator',
  'DELETE /reviews/{id}/claim': 'network-operator',
  'POST /reviews/{id}/claim': 'network-operator',
  'DELETE /rights': 'network-operator',
  'GET /rights': 'network-operator auditor',
  'PUT /rights': 'network-operator',
  'GET /service-contracts': 'network-operator auditor',
  'POST /service-contracts': 'network-operator',
  'POST /service-contracts/{id}/end': 'network-operator',
  'POST /service-contracts/{id}/facilities': 'network-operator',
  'GET /settings/{name}': 'network-operator',
  'PUT /settings/{name}': 'network-operator',
  'GET /staff': 'network-operator auditor facility-administrator',
  'POST /staff': 'network-operator facility-administrator',
  'GET /staff/{id}': 'network-operator auditor facility-administrator',
  'PATCH /staff/{id}': 'network-operator facility-administrator',
  'POST /staff/{id}/access-code': 'network-operator facility-administrator',
  'POST /staff/{id}/end': 'network-operator facility-administrator',
  'GET /staff/{id}/history': 'network-operator auditor facility-administrator',
  'POST /staff/{id}/resume': 'network-operator facility-administrator',
  'POST /staff/{id}/suspend': 'network-operator facility-administrator',
  'POST /staff/{id}/unlock': 'network-operator facility-administrator',
  'GET /subscriptions': 'network-operator auditor',
  'POST /subscriptions': 'network-operator',
  'DELETE /subscriptions/{id}': 'network-operator',
  'GET /subscriptions/{id}': 'network-operator auditor',
  'PATCH /subscriptions/{id}': 'network-operator',
  'GET /systems': 'network-operator auditor facility-administrator',
  'POST /systems': 'network-operator',
  'GET /systems/{id}': 'network-operator auditor facility-administrator (own system)',
  'PATCH /systems/{id}': 'network-operator',
  'PUT /systems/{id}/assertions': 'network-operator',
  'GET /systems/{id}/certificates': 'network-operator auditor facility-administrator (own system)',
  'POST /systems/{id}/certificates': 'network-operator',
  'POST /systems/{id}/certificates/requests': 'network-operator',
  'GET /systems/{id}/checklist': 'network-operator auditor facility-administrator (own system)',
  'POST /systems/{id}/pkcs12': 'network-operator',
  'GET /systems/{id}/revisions': 'network-operator auditor facility-administrator (own system)',
  'PUT /systems/{id}/rules': 'network-operator',
  'GET /systems/{id}/tolerances': 'network-operator auditor facility-administrator (own system)',
  'GET /trust-anchors': 'network-operator',
  'POST /trust-anchors': 'network-operator',
  'DELETE /trust-anchors/{label}': 'network-operator',
  'GET /unions': 'network-operator auditor facility-administrator registrar',
  'POST /unions': 'network-operator',
  'PATCH /unions/{id}': 'network-operator',
  'PUT /unions/{id}/emergency-confidentiality': 'network-operator',
  'POST /unions/{id}/end': 'network-operator',
  'POST /unions/{id}/members': 'network-operator',
  'DELETE /unions/{id}/members/{facilityId}': 'network-operator',
  'GET /unions/{id}/revisions': 'network-operator auditor',
  'GET /usage': 'network-operator auditor facility-administrator',
}

/** Content of documents and what is made of it: for clinicians, and for nobody who is none. */
const CLINICAL = /^GET \/(calendar|documents)\//

interface Operation {
  readonly 'x-roles': readonly string[] | string
  readonly 'x-own'?: string
}

async function operations(t: { readonly teardown: (end: () => Promise<void>) => void }) {
  const silent = { info: () => {}, warn: () => {}, error: () => {} }
  const admin = noPorts({ token: 'token', log: silent })
  const management = await createManagement({ metrics: new Registry(), checks: async () => ({}), admin })
  t.teardown(() => management.close())
  const port = await management.listen(0, '127.0.0.1')
  const url = `http://127.0.0.1:${port}/admin/v1/openapi.json`
  const response = await fetch(url, { headers: { authorization: 'Bearer token' } })
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, Operation>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path.replace('/admin/v1', '')}`,
      operation,
    })),
  )
}

const all = await operations(t)

t.test('every route is in the table, with the roles it asks for', async (t) => {
  const found = all.map(({ route, operation }) => {
    const own = operation['x-own']
    return [route, `${[operation['x-roles']].flat().join(' ')}${own === undefined ? '' : ` (own ${own})`}`]
  })
  t.strictSame(Object.fromEntries(found.sort()), Object.fromEntries(Object.entries(ROUTES).sort()))
})

t.test('roles are those that persons can have', async (t) => {
  for (const { route, operation } of all) {
    const { 'x-roles': roles } = operation
    if (typeof roles === 'string') t.ok(['anyone', 'public'].includes(roles), route)
    else for (const role of roles) t.ok((STAFF_ROLES as readonly string[]).includes(role), `${route} ${role}`)
  }
})

t.test('clinical content is for clinicians alone, and they administer nothing (idlink A-8)', async (t) => {
  for (const { route, operation } of all) {
    const isForClinicians = [operation['x-roles']].flat().includes('clinician')
    if (CLINICAL.test(route)) t.strictSame(operation['x-roles'], ['clinician'], route)
    else if (isForClinicians)
      t.match(route, /^(GET|POST) \/emergency/, `${route}: emergency access is a clinician’s act`)
  }
})

t.test('nothing but logging on is open to strangers; an auditor changes nothing', async (t) => {
  t.strictSame(
    all.filter(({ operation }) => operation['x-roles'] === 'public').map(({ route }) => route),
    ['POST /login'],
  )
  for (const { route, operation } of all)
    if ([operation['x-roles']].flat().includes('auditor')) t.match(route, /^GET /, route)
})
