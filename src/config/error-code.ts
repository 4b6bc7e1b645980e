/** The code of an error of the operating system, like ENOENT: what may be told of it. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error'
}
