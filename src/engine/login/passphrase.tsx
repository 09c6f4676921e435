// Login by passphrase: one owner, one secret (OWNER_PASSPHRASE). The default of a fresh deployment.
import { sha256 } from '../crypto/digest.ts'
import { equalInConstantTime } from '../crypto/secrets.ts'
import type { AppEnv } from '../http/app-env.ts'
import { Hono } from '../http/hono.ts'
import { audit } from '../log/audit.ts'
import { OWNER } from '../people/identity.ts'
import { requireFewAttempts } from './attempts.ts'
import { finishLogin } from './finish-login.ts'
import type { LoginMethod } from './method.ts'
import { LoginRefused } from './refused.ts'

const routes = new Hono<AppEnv>()

routes.post('/', async (c) => {
  await requireFewAttempts(c, 'passphrase')
  const form = c.get('form')
  const presented = (form.get('passphrase') ?? '').trim()
  // Hashes of both, so that the comparison takes the same time however long or wrong the guess is.
  const [given, expected] = await Promise.all([presented, c.get('settings').ownerPassphrase].map(sha256))
  if (!equalInConstantTime(given as string, expected as string)) {
    audit('signin.failed', { method: 'passphrase', reason: 'wrong_passphrase' })
    throw new LoginRefused(
      'That passphrase is not right. Look for OWNER_PASSPHRASE where you set this server up.',
    )
  }
  return finishLogin(c, OWNER, form.get('return_to'))
})

/** Shows what was typed. Without a script there is no button. The script runs on the account page, too. */
const REVEAL = `{
const field = document.getElementById('passphrase')
const button = field?.parentElement.querySelector('button')
if (button) {
  button.hidden = false
  button.addEventListener('click', () => {
    field.type = field.type === 'password' ? 'text' : 'password'
    button.textContent = field.type === 'password' ? 'Show' : 'Hide'
  })
  // So that no browser keeps it as a text that was typed.
  field.form.addEventListener('submit', () => { field.type = 'password' })
}
}`

export const passphrase: LoginMethod = {
  id: 'passphrase',
  routes,
  place: 'owner',
  script: REVEAL,
  View: ({ returnTo }) => (
    <form method="post" action="/login/passphrase">
      <input type="hidden" name="return_to" value={returnTo} />
      {/* Lets a password manager keep the passphrase under a name. */}
      <input type="text" name="username" value="owner" autocomplete="username" hidden />
      <p class="quiet">Check the address bar: type your passphrase only on your own server.</p>
      <div class="search">
        <label for="passphrase">Passphrase</label>
        <input
          id="passphrase"
          type="password"
          name="passphrase"
          // Where passkeys are on, their script has the browser offer them here.
          autocomplete="current-password webauthn"
          required
          autofocus
        />
        <button type="button" hidden>
          Show
        </button>
      </div>
      <button type="submit" class="primary">
        Sign in
      </button>
    </form>
  ),
}
