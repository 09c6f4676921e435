// Login as a guest, for public demos: each visitor gets an account of their own, which is gone after a while.
import { LIFETIME } from '#config'
import type { AppEnv } from '../http/app-env.ts'
import { Hono } from '../http/hono.ts'
import { requireFewAttempts } from './attempts.ts'
import { finishLogin } from './finish-login.ts'
import type { LoginMethod } from './method.ts'

const routes = new Hono<AppEnv>()

routes.post('/', async (c) => {
  // Each guest is an account, which costs storage.
  await requireFewAttempts(c, 'guest', 'Many guests come from your network.')
  const form = c.get('form')
  const subject = crypto.randomUUID()
  const guest = {
    method: 'guest',
    issuer: '',
    subject,
    name: `Guest ${subject.slice(0, 4)}`,
    knownAs: [`guest:${subject}`],
    invited: true,
    expiresAt: Date.now() + LIFETIME.guest * 1000,
  }
  return finishLogin(c, guest, form.get('return_to'))
})

export const guest: LoginMethod = {
  id: 'guest',
  routes,
  View: ({ returnTo }) => (
    <form method="post" action="/login/guest">
      <input type="hidden" name="return_to" value={returnTo} />
      <button type="submit">Look around as a guest</button>
      <p class="quiet">
        You get an account of your own. It is deleted, with all that is in it, after{' '}
        {LIFETIME.guest / (60 * 60)} hours.
      </p>
    </form>
  ),
}
