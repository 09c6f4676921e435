// Login by passkey (WebAuthn): accounts without a password or an outside provider. Users add passkeys on their account
// page, or create an account with one from the owner's invitation.
import type { Context } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { Hono } from '../../http/hono.ts'
import { KEY } from '../../pages/icons.ts'
import { accountOf } from '../../people/account-store.ts'
import { owns } from '../../people/owners.ts'
import { orPage, type Session } from '../../people/session.ts'
import type { LoginMethod } from '../method.ts'
import { PasskeyForm } from './form.tsx'
import { inviting } from './inviting.ts'
import { joining } from './joining.ts'
import { own } from './own.ts'
import { SCRIPT } from './script.ts'
import { Section } from './section.tsx'
import { signIn } from './sign-in.ts'
import { otherWayIn } from './signed-in.ts'

const routes = new Hono<AppEnv>().route('/', signIn).route('/', own).route('/', inviting).route('/', joining)

async function accountSection(c: Context<AppEnv>, { userId, identity }: Session) {
  // The account of a guest will be gone, and nothing would be left to come back to.
  if (identity.expiresAt !== undefined) return undefined
  const account = accountOf(c.env, userId)
  const invites = owns(c.get('settings'), { userId, identity })
  const [passkeys, invitations] = await orPage(
    Promise.all([account.passkeys(), invites ? account.invitations() : undefined]),
  )
  const otherWay = otherWayIn(c, identity)
  return <Section {...{ passkeys, otherWay, invitations }} done={c.req.query('done')} />
}

export const passkey: LoginMethod = {
  id: 'passkey',
  routes,
  place: 'first',
  View: ({ returnTo }) => (
    <PasskeyForm action="/login/passkey" button="Sign in with a passkey" icon={KEY} primary>
      <input type="hidden" name="return_to" value={returnTo} />
    </PasskeyForm>
  ),
  accountSection,
  script: SCRIPT,
}
