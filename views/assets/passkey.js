// Passkeys: the browser's own dialogs, and forms that carry what came of them. What may be answered is in the page; what
// an answer is worth is for the server to say.

const toBytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

const withBytes = (list = []) => list.map((item) => ({ ...item, id: toBytes(item.id) }))

/** Browsers before 2025 read no JSON. */
function readOptions(verb, options) {
  if (verb === 'create') {
    if (PublicKeyCredential.parseCreationOptionsFromJSON)
      return PublicKeyCredential.parseCreationOptionsFromJSON(options)
    const user = { ...options.user, id: toBytes(options.user.id) }
    return {
      ...options,
      user,
      challenge: toBytes(options.challenge),
      excludeCredentials: withBytes(options.excludeCredentials),
    }
  }
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(options)
  return {
    ...options,
    challenge: toBytes(options.challenge),
    allowCredentials: withBytes(options.allowCredentials),
  }
}

/** What the server reads of an answer. */
function writeAnswer({ id, rawId, type, authenticatorAttachment, response }) {
  const written = {}
  for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'])
    if (response[name]) written[name] = toText(response[name])
  if (response.getTransports) written.transports = response.getTransports()
  return { id, rawId: toText(rawId), type, authenticatorAttachment, clientExtensionResults: {}, response: written }
}

/** Where a passkey was made, in case nobody knows what keeps it. */
function nameOfBrowser() {
  const { brands = [], platform = '' } = navigator.userAgentData ?? {}
  const [brand] = brands.map((entry) => entry.brand).filter((name) => !/not.*brand/i.test(name))
  return [brand, platform].filter(Boolean).join(' · ')
}

const LAST = 'passkey-last'

/** Browsers can be told that a passkey is not known here any more, so that they stop offering it. */
function forgetUnknown(form, rpId) {
  const credentialId = sessionStorage.getItem(LAST)
  sessionStorage.removeItem(LAST)
  if (credentialId && 'unknown' in form.dataset)
    PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId }).catch(() => {})
}

/** One request at a time: the one that waits for the autofill ends before another begins. */
let pending

async function ask(form, { mediation } = {}) {
  const verb = form.dataset.passkey
  pending?.abort()
  const mine = new AbortController()
  pending = mine
  const publicKey = readOptions(verb, JSON.parse(form.dataset.options))
  const credential = await navigator.credentials[verb]({ publicKey, signal: mine.signal, mediation })
  sessionStorage.setItem(LAST, credential.id)
  form.elements.response.value = JSON.stringify(writeAnswer(credential))
  if (form.elements.browser) form.elements.browser.value = nameOfBrowser()
  for (const input of form.querySelectorAll('[data-copies]'))
    input.value = document.getElementById(input.dataset.copies).value
  form.requestSubmit()
}

/** What this browser can do for a new passkey: make it by itself, or with what is built into the device. */
async function findAbilities() {
  const known = (await PublicKeyCredential.getClientCapabilities?.()) ?? {}
  const isBuiltIn =
    known.passkeyPlatformAuthenticator ??
    (await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable?.()) ??
    false
  return { isSilent: known.conditionalCreate === true, isBuiltIn }
}

/** The server learns with the password whether a passkey can be offered afterwards; without script it is told nothing. */
async function tellAbilities(form) {
  const { isSilent, isBuiltIn } = await findAbilities()
  if (!isSilent && !isBuiltIn) return
  const input = document.createElement('input')
  Object.assign(input, { type: 'hidden', name: 'passkeys', value: 'possible' })
  form.append(input)
}

/** A manager that has just filled in the password may make the passkey without a word; otherwise the page asks. */
async function makeSilently(form) {
  const { isSilent, isBuiltIn } = await findAbilities()
  try {
    if (isSilent) return await ask(form, { mediation: 'conditional' })
  } catch ({ name }) {
    // The person chose to be asked.
    if (name === 'AbortError') return
  }
  if (!isBuiltIn) document.querySelector('[data-otherwise]')?.click()
}

/** Offers passkeys where the person types who they are. Silent: whoever does not choose one is not bothered. */
async function offer(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
  await ask(form, { mediation: 'conditional' }).catch(() => {})
}

const reasons = { NotAllowedError: 'cancelled', AbortError: 'cancelled', InvalidStateError: 'existing' }

function prepare(form) {
  const button = form.querySelector('button')
  const status = form.querySelector('[role="status"]')
  const { rpId } = JSON.parse(form.dataset.options)
  form.hidden = false
  forgetUnknown(form, rpId)
  button.addEventListener('click', async () => {
    status.textContent = ''
    try {
      await ask(form)
    } catch ({ name }) {
      status.textContent = status.dataset[reasons[name] ?? 'failed']
      button.textContent = form.dataset.again
      if ('autofill' in form.dataset) offer(form)
    }
  })
  if ('autofill' in form.dataset) offer(form)
  if ('silent' in form.dataset) makeSilently(form)
}

/** What is accepted, and what the account is called now; after something was removed or changed too. */
function signal({ rpId, userId, name, displayName, credentialIds }) {
  const told = [
    PublicKeyCredential.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds: credentialIds }),
    PublicKeyCredential.signalCurrentUserDetails?.({ rpId, userId, name, displayName }),
  ]
  for (const promise of told) promise?.catch(() => {})
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll('form[data-passkey]')) prepare(form)
  for (const form of document.querySelectorAll('form[data-tells-passkeys]')) tellAbilities(form)
  const signals = document.querySelector('[data-passkey-signals]')
  if (signals) signal(JSON.parse(signals.dataset.passkeySignals))
} else {
  for (const text of document.querySelectorAll('[data-unsupported]')) text.hidden = false
}
