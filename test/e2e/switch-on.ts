// What somebody does who edits src/login/index.ts. It must have happened when src/index.ts is evaluated.
import { github } from '../../src/login/github.ts'
import { guest } from '../../src/login/guest.tsx'
import { loginMethods } from '../../src/login/index.ts'
import type { LoginMethod } from '../../src/login/method.ts'
import { oidc } from '../../src/login/oidc.ts'
import { passkey } from '../../src/login/passkey/passkey.tsx'

const methods = loginMethods as LoginMethod[]
methods.push(
  passkey,
  github,
  oidc({ id: 'google', name: 'Google', issuer: 'https://accounts.google.com' }),
  guest,
)
