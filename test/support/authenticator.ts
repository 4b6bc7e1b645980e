import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

type Cbor = number | string | Uint8Array | ReadonlyMap<number | string, Cbor>

const head = (major: number, size: number) => {
  if (size < 24) return Buffer.from([(major << 5) | size])
  if (size < 256) return Buffer.from([(major << 5) | 24, size])
  return Buffer.from([(major << 5) | 25, size >> 8, size & 255])
}

/** As much of CBOR (RFC 8949) as an attestation needs. */
function encode(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value])
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [encode(key), encode(item)])])
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest()
const toText = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

/** Flags of authenticator data (WebAuthn section 6.1). */
const FLAGS = { up: 1, uv: 4, be: 8, bs: 16, at: 64 }

/** What is done otherwise than a browser and an authenticator would do it. */
export interface Twist {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly type?: string
  readonly crossOrigin?: boolean
  readonly isPresent?: boolean
  readonly isVerified?: boolean
  readonly isSyncable?: boolean
  readonly isBackedUp?: boolean
  readonly counter?: number
  /** Null: none is told. */
  readonly userHandle?: string | null
  readonly credentialId?: string
  readonly aaguid?: string
  /** A COSE algorithm that is said and not offered. */
  readonly alg?: number
  /** Signs with a key of its own making. */
  readonly isForged?: boolean
}

/** The part of the options that an authenticator looks at. */
export interface Options {
  readonly challenge: string
  readonly rp?: { readonly id: string }
  readonly rpId?: string
  readonly user?: { readonly id: string; readonly name: string }
  readonly excludeCredentials?: readonly { readonly id: string }[]
  readonly allowCredentials?: readonly { readonly id: string }[]
  readonly authenticatorSelection?: Readonly<Record<string, unknown>>
  readonly userVerification?: string
  readonly attestation?: string
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

function coseKey(key: KeyObject, alg: number): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const bytes = (text: string) => Buffer.from(text, 'base64url')
  return encode(
    new Map<number, Cbor>([
      [1, 2],
      [3, alg],
      [-1, 1],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ]),
  )
}

/** One passkey in software, which answers as it is told to. */
export class Authenticator {
  readonly credentialId = toText(randomBytes(32))
  userHandle = ''
  counter = 0
  readonly #origin: string
  readonly #keys = newKeys()
  #backup = { isSyncable: false, isBackedUp: false }

  constructor(origin: string) {
    this.#origin = origin
  }

  #clientData(type: string, { challenge }: Options, twist: Twist): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: twist.type ?? type,
        challenge: twist.challenge ?? challenge,
        origin: twist.origin ?? this.#origin,
        crossOrigin: twist.crossOrigin ?? false,
      }),
    )
  }

  #authData(rpId: string, twist: Twist, attested?: Buffer): Buffer {
    const { isPresent = true, isVerified = true } = twist
    const { isSyncable, isBackedUp } = { ...this.#backup, ...twist }
    const flags =
      (isPresent ? FLAGS.up : 0) |
      (isVerified ? FLAGS.uv : 0) |
      (isSyncable ? FLAGS.be : 0) |
      (isBackedUp ? FLAGS.bs : 0) |
      (attested ? FLAGS.at : 0)
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(twist.counter ?? this.counter)
    return Buffer.concat([sha256(twist.rpId ?? rpId), Buffer.from([flags]), counter, attested ?? Buffer.alloc(0)])
  }

  /** Makes the passkey. @returns the `response` field of the form */
  create(options: Options, twist: Twist = {}): string {
    const id = Buffer.from(twist.credentialId ?? this.credentialId, 'base64url')
    this.userHandle = options.user?.id ?? ''
    this.#backup = { isSyncable: twist.isSyncable ?? false, isBackedUp: twist.isBackedUp ?? false }
    const aaguid = Buffer.from((twist.aaguid ?? '0'.repeat(32)).replaceAll('-', ''), 'hex')
    const length = Buffer.from([id.length >> 8, id.length & 255])
    const key = coseKey(this.#keys.publicKey, twist.alg ?? -7)
    const authData = this.#authData(options.rp?.id ?? '', twist, Buffer.concat([aaguid, length, id, key]))
    const attestation = encode(
      new Map<string, Cbor>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData],
      ]),
    )
    return this.#answer(toText(id), {
      clientDataJSON: toText(this.#clientData('webauthn.create', options, twist)),
      attestationObject: toText(attestation),
      transports: ['internal', 'hybrid'],
    })
  }

  /** Uses it. @returns the `response` field of the form */
  get(options: Options, twist: Twist = {}): string {
    const clientData = this.#clientData('webauthn.get', options, twist)
    const authData = this.#authData(options.rpId ?? '', twist)
    const { privateKey } = twist.isForged ? newKeys() : this.#keys
    const signature = sign('sha256', Buffer.concat([authData, sha256(clientData)]), privateKey)
    const userHandle = twist.userHandle === undefined ? this.userHandle : twist.userHandle
    return this.#answer(twist.credentialId ?? this.credentialId, {
      clientDataJSON: toText(clientData),
      authenticatorData: toText(authData),
      signature: toText(signature),
      ...(userHandle === null ? {} : { userHandle }),
    })
  }

  #answer(id: string, response: object): string {
    return JSON.stringify({ id, rawId: id, type: 'public-key', clientExtensionResults: {}, response })
  }
}
