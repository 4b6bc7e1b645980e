import { Option } from 'commander'

/** The option `--role`, which can be given several times; without it there are none. */
export const roleOption = (what: string): Option =>
  new Option('--role <role>', `${what}, can be given several times`)
    .argParser((role: string, before: string[]) => [...before, role])
    .default([])
