// Switches the login method `passkey` on, as one line in src/login/index.ts would. Import it before src/index.ts.
import { loginMethods } from '../../src/login/index.ts'
import type { LoginMethod } from '../../src/login/method.ts'
import { passkey } from '../../src/login/passkey/passkey.tsx'

const switchedOn = loginMethods as LoginMethod[]
switchedOn.push(passkey)
