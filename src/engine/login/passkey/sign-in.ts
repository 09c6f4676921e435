// Sign-in with a passkey. It names the account by its user handle, which is the user id, and the account knows its key.
import type { Context } from 'hono'
import { base64url } from 'jose'
import type { AppEnv } from '../../http/app-env.ts'
import { Hono } from '../../http/hono.ts'
import type { Parameters } from '../../http/parameters.ts'
import { audit } from '../../log/audit.ts'
import { accountOf } from '../../people/account-store.ts'
import { type Identity, isUserId, userIdOf } from '../../people/identity.ts'
import { orPage } from '../../people/session.ts'
import { requireFewAttempts } from '../attempts.ts'
import { finishLogin } from '../finish-login.ts'
import { LoginRefused } from '../refused.ts'
import { assertionIn, verifyAssertion } from './assertion.ts'
import { giveChallenge, givenChallenge, NO_CHALLENGE } from './challenge.ts'
import { requestOptions } from './options.ts'

const REFUSALS = {
  no_challenge: NO_CHALLENGE,
  no_passkey: 'Your browser sent no passkey. Please try again.',
  unknown: 'This passkey is not known here; perhaps it was removed. Try another, or another way to sign in.',
  invalid: 'This passkey could not be verified. Please try again.',
  replayed: 'This sign-in was used before. Please try again.',
  counted_back:
    'This passkey counts backwards, as a copy of it would. Sign in another way, and remove it on your account page.',
  other_user:
    'This passkey belongs to an account that is no longer yours, because this server has another owner now.',
} as const

export const signIn = new Hono<AppEnv>()

signIn.post('/options', async (c) => {
  return c.json(requestOptions(c.get('issuer'), await giveChallenge(c, { to: 'sign in' })))
})

signIn.post('/', async (c) => {
  await requireFewAttempts(c, 'passkey')
  const form = c.get('form')
  return finishLogin(c, await authenticate(c, form), form.get('return_to'), { by: 'passkey' })
})

/** Who the person is. @throws LoginRefused */
async function authenticate(c: Context<AppEnv>, form: Parameters): Promise<Identity> {
  const given = await givenChallenge(c, 'sign in')
  if (!given) throw refused('no_challenge')
  const { challenge } = given
  const assertion = assertionIn(form)
  if (!assertion) throw refused('no_passkey')
  // Not signed: it says only where to look for the key that must have signed the rest.
  const userId = userIdIn(assertion.userHandle)
  const account = userId === undefined ? undefined : accountOf(c.env, userId)
  const passkey = account && (await orPage(account.passkey(assertion.credentialId)))
  if (!account || !passkey) throw refused('unknown')
  const counter = await verifyAssertion(assertion, passkey, { issuer: c.get('issuer'), challenge })
  if (counter === undefined) throw refused('invalid', userId)
  const outcome = await orPage(account.usePasskey(passkey.id, challenge, counter))
  if (outcome !== 'used') throw refused(outcome, userId)
  if ((await userIdOf(c.get('settings'), passkey.identity)) !== userId) throw refused('other_user', userId)
  return passkey.identity
}

function userIdIn(userHandle: string): string | undefined {
  try {
    const userId = new TextDecoder().decode(base64url.decode(userHandle))
    return isUserId(userId) ? userId : undefined
  } catch {
    return undefined
  }
}

function refused(reason: keyof typeof REFUSALS, user?: string): LoginRefused {
  audit('signin.failed', { method: 'passkey', reason, user })
  return new LoginRefused(REFUSALS[reason])
}
