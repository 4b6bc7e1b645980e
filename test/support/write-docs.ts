// Writes what is generated from the schema of options: the table in the README, and .env.example.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { documentOptions, exampleEnvironment } from '../../src/config/index.ts'

const root = join(import.meta.dirname, '../..')
const configDir = join(root, 'config')
const readme = join(root, 'README.md')

writeFileSync(readme, documentOptions(readFileSync(readme, 'utf8'), configDir))
writeFileSync(join(root, '.env.example'), exampleEnvironment(configDir))
