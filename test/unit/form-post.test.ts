import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFormPost } from '../../src/provider/form-post.ts'

const page = (action: string, inputs: string) =>
  `<!DOCTYPE html><head><title>Submitting Callback</title></head><body><form method="post" action="${action}">${inputs}</form></body>`

test('the fields of the library page come out as they were before escaping', () => {
  const html = page(
    'https://app.example/cb?a=1&amp;b=2',
    '<input type="hidden" name="state" value="&lt;&quot;&#39;&amp;amp;&gt;"/><input type="hidden" name="code" value="x"/>',
  )
  assert.deepEqual(readFormPost(html), {
    action: 'https://app.example/cb?a=1&b=2',
    fields: [
      { name: 'state', value: `<"'&amp;>` },
      { name: 'code', value: 'x' },
    ],
  })
})

test('another page is left alone', () => {
  assert.equal(readFormPost('<title>Sign in</title><form method="post" action="/x"></form>'), undefined)
})
