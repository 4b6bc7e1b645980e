import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRenderer, languageCookie, loadAssets, loadMessages } from '../../src/web/index.ts'
import { contextOf } from '../support/context.ts'
import { scratchFolder } from '../support/scratch.ts'

const messages = loadMessages('views/messages')
const assets = loadAssets('views/assets', { 'brand.css': '' })
const rendererOf = (viewsDir: string, brand = { name: 'Gatehouse' }) =>
  createRenderer({ viewsDir, assets, messages, brand, language: languageCookie('https://id.example.com') })
const renderer = rendererOf('views')

/** The text of a page, as a browser of this language gets it. */
function pageOf(template: string, data: object, headers: Record<string, string> = {}, from = renderer): string {
  const ctx = contextOf({ headers })
  Object.assign(ctx.state, { nonce: 'n0nce', requestId: 'r1', formActions: [], images: [] })
  from.page(ctx, template, data)
  return String(ctx.body)
}

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`

test('what a page shows is text, whatever it says', () => {
  const details = { clientId: HOSTILE, received: HOSTILE, registered: [HOSTILE] }
  const page = pageOf('error', { status: 400, code: HOSTILE, message: HOSTILE, requestId: HOSTILE, details })
  assert.doesNotMatch(page, /<script>|<img/)
  assert.ok(page.includes('&lt;script&gt;alert(1)'))
})

test('what fills a text, and the product itself, is text as well', () => {
  const params = { issuer: HOSTILE }
  const page = pageOf(
    'error',
    { status: 421, code: 'request.misdirected', params },
    {},
    rendererOf('views', { name: HOSTILE }),
  )
  assert.doesNotMatch(page, /<script>|<img/)
  assert.ok(page.split('&lt;script&gt;').length > 2)
})

test('neither an element nor an attribute can be left by anything that is shown', (t) => {
  const viewsDir = scratchFolder(t, {
    'probe.eta': `<p title="<%= it.value %>" lang='<%= it.value %>'><%= it.value %></p>`,
  })
  const probe = rendererOf(viewsDir)
  const piece = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('"', "'", '<', '>', '&', '</p>', '<%= 1 %>'))
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const html = probe.text('probe', 'en', { value: pieces.join('') })
      assert.match(html, /^<p title="[^"<>]*" lang='[^'<>]*'>[^<>]*<\/p>$/)
    }),
  )
})

test('nothing is written unescaped but layouts, parts, and words that stand in the template', () => {
  const views = readdirSync('views', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.eta'))
  const raw = views.flatMap((name) =>
    [...readFileSync(join('views', name), 'utf8').matchAll(/<%~\s*([\s\S]*?)\s*%>/g)].map(([, code = '']) => code),
  )
  const word = String.raw`(?:'[^']*'|\x60[^\x60$]*(?:\$\{described\}[^\x60$]*)?\x60)`
  const isPlain = new RegExp(
    `^(?:it\\.body|include\\([\\s\\S]*\\)|it\\.attributes \\?\\? ''|[^?]+ \\? ${word} : ${word})$`,
  )
  assert.ok(raw.length > 10)
  assert.deepEqual(
    raw.filter((code) => !isPlain.test(code)),
    [],
  )
  // The attributes of a field are written in the template that includes it, and come from nowhere else.
  const attributes = views.flatMap((name) =>
    [...readFileSync(join('views', name), 'utf8').matchAll(/\battributes: ([^,}]*)/g)].map(([, value = '']) =>
      value.trim(),
    ),
  )
  for (const value of attributes) assert.match(value, /^'[^']*'$/)
})

test('a page says which language it is in, and offers the others', () => {
  const page = pageOf('error', { status: 404, code: 'request.not_found' }, { 'accept-language': 'de' })
  assert.match(page, /<html lang="de"/)
  assert.match(page, /href="\/language\/en\?return=%2F"/)
})

test('scripts of a page carry the nonce of its answer', () => {
  const page = pageOf('error', { status: 404, code: 'request.not_found' })
  const scripts = [...page.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag)
  assert.ok(scripts.length > 0)
  for (const tag of scripts) assert.match(tag, /nonce="n0nce"/)
})
