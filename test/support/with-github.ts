// Switches the login method `github` on. Import it before src/index.ts.

import { github } from '#engine/login/github.ts'
import { login } from '../fixture/src/login.ts'

login.push(github)
