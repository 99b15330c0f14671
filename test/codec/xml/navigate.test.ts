// Navigation by expanded name (Namespaces in XML 1.0, 2.1).

import t from 'tap'
import {
  attributeOf,
  childOf,
  childrenOf,
  elementsOf,
  hasElementContent,
  textOf,
} from '../../../src/codec/xml/navigate.ts'
import { readXml } from '../../../src/codec/xml/read.ts'

const root = readXml(Buffer.from('<a xmlns="u" xmlns:p="v" p:k="1"> <b>x<c>no</c> y</b><p:b/><b>z</b></a>'))

t.test('elements are found by namespace and local name, never by prefix', async (t) => {
  t.equal(elementsOf(root).length, 3)
  t.equal(childrenOf(root, 'u', 'b').length, 2)
  t.equal(childrenOf(root, 'v', 'b').length, 1)
  t.equal(childOf(root, 'v', 'b'), elementsOf(root)[1])
  t.equal(childOf(root, '', 'b'), undefined)
})

t.test('text is that of the element itself, not trimmed', async (t) => {
  t.equal(textOf(childOf(root, 'u', 'b')), 'x y')
  t.equal(textOf(undefined), '')
})

t.test('attributes in a namespace have an expanded name', async (t) => {
  t.equal(attributeOf(root, '{v}k'), '1')
  t.equal(attributeOf(root, 'k'), undefined)
})

t.test('white space beside elements is not content', async (t) => {
  t.ok(hasElementContent(root))
  t.notOk(hasElementContent(readXml(Buffer.from('<a>x<b/></a>'))))
})
