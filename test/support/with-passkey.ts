// Switches the login method `passkey` on, as one line in a fork's src/login.ts does.

import { passkey } from '#engine/login/passkey/passkey.tsx'
import { login } from '../fixture/src/login.ts'

login.push(passkey)
