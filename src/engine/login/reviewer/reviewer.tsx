// Login for those who try the server before a directory lists it: a password of their own, without a second factor, to an
// account that ends. `npm run reviewer` makes it.
import type { AppEnv } from '../../http/app-env.ts'
import { Hono } from '../../http/hono.ts'
import { audit } from '../../log/audit.ts'
import { requireFewAttempts } from '../attempts.ts'
import { finishLogin } from '../finish-login.ts'
import type { LoginMethod } from '../method.ts'
import { LoginRefused } from '../refused.ts'
import { reviewerWith } from './store.ts'

const routes = new Hono<AppEnv>()

routes.post('/', async (c) => {
  await requireFewAttempts(c, 'reviewer')
  const form = c.get('form')
  const found = await reviewerWith(c.env, (form.get('reviewer_password') ?? '').trim())
  if (!found) {
    audit('signin.failed', { method: 'reviewer', reason: 'wrong_password' })
    throw new LoginRefused(
      'That password is not right, or has ended. Ask the owner of this server for another.',
    )
  }
  const { id, expiresAt } = found
  const reviewer = {
    method: 'reviewer',
    issuer: '',
    subject: id,
    name: `Reviewer ${id.slice(0, 4)}`,
    knownAs: [`reviewer:${id}`],
    invited: true,
    expiresAt,
  }
  return finishLogin(c, reviewer, form.get('return_to'))
})

export const reviewer: LoginMethod = {
  id: 'reviewer',
  routes,
  View: ({ returnTo }) => (
    <form method="post" action="/login/reviewer">
      <input type="hidden" name="return_to" value={returnTo} />
      {/* Lets a password manager keep the password under a name. */}
      <input type="text" name="username" value="reviewer" autocomplete="username" hidden />
      <label for="reviewer_password">Password for reviewers</label>
      <input
        id="reviewer_password"
        type="password"
        name="reviewer_password"
        autocomplete="current-password"
        required
      />
      <button type="submit">Sign in as a reviewer</button>
    </form>
  ),
}
