import { Option } from 'commander'
import { LANGUAGES } from '../../config/index.ts'

/** In which language somebody is written to. */
export const languageOption = (): Option =>
  new Option('--language <language>', 'in which language they are written to').choices(LANGUAGES)
