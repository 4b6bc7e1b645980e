// Configuration: read once, checked whole, frozen. Owns the schema that all documents of options are generated from.
export { type DescribedOption, describeConfig } from './describe.ts'
export { documentOptions, exampleEnvironment } from './document.ts'
export { loadConfig } from './load.ts'
export { ConfigError } from './problems.ts'

export { type Config, LANGUAGES } from './schema.ts'
