// The browser's part: for each form that a passkey completes, asks the server what to sign, has the authenticator do it,
// and sends the form with the answer. Problems on the way stand in the form; what the server thinks is a page.
export const SCRIPT = `{
const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

const PROBLEMS = {
  NotAllowedError: 'No passkey was chosen, or it took too long. Try again when you are ready.',
  InvalidStateError: 'This device already has a passkey for you here.',
  Unreachable: 'The server could not be reached. Try again in a moment.',
  Nothing: 'Your browser returned no passkey. Try again, or use another browser or device.',
  Unreadable: 'This browser cannot add a passkey of this kind. Update it, or use another browser or device.',
}

/** What to ask the authenticator for; undefined where the form's own answer is a page that says why not. */
async function askServer(form, signal) {
  const body = new URLSearchParams(new FormData(form))
  try {
    const answer = await fetch(form.dataset.options, { method: 'POST', body, signal })
    return answer.ok ? await answer.json() : undefined
  } catch {
    throw { name: 'Unreachable' }
  }
}

async function callAuthenticator(options, request) {
  options.challenge = toBytes(options.challenge)
  for (const one of options.excludeCredentials ?? []) one.id = toBytes(one.id)
  if (!options.user) return navigator.credentials.get({ publicKey: options, ...request })
  options.user.id = toBytes(options.user.id)
  // Before the device keeps a passkey that no server knows.
  if (!AuthenticatorAttestationResponse.prototype.getPublicKey) throw { name: 'Unreadable' }
  return navigator.credentials.create({ publicKey: options })
}

// What the browser has parsed of a new key (WebAuthn §5.2.1.1): null for an algorithm that it cannot read.
function newKey(response) {
  if (!response.attestationObject) return {}
  const publicKey = response.getPublicKey?.()
  if (!publicKey) throw { name: 'Unreadable' }
  return { publicKey, authenticatorData: response.getAuthenticatorData() }
}

function fillIn(form, credential) {
  // Both calls may resolve to null (Credential Management §2.3), and extensions that stand in for them have done so.
  if (!credential?.response) throw { name: 'Nothing' }
  const { rawId, response } = credential
  const { clientDataJSON, authenticatorData, signature, userHandle } = response
  const sent = { credentialId: rawId, clientDataJSON, authenticatorData, signature, userHandle, ...newKey(response) }
  for (const name in sent) form.elements[name].value = sent[name] ? toText(sent[name]) : ''
  form.elements.publicKeyAlgorithm.value = response.getPublicKeyAlgorithm?.() ?? ''
}

/**
 * Has the browser offer passkeys in a field, where the page has one for it (WebAuthn §5.1.4.2).
 * @returns withdraws the offer: a browser has one request at a time, and its newest challenge replaces the others
 */
function offerAutofill(form) {
  const field = document.querySelector('[autocomplete~=webauthn]')
  const fold = field?.closest('details')
  let aborter
  // When its challenge will be too old.
  let until = 0
  const withdraw = () => {
    until = 0
    aborter?.abort()
  }
  async function request(signal) {
    try {
      if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
      const options = await askServer(form, signal)
      until = Date.now() + options.timeout
      const credential = await callAuthenticator(options, { mediation: 'conditional', signal })
      // Extensions that stand in for the browser may not hear the signal.
      if (signal.aborted) return
      fillIn(form, credential)
      form.submit()
    } catch {
      // The user asked for nothing yet, so there is nothing to say. The button still works.
      if (!signal.aborted) until = 0
    }
  }
  // Not before the field can be seen: a page that only waits asks the server for nothing.
  const offer = () => {
    if (Date.now() < until || (fold && !fold.open)) return
    withdraw()
    until = Infinity
    aborter = new AbortController()
    request(aborter.signal)
  }
  fold?.addEventListener('toggle', offer)
  field?.addEventListener('focus', offer)
  if (field) offer()
  return withdraw
}

function prepare(form) {
  const button = form.querySelector('button')
  const alert = form.querySelector('[role=alert]')
  const say = (text) => {
    alert.textContent = text
    alert.hidden = !text
  }
  if (/^[\\d.]+$|^\\[/.test(location.hostname)) {
    return say('Passkeys need a name, not a number: open this page at localhost instead of ' + location.hostname + '.')
  }
  if (!window.PublicKeyCredential) return say('This browser does not support passkeys.')
  const withdrawAutofill = offerAutofill(form)
  let busy = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (busy) return
    busy = true
    say('')
    try {
      withdrawAutofill()
      const options = await askServer(form)
      if (options) fillIn(form, await callAuthenticator(options))
      form.submit()
    } catch (error) {
      // What a browser throws may be anything, nothing at all included.
      const name = error?.name ?? 'no reason given'
      say(PROBLEMS[name] ?? 'Your browser could not do that (' + name + '). Try again, or use another browser or device.')
    } finally {
      busy = false
    }
  })
  button.hidden = false
}

for (const form of document.querySelectorAll('form[data-options]')) prepare(form)
}`
