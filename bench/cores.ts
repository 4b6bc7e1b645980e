import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

// Asked once, before this process is kept on some of them.
const last = availableParallelism() - 1
const [first, others, all] = ['0', `1-${last}`, `0-${last}`]

/** Keeps all threads of a process on these cores, and what it starts from now on. @throws Error where there is no taskset */
function keepOn(cores: string, pid: number): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' })
}

/** Gives the first core to these processes alone, and the others to everything else that takes part. */
export function setApart(measured: readonly number[], everythingElse: readonly number[]): void {
  for (const pid of everythingElse) keepOn(others, pid)
  for (const pid of measured) keepOn(first, pid)
}

/** Gives every core to all of them again. */
export function bringTogether(pids: readonly number[]): void {
  for (const pid of pids) keepOn(all, pid)
}
