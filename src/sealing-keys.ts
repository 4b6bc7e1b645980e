/** The configured sealing keys do not open what the database holds: it was filled with others. */
export class SealingKeysError extends Error {
  override readonly name = 'SealingKeysError'
  constructor(options?: ErrorOptions) {
    super(
      'GATEHOUSE_SECRETS_SEALING_KEYS: no key opens what this database holds. Add the key that it was filled with: ' +
        'a copy from a backup needs the key of its time.',
      options,
    )
  }
}
