// Code is compiled once and kept: a start takes half the time of processor. Not in the folder for temporary files,
// which is Node's own choice: what others may write there would run as us.
import module from 'node:module'
import { fileURLToPath } from 'node:url'

// Older versions have none; src/node-version.mjs tells their owners.
module.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)))
