// Plain JavaScript, so that a Node.js too old to run TypeScript still gets this far.
import './compile-cache.mjs'

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `Gatehouse needs Node.js 24 or newer, and this is ${process.version}: install it, or run "npm ci" on Linux x64, where it comes along.\n`,
  )
  process.exit(1)
}
